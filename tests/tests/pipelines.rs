//! What build systems rely on.

use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, scratch};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Runs a command of `precast` in a folder.
fn precast_in(folder: &Path, args: &[&str]) -> Outcome {
    run(precast().current_dir(folder).args(args))
}

/// A folder with a program in it, `app.wasm`.
fn with_program() -> tempfile::TempDir {
    let folder = scratch();
    fs::copy(fixture("programs/hello.wasm"), folder.path().join("app.wasm")).expect("a copy");
    folder
}

fn state(path: &Path) -> (u64, i64, i64) {
    let meta = fs::metadata(path).expect("a file");
    (meta.ino(), meta.mtime(), meta.mtime_nsec())
}

#[test]
fn an_output_that_would_not_change_is_not_touched() {
    let folder = with_program();
    let artifact = folder.path().join("app.cwasm");
    precast_in(folder.path(), &["compile", "app.wasm"]).succeeds();
    let before = state(&artifact);
    precast_in(folder.path(), &["compile", "app.wasm", "-j1"]).succeeds();
    assert_eq!(state(&artifact), before);
    precast_in(folder.path(), &["compile", "app.wasm", "-O0"]).succeeds();
    assert_ne!(state(&artifact), before);
    // Of the same length, but not the same.
    let bytes = fs::read(&artifact).expect("the artifact");
    let mut other = bytes.clone();
    *other.last_mut().expect("bytes") ^= 1;
    fs::write(&artifact, other).expect("the artifact");
    precast_in(folder.path(), &["compile", "app.wasm", "-O0"]).succeeds();
    assert!(fs::read(&artifact).expect("the artifact") == bytes);
}

#[test]
fn a_depfile_is_a_rule_that_make_reads() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    let name = "a $pace #1.wasm";
    fs::copy(fixture("programs/hello.wasm"), at(name)).expect("a copy");
    let args = ["compile", name, "-o", "app.cwasm", "--depfile", "app.d"];
    precast_in(folder.path(), &args).succeeds();
    let rule = fs::read_to_string(at("app.d")).expect("the rule");
    assert_eq!(rule, "app.cwasm: a\\ $$pace\\ \\#1.wasm\na\\ $$pace\\ \\#1.wasm:\n");
    need!("make");
    fs::write(at("Makefile"), "include app.d\napp.cwasm:\n\t@echo again\n").expect("a file");
    let make = || run(Command::new("make").current_dir(&folder).arg("app.cwasm"));
    assert!(!make().succeeds().text().contains("again"));
    let old = fs::File::options().append(true).open(at("app.cwasm")).expect("the artifact");
    old.set_modified(std::time::UNIX_EPOCH).expect("a time");
    assert_eq!(make().succeeds().text(), "again\n");
    for wrong in [["-", "-o", "app.cwasm"], [name, "-o", "-"]] {
        let words = [&["compile", "--depfile", "app.d"], &wrong[..]].concat();
        precast_in(folder.path(), &words).exits(2).complains(&["--depfile"]);
    }
}

#[test]
fn check_writes_nothing() {
    let folder = with_program();
    let names = || fs::read_dir(folder.path()).expect("a folder").count();
    precast_in(folder.path(), &["compile", "--check", "app.wasm"]).succeeds();
    assert_eq!(names(), 1);
    precast_in(folder.path(), &["compile", "--check", "app.wasm", "-o", "app.cwasm"]).exits(2);
    fs::write(folder.path().join("app.wasm"), b"\0asm\x01\0\0\0\x0a\x05").expect("a file");
    precast_in(folder.path(), &["compile", "--check", "app.wasm"])
        .exits(1)
        .complains(&["app.wasm"]);
    assert_eq!(names(), 1);
}

#[test]
fn more_threads_than_make_sense_are_not_started() {
    let folder = with_program();
    let outcome = precast_in(folder.path(), &["compile", "app.wasm", "-j", "100000"]).exits(0);
    outcome.complains(&["threads in place of 100000"]);
}

