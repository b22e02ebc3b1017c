//! Disassemblers read the code of artifacts for every target: what is not an
//! instruction is marked as data.

use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, need, scratch};
use std::path::Path;
use std::process::Command;

/// A jump table and constants of every size, between code.
const TABLES: &str = r#"(module
    (func (export "table") (param i32) (result i32)
        (block (block (block (block (block (block (block (block
            (br_table 0 1 2 3 4 5 6 7 (local.get 0)))
            (return (i32.const 11))) (return (i32.const 12))) (return (i32.const 13)))
            (return (i32.const 14))) (return (i32.const 15))) (return (i32.const 16)))
            (return (i32.const 17)))
        (i32.const 18))
    (func (export "constants") (param f64) (result f64)
        (f64.mul (f64.add (local.get 0) (f64.const 3.14159)) (f64.const -2.71828e100)))
    (func (export "division") (param i32 i32) (result i32)
        (i32.div_s (local.get 0) (i32.add (local.get 1) (i32.const 0x12345678)))))"#;

const VECTORS: &str = r#"(module
    (func (export "v") (param v128) (result v128)
        (i8x16.swizzle (i32x4.add (local.get 0) (v128.const i32x4 1 0x2345678 3 4))
            (v128.const i8x16 1 0 3 2 5 4 7 6 9 8 11 10 13 12 15 14))))"#;

/// Targets with the options that give them vectors.
const TARGETS: [(&str, &[&str]); 4] = [
    ("x86_64-unknown-linux-gnu", &[]),
    ("x86_64-unknown-linux-gnu", &["--cpu", "x86-64-v3"]),
    ("aarch64-unknown-linux-gnu", &[]),
    ("riscv64gc-unknown-linux-gnu", &["--cpu-feature", "+v"]),
];

/// Disassembles everything with a tool; nothing in it may be unknown to it.
fn all_is_known(tool: &Path, targets: &[&str]) {
    let folder = scratch();
    let text = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a writable folder");
        path
    };
    let mut modules = vec![text("tables.wat", TABLES), text("vectors.wat", VECTORS)];
    modules.extend(
        ["hello", "inventory", "shapes", "words"]
            .map(|name| fixture(&format!("programs/{name}.wasm"))),
    );
    let artifact = folder.path().join("out.cwasm");
    let mut lines = 0;
    for (target, options) in TARGETS.iter().filter(|(target, _)| targets.contains(target)) {
        for module in &modules {
            let mut command = precast();
            command.args(["compile", "-q", "--target", target]).args(*options);
            run(command.arg(module).arg("-o").arg(&artifact)).exits(0);
            let listing = run(Command::new(tool).arg("-d").arg(&artifact)).succeeds().stdout;
            for line in String::from_utf8_lossy(&listing).lines() {
                // Lines without a tab name functions.
                let Some((_, instruction)) = line.split_once('\t') else { continue };
                let bad = ["<unknown>", "(bad)", "; undefined", ".insn"];
                let bad = bad.into_iter().find(|bad| instruction.contains(bad));
                assert!(bad.is_none(), "{target} {}: {line}", module.display());
                lines += 1;
            }
        }
    }
    assert!(lines > 10_000, "{lines} lines");
}

/// Between data, no code is hidden, and the data is not shown as code.
#[test]
fn code_and_data_are_told_apart() {
    let tool = need!("llvm-objdump-19");
    let folder = scratch();
    let module = folder.path().join("tables.wat");
    std::fs::write(&module, TABLES).expect("a writable folder");
    for (target, options) in &TARGETS {
        let artifact = folder.path().join("out.cwasm");
        let mut command = precast();
        command.args(["compile", "-q", "--target", target]).args(*options);
        run(command.arg(&module).arg("-o").arg(&artifact)).exits(0);
        let listing = run(Command::new(&tool).arg("-d").arg(&artifact)).succeeds().stdout;
        let listing = String::from_utf8_lossy(&listing);
        let count = |parts: &[&str]| {
            listing.lines().filter(|line| parts.iter().any(|part| line.contains(part))).count()
        };
        // Each case returns, and so do the other functions and three stubs.
        assert_eq!(count(&["\tret"]), 8 + 2 + 3, "{target}:\n{listing}");
        // Seven targets and a default, and two constants; riscv64 jumps to
        // jumps, and makes constants in registers.
        if target.starts_with("aarch64") {
            assert_eq!(count(&[".word"]), 8 + 4, "{target}:\n{listing}");
        }
    }
}

#[test]
fn llvm_knows_every_instruction() {
    let tool = need!("llvm-objdump-19");
    all_is_known(&tool, &TARGETS.map(|(target, _)| target));
}

#[test]
fn binutils_know_every_instruction_of_x86_64() {
    all_is_known(&need!("objdump"), &["x86_64-unknown-linux-gnu"]);
}

#[test]
fn binutils_know_every_instruction_of_aarch64() {
    all_is_known(&need!("aarch64-linux-gnu-objdump"), &["aarch64-unknown-linux-gnu"]);
}

#[test]
fn binutils_know_every_instruction_of_riscv64() {
    all_is_known(&need!("riscv64-linux-gnu-objdump"), &["riscv64gc-unknown-linux-gnu"]);
}
