//! Times of the host, in nanoseconds.

use rustix::time::{ClockId, Timespec, clock_gettime};

/// The host's monotonic time in nanoseconds.
pub(super) fn host_monotonic() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// The host's wall-clock time in nanoseconds since 1970.
pub(super) fn host_realtime() -> u64 {
    nanoseconds(clock_gettime(ClockId::Realtime))
}

/// A time of the kernel's in nanoseconds.
pub(super) fn nanoseconds(time: Timespec) -> u64 {
    // Times before 1970 have no representation in WASI.
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanoseconds = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

/// A number of nanoseconds as the kernel takes it.
pub(super) fn timespec(nanoseconds: u64) -> Timespec {
    Timespec {
        tv_sec: (nanoseconds / 1_000_000_000) as i64,
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    }
}
