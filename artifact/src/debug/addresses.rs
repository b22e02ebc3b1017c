//! `.precast.addresses`: where the debug sections hold addresses, so that they
//! can be moved to where an image is mapped without being understood. It is
//! not mapped, and may be stripped with what it speaks of.
//!
//! ```text
//! for each section that holds any:
//!     str  its name
//!     leb  size of what follows
//!     leb each  offset of an address of eight bytes in the section, counted
//!               from the previous one; the first from the section's start
//! ```
//!
//! Addresses are those of `.text` and of the debug cell, and move with the
//! image.

use crate::index::SectionOffset;
use crate::wire::{Reader, Writer};

/// Name of the section.
pub const NAME: &str = ".precast.addresses";

/// The section's contents: names of sections, and offsets in them in order.
///
/// # Panics
///
/// If offsets are in no order.
pub fn encode<'s>(sections: impl Iterator<Item = (&'s str, Vec<SectionOffset>)>) -> Vec<u8> {
    let mut writer = Writer::new();
    for (name, offsets) in sections.filter(|(_, offsets)| !offsets.is_empty()) {
        let mut distances = Writer::new();
        let mut last = SectionOffset::START;
        for offset in offsets {
            let distance = offset.distance_from(last).expect("offsets are in order");
            distances.leb(distance.into());
            last = offset;
        }
        writer.str(name);
        writer.bytes(&distances.finish());
    }
    writer.finish()
}

/// The names of sections, each with the offsets in it; as far as they are
/// sound.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = (&str, impl Iterator<Item = u64>)> {
    let mut reader = Reader::new(NAME, bytes);
    std::iter::from_fn(move || {
        let name = reader.str().ok()?;
        let mut distances = Reader::new(NAME, reader.bytes().ok()?);
        let mut at = 0u64;
        let offsets = std::iter::from_fn(move || {
            at = at.checked_add(distances.leb().ok()?)?;
            Some(at)
        });
        Some((name, offsets))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let sections = [(".a", vec![0, 8, 300]), (".b", vec![]), (".c", vec![1 << 30])];
        let sections = sections.into_iter().map(|(name, offsets)| {
            (name, offsets.into_iter().map(SectionOffset::new).collect::<Vec<_>>())
        });
        let bytes = encode(sections);
        let read: Vec<(&str, Vec<u64>)> =
            decode(&bytes).map(|(name, offsets)| (name, offsets.collect())).collect();
        assert_eq!(read, [(".a", vec![0, 8, 300]), (".c", vec![1 << 30])]);
        for end in 0..bytes.len() {
            let count = decode(&bytes[..end]).flat_map(|(_, offsets)| offsets).count();
            assert!(count < 4);
        }
    }
}
