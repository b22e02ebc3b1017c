//! Files, streams, clocks, random numbers, arguments: each function's successes
//! and its errors.

use super::{expected, guest};
use precast_tests::binaries::precast_run;
use precast_tests::outcome::{Outcome, run, run_with_input};
use precast_tests::scratch;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

fn with(options: &[&str], arguments: &[&str]) -> Outcome {
    run(precast_run().args(options).arg(guest()).args(arguments))
}

/// A fresh directory as the guest's root, and one that it may only read.
#[test]
fn files_and_directories() {
    let (folder, kept) = (scratch(), scratch());
    fs::write(kept.path().join("kept"), "text").expect("a file");
    // The first that the guest finds of this name; later there is none.
    fs::write(folder.path().join("missing"), "").expect("a file");
    let write = format!("--dir={}::/", folder.path().display());
    let read = format!("--dir={}::/kept:ro", kept.path().display());
    with(&[&write, &read], &["files"]).succeeds().prints(expected("files"));
    assert_eq!(fs::read(kept.path().join("kept")).expect("the file"), b"text");
    assert_eq!(kept.path().read_dir().expect("a directory").count(), 1);
}

/// Every function of files with every kind of path and of descriptor.
#[test]
fn every_kind_of_path_and_of_descriptor() {
    let folder = scratch();
    let root = format!("--dir={}::/", folder.path().display());
    with(&[&root], &["paths"]).succeeds().prints(expected("paths"));
}

/// Pipes, sockets, names that are no text, a device that is full, another device.
#[test]
fn what_only_some_files_say() {
    let (folder, other) = (scratch(), tempfile::tempdir_in("/dev/shm").expect("a directory"));
    let at = |name: &str| folder.path().join(name);
    run(Command::new("mkfifo").arg(at("pipe"))).exits(0);
    let _socket = UnixListener::bind(at("socket")).expect("a socket");
    fs::create_dir(at("odd")).expect("a directory");
    fs::write(at("odd").join(OsStr::from_bytes(b"\xff")), "").expect("a file");
    symlink(OsStr::from_bytes(b"\xff"), at("odd-link")).expect("a link");
    symlink("/etc", at("absolute-link")).expect("a link");
    let root = format!("--dir={}::/", folder.path().display());
    let other = format!("--dir={}::/other", other.path().display());
    let options = [&*root, "--dir=/dev", &other];
    with(&options, &["special"]).succeeds().prints(expected("special"));
}

/// The system's own limit on files is an error in the guest, and no signal.
#[test]
fn files_that_may_not_be_long() {
    let folder = scratch();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 8; exec \"$@\"", "sh"]).arg(precast_run().get_program());
    command.arg(format!("--dir={}::/", folder.path().display())).arg(guest()).arg("large");
    run(&mut command).succeeds().prints(expected("large"));
}

#[test]
fn descriptors_end_somewhere() {
    let folder = scratch();
    let root = format!("--dir={}::/", folder.path().display());
    let options = [&*root, "--inherit-network", "--max-descriptors=40"];
    with(&options, &["many"]).succeeds().prints(expected("many"));
}

#[test]
fn what_was_not_permitted_is_a_trap() {
    for how in [
        "write",
        "write-zeroes",
        "write more",
        "blocking-write-and-flush",
        "blocking-write-zeroes-and-flush",
    ] {
        let outcome = with(&[], &["surroundings", "permit", how]).exits(1);
        outcome.prints("").complains(&["bytes written at once, of at most"]);
    }
}

#[test]
fn streams_of_files_and_of_the_process() {
    let folder = scratch();
    let mut command = precast_run();
    command.arg(format!("--dir={}::/", folder.path().display()));
    let outcome = run_with_input(command.arg(guest()).arg("streams"), b"input and more");
    outcome.exits(0).prints(expected("streams")).complains(&["to standard error\n"]);
}

#[test]
fn surroundings() {
    let options = ["--env", "NAME=value", "--env", "OTHER=a=b"];
    let outcome = with(&options, &["surroundings", "one", "t w o", ""]);
    outcome.succeeds().prints(expected("surroundings"));
}

#[test]
fn every_way_to_exit() {
    for (how, code) in [("ok", 0), ("error", 1), ("0", 0), ("3", 3), ("255", 255)] {
        with(&[], &["surroundings", "exit", how]).exits(code);
    }
}

#[test]
fn what_the_interface_calls_a_trap_is_one() {
    with(&[], &["surroundings", "poll nothing"]).exits(1).complains(&["a poll of nothing"]);
    let most = ["surroundings", "random", "18446744073709551615"];
    with(&[], &most).exits(1).complains(&["random bytes"]);
}

/// Of those that wait in the host, and those that print without end.
#[test]
fn limits_hold_inside_of_functions() {
    let late = with(&["--timeout=100ms"], &["surroundings", "sleep"]);
    late.exits(134).complains(&["deadline", "--timeout"]);
    let much = with(&["--max-output=10KiB"], &["surroundings", "print"]).exits(1);
    let much = much.complains(&["--max-output"]);
    assert!(much.stdout.len() <= 10 << 10, "{} bytes", much.stdout.len());
}
