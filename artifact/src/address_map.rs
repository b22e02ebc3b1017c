//! Address maps: what stands at an offset of the code, searched in place in the
//! mapped file.
//!
//! The same format serves `.precast.functions` (which function is this
//! address in?), `.precast.sites` (what stands at this address: a call,
//! an access that may trap, and where in the Wasm file it came
//! from), and the sections of [`debug`](crate::debug). Calls and traps share one
//! map because they share most of its cost, the address column.
//!
//! ```text
//! u32 count        number of entries
//! u32 size         number of payload bytes
//! index            per block of 64 entries: u32 first code offset, u32 payload
//!                  offset
//! payload          per block; values are relative to the entry before,
//!                  starting from the block's first code offset and from value 0:
//!     leb  (code offset delta << 2) | tag
//!     u8   code, only when tag is TAG_CODE
//!     zigzag value delta
//! ```
//!
//! Code offsets grow strictly from entry to entry. Every read is bounds-checked,
//! and a damaged map yields no entry or a wrong one, never a fault.

use crate::index::{CodeOffset, Number};
use crate::trap::TrapCode;
use crate::wire::{Reader, Result, Writer};
use std::marker::PhantomData;

const BLOCK: usize = 64;
const TAG_CALL: u8 = 0;
const TAG_MEMORY: u8 = 1;
const TAG_CODE: u8 = 2;

/// What an entry says about its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// A call. It is known by the return address less one: the byte before it is
    /// the call's own, while a trapping instruction may stand right after it.
    /// In the function table: the start of a function.
    Call,
    /// An instruction that may trap with this code.
    Trap(TrapCode),
}

/// One entry of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapEntry<V> {
    /// Where.
    pub code: CodeOffset,
    /// What stands there.
    pub site: Site,
    /// What it leads to: the function's index in `.precast.functions`, the Wasm
    /// offset that the code came from in `.precast.sites`.
    pub value: V,
}

/// Encodes a map from entries whose code offsets grow strictly.
///
/// # Panics
///
/// If they do not grow: the compiler sorts them.
pub fn encode<V: Number>(entries: impl ExactSizeIterator<Item = MapEntry<V>>) -> Vec<u8> {
    let count = entries.len();
    let mut index = Writer::new();
    let mut payload = Writer::new();
    let (mut key, mut value) = (0u32, 0u32);
    for (i, entry) in entries.enumerate() {
        let (code_offset, entry_value) = (entry.code.get(), entry.value.get());
        assert!(i == 0 || code_offset > key, "code offsets of an address map must grow");
        if i % BLOCK == 0 {
            index.u32(code_offset);
            index.u32(payload.len() as u32);
            (key, value) = (code_offset, 0);
        }
        let (tag, code) = match entry.site {
            Site::Call => (TAG_CALL, None),
            Site::Trap(TrapCode::MemoryOutOfBounds) => (TAG_MEMORY, None),
            Site::Trap(code) => (TAG_CODE, Some(code)),
        };
        payload.leb(u64::from(code_offset - key) << 2 | u64::from(tag));
        if let Some(code) = code {
            payload.u8(code as u8);
        }
        payload.zigzag(i64::from(entry_value) - i64::from(value));
        (key, value) = (code_offset, entry_value);
    }
    let mut table = Writer::new();
    table.u32(count as u32);
    table.u32(payload.len() as u32);
    table.raw(&index.finish());
    table.raw(&payload.finish());
    table.finish()
}

/// A map whose values are `V`s, read in place.
#[derive(Clone, Copy, Debug)]
pub struct AddressMap<'a, V> {
    name: &'static str,
    count: usize,
    index: &'a [u8],
    payload: &'a [u8],
    values: PhantomData<V>,
}

