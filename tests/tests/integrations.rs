//! The builds of `fixtures/pipelines`, each with its own tool: a second build
//! does nothing, and after one input has changed one module is compiled.

use precast_tests::outcome::{Outcome, run};
use precast_tests::{binaries, fixture, need, scratch};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// The builds, in a folder of their own.
fn staged() -> tempfile::TempDir {
    let folder = scratch();
    let mut copy = Command::new("cp");
    run(copy.arg("-r").arg(fixture("pipelines/.")).arg(folder.path())).succeeds();
    folder
}

/// Runs a tool there, with the commands under test in `PATH`.
fn tool(folder: &Path, program: &str, args: &[&str]) -> Outcome {
    let path = std::env::var("PATH").expect("a path");
    let mut command = Command::new(program);
    command.current_dir(folder).args(args);
    command.env("PATH", format!("{}:{path}", binaries::folder().display()));
    for variable in ["MAKEFLAGS", "CARGO_MAKEFLAGS", "PRECAST_CACHE", "NO_COLOR"] {
        command.env_remove(variable);
    }
    run(&mut command).exits(0)
}

/// Lets a file be newer than all that was made of it.
fn touch(path: &Path) {
    std::thread::sleep(Duration::from_millis(20));
    let file = File::options().append(true).open(path).expect("a file");
    file.set_modified(SystemTime::now()).expect("a time");
}

/// Changes a module.
fn edit(path: &Path) {
    let text = fs::read_to_string(path).expect("a module");
    fs::write(path, text.replace("(call", "(drop (i32.const 7)) (call")).expect("a file");
    touch(path);
}

#[test]
fn make_compiles_what_has_changed() {
    need!("make");
    let folder = staged();
    let at = folder.path().join("make");
    let compiled = |args: &[&str]| tool(&at, "make", args).text().matches("compile -q").count();
    assert_eq!(compiled(&["-j2"]), 3);
    assert_eq!(compiled(&[]), 0);
    touch(&folder.path().join("src/two.wat"));
    assert_eq!(compiled(&[]), 1);
    // What precast has not written again counts as made all the same.
    assert_eq!(compiled(&[]), 0);
    fs::remove_file(at.join("out/one.cwasm")).expect("removed");
    assert_eq!(compiled(&[]), 1);
}

#[test]
fn cmake_and_ninja_compile_what_has_changed() {
    let (_, _) = (need!("cmake"), need!("ninja"));
    let folder = staged();
    let at = folder.path().join("cmake");
    tool(&at, "cmake", &["-G", "Ninja", "-B", "build"]);
    let build = || tool(&at, "cmake", &["--build", "build", "-v"]).text();
    assert_eq!(build().matches("compile -q").count(), 6);
    assert!(build().contains("no work to do"));
    edit(&folder.path().join("src/two.wat"));
    // For two targets.
    assert_eq!(build().matches("compile -q").count(), 2);
    assert!(build().contains("no work to do"));
    touch(&folder.path().join("src/one.wat"));
    assert_eq!(build().matches("compile -q").count(), 2);
    assert!(build().contains("no work to do"));
    let made = at.join("build/modules/aarch64-unknown-linux-gnu/two.cwasm");
    assert!(fs::read(made).expect("an artifact").starts_with(b"\x7fELF"));
}

#[test]
fn npm_runs_what_was_built() {
    need!("npm");
    let folder = staged();
    let at = folder.path().join("npm");
    tool(&at, "npm", &["run", "--silent", "build"]);
    let artifact = at.join("dist/one.cwasm");
    let time = || artifact.metadata().and_then(|meta| meta.modified()).expect("a time");
    let before = time();
    tool(&at, "npm", &["run", "--silent", "build"]);
    assert_eq!(time(), before);
    tool(&at, "npm", &["test", "--silent"]);
}

#[test]
fn python_reads_messages() {
    need!("python3");
    let folder = staged();
    let at = folder.path().join("python");
    let text = tool(&at, "python3", &["build.py", "../src", "dist"]).text();
    assert_eq!(text.matches(" bytes\n").count(), 3, "{text}");
    assert_eq!(fs::read_dir(at.join("dist")).expect("a folder").count(), 3);
    fs::write(folder.path().join("src/bad.wat"), "(module (func i32.add))").expect("a file");
    let path = std::env::var("PATH").expect("a path");
    let mut command = Command::new("python3");
    command.current_dir(&at).args(["build.py", "../src", "dist"]);
    command.env("PATH", format!("{}:{path}", binaries::folder().display()));
    let outcome = run(&mut command).exits(1);
    assert!(outcome.text().contains("bad.wat: error: "), "{}", outcome.text());
}

/// What a registry would be given. That it builds there is not tried.
#[test]
fn every_crate_can_be_packaged() {
    let target = scratch();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(precast_tests::root()).args(["package", "--workspace", "--no-verify"]);
    cargo.args(["--offline", "--allow-dirty", "--exclude", "precast-tests"]);
    cargo.args(["--exclude", "precast-benches", "--target-dir"]).arg(target.path());
    run(&mut cargo).exits(0);
    let made = fs::read_dir(target.path().join("package")).expect("a folder").flatten();
    let crates = made.filter(|entry| entry.path().extension().is_some_and(|e| e == "crate"));
    assert_eq!(crates.count(), 7);
}
