//! `.precast.bodies`: where the bodies of a module's own functions begin in the
//! module, for offsets in functions. It is not mapped, and may be stripped.
//!
//! ```text
//! for each own function, in the order of their indices:
//!     leb  start of its body, the locals, counted from the previous one's; the
//!          first from the start of the module
//! ```

use crate::wire::{Reader, Writer};

/// Name of the section.
pub const NAME: &str = ".precast.bodies";

/// The section's contents, of starts in order.
pub fn encode(starts: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut writer = Writer::new();
    let mut last = 0;
    for start in starts {
        writer.leb((start - last).into());
        last = start;
    }
    writer.finish()
}

/// The start of an own function's body, by its position among them. Reads
/// everything before.
pub fn start(bytes: &[u8], position: usize) -> Option<u32> {
    let mut reader = Reader::new(NAME, bytes);
    let mut start = 0u32;
    for _ in 0..=position {
        start = start.checked_add(reader.leb32().ok()?)?;
    }
    Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = encode([40, 41, 500].into_iter());
        assert_eq!([0, 1, 2].map(|at| start(&bytes, at)), [Some(40), Some(41), Some(500)]);
        assert_eq!((start(&bytes, 3), start(&[0xff; 9], 0)), (None, None));
    }
}
