//! There is no code generator where a program runs, and no memory that a
//! program could write code into.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{fixture, need, root, run_file, scratch, syscalls};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Crates that generate code or read Wasm, by the beginning of their names.
const FORBIDDEN: [&str; 8] = [
    "cranelift",
    "regalloc2",
    "wasmparser",
    "wasm-encoder",
    "wasmtime",
    "wat",
    "wast",
    "precast-compiler",
];

/// Everything that is linked into a build of a package with these options.
fn dependencies(package: &str, options: &[&str]) -> Vec<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["tree", "--offline", "--package", package]);
    cargo.args(["--edges", "normal", "--prefix", "none", "--format", "{p}"]).args(options);
    let tree = run(&mut cargo).exits(0).text();
    tree.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn forbidden(dependencies: &[String]) -> Vec<&String> {
    let bad = |name: &&String| FORBIDDEN.iter().any(|bad| name.starts_with(bad));
    dependencies.iter().filter(bad).collect()
}

#[test]
fn runners_link_neither_code_generator_nor_parser() {
    let runner = dependencies("precast-cli", &["--no-default-features"]);
    for list in [runner, dependencies("precast-capi", &[])] {
        assert!(list.iter().any(|name| name == "precast-loader"), "{list:?}");
        assert_eq!(forbidden(&list), [""; 0]);
    }
    // The list would find them: all of `precast` has them.
    assert!(forbidden(&dependencies("precast-cli", &[])).len() >= 4);
}

/// Compiles a program into a folder.
fn compiled(name: &str, folder: &Path) -> PathBuf {
    let artifact = folder.join(format!("{name}.cwasm"));
    let module = fixture(&format!("programs/{name}.wasm"));
    run(precast().arg("compile").arg(module).arg("-o").arg(&artifact)).exits(0);
    artifact
}

/// A command traced into a file.
fn traced(strace: &Path, calls: &str, log: &Path, command: &Command) -> Command {
    let mut trace = Command::new(strace);
    trace.args(["-f", "-y", "-A", "-e"]).arg(format!("trace={calls}")).arg("-o").arg(log);
    trace.arg(command.get_program()).args(command.get_args());
    trace
}

#[test]
fn nothing_that_was_writable_becomes_executable() {
    let strace = need!("strace");
    let folder = scratch();
    for name in ["hello", "inventory", "shapes", "words"] {
        let artifact = compiled(name, folder.path());
        let log = folder.path().join(format!("{name}.log"));
        let calls = "execve,mmap,mprotect,pkey_mprotect,mremap,munmap";
        let start = || traced(&strace, calls, &log, &precast_run());
        run_file::follow(&fixture(&format!("programs/{name}.run")), &artifact, &start);
        let trace = std::fs::read_to_string(&log).expect("the trace");
        let findings = syscalls::check(&trace);
        assert_eq!(findings.violations, [""; 0]);
        let artifact = artifact.to_str().expect("text");
        let mapped = findings.executable_files.contains(artifact);
        assert!(mapped, "{artifact} runs from its file: {:?}", findings.executable_files);
    }
}

/// Where the kernel refuses memory that is writable and executable for the
/// rest of a process's life (Linux 6.3), `precast-run` asks for it before it
/// opens anything of the user's.
#[test]
fn precast_run_asks_the_kernel_to_refuse_it() {
    let strace = need!("strace");
    let folder = scratch();
    let artifact = compiled("hello", folder.path());
    let log = folder.path().join("log");
    let mut command = precast_run();
    command.arg(&artifact);
    run(&mut traced(&strace, "prctl,openat,open", &log, &command))
        .exits(0)
        .prints("hello, world\n");
    let trace = std::fs::read_to_string(&log).expect("the trace");
    // 65 is PR_SET_MDWE, 1 is PR_MDWE_REFUSE_EXEC_GAIN; older straces know
    // neither name.
    let asks = |line: &&str| {
        line.contains("prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN") || line.contains("prctl(0x41 ")
    };
    let (at, line) = trace
        .lines()
        .enumerate()
        .find(|(_, line)| asks(line))
        .unwrap_or_else(|| panic!("no call of prctl:\n{trace}"));
    let opened = trace.lines().position(|line| line.contains("hello.cwasm"));
    assert!(opened.is_some_and(|opened| at < opened), "{trace}");
    if kernel() >= (6, 3) {
        assert!(line.ends_with("= 0"), "{line}");
    }
}

fn kernel() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("/proc");
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut next = || numbers.next().and_then(|n| n.parse().ok()).expect("a version");
    (next(), next())
}

/// No page of a running program is writable and executable: what the kernel
/// itself says while a guest waits for its input.
#[test]
fn no_mapping_is_writable_and_executable() {
    use std::process::Stdio;
    let folder = scratch();
    let text = "(module
        (import \"wasi_snapshot_preview1\" \"fd_read\"
            (func $read (param i32 i32 i32 i32) (result i32)))
        (import \"wasi_snapshot_preview1\" \"fd_write\"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1)
        (data (i32.const 0) \"\\40\\00\\00\\00\\01\\00\\00\\00\")
        (func (export \"_start\")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))";
    let module = folder.path().join("wait.wat");
    std::fs::write(&module, text).expect("a writable folder");
    let artifact = module.with_extension("cwasm");
    run(precast().arg("compile").arg(&module).arg("-o").arg(&artifact)).exits(0);
    let mut command = precast_run();
    command.arg(&artifact).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    // Its one byte of output says that the guest runs.
    let mut byte = [0];
    let mut stdout = child.stdout.take().expect("a pipe");
    std::io::Read::read_exact(&mut stdout, &mut byte).expect("a byte");
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).expect("/proc");
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
    let permissions = |line: &str| line.split(' ').nth(1).expect("permissions").to_owned();
    let both = |line: &&str| permissions(line).contains('w') && permissions(line).contains('x');
    assert_eq!(maps.lines().filter(both).collect::<Vec<_>>(), [""; 0]);
    let text = maps.lines().filter(|line| line.ends_with("wait.cwasm"));
    let executable: Vec<String> = text.map(permissions).filter(|p| p.contains('x')).collect();
    assert_eq!(executable, ["r-xp"], "{maps}");
}
