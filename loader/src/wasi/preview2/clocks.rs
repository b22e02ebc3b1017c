//! wasi:clocks.

use super::function::HostCall;
use super::io::Pollable;
use crate::canonical::owned::Own;
use crate::canonical::shapes::record;
use crate::error::Result;
use crate::wasi::host::clock::Clock;
use crate::wasi::host::metadata::Time;
use crate::wasi::host::poll;

record! {
    /// `wasi:clocks/wall-clock.datetime`.
    Datetime {
        /// Since 1970.
        seconds: u64 = "seconds",
        /// Below a thousand million.
        nanoseconds: u32 = "nanoseconds",
    }
}

impl Datetime {
    fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self {
            seconds: nanoseconds / 1_000_000_000,
            nanoseconds: (nanoseconds % 1_000_000_000) as u32,
        }
    }
}

impl From<Time> for Datetime {
    /// Times before 1970 have no representation here.
    fn from(time: Time) -> Self {
        match u64::try_from(time.seconds) {
            Ok(seconds) => Self { seconds, nanoseconds: time.nanoseconds },
            Err(_) => Self { seconds: 0, nanoseconds: 0 },
        }
    }
}

pub(super) fn monotonic_now(call: &mut HostCall<'_>, (): ()) -> Result<u64> {
    Ok(Clock::Monotonic.now().saturating_sub(call.ctx.monotonic_zero))
}

pub(super) fn monotonic_resolution(_: &mut HostCall<'_>, (): ()) -> Result<u64> {
    Ok(Clock::Monotonic.resolution())
}

pub(super) fn subscribe_instant(call: &mut HostCall<'_>, (when,): (u64,)) -> Result<Own<Pollable>> {
    Pollable::Until(when.saturating_add(call.ctx.monotonic_zero)).give(call.ctx)
}

pub(super) fn subscribe_duration(
    call: &mut HostCall<'_>,
    (duration,): (u64,),
) -> Result<Own<Pollable>> {
    Pollable::Until(poll::after(duration)).give(call.ctx)
}

pub(super) fn wall_now(_: &mut HostCall<'_>, (): ()) -> Result<Datetime> {
    Ok(Datetime::from_nanoseconds(Clock::Realtime.now()))
}

pub(super) fn wall_resolution(_: &mut HostCall<'_>, (): ()) -> Result<Datetime> {
    Ok(Datetime::from_nanoseconds(Clock::Realtime.resolution()))
}
