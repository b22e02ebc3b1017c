//! Ending a guest that waits in the host.

use rustix::io::Errno;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a system call that a signal interrupted is worth repeating: until
/// the host sets the flag, if it has given one.
#[derive(Clone, Default)]
pub(crate) struct Interrupt(Option<Arc<AtomicBool>>);

impl Interrupt {
    /// Ends with this flag.
    pub(crate) fn new(flag: Arc<AtomicBool>) -> Self {
        Self(Some(flag))
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
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
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
