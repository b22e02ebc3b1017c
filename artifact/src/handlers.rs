//! The handler table in `.precast.handlers`: where to go on when an exception
//! comes out of a call.
//!
//! ```text
//! u32 count        number of entries
//! index            per block of 16 entries: u32 first key, u32 payload offset
//! payload          per block, one entry after the other:
//!     leb      (key delta << 1) | (1 if the frame is another than the entry's before)
//!     zigzag   distance from the key to the handler
//!     leb      frame, if it is another
//! ```
//!
//! | field | is |
//! |-|-|
//! | key | return address of the call less one, as an offset in the module's code |
//! | handler | offset in the module's code |
//! | frame | distance in bytes from the frame pointer down to the stack pointer at the call |
//!
//! Keys grow; a block's first delta is 0, and the frame before it is 0 too.
//!
//! The table is read in place, a block of it for each frame that an exception goes
//! through. Reads are bounds-checked; what an entry says is trusted as the code itself is.

use crate::index::CodeOffset;
use crate::wire::{Reader, Writer};

const BLOCK: usize = 16;
/// Of a block in the index.
const INDEX_ENTRY: usize = 8;

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

/// Encodes a table from entries in order of their keys; none of no entries.
///
/// # Panics
///
/// If the keys do not grow: the compiler sorts them.
pub fn encode(entries: &[Handler]) -> Vec<u8> {
    if entries.is_empty() {
        return Vec::new();
    }
    assert!(entries.is_sorted_by(|a, b| a.key < b.key), "keys of handlers must grow");
    let mut index = Writer::new();
    let mut payload = Writer::new();
    for block in entries.chunks(BLOCK) {
        let (mut key, mut frame) = (block[0].key, 0);
        index.u32(key.get());
        index.u32(payload.len() as u32);
        for entry in block {
            let another = entry.frame != frame;
            let delta = entry.key.get() - key.get();
            payload.leb(u64::from(delta) << 1 | u64::from(another));
            payload.zigzag(i64::from(entry.handler.get()) - i64::from(entry.key.get()));
            if another {
                payload.leb(entry.frame.into());
            }
            (key, frame) = (entry.key, entry.frame);
        }
    }
    let mut w = Writer::new();
    w.u32(entries.len() as u32);
    w.raw(&index.finish());
    w.raw(&payload.finish());
    w.finish()
}

/// The entry with this key.
pub fn find(table: &[u8], key: CodeOffset) -> Option<Handler> {
    let (count, rest) = table.split_first_chunk()?;
    let count = u32::from_le_bytes(*count) as usize;
    let (index, payload) = rest.split_at_checked(count.div_ceil(BLOCK) * INDEX_ENTRY)?;
    let (index, _) = index.as_chunks::<INDEX_ENTRY>();
    let field = |block: &[u8; INDEX_ENTRY], at: usize| {
        u32::from_le_bytes(block[at..at + 4].try_into().expect("four bytes"))
    };
    let after = index.partition_point(|block| field(block, 0) <= key.get());
    let block = index.get(after.checked_sub(1)?)?;
    let left = BLOCK.min(count - (after - 1) * BLOCK);
    let mut r = Reader::new(".precast.handlers", payload.get(field(block, 4) as usize..)?);
    let (mut at, mut frame) = (field(block, 0), 0);
    for _ in 0..left {
        let word = r.leb().ok()?;
        at = at.checked_add(u32::try_from(word >> 1).ok()?)?;
        let distance = r.zigzag().ok()?;
        if word & 1 != 0 {
            frame = r.leb32().ok()?;
        }
        if at >= key.get() {
            let handler = i64::from(at).checked_add(distance)?;
            let handler = CodeOffset::new(u32::try_from(handler).ok()?);
            return (at == key.get()).then_some(Handler { key, handler, frame });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(count: u32) -> Vec<Handler> {
        let entry = |i: u32| Handler {
            key: CodeOffset::new(i * 3),
            // Before and after the call, near and far.
            handler: CodeOffset::new(if i.is_multiple_of(5) { i } else { i * 1_000 + 7 }),
            frame: i / 7 * 16,
        };
        (0..count).map(entry).collect()
    }

    #[test]
    fn entries_are_found_by_key_alone() {
        for count in [0, 1, 15, 16, 17, 50] {
            let entries = sample(count);
            let table = encode(&entries);
            for key in 0..150 {
                let expected = entries.iter().find(|entry| entry.key.get() == key).copied();
                assert_eq!(find(&table, CodeOffset::new(key)), expected, "{key} of {count}");
            }
        }
    }

    #[test]
    fn damage_never_panics() {
        let table = encode(&sample(50));
        for at in 0..table.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = table.clone();
                damaged[at] ^= flip;
                for key in (0..150).step_by(7) {
                    find(&damaged, CodeOffset::new(key));
                }
            }
            find(&table[..at], CodeOffset::new(60));
        }
    }
}
