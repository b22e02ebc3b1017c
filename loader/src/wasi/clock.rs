//! Clocks. The guest's monotonic clock starts at 0 with its context; the clocks
//! of processor time are `EBADF`, as in today's runtimes.

use rustix::time::{ClockId, clock_getres};

use super::abi::undefined;
use super::context::WasiCtx;
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;
use super::time::{host_monotonic, host_realtime, nanoseconds};

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
