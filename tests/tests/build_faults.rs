//! What goes wrong in builds leaves no half-written file under a final name, is
//! said clearly, and does not keep the next run from succeeding.

use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, need_permission, scratch};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Runs a script with `$precast` in a folder, where `small` is a file system
/// with room for so little.
fn with_small(folder: &Path, options: &str, script: &str) -> Outcome {
    fs::create_dir_all(folder.join("small")).expect("a folder");
    let whole = format!("mount -t tmpfs -o {options} none small && {script}");
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", &whole]).current_dir(folder).stdin(Stdio::null());
    command.env("precast", precast().get_program()).env("hello", fixture("programs/hello.wasm"));
    command.env_remove("PRECAST_CACHE");
    run(&mut command)
}

/// Whether this system lets us mount anything.
fn can_mount() -> bool {
    let folder = scratch();
    let outcome = with_small(folder.path(), "size=64k", "true");
    outcome.code == Some(0)
}

#[test]
fn a_full_disk_keeps_what_was_there() {
    need!("unshare");
    need_permission!(can_mount(), "the system lets nobody mount a small file system");
    let folder = scratch();
    // When there is room again, the next run succeeds.
    let script = "
        echo old > small/out.cwasm
        $precast compile -q $hello -o small/out.cwasm; echo $?
        $precast compile -q $hello --out-dir small/many; echo $?
        ls -A small small/many; cat small/out.cwasm
        mount -o remount,size=1m small
        $precast compile -q $hello -o small/out.cwasm; echo $?
        $precast verify -q small/out.cwasm $hello; echo $?";
    let outcome = with_small(folder.path(), "size=16k", script).exits(0);
    let text = outcome.text();
    assert_eq!(text, "1\n1\nsmall:\nmany\nout.cwasm\n\nsmall/many:\nold\n0\n0\n");
    assert_eq!(outcome.stderr.matches("No space left").count(), 2, "{}", outcome.stderr);
}

#[test]
fn a_full_cache_is_no_error() {
    need!("unshare");
    need_permission!(can_mount(), "the system lets nobody mount a small file system");
    let folder = scratch();
    let script = "
        chmod 700 small
        $precast compile -q $hello -o plain.cwasm
        $precast compile -q $hello -o first.cwasm --cache small/cache
        $precast compile -q $hello -o second.cwasm --cache small/cache
        cmp plain.cwasm first.cwasm && cmp plain.cwasm second.cwasm
        find small -name '.new-*'";
    with_small(folder.path(), "size=48k", script).succeeds().prints("");
}

#[test]
fn what_cannot_be_written_is_named() {
    need!("unshare");
    let folder = scratch();
    let mut command = precast();
    command.current_dir(&folder).args(["compile", "-q", "-o", "absent/out.cwasm"]);
    run(command.arg(fixture("programs/hello.wasm"))).exits(1).complains(&["absent/out.cwasm"]);
    need_permission!(can_mount(), "the system lets nobody mount a small file system");
    let script = "$precast compile -q $hello -o small/out.cwasm; echo $?
        $precast compile -q $hello --out-dir small/out; echo $?
        $precast compile -q $hello -o here.cwasm --cache small/cache; echo $?";
    let outcome = with_small(folder.path(), "size=1m,ro", script).exits(0);
    assert_eq!(outcome.text(), "1\n1\n0\n");
    let said = outcome.stderr.matches("Read-only file system").count();
    assert_eq!(said, 2, "{}", outcome.stderr);
    assert!(folder.path().join("here.cwasm").exists());
}

