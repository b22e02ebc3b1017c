//! What a caller is told of a compilation.

use crate::emit::EmitSummary;
use crate::target::Target;
use std::time::{Duration, Instant};

/// Told how far a compilation is.
pub trait Observer: Sync {
    /// Functions whose bodies have `done` of `total` bytes are compiled: first
    /// none, in the end all. Called from any worker, so that a smaller number
    /// may come after a larger one.
    fn compiled(&self, done: u64, total: u64) {
        let _ = (done, total);
    }
}

impl Observer for () {}

/// What a compilation did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// Wall time of each stage, in order.
    pub stages: Vec<(&'static str, Duration)>,
    /// Number of functions with a body.
    pub functions: usize,
    /// Functions that share their code with an identical one.
    pub folded: usize,
    /// Functions that begin where it suits their loops.
    pub aligned: usize,
    /// Branches that were made short.
    pub short_branches: u64,
    /// Accesses of frames that take fewer bytes by their other end.
    pub short_frame_accesses: u64,
    /// Other instructions that got an encoding of fewer bytes.
    pub short_encodings: u64,
    /// Functions whose code came from the session's cache.
    pub cached: usize,
    /// Whether any function uses 128-bit vectors.
    pub uses_simd: bool,
    /// Target triple of the artifact.
    pub target: String,
    /// Name and size in bytes of every section, in file order.
    pub sections: Vec<(&'static str, u64)>,
    /// Bytes written.
    pub size: u64,
    /// What is not as it should be, but no error.
    pub warnings: Vec<String>,
    /// The text that debug information speaks of: of a module that has none, its own; of
    /// a component, the outline of its adapters. Belongs at [`Options::text_path`](crate::Options::text_path).
    pub text: Option<String>,
}

impl Report {
    /// Of what was written for a target, without what was found on the way.
    pub(super) fn new(clock: Clock, target: &Target, written: EmitSummary) -> Self {
        Self {
            stages: clock.laps,
            functions: written.functions,
            folded: written.folded,
            aligned: written.aligned,
            short_branches: written.shortened.branches,
            short_frame_accesses: written.shortened.frame_accesses,
            short_encodings: written.shortened.encodings,
            target: target.triple.to_string(),
            sections: written.sections,
            size: written.size,
            ..Self::default()
        }
    }
}

/// Takes the time of stages.
pub(super) struct Clock {
    last: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { last: Instant::now(), laps: Vec::new() }
    }

    /// What was done since the last lap.
    pub(super) fn lap(&mut self, stage: &'static str) {
        let now = Instant::now();
        self.laps.push((stage, now - self.last));
        self.last = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, compile_to};
    use std::sync::Mutex;

    struct Seen(Mutex<Vec<(u64, u64)>>);

    impl Observer for Seen {
        fn compiled(&self, done: u64, total: u64) {
            self.0.lock().unwrap().push((done, total));
        }
    }

    #[test]
    fn progress_counts_bytes_of_bodies_from_zero() {
        let wasm =
            wat::parse_str("(module (func (export \"a\") nop) (func (export \"b\") nop nop nop))")
                .unwrap();
        let seen = Seen(Mutex::default());
        let options = Options { threads: Some(1), ..Options::default() };
        compile_to(&wasm, &options, &mut std::io::sink(), &seen).unwrap();
        // The number of locals, the operators, and `end`; the largest first.
        assert_eq!(*seen.0.lock().unwrap(), [(0, 8), (5, 8), (8, 8)]);
    }
}
