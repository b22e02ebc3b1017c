//! What linking is given.

use crate::function::{CompiledFunction, Symbol};
use precast_artifact::module::Module;
use precast_artifact::reloc::Reloc;

/// Everything that goes into one artifact of one core module.
pub(crate) struct LinkInput<'a> {
    /// What the image is for.
    pub target: LinkTarget,
    /// Header fields.
    pub header: Header,
    /// The description, complete but for places: link fills in every code
    /// offset (`funcrefs`, stubs) and image range.
    pub module: Module,
    /// The own functions, in index order. `None` for one that was removed.
    pub functions: Vec<Option<CompiledFunction>>,
    /// The stubs that [`Symbol::Stub`] counts.
    pub stubs: Vec<Stub>,
    /// The same for CPUs with more features, the least demanding first.
    pub variants: Vec<Variant>,
    /// Symbol name of each own function; empty where unknown.
    pub names: Vec<&'a str>,
    /// Where the body of each own function begins in the module.
    pub bodies: Vec<u32>,
    /// Entries of each private table, by table index; the null entry that ends
    /// a table included.
    pub private_tables: Vec<(u32, Vec<PrivateEntry>)>,
    /// The constant part of the context template, as large as the context.
    pub context: Vec<u8>,
    /// Relocations of the template other than those of the funcref records,
    /// which link adds.
    pub relocs: Vec<Reloc>,
    /// Contents of own memories: page-aligned, ordered by memory and address.
    pub memory: Vec<MemoryContents>,
    /// Data segments that stay segments, in index order; empty where the
    /// contents went into [`LinkInput::memory`].
    pub data: Vec<&'a [u8]>,
    /// Whether identical functions may share their code.
    pub fold: bool,
    /// Debug information; empty without.
    pub debug: Vec<DebugSection>,
    /// Whether the image gets a [link base](super::base) of its own.
    pub own_base: bool,
}

/// The code for CPUs with more features.
pub(crate) struct Variant {
    /// All features that it uses.
    pub cpu_features: Vec<String>,
    /// As [`LinkInput::functions`].
    pub functions: Vec<Option<CompiledFunction>>,
    /// As [`LinkInput::stubs`].
    pub stubs: Vec<Stub>,
}

/// A section of debug information, complete but for addresses.
pub(crate) struct DebugSection {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub relocs: Vec<DebugReloc>,
}

/// A field of a debug section that counts from something.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DebugReloc {
    pub offset: u32,
    pub base: DebugBase,
}

/// What a field in a debug section counts from: eight bytes from an address,
/// or four from the start of a debug section. The latter is zero in an
/// artifact; objects need to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DebugBase {
    /// The start of `.text`.
    Text,
    /// The memory cell, see [`Section::Cell`](super::sections::Section).
    Cell,
    /// `.debug_abbrev`.
    Abbreviations,
    /// `.debug_info`.
    Info,
    /// `.debug_line`.
    Line,
    /// `.debug_line_str`.
    LineStrings,
    /// `.debug_loclists`.
    Locations,
    /// `.debug_rnglists`.
    Ranges,
    /// `.debug_str`.
    Strings,
}

impl DebugBase {
    /// Whether fields that count from it are addresses.
    pub(crate) fn is_address(self) -> bool {
        matches!(self, Self::Text | Self::Cell)
    }
}

/// The part of the target that linking depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkTarget {
    /// `e_machine`.
    pub machine: u16,
    /// `e_flags`.
    pub flags: u32,
    /// Alignment of segments: the largest page size the target may have.
    pub page_size: u64,
}

/// Fields of the [note](precast_artifact::note::Note) that link copies.
pub(crate) struct Header {
    pub target: String,
    pub cpu_features: Vec<String>,
    pub wasm_features: Vec<String>,
    pub options: Vec<String>,
    pub source_hash: [u8; 32],
    /// What made the source module, for `.comment`.
    pub producers: Vec<String>,
}

/// A stub and what it is for.
pub(crate) struct Stub {
    pub kind: StubKind,
    pub function: CompiledFunction,
}

/// Kinds of stubs; the number is the canonical type or the function index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StubKind {
    /// Host to guest, for a type.
    Entry(u32),
    /// Guest to host, for a type.
    Host(u32),
    /// Forwards to an imported function, for entries of private tables.
    Import(u32),
}

/// One element of a private table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PrivateEntry {
    /// Canonical type index plus one; zero for null.
    pub ty: u32,
    /// The code; meaningless for null.
    pub code: Option<Symbol>,
}

/// A run of initial memory contents.
pub(crate) struct MemoryContents {
    pub memory: u32,
    pub address: u64,
    pub bytes: Vec<u8>,
}