#[test]
fn an_artifact_is_verified_against_its_module() {
    let folder = with_program();
    let at = |name: &str| folder.path().join(name);
    let verify = |artifact: &str| precast_in(folder.path(), &["verify", artifact, "app.wasm"]);
    let sets: [&[&str]; 5] = [
        &[],
        &["-O0", "-g"],
        &["-O", "--disable", "br-table-chain", "--features", "all,-tail-call"],
        &["--memory-model", "bounds", "--memory-reservation", "1MiB"],
        &["--target", "riscv64gc-unknown-linux-gnu", "--cpu-feature", "+zba"],
    ];
    for options in sets {
        let compile = [&["compile", "-q", "app.wasm", "-o", "app.cwasm"], options].concat();
        precast_in(folder.path(), &compile).exits(0);
        verify("app.cwasm").succeeds().prints("app.cwasm is what app.wasm compiles to\n");
    }
    // A byte of a function's code.
    precast_in(folder.path(), &["compile", "-q", "app.wasm"]).succeeds();
    let report = precast_in(folder.path(), &["inspect", "--json", "app.cwasm"]).succeeds().text();
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let sections = report["sections"].as_array().expect("sections");
    let text = sections.iter().find(|section| section["name"] == ".text").expect("code");
    let mut bytes = fs::read(at("app.cwasm")).expect("the artifact");
    bytes[text["offset"].as_u64().expect("a number") as usize] ^= 1;
    fs::write(at("changed.cwasm"), bytes).expect("a file");
    verify("changed.cwasm").exits(1).complains(&["changed.cwasm", "the code of "]);
    // Another module.
    fs::copy(fixture("programs/words.wasm"), at("app.wasm")).expect("a copy");
    verify("app.cwasm").exits(1).complains(&["another module"]);
}

#[test]
fn a_difference_is_shown_by_function() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    let module = |body: &str| {
        let two = "(func $two (export \"two\") (result i32) i32.const 2)";
        format!("(module (func $one (export \"one\") (result i32) {body}) {two})")
    };
    fs::write(at("a.wat"), module("i32.const 1")).expect("a file");
    fs::write(at("b.wat"), module("i32.const 7 i32.const 9 i32.const 0 i32.div_s i32.add"))
        .expect("a file");
    for name in ["a.wat", "b.wat"] {
        precast_in(folder.path(), &["compile", "-q", name]).succeeds();
    }
    let same = precast_in(folder.path(), &["diff", "a.cwasm", "a.cwasm"]);
    same.succeeds().prints("the artifacts are the same\n");
    let text = precast_in(folder.path(), &["diff", "a.cwasm", "b.cwasm"]).exits(1).text();
    assert!(text.contains(" one\n") && !text.contains(" two\n"), "{text}");
    assert!(text.contains("1 functions of another size"), "{text}");
    let json = precast_in(folder.path(), &["diff", "--json", "a.cwasm", "b.cwasm"]).exits(1).text();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["same"], false);
    assert_eq!(json["functions"].as_array().map(Vec::len), Some(1));
}

#[test]
fn manual_pages_are_printed() {
    let folder = scratch();
    let page = |args: &[&str]| precast_in(folder.path(), args).succeeds().text();
    assert!(page(&["man"]).contains(".TH precast 1"));
    let compile = page(&["man", "compile"]);
    assert!(compile.contains(".SH OPTIONS") && compile.contains("out\\-dir"), "{compile}");
    precast_in(folder.path(), &["man", "nonsense"]).exits(2).complains(&["no command"]);
}

#[test]
fn prefixes_that_were_replaced_are_given_again() {
    let folder = with_program();
    let compile = ["compile", "-q", "-g", "app.wasm", "--remap-path-prefix", "/work=/src"];
    precast_in(folder.path(), &compile).exits(0);
    let verify = |more: &[&str]| {
        precast_in(folder.path(), &[&["verify", "app.cwasm", "app.wasm"], more].concat())
    };
    verify(&["--remap-path-prefix", "/work=/src"]).exits(0);
    verify(&[]).exits(2).complains(&["--remap-path-prefix", "1 times"]);
}
