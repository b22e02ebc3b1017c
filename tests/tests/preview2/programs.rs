//! Files, streams, clocks, random numbers, arguments: each function's successes
//! and its errors.

use super::{expected, guest};
use precast_tests::binaries::precast_run;
use precast_tests::outcome::{Outcome, run, run_with_input};
use precast_tests::scratch;
use std::fs;

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
