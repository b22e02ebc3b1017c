//! Amounts of something that several descriptors of a guest use together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much is left of something; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Quota(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    left: AtomicU64,
    refused: AtomicBool,
}

impl Quota {
    /// So much of it.
    pub(crate) fn new(amount: u64) -> Self {
        Self(Arc::new(Shared { left: amount.into(), refused: false.into() }))
    }

    /// Takes all of `amount`, or nothing.
    pub(crate) fn take(&self, amount: u64) -> bool {
        let take = |left: u64| left.checked_sub(amount);
        let taken = self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_err() {
            self.0.refused.store(true, Ordering::Relaxed);
        }
        taken.is_ok()
    }

    /// Takes as much as there is of `amount`. Nothing is a refusal.
    pub(crate) fn take_some(&self, amount: u64) -> u64 {
        let take = |left: u64| Some(left.saturating_sub(amount));
        let before = self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let taken = amount.min(before.unwrap_or(0));
        if taken == 0 && amount != 0 {
            self.0.refused.store(true, Ordering::Relaxed);
        }
        taken
    }

    /// Gives back what is not used, or not any more.
    pub(crate) fn give_back(&self, amount: u64) {
        self.0.left.fetch_add(amount, Ordering::Relaxed);
    }

    /// Whether somebody wanted more than there was.
    pub(crate) fn refused(&self) -> bool {
        self.0.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gets_more_than_there_is() {
        let quota = Quota::new(10);
        assert!(quota.take(4));
        assert_eq!(quota.take_some(9), 6);
        assert!(!quota.refused());
        assert_eq!((quota.take_some(0), quota.refused()), (0, false));
        assert_eq!((quota.take_some(1), quota.refused()), (0, true));
        quota.give_back(3);
        assert!(!quota.take(4));
        assert!(quota.take(3));
    }
}
