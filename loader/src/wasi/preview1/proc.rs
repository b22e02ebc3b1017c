//! The process: its end, signals, the scheduler.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::undefined;
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::{Result, Stop};

/// The first exit code that shells and hosts give a meaning of their own; from
/// here on codes are refused, as in today's runtimes.
const EXIT_CODE_END: u32 = 126;

/// The number of values in `$signal`.
const SIGNALS: u32 = 31;

pub(super) fn proc_exit(_ctx: &mut WasiCtx, _memory: &GuestMemory<'_>, code: u32) -> Result<()> {
    if code < EXIT_CODE_END {
        return Err(Stop::Exit(code));
    }
    Err(Stop::Trap(format!("exit code {code} is outside of 0..{EXIT_CODE_END}")))
}

pub(super) fn proc_raise(_ctx: &mut WasiCtx, _memory: &GuestMemory<'_>, signal: u32) -> Result<()> {
    if signal >= SIGNALS {
        return Err(undefined("signal", signal));
    }
    Err(Errno::Notsup.into())
}

pub(super) fn sched_yield(_ctx: &mut WasiCtx, _memory: &GuestMemory<'_>) -> Result<()> {
    std::thread::yield_now();
    Ok(())
}
