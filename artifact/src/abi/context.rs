//! The context: its fixed fields, and where everything else lies.

use super::records::{DEFINITION_SIZE, FUNCREF_SIZE, IMPORT_SIZE, TableKind};
use crate::index::{FuncIndex, FuncrefIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex};
use crate::types::ValType;

/// Address of the store block.
pub const CTX_STORE: i32 = -8;
/// Memory definition `{base, length}` of memory 0.
pub const CTX_MEMORY0: i32 = -24;
/// Base address of memory 0, the first half of [`CTX_MEMORY0`].
pub const CTX_MEMORY0_BASE: i32 = -24;
/// Length of memory 0 in bytes, the second half of [`CTX_MEMORY0`].
pub const CTX_MEMORY0_LENGTH: i32 = -16;
/// Address of the builtin table.
pub const CTX_BUILTINS: i32 = -32;
/// Address of the interned type ids.
pub const CTX_TYPE_IDS: i32 = -40;
/// Handle of the loader's instance or host function.
pub const CTX_OWNER: i32 = -48;
/// Reserved for data that the host keeps for the instance; zero.
pub const CTX_HOST_DATA: i32 = -56;
/// Reserved for the asynchronous task that the instance runs in; zero.
pub const CTX_TASK: i32 = -64;
/// Bytes that the fixed fields take below the context address.
pub const CTX_FIXED_SIZE: u32 = 64;

/// Size of the context of a host function: the fixed fields alone.
pub const HOST_CONTEXT_SIZE: u32 = CTX_FIXED_SIZE;

/// The counts that decide a module's context layout, all known from its
/// declarations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextShape {
    /// Number of imported functions.
    pub imported_functions: u32,
    /// Kind of each table, in index order.
    pub tables: Vec<TableKind>,
    /// For each memory, in index order: is it imported?
    pub memories: Vec<bool>,
    /// For each global, in index order: its type, and whether it is imported.
    pub globals: Vec<(ValType, bool)>,
    /// For each tag, in index order: is it imported?
    pub tags: Vec<bool>,
    /// Number of defined functions with a funcref record.
    pub funcrefs: u32,
}

/// Offsets (negative) of everything in a module's context.
///
/// From the context address downwards: the fixed fields, globals of 8 bytes,
/// globals of 16 bytes (aligned), pointers to imported globals, function
/// imports, memories, tables, tags, funcref records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLayout {
    globals: Vec<i32>,
    values: u32,
    imports: i32,
    memories: Vec<i32>,
    tables: Vec<i32>,
    tags: Vec<i32>,
    funcrefs: i32,
    constants: u32,
    size: u32,
}

/// The largest context that a layout may have; beyond it a module is refused.
pub const MAX_CONTEXT_SIZE: u32 = 1 << 30;

impl ContextLayout {
    /// Places the fields. Fails when they would take more than
    /// [`MAX_CONTEXT_SIZE`].
    pub fn new(shape: &ContextShape) -> Result<Self, String> {
        let mut at = Cursor { size: u64::from(CTX_FIXED_SIZE) };
        let mut globals = vec![0; shape.globals.len()];
        let defined = |size: u32| {
            let of_size = move |ty: &ValType, imported: bool| !imported && ty.size() == size;
            shape.globals.iter().enumerate().filter(move |(_, (ty, imp))| of_size(ty, *imp))
        };
        for (index, _) in defined(8) {
            globals[index] = at.take(8, 8);
        }
        for (index, _) in defined(16) {
            globals[index] = at.take(16, 16);
        }
        let values = at.size.min(u64::from(u32::MAX)) as u32;
        for (index, _) in shape.globals.iter().enumerate().filter(|(_, (_, imported))| *imported) {
            globals[index] = at.take(8, 8);
        }
        let imports = at.take(u64::from(shape.imported_functions) * u64::from(IMPORT_SIZE), 8);
        let mut memories = Vec::with_capacity(shape.memories.len());
        for (index, imported) in shape.memories.iter().enumerate() {
            memories.push(match (index, imported) {
                (_, true) => at.take(8, 8),
                (0, false) => CTX_MEMORY0,
                (_, false) => at.take(u64::from(DEFINITION_SIZE), 8),
            });
        }
        let mut tables = Vec::with_capacity(shape.tables.len());
        for kind in &shape.tables {
            tables.push(match kind {
                TableKind::Imported => at.take(8, 8),
                TableKind::Public => at.take(u64::from(DEFINITION_SIZE), 8),
                TableKind::Private => 0,
            });
        }
        let constants = at.size;
        let tags = shape.tags.iter().map(|_| at.take(8, 8)).collect();
        let funcrefs = at.take(u64::from(shape.funcrefs) * u64::from(FUNCREF_SIZE), 8);
        let size = at.size.next_multiple_of(16);
        if size > u64::from(MAX_CONTEXT_SIZE) {
            return Err(format!(
                "the context would take {size} bytes, more than {MAX_CONTEXT_SIZE}"
            ));
        }
        let (constants, size) = (constants as u32, size as u32);
        Ok(Self { globals, values, imports, memories, tables, tags, funcrefs, constants, size })
    }

