//! The description and its modules.

use super::entities::{
    Export, Funcref, GlobalEntity, Import, ImportKind, MemoryEntity, SignatureStub, TableEntity,
    TagEntity,
};
use super::init::{ElementSegment, InitStep, MemoryRun};
use super::range::Range;
use crate::abi::ContextShape;
use crate::index::{
    CanonicalTypeIndex, FuncIndex, FuncrefIndex, ImportIndex, InstanceIndex, ModuleIndex,
};
use crate::reloc::Reloc;
use crate::types::TypeSection;

/// Name of the section, as errors show it.
pub const SECTION: &str = ".precast.module";

/// All core modules of an artifact and how they are instantiated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Description {
    /// The modules.
    pub modules: Vec<Module>,
    /// The instances to make, in order. The last one's exports are the
    /// artifact's. None where a [component](crate::component) says what to make.
    pub instances: Vec<InstancePlan>,
}

/// One instance of an artifact.
#[derive(Clone, Debug, PartialEq)]
pub struct InstancePlan {
    /// Index in [`Description::modules`].
    pub module: ModuleIndex,
    /// Imports satisfied from inside the artifact; all others come from the
    /// host's linker.
    pub links: Vec<Link>,
}

/// An import satisfied by an export of an earlier instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Index in [`Module::imports`].
    pub import: ImportIndex,
    /// Index in [`Description::instances`], of an earlier instance.
    pub instance: InstanceIndex,
    /// Name of that instance's export.
    pub export: String,
}

/// One core module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// Name from the name section.
    pub name: Option<String>,
    /// The types, of which no two are equal; all type indices count these.
    pub types: TypeSection,
    /// Imports, in order of declaration.
    pub imports: Vec<Import>,
    /// Number of functions, imported ones included.
    pub functions: u32,
    /// Tables, imported ones first.
    pub tables: Vec<TableEntity>,
    /// Memories, imported ones first.
    pub memories: Vec<MemoryEntity>,
    /// Globals, imported ones first.
    pub globals: Vec<GlobalEntity>,
    /// Exception tags, imported ones first.
    pub tags: Vec<TagEntity>,
    /// Exports.
    pub exports: Vec<Export>,
    /// Defined functions that have a funcref record, ordered by function index;
    /// record `i` of the context stands for entry `i`. Every exported
    /// defined function is here.
    pub funcrefs: Vec<Funcref>,
    /// Entry stubs, at most one per type, ordered by type.
    pub entry_stubs: Vec<SignatureStub>,
    /// Host-call stubs, at most one per type, ordered by type.
    pub host_stubs: Vec<SignatureStub>,
    /// The module's code, within `.text`; all code offsets are relative to it.
    pub text: Range,
    /// Function starts, an [address map](crate::address_map).
    pub function_table: Range,
    /// Return addresses and traps, an [address map](crate::address_map).
    pub site_table: Range,
    /// Exception handlers, see [`handlers`](crate::handlers).
    pub handler_table: Range,
    /// The context template, as large as the context. Empty when all zero.
    pub context: Range,
    /// Relocations of the template.
    pub relocs: Vec<Reloc>,
    /// Initial contents of defined memories, mapped before the plan runs. Ordered
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
    pub start: Option<FuncIndex>,
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

    /// Type of a function that is imported or has a record, as exported ones are
    /// and have.
    pub fn function_type(&self, function: FuncIndex) -> Option<CanonicalTypeIndex> {
        if let Some(record) = self.funcref_of(function) {
            return Some(self.funcrefs[record.index()].ty);
        }
        let imported = self.imports.iter().filter_map(|import| match import.kind {
            ImportKind::Function(ty) => Some(ty),
            _ => None,
        });
        imported.into_iter().nth(function.index())
    }

    /// The record index of a function, if it has one.
    pub fn funcref_of(&self, function: FuncIndex) -> Option<FuncrefIndex> {
        let found = self.funcrefs.binary_search_by_key(&function, |f| f.function);
        found.ok().map(FuncrefIndex::from_index)
    }
}
