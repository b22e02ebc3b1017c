//! What the stages before placement hand on: everything that goes into one
//! artifact, but for where it lies.

use crate::function::{CompiledFunction, Symbol};
use crate::names::FunctionList;
use crate::stub::Stub;
use precast_artifact::index::{CanonicalTypeIndex, MemoryIndex, TableIndex, WasmOffset};
use precast_artifact::module::Module;
use precast_artifact::reloc::Reloc;

/// The code of an artifact and what belongs to it.
pub(crate) struct Code<'a> {
    /// The defined functions of all modules, in one list.
    pub list: FunctionList<'a>,
    /// The same code for one CPU after the other, the least demanding first,
    /// which every machine of the target can run.
    pub texts: Vec<Text>,
    /// What belongs to each module besides.
    pub modules: Vec<ModuleParts<'a>>,
}

/// All code for one CPU.
pub(crate) struct Text {
    /// All features that it uses.
    pub cpu_features: Vec<String>,
    /// The functions of [`Code::list`]. `None` for one that was removed.
    pub functions: Vec<Option<CompiledFunction>>,
    /// The stubs that [`Symbol::Stub`] counts: the same in every text.
    pub stubs: Vec<Stub>,
}

/// What an artifact holds of one module besides code.
pub(crate) struct ModuleParts<'a> {
    /// The description, complete but for code offsets and image ranges.
    pub description: Module,
    /// Where the body of each defined function begins in the source.
    pub bodies: Vec<WasmOffset>,
    /// The private tables, by table index.
    pub private_tables: Vec<PrivateTable>,
    /// The constant part of the context template, as large as the context.
    pub context: Vec<u8>,
    /// Relocations of the template other than those of the funcref records.
    pub relocs: Vec<Reloc>,
    /// Initial contents of defined memories, a later one over an earlier one.
    pub memory: Vec<MemoryContents<'a>>,
    /// Data segments that stay segments, in index order; empty where the
    /// contents went into [`ModuleParts::memory`].
    pub data: Vec<&'a [u8]>,
}

/// A table that only its module's code can reach.
#[derive(Clone)]
pub(crate) struct PrivateTable {
    pub table: TableIndex,
    /// The entries, the null entry that ends a table included; none for null.
    pub entries: Vec<Option<PrivateEntry>>,
}

/// One element of a private table, a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrivateEntry {
    /// Its type.
    pub ty: CanonicalTypeIndex,
    /// Its code.
    pub code: Symbol,
}

/// Contents of a memory from an address on.
pub(crate) struct MemoryContents<'a> {
    pub memory: MemoryIndex,
    pub address: u64,
    pub bytes: &'a [u8],
}
