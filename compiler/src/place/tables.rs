//! `.precast.tables`: private tables, then the context template.
//!
//! The entries of a private table hold offsets from that table to code (see
//! [private tables](precast_artifact::abi#private-tables)), so they are valid
//! wherever the image is mapped.

use super::error::LinkError;
use super::input::PrivateEntry;
use super::names::Names;
use super::text::Text;
use crate::function::Symbol;
use precast_artifact::abi::PRIVATE_ENTRY_SIZE;
use precast_artifact::module::Range;

/// Tables start on a cache line.
const TABLE_ALIGNMENT: u64 = 64;
/// As the context itself.
const CONTEXT_ALIGNMENT: u64 = 16;

/// The layout of the section, relative to its start.
pub(super) struct Tables {
    /// Index and place of each private table.
    pub tables: Vec<(u32, Range)>,
    /// The context template; empty when it is all zero.
    pub context: Range,
    /// Size of the section in bytes.
    pub size: u64,
}

impl Tables {
    /// Places tables and template.
    pub(super) fn place(private: &[(u32, Vec<PrivateEntry>)], context: &[u8]) -> Self {
        let mut end = 0u64;
        let mut tables = Vec::with_capacity(private.len());
        for (index, entries) in private {
            let offset = end.next_multiple_of(TABLE_ALIGNMENT);
            let size = entries.len() as u64 * u64::from(PRIVATE_ENTRY_SIZE);
            end = offset + size;
            tables.push((*index, Range { offset, size }));
        }
        let mut template = Range::default();
        if context.iter().any(|byte| *byte != 0) {
            let offset = end.next_multiple_of(CONTEXT_ALIGNMENT);
            template = Range { offset, size: context.len() as u64 };
            end = offset + template.size;
        }
        Self { tables, context: template, size: end }
    }

    /// Every field that leads to code: its offset in the section, that of its
    /// table, and that of the code in `.text`.
    pub(super) fn references<'a>(
        &'a self,
        private: &'a [(u32, Vec<PrivateEntry>)],
        text: &'a Text,
    ) -> impl Iterator<Item = (u64, u64, u32)> {
        let tables = private.iter().zip(&self.tables);
        tables.flat_map(move |((_, entries), (_, range))| {
            let fields = (range.offset + 4..).step_by(PRIVATE_ENTRY_SIZE as usize);
            entries.iter().zip(fields).filter_map(move |(entry, field)| {
                let code = text.find(entry.code.filter(|_| entry.ty != 0)?)?;
                Some((field, range.offset, code.start))
            })
        })
    }

    /// The section's bytes; `to_text` is the distance from the section to
    /// `.text`, at most [`MAX_DISTANCE`](super::text::MAX_DISTANCE) with the
    /// size of the latter.
    pub(super) fn encode(
        &self,
        private: &[(u32, Vec<PrivateEntry>)],
        context: &[u8],
        to_text: u64,
        text: &Text,
        names: &Names<'_>,
    ) -> Result<Vec<u8>, LinkError> {
        let mut bytes = Vec::with_capacity(self.size as usize);
        for ((index, entries), (_, range)) in private.iter().zip(&self.tables) {
            bytes.resize(range.offset as usize, 0);
            for entry in entries {
                let mut offset = 0;
                if entry.ty != 0 {
                    let place = entry.code.and_then(|code| text.find(code));
                    let place = place.ok_or_else(|| LinkError::Unresolved {
                        place: names.get(Symbol::PrivateTable(*index)).into_owned(),
                        symbol: entry.code,
                    })?;
                    offset = (to_text - range.offset + u64::from(place.start)) as i32;
                }
                bytes.extend_from_slice(&entry.ty.to_le_bytes());
                bytes.extend_from_slice(&offset.to_le_bytes());
            }
        }
        if self.context.size != 0 {
            bytes.resize(self.context.offset as usize, 0);
            bytes.extend_from_slice(context);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::text::Place;

    #[test]
    fn entries_lead_from_their_table_to_the_code() {
        let place = Place { start: 0x40, size: 1 };
        let mut text = Text::default();
        (text.imported, text.functions) = (3, vec![Some(place)]);
        let names = Names { imported: 3, functions: Vec::new(), stubs: Vec::new() };
        let null = PrivateEntry { ty: 0, code: None };
        let entry = |index| PrivateEntry { ty: 5, code: Some(Symbol::Function(index)) };
        let mut private = vec![(0, vec![null]), (2, vec![null, entry(3)])];
        let context = [0, 7];
        let tables = Tables::place(&private, &context);
        assert_eq!(tables.tables[1], (2, Range { offset: 64, size: 16 }));
        assert_eq!(tables.context, Range { offset: 80, size: 2 });

        let bytes = tables.encode(&private, &context, 0x1000, &text, &names).unwrap();
        assert_eq!(bytes.len() as u64, tables.size);
        assert_eq!(bytes[..72], [0; 72]);
        assert_eq!(bytes[72..80], [5, 0, 0, 0, 0, 0x10, 0, 0]);
        assert_eq!(bytes[80..], context);

        assert_eq!(Tables::place(&private, &[0, 0]).context, Range::default());
        private[1].1[1] = entry(4);
        let error = tables.encode(&private, &context, 0x1000, &text, &names).unwrap_err();
        let message = "`precast_table[2]` refers to Function(4), which was not compiled";
        assert_eq!(error.to_string(), message);
    }
}
