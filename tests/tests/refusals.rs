//! Files that are not what a command takes, and artifacts that do not fit.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::programs::{compiled, file, program, run_text};
use precast_tests::{need, need_permission, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
