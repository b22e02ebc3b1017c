//! The command line: exit codes, wrong usage, and the limits that options set.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::programs::{compiled, file, program, run_text};
use precast_tests::scratch;
use std::fs;

#[test]
fn what_the_system_refuses_is_no_wrong_usage() {
    // No address space holds a stack of this size.
    let mut command = precast();
    command.env("RUST_MIN_STACK", (1_u64 << 50).to_string());
    command.args(["compile", "--jobs", "3", "-o", "/dev/null"]).arg(program("hello.wasm"));
    run(&mut command).exits(1).complains(&["cannot start 3 threads", "--jobs", "ulimit"]);
}

#[test]
fn a_foreign_file_cannot_be_stripped() {
    let folder = scratch();
    let foreign = file(&folder, "foreign", b"\x7fELF");
    let outcome = run(precast().arg("strip").arg(&foreign)).exits(1);
    let outcome = outcome.complains(&["no artifact of Precast", "precast compile"]);
    assert!(!outcome.stderr.contains("linking"), "{}", outcome.stderr);
    assert!(fs::read(&foreign).expect("the file") == b"\x7fELF");
}

#[test]
fn a_trap_is_134_and_names_every_frame() {
    let expected =
        &["precast: wasm trap: unreachable", "descend", "main", "_start", "offset 0x585"];
    let outcome = run(precast().arg("run").arg(program("words.wasm")).arg("trap"));
    outcome.exits(134).prints("about to trap\n").complains(expected);
    let folder = scratch();
    let artifact = compiled(&folder, "words.wasm", &[]);
    let outcome = run(precast_run().arg(artifact).arg("trap"));
    outcome.exits(134).complains(&["precast-run: wasm trap: unreachable", "descend", "main"]);
}

/// Every trap of the specification that a module can cause by itself.
#[test]
fn traps_say_what_happened() {
    let cases = [
        ("unreachable", "unreachable"),
        ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", "integer divide by zero"),
        ("(drop (i64.rem_u (i64.const 1) (i64.const 0)))", "integer divide by zero"),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", "integer overflow"),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", "invalid conversion to integer"),
        ("(drop (i32.trunc_f32_s (f32.const 1e20)))", "integer overflow"),
        ("(drop (i32.load (i32.const 65533)))", "out of bounds memory access"),
        ("(drop (i32.load offset=0xfffffff0 (i32.const -1)))", "out of bounds memory access"),
        (
            "(memory.fill (i32.const 0) (i32.const 0) (i32.const 65537))",
            "out of bounds memory access",
        ),
        ("(drop (table.get (i32.const 9)))", "out of bounds table access"),
        ("(call_indirect (type $v) (i32.const 9))", "undefined element"),
        ("(call_indirect (type $v) (i32.const 0))", "uninitialized element"),
        ("(call_indirect (type $i) (i32.const 0) (i32.const 1))", "indirect call type mismatch"),
        ("(call $forever)", "call stack exhausted"),
    ];
    for (code, message) in cases {
        let text = format!(
            "(module (type $v (func)) (type $i (func (param i32))) (memory 1) (table 2 funcref)\n\
               (elem (i32.const 1) $main)\n\
               (func $forever (call $forever) (call $forever))\n\
               (func $main (export \"_start\") {code}))"
        );
        run_text(&text, &[], &[]).exits(134).prints("").complains(&["wasm trap: ", message]);
    }
}

#[test]
fn the_guests_own_code_is_passed_on() {
    // A process ends with the low 8 bits of what it says, whatever they are.
    for (code, seen) in
        [(0, 0), (1, 1), (2, 2), (42, 42), (126, 126), (200, 200), (-1, 255), (256, 0)]
    {
        let text = format!(
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))\n\
               (memory (export \"memory\") 1)\n\
               (func (export \"_start\") (call $exit (i32.const {code})) unreachable))"
        );
        run_text(&text, &[], &[]).exits(seen).complains(&[]).prints("");
    }
}

