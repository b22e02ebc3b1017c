//! What is derived once from a module's description, so that instances can be
//! made fast: the context layout, interned types, stubs and exports to look
//! up.

use crate::vm::types::{self, TypeId};
use precast_artifact::abi::ContextLayout;
use precast_artifact::module::{ExportKind, ImportKind, Module, Range, Stub};
use precast_artifact::search;
use precast_artifact::types::{FuncType, GlobalType, MemoryType, TableType};
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
    pub(crate) type_ids: Box<[TypeId]>,
    /// Code offset of each entry stub, ordered by interned type.
    entry_stubs: Box<[(TypeId, u32)]>,
    /// Code offset of each host-call stub, ordered by interned type.
    host_stubs: Box<[(TypeId, u32)]>,
    /// Indices of the exports, ordered by name.
    exports: Box<[u32]>,
    /// The memory that is exported as `memory`, which is the one that WASI
    /// works on.
    pub(crate) exported_memory: Option<u32>,
    /// For each import, its index in the index space of its kind.
    import_indices: Box<[u32]>,
}

impl ModuleInfo {
    /// Derives them; fails when a search table or the context template is
    /// damaged.
    pub(super) fn new<'b>(
        module: &Module,
        bytes: impl Fn(Range) -> &'b [u8],
    ) -> Result<Self, String> {
        let tables =
            [(".precast.functions", module.function_table), (".precast.sites", module.site_table)];
        for (name, range) in tables {
            search::Table::new(name, bytes(range)).map_err(|error| error.to_string())?;
        }
        let layout = ContextLayout::new(&module.context_shape())?;
        module.check_template(&layout, bytes(module.context))?;
        let type_ids = types::intern_module(&module.types);
        let by_type = |stubs: &[Stub]| {
            let mut stubs: Box<[_]> =
                stubs.iter().map(|stub| (type_ids[stub.ty as usize], stub.code)).collect();
            stubs.sort_unstable();
            stubs
        };
        let mut exports: Box<[u32]> = (0..module.exports.len() as u32).collect();
        exports.sort_by_key(|index| &module.exports[*index as usize].name);
        let exported_memory = module.exports.iter().find(|export| export.name == "memory");
        let exported_memory =
            exported_memory.filter(|export| export.kind == ExportKind::Memory).map(|e| e.index);
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
    pub(crate) fn entry_stub(&self, ty: TypeId) -> Option<u32> {
        find_stub(&self.entry_stubs, ty)
    }

    /// Code offset of the host-call stub for a type.
    pub(crate) fn host_stub(&self, ty: TypeId) -> Option<u32> {
        find_stub(&self.host_stubs, ty)
    }

    /// The export with this name.
    pub(crate) fn export<'m>(
        &self,
        module: &'m Module,
        name: &str,
    ) -> Option<&'m precast_artifact::module::Export> {
        let name_of = |index: &u32| module.exports[*index as usize].name.as_str();
        let found = self.exports.binary_search_by_key(&name, |index| name_of(index)).ok()?;
        Some(&module.exports[self.exports[found] as usize])
    }

    /// Index of an import in the index space of its kind.
    pub(crate) fn import_index(&self, import: usize) -> u32 {
        self.import_indices[import]
    }

    /// The type that an import must have.
    pub(crate) fn import_type(&self, module: &Module, import: usize) -> ExternType {
        let index = self.import_indices[import];
        let kind = match module.imports[import].kind {
            ImportKind::Function(ty) => return ExternType::Func(self.func_type(ty)),
            ImportKind::Table => ExportKind::Table,
            ImportKind::Memory => ExportKind::Memory,
            ImportKind::Global => ExportKind::Global,
            ImportKind::Tag => ExportKind::Tag,
        };
        self.extern_type(module, kind, index)
    }

    /// The type of an exported item.
    pub(crate) fn extern_type(&self, module: &Module, kind: ExportKind, index: u32) -> ExternType {
        let at = index as usize;
        let ids = &self.type_ids;
        match kind {
            ExportKind::Function => ExternType::Func(self.func_type(function_type(module, index))),
            ExportKind::Table => ExternType::Table(types::resolve_table(module.tables[at].ty, ids)),
            ExportKind::Memory => ExternType::Memory(module.memories[at].ty),
            ExportKind::Global => {
                ExternType::Global(types::resolve_global(module.globals[at].ty, ids))
            }
            ExportKind::Tag => ExternType::Tag(self.func_type(module.tags[at].ty)),
        }
    }

    fn func_type(&self, canonical: u32) -> FuncType {
        (*types::get(self.type_ids[canonical as usize])).clone()
    }
}

fn find_stub(stubs: &[(TypeId, u32)], ty: TypeId) -> Option<u32> {
    stubs.binary_search_by_key(&ty, |(id, _)| *id).ok().map(|index| stubs[index].1)
}

/// Canonical type of a function that is imported or has a record.
fn function_type(module: &Module, function: u32) -> u32 {
    if let Some(record) = module.funcref_of(function) {
        return module.funcrefs[record as usize].ty;
    }
    let mut imported = module.imports.iter().filter_map(|import| match import.kind {
        ImportKind::Function(ty) => Some(ty),
        _ => None,
    });
    imported.nth(function as usize).expect("checked: exported functions have records")
}

fn import_indices(module: &Module) -> Box<[u32]> {
    let mut next = [0; 5];
    let index = |import: &precast_artifact::module::Import| {
        let slot = match import.kind {
            ImportKind::Function(_) => 0,
            ImportKind::Table => 1,
            ImportKind::Memory => 2,
            ImportKind::Global => 3,
            ImportKind::Tag => 4,
        };
        next[slot] += 1;
        next[slot] - 1
    };
    module.imports.iter().map(index).collect()
}
