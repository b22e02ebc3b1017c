//! The command line: exit codes, messages, and what each option grants.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{Outcome, run, run_with_input};
use precast_tests::{fixture, need, need_permission, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn program(name: &str) -> PathBuf {
    fixture(&format!("programs/{name}"))
}

/// Writes a file into a folder.
fn file(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a writable folder");
    path
}

/// Compiles a program of `fixtures/programs` into a folder.
fn compiled(folder: &tempfile::TempDir, name: &str, options: &[&str]) -> PathBuf {
    let artifact = folder.path().join(name).with_extension("cwasm");
    let mut command = precast();
    command.arg("compile").args(options).arg(program(name)).arg("-o").arg(&artifact);
    run(&mut command).exits(0);
    artifact
}

/// Runs a module given as text.
fn run_text(text: &str, options: &[&str], args: &[&str]) -> Outcome {
    let folder = scratch();
    let module = file(&folder, "module.wat", text);
    run(precast().arg("run").args(options).arg(module).args(args))
}

/// Replaces bytes of an artifact, which must occur in it exactly once.
fn patched(artifact: &Path, from: &[u8], to: &[u8]) -> PathBuf {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(artifact).expect("the artifact");
    let places: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter_map(|(at, window)| (window == from).then_some(at))
        .collect();
    assert_eq!(places.len(), 1, "{from:?} in {}", artifact.display());
    bytes[places[0]..][..to.len()].copy_from_slice(to);
    let path = artifact.with_extension("patched.cwasm");
    fs::write(&path, bytes).expect("a writable folder");
    path
}

// Exit codes.

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
    compile(&["-O9"]).complains(&["`9`"]);
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

// Inputs that are none.

#[test]
fn files_that_are_no_modules() {
    let folder = scratch();
    let refused = |path: &Path, parts: &[&str]| {
        let name = path.file_name().expect("a name").to_str().expect("text");
        for command in ["compile", "run"] {
            let outcome = run(precast().arg(command).arg(path));
            outcome.exits(1).prints("").complains(&[&[name], parts].concat());
        }
    };
    refused(&folder.path().join("missing.wasm"), &["No such file"]);
    refused(folder.path(), &["Is a directory"]);
    refused(&file(&folder, "empty.wasm", ""), &["the file is empty"]);
    refused(&file(&folder, "text.wasm", "hello"), &["not a WebAssembly module"]);
    refused(&file(&folder, "wrong.wat", "(module\n (func (bogus)))"), &["wrong.wat", "2:"]);
    let component = b"\0asm\x0d\0\x01\0";
    refused(&file(&folder, "component.wasm", component), &["component", "not supported yet"]);
    let module = fs::read(program("words.wasm")).expect("the fixture");
    for length in [9, 100, 1000, module.len() / 2] {
        let cut = file(&folder, "cut.wasm", &module[..length]);
        refused(&cut, &["invalid module", "at offset 0x", "unexpected end"]);
    }
    let invalid = "(module (func (export \"f\") (result i32) (i64.const 1)))";
    refused(&file(&folder, "types.wat", invalid), &["function 0", "offset 0x", "type mismatch"]);
}

#[test]
fn files_that_are_no_artifacts() {
    let folder = scratch();
    let refused = |path: &Path, parts: &[&str]| {
        run(precast_run().arg(path)).exits(1).prints("").complains(parts);
    };
    refused(&folder.path().join("missing.cwasm"), &["missing.cwasm", "No such file"]);
    refused(&program("hello.wasm"), &["hello.wasm", "must be compiled first"]);
    refused(&file(&folder, "empty.cwasm", ""), &["empty.cwasm", "empty"]);
    refused(&file(&folder, "text.cwasm", "hello"), &["text.cwasm", "not an ELF file"]);
    let shell = std::env::current_exe().expect("this test");
    refused(&shell, &["not made by precast"]);
    let artifact = fs::read(compiled(&folder, "hello.wasm", &[])).expect("the artifact");
    for length in [5, 64, 200, 4096, artifact.len() / 2] {
        refused(&file(&folder, "cut.cwasm", &artifact[..length]), &["cut.cwasm"]);
    }
}

// Artifacts that do not fit.

#[test]
fn an_artifact_for_another_architecture_is_refused() {
    let folder = scratch();
    let targets =
        ["aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu", "x86_64-unknown-linux-gnu"];
    let other = |target: &&&str| !target.starts_with(std::env::consts::ARCH);
    let mut refused = 0;
    for target in targets.iter().filter(other) {
        let artifact = compiled(&folder, "hello.wasm", &["--target", target]);
        let parts = ["hello.cwasm", target, std::env::consts::ARCH, "--target"];
        run(precast_run().arg(&artifact)).exits(1).prints("").complains(&parts);
        run(precast().arg(&artifact)).exits(1).prints("").complains(&parts);
        refused += 1;
    }
    assert_eq!(refused, 2);
}

#[test]
fn a_missing_cpu_feature_is_named() {
    let folder = scratch();
    let artifact = compiled(&folder, "hello.wat", &["--target", "x86_64-unknown-linux-gnu"]);
    let patched = patched(&artifact, b"ssse3", b"zzze3");
    let parts = ["hello.patched.cwasm", "CPU features", "zzze3", "compile the module again"];
    let outcome = run(precast_run().arg(patched)).exits(1).prints("").complains(&parts);
    assert!(!outcome.stderr.contains("sse4_1"), "only what is missing is named");
}

#[test]
fn an_artifact_of_another_format_is_refused() {
    let folder = scratch();
    let artifact = compiled(&folder, "hello.wat", &[]);
    // The note's owner, then the three numbers of the format.
    let bytes = fs::read(&artifact).expect("the artifact");
    let at = bytes.windows(8).position(|w| w == b"Precast\0").expect("the note");
    let numbers = &bytes[at..at + 20];
    for number in 0..3 {
        let mut other = numbers.to_vec();
        other[8 + 4 * number] = 99;
        let patched = patched(&artifact, numbers, &other);
        let parts = ["hello.patched.cwasm", "99", "compile the module again"];
        run(precast_run().arg(patched)).exits(1).prints("").complains(&parts);
    }
}

#[test]
fn missing_imports_are_all_listed_with_their_types() {
    let text = "(module
        (import \"env\" \"log\" (func (param i32 f64) (result i64)))
        (import \"env\" \"memory\" (memory 1 2))
        (import \"other\" \"count\" (global (mut f32)))
        (import \"other\" \"functions\" (table 3 funcref))
        (import \"wasi_snapshot_preview1\" \"fd_close\" (func (param i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"fd_open\" (func))
        (func (export \"_start\")))";
    let outcome = run_text(text, &[], &[]).exits(1).prints("").complains(&[
        "module.wat: imports are not satisfied",
        "env.log: function (i32, f64) -> (i64)",
        "env.memory: memory 1..=2 pages",
        "other.count: global mut f32",
        "other.functions: table 3.. funcref",
        "wasi_snapshot_preview1.fd_open: function () -> ()",
        "--preload env=FILE",
        "--preload other=FILE",
    ]);
    assert!(!outcome.stderr.contains("fd_close"), "this one is there");
    assert!(!outcome.stderr.contains("--preload wasi"));
}

#[test]
fn an_import_of_another_type_is_explained() {
    let folder = scratch();
    let client = "(module (import \"library\" \"sum\" (func (param i32) (result i64))))";
    let client = file(&folder, "client.wat", client);
    let preload = format!("library={}", program("library.wat").display());
    let outcome = run(precast().args(["run", "--preload", &preload]).arg(client));
    outcome.exits(1).complains(&["library.sum", "(i32) -> (i64)", "found", "(i64, i64) -> (i64)"]);
}

#[test]
fn a_noexec_file_system_is_recognised() {
    let unshare = need!("unshare");
    let folder = scratch();
    let artifact = compiled(&folder, "hello.wasm", &[]);
    let mount = folder.path().join("mount");
    fs::create_dir(&mount).expect("a writable folder");
    let mut probe = Command::new(&unshare);
    probe.args(["-rm", "mount", "-t", "tmpfs", "none"]).arg(&mount);
    need_permission!(probe.output().is_ok_and(|o| o.status.success()), "needs user namespaces");
    let script = "mount -t tmpfs -o noexec none \"$1\" && cp \"$2\" \"$1/hello.cwasm\" && \
                  exec \"$3\" \"$1/hello.cwasm\"";
    let mut command = Command::new(unshare);
    let runner = precast_run().get_program().to_owned();
    command.args(["-rm", "sh", "-c", script, "sh"]).arg(&mount).arg(&artifact).arg(runner);
    run(&mut command).exits(1).prints("").complains(&["hello.cwasm", "noexec"]);
}

// Outputs.

#[test]
fn a_failing_compile_leaves_the_old_output_alone() {
    let folder = scratch();
    let output = file(&folder, "app.cwasm", "precious");
    let names = || {
        let entries = fs::read_dir(folder.path()).expect("the folder");
        entries.map(|e| e.expect("an entry").file_name()).collect::<Vec<_>>()
    };
    let module = fs::read(program("words.wasm")).expect("the fixture");
    let compile =
        |input: &[u8]| run_with_input(precast().args(["compile", "-", "-o"]).arg(&output), input);
    compile(&module[..module.len() - 1000]).exits(1);
    assert_eq!(fs::read(&output).expect("the old output"), b"precious");
    assert_eq!(names(), ["app.cwasm"], "nothing else is left behind");
    compile(&module).exits(0);
    assert!(fs::read(&output).expect("the new output").starts_with(b"\x7fELF"));
    assert_eq!(names(), ["app.cwasm"]);
}

/// The output replaces the file instead of overwriting it, so whoever has the
/// old one mapped keeps it.
#[test]
fn a_new_output_is_a_new_file() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let folder = scratch();
    let artifact = compiled(&folder, "hello.wasm", &[]);
    let first = fs::metadata(&artifact).expect("the artifact");
    let open = fs::File::open(&artifact).expect("the artifact");
    compiled(&folder, "hello.wasm", &["-O0"]);
    assert_ne!(first.ino(), fs::metadata(&artifact).expect("the artifact").ino());
    assert_eq!(open.metadata().expect("the old file").len(), first.len());
    assert_eq!(first.permissions().mode() & 0o444, 0o444 & !umask(), "readable as any output");
}

fn umask() -> u32 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("Umask:")).expect("a mask");
    u32::from_str_radix(line.trim(), 8).expect("an octal number")
}

#[test]
fn the_output_is_named_after_the_input() {
    let folder = scratch();
    run(precast().current_dir(&folder).arg("compile").arg(program("hello.wasm"))).succeeds();
    run(precast_run().arg(folder.path().join("hello.cwasm"))).succeeds().prints("hello, world\n");
}

#[test]
fn output_that_cannot_be_written() {
    let mut command = precast();
    command.arg("compile").arg(program("hello.wasm")).args(["-o", "/nonexistent/app.cwasm"]);
    run(&mut command).exits(1).complains(&["cannot write /nonexistent/app.cwasm", "No such file"]);
    let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
    let mut command = precast();
    command.args(["compile", "-o", "-"]).arg(program("hello.wasm")).stdout(full);
    let output = command.stderr(Stdio::piped()).spawn().expect("it starts").wait_with_output();
    let output = output.expect("it ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No space left"));
}

#[test]
fn timings_name_every_stage() {
    let outcome =
        run(precast().args(["compile", "--timings", "-o", "-"]).arg(program("hello.wat")));
    outcome.exits(0).complains(&[
        "parse",
        "facts",
        "plan",
        "compile",
        "place",
        "emit",
        " ms",
        "1 functions",
    ]);
}

#[test]
fn a_note_says_what_a_portable_baseline_costs() {
    let folder = scratch();
    let vectors = "(module (func (export \"f\") (param v128) (result v128) \
                   (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4))))";
    let vectors = file(&folder, "vectors.wat", vectors);
    let compile = |options: &[&str]| {
        let mut command = precast();
        command.args(["compile", "--target", "x86_64-unknown-linux-gnu", "-o", "-"]);
        run(command.args(options).arg(&vectors)).exits(0).stderr
    };
    assert!(compile(&[]).contains("--cpu x86-64-v3"));
    assert_eq!(compile(&["--quiet"]), "");
    assert_eq!(compile(&["--cpu", "x86-64-v3"]), "");
    let scalars = run(precast().args(["compile", "-o", "-"]).arg(program("hello.wasm")));
    scalars.succeeds();
}

// Inspect, completions.

#[test]
fn inspect_describes_an_artifact() {
    let folder = scratch();
    let artifact = compiled(&folder, "client.wat", &["--target", "riscv64gc-unknown-linux-gnu"]);
    let report = run(precast().args(["inspect", "--json"]).arg(&artifact)).succeeds();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(report["target"], "riscv64gc-unknown-linux-gnu");
    assert_eq!(report["size"], fs::metadata(&artifact).expect("the artifact").len());
    assert_eq!(report["source_sha256"].as_str().map(str::len), Some(64));
    let module = &report["modules"][0];
    let list = |key: &str| -> Vec<String> {
        let items = module[key].as_array().expect("a list").iter();
        items
            .map(|i| format!("{} {}", i["name"].as_str().unwrap(), i["type"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(
        list("imports"),
        [
            "apply function (i32, i32) -> (i32)",
            "sum function (i64, i64) -> (i64)",
            "memory memory 1.. pages",
            "operations table 4.. funcref",
            "version global i32",
            "calls global mut i32",
        ]
    );
    let may_block = |import: &serde_json::Value| import["may_block"].as_bool();
    let blocking: Vec<_> = module["imports"].as_array().unwrap().iter().map(may_block).collect();
    assert_eq!(blocking, [Some(true), Some(true), None, None, None, None]);
    let exports = list("exports");
    assert!(exports.contains(&"sum function (i64, i64) -> (i64)".to_owned()), "{exports:?}");
    assert_eq!(exports.len(), 7);
    let sections = report["sections"].as_array().expect("sections");
    let size: u64 = sections.iter().map(|s| s["size"].as_u64().expect("a size")).sum();
    assert!(size < fs::metadata(&artifact).expect("the artifact").len());
    assert!(sections.iter().any(|s| s["name"] == ".text" && s["mapped"] == true));
    let largest = report["largest_functions"].as_array().expect("functions");
    assert!(largest.is_sorted_by(|a, b| a["size"].as_u64() >= b["size"].as_u64()));
    assert_eq!(largest.len(), 8);
    // The same for people.
    let text = run(precast().args(["inspect", "--largest", "2"]).arg(&artifact)).succeeds().text();
    for part in [
        "riscv64gc",
        "library sum: function (i64, i64) -> (i64), may block",
        "export letter:",
        ".text",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn inspect_refuses_what_is_no_artifact() {
    let folder = scratch();
    run(precast().arg("inspect").arg(program("hello.wasm"))).exits(1).complains(&["hello.wasm"]);
    let artifact = fs::read(compiled(&folder, "hello.wasm", &[])).expect("the artifact");
    let cut = file(&folder, "cut.cwasm", &artifact[..5000]);
    run(precast().arg("inspect").arg(cut)).exits(1).complains(&["cut.cwasm"]);
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(precast().args(["completions", shell])).succeeds().text();
        for word in ["compile", "inspect", "argv0"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    let script = run(precast().args(["completions", "bash"])).succeeds();
    run_with_input(Command::new("bash").args(["-n"]), &script.stdout).succeeds();
}

#[test]
fn wast_counts_assertions_and_fails_with_them() {
    let folder = scratch();
    let module = "(module (func (export \"one\") (result i32) (i32.const 1)))\n";
    let good = "(assert_return (invoke \"one\") (i32.const 1))\n\
                (assert_invalid (module (func (result i32))) \"type mismatch\")\n";
    let bad = "(assert_return (invoke \"one\") (i32.const 2))\n";
    let good_file = file(&folder, "good.wast", format!("{module}{good}"));
    let bad_file = file(&folder, "bad.wast", format!("{module}{good}{bad}"));
    let wast = |files: &[&PathBuf]| run(precast().current_dir(&folder).arg("wast").args(files));
    let text = wast(&[&good_file]).succeeds().text();
    assert!(text.ends_with("total: 3 passed, 0 failed\n"), "{text}");
    let text = wast(&[&good_file, &bad_file]).exits(1).text();
    for part in ["good.wast: 3 passed, 0 failed", "bad.wast: 3 passed, 1 failed", "bad.wast:4:"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(text.ends_with("total: 6 passed, 1 failed\n"), "{text}");
}

// What the guest gets.

#[test]
fn invoke_calls_an_export_and_prints_its_results() {
    let text = "(module
        (func (export \"add\") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
        (func (export \"swap\") (param i64 f64) (result f64 i64) (local.get 1) (local.get 0))
        (func (export \"half\") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5)))
        (func (export \"none\")))";
    let invoke = |name: &str, args: &[&str]| run_text(text, &["--invoke", name], args);
    invoke("add", &["2", "-3"]).succeeds().prints("-1\n");
    invoke("add", &["0xffffffff", "1"]).succeeds().prints("0\n");
    invoke("swap", &["-9223372036854775808", "1.5"])
        .succeeds()
        .prints("1.5\n-9223372036854775808\n");
    invoke("half", &["3"]).succeeds().prints("1.5\n");
    invoke("none", &[]).succeeds().prints("");
    invoke("sub", &[]).exits(2).complains(&["`sub`", "add", "swap"]);
    invoke("add", &["1"]).exits(2).complains(&["(i32, i32) -> (i32)"]);
    invoke("add", &["1", "two"]).exits(2).complains(&["`two`", "i32"]);
    invoke("add", &["1", "0x100000000"]).exits(2).complains(&["0x100000000"]);
}

#[test]
fn preloaded_modules_satisfy_imports() {
    let folder = scratch();
    let artifact = compiled(&folder, "library.wat", &[]);
    // As text, and as an artifact.
    for library in [program("library.wat"), artifact] {
        let call = |function: &str, args: &[&str]| {
            let preload = format!("library={}", library.display());
            let mut command = precast();
            command.args(["run", "--preload", &preload, "--invoke", function]);
            run(command.arg(program("client.wat")).args(args))
        };
        call("double", &["21"]).succeeds().prints("42\n");
        call("negate", &["21"]).succeeds().prints("-21\n");
        call("sum", &["-1", "9223372036854775807"]).succeeds().prints("9223372036854775806\n");
        call("version", &[]).succeeds().prints("7\n");
        call("calls", &[]).succeeds().prints("2\n");
        call("letter", &[]).succeeds().prints(format!("{}\n", b'l'));
        call("missing", &["1"]).exits(134).complains(&["uninitialized element"]);
    }
    let malformed = run(precast().args(["run", "--preload", "library"]).arg(program("client.wat")));
    malformed.exits(2).complains(&["NAME=FILE"]);
}

#[test]
fn precast_run_takes_the_same_options() {
    let folder = scratch();
    let library = compiled(&folder, "library.wat", &[]);
    let client = compiled(&folder, "client.wat", &[]);
    let preload = format!("library={}", library.display());
    let mut command = precast_run();
    command.args(["--preload", &preload, "--invoke", "double"]).arg(client).arg("-4");
    run(&mut command).succeeds().prints("-8\n");
}

#[test]
fn argv0_is_the_files_name_or_what_was_asked_for() {
    // Prints the first nine bytes of the strings: argument 0 comes first.
    let text = "(module
        (import \"wasi_snapshot_preview1\" \"args_get\" (func $args (param i32 i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"fd_write\"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1)
        (data (i32.const 0) \"\\00\\01\\00\\00\\09\\00\\00\\00\")
        (func (export \"_start\")
            (drop (call $args (i32.const 16) (i32.const 256)))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))";
    run_text(text, &[], &[]).succeeds().prints("module.wa");
    run_text(text, &["--argv0", "bin/tool"], &["x"]).succeeds().prints("bin/tool\0");
}

#[test]
fn the_environment_is_what_was_granted() {
    let folder = scratch();
    let greeting = |options: &[&str]| {
        fs::remove_dir_all(folder.path().join("stock")).ok();
        fs::create_dir(folder.path().join("stock")).expect("a writable folder");
        let mut command = precast();
        command.env("GREETING", "from outside").current_dir(&folder);
        command.args(["run", "--dir", "stock"]).args(options);
        let text = run(command.arg(program("inventory.wasm")).arg("stock")).succeeds().text();
        text.lines().find_map(|line| line.split_once(" / ")).expect("a greeting").0.to_owned()
    };
    assert_eq!(greeting(&[]), "NO GREETING", "nothing is inherited unasked");
    assert_eq!(greeting(&["--env", "GREETING=a=b"]), "A=B");
    assert_eq!(greeting(&["--env", "GREETING"]), "FROM OUTSIDE");
    assert_eq!(greeting(&["--env", "GREETING="]), "");
    assert_eq!(greeting(&["--env", "NOT_SET_ANYWHERE"]), "NO GREETING");
}

#[test]
fn directories_are_granted_in_every_form() {
    let folder = scratch();
    fs::create_dir(folder.path().join("data")).expect("a writable folder");
    file(&folder, "data/text", "one two two");
    let words = |dir: &str, path: &str| {
        let mut command = precast();
        command.current_dir(&folder).args(["run", "--dir", dir]);
        run(command.arg(program("words.wasm")).arg(path))
    };
    for (dir, path) in [
        ("data", "data/text"),
        ("data::/mnt", "/mnt/text"),
        ("data:/mnt", "/mnt/text"),
        ("data:/mnt:rw", "/mnt/text"),
        (".", "data/text"),
        (".::/", "/data/text"),
    ] {
        let outcome = words(dir, path).succeeds();
        assert!(outcome.text().contains("3 words, 2 different"), "--dir {dir}");
    }
    for dir in ["data::/mnt:ro", "data:/mnt:ro"] {
        let outcome = words(dir, "/mnt/text").exits(4);
        assert!(outcome.text().contains("cannot write /mnt/text.counts"), "--dir {dir}");
    }
    words("data", "/mnt/text").exits(4);
    words("missing", "missing/text").exits(1).complains(&["missing", "No such file"]);
    words("::/mnt", "/mnt/text").exits(2).complains(&["HOST::GUEST"]);
}

/// Prints what a guest reads from descriptor 3, which is given as a socket.
#[test]
fn sockets_are_passed_in() {
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    let text = "(module
        (import \"wasi_snapshot_preview1\" \"sock_recv\"
            (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"fd_write\"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1)
        (data (i32.const 0) \"\\40\\00\\00\\00\\20\\00\\00\\00\")
        (func (export \"_start\")
            (if (call $recv (i32.const 3) (i32.const 0) (i32.const 1) (i32.const 0)
                    (i32.const 4) (i32.const 16))
                (then unreachable))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))";
    let folder = scratch();
    let module = file(&folder, "socket.wat", text);
    let (mut ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    ours.write_all(b"through a socket").expect("a socket takes a few bytes");
    let mut command = precast();
    command.args(["run", "--socket-fd", "0"]).arg(&module).stdin(OwnedFd::from(theirs));
    run(&mut command).succeeds().prints("through a socket");
    let outcome = run(precast().args(["run", "--socket-fd", "0"]).arg(&module));
    outcome.exits(1).complains(&["--socket-fd 0"]);
}

#[test]
fn standard_input_reaches_the_guest() {
    let text = "(module
        (import \"wasi_snapshot_preview1\" \"fd_read\"
            (func $read (param i32 i32 i32 i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"fd_write\"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1)
        (data (i32.const 0) \"\\40\\00\\00\\00\\20\\00\\00\\00\")
        (func (export \"_start\")
            (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4))
                (then unreachable))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))";
    let folder = scratch();
    let module = file(&folder, "echo.wat", text);
    run_with_input(precast().arg("run").arg(module), b"echo").succeeds().prints("echo");
}

// Limits.

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
    deep("64", "100").succeeds().prints("100\n");
    deep("64", "100000").exits(134).complains(&["call stack exhausted", "more frames"]);
    deep("16384", "100000").succeeds().prints("100000\n");
}

#[test]
fn memory_stays_below_its_limit() {
    let text = "(module (memory 1) (func (export \"grow\") (param i32) (result i32 i32)
        (memory.grow (local.get 0)) (memory.size)))";
    let grow = |limit: &[&str], pages: &str| {
        run_text(text, &[limit, &["--invoke", "grow"]].concat(), &[pages])
    };
    grow(&[], "100").succeeds().prints("1\n101\n");
    grow(&["--max-memory", "1"], "15").succeeds().prints("1\n16\n");
    grow(&["--max-memory", "1"], "16").succeeds().prints("-1\n1\n");
    let large = "(module (memory 32) (func (export \"_start\")))";
    run_text(large, &["--max-memory", "1"], &[]).exits(1).complains(&["memory"]);
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
