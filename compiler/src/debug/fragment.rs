//! Sections as they grow, with fixups: what is filled in once it is known where
//! everything lies.

pub(super) use crate::debug_section::DebugBase as Base;
use gimli::leb128::write::{signed, unsigned};

/// What is to be filled in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fixup {
    /// Eight bytes, relative to this.
    Address(Base),
    /// Four bytes, an offset in the unit's range lists.
    Ranges,
    /// Four bytes, an offset in the unit's location lists.
    Locations,
    /// Four bytes: where the line number program of this unit is.
    Line(u32),
    /// Four bytes: the entry of this unit that had this offset in the unit.
    Local(u32),
    /// Four bytes: the entry that had this offset in `.debug_info`.
    Entry(u32),
    /// Four bytes, an offset in one of the string sections, for objects.
    Strings(Base),
}

/// Part of a section, or of something in one.
#[derive(Default)]
pub(super) struct Fragment {
    pub bytes: Vec<u8>,
    pub fixups: Vec<(u32, Fixup)>,
}

impl Fragment {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    pub(super) fn uleb(&mut self, value: u64) {
        unsigned(&mut self.bytes, value).expect("a vector takes every byte");
    }

    pub(super) fn sleb(&mut self, value: i64) {
        signed(&mut self.bytes, value).expect("a vector takes every byte");
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A string that ends at its first zero.
    pub(super) fn string(&mut self, text: &[u8]) {
        let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
        self.raw(text);
        self.u8(0);
    }

    /// An address of eight bytes.
    pub(super) fn address(&mut self, base: Base, offset: u64) {
        self.fixups.push((self.len() as u32, Fixup::Address(base)));
        self.u64(offset);
    }

    /// Four bytes to be filled in; `value` is kept where the fixup adds.
    pub(super) fn fixup(&mut self, fixup: Fixup, value: u32) {
        self.fixups.push((self.len() as u32, fixup));
        self.u32(value);
    }

    /// Appends another fragment.
    pub(super) fn append(&mut self, other: &Self) {
        let start = self.len() as u32;
        self.raw(&other.bytes);
        self.fixups.extend(other.fixups.iter().map(|(at, fixup)| (at + start, *fixup)));
    }

    /// Fills in the four bytes at `at`.
    pub(super) fn set_u32(&mut self, at: u32, value: u32) {
        self.bytes[at as usize..][..4].copy_from_slice(&value.to_le_bytes());
    }

    /// Writes the length of what follows the four bytes at `at`.
    pub(super) fn set_length(&mut self, at: usize) {
        self.set_u32(at as u32, (self.len() - at - 4) as u32);
    }
}
