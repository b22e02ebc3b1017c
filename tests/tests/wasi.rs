//! The WASI guests of `fixtures/wasi`: for every function its successes and
//! every errno that can be provoked, and escapes from a preopen.

use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, run_file, scratch};
use std::fs;
use std::path::Path;

/// Runs a guest in both memory models.
fn guest(name: &str) {
    let file = |extension| fixture(&format!("wasi/{name}.{extension}"));
    for model in ["guard", "bounds"] {
        let start = || {
            let mut command = precast();
            command.args(["run", "--memory-model", model]);
            command
        };
        run_file::follow(&file("run"), &file("wasm"), &start);
    }
}

macro_rules! guests {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            guest(stringify!($name));
        })*

        const GUESTS: &[&str] = &[$(stringify!($name)),*];
    };
}

guests!(
    args, escape, exit, fd, file, misc, open, path, poll, preview0, readdir, readonly, ruststd,
    sock, trap,
);

#[test]
fn grants_that_lead_to_processes_are_noted() {
    let note = |dir: &Path| {
        let mut command = precast();
        command.arg("run").arg("--dir").arg(dir).arg(fixture("wasi/exit.wasm")).arg("0");
        run(&mut command).exits(0).stderr.clone()
    };
    assert!(note(Path::new("/")).contains("note: --dir / grants /proc,"));
    assert!(
        note(Path::new("/proc/self/task")).contains("note: --dir /proc/self/task grants /proc/")
    );
    assert_eq!(note(scratch().path()), "");
}

#[test]
fn every_guest_is_listed() {
    let entries = fs::read_dir(fixture("wasi")).expect("the fixtures");
    let names = entries.map(|entry| entry.expect("a readable folder").path());
    let mut runs: Vec<String> = names
        .filter(|path| path.extension().is_some_and(|e| e == "run"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    runs.sort();
    assert_eq!(runs, GUESTS);
}
