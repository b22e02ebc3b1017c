//! What users install, built and installed where nothing else is: wheels, npm
//! packages, the library with its pkg-config file, crates.

mod library;
mod npm;
mod wheels;

use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, scratch};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// A command that finds only these programs and the system's, and nothing of
/// whoever started the test.
fn clean(program: impl AsRef<Path>, bin: &Path, home: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_clear().env("HOME", home).current_dir(home).stdin(Stdio::null());
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    command
}

/// Compiles and runs with the commands in a folder.
fn commands_work(bin: &Path) {
    let home = scratch();
    let start = |program: &str, args: &[&str]| -> Outcome {
        run(clean(bin.join(program), bin, home.path()).args(args))
    };
    fs::copy(fixture("programs/hello.wasm"), home.path().join("hello.wasm")).expect("a copy");
    start("precast", &["compile", "-q", "hello.wasm"]).succeeds();
    start("precast-run", &["hello.cwasm"]).succeeds().prints("hello, world\n");
    // The loader is found beside the compiler.
    start("precast", &["compile", "-q", "--emit", "exe", "hello.wasm"]).succeeds();
    run(&mut clean(home.path().join("hello"), bin, home.path())).prints("hello, world\n");
    // Exit codes and standard input pass through whatever starts the programs.
    start("precast", &["compile", "-q", "absent.wasm"]).exits(1).complains(&["absent.wasm"]);
    start("precast", &["nonsense-command"]).exits(2);
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
    assert_eq!(crates.count(), 9);
}
