//! What the commands say and take: names that are near, sizes, options given
//! twice, help.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::programs::{file, run_text};
use precast_tests::{fixture, scratch};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn hello() -> PathBuf {
    fixture("programs/hello.wasm")
}

fn words() -> PathBuf {
    fixture("programs/words.wasm")
}

fn compile(input: &Path, options: &[&str]) -> Outcome {
    run(precast().args(["compile", "-q", "-o", "/dev/null"]).args(options).arg(input))
}

// Names.

#[test]
fn targets_have_short_names_and_near_misses_suggestions() {
    let folder = scratch();
    for (name, target) in [
        ("arm64", "aarch64-unknown-linux-gnu"),
        ("aarch64", "aarch64-unknown-linux-gnu"),
        ("riscv64", "riscv64gc-unknown-linux-gnu"),
        ("x86_64", "x86_64-unknown-linux-gnu"),
    ] {
        let made = |target: &str| {
            let artifact = folder.path().join("out.cwasm");
            let mut command = precast();
            command.args(["compile", "-q", "--target", target, "-o"]).arg(&artifact).arg(hello());
            run(&mut command).succeeds();
            fs::read(artifact).expect("an artifact")
        };
        assert!(made(name) == made(target), "--target {name}");
    }
    let refused = |options: &[&str]| compile(&hello(), options).exits(2);
    refused(&["--target", "arch64"]).complains(&["did you mean `aarch64`?"]);
    refused(&["--cpu", "zenver3"]).complains(&["did you mean `znver3`?"]);
    refused(&["--target", "arm64", "--cpu", "graviton-3"]).complains(&["mean `graviton3`?"]);
    refused(&["--cpu-feature", "+avx-2"]).complains(&["did you mean `avx2`?"]);
    refused(&["--features", "+tail-calls"]).complains(&["did you mean `tail-call`?"]);
    refused(&["--disable", "inlin"]).complains(&["inline"]);
    refused(&["-O9"]).complains(&["'9'", "0, 1, 2, 3, s"]);
    refused(&["--memory-model", "gard"]).complains(&["'guard'"]);
}

#[test]
fn well_known_cpus_are_known() {
    for cpu in ["haswell", "skylake", "skylake-avx512", "znver3", "znver4", "icelake-server"] {
        compile(&hello(), &["--target", "x86_64", "--cpu", cpu]).exits(0);
    }
    for cpu in ["graviton2", "graviton3", "graviton4", "apple-m3", "neoverse-v2"] {
        compile(&hello(), &["--target", "aarch64", "--cpu", cpu]).exits(0);
    }
    compile(&hello(), &["--target", "riscv64", "--cpu", "sifive-u74"]).exits(0);
    let listed = run(precast().arg("targets")).succeeds().text();
    assert!(listed.contains("--cpu haswell"), "{listed}");
}

#[test]
fn completions_know_values() {
    let script = run(precast().args(["completions", "bash"])).succeeds().text();
    for value in
        ["aarch64-unknown-linux-gnu", "arm64", "graviton3", "bounds", "fold-functions", "zero"]
    {
        assert!(script.contains(value), "{value}");
    }
}

// Options.

#[test]
fn the_last_of_options_given_twice_counts() {
    let folder = scratch();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let mut command = precast();
    command.args(["compile", "-q", "-O0", "-O", "-Os", "--target", "arm64", "--target", "x86_64"]);
    command.arg("--output").arg(&first).arg("-o").arg(&second).arg(hello());
    run(&mut command).succeeds();
    assert!(!first.exists());
    let shown = run(precast().args(["inspect", "--json"]).arg(&second)).succeeds().text();
    let report: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(report["target"], "x86_64-unknown-linux-gnu");
    assert_eq!(report["options"][0], "-Os");
    let link = folder.path().join("linked.cwasm");
    let object = folder.path().join("hello.o");
    run(precast().args(["compile", "-q", "--emit", "obj", "--output"]).arg(&object).arg(hello()))
        .succeeds();
    run(precast().arg("link").arg(&object).arg("--output").arg(&link)).succeeds();
    run(precast().arg("strip").arg(&link).arg("--output").arg(&first)).succeeds();
    run(precast_run().arg(&first)).succeeds();
    // Those that add up still do.
    let text = "(module (func (export \"_start\")))";
    run_text(text, &["--env", "A=1", "--env", "B=2", "--argv0", "a", "--argv0", "b"], &[])
        .succeeds();
}

