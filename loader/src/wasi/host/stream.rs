//! A standard stream as a descriptor: where it leads, and whether it waits.
//!
//! Whether it waits is kept here and not set in the kernel, where other
//! processes, and the host, share the same open stream.

use crate::sys::buffer::Buffer;
use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::quota::Quota;
use crate::wasi::host::stdio::{Input, Output};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::BorrowedFd;

/// An end of a standard stream.
pub(crate) struct Stream<E> {
    /// Where it leads.
    pub(crate) end: E,
    /// Reading and writing never wait.
    pub(crate) nonblock: bool,
    /// What may still be written, to this and others.
    pub(crate) quota: Option<Quota>,
}

impl<E> From<E> for Stream<E> {
    fn from(end: E) -> Self {
        Self { end, nonblock: false, quota: None }
    }
}

/// As much as a pipe takes without waiting once it says that it takes anything
/// (`PIPE_BUF` of Linux).
const AT_ONCE: usize = 4096;

impl Stream<Input> {
    /// Reads once.
    pub(crate) fn read(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if self.nonblock {
            ready(self.end.fd(), PollFlags::IN)?;
        }
        self.end.read(buffers, interrupt)
    }
}

impl Stream<Output> {
    /// Writes once.
    pub(crate) fn write(&self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        let Some(quota) = &self.quota else { return self.write_freely(buffers, interrupt) };
        let wanted: usize = buffers.iter().map(Buffer::len).sum();
        let most = quota.take_some(wanted as u64) as usize;
        if most == 0 && wanted != 0 {
            return Err(HostError::TOO_LARGE);
        }
        let written = self.write_freely(&first(buffers, most), interrupt);
        quota.give_back((most - *written.as_ref().unwrap_or(&0)) as u64);
        written
    }

    fn write_freely(&self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if !self.nonblock {
            return self.end.write(buffers, interrupt);
        }
        ready(self.end.fd(), PollFlags::OUT)?;
        self.end.write(&first(buffers, AT_ONCE), interrupt)
    }
}

/// The first bytes of buffers.
fn first<'b>(buffers: &[Buffer<'b>], mut left: usize) -> Vec<Buffer<'b>> {
    let parts = buffers.iter().map_while(|buffer| {
        let part = buffer.split(left).0;
        left -= part.len();
        (part.len() > 0).then_some(part)
    });
    parts.collect()
}

/// `EAGAIN` if a call would wait.
fn ready(fd: Option<BorrowedFd<'_>>, flags: PollFlags) -> Result<()> {
    let Some(fd) = fd else { return Ok(()) };
    match poll(&mut [PollFd::from_borrowed_fd(fd, flags)], Some(&Timespec::default()))? {
        0 => Err(Errno::AGAIN.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_waits_and_the_kernel_does_not_know() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let kept = writer.try_clone().unwrap();
        let mut bytes = [0; 8192];
        let buffers = [Buffer::from_slice(&mut bytes)];
        let interrupt = Interrupt::default();
        let mut input = Stream { end: Input::Fd(reader), nonblock: true, quota: None };
        let output = Stream { end: Output::Fd(writer), nonblock: true, quota: None };
        assert_eq!(input.read(&buffers, &interrupt), Err(Errno::AGAIN.into()));
        let mut written = 0;
        let end = loop {
            match output.write(&buffers, &interrupt) {
                Ok(count) => written += count,
                Err(error) => break error,
            }
        };
        assert_eq!(end, Errno::AGAIN.into());
        assert!(written >= AT_ONCE);
        assert_eq!(input.read(&buffers, &interrupt), Ok(8192));
        let flags = rustix::fs::fcntl_getfl(&kept).unwrap();
        assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
    }
}
