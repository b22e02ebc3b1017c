//! wasi:io `streams`: what is written. Nothing is kept back: what a write took is
//! with the system, so flushing has nothing to do.

use super::function::HostCall;
use super::input::{InputStream, StreamResult, outcome, read_some};
use super::io::{Pollable, fault};
use crate::canonical::canon::GuestBytes;
use crate::canonical::owned::{Borrow, Own};
use crate::error::{Error, Result};
use crate::sys::buffer::Buffer;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::error::HostError;
use rustix::io::Errno;
use std::io::IsTerminal;

/// `wasi:io/streams.output-stream`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutputStream {
    /// What is written.
    pub(crate) descriptor: u32,
    /// Where.
    pub(crate) place: Place,
}

/// Where a stream writes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Where the descriptor stands.
    Here,
    /// In a file, from here on.
    At(u64),
    /// At the end of a file.
    End,
}

/// What is written at once of what has no end.
const PERMIT: u64 = 64 << 10;
/// The most that the interface lets a blocking write take.
const BLOCKING: u32 = 4096;

impl OutputStream {
    /// Gives it to the guest; it uses the descriptor.
    pub(super) fn give(self, ctx: &mut WasiCtx) -> Result<Own<Self>> {
        let rep = ctx.resources.insert(self).map_err(fault)?;
        ctx.resources.share(self.descriptor);
        Ok(Own::new(rep))
    }

    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.descriptor);
        }
    }

    fn pollable(self) -> Pollable {
        match self.place {
            Place::Here => Pollable::Writable(self.descriptor),
            Place::At(_) | Place::End => Pollable::Ready,
        }
    }

    /// Writes once; how much.
    fn write(self, ctx: &mut WasiCtx, buffer: Buffer<'_>) -> Result<usize, HostError> {
        let buffers = [buffer];
        match self.place {
            Place::Here => ctx.table.get_mut(self.descriptor)?.write(&buffers, &ctx.interrupt),
            Place::At(position) => {
                ctx.table.get(self.descriptor)?.write_at(&buffers, position, &ctx.interrupt)
            }
            Place::End => {
                let descriptor = ctx.table.get(self.descriptor)?;
                let end = descriptor.metadata()?.map_or(0, |metadata| metadata.size);
                descriptor.write_at(&buffers, end, &ctx.interrupt)
            }
        }
    }
}

/// Writes all of it; nothing if nobody reads any more.
fn write_all(ctx: &mut WasiCtx, rep: u32, mut rest: Buffer<'_>) -> Result<Option<()>, HostError> {
    while rest.len() > 0 {
        let stream = *ctx.resources.get::<OutputStream>(rep)?;
        let written = match stream.write(ctx, rest) {
            Ok(written) => written,
            Err(error) if error.errno() == Errno::PIPE => return Ok(None),
            // A socket, or a stream that was told not to wait.
            Err(error) if error.errno() == Errno::AGAIN => {
                stream.pollable().wait_for(ctx)?;
                continue;
            }
            Err(error) => return Err(error),
        };
        if let Place::At(position) = &mut ctx.resources.get_mut::<OutputStream>(rep)?.place {
            *position += written as u64;
        }
        rest = rest.split(written).1;
    }
    Ok(Some(()))
}

/// How much may be written now.
fn permit(ctx: &mut WasiCtx, rep: u32) -> Result<u64, HostError> {
    let stream = *ctx.resources.get::<OutputStream>(rep)?;
    Ok(if stream.pollable().is_ready(ctx)? { PERMIT } else { 0 })
}

pub(super) fn check_write(
    call: &mut HostCall<'_>,
    (it,): (Borrow<OutputStream>,),
) -> StreamResult<u64> {
    let permit = permit(call.ctx, it.rep);
    outcome(call.ctx, permit.map(Some))
}

pub(super) fn write(
    call: &mut HostCall<'_>,
    (it, bytes): (Borrow<OutputStream>, GuestBytes),
) -> StreamResult<()> {
    if u64::from(bytes.len) > PERMIT {
        return Err(too_much(bytes.len.into(), PERMIT));
    }
    let buffer = call.buffer(bytes);
    let written = write_all(call.ctx, it.rep, buffer);
    outcome(call.ctx, written)
}

pub(super) fn blocking_write_and_flush(
    call: &mut HostCall<'_>,
    (it, bytes): (Borrow<OutputStream>, GuestBytes),
) -> StreamResult<()> {
    if bytes.len > BLOCKING {
        return Err(too_much(bytes.len.into(), BLOCKING.into()));
    }
    let buffer = call.buffer(bytes);
    let written = write_all(call.ctx, it.rep, buffer);
    outcome(call.ctx, written)
}

/// More was written than the interface allows: a trap.
fn too_much(len: u64, most: u64) -> Error {
    Error::host(format!("WASI: {len} bytes written at once, of at most {most}"))
}

pub(super) fn flush(_: &mut HostCall<'_>, _: (Borrow<OutputStream>,)) -> StreamResult<()> {
    Ok(Ok(()))
}

pub(super) fn subscribe(
    call: &mut HostCall<'_>,
    (it,): (Borrow<OutputStream>,),
) -> Result<Own<Pollable>> {
    let stream = *call.ctx.resources.get::<OutputStream>(it.rep).map_err(fault)?;
    stream.pollable().give(call.ctx)
}

fn zeroes(call: &mut HostCall<'_>, rep: u32, len: u64, most: u64) -> StreamResult<()> {
    if len > most {
        return Err(too_much(len, most));
    }
    let mut zeroes = vec![0; len as usize];
    let written = write_all(call.ctx, rep, Buffer::from_slice(&mut zeroes));
    outcome(call.ctx, written)
}

pub(super) fn write_zeroes(
    call: &mut HostCall<'_>,
    (it, len): (Borrow<OutputStream>, u64),
) -> StreamResult<()> {
    zeroes(call, it.rep, len, PERMIT)
}

pub(super) fn blocking_write_zeroes_and_flush(
    call: &mut HostCall<'_>,
    (it, len): (Borrow<OutputStream>, u64),
) -> StreamResult<()> {
    zeroes(call, it.rep, len, BLOCKING.into())
}

fn splice_with(
    call: &mut HostCall<'_>,
    (it, from, len): (Borrow<OutputStream>, Borrow<InputStream>, u64),
    wait: bool,
) -> StreamResult<u64> {
    let ctx = &mut *call.ctx;
    let mut move_some = || {
        let room = match wait {
            true => PERMIT,
            false => permit(ctx, it.rep)?,
        };
        let Some(mut bytes) = read_some(ctx, from.rep, len.min(room), wait)? else {
            return Ok(None);
        };
        let written = write_all(ctx, it.rep, Buffer::from_slice(&mut bytes))?;
        Ok(written.map(|()| bytes.len() as u64))
    };
    let moved = move_some();
    outcome(call.ctx, moved)
}

pub(super) fn splice(
    call: &mut HostCall<'_>,
    params: (Borrow<OutputStream>, Borrow<InputStream>, u64),
) -> StreamResult<u64> {
    splice_with(call, params, false)
}

pub(super) fn blocking_splice(
    call: &mut HostCall<'_>,
    params: (Borrow<OutputStream>, Borrow<InputStream>, u64),
) -> StreamResult<u64> {
    splice_with(call, params, true)
}

/// Whether a descriptor is a terminal.
pub(super) fn is_terminal(descriptor: &Descriptor) -> bool {
    descriptor.fd().is_some_and(|fd| fd.is_terminal())
}