#[test]
fn sizes_are_written_one_way() {
    let text = "(module (memory 1) (func (export \"grow\") (param i32) (result i32)
        (memory.grow (local.get 0))))";
    let grow = |size: &str, pages: &str| {
        run_text(
            text,
            &["--max-memory", size, "--stack-size", "1MiB", "--invoke", "grow"],
            &[pages],
        )
    };
    for size in ["128KiB", "131072", "128k", "0.125MiB"] {
        grow(size, "1").succeeds().prints("1\n");
        grow(size, "2").succeeds().prints("-1\n");
    }
    grow("many", "1").exits(2).complains(&["--max-memory", "such as 64MiB"]);
    let stack = |size: &str| run_text(text, &["--stack-size", size, "--invoke", "grow"], &["0"]);
    stack("64KiB").succeeds();
    stack("1024").exits(2).complains(&["sizes without a unit are bytes"]);
    let reserved = compile(&hello(), &["--memory-reservation", "64MB"]);
    reserved.exits(0);
}

#[test]
fn options_that_shape_code_are_refused_for_artifacts() {
    let folder = scratch();
    let artifact = folder.path().join("hello.cwasm");
    run(precast().args(["compile", "-q", "-o"]).arg(&artifact).arg(hello())).exits(0);
    for option in ["-O3", "-g", "--cpu=native", "--memory-model=bounds", "--nan-canonicalization"] {
        let outcome = run(precast().args(["run", option]).arg(&artifact)).exits(2);
        let name = option.split('=').next().expect("a name").trim_end_matches('3');
        outcome.prints("").complains(&[&format!("`{name}`"), "compiled already", "help: "]);
        run(precast().args(["run", option]).arg(hello())).exits(0);
    }
    run(precast().args(["run", "--jobs", "1", "--quiet"]).arg(&artifact)).succeeds();
    run(precast().args(["debug", "-O1"]).arg(&artifact)).exits(2).complains(&["`-O`"]);
}

#[test]
fn nans_are_canonical_on_demand() {
    // A NaN with a payload goes through an addition.
    let text = "(module (func (export \"add\") (param i32) (result i32)
        (i32.reinterpret_f32 (f32.add (f32.reinterpret_i32 (local.get 0)) (f32.const 1)))))";
    let add = |options: &[&str]| {
        run_text(text, &[options, &["--invoke", "add"]].concat(), &["0xffc12345"])
    };
    add(&["--nan-canonicalization"]).succeeds().prints(format!("{}\n", 0x7fc0_0000));
    if cfg!(target_arch = "x86_64") {
        add(&[]).succeeds().prints(format!("{}\n", 0xffc1_2345_u32 as i32));
    }
}

