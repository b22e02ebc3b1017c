//! Sockets: those that the host passed in, those that the guest makes, and
//! connections accepted from them.

use crate::sys::buffer::{self, Buffer, Received};
use crate::wasi::host::error::Result;
use crate::wasi::host::file::set_status;
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::metadata::{FileKind, Metadata};
use rustix::fs::{OFlags, fcntl_getfl, fstat};
use rustix::io::Errno;
use rustix::net::sockopt::{self, socket_acceptconn, socket_type};
use rustix::net::{
    RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, accept_with, getpeername, getsockname,
    recvfrom,
};
use std::net::SocketAddr;
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
    /// It is at its end for whoever reads, whatever still comes.
    pub(crate) deaf: bool,
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
            deaf: false,
            fd,
        })
    }

    /// Takes the next connection.
    pub(crate) fn accept(&self, nonblock: bool, interrupt: &Interrupt) -> Result<Self> {
        let mut flags = SocketFlags::CLOEXEC;
        flags.set(SocketFlags::NONBLOCK, nonblock);
        let fd = interrupt.retry(|| accept_with(&self.fd, flags))?;
        Ok(Self { fd, listening: false, kind: self.kind, nonblock, deaf: false })
    }

    /// Reads once, as from a file.
    pub(crate) fn read(&self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if self.deaf {
            return Ok(0);
        }
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

    /// Binds it. Where a connection was just closed, it can be bound again.
    pub(crate) fn bind_stream(&self, address: SocketAddr) -> Result<()> {
        sockopt::set_socket_reuseaddr(&self.fd, address.port() != 0)?;
        match self.bind(address) {
            // So Linux says that all ports are taken.
            Err(error) if error.errno() == Errno::NOBUFS => Err(Errno::ADDRINUSE.into()),
            bound => bound,
        }
    }

    /// Binds it.
    pub(crate) fn bind(&self, address: SocketAddr) -> Result<()> {
        Ok(rustix::net::bind(&self.fd, &address)?)
    }

    /// Connects it, or begins to: `EINPROGRESS`.
    pub(crate) fn connect(&self, address: SocketAddr) -> rustix::io::Result<()> {
        rustix::net::connect(&self.fd, &address)
    }

    /// Of datagrams: connects it to nobody.
    pub(crate) fn disconnect(&self) -> Result<()> {
        Ok(rustix::net::connect_unspec(&self.fd)?)
    }

    /// How connecting it has gone.
    pub(crate) fn outcome(&self) -> rustix::io::Result<()> {
        sockopt::socket_error(&self.fd)?
    }

    /// Waits for connections, of which so many may be waiting.
    pub(crate) fn listen(&mut self, backlog: i32) -> rustix::io::Result<()> {
        rustix::net::listen(&self.fd, backlog)?;
        self.listening = true;
        Ok(())
    }

    /// The address that it is bound to.
    pub(crate) fn local_address(&self) -> Result<SocketAddr> {
        Ok(getsockname(&self.fd)?.try_into()?)
    }

    /// The address that it is connected to.
    pub(crate) fn remote_address(&self) -> Result<SocketAddr> {
        Ok(getpeername(&self.fd)?.ok_or(Errno::NOTCONN)?.try_into()?)
    }

    /// Receives one datagram; how long it is, and from whom.
    pub(crate) fn receive_from(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        let flags = RecvFlags::DONTWAIT;
        let (len, _, from) = recvfrom(&self.fd, buffer, flags)?;
        Ok((len, from.ok_or(Errno::NOTCONN)?.try_into()?))
    }

    /// Sends one datagram, of a socket that is not connected to somebody.
    pub(crate) fn send_to(&self, data: &[u8], to: Option<SocketAddr>) -> rustix::io::Result<()> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        match to {
            Some(to) => rustix::net::sendto(&self.fd, data, flags, &to).map(drop),
            None => rustix::net::send(&self.fd, data, flags).map(drop),
        }
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
