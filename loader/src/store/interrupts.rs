//! Requests to stop a call, from any thread.
//!
//! A request names the generation of an activation. Whoever makes one sets the
//! store block's flag, too; the store collects the requests when it finds the
//! flag set, and those for calls that have ended are lost.
//!
//! # Safety
//!
//! The flag is part of the store, which may be dropped while others still have
//! a handle. Its address is used under a lock only, and the store withdraws it
//! under the same lock before it goes.
#![allow(unsafe_code)]

use std::ptr::with_exposed_provenance;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Stops one call into guests, from any thread.
///
/// The call ends with a trap, [`TrapCode::Interrupt`](crate::TrapCode), when
/// its guest comes back from the host function or the bulk operation that it
/// is in, or else from the next one; when it is suspended, as soon as it is
/// resumed. So do calls that the guest's host functions made meanwhile. A guest
/// that calls nothing runs on. A handle of a call that has ended does nothing.
#[derive(Clone, Debug)]
pub struct InterruptHandle {
    shared: Arc<Interrupts>,
    generation: u64,
}

impl InterruptHandle {
    /// Asks the call to stop.
    pub fn interrupt(&self) {
        let mut requests = self.shared.lock();
        let Some(flag) = requests.flag else { return };
        if !requests.generations.contains(&self.generation) {
            requests.generations.push(self.generation);
        }
        // SAFETY: the store is alive, or else the address were gone; it cannot
        // go before the lock does.
        unsafe { &*with_exposed_provenance::<AtomicU32>(flag) }.store(1, Ordering::Release);
    }
}

/// What a store shares with the handles for its calls.
#[derive(Debug)]
pub(crate) struct Interrupts(Mutex<Requests>);

#[derive(Debug)]
struct Requests {
    /// Address of the store block's flag, while there is a store.
    flag: Option<usize>,
    /// Whom to stop.
    generations: Vec<u64>,
}

impl Interrupts {
    /// For the store with this flag, which calls [`Interrupts::close`] before
    /// it is dropped.
    pub(crate) fn new(flag: &AtomicU32) -> Self {
        let flag = Some((&raw const *flag).expose_provenance());
        Self(Mutex::new(Requests { flag, generations: Vec::new() }))
    }

    /// A handle for the use of an activation.
    pub(crate) fn handle(self: &Arc<Self>, generation: u64) -> InterruptHandle {
        InterruptHandle { shared: self.clone(), generation }
    }

    /// The requests there are; the flag is clear afterwards.
    pub(crate) fn take(&self, flag: &AtomicU32) -> Vec<u64> {
        let mut requests = self.lock();
        flag.store(0, Ordering::Relaxed);
        std::mem::take(&mut requests.generations)
    }

    /// The store goes.
    pub(crate) fn close(&self) {
        self.lock().flag = None;
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_once() {
        let flag = AtomicU32::new(0);
        let interrupts = Arc::new(Interrupts::new(&flag));
        let handles = [3, 5].map(|generation| interrupts.handle(generation));
        std::thread::scope(|scope| {
            for handle in &handles {
                scope.spawn(|| handle.interrupt());
                scope.spawn(|| handle.interrupt());
            }
        });
        assert_eq!(flag.load(Ordering::Acquire), 1);
        let mut taken = interrupts.take(&flag);
        taken.sort_unstable();
        assert_eq!(taken, [3, 5]);
        assert_eq!(flag.load(Ordering::Acquire), 0);
        assert_eq!(interrupts.take(&flag), []);
    }

    #[test]
    fn nothing_is_written_once_the_store_is_gone() {
        let flag = AtomicU32::new(0);
        let interrupts = Arc::new(Interrupts::new(&flag));
        let handle = interrupts.handle(1);
        interrupts.close();
        handle.interrupt();
        assert_eq!(flag.load(Ordering::Acquire), 0);
    }
}
