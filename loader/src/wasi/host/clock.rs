//! Clocks of the host, in nanoseconds.

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

/// A clock that guests can read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Clock {
    /// The time of day, since 1970.
    Realtime,
    /// Time that only goes forward, from an arbitrary zero.
    Monotonic,
}

impl Clock {
    /// The time now.
    pub(crate) fn now(self) -> u64 {
        nanoseconds(clock_gettime(self.id()))
    }

    /// The smallest step between two times.
    pub(crate) fn resolution(self) -> u64 {
        nanoseconds(clock_getres(self.id()))
    }

    fn id(self) -> ClockId {
        match self {
            Self::Realtime => ClockId::Realtime,
            Self::Monotonic => ClockId::Monotonic,
        }
    }
}

fn nanoseconds(time: Timespec) -> u64 {
    // Times before 1970 have no representation in WASI.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

/// A number of nanoseconds as the kernel takes it.
pub(crate) fn timespec(nanoseconds: u64) -> Timespec {
    Timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as i64,
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_forward() {
        let before = Clock::Monotonic.now();
        assert!(Clock::Monotonic.now() >= before);
        // 2020 is over.
        assert!(Clock::Realtime.now() > 1_600_000_000_000_000_000);
        assert!(Clock::Realtime.resolution() > 0);
        assert_eq!(nanoseconds(timespec(5_000_000_007)), 5_000_000_007);
        assert_eq!(nanoseconds(Timespec { tv_sec: -1, tv_nsec: 5 }), 5);
    }
}
