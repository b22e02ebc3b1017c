//! What a module declares.

use super::types::Types;
use precast_artifact::index::{
    CanonicalTypeIndex, FuncIndex, GlobalIndex, LocalIndex, MemoryIndex, TableIndex, WasmOffset,
};
use precast_artifact::module::{ConstExpr, ElementItems, Export, Import};
use precast_artifact::types::{FuncType, GlobalType, MemoryType, RefType, TableType};
use std::collections::BTreeMap;
use wasmparser::{BranchHint, FuncToValidate, FunctionBody, ValidatorResources};

/// A module, its sections decoded.
#[derive(Default)]
pub(crate) struct Parsed<'a> {
    pub types: Types,
    pub imports: Vec<Import>,
    /// Canonical type of each function, imported ones first.
    pub functions: Vec<CanonicalTypeIndex>,
    pub imported_functions: u32,
    pub tables: Vec<TableDecl>,
    pub memories: Vec<MemoryDecl>,
    pub globals: Vec<GlobalDecl>,
    pub tags: Vec<TagDecl>,
    pub exports: Vec<Export>,
    pub start: Option<FuncIndex>,
    pub elements: Vec<ElementDecl>,
    pub data: Vec<DataDecl<'a>>,
    /// The defined functions' bodies, in index order.
    pub bodies: Vec<Body<'a>>,
    pub name: Option<&'a str>,
    /// Names of functions by index, imported ones first; empty where unknown.
    pub names: Vec<&'a str>,
    /// The DWARF sections: names and contents.
    pub debug_sections: Vec<(&'a str, &'a [u8])>,
    /// Where the code section's contents start.
    pub code_start: WasmOffset,
    /// Whether there is a section for linkers.
    pub has_linking_section: bool,
    /// Names of locals, by function and index.
    pub local_names: Vec<(FuncIndex, LocalIndex, &'a str)>,
    /// Names of globals, by index.
    pub global_names: Vec<(GlobalIndex, &'a str)>,
    pub hints: BranchHints,
    /// What made the module, one line each.
    pub producers: Vec<String>,
}

/// A function body and what validates it.
pub(crate) struct Body<'a> {
    pub validator: FuncToValidate<ValidatorResources>,
    pub body: FunctionBody<'a>,
}

pub(crate) struct TableDecl {
    pub ty: TableType,
    pub imported: bool,
    pub init: Option<ConstExpr>,
}

pub(crate) struct MemoryDecl {
    pub ty: MemoryType,
    pub imported: bool,
}

pub(crate) struct GlobalDecl {
    pub ty: GlobalType,
    pub imported: bool,
    pub init: Option<ConstExpr>,
}

/// An exception tag.
pub(crate) struct TagDecl {
    /// Canonical type whose parameters the exception carries.
    pub ty: CanonicalTypeIndex,
    pub imported: bool,
}

/// When a segment takes effect, on a table or memory.
pub(crate) enum SegmentMode<I> {
    Passive,
    /// At the start, on this one at this offset.
    Active(I, ConstExpr),
    /// Elements only: declares functions for `ref.func`.
    Declared,
}

pub(crate) struct ElementDecl {
    pub mode: SegmentMode<TableIndex>,
    pub ty: RefType,
    pub items: ElementItems,
}

pub(crate) struct DataDecl<'a> {
    pub mode: SegmentMode<MemoryIndex>,
    pub bytes: &'a [u8],
}

/// Branch hints of functions, by function index: which `if`s and `br_if`s are
/// likely taken, ordered by offset from the start of the function's body
/// (`metadata.code.branch_hint`, branch hinting proposal).
pub(crate) type BranchHints = BTreeMap<FuncIndex, Vec<BranchHint>>;

impl Body<'_> {
    /// The function that it is the body of.
    pub(crate) fn function(&self) -> FuncIndex {
        FuncIndex::new(self.validator.index)
    }
}

impl<'a> Parsed<'a> {
    /// The type of a function.
    pub(crate) fn function_type(&self, function: FuncIndex) -> &FuncType {
        self.types.get(self.functions[function.index()])
    }

    /// Name of a function, if it has one.
    pub(crate) fn name_of(&self, function: FuncIndex) -> Option<&'a str> {
        self.names.get(function.index()).copied().filter(|name| !name.is_empty())
    }
}