impl<'a, V: Number> AddressMap<'a, V> {
    /// Checks the sizes of a map; `name` stands in errors. Reads only the
    /// first eight bytes.
    pub fn new(name: &'static str, bytes: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(name, bytes);
        let count = r.u32()? as usize;
        let size = r.u32()? as usize;
        let index = r.raw(count.div_ceil(BLOCK) * 8)?;
        let payload = r.raw(size)?;
        r.finish()?;
        Ok(Self { name, count, index, payload, values: PhantomData })
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The last entry at or before an offset of the code.
    pub fn at_or_before(&self, code: CodeOffset) -> Option<MapEntry<V>> {
        let blocks = self.index.len() / 8;
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.block(middle)?.0 <= code {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.block_entries(low.checked_sub(1)?)?.take_while(|entry| entry.code <= code).last()
    }

    /// The entry at exactly this offset of the code.
    pub fn exactly(&self, code: CodeOffset) -> Option<MapEntry<V>> {
        self.at_or_before(code).filter(|entry| entry.code == code)
    }

    /// Every entry in order; stops at the first damaged one.
    pub fn iter(&self) -> impl Iterator<Item = MapEntry<V>> + use<'a, V> {
        let map = *self;
        (0..self.index.len() / 8).flat_map(move |block| map.block_entries(block)).flatten()
    }

    fn block(&self, block: usize) -> Option<(CodeOffset, usize)> {
        let mut r = Reader::new(self.name, self.index.get(block * 8..)?);
        Some((CodeOffset::new(r.u32().ok()?), r.u32().ok()? as usize))
    }

    fn block_entries(&self, block: usize) -> Option<BlockEntries<'a, V>> {
        let (code, offset) = self.block(block)?;
        let reader = Reader::new(self.name, self.payload.get(offset..)?);
        let left = BLOCK.min(self.count - block * BLOCK);
        Some(BlockEntries { reader, left, code, value: V::new(0) })
    }
}

struct BlockEntries<'a, V> {
    reader: Reader<'a>,
    left: usize,
    code: CodeOffset,
    value: V,
}

impl<V: Number> Iterator for BlockEntries<'_, V> {
    type Item = MapEntry<V>;

    fn next(&mut self) -> Option<MapEntry<V>> {
        self.left = self.left.checked_sub(1)?;
        let word = self.reader.leb().ok()?;
        let site = match (word & 3) as u8 {
            TAG_CALL => Site::Call,
            TAG_MEMORY => Site::Trap(TrapCode::MemoryOutOfBounds),
            TAG_CODE => Site::Trap(TrapCode::from_u8(self.reader.u8().ok()?)?),
            _ => return None,
        };
        self.code = self.code.checked_add(u32::try_from(word >> 2).ok()?)?;
        let value = i64::from(self.value.get()).checked_add(self.reader.zigzag().ok()?)?;
        self.value = V::new(u32::try_from(value).ok()?);
        Some(MapEntry { code: self.code, site, value: self.value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::WasmOffset;

    type Map<'a> = AddressMap<'a, WasmOffset>;

    fn sample(count: u32) -> Vec<MapEntry<WasmOffset>> {
        (0..count)
            .map(|i| MapEntry {
                code: CodeOffset::new(5 + i * 7 + i % 3),
                site: match i % 3 {
                    0 => Site::Call,
                    1 => Site::Trap(TrapCode::MemoryOutOfBounds),
                    _ => Site::Trap(TrapCode::IntegerDivisionByZero),
                },
                value: WasmOffset::new((i * 7919) % 100_000),
            })
            .collect()
    }

    #[test]
    fn every_entry_is_found_again() {
        let many = if cfg!(miri) { 130 } else { 1000 };
        for count in [0, 1, 63, 64, 65, many] {
            let entries = sample(count);
            let bytes = encode(entries.iter().copied());
            let table = Map::new("test", &bytes).unwrap();
            assert_eq!(table.iter().collect::<Vec<_>>(), entries);
            for (i, entry) in entries.iter().enumerate() {
                let (before, after) = (entry.code.checked_sub(1), entry.code.checked_add(1));
                let (before, after) = (before.unwrap(), after.unwrap());
                assert_eq!(table.exactly(entry.code), Some(*entry));
                assert_eq!(table.exactly(after), None);
                assert_eq!(table.at_or_before(after), Some(*entry));
                let last = i.checked_sub(1).map(|i| entries[i]);
                assert_eq!(table.at_or_before(before), last);
            }
        }
    }

    #[test]
    fn damage_never_panics() {
        let bytes = encode(sample(200).into_iter());
        // Miri takes its time.
        let step = if cfg!(miri) { 97 } else { 1 };
        for at in (0..bytes.len()).step_by(step) {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                if let Ok(table) = Map::new("test", &damaged) {
                    for key in (0..300).step_by(step) {
                        table.at_or_before(CodeOffset::new(key * 5));
                    }
                }
            }
            assert!(Map::new("test", &bytes[..at]).is_err());
        }
    }
}
