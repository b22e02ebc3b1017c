//! The process: its end, signals, the scheduler.

use crate::wasi::host::context::WasiCtx;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::abi::undefined;
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::{Result, Stop};

/// The number of values in `$signal`.
const SIGNALS: u32 = 31;

pub(super) fn proc_exit(_ctx: &mut WasiCtx, _memory: &GuestMemory<'_>, code: u32) -> Result<()> {
    Err(Stop::Exit(code))
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
