//! The module description in `.precast.module`: everything the loader must
//! know of the core modules in an artifact, in the order in which they are
//! instantiated.
//!
//! [`Description::encode`] and [`Description::decode`] are the format; after
//! decoding, [`Description::check`] has proved every index, so that the loader
//! may use them without a check of its own.

mod check;
pub use check::Bounds;
mod codec;
mod context;

use crate::abi::{ContextShape, TableKind};
use crate::reloc::Reloc;
use crate::types::{FuncType, GlobalType, MemoryType, RefType, TableType};

/// Name of the section, as errors show it.
pub const SECTION: &str = ".precast.module";

/// A byte range: an offset and a size. Of the image, unless the field says
/// otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub size: u64,
}

/// All core modules of an artifact and how they are instantiated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    /// The modules.
    pub modules: Vec<Module>,
    /// The instances to make, in order. The last one's exports are the
    /// artifact's.
    pub instances: Vec<InstancePlan>,
}

/// One instance of an artifact.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstancePlan {
    /// Index in [`Description::modules`].
    pub module: u32,
    /// Imports satisfied from inside the artifact; all others come from the
    /// host's linker.
    pub links: Vec<Link>,
}

/// An import satisfied by an export of an earlier instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Index in [`Module::imports`].
    pub import: u32,
    /// Index in [`Description::instances`], of an earlier instance.
    pub instance: u32,
    /// Name of that instance's export.
    pub export: String,
}

/// One core module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// Name from the name section.
    pub name: Option<String>,
    /// Canonical function types; all type indices are into this list.
    pub types: Vec<FuncType>,
    /// Imports, in order of declaration.
    pub imports: Vec<Import>,
    /// Number of functions, imported ones included.
    pub functions: u32,
    /// Tables, imported ones first.
    pub tables: Vec<Table>,
    /// Memories, imported ones first.
    pub memories: Vec<Memory>,
    /// Globals, imported ones first.
    pub globals: Vec<Global>,
    /// Exception tags, imported ones first.
    pub tags: Vec<Tag>,
    /// Exports.
    pub exports: Vec<Export>,
    /// Own functions that have a funcref record, ordered by function index;
    /// record `i` of the context stands for entry `i`. Every exported own
    /// function is here.
    pub funcrefs: Vec<Funcref>,
    /// Entry stubs, at most one per type, ordered by type.
    pub entry_stubs: Vec<Stub>,
    /// Host-call stubs, at most one per type, ordered by type.
    pub host_stubs: Vec<Stub>,
    /// The module's code, within `.text`; all code offsets are relative to it.
    pub text: Range,
    /// Function starts, a [`search`](crate::search) table.
    pub function_table: Range,
    /// Return addresses and traps, a [`search`](crate::search) table.
    pub site_table: Range,
    /// Exception handlers, see [`handlers`](crate::handlers).
    pub handler_table: Range,
    /// The context template, as large as the context. Empty when all zero.
    pub context: Range,
    /// Relocations of the template.
    pub relocs: Vec<Reloc>,
    /// Initial contents of own memories, mapped before the plan runs. Ordered
    /// by memory and address; addresses and offsets are page-aligned.
    pub runs: Vec<MemoryRun>,
    /// Data segments in index order; those already in [`Module::runs`] are
    /// empty.
    pub data: Vec<Range>,
    /// Element segments in index order.
    pub elements: Vec<ElementSegment>,
    /// What is left to do at instantiation, in order.
    pub init: Vec<InitStep>,
    /// The start function, run last.
    pub start: Option<u32>,
}

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
    Function(u32),
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
pub struct Table {
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
pub struct Memory {
    /// Its type.
    pub ty: MemoryType,
    /// Whether it is imported.
    pub imported: bool,
    /// What keeps accesses inside.
    pub model: MemoryModel,
    /// Address space from the base, in bytes: how far an own memory can grow.
    pub reservation: u64,
    /// Inaccessible bytes behind the reservation.
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
pub struct Global {
    /// Its type.
    pub ty: GlobalType,
    /// Whether it is imported.
    pub imported: bool,
}

/// An exception tag.
#[derive(Clone, Debug, PartialEq)]
pub struct Tag {
    /// Type whose parameters the exception carries.
    pub ty: u32,
    /// Whether it is imported.
    pub imported: bool,
}

/// What is exported.
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

/// An export.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: ExportKind,
    /// Index in the index space of its kind.
    pub index: u32,
}

/// An own function that has a funcref record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Funcref {
    /// Function index.
    pub function: u32,
    /// Its canonical type.
    pub ty: u32,
    /// Its code.
    pub code: u32,
}

