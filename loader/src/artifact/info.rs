//! What is derived once from a module's description, so that instances can be
//! made fast: the context layout, interned types, stubs and exports to look
//! up.

use crate::vm::types;
use crate::vm::types::{FuncType, GlobalType, ModuleTypes, TableType};
use precast_artifact::abi::ContextLayout;
use precast_artifact::address_map::AddressMap;
use precast_artifact::index::{
    CanonicalTypeIndex, CodeOffset, ExportIndex, FuncIndex, MemoryIndex, TypeId, WasmOffset,
};
use precast_artifact::module::{EntityIndex, ExportKind, ImportKind, Module, Range, SignatureStub};
use precast_artifact::types::MemoryType;
use precast_artifact::wire::DecodeError;
use std::fmt;

/// What an import or export is. References to concrete function types hold
/// numbers that are valid in this process.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// An exception tag, by the type whose parameters it carries.
    Tag(FuncType),
}

/// An import of an artifact.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ImportType {
    /// First name.
    pub module: String,
    /// Second name.
    pub name: String,
    /// What it must be.
    pub ty: ExternType,
}

/// An export of an artifact.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ExportType {
    /// Its name.
    pub name: String,
    /// What it is.
    pub ty: ExternType,
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Func(ty) => write!(f, "function {ty}"),
            Self::Table(ty) => ty.fmt(f),
            Self::Memory(ty) => ty.fmt(f),
            Self::Global(ty) => ty.fmt(f),
            Self::Tag(ty) => write!(f, "tag {ty}"),
        }
    }
}

/// Derived facts of one module.
#[derive(Debug)]
pub(crate) struct ModuleInfo {
    /// Where everything lies in a context.
    pub(crate) layout: ContextLayout,
    /// Interned type of each canonical type; contexts point to it.
    pub(crate) type_ids: ModuleTypes,
    /// Code offset of each entry stub, ordered by interned type.
    entry_stubs: Box<[(TypeId, CodeOffset)]>,
    /// Code offset of each host-call stub, ordered by interned type.
    host_stubs: Box<[(TypeId, CodeOffset)]>,
    /// Indices of the exports, ordered by name.
    exports: Box<[ExportIndex]>,
    /// The memory that is exported as `memory`, which is the one that WASI
    /// works on.
    pub(crate) exported_memory: Option<MemoryIndex>,
    /// For each import, what it stands for in the index space of its kind.
    import_indices: Box<[EntityIndex]>,
}

impl ModuleInfo {
    /// Derives them; fails when an address map or the context template is
    /// damaged.
    pub(super) fn new<'b>(
        module: &Module,
        bytes: impl Fn(Range) -> &'b [u8],
    ) -> Result<Self, String> {
        let damaged = |error: DecodeError| error.to_string();
        AddressMap::<FuncIndex>::new(".precast.functions", bytes(module.function_table))
            .map_err(damaged)?;
        AddressMap::<WasmOffset>::new(".precast.sites", bytes(module.site_table))
            .map_err(damaged)?;
        let layout = ContextLayout::new(&module.context_shape())?;
        module.check_template(&layout, bytes(module.context))?;
        let type_ids = types::intern_module(&module.types);
        let by_type = |stubs: &[SignatureStub]| {
            let mut stubs: Box<[_]> =
                stubs.iter().map(|stub| (type_ids[stub.ty.index()], stub.code)).collect();
            stubs.sort_unstable();
            stubs
        };
        let exports = ExportIndex::enumerate(&module.exports).map(|(index, _)| index);
        let mut exports: Box<[ExportIndex]> = exports.collect();
        exports.sort_by_key(|index| &module.exports[index.index()].name);
        let exported_memory = module.exports.iter().find(|export| export.name == "memory");
        let exported_memory = exported_memory.and_then(|export| match export.item {
            EntityIndex::Memory(memory) => Some(memory),
            _ => None,
        });
        Ok(Self {
            layout,
            entry_stubs: by_type(&module.entry_stubs),
            host_stubs: by_type(&module.host_stubs),
            exports,
            exported_memory,
            import_indices: import_indices(module),
            type_ids,
        })
    }

    /// Code offset of the entry stub for a type.
    pub(crate) fn entry_stub(&self, ty: TypeId) -> Option<CodeOffset> {
        find_stub(&self.entry_stubs, ty)
    }

    /// Code offset of the host-call stub for a type.
    pub(crate) fn host_stub(&self, ty: TypeId) -> Option<CodeOffset> {
        find_stub(&self.host_stubs, ty)
    }

    /// The export with this name.
    pub(crate) fn export<'m>(
        &self,
        module: &'m Module,
        name: &str,
    ) -> Option<&'m precast_artifact::module::Export> {
        let name_of = |index: &ExportIndex| module.exports[index.index()].name.as_str();
        let found = self.exports.binary_search_by_key(&name, |index| name_of(index)).ok()?;
        Some(&module.exports[self.exports[found].index()])
    }

    /// What an import stands for, in the index space of its kind.
    pub(crate) fn import_index(&self, import: usize) -> EntityIndex {
        self.import_indices[import]
    }

    /// The type that an import must have.
    pub(crate) fn import_type(&self, module: &Module, import: usize) -> ExternType {
        match module.imports[import].kind {
            ImportKind::Function(ty) => ExternType::Func(self.func_type(ty)),
            _ => self.extern_type(module, self.import_indices[import]),
        }
    }

    /// The type of an exported item.
    pub(crate) fn extern_type(&self, module: &Module, item: EntityIndex) -> ExternType {
        let id = |ty: CanonicalTypeIndex| self.type_ids[ty.index()];
        match item {
            EntityIndex::Function(index) => {
                let ty = module.function_type(index);
                let ty = ty.expect("checked: exported functions have records");
                ExternType::Func(self.func_type(ty))
            }
            EntityIndex::Table(index) => ExternType::Table(module.tables[index.index()].ty.map(id)),
            EntityIndex::Memory(index) => ExternType::Memory(module.memories[index.index()].ty),
            EntityIndex::Global(index) => {
                ExternType::Global(module.globals[index.index()].ty.map(id))
            }
            EntityIndex::Tag(index) => {
                ExternType::Tag(self.func_type(module.tags[index.index()].ty))
            }
        }
    }

    fn func_type(&self, ty: CanonicalTypeIndex) -> FuncType {
        (*types::get(self.type_ids[ty.index()])).clone()
    }
}

fn find_stub(stubs: &[(TypeId, CodeOffset)], ty: TypeId) -> Option<CodeOffset> {
    stubs.binary_search_by_key(&ty, |(id, _)| *id).ok().map(|index| stubs[index].1)
}

fn import_indices(module: &Module) -> Box<[EntityIndex]> {
    let mut next = [0; 5];
    let index = |import: &precast_artifact::module::Import| {
        let kind = match import.kind {
            ImportKind::Function(_) => ExportKind::Function,
            ImportKind::Table => ExportKind::Table,
            ImportKind::Memory => ExportKind::Memory,
            ImportKind::Global => ExportKind::Global,
            ImportKind::Tag => ExportKind::Tag,
        };
        let number = &mut next[kind as usize];
        *number += 1;
        EntityIndex::new(kind, *number - 1)
    };
    module.imports.iter().map(index).collect()
}
