//! What each option of `run` gives to the guest.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{run, run_with_input};
use precast_tests::programs::{compiled, file, program, run_text};
use precast_tests::scratch;
use std::fs;

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
