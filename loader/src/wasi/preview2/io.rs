//! wasi:io `error` and `poll`.

use super::function::HostCall;
use crate::canonical::owned::{Borrow, Own};
use crate::error::{Error, Result};
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::error::HostError;
use crate::wasi::host::poll::{self, Wait};
use std::fmt;

/// `wasi:io/error.error`: why a stream failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IoError {
    pub(crate) error: HostError,
    /// It was a socket's.
    pub(crate) network: bool,
}

/// `wasi:io/poll.pollable`: something to wait for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pollable {
    /// It has happened.
    Ready,
    /// The host's monotonic time, in nanoseconds.
    Until(u64),
    /// A descriptor can be read.
    Readable(u32),
    /// A descriptor can be written.
    Writable(u32),
}

impl Pollable {
    fn wait(self, ctx: &mut WasiCtx) -> Wait {
        match self {
            Self::Ready => Wait::until(0),
            Self::Until(time) => Wait::until(time),
            Self::Readable(descriptor) => Wait::readable(&mut ctx.table, descriptor),
            Self::Writable(descriptor) => Wait::writable(&ctx.table, descriptor),
        }
    }

    /// The descriptor that it waits for.
    fn descriptor(self) -> Option<u32> {
        match self {
            Self::Readable(descriptor) | Self::Writable(descriptor) => Some(descriptor),
            Self::Ready | Self::Until(_) => None,
        }
    }

    /// Whether it has happened.
    pub(super) fn is_ready(self, ctx: &mut WasiCtx) -> Result<bool, HostError> {
        let mut waits = [self.wait(ctx), Wait::until(0)];
        poll::wait(&ctx.table, &ctx.interrupt, &mut waits)?;
        Ok(waits[0].event.is_some())
    }

    /// Waits until it has happened.
    pub(super) fn wait_for(self, ctx: &mut WasiCtx) -> Result<(), HostError> {
        let mut waits = [self.wait(ctx)];
        poll::wait(&ctx.table, &ctx.interrupt, &mut waits)
    }

    /// Gives it to the guest.
    pub(super) fn give(self, ctx: &mut WasiCtx) -> Result<Own<Self>> {
        let rep = ctx.resources.insert(self).map_err(fault)?;
        if let Some(descriptor) = self.descriptor() {
            ctx.resources.share(descriptor);
        }
        Ok(Own::new(rep))
    }

    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        let gone = ctx.resources.remove::<Self>(rep);
        if let Some(descriptor) = gone.ok().and_then(Self::descriptor) {
            ctx.resources.release(&mut ctx.table, descriptor);
        }
    }
}

/// What ends the call: an error where the interface has none to give.
pub(super) fn fault(error: HostError) -> Error {
    Error::host(Preview2Refusal(error))
}

/// An error that the interface has no name for.
#[derive(Debug)]
struct Preview2Refusal(HostError);

impl fmt::Display for Preview2Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WASI: {}", self.0.errno())
    }
}

impl std::error::Error for Preview2Refusal {}

pub(super) fn to_debug_string(
    call: &mut HostCall<'_>,
    (error,): (Borrow<IoError>,),
) -> Result<String> {
    let error = call.ctx.resources.get::<IoError>(error.rep).map_err(fault)?;
    Ok(error.error.errno().to_string())
}

pub(super) fn ready(call: &mut HostCall<'_>, (it,): (Borrow<Pollable>,)) -> Result<bool> {
    let pollable = *call.ctx.resources.get::<Pollable>(it.rep).map_err(fault)?;
    pollable.is_ready(call.ctx).map_err(fault)
}

pub(super) fn block(call: &mut HostCall<'_>, (it,): (Borrow<Pollable>,)) -> Result<()> {
    let pollable = *call.ctx.resources.get::<Pollable>(it.rep).map_err(fault)?;
    pollable.wait_for(call.ctx).map_err(fault)
}

pub(super) fn poll(call: &mut HostCall<'_>, (list,): (Vec<Borrow<Pollable>>,)) -> Result<Vec<u32>> {
    if list.is_empty() {
        return Err(Error::host("WASI: a poll of nothing would never end"));
    }
    let mut waits = Vec::with_capacity(list.len());
    for it in list {
        let pollable = *call.ctx.resources.get::<Pollable>(it.rep).map_err(fault)?;
        waits.push(pollable.wait(call.ctx));
    }
    poll::wait(&call.ctx.table, &call.ctx.interrupt, &mut waits).map_err(fault)?;
    let happened = waits.iter().enumerate().filter(|(_, wait)| wait.event.is_some());
    Ok(happened.map(|(index, _)| index as u32).collect())
}
