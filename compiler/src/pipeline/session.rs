//! What compilations share: threads, and a cache of functions.

use super::cached::FunctionCache;
use super::permits::Permits;
use super::workers::Workers;
use crate::error::Result;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// Threads, and what else compilations share. Any number of them may run at a
/// time; none waits for the threads of another.
pub struct Session {
    pub(super) workers: Workers,
    pub(super) cache: Option<Box<dyn FunctionCache>>,
}

impl Session {
    /// With so many threads; as many as this process may use processors if
    /// `threads` is absent.
    ///
    /// # Errors
    ///
    /// When the system does not start them.
    pub fn new(threads: Option<usize>) -> Result<Self> {
        Ok(Self { workers: Workers::new(threads.unwrap_or(0))?, cache: None })
    }

    /// The same, whose threads ask for permits before they work.
    pub fn with_permits(self, permits: Arc<dyn Permits>) -> Self {
        Self { workers: self.workers.with_permits(permits), ..self }
    }

    /// The same, which looks for functions here before it compiles them, and
    /// leaves here what it has compiled.
    pub fn with_cache(self, cache: Box<dyn FunctionCache>) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// Runs jobs, each on one thread, which may compile with this session. They
    /// begin in order, each of which has a weight, as many at once as there are
    /// threads and as weigh no more than `room` together; one that weighs more
    /// runs when no other does.
    pub fn run_all<J: Send>(&self, jobs: Vec<(u64, J)>, room: u64, run: impl Fn(J) + Sync) {
        let queue = Mutex::new(Queue { jobs: jobs.into(), running: 0, used: 0 });
        let lock = || queue.lock().expect("nothing panics with the lock");
        self.workers.steps(|| {
            let Some((weight, job)) = lock().take(room) else { return false };
            run(job);
            let mut queue = lock();
            queue.running -= 1;
            queue.used -= weight;
            true
        });
    }
}

/// What is to be run, and what runs.
struct Queue<J> {
    jobs: VecDeque<(u64, J)>,
    running: usize,
    /// What the running ones weigh.
    used: u64,
}

impl<J> Queue<J> {
    /// The next job, if it may begin.
    fn take(&mut self, room: u64) -> Option<(u64, J)> {
        let (weight, _) = self.jobs.front()?;
        if self.running != 0 && self.used.saturating_add(*weight) > room {
            return None;
        }
        let (weight, job) = self.jobs.pop_front()?;
        self.running += 1;
        self.used += weight;
        Some((weight, job))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    /// Runs jobs of these weights; gives the most that weighed at once, how
    /// many ran at most at once, and how many ran.
    fn run(weights: &[u64], room: u64, threads: usize) -> (u64, usize, usize) {
        let session = Session::new(Some(threads)).unwrap();
        let (used, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let (now, peak, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let jobs = weights.iter().map(|weight| (*weight, *weight)).collect();
        session.run_all(jobs, room, |weight| {
            most.fetch_max(used.fetch_add(weight, Ordering::SeqCst) + weight, Ordering::SeqCst);
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // What runs inside is shared with threads that have no job.
            let sum = session.workers.draw(20, || (), |(), index| Ok(index)).unwrap();
            assert_eq!(sum.iter().map(|(_, value)| value).sum::<usize>(), 190);
            std::thread::sleep(std::time::Duration::from_millis(5));
            now.fetch_sub(1, Ordering::SeqCst);
            used.fetch_sub(weight, Ordering::SeqCst);
            done.fetch_add(1, Ordering::SeqCst);
        });
        (most.into_inner(), peak.into_inner(), done.into_inner())
    }

    #[test]
    fn no_more_than_has_room_runs_at_once() {
        let (most, peak, done) = run(&[3; 12], 7, 4);
        assert_eq!((most, peak, done), (6, 2, 12));
        let (most, _, done) = run(&[9, 1, 9, 1], 4, 4);
        assert_eq!((most, done), (9, 4));
        let (_, peak, done) = run(&[1; 12], u64::MAX, 3);
        assert_eq!((peak, done), (3, 12));
        assert_eq!(run(&[], 1, 2), (0, 0, 0));
    }

    /// So many permits.
    struct Few(AtomicUsize);

    impl Permits for Few {
        fn try_acquire(&self) -> bool {
            let take = |left: usize| left.checked_sub(1);
            self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
        }

        fn release(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn nobody_works_without_a_permit() {
        for permits in [1, 2] {
            let few = Arc::new(Few(AtomicUsize::new(permits)));
            let session = Session::new(Some(6)).unwrap().with_permits(few.clone());
            let (now, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let jobs = (0..8).map(|job| (1, job)).collect();
            session.run_all(jobs, u64::MAX, |_| {
                let work = |(): &mut (), index| {
                    peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(std::time::Duration::from_millis(1));
                    now.fetch_sub(1, Ordering::SeqCst);
                    Ok(index)
                };
                assert_eq!(session.workers.draw(20, || (), work).unwrap().len(), 20);
            });
            assert_eq!((peak.into_inner(), few.0.load(Ordering::SeqCst)), (permits, permits));
        }
    }
}
