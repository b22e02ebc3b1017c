//! Clocks. The guest's monotonic clock starts at 0 with its context; the clocks
//! of processor time are `EBADF`, as in today's runtimes.

use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

use super::abi::undefined;
use super::context::WasiCtx;
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;

/// `$clockid`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Clock {
    Realtime,
    Monotonic,
    ProcessCpuTime,
    ThreadCpuTime,
}

impl Clock {
    pub(super) fn from_raw(raw: u32) -> Option<Self> {
        Some(match raw {
            0 => Self::Realtime,
            1 => Self::Monotonic,
            2 => Self::ProcessCpuTime,
            3 => Self::ThreadCpuTime,
            _ => return None,
        })
    }
}

pub(super) fn clock_res_get(
    _ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    id: u32,
    resolution: u32,
) -> Result<()> {
    let id = match clock(id)? {
        Clock::Realtime => ClockId::Realtime,
        Clock::Monotonic => ClockId::Monotonic,
        Clock::ProcessCpuTime | Clock::ThreadCpuTime => return Err(Errno::Badf.into()),
    };
    memory.write_u64(resolution, nanoseconds(clock_getres(id)))
}

pub(super) fn clock_time_get(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    id: u32,
    _precision: u64,
    time: u32,
) -> Result<()> {
    let now = match clock(id)? {
        Clock::Realtime => host_realtime(),
        Clock::Monotonic => host_monotonic().saturating_sub(ctx.monotonic_zero),
        Clock::ProcessCpuTime | Clock::ThreadCpuTime => return Err(Errno::Badf.into()),
    };
    memory.write_u64(time, now)
}

fn clock(raw: u32) -> Result<Clock> {
    Clock::from_raw(raw).ok_or_else(|| undefined("clockid", raw))
}

/// The host's monotonic time in nanoseconds.
pub(super) fn host_monotonic() -> u64 {
    nanoseconds(clock_gettime(ClockId::Monotonic))
}

/// The host's wall-clock time in nanoseconds since 1970.
pub(super) fn host_realtime() -> u64 {
    nanoseconds(clock_gettime(ClockId::Realtime))
}

fn nanoseconds(time: Timespec) -> u64 {
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
