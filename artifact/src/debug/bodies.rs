//! `.precast.bodies`: where the bodies of the functions that modules define begin in
//! their module, for offsets in functions. It is not mapped, and may be stripped.
//!
//! ```text
//! for each module, in the order of their indices:
//!     leb  number of functions it defines
//!     for each of them, in the order of their indices:
//!         leb  start of its body, the locals, counted from the previous one's;
//!              the first from the start of the module
//! ```

use crate::index::{DefinedFuncIndex, ModuleIndex, WasmOffset};
use crate::wire::{Reader, Writer};

/// Name of the section.
pub const NAME: &str = ".precast.bodies";

/// The section's contents: for each module the starts of its bodies, in order.
///
/// # Panics
///
/// If they are not in order, as those of a valid module are.
pub fn encode<'m>(modules: impl Iterator<Item = &'m [WasmOffset]>) -> Vec<u8> {
    let mut writer = Writer::new();
    for starts in modules {
        writer.leb(starts.len() as u64);
        let mut last = WasmOffset::START;
        for start in starts {
            let distance = start.distance_from(last).expect("bodies in order");
            writer.leb(distance.into());
            last = *start;
        }
    }
    writer.finish()
}

/// The start of a function's body. Reads everything before.
pub fn start(bytes: &[u8], module: ModuleIndex, function: DefinedFuncIndex) -> Option<WasmOffset> {
    let mut reader = Reader::new(NAME, bytes);
    for _ in 0..module.index() {
        for _ in 0..reader.leb32().ok()? {
            reader.leb32().ok()?;
        }
    }
    if reader.leb32().ok()? <= function.get() {
        return None;
    }
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
        let body = |bytes: &[u8], module, index| {
            let start = start(bytes, ModuleIndex::new(module), DefinedFuncIndex::new(index));
            start.map(WasmOffset::get)
        };
        let first = [40, 41, 500].map(WasmOffset::new);
        let third = [7].map(WasmOffset::new);
        let bytes = encode([&first[..], &[], &third].into_iter());
        let read = |module| [0, 1, 2, 3].map(|index| body(&bytes, module, index));
        assert_eq!(read(0), [Some(40), Some(41), Some(500), None]);
        assert_eq!(read(1), [None; 4]);
        assert_eq!(read(2), [Some(7), None, None, None]);
        assert_eq!(read(3), [None; 4]);
        assert_eq!(body(&[0xff; 9], 0, 0), None);
    }
}
