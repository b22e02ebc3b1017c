//! Random modules under Precast, optimised and not, and under an interpreter
//! that shares no code generator with it: all must see the same results, traps
//! and final state.
//!
//! The modules of the ordinary run are always the same. For as long as one
//! likes, with new ones:
//!
//! ```sh
//! PRECAST_FUZZ_SECONDS=600 cargo test -p precast-tests --test differential -- --nocapture
//! ```
//!
//! A module that is judged differently, or that crashes the process, is left
//! in `target/tmp` under its seed; `PRECAST_FUZZ_SEED` runs a seed again,
//! `PRECAST_FUZZ_FILE` a module, in binary or text.

mod interpreter;
mod module;
mod native;
mod trace;

use precast_compiler::OptLevel;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use trace::Trace;

/// Modules of the ordinary run, in the time that a test may take.
const MODULES: u64 = 2000;

#[test]
fn random_modules_do_the_same_as_under_an_interpreter() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let totals = Totals::default();
    if let Some(file) = std::env::var_os("PRECAST_FUZZ_FILE") {
        let text = fs::read(file).expect("a readable file");
        totals.check_module(&precast_compiler::text_to_binary(&text).expect("a module"), 0);
    } else if let Some(seed) = number("PRECAST_FUZZ_SEED") {
        totals.check(seed);
    } else if let Some(seconds) = number("PRECAST_FUZZ_SECONDS") {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let end = Instant::now() + Duration::from_secs(seconds);
        totals.check_from((now.as_nanos() as u64) << 24, |_| Instant::now() < end);
    } else {
        totals.check_from(0, |count| count < MODULES);
        assert!(totals.completed.into_inner() >= MODULES / 10, "too few calls return");
        return;
    }
    println!("{totals:?}");
}

/// Numbers of modules.
#[derive(Debug, Default)]
struct Totals {
    run: AtomicU64,
    /// Those of which at least one call returned, everywhere.
    completed: AtomicU64,
    /// Those of which a limit ended the comparison early.
    cut: AtomicU64,
}

impl Totals {
    /// Checks seeds from `first` on, on all processors, while `more` of the
    /// number so far says so.
    fn check_from(&self, first: u64, more: impl Fn(u64) -> bool + Sync) {
        let next = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    loop {
                        let count = next.fetch_add(1, Ordering::Relaxed);
                        if !more(count) {
                            return;
                        }
                        self.check(first + count);
                    }
                });
            }
        });
    }

    fn check(&self, seed: u64) {
        self.check_module(&module::generate(seed), seed);
    }

    fn check_module(&self, wasm: &[u8], seed: u64) {
        // Written before, for the case that the process does not survive.
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("differential-{seed}.wasm"));
        fs::write(&file, wasm).expect("a writable folder");
        let expected = interpreter::run(wasm, seed);
        for level in [OptLevel::Speed, OptLevel::None] {
            let found = native::run(wasm, seed, level);
            if let Some(difference) = expected.difference(&found) {
                panic!("{} at {level:?}: {difference}", file.display());
            }
            self.cut.fetch_add(u64::from(found.cut && level == OptLevel::Speed), Ordering::Relaxed);
        }
        fs::remove_file(&file).expect("written above");
        self.run.fetch_add(1, Ordering::Relaxed);
        self.completed.fetch_add(u64::from(expected.completed > 0), Ordering::Relaxed);
    }
}
