//! The handler table in `.precast.handlers`: where to go on when an exception
//! comes out of a call.
//!
//! Entries of [`ENTRY_SIZE`] bytes, ordered by key, each three little-endian
//! `u32`:
//!
//! | offset | field |
//! |-|-|
//! | 0 | key: return address of the call less one, as an offset in the module's code |
//! | 4 | handler: offset in the module's code |
//! | 8 | frame: distance in bytes from the frame pointer down to the stack pointer at the call |
//!
//! The table is read in place. Keys are bounds-checked; what an entry says is
//! trusted as the code itself is.

use crate::index::CodeOffset;
use crate::wire::Writer;

/// Size of an entry in bytes.
pub const ENTRY_SIZE: usize = 12;

/// One entry: of the table, or of a function whose code is not placed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Handler<O = CodeOffset> {
    /// Return address of the call less one.
    pub key: O,
    /// Where to go on.
    pub handler: O,
    /// Distance from the frame pointer down to the stack pointer.
    pub frame: u32,
}

/// Encodes a table from entries in order of their keys.
pub fn encode(entries: &[Handler]) -> Vec<u8> {
    let mut w = Writer::new();
    for entry in entries {
        w.u32(entry.key.get());
        w.u32(entry.handler.get());
        w.u32(entry.frame);
    }
    w.finish()
}

/// The entry with this key.
pub fn find(table: &[u8], key: CodeOffset) -> Option<Handler> {
    let (entries, _) = table.as_chunks::<ENTRY_SIZE>();
    let field = |entry: &[u8; ENTRY_SIZE], at: usize| {
        let bytes = entry[at..at + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes)
    };
    let found = entries.binary_search_by_key(&key.get(), |entry| field(entry, 0)).ok()?;
    let entry = &entries[found];
    Some(Handler { key, handler: CodeOffset::new(field(entry, 4)), frame: field(entry, 8) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_key_alone() {
        let entry = |key| Handler {
            key: CodeOffset::new(key),
            handler: CodeOffset::new(key + 100),
            frame: key * 2,
        };
        let entries: Vec<_> = (0..50).map(|i| entry(i * 3)).collect();
        let table = encode(&entries);
        for key in 0..150 {
            let expected = (key % 3 == 0).then(|| entry(key));
            assert_eq!(find(&table, CodeOffset::new(key)), expected);
        }
        assert_eq!(find(&table[..5], CodeOffset::START), None);
        assert_eq!(find(&[], CodeOffset::START), None);
    }
}