#[test]
fn unknown_imports_are_denied_trap_or_give_zero() {
    let text = "(module
        (import \"env\" \"answer\" (func $answer (param i32) (result i64)))
        (func $inner (result i64) (call $answer (i32.const 1)))
        (func (export \"other\") (result i32) (i32.const 7))
        (func $ask (export \"ask\") (result i64) (call $inner)))";
    let ask = |option: &str, export: &str| run_text(text, &[option, "--invoke", export], &[]);
    let denied = ask("--unknown-imports=deny", "other").exits(1);
    denied.complains(&[
        "env.answer",
        "help: `--unknown-imports=trap`",
        "help: `--preload env=FILE`",
    ]);
    ask("--unknown-imports=trap", "other").succeeds().prints("7\n");
    // The frames of the guest are in the report.
    let trapped = ask("--unknown-imports=trap", "ask").exits(134);
    trapped.complains(&["env.answer was called, but not provided", "0: inner (", "1: ask ("]);
    ask("--unknown-imports=zero", "ask").succeeds().prints("0\n");
    ask("--unknown-imports=none", "ask").exits(2).complains(&["deny", "trap", "zero"]);
    // Only functions can be made up.
    let memory = "(module (import \"env\" \"m\" (memory 1)))";
    run_text(memory, &["--unknown-imports=zero"], &[]).exits(1).complains(&["env.m"]);
}

#[test]
fn the_guest_starts_in_a_directory_of_its_own() {
    let folder = scratch();
    fs::create_dir_all(folder.path().join("data/sub")).expect("a folder");
    file(&folder, "data/top", "one two two");
    file(&folder, "data/sub/deep", "one two two");
    let start = |options: &[&str], path: &str| {
        let mut command = precast();
        command.current_dir(&folder).arg("run").args(options).arg(words()).arg(path);
        run(&mut command)
    };
    let granted = &["--dir", "data::/work:ro", "--cwd"][..];
    let counted = |outcome: Outcome| outcome.text().contains("3 words, 2 different");
    assert!(!counted(start(&granted[..2], "top")));
    assert!(counted(start(&[granted, &["/work"]].concat(), "top")));
    assert!(counted(start(&[granted, &["/work/sub"]].concat(), "deep")));
    assert!(counted(start(&[granted, &["/work/sub"]].concat(), "/work/top")));
    let elsewhere = start(&[granted, &["/elsewhere"]].concat(), "top").exits(1);
    elsewhere.complains(&["--cwd /elsewhere", "no directory that is granted"]);
    start(&[granted, &["/work/none"]].concat(), "top").exits(1).complains(&["No such file"]);
}

/// Prints all arguments and variables, as they are.
const STRINGS: &str = "(module
    (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $sizes (param i32 i32) (result i32)))
    (import \"wasi_snapshot_preview1\" \"args_get\" (func $args (param i32 i32) (result i32)))
    (import \"wasi_snapshot_preview1\" \"environ_sizes_get\" (func $esizes (param i32 i32) (result i32)))
    (import \"wasi_snapshot_preview1\" \"environ_get\" (func $environ (param i32 i32) (result i32)))
    (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export \"memory\") 4)
    (func $print
        (i32.store (i32.const 8) (i32.const 65536))
        (i32.store (i32.const 12) (i32.load (i32.const 4)))
        (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16))))
    (func (export \"_start\")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (drop (call $args (i32.const 1024) (i32.const 65536)))
        (call $print)
        (drop (call $esizes (i32.const 0) (i32.const 4)))
        (drop (call $environ (i32.const 1024) (i32.const 65536)))
        (call $print)))";

#[test]
fn arguments_and_variables_may_be_any_bytes() {
    let folder = scratch();
    let module = file(&folder, "strings.wat", STRINGS);
    let odd = OsStr::from_bytes(b"a\xff\xfeb");
    let mut command = precast();
    command.env_clear().env("HOME", folder.path()).env("SEEN", odd);
    command.args(["run", "--argv0", "x", "--env", "SEEN", "--env"]);
    command.arg(OsStr::from_bytes(b"N=\xf0")).arg(&module).arg(odd);
    let outcome = run(&mut command).succeeds();
    assert_eq!(outcome.stdout, b"x\0a\xff\xfeb\0SEEN=a\xff\xfeb\0N=\xf0\0");
    let mut command = precast();
    command.env_clear().env("HOME", folder.path()).env("PATH", "/bin").env("ODD", odd);
    command.args(["run", "--inherit-env", "--env", "PATH=mine", "--argv0", "x"]).arg(&module);
    let outcome = run(&mut command).succeeds();
    let text = outcome.stdout.split(|byte| *byte == 0).collect::<Vec<_>>();
    assert!(text.contains(&&b"ODD=a\xff\xfeb"[..]) && text.contains(&&b"PATH=mine"[..]));
    // Folders, too.
    let name = folder.path().join(odd);
    fs::create_dir(&name).expect("a folder");
    fs::write(name.join("text"), "one two two").expect("a file");
    let mut granted = name.into_os_string();
    granted.push("::/data:ro");
    let outcome = run(precast().args(["run", "--dir"]).arg(granted).arg(words()).arg("/data/text"));
    assert!(outcome.text().contains("3 words, 2 different"));
}

// What they say of themselves.

#[test]
fn help_begins_with_what_it_is() {
    let help = run(precast().arg("--help")).succeeds().text();
    assert!(help.starts_with("Compile WebAssembly ahead of time, and run it natively\n"), "{help}");
    assert!(help.contains("turns a WebAssembly module into an artifact"), "{help}");
    let version = run(precast().arg("--version")).succeeds().text();
    assert!(version.contains("\nformat of artifacts: "), "{version}");
    for target in ["x86_64-unknown-linux-gnu", "riscv64gc-unknown-linux-musl"] {
        assert!(version.contains(target), "{version}");
    }
    let short = run(precast().arg("-V")).succeeds().text();
    assert_eq!(short.lines().count(), 1);
    let version = run(precast_run().arg("--version")).succeeds().text();
    assert!(version.contains("format of artifacts: ") && version.contains(std::env::consts::ARCH));
}

#[test]
fn messages_have_colours_where_they_are_wanted() {
    let plain = compile(Path::new("/nowhere/x.wasm"), &[]).exits(1);
    assert!(plain.stderr.starts_with("error: /nowhere/x.wasm: "), "{}", plain.stderr);
    let mut command: Command = precast();
    command.env("CLICOLOR_FORCE", "1").args(["compile", "/nowhere/x.wasm"]);
    let outcome = run(&mut command).exits(1);
    assert!(outcome.stderr.starts_with("\x1b[1m\x1b[31merror:\x1b[0m "), "{:?}", outcome.stderr);
}
