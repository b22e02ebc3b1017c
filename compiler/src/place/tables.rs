//! Private tables, then the context templates, in `.precast.tables`: where each
//! lies.

use crate::code::ModuleParts;
use precast_artifact::abi::PRIVATE_ENTRY_SIZE;
use precast_artifact::module::Range;

/// Tables start on a cache line.
const TABLE_ALIGNMENT: u64 = 64;
/// As the context itself.
const CONTEXT_ALIGNMENT: u64 = 16;

/// The layout of the section, relative to its start.
#[derive(Default)]
pub(crate) struct TableLayout {
    /// What each module has there.
    pub modules: Vec<ModuleTables>,
    /// Size of the section in bytes.
    pub size: u64,
}

/// What one module has in the section.
pub(crate) struct ModuleTables {
    /// Place of each private table.
    pub tables: Vec<Range>,
    /// The context template; empty when it is all zero.
    pub context: Range,
}

impl TableLayout {
    /// Places tables and templates.
    pub(super) fn new(modules: &[ModuleParts<'_>]) -> Self {
        let mut layout = Self::default();
        for ModuleParts { private_tables, context, .. } in modules {
            let mut place = |size, alignment| {
                let offset = layout.size.next_multiple_of(alignment);
                layout.size = offset + size;
                Range { offset, size }
            };
            let size = |entries: usize| entries as u64 * u64::from(PRIVATE_ENTRY_SIZE);
            let tables = private_tables.iter();
            let tables = tables.map(|table| place(size(table.entries.len()), TABLE_ALIGNMENT));
            let tables = tables.collect();
            let context = match context.iter().any(|byte| *byte != 0) {
                true => place(context.len() as u64, CONTEXT_ALIGNMENT),
                false => Range::default(),
            };
            layout.modules.push(ModuleTables { tables, context });
        }
        layout
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::PrivateTable;
    use precast_artifact::index::TableIndex;
    use precast_artifact::module::Module;

    fn parts(tables: &[usize], context: &[u8]) -> ModuleParts<'static> {
        let table = |(index, entries): (usize, &usize)| PrivateTable {
            table: TableIndex::from_index(index),
            entries: vec![None; *entries],
        };
        ModuleParts {
            description: Module::default(),
            bodies: Vec::new(),
            private_tables: tables.iter().enumerate().map(table).collect(),
            context: context.to_vec(),
            relocs: Vec::new(),
            memory: Vec::new(),
            data: Vec::new(),
        }
    }

    #[test]
    fn tables_begin_cache_lines_and_templates_follow_them() {
        let layout = TableLayout::new(&[parts(&[3, 9], &[0, 1]), parts(&[1], &[2; 20])]);
        let places = |tables: &ModuleTables| {
            let tables = tables.tables.iter().chain([&tables.context]);
            tables.map(|range| (range.offset, range.size)).collect::<Vec<_>>()
        };
        let entry = u64::from(PRIVATE_ENTRY_SIZE);
        let first = [(0, 3 * entry), (64, 9 * entry), (144, 2)];
        assert_eq!(places(&layout.modules[0]), first);
        assert_eq!(places(&layout.modules[1]), [(192, entry), (208, 20)]);
        assert_eq!(layout.size, 228);
    }

    #[test]
    fn templates_of_zeros_take_no_room() {
        let layout = TableLayout::new(&[parts(&[], &[0; 40])]);
        assert_eq!((layout.size, layout.modules[0].context), (0, Range::default()));
    }
}
