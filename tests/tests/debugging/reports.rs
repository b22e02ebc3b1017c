//! What a trap leaves: a report, and WebAssembly's own core dump.

use crate::session::{artifact, in_order, split};
use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{need, scratch};
use std::path::Path;

#[test]
fn a_report_of_a_stripped_artifact() {
    need!("clang-19");
    let (whole, stripped, other) = (scratch(), scratch(), scratch());
    let report = |artifact: &Path| run(precast_run().arg(artifact)).exits(134).stderr;
    let frames = |report: &str| -> Vec<String> {
        let lines = report.lines().filter(|line| !line.contains("build id "));
        lines.map(str::to_owned).collect()
    };
    let expected = report(&artifact(whole.path(), "trap_divide.c"));
    let (artifact, debug) = split(stripped.path(), "trap_divide.c", &[]);
    let printed = report(&artifact);
    assert!(!printed.contains("trap_divide.c") && printed.contains("build id "), "{printed}");
    let symbolize = |debug: &Path, artifact: &Path| {
        let mut symbolize = precast();
        symbolize.arg("symbolize").arg("--debug").arg(debug).arg(artifact);
        precast_tests::outcome::run_with_input(&mut symbolize, printed.as_bytes())
    };
    let symbolized = symbolize(&debug, &artifact).succeeds().text();
    assert_eq!(frames(&symbolized), frames(&expected));
    // The module that it was made of tells the same.
    let module = stripped.path().join("trap_divide.wasm");
    let symbolized = symbolize(&module, &artifact).succeeds().text();
    assert_eq!(frames(&symbolized), frames(&expected));

    let (unlike, its_debug) = split(other.path(), "list.c", &[]);
    symbolize(&its_debug, &artifact).exits(1).complains(&["not the debug file of", "build id"]);
    symbolize(&other.path().join("list.wasm"), &artifact)
        .exits(1)
        .complains(&["not the module that", "was made of"]);
    symbolize(&its_debug, &unlike).exits(1).complains(&["the report is of another artifact"]);
}

#[test]
fn a_core_dump_of_the_guest_is_a_module() {
    let folder = scratch();
    let module = folder.path().join("trap.wat");
    let text = r#"(module (memory 1) (global $g (mut i64) (i64.const -7)) (data (i32.const 70000) "x")
        (func $inner unreachable) (func (export "_start") (call $inner)))"#;
    let text = text.replace("memory 1", "memory 2");
    std::fs::write(&module, text).expect("a writable folder");
    let dump = folder.path().join("dump.wasm");
    let outcome = run(precast().arg("run").arg("--coredump").arg(&dump).arg(&module)).exits(134);
    outcome.complains(&["unreachable", "inner"]);
    let bytes = std::fs::read(&dump).expect("a core dump");
    assert!(bytes.starts_with(b"\0asm\x01\0\0\0"));
    for name in ["core", "coremodules", "coreinstances", "corestack"] {
        let name = [&[name.len() as u8], name.as_bytes()].concat();
        assert!(bytes.windows(name.len()).any(|part| part == name), "{name:?}");
    }
    // Two frames, in instance 0: functions 0 and 1.
    let stack = b"\x09corestack\0\x04main\x02\0\0\0";
    assert!(bytes.windows(stack.len()).any(|part| part == stack));
    // `i64.const -7`, and the page that holds the `x`.
    assert!(bytes.windows(5).any(|part| part == b"\x7e\x01\x42\x79\x0b"));
    assert!(bytes.len() > 4096 && bytes.len() < 5000, "{} bytes", bytes.len());
}

/// A guest that traps in a function that calls itself, with locals of all types.
const LOCALS: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") 1)
    (func $inner (param i32 i64) (local f32 f64 v128 i32)
        (local.set 2 (f32.const 1.5))
        (local.set 3 (f64.const -2.25))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (if (i64.eqz (local.get 1)) (then (drop (i32.load (i32.const -1)))))
        (call $inner (local.get 0) (i64.sub (local.get 1) (i64.const 1))))
    (func (export "_start") (local i32)
        (local.set 0 (i32.const -3))
        (call $inner (i32.const 40) (i64.const 1))))"#;

/// Offsets of the load and the calls in their functions.
fn offsets(module: &[u8]) -> Vec<u32> {
    let mut offsets = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let Ok(wasmparser::Payload::CodeSectionEntry(body)) = payload else { continue };
        for operator in body.get_operators_reader().expect("a body").into_iter_with_offsets() {
            let (operator, at) = operator.expect("an operator");
            if let wasmparser::Operator::I32Load { .. } | wasmparser::Operator::Call { .. } =
                operator
            {
                offsets.push((at - body.range().start) as u32);
            }
        }
    }
    offsets
}

