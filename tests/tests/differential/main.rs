//! Random modules under Precast, optimised and not, in both memory models, and
//! under others: all must see the same results, traps, exceptions and final
//! state.
//!
//! | judge | modules | when |
//! |-|-|-|
//! | wasmi, an interpreter that shares no code generator with Precast | of what it knows | always |
//! | wasmtime 48, by the digests in `recorded.txt` | of everything | always |
//! | wasmtime 48 itself | of everything | with the feature `peer` |
//!
//! The modules of the ordinary run are always the same. For as long as one
//! likes, with new ones, under all judges (building wasmtime takes minutes):
//!
//! ```sh
//! PRECAST_FUZZ_SECONDS=1800 cargo test -p precast-tests --features peer \
//!     --test differential -- --nocapture
//! ```
//!
//! `PRECAST_FUZZ_THREADS` says on how many threads. A module that is judged
//! differently, or that crashes the process, is left in `target/tmp` under its
//! seed; `PRECAST_FUZZ_SEED` runs a seed again, `PRECAST_FUZZ_FILE` a module,
//! in binary or text. `PRECAST_FUZZ_RECORD=1` writes `recorded.txt`, which must
//! be done when the generator of modules changes.
//!
//! `tests/fuzz` has the same property as a target for `cargo fuzz`.

mod interpreter;
mod module;
mod native;
#[cfg(feature = "peer")]
mod peer;
mod recorded;
mod totals;
mod trace;

use std::time::{Duration, Instant, SystemTime};
use totals::{Judge, Totals};

/// Modules of the ordinary run under the interpreter, in the time that a test
/// may take.
const MODULES: u64 = 700;

/// Numbers of what the fuzz target has found, which no other test uses.
const SEEDS: u64 = 1 << 40;

#[test]
fn random_modules_do_the_same_as_under_an_interpreter() {
    if longer(Judge::Interpreter) {
        return;
    }
    let totals = Totals::new(Judge::Interpreter);
    totals.check_from(0, |count| count < MODULES);
    println!("{totals}");
    assert!(totals.calls() >= MODULES / 2, "too few calls return: {totals}");
}

#[test]
fn seeds_of_the_fuzz_target_do_the_same() {
    if std::env::vars().any(|(name, _)| name.starts_with("PRECAST_FUZZ_")) {
        return;
    }
    let totals = Totals::new(Judge::Interpreter);
    let folder = precast_tests::fixture("fuzz/differential");
    let mut seeds: Vec<_> = folder.read_dir().expect("the seeds").collect();
    seeds.sort_by_key(|seed| seed.as_ref().map(|seed| seed.path()).ok());
    for (seed, number) in seeds.into_iter().zip(SEEDS..) {
        let bytes = std::fs::read(seed.expect("a readable folder").path()).expect("a file");
        if let Some(wasm) = module::from_bytes(module::plain_config(true), &bytes) {
            totals.check_module(&wasm, number);
        }
    }
    println!("{totals}");
    assert!(totals.calls() >= 20, "too few calls return: {totals}");
}

#[test]
fn random_modules_do_the_same_as_in_the_record() {
    if std::env::vars().all(|(name, _)| !name.starts_with("PRECAST_FUZZ_")) {
        recorded::check();
    }
}

#[cfg(feature = "peer")]
#[test]
fn random_modules_do_the_same_as_under_wasmtime() {
    if number("PRECAST_FUZZ_RECORD").is_some() {
        return recorded::record();
    }
    if longer(Judge::Peer) {
        return;
    }
    let totals = Totals::new(Judge::Peer);
    totals.check_from(1 << 32, |count| count < MODULES);
    println!("{totals}");
    assert!(totals.calls() >= MODULES, "too few calls return: {totals}");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// What the environment asks for instead of the ordinary run.
fn longer(judge: Judge) -> bool {
    let totals = Totals::new(judge);
    if let Some(file) = std::env::var_os("PRECAST_FUZZ_FILE") {
        let text = std::fs::read(file).expect("a readable file");
        totals.check_module(&precast_compiler::text_to_binary(&text).expect("a module"), 0);
    } else if let Some(seed) = number("PRECAST_FUZZ_SEED") {
        totals.check(seed);
    } else if let Some(seconds) = number("PRECAST_FUZZ_SECONDS") {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let end = Instant::now() + Duration::from_secs(seconds);
        totals.check_from((now.as_nanos() as u64) << 24, |_| Instant::now() < end);
    } else {
        return false;
    }
    println!("{totals}");
    true
}
