//! `.precast.tables`: private tables, then context templates.
//!
//! The entries of a private table hold offsets from that table to code (see
//! [private tables](precast_artifact::abi#private-tables)), so they are valid
//! wherever the image is mapped.

use crate::code::{PrivateEntry, PrivateTable};
use crate::function::Symbol;
use crate::place::{LinkError, Placed, PlacedModule};
use precast_artifact::abi::PRIVATE_ENTRY_SIZE;
use precast_artifact::index::{CodeOffset, ModuleIndex};
use precast_artifact::module::Range;

/// Every private table with its module and its place.
fn private_tables<'p>(
    placed: &'p Placed<'_>,
) -> impl Iterator<Item = (ModuleIndex, &'p PrivateTable, Range)> {
    let modules = (0..).map(ModuleIndex::new).zip(&placed.modules).zip(&placed.tables.modules);
    modules.flat_map(|((module, PlacedModule { private_tables, .. }), layout)| {
        let tables = private_tables.iter().zip(&layout.tables);
        tables.map(move |(table, range)| (module, table, *range))
    })
}

/// Every field that leads to code: its offset in the section, that of its
/// table, and that of the code in `.text`.
pub(super) fn references<'p>(
    placed: &'p Placed<'_>,
) -> impl Iterator<Item = (u64, u64, CodeOffset)> + use<'p> {
    private_tables(placed).flat_map(move |(_, table, range)| {
        let fields = (range.offset + 4..).step_by(PRIVATE_ENTRY_SIZE as usize);
        table.entries.iter().zip(fields).filter_map(move |(entry, field)| {
            let code = placed.find(entry.as_ref()?.code)?;
            Some((field, range.offset, code.start))
        })
    })
}

/// The section's bytes; `to_text` is the distance from the section to `.text`,
/// at most [`MAX_DISTANCE`](crate::place::MAX_DISTANCE) with the size of the
/// latter.
pub(super) fn encode(placed: &Placed<'_>, to_text: u64) -> Result<Vec<u8>, LinkError> {
    let mut bytes = vec![0; placed.tables.size as usize];
    for (module, PrivateTable { table, entries }, range) in private_tables(placed) {
        let fields = bytes[range.offset as usize..].chunks_mut(PRIVATE_ENTRY_SIZE as usize);
        for (entry, field) in entries.iter().zip(fields) {
            let Some(PrivateEntry { ty, code }) = *entry else { continue };
            let place = placed.find(code).ok_or_else(|| LinkError::Unresolved {
                place: placed.names.get(Symbol::PrivateTable(module, *table)).into_owned(),
                symbol: code,
            })?;
            let offset = (to_text - range.offset + u64::from(place.start)) as i32;
            let (of_type, of_code) = field.split_at_mut(4);
            // Zero is the type of null.
            of_type.copy_from_slice(&(ty.get() + 1).to_le_bytes());
            of_code.copy_from_slice(&offset.to_le_bytes());
        }
    }
    for (module, layout) in placed.modules.iter().zip(&placed.tables.modules) {
        if layout.context.size != 0 {
            bytes[layout.context.offset as usize..][..module.context.len()]
                .copy_from_slice(&module.context);
        }
    }
    Ok(bytes)
}
