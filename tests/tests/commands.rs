//! What the commands say and take: files that are none of theirs, names that
//! are near, sizes, options given twice, help.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{Outcome, run};
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

fn file(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a writable folder");
    path
}

fn compile(input: &Path, options: &[&str]) -> Outcome {
    run(precast().args(["compile", "-q", "-o", "/dev/null"]).args(options).arg(input))
}

/// Runs a module given as text.
fn run_text(text: &str, options: &[&str], args: &[&str]) -> Outcome {
    let folder = scratch();
    let module = file(&folder, "module.wat", text);
    run(precast().arg("run").args(options).arg(module).args(args))
}

// Files that are none of theirs.

/// The sections that tell wasmtime's artifacts, as `wasmtime compile` writes
/// them: an ELF object of 64 bits with a name table.
fn wasmtime_artifact() -> Vec<u8> {
    let names = b"\0.wasmtime.engine\0.shstrtab\0";
    let mut elf = b"\x7fELF\x02\x01\x01\xc8".to_vec();
    elf.resize(16, 0);
    let header: [(u64, usize); 13] = [
        (1, 2),
        (62, 2),
        (1, 4),
        (0, 8),
        (0, 8),
        (64 + names.len() as u64, 8),
        (1, 4),
        (64, 2),
        (0, 2),
        (0, 2),
        (64, 2),
        (3, 2),
        (2, 2),
    ];
    for (value, size) in header {
        elf.extend(&value.to_le_bytes()[..size]);
    }
    elf.extend(names);
    let mut section = |name: u64, kind: u64, offset: u64, size: u64| {
        let fields = [
            (name, 4),
            (kind, 4),
            (0, 8),
            (0, 8),
            (offset, 8),
            (size, 8),
            (0, 4),
            (0, 4),
            (1, 8),
            (0, 8),
        ];
        fields.iter().for_each(|(value, size)| elf.extend(&value.to_le_bytes()[..*size]));
    };
    section(0, 0, 0, 0);
    section(1, 1, 64, 0);
    section(18, 3, 64, names.len() as u64);
    elf
}

#[test]
fn files_of_other_formats_are_named_with_what_to_do() {
    let folder = scratch();
    let page = b"\n<!DOCTYPE html>\n<title>404</title>".to_vec();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n".to_vec();
    for (name, content, says, help) in [
        ("a.wasm", b"\x1f\x8b\x08\0\0".to_vec(), "a compressed file", "help: unpack it first"),
        ("b.wasm", b"PK\x03\x04\0".to_vec(), "a ZIP archive", "unzip"),
        ("c.wasm", page, "a web page", "fetch the file again"),
        ("d.wasm", pointer, "Git LFS", "help: fetch the file with `git lfs pull`"),
        ("e.bc", b"BC\xc0\xde\0".to_vec(), "LLVM bitcode", "wasm-ld"),
        ("f.a", b"!<arch>\n".to_vec(), "a static library", "wasm-ld"),
        ("g.cwasm", wasmtime_artifact(), "an artifact of wasmtime", "`precast compile`"),
    ] {
        let path = file(&folder, name, content);
        let parts = [name, says, help, "\nhelp: "];
        compile(&path, &[]).exits(1).complains(&parts);
        run(precast_run().arg(&path)).exits(1).complains(&parts);
    }
    let program = std::env::current_exe().expect("this test");
    compile(&program, &[]).exits(1).complains(&["a program of the operating system"]);
    let artifact = folder.path().join("hello.cwasm");
    run(precast().args(["compile", "-q", "-o"]).arg(&artifact).arg(hello())).exits(0);
    let again = compile(&artifact, &[]).exits(1);
    again.complains(&["compiled already", "help: `precast run` runs it"]);
}

/// What `clang -c` writes: a section for linkers, and a memory that only linking
/// provides.
#[test]
fn relocatable_objects_are_to_be_linked() {
    let folder = scratch();
    let text = "(module (import \"env\" \"__linear_memory\" (memory 0))
        (@custom \"linking\" \"\\02\") (func (export \"f\")))";
    let object = file(&folder, "object.wat", text);
    compile(&object, &[])
        .exits(1)
        .complains(&["relocatable object", "help: link it with `wasm-ld`"]);
    // A linked module may keep the section.
    let text = "(module (memory 1) (@custom \"linking\" \"\\02\"))";
    compile(&file(&folder, "linked.wat", text), &[]).exits(0);
}

#[test]
fn what_is_not_supported_is_said_with_what_to_do() {
    let folder = scratch();
    // `try` with `catch_all`, of the proposal before the one that became part
    // of WebAssembly.
    let legacy =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x08\x01\x06\0\x06\x40\x19\x0b\x0b";
    let gc = "(module (type (struct (field i32))))";
    let subtypes = "(module (type (sub (func))))";
    for (name, content, says, help) in [
        ("legacy.wasm", &legacy[..], "the legacy proposal", "wasm-opt --translate-to-exnref"),
        ("gc.wat", gc.as_bytes(), "garbage-collected types (the GC proposal)", "linear memory"),
        ("sub.wat", subtypes.as_bytes(), "types with subtypes", "linear memory"),
        ("i31.wat", b"(module (func (param i31ref)))", "references to I31", "linear memory"),
        (
            "shared.wat",
            b"(module (memory 1 2 shared))",
            "shared between threads",
            "without threads",
        ),
    ] {
        let outcome = compile(&file(&folder, name, content), &[]).exits(1);
        let outcome =
            outcome.complains(&[name, "not supported", "at offset 0x", says, help, "\nhelp: "]);
        assert!(!outcome.stderr.contains("--features"), "no option helps\n{}", outcome.stderr);
    }
    let component = file(&folder, "component.wasm", b"\0asm\x0d\0\x01\0\0\0\0\0");
    compile(&component, &[]).exits(1).complains(&["component"]);
}

/// The offset in an error is that of the operator in the file.
#[test]
fn offsets_are_those_of_the_file_and_options_those_that_exist() {
    let folder = scratch();
    let simd = "(module (func (drop (v128.const i64x2 0 0))))";
    let path = file(&folder, "simd.wat", simd);
    let outcome = compile(&path, &["--features", "all,-simd,-relaxed-simd"]).exits(1);
    outcome.complains(&["SIMD support is not enabled", "help: `--features +simd` allows it"]);
    compile(&path, &["--features", "all,-simd,-relaxed-simd,+simd"]).exits(0);
    // Header, type, function and code sections; the body's size and locals.
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x06\x01\x04\0\x41\0\x0b";
    let path = file(&folder, "left.wasm", module);
    let outcome = compile(&path, &[]).exits(1);
    // The value is left over at the function's end.
    outcome.complains(&["left.wasm", "function 0", &format!("at offset {:#x}", module.len() - 1)]);
}

#[test]
fn errors_in_text_name_the_file() {
    let folder = scratch();
    let text = file(&folder, "wrong.wat", "(module\n  (func (bogus)))");
    for command in ["compile", "run"] {
        let outcome = run(precast().current_dir(&folder).arg(command).arg("wrong.wat")).exits(1);
        let outcome = outcome.complains(&["wrong.wat:2:10"]);
        assert!(!outcome.stderr.contains("<anon>"), "{}", outcome.stderr);
    }
    drop(text);
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
