//! Threads. Only this file knows what they are.

use super::permits::Permits;
use crate::error::{Error, Result};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The threads of one compilation, or of several that run at once.
pub(super) struct Workers {
    pool: rayon::ThreadPool,
    permits: Option<Arc<dyn Permits>>,
}

/// How often a thread without a permit asks for one, while there is work.
const ASK_AGAIN: Duration = Duration::from_millis(5);

thread_local! {
    /// Whether this thread has a permit: what it does inside other work needs
    /// no second one.
    static PERMITTED: Cell<bool> = const { Cell::new(false) };
}

/// A permit of this thread; given back when dropped.
struct Permit<'w>(&'w Workers);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(permits) = &self.0.permits {
            PERMITTED.set(false);
            permits.release();
        }
    }
}

impl Workers {
    /// So many threads; as many as there are processors for zero.
    pub(super) fn new(threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|why| Error::Threads { count: threads, why: why.to_string() })?;
        Ok(Self { pool, permits: None })
    }

    /// The same, each of which asks for a permit before it works.
    pub(super) fn with_permits(self, permits: Arc<dyn Permits>) -> Self {
        Self { permits: Some(permits), ..self }
    }

    /// Does two things at once.
    pub(super) fn both<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match self.permits {
            Some(_) => (one(), other()),
            None => self.pool.install(|| rayon::join(one, other)),
        }
    }

    /// Runs `work` on every thread; each draws indices below `count` until none
    /// is left. Gives all their results, or the error of the lowest index.
    ///
    /// Threads that do other work come later, or not at all: whoever calls
    /// this draws too, and does all of it if need be.
    pub(super) fn draw<S, T: Send>(
        &self,
        count: usize,
        start: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize) -> Result<T> + Sync,
    ) -> Result<Vec<(usize, T)>> {
        let next = AtomicUsize::new(0);
        let first_error: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let results: Mutex<Vec<(usize, T)>> = Mutex::new(Vec::with_capacity(count));
        let draw = || {
            let left = || next.load(Ordering::Relaxed) < count;
            let Some(_permit) = self.permit(left) else { return };
            let mut scratch = start();
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= count {
                    break;
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
            results.lock().expect("no worker panics with the lock").append(&mut done);
        };
        let tasks = self.pool.current_num_threads().min(count);
        self.pool.install(|| {
            rayon::scope(|scope| {
                (1..tasks).for_each(|_| scope.spawn(|_| draw()));
                draw();
            });
        });
        match first_error.into_inner().expect("no worker panics with the lock") {
            Some((_, error)) => Err(error),
            None => Ok(results.into_inner().expect("no worker panics with the lock")),
        }
    }

    /// Runs `step` again and again, on every thread, until it says that it finds
    /// nothing to do. A thread that was told so comes back when another has
    /// done a step.
    pub(super) fn steps(&self, step: impl Fn() -> bool + Sync) {
        let threads = self.pool.current_num_threads();
        let running = AtomicUsize::new(0);
        let round = Round { workers: self, step: &step, running: &running, threads };
        self.pool.install(|| rayon::scope(|scope| round.spawn(scope)));
    }

    /// A permit for this thread, waited for as long as there is work `left`.
    fn permit(&self, left: impl Fn() -> bool) -> Option<Option<Permit<'_>>> {
        let Some(permits) = self.permits.as_ref().filter(|_| !PERMITTED.get()) else {
            return Some(None);
        };
        while left() {
            if permits.try_acquire() {
                PERMITTED.set(true);
                return Some(Some(Permit(self)));
            }
            std::thread::sleep(ASK_AGAIN);
        }
        None
    }
}

/// What [`Workers::steps`] does on all threads.
struct Round<'r, F> {
    workers: &'r Workers,
    step: &'r F,
    /// Tasks that are waiting or at work.
    running: &'r AtomicUsize,
    threads: usize,
}

impl<'r, F: Fn() -> bool + Sync> Round<'r, F> {
    /// A task for each thread that has none.
    fn spawn(&'r self, scope: &rayon::Scope<'r>) {
        while self.running.fetch_add(1, Ordering::AcqRel) < self.threads {
            scope.spawn(move |scope| self.run(scope));
        }
        self.running.fetch_sub(1, Ordering::AcqRel);
    }

    /// One step, so that whoever does it while waiting for something else is
    /// soon back; then the next ones.
    fn run(&'r self, scope: &rayon::Scope<'r>) {
        let did = match self.workers.permit(|| true) {
            Some(_permit) => (self.step)(),
            None => false,
        };
        self.running.fetch_sub(1, Ordering::AcqRel);
        if did {
            self.spawn(scope);
        }
    }
}