/// A stub for one signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stub {
    /// The canonical type.
    pub ty: u32,
    /// Its code.
    pub code: u32,
}

/// Initial contents of part of a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRun {
    /// Index of an own memory.
    pub memory: u32,
    /// Address in it.
    pub address: u64,
    /// Where the bytes lie in the image.
    pub image: Range,
}

/// An element segment.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementSegment {
    /// Type of the elements.
    pub ty: RefType,
    /// The elements.
    pub items: ElementItems,
}

/// The elements of a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum ElementItems {
    /// Functions by index.
    Functions(Vec<u32>),
    /// Constant expressions.
    Expressions(Vec<ConstExpr>),
}

/// A constant expression (specification 3.4.17, with extended constants) in
/// postfix order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConstExpr {
    /// The operators.
    pub ops: Vec<ConstOp>,
}

/// An operator of a constant expression.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ConstOp {
    /// `i32.const`, or the bits of an `f32.const`.
    Bits32(u32),
    /// `i64.const`, or the bits of an `f64.const`.
    Bits64(u64),
    /// `v128.const`.
    Bits128(u128),
    /// `ref.null`.
    RefNull,
    /// `ref.func`.
    RefFunc(u32),
    /// `global.get`.
    GlobalGet(u32),
    /// `i32.add`.
    I32Add,
    /// `i32.sub`.
    I32Sub,
    /// `i32.mul`.
    I32Mul,
    /// `i64.add`.
    I64Add,
    /// `i64.sub`.
    I64Sub,
    /// `i64.mul`.
    I64Mul,
}

/// One step of instantiation.
#[derive(Clone, Debug, PartialEq)]
pub enum InitStep {
    /// Sets an own global.
    Global {
        /// Which.
        index: u32,
        /// To what.
        value: ConstExpr,
    },
    /// Fills an own public table.
    TableFill {
        /// Which.
        table: u32,
        /// With what.
        value: ConstExpr,
    },
    /// `table.init` of a whole active segment, then `elem.drop`.
    Elements {
        /// The segment.
        segment: u32,
        /// The table.
        table: u32,
        /// Where in it.
        offset: ConstExpr,
    },
    /// `elem.drop` of a declared segment, or of one in a private table.
    ElementDrop {
        /// The segment.
        segment: u32,
    },
    /// `memory.init` of a whole active segment, then `data.drop`.
    Data {
        /// The segment.
        segment: u32,
        /// The memory.
        memory: u32,
        /// Where in it.
        offset: ConstExpr,
    },
}

impl Module {
    /// Number of imported functions.
    pub fn imported_functions(&self) -> u32 {
        let is_function = |i: &&Import| matches!(i.kind, ImportKind::Function(_));
        self.imports.iter().filter(is_function).count() as u32
    }

    /// The counts that decide the context layout.
    pub fn context_shape(&self) -> ContextShape {
        ContextShape {
            imported_functions: self.imported_functions(),
            tables: self.tables.iter().map(|t| t.kind).collect(),
            memories: self.memories.iter().map(|m| m.imported).collect(),
            globals: self.globals.iter().map(|g| (g.ty.value, g.imported)).collect(),
            tags: self.tags.iter().map(|t| t.imported).collect(),
            funcrefs: self.funcrefs.len() as u32,
        }
    }

    /// Whether linear memory begins at the context address: memory 0 is
    /// defined here and not shared.
    pub fn memory0_at_context(&self) -> bool {
        self.memories.first().is_some_and(|m| !m.imported && !m.ty.shared)
    }

    /// The record index of a function, if it has one.
    pub fn funcref_of(&self, function: u32) -> Option<u32> {
        self.funcrefs.binary_search_by_key(&function, |f| f.function).ok().map(|i| i as u32)
    }
}

impl std::fmt::Display for ExportKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Function => "function",
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
        })
    }
}
