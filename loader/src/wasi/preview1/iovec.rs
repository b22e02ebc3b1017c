//! Scatter and gather lists (`$iovec`, `$ciovec`): guest memory handed to the
//! kernel as it lies, without copying.
//!
//! Both records are 8 bytes, aligned to 4: pointer, then length. Up to
//! [`INLINE`] non-empty buffers need no allocation. More than [`MOST_BUFFERS`],
//! or more bytes than one system call moves, shorten the transfer: a partial
//! transfer is a legal answer and guests repeat it.

use crate::sys::buffer::{Buffer, MOST_BUFFERS, MOST_BYTES};
use crate::wasi::host;
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::outcome::Result;

const INLINE: usize = 16;

/// A list of buffers in guest memory, not yet looked at.
#[derive(Clone, Copy)]
pub(super) struct Iovecs {
    pub(super) pointer: u32,
    pub(super) count: u32,
}

impl Iovecs {
    /// Passes the non-empty buffers, checked and cut off at the limits, to
    /// `transfer`.
    pub(super) fn with<'m, R>(
        self,
        memory: &GuestMemory<'m>,
        transfer: impl FnOnce(&[Buffer<'m>]) -> R,
    ) -> Result<R> {
        let mut inline = [Buffer::EMPTY; INLINE];
        let mut spilled = Vec::new();
        let (mut count, mut total) = (0, 0);
        for index in 0..self.count {
            let (buffer, _) = self.buffer(memory, index)?.split(MOST_BYTES - total);
            if buffer.len() == 0 {
                continue;
            }
            total += buffer.len();
            if count < INLINE {
                inline[count] = buffer;
            } else {
                if count == INLINE {
                    spilled.extend_from_slice(&inline);
                }
                spilled.push(buffer);
            }
            count += 1;
            if count == MOST_BUFFERS || total == MOST_BYTES {
                break;
            }
        }
        Ok(transfer(if count <= INLINE { &inline[..count] } else { &spilled }))
    }

    /// As [`with`](Self::with), for a transfer of which the guest is told the
    /// number of bytes, at `count`.
    pub(super) fn transfer<'m>(
        self,
        memory: &GuestMemory<'m>,
        count: u32,
        transfer: impl FnOnce(&[Buffer<'m>]) -> host::error::Result<usize>,
    ) -> Result<()> {
        // No more than MOST_BYTES.
        let moved = self.with(memory, transfer)??;
        Ok(memory.write_u32(count, moved as u32)?)
    }

    /// One buffer of the list. One of no bytes needs no valid pointer.
    fn buffer<'m>(self, memory: &GuestMemory<'m>, index: u32) -> Result<Buffer<'m>> {
        let record = memory.element(self.pointer, index, 8)?;
        let record = u64::from_le_bytes(memory.read_record(record, 4)?);
        match (record as u32, (record >> 32) as u32) {
            (_, 0) => Ok(Buffer::EMPTY),
            (pointer, len) => Ok(memory.buffer(pointer, len)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::preview1::outcome::Stop;

    /// Puts `buffers` at address 0 and returns the list that names them.
    fn list(memory: &GuestMemory<'_>, buffers: &[(u32, u32)]) -> Iovecs {
        for (index, (pointer, len)) in buffers.iter().enumerate() {
            memory.write_u32(index as u32 * 8, *pointer).unwrap();
            memory.write_u32(index as u32 * 8 + 4, *len).unwrap();
        }
        Iovecs { pointer: 0, count: buffers.len() as u32 }
    }

    fn gathered(iovecs: Iovecs, memory: &GuestMemory<'_>) -> Vec<u8> {
        iovecs
            .with(memory, |buffers| buffers.iter().flat_map(|buffer| buffer.to_vec()).collect())
            .unwrap()
    }

    #[test]
    fn gathers_in_order_without_empty_buffers() {
        let mut bytes = [0; 128];
        bytes[100..106].copy_from_slice(b"abcdef");
        let memory = GuestMemory::new(&mut bytes);
        let iovecs = list(&memory, &[(103, 3), (9999, 0), (100, 3), (101, 2)]);
        assert_eq!(gathered(iovecs, &memory), b"defabcbc");
    }

    #[test]
    fn many_buffers_spill_and_stop_at_the_limit() {
        let mut bytes = vec![0; 65536];
        bytes[60000] = b'x';
        let memory = GuestMemory::new(&mut bytes);
        for count in [INLINE, INLINE + 1, MOST_BUFFERS, MOST_BUFFERS + 100] {
            let iovecs = list(&memory, &vec![(60000, 1); count]);
            let expected = vec![b'x'; count.min(MOST_BUFFERS)];
            assert_eq!(gathered(iovecs, &memory), expected);
        }
    }

    #[test]
    fn buffers_keep_their_order() {
        let mut bytes = [0; 128];
        let memory = GuestMemory::new(&mut bytes);
        let iovecs = list(&memory, &[(110, 2), (100, 3), (105, 1)]);
        iovecs
            .with(&memory, |buffers| {
                assert_eq!(buffers.len(), 3);
                for (index, buffer) in buffers.iter().enumerate() {
                    buffer.copy_from(&[b'1' + index as u8; 3]);
                }
            })
            .unwrap();
        assert_eq!(&bytes[100..112], b"222\0\x003\0\0\0\x0011");
    }

    #[test]
    fn overlapping_buffers_are_filled_in_order() {
        let mut bytes = [0; 128];
        let memory = GuestMemory::new(&mut bytes);
        let iovecs = list(&memory, &[(102, 4), (100, 3)]);
        let lengths = |buffers: &[Buffer<'_>]| buffers.iter().map(Buffer::len).collect::<Vec<_>>();
        assert_eq!(iovecs.with(&memory, lengths).unwrap(), [4, 3]);
    }

    #[test]
    fn no_more_bytes_than_one_call_moves() {
        // The lengths are what counts; nothing is touched.
        let mut bytes = vec![0; 1 << 20];
        let memory = GuestMemory::new(&mut bytes);
        let iovecs = list(&memory, &vec![(0, 1 << 20); MOST_BUFFERS]);
        let (count, total) = iovecs
            .with(&memory, |buffers| {
                (buffers.len(), buffers.iter().map(Buffer::len).sum::<usize>())
            })
            .unwrap();
        assert_eq!((count, total), (MOST_BUFFERS, 1 << 30));
    }

    #[test]
    fn buffers_outside_of_memory_trap() {
        let mut bytes = [0; 128];
        let memory = GuestMemory::new(&mut bytes);
        for buffer in [(120, 9), (u32::MAX, u32::MAX), (200, 1)] {
            let iovecs = list(&memory, &[(0, 1), buffer]);
            assert!(matches!(iovecs.with(&memory, |_| ()), Err(Stop::Trap(_))));
        }
        let list_outside = Iovecs { pointer: u32::MAX - 7, count: 2 };
        assert!(matches!(list_outside.with(&memory, |_| ()), Err(Stop::Trap(_))));
    }
}
