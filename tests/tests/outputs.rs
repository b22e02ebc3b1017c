//! What commands write goes where the user said, and destroys nothing else.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{run, run_with_input};
use precast_tests::programs::{compiled, file, program};
use precast_tests::{need, scratch};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ELF: &[u8] = b"\x7fELF";

/// Runs a script with `$precast`.
fn shell(folder: &Path, script: &str) -> precast_tests::outcome::Outcome {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder).env("precast", precast().get_program());
    command.env("hello", program("hello.wasm")).stdin(Stdio::null());
    run(&mut command)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().unwrap()).collect()
}

#[test]
fn devices_and_redirections_are_written_to() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    shell(folder.path(), "$precast compile -q $hello -o /dev/null").succeeds();
    assert!(!fs::metadata("/dev/null").expect("a device").is_file());
    shell(folder.path(), "$precast compile -q $hello -o - > whole").succeeds();
    let whole = fs::read(at("whole")).expect("an artifact");
    assert!(whole.starts_with(ELF));
    shell(folder.path(), "$precast compile -q $hello -o /dev/stdout | cat > piped").succeeds();
    shell(folder.path(), "$precast compile -q $hello -o /dev/stdout > redirected").succeeds();
    shell(folder.path(), "echo before > log; $precast compile -q $hello -o /dev/stdout >> log")
        .succeeds();
    assert!(fs::read(at("piped")).expect("a file") == whole);
    assert!(fs::read(at("redirected")).expect("a file") == whole);
    assert!(fs::read(at("log")).expect("a file") == [b"before\n", &whole[..]].concat());
    let full = shell(folder.path(), "$precast compile -q $hello -o /dev/full").exits(1);
    full.complains(&["/dev/full", "No space left"]);
}

#[test]
fn links_and_permissions_stay() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("file"), "old").expect("a file");
    fs::set_permissions(at("file"), fs::Permissions::from_mode(0o755)).expect("permissions");
    symlink("file", at("link")).expect("a link");
    shell(folder.path(), "$precast compile -q $hello -o link").succeeds();
    assert!(fs::symlink_metadata(at("link")).expect("a link").is_symlink());
    assert!(fs::read(at("file")).expect("a file").starts_with(ELF));
    let mode = fs::metadata(at("file")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
}

#[test]
fn no_output_is_an_input_or_another_output() {
    let folder = scratch();
    let path = folder.path();
    fs::copy(program("hello.wasm"), path.join("app.wasm")).expect("a copy");
    symlink("app.wasm", path.join("link")).expect("a link");
    let original = fs::read(path.join("app.wasm")).expect("a file");
    for output in ["app.wasm", "./app.wasm", "link"] {
        let command = format!("$precast compile -q app.wasm -o {output}");
        shell(path, &command).exits(2).complains(&["the output", "the input", "same file"]);
    }
    shell(path, "$precast compile -q app.wasm --emit obj -o a.o --header ./a.o")
        .exits(2)
        .complains(&["the header", "the output"]);
    shell(path, "$precast compile -q -g app.wasm -o app.cwasm").succeeds();
    shell(path, "$precast strip app.cwasm --debug-file app.cwasm").exits(2);
    shell(path, "$precast link app.wasm -o app.wasm").exits(2);
    assert_eq!(fs::read(path.join("app.wasm")).expect("a file"), original);
}

/// Every command that prints, to a device without room and to a pipe that
/// nobody reads.
#[test]
fn a_full_or_closed_standard_output_is_an_error() {
    let folder = scratch();
    let path = folder.path();
    shell(path, "$precast compile -q $hello -o app.cwasm").succeeds();
    fs::write(path.join("report"), "nothing\n").expect("a file");
    let commands = [
        "compile -q $hello -o -",
        "inspect app.cwasm",
        "inspect --json app.cwasm",
        "targets",
        "symbolize app.cwasm report",
        "completions bash",
        "debug --init gdb",
    ];
    for command in commands {
        let cache = "PRECAST_CACHE=$PWD/cache";
        let full = shell(path, &format!("{cache} $precast {command} > /dev/full"));
        full.exits(1).complains(&["standard output: No space left"]);
        let closed = format!("{{ sleep 0.3; {cache} $precast {command}; echo $? > code; }} | true");
        let closed = shell(path, &closed);
        assert!(!closed.stderr.contains("panicked"), "{command}: {}", closed.stderr);
        let code = fs::read_to_string(path.join("code")).expect("a file");
        assert_eq!(code, "1\n", "{command}: {}", closed.stderr);
    }
}

/// Signals, `SIGKILL` included, leave neither a temporary file nor a part of
/// the output.
#[test]
fn a_signal_leaves_nothing() {
    need!("sh");
    // Takes a second or more to compile.
    let module = scratch();
    let large = module.path().join("large.wat");
    let body = "(local.set 0 (i32.add (local.get 0) (i32.load (local.get 0))))".repeat(60);
    let functions: String = (0..6000)
        .map(|n| format!("(func (export \"f{n}\") (param i32) {body} (drop (i32.const {n})))"))
        .collect();
    fs::write(&large, format!("(module (memory 1){functions})")).expect("a file");
    for signal in [1, 2, 15, 9] {
        for wait in [5, 400] {
            let folder = scratch();
            let mut command = precast();
            command.args(["compile", "-q", "-j", "1"]).arg(&large).current_dir(folder.path());
            command.args(["-o", "out.cwasm"]).stderr(Stdio::null());
            let mut child = command.spawn().expect("precast starts");
            std::thread::sleep(Duration::from_millis(wait));
            let kill = format!("kill -{signal} {}", child.id());
            run(Command::new("sh").args(["-c", &kill]));
            let start = Instant::now();
            let status = child.wait().expect("it ends");
            assert!(start.elapsed() < Duration::from_secs(60));
            assert_eq!(status.signal(), Some(signal), "{status:?} after {wait} ms");
            assert_eq!(names(folder.path()), [""; 0], "signal {signal} after {wait} ms");
        }
    }
}

#[test]
fn a_failing_compile_leaves_the_old_output_alone() {
    let folder = scratch();
    let output = file(&folder, "app.cwasm", "precious");
    let module = fs::read(program("words.wasm")).expect("the fixture");
    let compile =
        |input: &[u8]| run_with_input(precast().args(["compile", "-", "-o"]).arg(&output), input);
    compile(&module[..module.len() - 1000]).exits(1);
    assert_eq!(fs::read(&output).expect("the old output"), b"precious");
    assert_eq!(names(folder.path()), ["app.cwasm"], "nothing else is left behind");
    compile(&module).exits(0);
    assert!(fs::read(&output).expect("the new output").starts_with(b"\x7fELF"));
    assert_eq!(names(folder.path()), ["app.cwasm"]);
}

/// The output replaces the file instead of overwriting it, so whoever has the
/// old one mapped keeps it.
#[test]
fn a_new_output_is_a_new_file() {
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
