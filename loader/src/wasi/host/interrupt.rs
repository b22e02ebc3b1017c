//! Ending a guest that waits in the host.

use crate::store::interrupts::Interrupts;
use rustix::io::Errno;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a system call that a signal interrupted is worth repeating: until
/// the host sets the flag, if it has given one, or the call into the guest is
/// to stop.
#[derive(Clone, Default)]
pub(crate) struct Interrupt {
    flag: Option<Arc<AtomicBool>>,
    store: Option<Arc<Interrupts>>,
}

impl Interrupt {
    /// Ends with this flag.
    pub(crate) fn new(flag: Arc<AtomicBool>) -> Self {
        Self { flag: Some(flag), store: None }
    }

    /// Ends with the call that runs in a store, too.
    pub(crate) fn follow(&mut self, store: &Arc<Interrupts>) {
        if self.store.as_ref().is_none_or(|known| !Arc::ptr_eq(known, store)) {
            self.store = Some(store.clone());
        }
    }

    /// Repeats `call` while signals interrupt it, until the flag is set.
    pub(crate) fn retry<T>(
        &self,
        mut call: impl FnMut() -> rustix::io::Result<T>,
    ) -> rustix::io::Result<T> {
        loop {
            match call() {
                Err(Errno::INTR) if !self.requested() => {}
                result => return result,
            }
        }
    }

    /// The host wants the guest to end.
    pub(crate) fn requested(&self) -> bool {
        self.flag.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
            || self.store.as_ref().is_some_and(|store| store.stopping())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interrupted_calls_repeat_until_the_flag() {
        let flag = Arc::new(AtomicBool::new(false));
        let interrupt = Interrupt::new(flag.clone());
        let mut calls = 0;
        let result: rustix::io::Result<()> = interrupt.retry(|| {
            calls += 1;
            flag.store(calls == 3, Ordering::Relaxed);
            Err(Errno::INTR)
        });
        assert_eq!((result, calls), (Err(Errno::INTR), 3));
    }
}
