//! Reading, writing and seeking: one system call each, on the guest's own
//! buffers.

use rustix::io::{preadv, pwritev, readv, writev};

use super::abi::undefined;
use super::context::WasiCtx;
use super::descriptor::{Descriptor, Position};
use super::errno::Errno;
use super::iovec::Iovecs;
use super::memory::GuestMemory;
use super::outcome::Result;
use super::sock;
use super::stdio::{Input, Output};

pub(super) fn fd_read(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nread: u32,
) -> Result<()> {
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    let interrupt = &ctx.interrupt;
    let count = match ctx.table.get_mut(fd)? {
        Descriptor::File(file) => {
            let position = file.position()?;
            let count = iovecs.scatter(memory, |slices| {
                interrupt.retry(|| preadv(&file.fd, slices, position))
            })??;
            file.position = Position::At(position.saturating_add(count as u64));
            count
        }
        Descriptor::Input(Input::Bytes(bytes)) => {
            iovecs.scatter(memory, |slices| bytes.read(slices))?
        }
        Descriptor::Input(input) => iovecs.scatter(memory, |slices| match input.fd() {
            Some(fd) => interrupt.retry(|| readv(fd, slices)),
            None => Ok(0),
        })??,
        Descriptor::Socket(socket) => {
            iovecs.scatter(memory, |slices| interrupt.retry(|| readv(&socket.fd, slices)))??
        }
        Descriptor::Output(_) | Descriptor::Directory(_) => return Err(Errno::Badf.into()),
    };
    memory.write_u32(nread, count as u32)
}

pub(super) fn fd_pread(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nread: u32,
) -> Result<()> {
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    let file = match ctx.table.get(fd)? {
        Descriptor::File(file) => file,
        Descriptor::Input(_) | Descriptor::Socket(_) => return Err(Errno::Spipe.into()),
        Descriptor::Output(_) | Descriptor::Directory(_) => return Err(Errno::Badf.into()),
    };
    let count = iovecs
        .scatter(memory, |slices| ctx.interrupt.retry(|| preadv(&file.fd, slices, offset)))??;
    memory.write_u32(nread, count as u32)
}

pub(super) fn fd_write(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nwritten: u32,
) -> Result<()> {
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    let interrupt = &ctx.interrupt;
    let count = match ctx.table.get_mut(fd)? {
        Descriptor::Output(Output::Capture(capture)) => iovecs.gather(memory, |slices| {
            slices.iter().fold(0, |sum, slice| {
                capture.append(slice);
                sum + slice.len()
            })
        })?,
        Descriptor::Output(output) => iovecs
            .gather(memory, |slices| match output.fd() {
                Some(fd) => interrupt.retry(|| writev(fd, slices)),
                None => Ok(slices.iter().map(|slice| slice.len()).sum()),
            })?
            .map_err(closed_stream)?,
        Descriptor::File(file) if file.append => {
            let count =
                iovecs.gather(memory, |slices| interrupt.retry(|| writev(&file.fd, slices)))??;
            // Writing nothing moves nothing.
            if count > 0 {
                file.position = Position::Kernel;
            }
            count
        }
        Descriptor::File(file) => {
            let position = file.position()?;
            let count = iovecs.gather(memory, |slices| {
                interrupt.retry(|| pwritev(&file.fd, slices, position))
            })??;
            file.position = Position::At(position.saturating_add(count as u64));
            count
        }
        Descriptor::Socket(socket) => {
            iovecs.gather(memory, |slices| sock::send(socket, slices, interrupt))??
        }
        Descriptor::Input(_) | Descriptor::Directory(_) => return Err(Errno::Badf.into()),
    };
    memory.write_u32(nwritten, count as u32)
}

pub(super) fn fd_pwrite(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nwritten: u32,
) -> Result<()> {
    let iovecs = Iovecs { pointer: iovs, count: iovs_len };
    let file = match ctx.table.get(fd)? {
        Descriptor::File(file) => file,
        Descriptor::Output(_) | Descriptor::Socket(_) => return Err(Errno::Spipe.into()),
        Descriptor::Input(_) | Descriptor::Directory(_) => return Err(Errno::Badf.into()),
    };
    // With O_APPEND the kernel ignores the offset, as today's runtimes do.
    let count = iovecs
        .gather(memory, |slices| ctx.interrupt.retry(|| pwritev(&file.fd, slices, offset)))??;
    memory.write_u32(nwritten, count as u32)
}

pub(super) fn fd_seek(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: u32,
    new_offset: u32,
) -> Result<()> {
    let whence = match whence {
        0 => Whence::Set,
        1 => Whence::Cur,
        2 => Whence::End,
        other => return Err(undefined("whence", other)),
    };
    seek(ctx, memory, fd, offset, whence, new_offset)
}

/// `$whence`, whose numbers differ between previews.
#[derive(Clone, Copy)]
pub(super) enum Whence {
    Set,
    Cur,
    End,
}

pub(super) fn seek(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    offset: u64,
    whence: Whence,
    new_offset: u32,
) -> Result<()> {
    let offset = offset as i64;
    let file = ctx.table.seekable(fd)?;
    let base = match whence {
        Whence::Set => 0,
        Whence::Cur => file.position()?,
        Whence::End => rustix::fs::fstat(&file.fd)?.st_size as u64,
    };
    let position = base.checked_add_signed(offset).ok_or(Errno::Inval)?;
    file.position = Position::At(position);
    memory.write_u64(new_offset, position)
}

pub(super) fn fd_tell(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    offset: u32,
) -> Result<()> {
    let position = ctx.table.seekable(fd)?.position()?;
    memory.write_u64(offset, position)
}

/// A closed reader of a standard stream is an input/output error, as in today's
/// runtimes.
fn closed_stream(error: rustix::io::Errno) -> Errno {
    match error {
        rustix::io::Errno::PIPE => Errno::Io,
        other => other.into(),
    }
}
