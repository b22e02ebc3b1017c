//! Sockets that the host passed in.

use std::io::{IoSlice, IoSliceMut};
use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::net::sockopt::{socket_acceptconn, socket_type};
use rustix::net::{
    RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendFlags, Shutdown,
    SocketFlags, SocketType, accept_with, recvmsg, sendmsg, shutdown,
};

use super::abi::{Filetype, fdflags, flags};
use super::context::{Interrupt, WasiCtx};
use super::descriptor::{Descriptor, Socket};
use super::errno::Errno;
use super::iovec::Iovecs;
use super::memory::GuestMemory;
use super::outcome::Result;

/// `$riflags`.
const RECV_PEEK: u64 = 1 << 0;
const RECV_WAITALL: u64 = 1 << 1;
/// `$roflags`.
const RECV_DATA_TRUNCATED: u16 = 1 << 0;
/// `$sdflags`.
const SHUTDOWN_READ: u64 = 1 << 0;
const SHUTDOWN_WRITE: u64 = 1 << 1;

impl Socket {
    /// Takes a socket from the host as it is.
    pub(super) fn from_host(fd: OwnedFd) -> rustix::io::Result<Self> {
        let filetype = match socket_type(&fd)? {
            SocketType::STREAM => Filetype::SocketStream,
            SocketType::DGRAM => Filetype::SocketDgram,
            _ => Filetype::Unknown,
        };
        Ok(Self {
            listening: socket_acceptconn(&fd)?,
            filetype,
            nonblock: fcntl_getfl(&fd)?.contains(OFlags::NONBLOCK),
            fd,
        })
    }
}

/// Sends without raising `SIGPIPE` in the host.
pub(super) fn send(
    socket: &Socket,
    slices: &[IoSlice<'_>],
    interrupt: &Interrupt,
) -> rustix::io::Result<usize> {
    interrupt.retry(|| {
        let mut control = SendAncillaryBuffer::default();
        sendmsg(&socket.fd, slices, &mut control, SendFlags::NOSIGNAL)
    })
}

fn socket(ctx: &WasiCtx, fd: u32) -> Result<&Socket> {
    match ctx.table.get(fd)? {
        Descriptor::Socket(socket) => Ok(socket),
        _ => Err(Errno::Notsock.into()),
    }
}

pub(super) fn sock_accept(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    raw: u32,
    accepted: u32,
) -> Result<()> {
    let wanted = flags("fdflags", raw, fdflags::ALL)?;
    let listener = socket(ctx, fd)?;
    if wanted.bits() & !fdflags::NONBLOCK != 0 {
        return Err(Errno::Inval.into());
    }
    let nonblock = wanted.has(fdflags::NONBLOCK);
    let mut host_flags = SocketFlags::CLOEXEC;
    host_flags.set(SocketFlags::NONBLOCK, nonblock);
    let fd = ctx.interrupt.retry(|| accept_with(&listener.fd, host_flags))?;
    let connection = Socket { fd, listening: false, filetype: listener.filetype, nonblock };
    let number = ctx.table.insert(Descriptor::Socket(connection))?;
    memory.write_u32(accepted, number)
}

#[expect(clippy::too_many_arguments, reason = "the interface has as many")]
pub(super) fn sock_recv(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    ri_data: u32,
    ri_data_len: u32,
    ri_flags: u32,
    ro_datalen: u32,
    ro_flags: u32,
) -> Result<()> {
    let wanted = flags("riflags", ri_flags, RECV_PEEK | RECV_WAITALL)?;
    let socket = socket(ctx, fd)?;
    let mut host_flags = RecvFlags::empty();
    host_flags.set(RecvFlags::PEEK, wanted.has(RECV_PEEK));
    host_flags.set(RecvFlags::WAITALL, wanted.has(RECV_WAITALL));
    let iovecs = Iovecs { pointer: ri_data, count: ri_data_len };
    let received = iovecs.scatter(memory, |slices: &mut [IoSliceMut<'_>]| {
        ctx.interrupt.retry(|| {
            let mut control = RecvAncillaryBuffer::default();
            recvmsg(&socket.fd, slices, &mut control, host_flags)
        })
    })??;
    let truncated = received.flags.contains(ReturnFlags::TRUNC);
    memory.write_u32(ro_datalen, received.bytes as u32)?;
    memory.write_u16(ro_flags, if truncated { RECV_DATA_TRUNCATED } else { 0 })
}

pub(super) fn sock_send(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    fd: u32,
    si_data: u32,
    si_data_len: u32,
    si_flags: u32,
    so_datalen: u32,
) -> Result<()> {
    // `$siflags` is a number of 16 bits, of which none means anything yet.
    flags("siflags", si_flags, u64::from(u16::MAX))?;
    let socket = socket(ctx, fd)?;
    if si_flags != 0 {
        return Err(Errno::Inval.into());
    }
    let iovecs = Iovecs { pointer: si_data, count: si_data_len };
    let sent = iovecs.gather(memory, |slices| send(socket, slices, &ctx.interrupt))??;
    memory.write_u32(so_datalen, sent as u32)
}

pub(super) fn sock_shutdown(
    ctx: &mut WasiCtx,
    _memory: &mut GuestMemory<'_>,
    fd: u32,
    how: u32,
) -> Result<()> {
    let how = flags("sdflags", how, SHUTDOWN_READ | SHUTDOWN_WRITE)?;
    let socket = socket(ctx, fd)?;
    let how = match (how.has(SHUTDOWN_READ), how.has(SHUTDOWN_WRITE)) {
        (true, true) => Shutdown::Both,
        (true, false) => Shutdown::Read,
        (false, true) => Shutdown::Write,
        (false, false) => return Err(Errno::Inval.into()),
    };
    shutdown(&socket.fd, how)?;
    Ok(())
}