/// The frames in a dump, decoded by others: function, offset, locals.
fn dumped_frames(dump: &Path) -> Vec<(u32, u32, Vec<String>)> {
    let bytes = std::fs::read(dump).expect("a core dump");
    let mut frames = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&bytes) {
        let wasmparser::Payload::CustomSection(section) = payload.expect("a module") else {
            continue;
        };
        if let wasmparser::KnownCustom::CoreDumpStack(stack) = section.as_known() {
            frames.extend(stack.frames.into_iter().map(|frame| {
                assert_eq!((frame.instanceidx, frame.stack.len()), (0, 0));
                let shown = frame.locals.iter().map(|value| match value {
                    wasmparser::CoreDumpValue::Missing => "missing".to_owned(),
                    wasmparser::CoreDumpValue::I32(value) => format!("i32 {value}"),
                    wasmparser::CoreDumpValue::I64(value) => format!("i64 {value}"),
                    wasmparser::CoreDumpValue::F32(value) => format!("f32 {}", f32::from(*value)),
                    wasmparser::CoreDumpValue::F64(value) => format!("f64 {}", f64::from(*value)),
                });
                (frame.funcidx, frame.codeoffset, shown.collect())
            }));
        }
    }
    frames
}

#[test]
fn a_core_dump_of_the_guest_has_offsets_and_locals() {
    let folder = scratch();
    let module = folder.path().join("locals.wat");
    std::fs::write(&module, LOCALS).expect("a writable folder");
    let wasm = precast_compiler::text_to_binary(LOCALS.as_bytes()).expect("a module");
    let [load, again, first] = offsets(&wasm)[..] else { panic!("a load and two calls") };
    let dump = folder.path().join("dump.wasm");
    let artifact = folder.path().join("locals.cwasm");
    let frames = |options: &[&str]| {
        let mut compile = precast();
        compile.arg("compile").args(options).arg(&module).arg("-o").arg(&artifact);
        run(&mut compile).exits(0);
        run(precast_run().arg("--coredump").arg(&dump).arg(&artifact)).exits(134);
        dumped_frames(&dump)
    };
    let locals = |text: &str| text.split(", ").map(str::to_owned).collect::<Vec<_>>();
    let expected = [
        (1, load, locals("i32 42, i64 0, f32 1.5, f64 -2.25, missing, i32 0")),
        (1, again, locals("i32 41, i64 1, f32 1.5, f64 -2.25, missing, i32 0")),
        (2, first, locals("i32 -3")),
    ];
    assert_eq!(frames(&["-g", "-O0"]), expected);
    let offsets_only = expected.map(|(function, offset, _)| (function, offset, Vec::new()));
    assert_eq!(frames(&["-g"]), offsets_only);
    assert_eq!(frames(&[]), offsets_only);
    run(precast().arg("strip").arg(&artifact)).exits(0);
    run(precast_run().arg("--coredump").arg(&dump).arg(&artifact)).exits(134);
    assert_eq!(dumped_frames(&dump), [1, 1, 2].map(|function| (function, 0, Vec::new())));
}

#[test]
fn a_report_is_symbolized_later() {
    need!("clang-19");
    let folder = scratch();
    let artifact = artifact(folder.path(), "trap_divide.c");
    let report = run(precast_run().arg(&artifact)).exits(134).stderr;
    in_order(
        &report,
        &["divide", "trap_divide.c:4:", "average", "trap_divide.c:11:", "trap_divide.c:17:"],
    );
    // As a stripped artifact prints it: no names, no lines.
    let mut stripped = String::new();
    for line in report.lines().filter(|line| !line.trim_start().starts_with("at ")) {
        match line.split_once(" (") {
            Some((frame, rest)) if frame.contains(": ") => {
                let number = frame.split(": ").next().unwrap_or_default();
                stripped.push_str(&format!("{number}: function 9 ({rest}\n"));
            }
            _ => stripped.push_str(&format!("{line}\n")),
        }
    }
    let mut symbolize = precast();
    symbolize.arg("symbolize").arg(&artifact);
    let outcome = precast_tests::outcome::run_with_input(&mut symbolize, stripped.as_bytes());
    outcome.succeeds().prints(report);
}
