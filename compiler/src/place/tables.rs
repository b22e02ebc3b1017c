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
