//! What was compiled before is not compiled again, and nobody can tell by the
//! bytes.

use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// Compiles an input in a folder, with a cache there or none. Gives the bytes,
/// and how many functions the cache had.
fn compile(folder: &Path, cache: Option<&str>, args: &[&str]) -> (Vec<u8>, usize) {
    let mut command = precast();
    command.current_dir(folder).args(["compile", "-q", "--timings", "-o", "-"]).args(args);
    if let Some(cache) = cache {
        command.args(["--cache", cache]);
    }
    let outcome = run(&mut command).exits(0);
    let said = outcome.stderr.split(" from the cache").next().unwrap_or_default();
    let hits = match outcome.stderr.contains(" from the cache") {
        true => said.rsplit(' ').next().expect("a word").parse().expect("a number"),
        false => 0,
    };
    (outcome.stdout, hits)
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    fs::write(folder.join(name), text).expect("a file");
    name.to_owned()
}

/// The files of a cache.
fn entries(cache: &Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(cache.join("results")).expect("a cache");
    let files = shards.flat_map(|shard| fs::read_dir(shard.expect("a shard").path()).expect("it"));
    files.map(|file| file.expect("a file").path()).collect()
}

#[test]
fn with_and_without_cache_the_bytes_are_the_same() {
    let folder = scratch();
    let program = fixture("programs/inventory.wasm");
    let program = program.to_str().expect("a path");
    let sets: [&[&str]; 7] = [
        &[],
        &["-O0"],
        &["-O3"],
        &["-Os", "--target", "aarch64-unknown-linux-gnu"],
        &["-O0", "-g"],
        &["-O2", "-g", "--target", "riscv64gc-unknown-linux-gnu"],
        &["--cpu", "x86-64-v2,x86-64-v3", "--target", "x86_64-unknown-linux-gnu"],
    ];
    for options in sets {
        let args = [&[program], options].concat();
        let (plain, none) = compile(folder.path(), None, &args);
        let (cold, few) = compile(folder.path(), Some("cache"), &args);
        let (warm, all) = compile(folder.path(), Some("cache"), &args);
        assert!(plain == cold && plain == warm, "{options:?}");
        assert!(none == 0 && all > few && all > 100, "{options:?}: {none}, {few}, {all}");
        let (again, hits) = compile(folder.path(), Some("cache"), &[&args[..], &["-j1"]].concat());
        assert!(plain == again && hits == all, "{options:?}");
    }
}

/// Of each pair the second differs from the first in one place, which shapes the
/// code of functions elsewhere.
const EDITS: [(&str, &str, &str); 9] = [
    ("a body", "i32.const 7", "i32.const 8"),
    ("a constant global", "i32.const 100", "i32.const 101"),
    ("a global that is written", "(func $free)", "(func $free (global.set $g (i32.const 1)))"),
    (
        "a table that is touched",
        "(func $free)",
        "(func $free (table.set 0 (i32.const 0) (ref.null func)))",
    ),
    ("the size of a table", "(table 4 4", "(table 5 5"),
    ("the size of a memory", "(memory 1)", "(memory 1 1)"),
    ("an imported memory", "(memory 1)", "(memory (import \"a\" \"b\") 1)"),
    ("a function with a reference", "(elem declare func $one)", "(elem declare func $two)"),
    ("a type", "(type $t (func (result i32)))", "(type $u (func)) (type $t (func (result i32)))"),
];

const MODULE: &str = r#"(module
    (type $t (func (result i32)))
    (memory 1)
    (table 4 4 funcref)
    (global $g (mut i32) (i32.const 100))
    (elem (i32.const 0) func $one $two)
    (elem declare func $one)
    (func $one (type $t) i32.const 7)
    (func $two (type $t) (i32.add (global.get $g) (call $one)))
    (func $three (export "three") (result i32)
        (i32.add (call_indirect (type $t) (i32.const 1)) (i32.load (i32.const 8))))
    (func $four (export "four") (param i32) (result i32)
        (i32.store (i32.const 8) (local.get 0)) (i32.mul (call $two) (call $three)))
    (func $free)
    (export "free" (func $free)))"#;

#[test]
fn a_change_anywhere_is_seen_wherever_it_matters() {
    let folder = scratch();
    for options in [&[][..], &["-O3"], &["-O0"], &["--disable", "private-tables"]] {
        let cache = format!("cache{}", options.join(""));
        let before = file(folder.path(), "module.wat", MODULE);
        let args = [&[before.as_str()], options].concat();
        compile(folder.path(), Some(&cache), &args);
        for (what, from, to) in EDITS {
            assert!(MODULE.contains(from), "{what}");
            file(folder.path(), "module.wat", &MODULE.replacen(from, to, 1));
            let (plain, _) = compile(folder.path(), None, &args);
            let (cached, _) = compile(folder.path(), Some(&cache), &args);
            assert!(plain == cached, "{what} with {options:?}");
        }
    }
    // One body: all others are there already, but for those that inline it: `$two`,
    // `$three`, whose call through the table may reach it, and by them `$four`.
    let direct = &["--disable", "inline-indirect"][..];
    for (options, number, others) in
        [(&[][..], 9, 1), (direct, 10, 2), (&["--disable", "inline"], 11, 4)]
    {
        let args = [&["module.wat"], options].concat();
        file(folder.path(), "module.wat", MODULE);
        compile(folder.path(), Some("cache"), &args);
        let (_, all) = compile(folder.path(), Some("cache"), &args);
        let changed = MODULE.replace("i32.const 7", &format!("i32.const {number}"));
        file(folder.path(), "module.wat", &changed);
        let (_, hits) = compile(folder.path(), Some("cache"), &args);
        assert_eq!((all, hits), (5, others), "{options:?}");
    }
}

