//! What a module declares.

use super::convert::Types;
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
    pub functions: Vec<u32>,
    pub imported_functions: u32,
    pub tables: Vec<TableDecl>,
    pub memories: Vec<MemoryDecl>,
    pub globals: Vec<GlobalDecl>,
    pub tags: Vec<TagDecl>,
    pub exports: Vec<Export>,
    pub start: Option<u32>,
    pub elements: Vec<ElementDecl>,
    pub data: Vec<DataDecl<'a>>,
    /// The own functions' bodies, in index order.
    pub bodies: Vec<Body<'a>>,
    pub name: Option<&'a str>,
    /// Names of functions by index, imported ones first; empty where unknown.
    pub names: Vec<&'a str>,
    /// The DWARF sections: names and contents.
    pub debug_sections: Vec<(&'a str, &'a [u8])>,
    /// Where the code section's contents start.
    pub code_start: u32,
    /// Names of locals, by function and index.
    pub local_names: Vec<(u32, u32, &'a str)>,
    /// Names of globals, by index.
    pub global_names: Vec<(u32, &'a str)>,
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
    pub ty: u32,
    pub imported: bool,
}

/// When a segment takes effect.
pub(crate) enum SegmentMode {
    Passive,
    /// In this table or memory, at this offset.
    Active(u32, ConstExpr),
    /// Elements only: declares functions for `ref.func`.
    Declared,
}

pub(crate) struct ElementDecl {
    pub mode: SegmentMode,
    pub ty: RefType,
    pub items: ElementItems,
}

pub(crate) struct DataDecl<'a> {
    pub mode: SegmentMode,
    pub bytes: &'a [u8],
}

/// Branch hints of functions, by function index: which `if`s and `br_if`s are
/// likely taken, ordered by offset from the start of the function's body
/// (`metadata.code.branch_hint`, branch hinting proposal).
pub(crate) type BranchHints = BTreeMap<u32, Vec<BranchHint>>;

impl<'a> Parsed<'a> {
    /// The type of a function.
    pub(crate) fn function_type(&self, function: u32) -> &FuncType {
        self.types.get(self.functions[function as usize])
    }

    /// Name of a function, if it has one.
    pub(crate) fn name_of(&self, function: u32) -> Option<&'a str> {
        self.names.get(function as usize).copied().filter(|name| !name.is_empty())
    }
}
