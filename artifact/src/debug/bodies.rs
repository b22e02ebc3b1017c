//! `.precast.bodies`: where the bodies of the functions that a module defines begin in the
//! module, for offsets in functions. It is not mapped, and may be stripped.
//!
//! ```text
//! for each defined function, in the order of their indices:
//!     leb  start of its body, the locals, counted from the previous one's; the
//!          first from the start of the module
//! ```

use crate::index::{DefinedFuncIndex, WasmOffset};
use crate::wire::{Reader, Writer};

/// Name of the section.
pub const NAME: &str = ".precast.bodies";

/// The section's contents, of starts in order.
///
/// # Panics
///
/// If they are not in order, as those of a valid module are.
pub fn encode(starts: impl Iterator<Item = WasmOffset>) -> Vec<u8> {
    let mut writer = Writer::new();
    let mut last = WasmOffset::START;
    for start in starts {
        let distance = start.distance_from(last).expect("bodies in order");
        writer.leb(distance.into());
        last = start;
    }
    writer.finish()
}

/// The start of a function's body. Reads everything before.
pub fn start(bytes: &[u8], function: DefinedFuncIndex) -> Option<WasmOffset> {
    let mut reader = Reader::new(NAME, bytes);
    let mut start = WasmOffset::START;
    for _ in 0..=function.index() {
        start = start.checked_add(reader.leb32().ok()?)?;
    }
    Some(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let body =
            |bytes: &[u8], index| start(bytes, DefinedFuncIndex::new(index)).map(WasmOffset::get);
        let bytes = encode([40, 41, 500].map(WasmOffset::new).into_iter());
        assert_eq!([0, 1, 2].map(|index| body(&bytes, index)), [Some(40), Some(41), Some(500)]);
        assert_eq!((body(&bytes, 3), body(&[0xff; 9], 0)), (None, None));
    }
}
