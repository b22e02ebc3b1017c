//! Scatter and gather lists (`$iovec`, `$ciovec`): guest memory handed to the
//! kernel as it lies, without copying.
//!
//! Both records are 8 bytes, aligned to 4: pointer, then length. Up to
//! [`INLINE`] non-empty buffers need no allocation. More than [`IOV_MAX`]
//! buffers, or more bytes than one system call moves, shorten the transfer: a
//! partial transfer is a legal answer and guests repeat it.

use std::io::{IoSlice, IoSliceMut};
use std::ops::Range;

use super::memory::GuestMemory;
use super::outcome::Result;

const INLINE: usize = 16;
/// `UIO_MAXIOV` of Linux.
const IOV_MAX: usize = 1024;
/// `MAX_RW_COUNT` of Linux: no read or write moves more.
const MAX_BYTES: usize = 0x7fff_f000;

/// A list of buffers in guest memory, not yet looked at.
#[derive(Clone, Copy)]
pub(super) struct Iovecs {
    pub(super) pointer: u32,
    pub(super) count: u32,
}

impl Iovecs {
    /// Gathers the buffers to write and passes them to `transfer`.
    pub(super) fn gather<R>(
        self,
        memory: &GuestMemory<'_>,
        transfer: impl FnOnce(&[IoSlice<'_>]) -> R,
    ) -> Result<R> {
        let mut inline = [const { Range { start: 0, end: 0 } }; INLINE];
        let mut spilled = Vec::new();
        let spans = self.spans(memory, &mut inline, &mut spilled)?;
        // The spans were checked; reading them again cannot fail.
        let slice =
            |span: &Range<u32>| memory.slice(span.start, span.end - span.start).map(IoSlice::new);
        if spans.len() <= INLINE {
            let mut slices = [IoSlice::new(&[]); INLINE];
            for (target, span) in slices.iter_mut().zip(spans) {
                *target = slice(span)?;
            }
            return Ok(transfer(&slices[..spans.len()]));
        }
        let slices = spans.iter().map(slice).collect::<Result<Vec<_>>>()?;
        Ok(transfer(&slices))
    }

    /// Passes the buffers to fill to `transfer`. Buffers that overlap cannot
    /// be filled together: then only the first is.
    pub(super) fn scatter<R>(
        self,
        memory: &mut GuestMemory<'_>,
        transfer: impl FnOnce(&mut [IoSliceMut<'_>]) -> R,
    ) -> Result<R> {
        let mut inline = [const { Range { start: 0, end: 0 } }; INLINE];
        let mut spilled = Vec::new();
        let spans = self.spans(memory, &mut inline, &mut spilled)?;
        let bytes = memory.bytes_mut();
        if let [span] = spans {
            let slice = &mut bytes[span.start as usize..span.end as usize];
            return Ok(transfer(&mut [IoSliceMut::new(slice)]));
        }
        if spans.len() <= INLINE {
            let mut order = [0; INLINE];
            let mut slices = [const { None }; INLINE].map(|_: Option<()>| IoSliceMut::new(&mut []));
            let filled = split(bytes, spans, &mut order[..spans.len()], &mut slices[..spans.len()]);
            return Ok(transfer(&mut slices[..filled]));
        }
        let mut order = vec![0; spans.len()];
        let mut slices: Vec<_> = spans.iter().map(|_| IoSliceMut::new(&mut [])).collect();
        let filled = split(bytes, spans, &mut order, &mut slices);
        Ok(transfer(&mut slices[..filled]))
    }

    /// The non-empty buffers as checked spans of guest addresses, in order, cut
    /// off at the limits.
    fn spans<'s>(
        self,
        memory: &GuestMemory<'_>,
        inline: &'s mut [Range<u32>; INLINE],
        spilled: &'s mut Vec<Range<u32>>,
    ) -> Result<&'s [Range<u32>]> {
        let mut count = 0;
        let mut total = 0;
        for index in 0..self.count {
            let record = memory.element(self.pointer, index, 8)?;
            let record = u64::from_le_bytes(memory.read_record(record, 4)?);
            let (pointer, len) = (record as u32, (record >> 32) as u32);
            if len == 0 {
                continue;
            }
            memory.slice(pointer, len)?;
            let len = len.min((MAX_BYTES - total) as u32);
            total += len as usize;
            let span = pointer..pointer + len;
            if count < INLINE {
                inline[count] = span;
            } else {
                if count == INLINE {
                    spilled.extend_from_slice(inline);
                }
                spilled.push(span);
            }
            count += 1;
            if count == IOV_MAX || total == MAX_BYTES {
                break;
            }
        }
        Ok(if count <= INLINE { &inline[..count] } else { spilled })
    }
}

/// Splits `bytes` into `spans`, each into the slot of the same index, and
/// returns how many slots may be used. `order` is scratch space.
fn split<'b>(
    mut bytes: &'b mut [u8],
    spans: &[Range<u32>],
    order: &mut [usize],
    slices: &mut [IoSliceMut<'b>],
) -> usize {
    for (index, slot) in order.iter_mut().enumerate() {
        *slot = index;
    }
    order.sort_unstable_by_key(|&index| spans[index].start);
    let overlap = order.windows(2).any(|pair| spans[pair[0]].end > spans[pair[1]].start);
    let order = if overlap { &[0][..] } else { &*order };
    let mut position = 0;
    for &index in order {
        let span = &spans[index];
        let (start, end) = (span.start as usize, span.end as usize);
        let rest = &mut bytes[start - position..];
        let (slice, rest) = rest.split_at_mut(end - start);
        slices[index] = IoSliceMut::new(slice);
        bytes = rest;
        position = end;
    }
    order.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::outcome::Stop;

    /// Puts `buffers` at address 0 and returns the list that names them.
    fn list(memory: &mut GuestMemory<'_>, buffers: &[(u32, u32)]) -> Iovecs {
        for (index, (pointer, len)) in buffers.iter().enumerate() {
            memory.write_u32(index as u32 * 8, *pointer).unwrap();
            memory.write_u32(index as u32 * 8 + 4, *len).unwrap();
        }
        Iovecs { pointer: 0, count: buffers.len() as u32 }
    }

    fn gathered(iovecs: Iovecs, memory: &GuestMemory<'_>) -> Vec<u8> {
        iovecs
            .gather(memory, |slices| slices.iter().flat_map(|slice| slice.to_vec()).collect())
            .unwrap()
    }

    #[test]
    fn gathers_in_order_without_empty_buffers() {
        let mut bytes = [0; 128];
        bytes[100..106].copy_from_slice(b"abcdef");
        let mut memory = GuestMemory::new(&mut bytes);
        let iovecs = list(&mut memory, &[(103, 3), (9999, 0), (100, 3), (101, 2)]);
        assert_eq!(gathered(iovecs, &memory), b"defabcbc");
    }

    #[test]
    fn many_buffers_spill_and_stop_at_the_limit() {
        let mut bytes = vec![0; 65536];
        bytes[60000] = b'x';
        let mut memory = GuestMemory::new(&mut bytes);
        for count in [INLINE, INLINE + 1, IOV_MAX, IOV_MAX + 100] {
            let iovecs = list(&mut memory, &vec![(60000, 1); count]);
            let expected = vec![b'x'; count.min(IOV_MAX)];
            assert_eq!(gathered(iovecs, &memory), expected);
        }
    }

    #[test]
    fn scatters_into_any_order() {
        let mut bytes = [0; 128];
        let mut memory = GuestMemory::new(&mut bytes);
        let iovecs = list(&mut memory, &[(110, 2), (100, 3), (105, 1)]);
        iovecs
            .scatter(&mut memory, |slices| {
                assert_eq!(slices.len(), 3);
                for (index, slice) in slices.iter_mut().enumerate() {
                    slice.fill(b'1' + index as u8);
                }
            })
            .unwrap();
        assert_eq!(&bytes[100..112], b"222\0\x003\0\0\0\x0011");
    }

    #[test]
    fn overlapping_buffers_fill_only_the_first() {
        let mut bytes = [0; 128];
        let mut memory = GuestMemory::new(&mut bytes);
        let iovecs = list(&mut memory, &[(102, 4), (100, 3)]);
        let lengths = iovecs
            .scatter(&mut memory, |slices| {
                slices.iter().map(|slice| slice.len()).collect::<Vec<_>>()
            })
            .unwrap();
        assert_eq!(lengths, [4]);
    }

    #[test]
    fn buffers_outside_of_memory_trap() {
        let mut bytes = [0; 128];
        let mut memory = GuestMemory::new(&mut bytes);
        for buffer in [(120, 9), (u32::MAX, u32::MAX), (200, 1)] {
            let iovecs = list(&mut memory, &[(0, 1), buffer]);
            assert!(matches!(iovecs.gather(&memory, |_| ()), Err(Stop::Trap(_))));
            assert!(matches!(iovecs.scatter(&mut memory, |_| ()), Err(Stop::Trap(_))));
        }
        let list_outside = Iovecs { pointer: u32::MAX - 7, count: 2 };
        assert!(matches!(list_outside.gather(&memory, |_| ()), Err(Stop::Trap(_))));
    }
}