    /// Bytes below the context address that the context takes.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Where the values of defined globals lie, in bytes from the lowest address of
    /// the context: all that a context template is used for.
    pub fn values(&self) -> std::ops::Range<usize> {
        (self.size - self.values) as usize..(self.size - CTX_FIXED_SIZE) as usize
    }

    /// What is constant once the instance is made, tags and funcref records, in
    /// bytes below the context address.
    pub fn constants(&self) -> std::ops::Range<usize> {
        self.constants as usize..self.size as usize
    }

    /// A global: its value if defined here, its address if imported.
    pub fn global(&self, index: GlobalIndex) -> i32 {
        self.globals[index.index()]
    }

    /// Slot of an imported function, see [`IMPORT_SIZE`].
    pub fn import(&self, index: FuncIndex) -> i32 {
        self.imports + (index.get() * IMPORT_SIZE) as i32
    }

    /// A memory: its definition if defined here, the definition's address if
    /// imported.
    pub fn memory(&self, index: MemoryIndex) -> i32 {
        self.memories[index.index()]
    }

    /// A table: its definition if public, the definition's address if
    /// imported, meaningless if private.
    pub fn table(&self, index: TableIndex) -> i32 {
        self.tables[index.index()]
    }

    /// Slot of a tag: the address of the store-owned tag, its identity.
    pub fn tag(&self, index: TagIndex) -> i32 {
        self.tags[index.index()]
    }

    /// The funcref record with this index.
    pub fn funcref(&self, record: FuncrefIndex) -> i32 {
        self.funcrefs + (record.get() * FUNCREF_SIZE) as i32
    }
}

/// Places fields downwards from the context address.
struct Cursor {
    size: u64,
}

impl Cursor {
    fn take(&mut self, size: u64, align: u64) -> i32 {
        self.size = (self.size + size).next_multiple_of(align);
        -(self.size.min(i32::MAX as u64) as i64) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap_and_lie_below_the_fixed_ones() {
        let shape = ContextShape {
            imported_functions: 3,
            tables: vec![TableKind::Imported, TableKind::Public, TableKind::Private],
            memories: vec![false, true, false],
            globals: vec![
                (ValType::I32, true),
                (ValType::V128, false),
                (ValType::I64, false),
                (ValType::F32, false),
            ],
            tags: vec![true, false],
            funcrefs: 5,
        };
        let layout = ContextLayout::new(&shape).unwrap();
        let mut fields = vec![
            (layout.global(GlobalIndex::new(0)), 8),
            (layout.global(GlobalIndex::new(1)), 16),
            (layout.global(GlobalIndex::new(2)), 8),
            (layout.global(GlobalIndex::new(3)), 8),
            (layout.memory(MemoryIndex::new(1)), 8),
            (layout.memory(MemoryIndex::new(2)), 16),
            (layout.table(TableIndex::new(0)), 8),
            (layout.table(TableIndex::new(1)), 16),
            (layout.tag(TagIndex::new(0)), 8),
            (layout.tag(TagIndex::new(1)), 8),
        ];
        fields.extend(FuncIndex::first(3).map(|i| (layout.import(i), IMPORT_SIZE as i32)));
        fields.extend(FuncrefIndex::first(5).map(|i| (layout.funcref(i), FUNCREF_SIZE as i32)));
        fields.push((-(CTX_FIXED_SIZE as i32), CTX_FIXED_SIZE as i32));
        fields.sort();
        assert!(fields[0].0 >= -(layout.size() as i32));
        for pair in fields.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?} overlap");
        }
        assert_eq!(layout.memory(MemoryIndex::new(0)), CTX_MEMORY0);
        assert_eq!(layout.global(GlobalIndex::new(1)) % 16, 0);
        assert_eq!(layout.size() % 16, 0);
    }
}
