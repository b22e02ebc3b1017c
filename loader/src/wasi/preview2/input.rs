//! wasi:io `streams`: what is read.

use super::function::HostCall;
use super::io::{IoError, Pollable, fault};
use crate::canonical::lists::HostBytes;
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::variant;
use crate::error::Result;
use crate::sys::buffer::Buffer;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::error::HostError;

/// `wasi:io/streams.input-stream`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputStream {
    /// What is read.
    pub(crate) descriptor: u32,
    /// Of a file: where the next read happens. Others are read where they stand.
    pub(crate) position: Option<u64>,
    /// It failed, and gives nothing any more.
    failed: bool,
}

variant! {
    /// `wasi:io/streams.stream-error`.
    StreamError {
        /// It went wrong.
        Failed(error: Own<IoError>) = "last-operation-failed",
        /// There is no more, or nobody reads any more.
        Closed = "closed",
    }
}

/// What a function of streams gives.
pub(super) type StreamResult<V> = Result<std::result::Result<V, StreamError>>;

/// The most that one read gives.
const MOST: u64 = 1 << 20;

impl StreamError {
    /// Of the host's error, with a stream of this descriptor.
    fn new(ctx: &mut WasiCtx, error: HostError, descriptor: u32) -> Result<Self> {
        let network = ctx.table.socket(descriptor).is_ok();
        let rep = ctx.resources.insert(IoError { error, network }).map_err(fault)?;
        Ok(Self::Failed(Own::new(rep)))
    }
}

/// A result of a stream of this descriptor, with an error that the guest can look
/// at.
pub(super) fn outcome<V>(
    ctx: &mut WasiCtx,
    descriptor: u32,
    result: std::result::Result<Option<V>, HostError>,
) -> StreamResult<V> {
    Ok(match result {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(StreamError::Closed),
        Err(error) => Err(StreamError::new(ctx, error, descriptor)?),
    })
}

impl InputStream {
    /// Reads a descriptor.
    pub(super) fn new(descriptor: u32, position: Option<u64>) -> Self {
        Self { descriptor, position, failed: false }
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
        match self.position {
            None if !self.failed => Pollable::Readable(self.descriptor),
            _ => Pollable::Ready,
        }
    }
}

/// Reads up to so many bytes; nothing at the end, or after an error. Where there
/// are none yet, waits for some, or gives none.
pub(super) fn read_some(
    ctx: &mut WasiCtx,
    rep: u32,
    len: u64,
    wait: bool,
) -> Result<Option<Vec<u8>>, HostError> {
    let stream = ctx.resources.get_mut::<InputStream>(rep)?;
    if stream.failed {
        return Ok(None);
    }
    let read = read_once(ctx, rep, len, wait);
    if read.is_err() {
        ctx.resources.get_mut::<InputStream>(rep)?.failed = true;
    }
    read
}

fn read_once(
    ctx: &mut WasiCtx,
    rep: u32,
    len: u64,
    wait: bool,
) -> Result<Option<Vec<u8>>, HostError> {
    let stream = *ctx.resources.get::<InputStream>(rep)?;
    if len == 0 {
        return Ok(Some(Vec::new()));
    }
    match wait {
        true => stream.pollable().wait_for(ctx)?,
        false if !stream.pollable().is_ready(ctx)? => return Ok(Some(Vec::new())),
        false => {}
    }
    let mut bytes = vec![0; len.min(MOST) as usize];
    let buffers = [Buffer::from_slice(&mut bytes)];
    let read = match stream.position {
        Some(position) => {
            ctx.table.get(stream.descriptor)?.read_at(&buffers, position, &ctx.interrupt)
        }
        None => ctx.table.get_mut(stream.descriptor)?.read(&buffers, &ctx.interrupt),
    };
    let read = match read {
        Err(error) if error.errno() == rustix::io::Errno::AGAIN && !wait => 0,
        read => match read? {
            0 => return Ok(None),
            read => read,
        },
    };
    bytes.truncate(read);
    if let Some(position) = &mut ctx.resources.get_mut::<InputStream>(rep)?.position {
        *position += read as u64;
    }
    Ok(Some(bytes))
}

/// The descriptor that a stream reads.
pub(super) fn descriptor(ctx: &WasiCtx, rep: u32) -> Result<u32> {
    Ok(ctx.resources.get::<InputStream>(rep).map_err(fault)?.descriptor)
}

fn read_with(
    call: &mut HostCall<'_>,
    (it, len): (Borrow<InputStream>, u64),
    wait: bool,
) -> StreamResult<HostBytes> {
    let descriptor = descriptor(call.ctx, it.rep)?;
    let read = read_some(call.ctx, it.rep, len, wait);
    outcome(call.ctx, descriptor, read.map(|bytes| bytes.map(HostBytes)))
}

fn skip_with(
    call: &mut HostCall<'_>,
    (it, len): (Borrow<InputStream>, u64),
    wait: bool,
) -> StreamResult<u64> {
    let descriptor = descriptor(call.ctx, it.rep)?;
    let read = read_some(call.ctx, it.rep, len, wait);
    outcome(call.ctx, descriptor, read.map(|bytes| bytes.map(|bytes| bytes.len() as u64)))
}

pub(super) fn read(
    call: &mut HostCall<'_>,
    params: (Borrow<InputStream>, u64),
) -> StreamResult<HostBytes> {
    read_with(call, params, false)
}

pub(super) fn blocking_read(
    call: &mut HostCall<'_>,
    params: (Borrow<InputStream>, u64),
) -> StreamResult<HostBytes> {
    read_with(call, params, true)
}

pub(super) fn skip(
    call: &mut HostCall<'_>,
    params: (Borrow<InputStream>, u64),
) -> StreamResult<u64> {
    skip_with(call, params, false)
}

pub(super) fn blocking_skip(
    call: &mut HostCall<'_>,
    params: (Borrow<InputStream>, u64),
) -> StreamResult<u64> {
    skip_with(call, params, true)
}

pub(super) fn subscribe(
    call: &mut HostCall<'_>,
    (it,): (Borrow<InputStream>,),
) -> Result<Own<Pollable>> {
    let stream = *call.ctx.resources.get::<InputStream>(it.rep).map_err(fault)?;
    stream.pollable().give(call.ctx)
}
