//! Clocks. The guest's monotonic clock starts at 0 with its context; the clocks
//! of processor time are `EBADF`, as in today's runtimes.

use crate::wasi::host::clock::Clock;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::undefined;
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;

/// `$clockid`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ClockId {
    Host(Clock),
    ProcessCpuTime,
    ThreadCpuTime,
}

impl ClockId {
    pub(super) fn from_raw(raw: u32) -> Option<Self> {
        Some(match raw {
            0 => Self::Host(Clock::Realtime),
            1 => Self::Host(Clock::Monotonic),
            2 => Self::ProcessCpuTime,
            3 => Self::ThreadCpuTime,
            _ => return None,
        })
    }
}

pub(super) fn clock_res_get(
    _ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    id: u32,
    resolution: u32,
) -> Result<()> {
    Ok(memory.write_u64(resolution, clock(id)?.resolution())?)
}

pub(super) fn clock_time_get(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
    id: u32,
    _precision: u64,
    time: u32,
) -> Result<()> {
    let clock = clock(id)?;
    let zero = match clock {
        Clock::Realtime => 0,
        Clock::Monotonic => ctx.monotonic_zero,
    };
    Ok(memory.write_u64(time, clock.now().saturating_sub(zero))?)
}

fn clock(raw: u32) -> Result<Clock> {
    match ClockId::from_raw(raw).ok_or_else(|| undefined("clockid", raw))? {
        ClockId::Host(clock) => Ok(clock),
        ClockId::ProcessCpuTime | ClockId::ThreadCpuTime => Err(Errno::Badf.into()),
    }
}
