//! `.precast.locals`: where the frames of functions keep the locals of the
//! module, for core dumps in WebAssembly's format. `compile -g -O0` writes it,
//! which keeps them in memory; it is not mapped, and may be stripped.
//!
//! ```text
//! u32 size of the table
//! table    an address map: start of a function in `.text`, to an offset in
//!          what follows
//! for each of these functions:
//!     leb  number of locals, parameters included
//!     for each:
//!         u8      type, as the binary format of WebAssembly has it for
//!                 numbers; UNKNOWN if it has no place or is of another type
//!         zigzag  its place, but for UNKNOWN: from the frame pointer in bytes,
//!                 counted from the place of the local before it
//! ```
//!
//! Every read is bounds-checked; damage yields nothing or something wrong,
//! never a fault.

use crate::address_map::{self, AddressMap, MapEntry, Site};
use crate::index::{CodeOffset, RecordOffset};
use crate::wire::{Reader, Writer};

/// Name of the section.
pub const NAME: &str = ".precast.locals";

/// A local that is not looked up: as core dumps say that a value is missing.
pub const UNKNOWN: u8 = 0x01;

/// Type and place of a local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// `0x7f` for `i32` to `0x7c` for `f64`, or [`UNKNOWN`].
    pub ty: u8,
    /// Distance from the frame pointer, in bytes.
    pub place: i32,
}

/// Collects the section.
#[derive(Default)]
pub struct LocalsWriter {
    entries: Vec<(CodeOffset, RecordOffset)>,
    bytes: Writer,
}

impl LocalsWriter {
    /// Adds a function, by the start of its code.
    pub fn add(&mut self, start: CodeOffset, locals: &[Local]) {
        self.entries.push((start, RecordOffset::from_index(self.bytes.len())));
        self.bytes.leb(locals.len() as u64);
        let mut last = 0;
        for local in locals {
            self.bytes.u8(local.ty);
            if local.ty != UNKNOWN {
                self.bytes.zigzag((local.place - last).into());
                last = local.place;
            }
        }
    }

    /// The section's contents; empty without functions.
    pub fn finish(mut self) -> Vec<u8> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        self.entries.sort_unstable();
        let entry = |&(code, value): &(CodeOffset, RecordOffset)| MapEntry {
            code,
            site: Site::Call,
            value,
        };
        let table = address_map::encode(self.entries.iter().map(entry));
        let mut writer = Writer::new();
        writer.u32(table.len() as u32);
        writer.raw(&table);
        writer.raw(&self.bytes.finish());
        writer.finish()
    }
}

/// The locals of the function whose code starts at this offset of `.text`;
/// none if it has none, or nothing is known.
pub fn at(bytes: &[u8], start: CodeOffset) -> Vec<Local> {
    locals(bytes, start).unwrap_or_default()
}

fn locals(bytes: &[u8], start: CodeOffset) -> Option<Vec<Local>> {
    let mut reader = Reader::new(NAME, bytes);
    let size = reader.u32().ok()?;
    let table: AddressMap<'_, RecordOffset> =
        AddressMap::new(NAME, reader.raw(size as usize).ok()?).ok()?;
    let entry = table.exactly(start)?;
    reader.raw(entry.value.index()).ok()?;
    let mut last = 0i32;
    let local = |reader: &mut Reader<'_>| {
        let ty = reader.u8()?;
        if ty != UNKNOWN {
            last = last.wrapping_add(reader.zigzag()? as i32);
        }
        Ok(Local { ty, place: last })
    };
    reader.list(local).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let local = |ty, place| Local { ty, place };
        let first = [local(0x7f, -8), local(0x7e, -16), local(UNKNOWN, -16), local(0x7c, 24)];
        let mut writer = LocalsWriter::default();
        writer.add(CodeOffset::new(64), &first);
        writer.add(CodeOffset::new(128), &[]);
        let bytes = writer.finish();
        let found = |start| at(&bytes, CodeOffset::new(start));
        assert_eq!(found(64), first);
        assert_eq!((found(128), found(65)), (vec![], vec![]));
        for end in 0..bytes.len() {
            assert!(at(&bytes[..end], CodeOffset::new(64)).len() <= first.len());
        }
        assert!(LocalsWriter::default().finish().is_empty());
    }
}
