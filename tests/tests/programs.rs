//! The programs of `fixtures/programs`, each in every way that a program can
//! be run: from its module through the cache, from an artifact, without
//! optimisation, by the short form, by the loader alone.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{run, run_with_input};
use precast_tests::{fixture, run_file, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAMS: [&str; 4] = ["hello", "inventory", "shapes", "words"];

fn module(name: &str) -> PathBuf {
    fixture(&format!("programs/{name}.wasm"))
}

fn follow(name: &str, program: &Path, start: &dyn Fn() -> Command) {
    run_file::follow(&fixture(&format!("programs/{name}.run")), program, start);
}

/// Compiles a program with these options into a folder.
fn compile(name: &str, options: &[&str], folder: &Path) -> PathBuf {
    let artifact = folder.join(format!("{name}.cwasm"));
    let mut command = precast();
    command.arg("compile").arg(module(name)).arg("-o").arg(&artifact).args(options);
    run(&mut command).exits(0);
    artifact
}

fn precast_with(first: &'static str) -> impl Fn() -> Command {
    move || {
        let mut command = precast();
        command.arg(first);
        command
    }
}

/// From the module: compiled into the cache, then from the cache.
fn runs_from_its_module(name: &str) {
    follow(name, &module(name), &precast_with("run"));
}

#[test]
fn hello_runs_from_its_module() {
    runs_from_its_module("hello");
}

#[test]
fn c_runs_from_its_module() {
    runs_from_its_module("words");
}

#[test]
fn cpp_runs_from_its_module() {
    runs_from_its_module("shapes");
}

#[test]
fn rust_runs_from_its_module() {
    runs_from_its_module("inventory");
}

#[test]
fn artifacts_run_by_precast() {
    let folder = scratch();
    for name in PROGRAMS {
        follow(name, &compile(name, &[], folder.path()), &precast_with("run"));
    }
}

#[test]
fn artifacts_run_by_precast_run() {
    let folder = scratch();
    for name in PROGRAMS {
        follow(name, &compile(name, &[], folder.path()), &precast_run);
    }
}

#[test]
fn unoptimised_artifacts_do_the_same() {
    let folder = scratch();
    for name in PROGRAMS {
        follow(name, &compile(name, &["-O0"], folder.path()), &precast_run);
    }
}

#[test]
fn artifacts_in_little_address_space_do_the_same() {
    let folder = scratch();
    let models = [
        ["--memory-model=bounds", "-O"],
        ["--memory-model=bounds", "--memory-reservation=64MiB"],
        ["--memory-model=guard", "--memory-reservation=64MiB"],
        ["--memory-model=bounds", "-O0"],
    ];
    for (name, options) in PROGRAMS.iter().flat_map(|name| models.iter().map(move |o| (name, o))) {
        follow(name, &compile(name, options, folder.path()), &precast_run);
    }
}

/// Each optimisation that can be left out, left out alone.
#[test]
fn every_optimisation_can_be_left_out() {
    let folder = scratch();
    let unknown =
        precast().args(["compile", "--disable", "no-such-thing"]).arg(module("hello")).output();
    let message = String::from_utf8(unknown.expect("precast starts").stderr).expect("text");
    let (_, names) = message.split_once("[possible values: ").expect("a list of them");
    let (names, _) = names.split_once(']').expect("the end of the list");
    let names: Vec<&str> = names.split(", ").collect();
    assert!(names.len() >= 5, "{message}");
    for name in names {
        let artifact = compile("shapes", &["--disable", name], folder.path());
        follow("shapes", &artifact, &precast_run);
    }
}

#[test]
fn artifacts_run_with_everything_this_cpu_has() {
    let folder = scratch();
    for name in PROGRAMS {
        follow(name, &compile(name, &["--cpu", "native"], folder.path()), &precast_run);
    }
}

#[test]
fn run_is_the_default_command() {
    let folder = scratch();
    let hello = compile("hello", &[], folder.path());
    run(precast().arg(&hello)).succeeds().prints("hello, world\n");
    run(precast().arg(&hello).arg("you")).succeeds().prints("hello, you\n");
    run(precast().arg(module("hello"))).succeeds().prints("hello, world\n");
    // Options come first, too.
    run(precast().args(["--env", "A=b"]).arg(&hello)).succeeds().prints("hello, world\n");
}

#[test]
fn text_runs_as_it_is() {
    let text = fixture("programs/hello.wat");
    run(precast().arg("run").arg(&text)).succeeds().prints("hello from text\n");
}

#[test]
fn an_artifact_can_go_through_standard_output() {
    let folder = scratch();
    let artifact = folder.path().join("hello.cwasm");
    let written = run(precast().args(["compile", "-o", "-"]).arg(module("hello"))).succeeds();
    std::fs::write(&artifact, &written.stdout).expect("a writable folder");
    run(precast_run().arg(&artifact)).succeeds().prints("hello, world\n");
    // The same bytes as into a file.
    let other = compile("hello", &[], folder.path());
    assert_eq!(written.stdout, std::fs::read(other).expect("the artifact"));
}

#[test]
fn a_module_can_come_from_standard_input() {
    let wasm = std::fs::read(module("hello")).expect("the fixture");
    let from_input = run_with_input(precast().args(["compile", "-"]), &wasm).succeeds();
    let from_file = run(precast().args(["compile", "-o", "-"]).arg(module("hello"))).succeeds();
    assert_eq!(from_input.stdout, from_file.stdout);
    let text = std::fs::read(fixture("programs/hello.wat")).expect("the fixture");
    let from_text = run_with_input(precast().args(["compile", "-"]), &text).succeeds();
    assert!(from_text.stdout.starts_with(b"\x7fELF"));
}

#[test]
fn the_cache_keeps_one_artifact_per_module_and_options() {
    let folder = scratch();
    let cache = folder.path().join("deep/cache");
    let hello = |options: &[&str]| {
        let mut command = precast();
        command.env("PRECAST_CACHE", &cache).arg("run").args(options).arg(module("hello"));
        run(&mut command).succeeds().prints("hello, world\n");
        std::fs::read_dir(&cache).map_or(0, |entries| entries.count())
    };
    assert_eq!(hello(&["--no-cache"]), 0);
    assert_eq!(hello(&[]), 1);
    assert_eq!(hello(&[]), 1);
    assert_eq!(hello(&["-O0"]), 2);
    assert_eq!(hello(&["--cpu", "baseline"]), 3);
    // The folder of the user's is the one by default.
    let home = folder.path().join("home");
    let mut command = precast();
    command.env_remove("PRECAST_CACHE").env("XDG_CACHE_HOME", &home).arg(module("hello"));
    run(&mut command).succeeds().prints("hello, world\n");
    assert_eq!(std::fs::read_dir(home.join("precast")).expect("a cache folder").count(), 1);
}

#[test]
fn an_unusable_cache_is_no_obstacle() {
    let folder = scratch();
    let file = folder.path().join("file");
    std::fs::write(&file, "in the way").expect("a writable folder");
    let mut command = precast();
    command.env("PRECAST_CACHE", file.join("cache")).arg("run").arg(module("hello"));
    let outcome = run(&mut command).exits(0).prints("hello, world\n");
    outcome.complains(&["note: the cache is not used", "file/cache"]);
}

#[test]
fn recorded_hashes_are_those_of_the_modules() {
    let list = std::fs::read_to_string(fixture("programs/SHA256SUMS")).expect("the list");
    for name in PROGRAMS {
        let folder = scratch();
        let artifact = compile(name, &["-O0"], folder.path());
        let report = run(precast().args(["inspect", "--json"]).arg(&artifact)).succeeds();
        let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
        // What an artifact says of its source is the hash of that file.
        let hash = report["source_sha256"].as_str().expect("a hash");
        let line = format!("{hash}  ./{name}.wasm");
        assert!(list.lines().any(|known| known == line), "{line} is not in SHA256SUMS");
    }
}
