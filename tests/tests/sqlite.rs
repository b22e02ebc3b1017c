//! SQLite where the system has no locks: `fixtures/sqlite/steps.c`, built for
//! this machine and as a guest, does the same step by step.
//!
//! `fixtures/fetch.sh sqlite` fetches SQLite's source.

use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, need, need_that, scratch};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What WASI's libc lacks is left out natively as well: threads, libraries that
/// are loaded, and the modes of temporary files, which it would ask for.
const FLAGS: [&str; 3] =
    ["-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_TEMP_STORE=3"];

fn steps(command: &mut Command, folder: &Path) -> Vec<String> {
    fs::create_dir(folder).expect("a new folder");
    let outcome = run(command.current_dir(folder)).succeeds();
    assert_eq!(folder.read_dir().expect("a folder").count(), 0, "everything was removed");
    outcome.text().lines().map(str::to_owned).collect()
}

#[test]
fn locks_and_journals_are_those_of_native_sqlite() {
    need!("cc");
    need!("clang-19");
    let archive = fixture("real/sqlite/deps/sqlite-autoconf-3440200.tar.gz");
    need_that!(archive.exists(), "needs SQLite: fixtures/fetch.sh sqlite");
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    run(Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(folder.path())).exits(0);
    let source = at("sqlite-autoconf-3440200");
    let build = |compiler: &mut Command, out: &str| {
        compiler.args(FLAGS).arg("-I").arg(&source).arg(fixture("sqlite/steps.c"));
        run(compiler.arg(source.join("sqlite3.c")).arg("-o").arg(at(out)).arg("-lm")).exits(0);
    };
    std::thread::scope(|scope| {
        scope.spawn(|| build(&mut Command::new("cc"), "steps"));
        build(Command::new("clang-19").args(["--target=wasm32-wasi", "-O1"]), "steps.wasm");
    });
    let native = steps(&mut Command::new(at("steps")), &at("native"));
    let mut guest = precast();
    guest.args(["run", "--dir", "."]).arg(at("steps.wasm"));
    let guest = steps(&mut guest, &at("guest"));
    assert!(native.len() > 400, "{} steps", native.len());
    assert!(native.iter().any(|line| line.ends_with("= database is locked")));
    for (native, guest) in native.iter().zip(&guest) {
        assert_eq!(native, guest);
    }
    assert_eq!(native.len(), guest.len());
}
