//! Standard streams: where the guest's descriptors 0, 1 and 2 lead.

use crate::sys::buffer::{self, Buffer};
use crate::sys::quiet::quietly;
use crate::wasi::host::error::Result;
use crate::wasi::host::interrupt::Interrupt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the guest's standard input comes from.
#[derive(Debug, Default)]
pub enum Input {
    /// At its end from the start.
    #[default]
    Null,
    /// The standard input of this process.
    Inherit,
    /// These bytes, then the end.
    Bytes(Bytes),
    /// A descriptor to read.
    Fd(OwnedFd),
}

/// Where the guest's standard output or error goes.
#[derive(Debug, Default)]
pub enum Output {
    /// Discarded.
    #[default]
    Null,
    /// The standard output of this process.
    InheritStdout,
    /// The standard error of this process.
    InheritStderr,
    /// Kept in memory.
    Capture(Capture),
    /// A descriptor to write.
    Fd(OwnedFd),
}

/// Bytes to read, with the position reached.
#[derive(Debug)]
pub struct Bytes {
    bytes: Vec<u8>,
    position: usize,
}

/// A buffer that a guest writes and its host reads; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written so far, leaving the buffer empty.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.lock())
    }

    /// A copy of what was written so far.
    pub fn contents(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn append(&self, buffers: &[Buffer<'_>]) -> usize {
        let mut bytes = self.lock();
        let start = bytes.len();
        for buffer in buffers {
            let end = bytes.len();
            bytes.resize(end + buffer.len(), 0);
            buffer.copy_to(&mut bytes[end..]);
        }
        bytes.len() - start
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        // A panic elsewhere leaves the bytes themselves whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bytes {
    /// Bytes to be read from their start.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), position: 0 }
    }

    fn read(&mut self, buffers: &[Buffer<'_>]) -> usize {
        let start = self.position;
        for buffer in buffers {
            self.position += buffer.copy_from(&self.bytes[self.position..]);
        }
        self.position - start
    }
}

impl Input {
    /// Reads once.
    pub(crate) fn read(&mut self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if let Self::Bytes(bytes) = self {
            return Ok(bytes.read(buffers));
        }
        match self.fd() {
            Some(fd) => Ok(interrupt.retry(|| buffer::read(fd, buffers))?),
            None => Ok(0),
        }
    }

    /// The descriptor behind it, if there is one.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Null | Self::Bytes(_) => None,
            Self::Inherit => Some(rustix::stdio::stdin()),
            Self::Fd(fd) => Some(fd.as_fd()),
        }
    }
}

impl Output {
    /// Writes once.
    pub(crate) fn write(&self, buffers: &[Buffer<'_>], interrupt: &Interrupt) -> Result<usize> {
        if let Self::Capture(capture) = self {
            return Ok(capture.append(buffers));
        }
        match self.fd() {
            // Whoever reads may have closed it.
            Some(fd) => Ok(interrupt.retry(|| quietly(|| buffer::write(fd, buffers)))?),
            None => Ok(buffers.iter().map(Buffer::len).sum()),
        }
    }

    /// The descriptor behind it, if there is one.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Null | Self::Capture(_) => None,
            Self::InheritStdout => Some(rustix::stdio::stdout()),
            Self::InheritStderr => Some(rustix::stdio::stderr()),
            Self::Fd(fd) => Some(fd.as_fd()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_end() {
        let mut input = Input::Bytes(Bytes::new(*b"hello"));
        let (mut first, mut second) = ([0; 2], [0; 4]);
        let buffers = [Buffer::from_slice(&mut first), Buffer::from_slice(&mut second)];
        let interrupt = Interrupt::default();
        assert_eq!(input.read(&buffers, &interrupt), Ok(5));
        assert_eq!(input.read(&buffers, &interrupt), Ok(0));
        assert_eq!((&first, &second[..3]), (b"he", &b"llo"[..]));
    }

    #[test]
    fn captures_are_shared() {
        let capture = Capture::new();
        let output = Output::Capture(capture.clone());
        let (mut first, mut second) = (*b"ab", *b"c");
        let buffers = [Buffer::from_slice(&mut first), Buffer::from_slice(&mut second)];
        assert_eq!(output.write(&buffers, &Interrupt::default()), Ok(3));
        assert_eq!(capture.contents(), b"abc");
        assert_eq!(capture.take(), b"abc");
        assert_eq!(capture.contents(), b"");
    }

    #[test]
    fn a_closed_pipe_says_so() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(reader);
        let mut byte = [0];
        let written =
            Output::Fd(writer).write(&[Buffer::from_slice(&mut byte)], &Interrupt::default());
        assert_eq!(written, Err(rustix::io::Errno::PIPE.into()));
    }
}
