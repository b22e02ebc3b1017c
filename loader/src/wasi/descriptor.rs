//! What a descriptor number stands for.

use std::os::fd::OwnedFd;

use cap_std::fs::Dir;
use rustix::fs::{OFlags, fcntl_getfl};
use rustix::net::SocketType;
use rustix::net::sockopt::{socket_acceptconn, socket_type};

use super::abi::Filetype;
use super::listing::Listing;
use super::outcome::Result;
use super::stdio::{Input, Output};

/// One open descriptor.
pub(super) enum Descriptor {
    /// Standard input.
    Input(Input),
    /// Standard output or error.
    Output(Output),
    /// Anything that `path_open` opened, except a directory.
    File(File),
    /// A preopened directory or one opened below it.
    Directory(Directory),
    /// A socket that the host passed in, or one accepted from it.
    Socket(Socket),
}

/// What may be done below a preopened directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DirAccess {
    /// Read, write, create, remove.
    ReadWrite,
    /// Read; every change is refused with `EPERM`.
    ReadOnly,
}

/// An open file. The guest's position is kept here and not in the kernel, so
/// that seeking costs no system call.
pub(super) struct File {
    pub(super) fd: OwnedFd,
    pub(super) filetype: Filetype,
    pub(super) access: DirAccess,
    /// Opened to read; what the kernel allows decides, this only answers
    /// `fd_fdstat_get`.
    pub(super) read: bool,
    /// Opened to write.
    pub(super) write: bool,
    /// Mirrors `O_APPEND` of the kernel's file description.
    pub(super) append: bool,
    /// Recorded only: regular files never block.
    pub(super) nonblock: bool,
    pub(super) position: Position,
}

/// Where the next read or write happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Position {
    At(u64),
    /// The kernel's offset, which an appending write has just moved to the end
    /// of what it wrote.
    Kernel,
}

impl File {
    /// The current position as a number.
    pub(super) fn position(&mut self) -> Result<u64> {
        match self.position {
            Position::At(position) => Ok(position),
            Position::Kernel => {
                let position = rustix::fs::tell(&self.fd)?;
                self.position = Position::At(position);
                Ok(position)
            }
        }
    }
}

/// An open directory: the authority to reach what is below it.
pub(super) struct Directory {
    pub(super) dir: Dir,
    pub(super) access: DirAccess,
    /// The name under which the guest knows it, if the host passed it in.
    pub(super) preopen: Option<String>,
    /// The entries as of the last `fd_readdir` from the start.
    pub(super) listing: Option<Listing>,
}

/// An open socket.
pub(super) struct Socket {
    pub(super) fd: OwnedFd,
    /// Waits for connections; only `sock_accept` and `poll_oneoff` make sense.
    pub(super) listening: bool,
    pub(super) filetype: Filetype,
    /// Mirrors `O_NONBLOCK` of the kernel's file description.
    pub(super) nonblock: bool,
}

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
