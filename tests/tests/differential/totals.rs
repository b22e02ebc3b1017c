//! Runs modules, compares, and counts.

use crate::trace::Trace;
use crate::{interpreter, module, native, number};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who says what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judge {
    Interpreter,
    #[cfg(feature = "peer")]
    Peer,
}

impl Judge {
    fn generate(self, seed: u64) -> Vec<u8> {
        match self {
            Self::Interpreter => module::plain(seed),
            #[cfg(feature = "peer")]
            Self::Peer => module::full(seed),
        }
    }

    fn run(self, wasm: &[u8], seed: u64) -> Trace {
        match self {
            Self::Interpreter => interpreter::run(wasm, seed),
            #[cfg(feature = "peer")]
            Self::Peer => crate::peer::run(wasm, seed),
        }
    }
}

/// What was run under a judge.
#[derive(Debug)]
pub(crate) struct Totals {
    judge: Judge,
    modules: AtomicU64,
    completed: AtomicU64,
    cut: AtomicU64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [modules, completed, cut] =
            [&self.modules, &self.completed, &self.cut].map(|n| n.load(Ordering::Relaxed));
        write!(
            f,
            "{:?}: {modules} modules, {completed} calls returned, limits ended {cut}",
            self.judge
        )?;
        #[cfg(feature = "peer")]
        if self.judge == Judge::Peer {
            let operators = crate::peer::OPERATORS.load(Ordering::Relaxed);
            write!(f, "; {operators} operators were run")?;
        }
        Ok(())
    }
}

impl Totals {
    pub(crate) fn new(judge: Judge) -> Self {
        Self {
            judge,
            modules: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            cut: AtomicU64::new(0),
        }
    }

    /// Number of calls that returned.
    pub(crate) fn calls(&self) -> u64 {
        self.completed.load(Ordering::Relaxed)
    }

    /// Checks seeds from `first` on while `more` of the number so far says so.
    pub(crate) fn check_from(&self, first: u64, more: impl Fn(u64) -> bool + Sync) {
        in_parallel(more, |count| self.check(first + count));
    }

    pub(crate) fn check(&self, seed: u64) {
        self.check_module(&self.judge.generate(seed), seed);
    }

    pub(crate) fn check_module(&self, wasm: &[u8], seed: u64) {
        // Written before, for the case that the process does not survive.
        let name = format!("{:?}-{seed}.wasm", self.judge).to_lowercase();
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&file, wasm).expect("a writable folder");
        let expected = self.judge.run(wasm, seed);
        let alone = ["PRECAST_FUZZ_SEED", "PRECAST_FUZZ_FILE"];
        let alone = alone.iter().any(|name| std::env::var_os(name).is_some());
        if alone {
            println!("{expected}\n{}", file.display());
        }
        let mut cut = expected.cut;
        for options in native::ways(seed) {
            let found = native::run(wasm, seed, &options);
            if let Some(difference) = expected.difference(&found) {
                panic!("{} with {options:?}: {difference}", file.display());
            }
            cut = cut.max(found.cut);
        }
        if !alone {
            fs::remove_file(&file).expect("written above");
        }
        self.modules.fetch_add(1, Ordering::Relaxed);
        self.completed.fetch_add(expected.completed, Ordering::Relaxed);
        self.cut.fetch_add(cut, Ordering::Relaxed);
    }
}

/// Calls `each` with 0, 1, 2, ... on several threads while `more` says so.
pub(crate) fn in_parallel(more: impl Fn(u64) -> bool + Sync, each: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(0);
    let threads = number("PRECAST_FUZZ_THREADS").map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        |threads| threads as usize,
    );
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let count = next.fetch_add(1, Ordering::Relaxed);
                    if !more(count) {
                        return;
                    }
                    each(count);
                }
            });
        }
    });
}
