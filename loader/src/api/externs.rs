//! What can be exported and imported.

use crate::artifact::info::ExternType;
use crate::store::contents::StoreCore;
use crate::vm::handle::{Func, Global, Memory, StoreId, Table, Tag};
use crate::vm::types;
use precast_artifact::index::InstanceId;
use precast_artifact::module::{EntityIndex, ExportKind};
use std::fmt;

/// An item that an instance exports, or that the host provides.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A global.
    Global(Global),
    /// An exception tag.
    Tag(Tag),
}

impl Extern {
    /// The store it belongs to.
    pub(crate) fn store(&self) -> StoreId {
        match self {
            Self::Func(item) => item.store,
            Self::Table(item) => item.store,
            Self::Memory(item) => item.store,
            Self::Global(item) => item.store,
            Self::Tag(item) => item.store,
        }
    }

    /// The type of an item of this store, with present sizes as minimums.
    pub(crate) fn type_in(&self, core: &StoreCore) -> ExternType {
        match self {
            Self::Func(func) => {
                let id = func.type_in(core.id).expect("an item of this store");
                ExternType::Func((*types::get(id)).clone())
            }
            Self::Table(table) => ExternType::Table(core.tables[table.index.index()].ty()),
            Self::Memory(memory) => ExternType::Memory(core.memories[memory.index.index()].ty()),
            Self::Global(global) => ExternType::Global(global.ty),
            Self::Tag(tag) => ExternType::Tag((*types::get(tag.ty)).clone()),
        }
    }

    /// The function, if it is one.
    pub fn func(self) -> Option<Func> {
        if let Self::Func(func) = self { Some(func) } else { None }
    }

    /// The table, if it is one.
    pub fn table(self) -> Option<Table> {
        if let Self::Table(table) = self { Some(table) } else { None }
    }

    /// The memory, if it is one.
    pub fn memory(self) -> Option<Memory> {
        if let Self::Memory(memory) = self { Some(memory) } else { None }
    }

    /// The global, if it is one.
    pub fn global(self) -> Option<Global> {
        if let Self::Global(global) = self { Some(global) } else { None }
    }

    /// The tag, if it is one.
    pub fn tag(self) -> Option<Tag> {
        if let Self::Tag(tag) = self { Some(tag) } else { None }
    }

    fn kind(&self) -> ExportKind {
        match self {
            Self::Func(_) => ExportKind::Function,
            Self::Table(_) => ExportKind::Table,
            Self::Memory(_) => ExportKind::Memory,
            Self::Global(_) => ExportKind::Global,
            Self::Tag(_) => ExportKind::Tag,
        }
    }
}

impl fmt::Display for Extern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind().fmt(f)
    }
}

macro_rules! from {
    ($($variant:ident)*) => {
        $(impl From<$variant> for Extern {
            fn from(item: $variant) -> Self {
                Self::$variant(item)
            }
        })*
    };
}

from! { Func Table Memory Global Tag }

/// An export of an instance by name.
pub(crate) fn export(core: &StoreCore, instance: InstanceId, name: &str) -> Option<Extern> {
    let (module, info) = core.instances[instance.index()].module();
    let export = info.export(module, name)?;
    Some(item(core, instance, export.item))
}

/// An item of an instance. Exported tables are public, exported functions
/// have records: descriptions are checked.
pub(crate) fn item(core: &StoreCore, instance: InstanceId, item: EntityIndex) -> Extern {
    let guest = &core.instances[instance.index()];
    let (module, info) = guest.module();
    let store = core.id;
    match item {
        EntityIndex::Function(index) => Func { store, record: guest.record(index) }.into(),
        EntityIndex::Table(index) => {
            let index = guest.tables[index.index()].expect("checked: exported tables are public");
            Table { store, index }.into()
        }
        EntityIndex::Memory(index) => Memory { store, index: guest.memories[index.index()] }.into(),
        EntityIndex::Global(index) => {
            let ty = module.globals[index.index()].ty.map(|ty| info.type_ids[ty.index()]);
            Global { store, address: guest.global(index), ty }.into()
        }
        EntityIndex::Tag(index) => {
            let ty = info.type_ids[module.tags[index.index()].ty.index()];
            Tag { store, address: guest.tag(index), ty }.into()
        }
    }
}
