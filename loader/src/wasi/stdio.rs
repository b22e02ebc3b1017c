//! Standard streams: where the guest's descriptors 0, 1 and 2 lead.

use std::io::IoSliceMut;
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

    pub(super) fn append(&self, bytes: &[u8]) {
        self.lock().extend_from_slice(bytes);
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

    pub(super) fn read(&mut self, slices: &mut [IoSliceMut<'_>]) -> usize {
        let start = self.position;
        for slice in slices {
            let rest = &self.bytes[self.position..];
            let len = rest.len().min(slice.len());
            slice[..len].copy_from_slice(&rest[..len]);
            self.position += len;
        }
        self.position - start
    }
}

impl Input {
    /// The descriptor behind it, if there is one.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Null | Self::Bytes(_) => None,
            Self::Inherit => Some(rustix::stdio::stdin()),
            Self::Fd(fd) => Some(fd.as_fd()),
        }
    }
}

impl Output {
    /// The descriptor behind it, if there is one.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
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
        let mut bytes = Bytes::new(*b"hello");
        let (mut first, mut second) = ([0; 2], [0; 4]);
        let mut slices = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(bytes.read(&mut slices), 5);
        assert_eq!(bytes.read(&mut slices), 0);
        assert_eq!((&first, &second[..3]), (b"he", &b"llo"[..]));
    }

    #[test]
    fn captures_are_shared() {
        let capture = Capture::new();
        capture.clone().append(b"ab");
        capture.append(b"c");
        assert_eq!(capture.contents(), b"abc");
        assert_eq!(capture.take(), b"abc");
        assert_eq!(capture.contents(), b"");
    }
}
