//! The cache of `run`: who may write to it, what is in it, and how large it is.

use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, scratch};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn hello(cache: &Path, options: &[&str]) -> Outcome {
    let mut command = precast();
    command.env("PRECAST_CACHE", cache).arg("run").args(options);
    run(command.arg(fixture("programs/hello.wasm"))).exits(0).prints("hello, world\n")
}

fn entries(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).expect("a cache folder");
    entries.map(|entry| entry.expect("readable").path()).collect()
}

#[test]
fn a_damaged_entry_is_compiled_again() {
    let folder = scratch();
    let cache = folder.path().join("cache");
    hello(&cache, &[]);
    let [entry] = &entries(&cache)[..] else { panic!("one entry") };
    let good = fs::read(entry).expect("the entry");
    for damage in [&b""[..], b"\x7fELF", &good[..good.len() / 2], &vec![0; good.len()]] {
        fs::write(entry, damage).expect("writable");
        let outcome = hello(&cache, &[]);
        let text = outcome.stderr;
        assert!(text.contains("note: compiling again"), "{text}");
        assert!(fs::read(entry).expect("the entry") == good);
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_not_used() {
    let folder = scratch();
    let cache = folder.path().join("cache");
    hello(&cache, &[]);
    let mode = fs::metadata(&cache).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    fs::remove_file(&entries(&cache)[0]).expect("removed");
    fs::set_permissions(&cache, Permissions::from_mode(0o777)).expect("allowed");
    let text = hello(&cache, &[]).stderr;

    assert!(text.contains("the cache is not used") && text.contains("others can write"), "{text}");
    assert_eq!(entries(&cache).len(), 0);
    // Nor is an entry that another could have written.
    fs::set_permissions(&cache, Permissions::from_mode(0o700)).expect("allowed");
    hello(&cache, &[]);
    fs::set_permissions(&entries(&cache)[0], Permissions::from_mode(0o666)).expect("allowed");
    let text = hello(&cache, &[]).stderr;
    assert!(text.contains("can be written by others (mode 666)"));
}

#[test]
fn the_cache_is_bounded_and_can_be_shown_and_cleared() {
    let folder = scratch();
    let cache = folder.path().join("cache");
    let command = |args: &[&str]| {
        let mut command = precast();
        command.env("PRECAST_CACHE", &cache).env("PRECAST_CACHE_SIZE", "1k").args(args);
        run(&mut command).succeeds()
    };
    hello(&cache, &[]);
    hello(&cache, &["-O0"]);
    assert_eq!(entries(&cache).len(), 2);
    let hello = fixture("programs/hello.wasm");
    command(&["run", "--cpu", "baseline", hello.to_str().expect("a path")]);
    assert_eq!(entries(&cache).len(), 1);
    let shown = String::from_utf8(command(&["cache"]).stdout).expect("text");
    assert!(shown.contains("entries: 1\n") && shown.contains(" of 1024\n"), "{shown}");
    command(&["cache", "--clear"]);
    assert_eq!(entries(&cache).len(), 0);
    let shown = String::from_utf8(command(&["cache"]).stdout).expect("text");
    assert!(shown.contains("entries: 0\n"), "{shown}");
}