#[test]
fn damage_is_noticed_and_mended() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    let program = fixture("programs/shapes.wasm");
    let program = program.to_str().expect("a path");
    let (plain, _) = compile(folder.path(), None, &[program]);
    compile(folder.path(), Some("cache"), &[program]);
    let (_, all) = compile(folder.path(), Some("cache"), &[program]);
    for (number, entry) in entries(&at("cache")).into_iter().enumerate() {
        let mut bytes = fs::read(&entry).expect("an entry");
        match number % 4 {
            0 => bytes.clear(),
            1 => bytes.truncate(bytes.len() / 2),
            2 => *bytes.first_mut().expect("bytes") ^= 1,
            _ => bytes.fill(0),
        }
        fs::write(&entry, bytes).expect("an entry");
    }
    let (mended, none) = compile(folder.path(), Some("cache"), &[program]);
    let (again, hits) = compile(folder.path(), Some("cache"), &[program]);
    assert!(mended == plain && again == plain);
    assert_eq!((none, hits), (0, all));
    // Another could have written these.
    for entry in entries(&at("cache")) {
        fs::set_permissions(entry, fs::Permissions::from_mode(0o622)).expect("allowed");
    }
    let (again, none) = compile(folder.path(), Some("cache"), &[program]);
    assert!(again == plain && none == 0);
    fs::set_permissions(at("cache"), fs::Permissions::from_mode(0o777)).expect("allowed");
    let mut command = precast();
    command.current_dir(&folder).args(["compile", "-o", "-", "--cache", "cache", program]);
    let outcome =
        run(&mut command).exits(0).complains(&["the cache is not used", "others can write"]);
    assert!(outcome.stdout == plain);
}

fn start(folder: &Path, program: &Path, number: usize) -> Child {
    let mut command = precast();
    command.current_dir(folder).args(["compile", "-q", "-j1", "--cache", "cache"]).arg(program);
    command.arg("-o").arg(format!("{number}.cwasm")).stderr(Stdio::piped());
    command.spawn().expect("a process")
}

#[test]
fn a_hundred_processes_share_a_cache() {
    let folder = scratch();
    let program = fixture("programs/shapes.wasm");
    let (plain, _) = compile(folder.path(), None, &[program.to_str().expect("a path")]);
    // Ten at a time: they have to meet, not to fill the machine.
    for batch in 0..10 {
        let numbers = batch * 10..batch * 10 + 10;
        let started: Vec<Child> =
            numbers.clone().map(|number| start(folder.path(), &program, number)).collect();
        // One of them does not come to its end.
        for (child, number) in started.into_iter().zip(numbers) {
            let mut child = child;
            if number % 10 == 3 {
                child.kill().expect("it can be killed");
                child.wait().expect("it ends");
                continue;
            }
            let output = child.wait_with_output().expect("it ends");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let made = fs::read(folder.path().join(format!("{number}.cwasm")));
            assert!(made.expect("an artifact") == plain, "{number}");
        }
    }
    for entry in fs::read_dir(folder.path()).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        let name = name.to_string_lossy();
        assert!(name == "cache" || name.ends_with(".cwasm"), "{name} was left");
    }
    let whole = entries(&folder.path().join("cache"));
    assert!(whole.iter().all(|entry| !entry.to_string_lossy().contains(".new-")), "{whole:?}");
}

#[test]
fn the_cache_is_bounded_and_can_be_shown_pruned_and_cleared() {
    let folder = scratch();
    let command = |args: &[&str]| -> Outcome {
        let mut command = precast();
        command.current_dir(&folder).env("PRECAST_CACHE", "cache").args(args);
        run(&mut command).succeeds()
    };
    let bytes = || -> u64 {
        let sizes = entries(&folder.path().join("cache")).into_iter();
        sizes.map(|entry| entry.metadata().expect("an entry").len()).sum()
    };
    let program = fixture("programs/inventory.wasm");
    let program = program.to_str().expect("a path");
    command(&["compile", program, "-o", "a.cwasm"]);
    let full = bytes();
    // The artifact is there whole: nothing is compiled.
    fs::remove_file(folder.path().join("a.cwasm")).expect("removed");
    command(&["compile", program, "-o", "a.cwasm"]);
    assert_eq!(bytes(), full);
    let stats = command(&["cache", "stats"]).text();
    assert!(stats.contains(&format!("bytes: {full} of ")), "{stats}");
    let removed = command(&["cache", "prune", "--size", "64k"]).text();
    assert!(removed.starts_with("removed ") && bytes() <= 64 << 10, "{removed}");
    // A bound of its own, which it keeps.
    let mut small = precast();
    small.current_dir(&folder).envs([("PRECAST_CACHE", "cache"), ("PRECAST_CACHE_SIZE", "100k")]);
    run(small.args(["compile", program, "-O0", "-o", "b.cwasm"])).succeeds();
    assert!(bytes() <= 100 << 10, "{}", bytes());
    command(&["cache", "clear"]);
    assert_eq!(bytes(), 0);
}