#[test]
fn builds_that_write_one_output_agree() {
    let folder = scratch();
    let module = fixture("programs/shapes.wasm");
    let start = || {
        let mut command = precast();
        command.current_dir(&folder).args(["compile", "-q", "-j1", "-o", "out.cwasm"]);
        command.arg(&module).stderr(Stdio::piped()).spawn().expect("a process")
    };
    let started: Vec<_> = (0..6).map(|_| start()).collect();
    for child in started {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let mut verify = precast();
    verify.current_dir(&folder).args(["verify", "-q", "out.cwasm"]).arg(&module);
    run(&mut verify).succeeds();
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

/// As on a file system with quotas: a file may not become so long.
#[test]
fn a_file_that_may_not_grow_is_no_output() {
    let folder = scratch();
    let compile = |limit: &str| {
        let mut command = Command::new("sh");
        let script = format!("ulimit -f {limit}; exec $precast compile -q $shapes -o out.cwasm");
        command.args(["-c", &script]).current_dir(&folder).stdin(Stdio::null());
        command
            .env("precast", precast().get_program())
            .env("shapes", fixture("programs/shapes.wasm"));
        run(&mut command)
    };
    compile("8").exits(1).complains(&["out.cwasm", "File too large"]);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    compile("unlimited").succeeds();
}

/// What another user has put into a cache is not taken, and a cache of another
/// user's is not used at all.
#[test]
fn what_others_have_planted_is_not_taken() {
    let folder = scratch();
    let chown = |path: &Path| std::os::unix::fs::chown(path, Some(65534), None);
    let compile = |wat: &str| {
        fs::write(folder.path().join("m.wat"), wat).expect("a file");
        let mut command = precast();
        command.current_dir(&folder).args(["compile", "m.wat", "-o", "-", "--cache", "cache"]);
        run(&mut command).exits(0)
    };
    let module =
        |value: u32| format!("(module (func (export \"f\") (result i32) i32.const {value}))");
    let (seven, eight) = (compile(&module(7)), compile(&module(8)));
    assert!(seven.stdout != eight.stdout);
    let results = folder.path().join("cache/results");
    let shards = fs::read_dir(&results).expect("a cache").flatten();
    let files = shards.flat_map(|shard| fs::read_dir(shard.path()).expect("a shard").flatten());
    let files: Vec<_> = files.map(|file| file.path()).collect();
    // The same length: an artifact of the one in place of the other's.
    let whole = files.iter().max_by_key(|file| fs::metadata(file).expect("a file").len());
    let foreign = fs::read(whole.expect("an artifact")).expect("a file");
    for file in &files {
        fs::write(file, &foreign).expect("a file");
    }
    let owned = files.iter().try_for_each(|file| chown(file));
    need_permission!(owned.is_ok(), "the system lets nobody give files away");
    assert!(compile(&module(7)).stdout == seven.stdout);
    assert!(compile(&module(8)).stdout == eight.stdout);
    chown(&results).expect("allowed");
    let refused = compile(&module(7)).complains(&["the cache is not used", "user 65534"]);
    assert!(refused.stdout == seven.stdout);
}

/// Whatever is under a final name after a kill is whole.
#[test]
fn a_killed_build_leaves_whole_files_only() {
    let folder = scratch();
    let mut names = Vec::new();
    for number in 0..24 {
        let name = format!("m{number}.wasm");
        fs::copy(fixture("programs/shapes.wasm"), folder.path().join(&name)).expect("a copy");
        names.push(name);
    }
    let command = || {
        let mut command = precast();
        command.current_dir(&folder).args(["compile", "-q", "--out-dir", "out"]);
        command.args(["--cache", "cache"]).args(&names).stderr(Stdio::null());
        command
    };
    for wait in [50, 200, 500] {
        let mut child = command().spawn().expect("a process");
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    let out = folder.path().join("out");
    let left = |entry: fs::DirEntry| (entry.file_name(), fs::read(entry.path()).expect("a file"));
    let before: Vec<_> = fs::read_dir(&out).into_iter().flatten().flatten().map(left).collect();
    run(&mut command()).succeeds();
    for (name, bytes) in before {
        assert!(fs::read(out.join(&name)).expect("an artifact") == bytes, "{name:?} was not whole");
    }
    assert_eq!(fs::read_dir(&out).expect("a folder").count(), names.len());
}
