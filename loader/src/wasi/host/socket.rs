//! Sockets that the host passed in, and connections accepted from them.

use crate::sys::buffer::{self, Buffer, Received};
use crate::wasi::host::error::Result;
use crate::wasi::host::file::set_status;
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::metadata::{FileKind, Metadata};
use rustix::fs::{OFlags, fcntl_getfl, fstat};
use rustix::net::sockopt::{socket_acceptconn, socket_type};
use rustix::net::{Shutdown, SocketFlags, SocketType, accept_with};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// An open socket.
pub(crate) struct Socket {
    fd: OwnedFd,
    /// Waits for connections: it can only be accepted from and polled.
    pub(crate) listening: bool,
    /// Of streams or of datagrams, if either.
    pub(crate) kind: FileKind,
    /// Mirrors `O_NONBLOCK` of the kernel's file description.
    pub(crate) nonblock: bool,
}

impl Socket {
    /// Takes a socket from the host as it is.
    pub(crate) fn from_host(fd: OwnedFd) -> rustix::io::Result<Self> {
        let kind = match socket_type(&fd)? {
            SocketType::STREAM => FileKind::StreamSocket,
            SocketType::DGRAM => FileKind::DatagramSocket,
            _ => FileKind::Unknown,
        };
        Ok(Self {
            listening: socket_acceptconn(&fd)?,
            kind,
            nonblock: fcntl_getfl(&fd)?.contains(OFlags::NONBLOCK),
            fd,
        })
    }

    /// Takes the next connection.
    pub(crate) fn accept(&self, nonblock: bool, interrupt: &Interrupt) -> Result<Self> {
        let mut flags = SocketFlags::CLOEXEC;
        flags.set(SocketFlags::NONBLOCK, nonblock);
        let fd = interrupt.retry(|| accept_with(&self.fd, flags))?;
        Ok(Self { fd, listening: false, kind: self.kind, nonblock })
    }

    /// Reads once, as from a file.
    pub(crate) fn read(&self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        Ok(interrupt.retry(|| buffer::read(&self.fd, buffers))?)
    }

    /// Receives once; see [`buffer::receive`].
    pub(crate) fn receive(
        &self,
        buffers: &[Buffer<'_>],
        peek: bool,
        wait_all: bool,
        interrupt: &Interrupt,
    ) -> Result<Received> {
        Ok(interrupt.retry(|| buffer::receive(&self.fd, buffers, peek, wait_all))?)
    }

    /// Sends once, without raising `SIGPIPE` in the host.
    pub(crate) fn send(&self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        Ok(interrupt.retry(|| buffer::send(&self.fd, buffers))?)
    }

    /// Closes one direction, or both.
    pub(crate) fn shutdown(&self, how: Shutdown) -> Result<()> {
        Ok(rustix::net::shutdown(&self.fd, how)?)
    }

    /// Whether it waits.
    pub(crate) fn set_nonblock(&mut self, nonblock: bool) -> Result<()> {
        set_status(&self.fd, OFlags::NONBLOCK, nonblock)?;
        self.nonblock = nonblock;
        Ok(())
    }

    /// Its attributes.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        Ok(Metadata { kind: self.kind, ..fstat(&self.fd)?.into() })
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
