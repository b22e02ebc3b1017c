//! Searchable tables by code offset, read in place in the mapped file.
//!
//! The same format serves `.precast.functions` (which function is this
//! address in?) and `.precast.sites` (what stands at this address: a call,
//! an access that may trap, and where in the Wasm file it came
//! from). Calls and traps share one table because they share most
//! of its cost, the address column.
//!
//! ```text
//! u32 count        number of entries
//! u32 size         number of payload bytes
//! index            per block of 64 entries: u32 first key, u32 payload offset
//! payload          per block; values are relative to the entry before,
//!                  starting from the block's first key and from value 0:
//!     leb  (key delta << 2) | tag
//!     u8   code, only when tag is TAG_CODE
//!     zigzag value delta
//! ```
//!
//! Keys grow strictly from entry to entry. Every read is bounds-checked, and a
//! damaged table yields no entry or a wrong one, never a fault.

use crate::trap::TrapCode;
use crate::wire::{Reader, Result, Writer};

const BLOCK: usize = 64;
const TAG_CALL: u8 = 0;
const TAG_MEMORY: u8 = 1;
const TAG_CODE: u8 = 2;

/// What an entry says about its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Site {
    /// A call. The key is the return address less one: the byte before it is
    /// the call's own, while a trapping instruction may stand right after it.
    /// In the function table: the start of a function.
    Call,
    /// An instruction that may trap with this code.
    Trap(TrapCode),
}

/// One entry of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Offset in the module's text.
    pub key: u32,
    /// What stands there.
    pub site: Site,
    /// The function's index, or the Wasm offset (in bytes from the start of
    /// the module) that the code came from.
    pub value: u32,
}

/// Encodes a table from entries whose keys grow strictly.
///
/// # Panics
///
/// If the keys do not grow: the compiler sorts them.
pub fn encode(entries: impl ExactSizeIterator<Item = Entry>) -> Vec<u8> {
    let count = entries.len();
    let mut index = Writer::new();
    let mut payload = Writer::new();
    let (mut key, mut value) = (0u32, 0u32);
    for (i, entry) in entries.enumerate() {
        if i % BLOCK == 0 {
            assert!(i == 0 || entry.key > key, "search table keys must grow");
            index.u32(entry.key);
            index.u32(payload.len() as u32);
            (key, value) = (entry.key, 0);
        } else {
            assert!(entry.key > key, "search table keys must grow");
        }
        let (tag, code) = match entry.site {
            Site::Call => (TAG_CALL, None),
            Site::Trap(TrapCode::MemoryOutOfBounds) => (TAG_MEMORY, None),
            Site::Trap(code) => (TAG_CODE, Some(code)),
        };
        payload.leb(u64::from(entry.key - key) << 2 | u64::from(tag));
        if let Some(code) = code {
            payload.u8(code as u8);
        }
        payload.zigzag(i64::from(entry.value) - i64::from(value));
        (key, value) = (entry.key, entry.value);
    }
    let mut table = Writer::new();
    table.u32(count as u32);
    table.u32(payload.len() as u32);
    table.raw(&index.finish());
    table.raw(&payload.finish());
    table.finish()
}

/// A table, read in place.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    name: &'static str,
    count: usize,
    index: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Table<'a> {
    /// Checks the sizes of a table; `name` stands in errors. Reads only the
    /// first eight bytes.
    pub fn new(name: &'static str, bytes: &'a [u8]) -> Result<Self> {
        let mut r = Reader::new(name, bytes);
        let count = r.u32()? as usize;
        let size = r.u32()? as usize;
        let index = r.raw(count.div_ceil(BLOCK) * 8)?;
        let payload = r.raw(size)?;
        r.finish()?;
        Ok(Self { name, count, index, payload })
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The last entry whose key is at most `key`.
    pub fn at_or_before(&self, key: u32) -> Option<Entry> {
        let blocks = self.index.len() / 8;
        let (mut low, mut high) = (0, blocks);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.block(middle)?.0 <= key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.block_entries(low.checked_sub(1)?)?.take_while(|entry| entry.key <= key).last()
    }

    /// The entry with exactly this key.
    pub fn exactly(&self, key: u32) -> Option<Entry> {
        self.at_or_before(key).filter(|entry| entry.key == key)
    }

    /// Every entry in order; stops at the first damaged one.
    pub fn iter(&self) -> impl Iterator<Item = Entry> + 'a {
        let table = *self;
        (0..self.index.len() / 8).flat_map(move |block| table.block_entries(block)).flatten()
    }

    fn block(&self, block: usize) -> Option<(u32, usize)> {
        let mut r = Reader::new(self.name, self.index.get(block * 8..)?);
        Some((r.u32().ok()?, r.u32().ok()? as usize))
    }

    fn block_entries(&self, block: usize) -> Option<BlockEntries<'a>> {
        let (key, offset) = self.block(block)?;
        let reader = Reader::new(self.name, self.payload.get(offset..)?);
        let left = BLOCK.min(self.count - block * BLOCK);
        Some(BlockEntries { reader, left, key, value: 0 })
    }
}

struct BlockEntries<'a> {
    reader: Reader<'a>,
    left: usize,
    key: u32,
    value: u32,
}

impl Iterator for BlockEntries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.left = self.left.checked_sub(1)?;
        let word = self.reader.leb().ok()?;
        let site = match (word & 3) as u8 {
            TAG_CALL => Site::Call,
            TAG_MEMORY => Site::Trap(TrapCode::MemoryOutOfBounds),
            TAG_CODE => Site::Trap(TrapCode::from_u8(self.reader.u8().ok()?)?),
            _ => return None,
        };
        self.key = self.key.checked_add(u32::try_from(word >> 2).ok()?)?;
        let value = i64::from(self.value).checked_add(self.reader.zigzag().ok()?)?;
        self.value = u32::try_from(value).ok()?;
        Some(Entry { key: self.key, site, value: self.value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(count: u32) -> Vec<Entry> {
        (0..count)
            .map(|i| Entry {
                key: 5 + i * 7 + i % 3,
                site: match i % 3 {
                    0 => Site::Call,
                    1 => Site::Trap(TrapCode::MemoryOutOfBounds),
                    _ => Site::Trap(TrapCode::IntegerDivisionByZero),
                },
                value: (i * 7919) % 100_000,
            })
            .collect()
    }

    #[test]
    fn every_entry_is_found_again() {
        for count in [0, 1, 63, 64, 65, 1000] {
            let entries = sample(count);
            let bytes = encode(entries.iter().copied());
            let table = Table::new("test", &bytes).unwrap();
            assert_eq!(table.iter().collect::<Vec<_>>(), entries);
            for (i, entry) in entries.iter().enumerate() {
                assert_eq!(table.exactly(entry.key), Some(*entry));
                assert_eq!(table.exactly(entry.key + 1), None);
                assert_eq!(table.at_or_before(entry.key + 1), Some(*entry));
                let before = i.checked_sub(1).map(|i| entries[i]);
                assert_eq!(table.at_or_before(entry.key - 1), before);
            }
        }
    }

    #[test]
    fn damage_never_panics() {
        let bytes = encode(sample(200).into_iter());
        for at in 0..bytes.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                if let Ok(table) = Table::new("test", &damaged) {
                    for key in 0..300 {
                        table.at_or_before(key * 5);
                    }
                }
            }
            assert!(Table::new("test", &bytes[..at]).is_err());
        }
    }
}
