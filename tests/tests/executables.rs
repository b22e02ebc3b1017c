//! Programs that are a loader with an artifact in it.

use precast_tests::binaries::{self, precast};
use precast_tests::cross::need_cross;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a program in a folder.
fn make(folder: &Path, module: &Path, options: &[&str]) -> Outcome {
    let mut command = precast();
    command.current_dir(folder).args(["compile", "-q", "--emit", "exe"]).args(options).arg(module);
    run(&mut command)
}

fn start(program: &Path, args: &[&str]) -> Outcome {
    run(Command::new(program).args(args).stdin(Stdio::null()))
}

/// What is expected is of several runs, of which the first has no arguments.
fn is_first_run(outcome: &Outcome, expected: &str) {
    let text = outcome.text();
    assert!(text.ends_with("-first\n") && expected.starts_with(&text), "{text}");
}

#[test]
fn a_program_runs_by_itself() {
    let folder = scratch();
    let module = fixture("programs/hello.wasm");
    make(folder.path(), &module, &[]).succeeds();
    let program = folder.path().join("hello");
    let mode = fs::metadata(&program).expect("the program").permissions().mode();
    assert_eq!(mode & 0o111, (mode & 0o444) >> 2);
    start(&program, &[]).succeeds().prints("hello, world\n");
    // Elsewhere, under another name, and by that in its reports.
    let moved = folder.path().join("another name");
    fs::rename(&program, &moved).expect("moved");
    start(&moved, &[]).succeeds().prints("hello, world\n");
    // Made again, it is not touched.
    let before = fs::metadata(&moved).expect("the program").modified().expect("a time");
    make(folder.path(), &module, &["-o", "another name"]).succeeds();
    assert_eq!(fs::metadata(&moved).expect("the program").modified().expect("a time"), before);
}

const ARGUMENTS: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $envs (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write"
        (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (drop (call $args (i32.const 64) (i32.const 1024)))
        (i32.store (i32.const 8) (i32.const 1024))
        (i32.store (i32.const 12) (i32.load (i32.const 4)))
        (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))
        (drop (call $envs (i32.const 20) (i32.const 24)))
        (call $exit (i32.add (i32.mul (i32.const 10) (i32.load (i32.const 20)))
            (i32.load (i32.const 0))))))"#;

#[test]
fn arguments_are_the_guests_and_options_are_fixed() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("args.wat"), ARGUMENTS).expect("a file");
    make(folder.path(), &at("args.wat"), &["-o", "args"]).succeeds();
    // What would be options of precast-run.
    let given = ["--help", "--env=A=b", "--", "x y"];
    start(&at("args"), &given).exits(5).prints("args\0--help\0--env=A=b\0--\0x y\0");
    let options =
        ["-o", "env", "--run-option=--env=A=b", "--run-option=--argv0", "--run-option=me"];
    make(folder.path(), &at("args.wat"), &options).succeeds();
    start(&at("env"), &["1"]).exits(12).prints("me\x001\0");
    make(folder.path(), &at("args.wat"), &["--run-option=--nonsense"]).exits(2);
    let mut plain = precast();
    plain.args(["compile", "--run-option=--env=A=b"]).arg(at("args.wat"));
    run(plain.current_dir(&folder)).exits(2).complains(&["--emit exe"]);
}

/// Memory is mapped from the file, tables and data lie where the code looks.
#[test]
fn larger_programs_and_traps() {
    let folder = scratch();
    let module = fixture("programs/shapes.wasm");
    let expected = fs::read_to_string(module.with_extension("expected")).expect("expected");
    for options in [&[][..], &["-g"], &["-O0"]] {
        make(folder.path(), &module, options).exits(0);
        is_first_run(&start(&folder.path().join("shapes"), &[]).exits(0), &expected);
    }
    let trap = folder.path().join("trap.wat");
    fs::write(&trap, "(module (func $bad (export \"_start\") unreachable))").expect("a file");
    make(folder.path(), &trap, &["-o", "trap"]).succeeds();
    let outcome = start(&folder.path().join("trap"), &[]).exits(134);
    outcome.complains(&["trap: ", "unreachable", "bad"]);
}

#[test]
fn what_is_no_loader_for_the_target_is_refused() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    let module = fixture("programs/hello.wasm");
    make(folder.path(), &module, &["-o", "program"]).succeeds();
    fs::write(at("text"), "#!/bin/sh\n").expect("a file");
    let here = binaries::folder().join("precast-run");
    let here = here.to_str().expect("a path");
    let other = ["--target", "riscv64gc-unknown-linux-gnu"];
    let cases: [(&[&str], &str); 5] = [
        (&["--loader", "program"], "a program in it already"),
        (&["--loader", "text"], "no program for Linux"),
        (&["--loader", "absent"], "no loader"),
        (&other, "no loader for riscv64gc"),
        (&[other[0], other[1], "--loader", here], "another machine"),
    ];
    for (options, why) in cases {
        make(folder.path(), &module, options).exits(1).complains(&[why]);
    }
}

/// Made here for a machine that is not here.
#[test]
fn a_program_for_aarch64() {
    let machine = need_cross!("aarch64");
    let folder = scratch();
    let command = machine.command("precast-run");
    let loader = command.last().expect("a program");
    let place = folder.path().join(machine.target);
    fs::create_dir(&place).expect("a folder");
    fs::copy(loader, place.join("precast-run")).expect("a copy");
    let module = fixture("programs/shapes.wasm");
    make(folder.path(), &module, &["--target", machine.target, "--loader", "."]).succeeds();
    let expected = fs::read_to_string(module.with_extension("expected")).expect("expected");
    let mut emulated = machine.emulator(&[]);
    is_first_run(&run(emulated.arg(folder.path().join("shapes"))).exits(0), &expected);
}
