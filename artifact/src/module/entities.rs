//! What a module imports, defines and exports.

use super::range::Range;
use crate::abi::TableKind;
use crate::index::{
    CanonicalTypeIndex, CodeOffset, FuncIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex,
};
use crate::types::{GlobalType, MemoryType, TableType};
use std::fmt;

/// An import.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// First name.
    pub module: String,
    /// Second name.
    pub name: String,
    /// What is imported.
    pub kind: ImportKind,
    /// Of a function: whether its callers cope with it being
    /// [pending](crate::abi#imports-that-may-block). False for all else.
    pub may_block: bool,
}

/// What an import must be. Tables, memories, globals and tags stand in their
/// own lists too, imported ones first, in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// A function of this type.
    Function(CanonicalTypeIndex),
    /// The next imported table.
    Table,
    /// The next imported memory.
    Memory,
    /// The next imported global.
    Global,
    /// The next imported tag.
    Tag,
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableEntity {
    /// Its type.
    pub ty: TableType,
    /// How it is kept.
    pub kind: TableKind,
    /// A private table's place in the image, the null entry at its end
    /// included.
    pub image: Range,
}

/// A memory.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryEntity {
    /// Its type.
    pub ty: MemoryType,
    /// Whether it is imported.
    pub imported: bool,
    /// What keeps accesses inside.
    pub model: MemoryModel,
    /// Address space from the base, in bytes: how far a defined memory can grow.
    pub reservation: u64,
    /// Inaccessible bytes after the reservation.
    pub guard: u64,
}

/// What keeps a guest's accesses inside a memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MemoryModel {
    /// Page protection: the code relies on reservation and guard being there,
    /// and on nothing beyond the memory's size being accessible in them.
    #[default]
    Guard,
    /// The code compares every access with the memory's length and relies on
    /// no more than that. Accesses that fail go to address zero.
    Bounds,
}

/// A global.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalEntity {
    /// Its type.
    pub ty: GlobalType,
    /// Whether it is imported.
    pub imported: bool,
}

/// An exception tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagEntity {
    /// Type whose parameters the exception carries.
    pub ty: CanonicalTypeIndex,
    /// Whether it is imported.
    pub imported: bool,
}

/// The kinds of what can be exported; the numbers are those of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportKind {
    /// A function.
    Function,
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A global.
    Global,
    /// An exception tag.
    Tag,
}

/// What is exported, by its index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityIndex {
    /// A function.
    Function(FuncIndex),
    /// A table.
    Table(TableIndex),
    /// A memory.
    Memory(MemoryIndex),
    /// A global.
    Global(GlobalIndex),
    /// An exception tag.
    Tag(TagIndex),
}

impl EntityIndex {
    /// The item with this number in the index space of its kind.
    pub fn new(kind: ExportKind, number: u32) -> Self {
        match kind {
            ExportKind::Function => Self::Function(FuncIndex::new(number)),
            ExportKind::Table => Self::Table(TableIndex::new(number)),
            ExportKind::Memory => Self::Memory(MemoryIndex::new(number)),
            ExportKind::Global => Self::Global(GlobalIndex::new(number)),
            ExportKind::Tag => Self::Tag(TagIndex::new(number)),
        }
    }

    /// Its kind.
    pub fn kind(self) -> ExportKind {
        match self {
            Self::Function(_) => ExportKind::Function,
            Self::Table(_) => ExportKind::Table,
            Self::Memory(_) => ExportKind::Memory,
            Self::Global(_) => ExportKind::Global,
            Self::Tag(_) => ExportKind::Tag,
        }
    }

    /// Its number in the index space of its kind.
    pub fn number(self) -> u32 {
        match self {
            Self::Function(index) => index.get(),
            Self::Table(index) => index.get(),
            Self::Memory(index) => index.get(),
            Self::Global(index) => index.get(),
            Self::Tag(index) => index.get(),
        }
    }
}

/// An export.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it is.
    pub item: EntityIndex,
}

/// A defined function that has a funcref record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funcref {
    /// Function index.
    pub function: FuncIndex,
    /// Its canonical type.
    pub ty: CanonicalTypeIndex,
    /// Its code.
    pub code: CodeOffset,
}

/// A stub for one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignatureStub {
    /// The canonical type.
    pub ty: CanonicalTypeIndex,
    /// Its code.
    pub code: CodeOffset,
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Function => "function",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
        })
    }
}
