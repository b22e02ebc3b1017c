//! What a descriptor number stands for, and what every kind can be asked.
//!
//! Where it leads to something of the kernel's, the kernel answers, so that
//! success and error are those of a native program; what the host keeps in
//! memory answers as a pipe would.

use crate::sys::buffer::{self, Buffer};
use crate::sys::quiet::quietly;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::file::{self, File, Whence};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::metadata::Metadata;
use crate::wasi::host::socket::Socket;
use crate::wasi::host::stdio::{Input, Output};
use crate::wasi::host::stream::Stream;
use rustix::fs::{Advice, FallocateFlags, fadvise, fallocate, fdatasync, fstat, fsync, ftruncate};
use rustix::io::Errno;
use std::num::NonZeroU64;
use std::os::fd::{AsFd, BorrowedFd};

/// One open descriptor.
pub(crate) enum Descriptor {
    /// Standard input.
    Input(Stream<Input>),
    /// Standard output or error.
    Output(Stream<Output>),
    /// Anything that was opened below a directory, except another directory.
    File(File),
    /// A preopened directory or one opened below it.
    Directory(Directory),
    /// A socket that the host passed in, or one accepted from it.
    Socket(Socket),
}

impl Descriptor {
    /// The kernel's descriptor behind it, if there is one.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Input(input) => input.end.fd(),
            Self::Output(output) => output.end.fd(),
            Self::File(file) => Some(file.as_fd()),
            Self::Directory(directory) => Some(directory.dir.as_fd()),
            Self::Socket(socket) => Some(socket.as_fd()),
        }
    }

    /// The kernel's descriptor, or the error of a pipe.
    fn fd_or(&self, errno: Errno) -> Result<BorrowedFd<'_>> {
        self.fd().ok_or(errno.into())
    }

    /// Reads once, at the position.
    pub(crate) fn read(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        match self {
            Self::File(file) => file.read(buffers, interrupt),
            Self::Input(input) => input.read(buffers, interrupt),
            Self::Socket(socket) => socket.read(buffers, interrupt),
            Self::Directory(_) => Err(Errno::ISDIR.into()),
            Self::Output(_) => Err(HostError::BAD_DESCRIPTOR),
        }
    }

    /// Reads once, from an offset; the position stays.
    pub(crate) fn read_at(
        &self,
        buffers: &[Buffer<'_>],
        offset: u64,
        interrupt: &Interrupt,
    ) -> Result<usize> {
        let fd = self.fd_or(Errno::SPIPE)?;
        match self {
            Self::Output(_) => Err(self.not_this_way()),
            _ => Ok(interrupt.retry(|| buffer::read_at(fd, buffers, offset))?),
        }
    }

    /// Writes once, at the position.
    pub(crate) fn write(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        match self {
            Self::Output(output) => output.write(buffers, interrupt),
            Self::File(file) => file.write(buffers, interrupt),
            Self::Socket(socket) => socket.send(buffers, interrupt),
            Self::Input(_) | Self::Directory(_) => Err(HostError::BAD_DESCRIPTOR),
        }
    }

    /// Writes once, at an offset; the position stays.
    pub(crate) fn write_at(
        &self,
        buffers: &[Buffer<'_>],
        offset: u64,
        interrupt: &Interrupt,
    ) -> Result<usize> {
        let fd = self.fd_or(Errno::SPIPE)?;
        match self {
            Self::File(file) => file.write_at(buffers, offset, interrupt),
            Self::Input(_) => Err(self.not_this_way()),
            _ => Ok(interrupt.retry(|| quietly(|| buffer::write_at(fd, buffers, offset)))?),
        }
    }

    /// What the kernel says of a stream that goes the other way: first that it
    /// has no positions, if it has none.
    fn not_this_way(&self) -> HostError {
        let positions = self.fd().is_some_and(|fd| rustix::fs::tell(fd).is_ok());
        if positions { HostError::BAD_DESCRIPTOR } else { HostError::NOT_SEEKABLE }
    }

    /// Moves the position; the new one. Directories have none here: those of
    /// the kernel's tell about its file systems.
    pub(crate) fn seek(&mut self, offset: i64, whence: Whence) -> Result<u64> {
        match self {
            Self::File(file) => file.seek(offset, whence),
            Self::Directory(_) => Err(HostError::BAD_DESCRIPTOR),
            _ => file::seek(self.fd_or(Errno::SPIPE)?, offset, whence),
        }
    }

    /// Its attributes, unless it is in the host's memory.
    pub(crate) fn metadata(&self) -> Result<Option<Metadata>> {
        match (self, self.fd()) {
            (Self::Socket(socket), _) => Ok(Some(socket.metadata()?)),
            (_, Some(fd)) => Ok(Some(fstat(fd)?.into())),
            (_, None) => Ok(None),
        }
    }

    /// Refuses changes of what was granted for reading.
    fn check_write(&self) -> Result<()> {
        match self {
            Self::File(file) => file.access.check_write(),
            Self::Input(_) => Err(HostError::INVALID),
            _ => Ok(()),
        }
    }

    /// Makes it shorter, or longer with zeros.
    pub(crate) fn set_size(&self, size: u64, interrupt: &Interrupt) -> Result<()> {
        self.check_write()?;
        let fd = self.fd_or(Errno::INVAL)?;
        // A length above i64::MAX is negative to the kernel: EINVAL.
        Ok(interrupt.retry(|| quietly(|| ftruncate(fd, size)))?)
    }

    /// Makes sure that there is room on the device; the file gets longer where
    /// the range ends after its end.
    pub(crate) fn allocate(&self, offset: u64, len: u64, interrupt: &Interrupt) -> Result<()> {
        self.check_write()?;
        let fd = self.fd_or(Errno::SPIPE)?;
        let flags = FallocateFlags::empty();
        Ok(interrupt.retry(|| quietly(|| fallocate(fd, flags, offset, len)))?)
    }

    /// Says how a range will be used; no length is up to the end.
    pub(crate) fn advise(
        &self,
        offset: u64,
        len: Option<NonZeroU64>,
        advice: Advice,
    ) -> Result<()> {
        Ok(fadvise(self.fd_or(Errno::SPIPE)?, offset, len, advice)?)
    }

    /// Waits until contents and attributes are on the device.
    pub(crate) fn sync(&self, interrupt: &Interrupt) -> Result<()> {
        let fd = self.fd_or(Errno::INVAL)?;
        Ok(interrupt.retry(|| fsync(fd))?)
    }

    /// Waits until the contents are on the device.
    pub(crate) fn sync_data(&self, interrupt: &Interrupt) -> Result<()> {
        let fd = self.fd_or(Errno::INVAL)?;
        Ok(interrupt.retry(|| fdatasync(fd))?)
    }

    /// Appends from now on, or writes at the position; waits, or does not.
    /// Sockets and directories have nothing to append to, and standard streams
    /// stay as the host opened them.
    pub(crate) fn set_flags(&mut self, append: bool, nonblock: bool) -> Result<()> {
        match self {
            Self::File(file) => return file.set_flags(append, nonblock),
            Self::Socket(socket) => return socket.set_nonblock(nonblock),
            Self::Input(input) => input.nonblock = nonblock,
            Self::Output(output) => output.nonblock = nonblock,
            Self::Directory(_) => {}
        }
        Ok(())
    }
}
