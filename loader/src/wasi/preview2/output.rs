//! wasi:io `streams`: what is written. Nothing is kept back: what a write took is
//! with the system, so flushing has nothing to do.

use super::function::HostCall;
use super::input::{InputStream, StreamError, StreamResult, descriptor, outcome, read_some};
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
    /// How many bytes the guest may still write without asking.
    permit: u64,
    /// It failed, or nobody reads any more: it takes nothing.
    closed: bool,
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
    /// Writes to a descriptor.
    pub(super) fn new(descriptor: u32, place: Place) -> Self {
        Self { descriptor, place, permit: 0, closed: false }
    }

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
            Place::Here if !self.closed => Pollable::Writable(self.descriptor),
            Place::Here | Place::At(_) | Place::End => Pollable::Ready,
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

/// Writes all of it; nothing if nobody reads any more, or after an error.
fn write_all(ctx: &mut WasiCtx, rep: u32, all: Buffer<'_>) -> Result<Option<()>, HostError> {
    if ctx.resources.get::<OutputStream>(rep)?.closed {
        return Ok(None);
    }
    let written = write_rest(ctx, rep, all);
    if !matches!(written, Ok(Some(()))) {
        ctx.resources.get_mut::<OutputStream>(rep)?.closed = true;
    }
    written
}

fn write_rest(ctx: &mut WasiCtx, rep: u32, mut rest: Buffer<'_>) -> Result<Option<()>, HostError> {
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

/// How much may be written now; nothing if it takes nothing any more.
fn permit(ctx: &mut WasiCtx, rep: u32) -> Result<Option<u64>, HostError> {
    let stream = *ctx.resources.get::<OutputStream>(rep)?;
    if stream.closed {
        return Ok(None);
    }
    Ok(Some(if stream.pollable().is_ready(ctx)? { PERMIT } else { 0 }))
}

pub(super) fn check_write(
    call: &mut HostCall<'_>,
    (it,): (Borrow<OutputStream>,),
) -> StreamResult<u64> {
    let permit = permit(call.ctx, it.rep);
    if let Ok(Some(permit)) = permit {
        call.ctx.resources.get_mut::<OutputStream>(it.rep).map_err(fault)?.permit = permit;
    }
    give(call.ctx, it.rep, permit)
}

/// As [`outcome`], of an output stream.
fn give<V>(
    ctx: &mut WasiCtx,
    rep: u32,
    result: std::result::Result<Option<V>, HostError>,
) -> StreamResult<V> {
    let descriptor = ctx.resources.get::<OutputStream>(rep).map_err(fault)?.descriptor;
    outcome(ctx, descriptor, result)
}

/// Uses a permit up: more than was permitted is a trap.
fn use_permit(ctx: &mut WasiCtx, rep: u32, len: u64) -> Result<()> {
    let stream = ctx.resources.get_mut::<OutputStream>(rep).map_err(fault)?;
    if stream.closed {
        return Ok(());
    }
    let left = stream.permit.checked_sub(len);
    stream.permit = left.ok_or_else(|| too_much(len, stream.permit))?;
    Ok(())
}

pub(super) fn write(
    call: &mut HostCall<'_>,
    (it, bytes): (Borrow<OutputStream>, GuestBytes),
) -> StreamResult<()> {
    use_permit(call.ctx, it.rep, bytes.len.into())?;
    let buffer = call.buffer(bytes);
    let written = write_all(call.ctx, it.rep, buffer);
    give(call.ctx, it.rep, written)
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
    give(call.ctx, it.rep, written)
}

/// More was written than the interface allows: a trap.
fn too_much(len: u64, most: u64) -> Error {
    Error::host(format!("WASI: {len} bytes written at once, of at most {most}"))
}

pub(super) fn flush(call: &mut HostCall<'_>, (it,): (Borrow<OutputStream>,)) -> StreamResult<()> {
    let stream = call.ctx.resources.get::<OutputStream>(it.rep).map_err(fault)?;
    Ok(if stream.closed { Err(StreamError::Closed) } else { Ok(()) })
}

pub(super) fn subscribe(
    call: &mut HostCall<'_>,
    (it,): (Borrow<OutputStream>,),
) -> Result<Own<Pollable>> {
    let stream = *call.ctx.resources.get::<OutputStream>(it.rep).map_err(fault)?;
    stream.pollable().give(call.ctx)
}

fn zeroes(call: &mut HostCall<'_>, rep: u32, len: u64) -> StreamResult<()> {
    // Then nothing was permitted, and the length can be any.
    if call.ctx.resources.get::<OutputStream>(rep).map_err(fault)?.closed {
        return Ok(Err(StreamError::Closed));
    }
    let mut zeroes = vec![0; len as usize];
    let written = write_all(call.ctx, rep, Buffer::from_slice(&mut zeroes));
    give(call.ctx, rep, written)
}

pub(super) fn write_zeroes(
    call: &mut HostCall<'_>,
    (it, len): (Borrow<OutputStream>, u64),
) -> StreamResult<()> {
    use_permit(call.ctx, it.rep, len)?;
    zeroes(call, it.rep, len)
}

pub(super) fn blocking_write_zeroes_and_flush(
    call: &mut HostCall<'_>,
    (it, len): (Borrow<OutputStream>, u64),
) -> StreamResult<()> {
    if len > BLOCKING.into() {
        return Err(too_much(len, BLOCKING.into()));
    }
    zeroes(call, it.rep, len)
}

fn splice_with(
    call: &mut HostCall<'_>,
    (it, from, len): (Borrow<OutputStream>, Borrow<InputStream>, u64),
    wait: bool,
) -> StreamResult<u64> {
    let ctx = &mut *call.ctx;
    let room = match wait {
        true => Ok(Some(PERMIT)),
        false => permit(ctx, it.rep),
    };
    let Ok(Some(room)) = room else { return give(ctx, it.rep, room) };
    let source = descriptor(ctx, from.rep)?;
    let mut bytes = match read_some(ctx, from.rep, len.min(room), wait) {
        Ok(Some(bytes)) => bytes,
        read => return outcome(ctx, source, read.map(|_| None)),
    };
    let written = write_all(ctx, it.rep, Buffer::from_slice(&mut bytes));
    give(ctx, it.rep, written.map(|written| written.map(|()| bytes.len() as u64)))
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
