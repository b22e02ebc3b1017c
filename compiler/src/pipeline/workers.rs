//! Threads. Only this file knows what they are.

use crate::error::{Error, Result};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The threads of one compilation.
pub(super) struct Workers(rayon::ThreadPool);

impl Workers {
    /// So many threads; as many as there are processors for zero.
    pub(super) fn new(threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.map(Self).map_err(|why| Error::Threads { count: threads, why: why.to_string() })
    }

    /// Does two things at once.
    pub(super) fn both<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        self.0.install(|| rayon::join(one, other))
    }

    /// Runs `work` on every thread; each draws indices below `count` until none
    /// is left. Gives all their results, or the error of the lowest index.
    pub(super) fn draw<S, T: Send>(
        &self,
        count: usize,
        start: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize) -> Result<T> + Sync,
    ) -> Result<Vec<(usize, T)>> {
        let next = AtomicUsize::new(0);
        let first_error: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let results: Vec<Vec<(usize, T)>> = self.0.broadcast(|_| {
            let mut scratch = start();
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    return done;
                }
                match work(&mut scratch, index) {
                    Ok(value) => done.push((index, value)),
                    Err(error) => {
                        let mut first = first_error.lock().expect("no worker panics with the lock");
                        if first.as_ref().is_none_or(|(known, _)| index < *known) {
                            *first = Some((index, error));
                        }
                    }
                }
            }
        });
        match first_error.into_inner().expect("no worker panics with the lock") {
            Some((_, error)) => Err(error),
            None => Ok(results.into_iter().flatten().collect()),
        }
    }
}
