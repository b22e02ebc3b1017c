//! Artifacts that are started as programs: `chmod +x app.cwasm && ./app.cwasm`.

use precast_tests::binaries::{self, precast};
use precast_tests::cross::need_cross;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, need_permission, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes the artifact of a program, executable.
fn program(out: &Path, module: &Path, options: &[&str]) {
    let mut command = precast();
    command.args(["compile", "-q"]).args(options).arg(module).arg("-o").arg(out);
    run(&mut command).succeeds();
    executable(out);
}

fn executable(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("our own file");
}

/// `PATH` with a folder before all others.
fn path_with(folder: &Path) -> String {
    format!("{}:/usr/bin:/bin", folder.display())
}

/// Starts a command whose `PATH` has the commands of a folder.
fn start(command: &mut Command, commands: &Path) -> Outcome {
    run(command.env("PATH", path_with(commands)).stdin(Stdio::null()))
}

/// A folder with a `precast-run` that only says how it was called.
fn echo(folder: &Path) {
    let script = folder.join("precast-run");
    fs::write(&script, "#!/bin/sh\nprintf '<%s>' \"$@\" \"$V\"\nexit 7\n").expect("a file");
    executable(&script);
}

const EXIT: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 16)
    (data (i32.const 1000000) "some data")
    (func (export "_start")
        (drop (call $sizes (i32.const 0) (i32.const 4)))
        (call $exit (i32.add (i32.const 40) (i32.load (i32.const 0))))))"#;

#[test]
fn an_artifact_runs_where_the_loader_is_on_path() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("exit.wat"), EXIT).expect("a file");
    for options in [&[][..], &["-g"], &["-g", "--strip"], &["--cpu", "x86-64-v2,x86-64-v3"]] {
        let file = at("a program");
        let strip = options.contains(&"--strip");
        let options: Vec<&str> =
            options.iter().copied().filter(|option| *option != "--strip").collect();
        if options.contains(&"--cpu") && !cfg!(target_arch = "x86_64") {
            continue;
        }
        program(&file, &at("exit.wat"), &options);
        if strip {
            run(precast().arg("strip").arg(&file)).succeeds();
        }
        let mut command = Command::new(&file);
        // What would be options of precast-run.
        command.args(["--help", "", "x y"]);
        start(&mut command, binaries::folder()).exits(44).prints("");
    }
    // Found in PATH, by a relative path.
    program(&at("hello"), &fixture("programs/hello.wat"), &[]);
    let mut command = Command::new("sh");
    command.args(["-c", "PATH=.:$PATH; hello && ./hello"]).current_dir(folder.path());
    start(&mut command, binaries::folder()).succeeds().prints("hello from text\nhello from text\n");
}

#[test]
fn what_is_missing_is_said() {
    let folder = scratch();
    let file = folder.path().join("app.cwasm");
    program(&file, &fixture("programs/hello.wat"), &[]);
    let nothing = folder.path().join("nothing");
    let parts = ["error: precast-run, which runs ", "app.cwasm, is not on PATH"];
    start(&mut Command::new(&file), &nothing).exits(127).complains(&parts);
    // Nor a shell.
    let strace = need!("strace");
    start(&mut without_a_shell(&strace, &[], &file), binaries::folder())
        .exits(127)
        .complains(&["error: this file needs precast-run: precast-run FILE ARGS\n"]);
}

/// The command under `strace`, which has no other program started.
fn without_a_shell(strace: &Path, emulator: &[String], file: &Path) -> Command {
    let mut command = Command::new(strace);
    command.args(["-qq", "-o", "/dev/null", "-f", "-e", "trace=execve", "-e"]);
    command.arg("inject=execve:error=ENOENT").args(emulator).arg(file);
    command
}

/// Who can set `PATH` must not choose what runs with the rights of another user.
#[test]
fn nothing_is_searched_with_rights_of_others() {
    let folder = scratch();
    let file = folder.path().join("app.cwasm");
    program(&file, &fixture("programs/hello.wat"), &[]);
    echo(folder.path());
    let as_nobody = || {
        let mut command = Command::new(&file);
        command.uid(65534).gid(65534).current_dir("/");
        command.env("PATH", path_with(folder.path()));
        command.stdin(Stdio::null()).output()
    };
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("our own");
    let plain = as_nobody();
    need_permission!(plain.is_ok(), "needs to run as root");
    assert_eq!(plain.expect("it started").status.code(), Some(7));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4755)).expect("our own");
    let outcome = as_nobody().expect("it started");
    need_permission!(outcome.status.code() != Some(7), "needs a file system with set-uid bits");
    assert_eq!(outcome.status.code(), Some(127));
    let text = String::from_utf8_lossy(&outcome.stderr);
    assert!(text.contains("needs precast-run") && outcome.stdout.is_empty(), "{text}");
}

fn on_another_machine(arch: &str) {
    let machine = need_cross!(arch);
    let folder = scratch();
    let file = folder.path().join("app.cwasm");
    program(&file, &fixture("programs/hello.wat"), &["--target", machine.target]);
    echo(folder.path());
    let emulator = format!("qemu-{arch}-static");
    let mut command = Command::new(&emulator);
    command.arg(&file).args(["-x", "", "y z"]).env("V", "v");
    let expected = format!("<--><{}><-x><><y z><v>", file.display());
    start(&mut command, folder.path()).exits(7).prints(expected);
    let strace = need!("strace");
    start(&mut without_a_shell(&strace, &[emulator], &file), folder.path())
        .exits(127)
        .complains(&["error: this file needs precast-run"]);
}

#[test]
fn an_artifact_for_aarch64() {
    on_another_machine("aarch64");
}

#[test]
fn an_artifact_for_riscv64() {
    on_another_machine("riscv64");
}
