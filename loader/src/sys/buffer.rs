//! Memory that others may change at any moment, such as a guest's: copies in
//! and out of it, and system calls that move its bytes as they lie.
//!
//! # Safety
//!
//! A [`Buffer`] never becomes a slice of plain bytes. It is copied by relaxed
//! atomic accesses, so another thread that writes the same bytes makes the copy
//! mixed, never undefined; and the kernel gets its address and length. Whoever
//! makes one from an address promises that the memory stays accessible.
#![allow(unsafe_code)]

use rustix::io::{Errno, Result};
use std::fmt;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

/// The most buffers that the kernel takes in one call (`UIO_MAXIOV` of Linux).
pub(crate) const MOST_BUFFERS: usize = 1024;

/// The most bytes that one read or write moves (`MAX_RW_COUNT` of Linux).
pub(crate) const MOST_BYTES: usize = 0x7fff_f000;

/// A range of such memory, laid out as the kernel's `struct iovec`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Buffer<'m> {
    iovec: libc::iovec,
    memory: PhantomData<&'m [AtomicU8]>,
}

impl<'m> Buffer<'m> {
    /// No memory at all.
    pub(crate) const EMPTY: Self = Self {
        iovec: libc::iovec { iov_base: std::ptr::dangling_mut(), iov_len: 0 },
        memory: PhantomData,
    };

    /// The `len` bytes from `start`.
    ///
    /// # Safety
    ///
    /// They can be read and written during `'m`, and no reference to them is
    /// used meanwhile: others access them through buffers, in the kernel or in
    /// a guest.
    pub(crate) unsafe fn from_raw(start: *mut u8, len: usize) -> Self {
        let iovec = libc::iovec { iov_base: start.cast(), iov_len: len };
        Self { iovec, memory: PhantomData }
    }

    /// Memory that nobody else uses.
    pub(crate) fn from_slice(bytes: &'m mut [u8]) -> Self {
        // SAFETY: the exclusive borrow lasts for 'm.
        unsafe { Self::from_raw(bytes.as_mut_ptr(), bytes.len()) }
    }

    /// Size in bytes.
    pub(crate) fn len(&self) -> usize {
        self.iovec.iov_len
    }

    /// The `len` bytes from offset `start`; `None` if they are not all in it.
    pub(crate) fn get(&self, start: usize, len: usize) -> Option<Self> {
        if start.checked_add(len)? > self.len() {
            return None;
        }
        // SAFETY: a part of this buffer, from a start inside or at its end.
        Some(unsafe { Self::from_raw(self.iovec.iov_base.cast::<u8>().add(start), len) })
    }

    /// The first `at` bytes, or all if there are fewer, and the rest.
    pub(crate) fn split(&self, at: usize) -> (Self, Self) {
        let at = at.min(self.len());
        let part = |start, end| self.get(start, end - start).unwrap_or(Self::EMPTY);
        (part(0, at), part(at, self.len()))
    }

    /// Copies in as many of `bytes` as there is room for; how many.
    pub(crate) fn copy_from(&self, bytes: &[u8]) -> usize {
        let len = bytes.len().min(self.len());
        let (head, words, tail) = self.words(len);
        let (start, bytes) = bytes[..len].split_at(head.len());
        let (middle, end) = bytes.split_at(words.len() * 8);
        head.iter().zip(start).for_each(|(to, from)| to.store(*from, Relaxed));
        for (to, from) in words.iter().zip(middle.as_chunks().0) {
            to.store(u64::from_ne_bytes(*from), Relaxed);
        }
        tail.iter().zip(end).for_each(|(to, from)| to.store(*from, Relaxed));
        len
    }

    /// Copies out as many bytes as `bytes` has room for; how many.
    pub(crate) fn copy_to(&self, bytes: &mut [u8]) -> usize {
        let len = bytes.len().min(self.len());
        let (head, words, tail) = self.words(len);
        let (start, bytes) = bytes[..len].split_at_mut(head.len());
        let (middle, end) = bytes.split_at_mut(words.len() * 8);
        start.iter_mut().zip(head).for_each(|(to, from)| *to = from.load(Relaxed));
        for (to, from) in middle.as_chunks_mut().0.iter_mut().zip(words) {
            *to = from.load(Relaxed).to_ne_bytes();
        }
        end.iter_mut().zip(tail).for_each(|(to, from)| *to = from.load(Relaxed));
        len
    }

