//! Sections as they grow, with fixups: what is filled in once it is known where
//! everything lies.

pub(super) use crate::debug_section::DebugBase as Base;
use gimli::leb128::write::{signed, unsigned};
use precast_artifact::index::{DieOffset, InfoOffset, PartOffset};

/// What is to be filled in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fixup {
    /// Eight bytes, relative to this.
    Address(Base),
    /// Four bytes, an offset in the unit's range lists.
    Ranges,
    /// Four bytes, an offset in the unit's location lists.
    Locations,
    /// Four bytes: where the line number program of the unit with this number is.
    Line(u32),
    /// Four bytes: the entry of this unit that was there.
    Local(DieOffset),
    /// Four bytes: the entry that was there.
    Entry(InfoOffset),
    /// Four bytes, an offset in one of the string sections, for objects.
    Strings(Base),
}

/// Part of a section, or of something in one.
#[derive(Default)]
pub(super) struct Fragment {
    pub bytes: Vec<u8>,
    pub fixups: Vec<(PartOffset, Fixup)>,
}

impl Fragment {
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Where what is appended next begins.
    pub(super) fn end(&self) -> PartOffset {
        PartOffset::from_index(self.bytes.len())
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
        self.fixups.push((self.end(), Fixup::Address(base)));
        self.u64(offset);
    }

    /// Four bytes to be filled in; `value` is kept where the fixup adds.
    pub(super) fn fixup(&mut self, fixup: Fixup, value: u32) {
        self.fixups.push((self.end(), fixup));
        self.u32(value);
    }

    /// Appends another fragment.
    pub(super) fn append(&mut self, other: &Self) {
        let start = self.len();
        self.raw(&other.bytes);
        let moved = |at: PartOffset| PartOffset::from_index(start + at.index());
        self.fixups.extend(other.fixups.iter().map(|(at, fixup)| (moved(*at), *fixup)));
    }

    /// Fills in the four bytes at `at`.
    pub(super) fn set_u32(&mut self, at: PartOffset, value: u32) {
        self.bytes[at.index()..][..4].copy_from_slice(&value.to_le_bytes());
    }

    /// Writes the length of what follows the four bytes at `at`.
    pub(super) fn set_length(&mut self, at: PartOffset) {
        self.set_u32(at, (self.len() - at.index() - 4) as u32);
    }
}