#[test]
fn wrong_usage_is_2() {
    run(&mut precast()).exits(2).complains(&["Usage: precast"]);
    run(precast().arg("run")).exits(2).complains(&["<FILE"]);
    run(precast().arg("frobnicate")).exits(2).complains(&["unrecognized subcommand 'frobnicate'"]);
    run(precast().args(["run", "--frobnicate", "x"])).exits(2).complains(&["--frobnicate"]);
    run(&mut precast_run()).exits(2).complains(&["Usage: precast-run"]);
    let compile = |options: &[&str]| {
        let folder = scratch();
        let output = folder.path().join("out.cwasm");
        let mut command = precast();
        command.arg("compile").args(options).arg("-o").arg(&output).arg(program("hello.wasm"));
        let outcome = run(&mut command).exits(2);
        assert!(!output.exists(), "an artifact of {options:?}");
        outcome
    };
    compile(&["--target", "z80-unknown-cpm"]).complains(&["z80-unknown-cpm"]);
    compile(&["--target", "i686-unknown-linux-gnu"]).complains(&["not supported", "aarch64"]);
    compile(&["--emit", "clif", "-g"]).complains(&["`--emit clif`", "`-g`"]);
    compile(&["--emit", "clif", "--name", "x"]).complains(&["`--name`", "`--emit obj`"]);
    compile(&["--cpu", "8086"]).complains(&["unknown CPU `8086`", "x86-64-v3"]);
    compile(&["-O9"]).complains(&["'9'"]);
    compile(&["--disable", "nothing"]).complains(&["'nothing'", "fold-functions"]);
    compile(&["--features", "all-of-them"]).complains(&["all-of-them"]);
}

#[test]
fn help_and_version_are_no_errors() {
    run(precast().arg("--version")).succeeds();
    run(precast_run().arg("--version")).succeeds();
    for command in ["compile", "run", "inspect", "wast", "completions"] {
        let help = run(precast().args([command, "--help"])).succeeds().text();
        assert!(help.contains("Usage: precast "), "{help}");
    }
    let help = run(precast().arg("--help")).succeeds().text();
    assert!(help.contains("134"), "exit codes belong into --help\n{help}");
}

#[test]
fn the_stack_has_the_size_that_was_asked_for() {
    // Calls itself this often.
    let text = "(module (func $f (export \"f\") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
            (else (i32.const 0)))))";
    let deep = |stack: &str, depth: &str| {
        run_text(text, &["--stack-size", stack, "--invoke", "f"], &[depth])
    };
    deep("64KiB", "100").succeeds().prints("100\n");
    deep("64KiB", "100000").exits(134).complains(&["call stack exhausted", "more frames"]);
    deep("16MiB", "100000").succeeds().prints("100000\n");
}

#[test]
fn memory_stays_below_its_limit() {
    let text = "(module (memory 1) (func (export \"grow\") (param i32) (result i32 i32)
        (memory.grow (local.get 0)) (memory.size)))";
    let grow = |limit: &[&str], pages: &str| {
        run_text(text, &[limit, &["--invoke", "grow"]].concat(), &[pages])
    };
    grow(&[], "100").succeeds().prints("1\n101\n");
    grow(&["--max-memory", "1MiB"], "15").succeeds().prints("1\n16\n");
    grow(&["--max-memory", "1MiB"], "16").succeeds().prints("-1\n1\n");
    let large = "(module (memory 32) (func (export \"_start\")))";
    run_text(large, &["--max-memory", "1MiB"], &[]).exits(1).complains(&["memory"]);
}

#[test]
fn memories_grow_as_far_as_their_reservation() {
    let text = "(module (memory (export \"memory\") 1)
        (func (export \"grow\") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export \"fail\") (drop (memory.grow (i32.const 5))) unreachable))";
    let run_it = |options: &[&str], export: &str, pages: &[&str]| {
        let folder = scratch();
        let module = file(&folder, "module.wat", text);
        let mut command = precast();
        command.arg("run").args(options).args(["--invoke", export]).arg(module).args(pages);
        run(&mut command)
    };
    for model in ["--memory-model=guard", "--memory-model=bounds"] {
        let four = [model, "--memory-reservation=256KiB"];
        run_it(&four, "grow", &["3"]).succeeds().prints("1\n");
        run_it(&four, "grow", &["4"]).succeeds().prints("-1\n");
        run_it(&four, "fail", &[]).exits(134).complains(&["reservation of 262144 bytes"]);
        run_it(&[model], "fail", &[]).exits(134).complains(&["unreachable"]);
        run_it(&[model, "--memory-reservation=1"], "grow", &["1"])
            .exits(2)
            .complains(&["reservation of 1 bytes", "65536"]);
    }
    let large = "(module (memory 17))";
    run_text(large, &["--memory-reservation=1MiB"], &[])
        .exits(2)
        .complains(&["memory 0 begins with 1114112 bytes", "1048576"]);
}