    /// A copy of the bytes.
    pub(crate) fn to_vec(self) -> Vec<u8> {
        let mut bytes = vec![0; self.len()];
        self.copy_to(&mut bytes);
        bytes
    }

    /// The first `len` bytes, which it has, in words where they are aligned.
    fn words(&self, len: usize) -> (&'m [AtomicU8], &'m [AtomicU64], &'m [AtomicU8]) {
        debug_assert!(len <= self.len());
        // SAFETY: accessible for 'm, by the promise of `from_raw`; atomics may
        // be shared with anybody.
        let bytes = unsafe { std::slice::from_raw_parts(self.iovec.iov_base.cast(), len) };
        // SAFETY: eight bytes are as good as a word.
        unsafe { bytes.align_to() }
    }
}

impl fmt::Debug for Buffer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} bytes at {:p})", self.len(), self.iovec.iov_base)
    }
}

/// `readv`: reads at the position of `fd`.
pub(crate) fn read(fd: impl AsFd, buffers: &[Buffer<'_>]) -> Result<usize> {
    let fd = fd.as_fd();
    let (list, count) = list(buffers);
    // SAFETY: each buffer is accessible.
    moved(unsafe { libc::readv(fd.as_raw_fd(), list, count) })
}

/// `preadv`: reads at an offset.
pub(crate) fn read_at(fd: impl AsFd, buffers: &[Buffer<'_>], offset: u64) -> Result<usize> {
    let fd = fd.as_fd();
    let (list, count) = list(buffers);
    // SAFETY: each buffer is accessible. An offset beyond i64 is negative to
    // the kernel, which refuses it.
    moved(unsafe { libc::preadv(fd.as_raw_fd(), list, count, offset as libc::off_t) })
}

/// `writev`: writes at the position of `fd`.
pub(crate) fn write(fd: impl AsFd, buffers: &[Buffer<'_>]) -> Result<usize> {
    let fd = fd.as_fd();
    let (list, count) = list(buffers);
    // SAFETY: each buffer is accessible.
    moved(unsafe { libc::writev(fd.as_raw_fd(), list, count) })
}

/// `pwritev`: writes at an offset.
pub(crate) fn write_at(fd: impl AsFd, buffers: &[Buffer<'_>], offset: u64) -> Result<usize> {
    let fd = fd.as_fd();
    let (list, count) = list(buffers);
    // SAFETY: each buffer is accessible. An offset beyond i64 is negative to
    // the kernel, which refuses it.
    moved(unsafe { libc::pwritev(fd.as_raw_fd(), list, count, offset as libc::off_t) })
}

/// `sendmsg`: sends one message, without raising `SIGPIPE`.
pub(crate) fn send(fd: impl AsFd, buffers: &[Buffer<'_>]) -> Result<usize> {
    let fd = fd.as_fd();
    let message = message(buffers);
    // SAFETY: each buffer is accessible, and there is neither name nor control
    // data.
    moved(unsafe { libc::sendmsg(fd.as_raw_fd(), &message, libc::MSG_NOSIGNAL) })
}

/// What [`receive`] got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Received {
    /// How many bytes.
    pub(crate) bytes: usize,
    /// The datagram was longer; the rest of it is gone.
    pub(crate) truncated: bool,
}

/// `recvmsg`: receives one message, or what there is of a stream. `peek` leaves
/// it to be received again; `wait_all` waits until the buffers are full.
pub(crate) fn receive(
    fd: impl AsFd,
    buffers: &[Buffer<'_>],
    peek: bool,
    wait_all: bool,
) -> Result<Received> {
    let fd = fd.as_fd();
    let mut message = message(buffers);
    let flag = |set, flag| if set { flag } else { 0 };
    let flags = flag(peek, libc::MSG_PEEK) | flag(wait_all, libc::MSG_WAITALL);
    // SAFETY: each buffer is accessible, and neither name nor control data is
    // asked for.
    let bytes = moved(unsafe { libc::recvmsg(fd.as_raw_fd(), &mut message, flags) })?;
    Ok(Received { bytes, truncated: message.msg_flags & libc::MSG_TRUNC != 0 })
}

/// `getrandom`: random bytes for the start of the buffer; how many.
pub(crate) fn random(buffer: Buffer<'_>) -> Result<usize> {
    // SAFETY: the buffer is accessible.
    moved(unsafe { libc::getrandom(buffer.iovec.iov_base, buffer.len(), 0) })
}

/// The buffers as the kernel takes them; what is beyond its limit waits for
/// the next call.
fn list(buffers: &[Buffer<'_>]) -> (*const libc::iovec, libc::c_int) {
    (buffers.as_ptr().cast(), buffers.len().min(MOST_BUFFERS) as libc::c_int)
}

fn message(buffers: &[Buffer<'_>]) -> libc::msghdr {
    let (list, count) = list(buffers);
    // SAFETY: all zero is a message without anything.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = list.cast_mut();
    message.msg_iovlen = count as _;
    message
}

/// The count that a system call returned, or its error.
fn moved(result: isize) -> Result<usize> {
    usize::try_from(result).map_err(|_| {
        let error = std::io::Error::last_os_error();
        Errno::from_io_error(&error).unwrap_or(Errno::IO)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_at_every_alignment() {
        let source: Vec<u8> = (1..=40).collect();
        for start in 0..9 {
            for len in 0..32 {
                let mut bytes = [0; 48];
                let memory = Buffer::from_slice(&mut bytes);
                let part = memory.get(start, len).unwrap();
                assert_eq!(part.copy_from(&source), len);
                assert_eq!(part.to_vec(), source[..len]);
                let mut out = [0; 3];
                assert_eq!(part.copy_to(&mut out), len.min(3));
                assert_eq!(out[..len.min(3)], source[..len.min(3)]);
                assert_eq!(bytes[start..start + len], source[..len]);
                assert!(bytes[..start].iter().chain(&bytes[start + len..]).all(|b| *b == 0));
            }
        }
    }

    #[test]
    fn parts_stay_inside() {
        let mut bytes = [0; 16];
        let memory = Buffer::from_slice(&mut bytes);
        assert_eq!(memory.get(16, 0).unwrap().len(), 0);
        assert!(memory.get(17, 0).is_none());
        assert!(memory.get(1, 16).is_none());
        assert!(memory.get(1, usize::MAX).is_none());
        let part = memory.get(8, 4).unwrap();
        assert!(part.get(2, 3).is_none());
        for (at, lens) in [(0, (0, 4)), (3, (3, 1)), (4, (4, 0)), (9, (4, 0))] {
            let (first, rest) = part.split(at);
            assert_eq!((first.len(), rest.len()), lens);
        }
        assert_eq!(Buffer::EMPTY.to_vec(), b"");
    }

    #[test]
    fn the_kernel_moves_lists() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let mut bytes = *b"abcdef";
        let memory = Buffer::from_slice(&mut bytes);
        let parts = [memory.get(3, 3).unwrap(), memory.get(0, 2).unwrap()];
        assert_eq!(write(&writer, &parts), Ok(5));
        // Buffers that overlap are filled one after the other.
        let overlapping = [memory.get(0, 4).unwrap(), memory.get(3, 1).unwrap()];
        assert_eq!(read(&reader, &overlapping), Ok(5));
        assert_eq!(&bytes, b"defbef");
        assert_eq!(read_at(&reader, &[], 0), Err(Errno::SPIPE));
        drop(reader);
        assert_eq!(read(&writer, &[]), Err(Errno::BADF));
    }

    #[test]
    fn copies_race_with_other_threads() {
        let mut bytes = [0; 64];
        let memory = Buffer::from_slice(&mut bytes);
        let address = memory.iovec.iov_base.expose_provenance();
        std::thread::scope(|scope| {
            for value in 1..4 {
                scope.spawn(move || {
                    let start = std::ptr::with_exposed_provenance_mut(address);
                    // SAFETY: the array outlives the scope, and is used by
                    // buffers alone meanwhile.
                    let memory = unsafe { Buffer::from_raw(start, 64) };
                    for _ in 0..1000 {
                        memory.copy_from(&[value; 64]);
                        assert!(memory.to_vec().iter().all(|byte| (1..4).contains(byte)));
                    }
                });
            }
        });
    }
}
