//! What wasmtime made of the first modules, kept as digests, so that they can
//! be compared where wasmtime is not built.
//!
//! One line of `recorded.txt` per seed: a digest of the module, and one of the
//! trace, or `-` where a limit ended it.

use crate::trace::hash;
use crate::{module, native, totals};
#[cfg(feature = "peer")]
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

const RECORD: &str = include_str!("recorded.txt");

/// Compares Precast with the record.
pub(crate) fn check() {
    let lines: Vec<&str> = RECORD.lines().collect();
    let compared = AtomicU64::new(0);
    let more = |count| count < lines.len() as u64;
    totals::in_parallel(more, |seed| {
        let wasm = module::full(seed);
        let (module, expected) = lines[seed as usize].split_once(' ').expect("two columns");
        assert_eq!(
            module,
            format!("{:016x}", hash(&wasm)),
            "seed {seed} gives another module than when recorded.txt was written: \
             write it again, see the head of tests/differential/main.rs"
        );
        for options in native::ways(seed) {
            let found = native::run(&wasm, seed, &options);
            if found.cut > 0 || expected == "-" {
                continue;
            }
            compared.fetch_add(1, Ordering::Relaxed);
            assert_eq!(
                expected,
                format!("{:016x}", found.digest()),
                "seed {seed} with {options:?} differs from wasmtime: PRECAST_FUZZ_SEED={seed} \
                 with the feature `peer` shows where"
            );
        }
    });
    let (compared, all) = (compared.into_inner(), native::WAYS * lines.len() as u64);
    println!("{compared} of {all} runs compared with the record");
    assert!(compared > 0 && compared >= all * 9 / 10, "only {compared} of {all} can be compared");
}

/// Writes the record.
#[cfg(feature = "peer")]
pub(crate) fn record() {
    const SEEDS: u64 = 700;
    let mut text = String::new();
    for seed in 0..SEEDS {
        let wasm = module::full(seed);
        let trace = crate::peer::run(&wasm, seed);
        write!(text, "{:016x} ", hash(&wasm)).expect("text");
        match trace.cut {
            0 => writeln!(text, "{:016x}", trace.digest()),
            _ => writeln!(text, "-"),
        }
        .expect("text");
    }
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential/recorded.txt");
    std::fs::write(file, text).expect("a writable file");
}
