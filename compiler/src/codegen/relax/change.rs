//! An instruction, and the fewer bytes that stand in its place in the new code.

use std::ops::Range;

/// The longest instruction.
const LONGEST: usize = 15;

/// An instruction that takes fewer bytes in the new code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    start: u32,
    size: u8,
    new_size: u8,
    bytes: [u8; LONGEST],
}

impl Change {
    /// The instruction of `size` bytes at `start` has the bytes of these parts, one
    /// after the other; none if those are not fewer.
    pub(super) fn new(start: u32, size: usize, parts: &[&[u8]]) -> Option<Self> {
        let mut bytes = [0; LONGEST];
        let mut end = 0;
        for part in parts {
            bytes.get_mut(end..end + part.len())?.copy_from_slice(part);
            end += part.len();
        }
        let change = Self { start, size: size as u8, new_size: end as u8, bytes };
        (end < size && size <= LONGEST).then_some(change)
    }

    /// Where the instruction was.
    pub(super) fn place(&self) -> Range<u32> {
        self.start..self.start + u32::from(self.size)
    }

    /// Bytes that it loses.
    pub(super) fn lost(&self) -> u32 {
        u32::from(self.size - self.new_size)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.new_size)]
    }
}
