//! The component: imports, steps, trampolines, options, exports.

use super::types::{ComponentTypes, ItemType};
use super::version::VersionedName;
use crate::index::{
    ComponentExportIndex, ComponentFuncTypeIndex, ComponentImportIndex, ComponentInstanceIndex,
    CoreModuleTypeIndex, InstanceIndex, LeafIndex, LoweringIndex, MemorySlot, ModuleIndex,
    OptionsIndex, PostReturnSlot, ReallocSlot, ResourceIndex, ResourceTableIndex, TableSlot,
    TrampolineIndex,
};
use crate::module::EntityIndex;
use crate::trap::TrapCode;
use crate::types::{FuncType, ValType};

/// A component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentDescription {
    /// All types.
    pub types: ComponentTypes,
    /// What it imports by name, in order of declaration.
    pub imports: Vec<ComponentImport>,
    /// What is used of the imports: functions, core modules and resources,
    /// inside of instances too.
    pub leaves: Vec<Leaf>,
    /// Resource types that are imported, the first of all resource types. Those
    /// that are defined follow them, in the order of [`ComponentDescription::resources`].
    pub imported_resources: Vec<LeafIndex>,
    /// The instance that defines each defined resource type.
    pub resources: Vec<ComponentInstanceIndex>,
    /// Number of component instances: each has flags and tables of handles.
    pub component_instances: u32,
    /// Core functions that the loader provides to core modules.
    pub trampolines: Vec<Trampoline>,
    /// Numbers that adapters give to [`TrampolineKind::Trap`], and what they mean.
    pub trap_codes: Vec<(u32, TrapCode)>,
    /// Canonical options.
    pub options: Vec<CanonicalOptions>,
    /// What instantiation does, in order.
    pub steps: Vec<Step>,
    /// What is exported, inside of instances too: an instance comes after what it
    /// exports.
    pub export_items: Vec<ComponentExport>,
    /// Exports of the component itself, sorted by name.
    pub exports: Vec<(String, ComponentExportIndex)>,
    /// Core instances that use preview 1 by way of an adapter.
    pub adapted: Vec<AdaptedPreview1>,
}

/// A core instance whose imports from `wasi_snapshot_preview1` are satisfied by an
/// adapter in the component, which does with WASI 0.2 alone what they ask. A
/// loader that has both may give it its own preview 1 instead; the instance
/// exports the `memory` that this works on.
#[derive(Clone, Debug, PartialEq)]
pub struct AdaptedPreview1 {
    /// The core instance, made by a [`Step::Instantiate`].
    pub instance: InstanceIndex,
    /// All that the adapter asks of the host. If anything of it is not the
    /// loader's own WASI 0.2, the adapter must stay.
    pub leaves: Vec<LeafIndex>,
}

impl AdaptedPreview1 {
    /// The function of preview 1 that an import is of. Of a module that imports one
    /// twice, `wit-component` calls the further imports `fd_write [v2]` and so on,
    /// as a component cannot have two of one name.
    pub fn function(import: &str) -> &str {
        let number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit());
        let renamed = import.strip_suffix(']').and_then(|name| name.rsplit_once(" [v"));
        renamed.filter(|(_, rest)| number(rest)).map_or(import, |(name, _)| name)
    }
}

/// An import of the component.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentImport {
    /// Its whole name, such as `wasi:io/streams@0.2.6`.
    pub name: String,
    /// What other versions of it match.
    pub version: Option<VersionedName>,
    /// What it must be.
    pub ty: ItemType,
}

/// A function, core module or resource among the imports.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// The import.
    pub import: ComponentImportIndex,
    /// Names that lead to it through the import's instances; empty if the import
    /// is itself what is used.
    pub path: Vec<String>,
}

/// One step of instantiation.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Makes the next core instance, of a module of the artifact, and runs its
    /// start function. Core instances are counted by these and the next kind
    /// alone.
    Instantiate {
        /// In [`Description::modules`](crate::module::Description::modules).
        module: ModuleIndex,
        /// One for each of [`Module::imports`](crate::module::Module::imports).
        arguments: Vec<CoreItem>,
        /// The component instance that it belongs to; none for an adapter.
        owner: Option<ComponentInstanceIndex>,
    },
    /// Makes the next core instance, of an imported core module.
    InstantiateImport {
        /// The module.
        leaf: LeafIndex,
        /// Its imports, by name.
        arguments: Vec<NamedArgument>,
        /// The component instance that it belongs to.
        owner: Option<ComponentInstanceIndex>,
    },
    /// Lowers an imported function: [`TrampolineKind::LowerImport`] of this
    /// number calls it from now on.
    LowerImport {
        /// The next lowering.
        lowering: LoweringIndex,
        /// The function.
        leaf: LeafIndex,
    },
    /// Takes a memory.
    Memory {
        /// The next slot.
        slot: MemorySlot,
        /// The memory.
        from: CoreRef,
    },
    /// Takes a table.
    Table {
        /// The next slot.
        slot: TableSlot,
        /// The table.
        from: CoreRef,
    },
    /// Takes a reallocation function.
    Realloc {
        /// The next slot.
        slot: ReallocSlot,
        /// The function.
        from: CoreItem,
    },
    /// Takes a post-return function.
    PostReturn {
        /// The next slot.
        slot: PostReturnSlot,
        /// The function.
        from: CoreItem,
    },
    /// Defines a resource type.
    Resource {
        /// The next defined resource type.
        resource: ResourceIndex,
        /// The core type that represents it, `i32`.
        rep: ValType,
        /// Its destructor, of type `rep` to nothing.
        destructor: Option<CoreItem>,
        /// The instance that defines it.
        instance: ComponentInstanceIndex,
    },
}

/// An import of an imported core module.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArgument {
    /// First name.
    pub module: String,
    /// Second name.
    pub name: String,
    /// What is given.
    pub item: CoreItem,
}

/// A core item, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum CoreItem {
    /// Exported by a core instance made before.
    Export(CoreRef),
    /// A function that the loader provides.
    Trampoline(TrampolineIndex),
    /// The flags of a component instance: a mutable global of type `i32`.
    /// Bit 0: whether the instance may be left, set at the start. Adapters read
    /// and write it.
    Flags(ComponentInstanceIndex),
}

/// An item of a core instance.
#[derive(Clone, Debug, PartialEq)]
pub enum CoreRef {
    /// Of an instance of a module of the artifact: by its index there.
    Index {
        /// The core instance.
        instance: InstanceIndex,
        /// The item, which the module exports.
        item: EntityIndex,
    },
    /// Of an instance of an imported module: by name.
    Name {
        /// The core instance.
        instance: InstanceIndex,
        /// The export.
        name: String,
    },
}

/// A core function that the loader provides.
#[derive(Clone, Debug, PartialEq)]
pub struct Trampoline {
    /// Its type, which refers to no other types.
    pub ty: FuncType,
    /// What it does.
    pub kind: TrampolineKind,
}

/// What a trampoline does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrampolineKind {
    /// Calls an imported function.
    LowerImport {
        /// The function, by its [`Step::LowerImport`].
        lowering: LoweringIndex,
        /// The type that its caller knows.
        ty: ComponentFuncTypeIndex,
        /// How its caller passes values.
        options: OptionsIndex,
    },
    /// Copies a string from one memory to another in another encoding.
    Transcode {
        /// The encodings.
        op: Transcode,
        /// Memory that is read.
        from: MemorySlot,
        /// Whether its addresses are 64-bit.
        from64: bool,
        /// Memory that is written.
        to: MemorySlot,
        /// Whether its addresses are 64-bit.
        to64: bool,
    },
    /// `resource.new`: representation to handle.
    ResourceNew {
        /// Whose table of handles.
        instance: ComponentInstanceIndex,
        /// The type.
        table: ResourceTableIndex,
    },
    /// `resource.rep`: handle to representation.
    ResourceRep {
        /// Whose table of handles.
        instance: ComponentInstanceIndex,
        /// The type.
        table: ResourceTableIndex,
    },
    /// `resource.drop`.
    ResourceDrop {
        /// Whose table of handles.
        instance: ComponentInstanceIndex,
        /// The type.
        table: ResourceTableIndex,
    },
    /// In adapters: moves an `own` handle. Takes the handle, and as numbers the
    /// [resource tables](ResourceTableIndex) it leaves and enters; gives the new
    /// handle.
    TransferOwn,
    /// In adapters: lends a `borrow` handle, as [`TrampolineKind::TransferOwn`].
    /// For the instance that defines the resource type, gives the
    /// representation.
    TransferBorrow,
    /// In adapters: begins a call whose handles are lent. Takes the calling
    /// component instance, whether the callee is async (0), and the called
    /// instance.
    EnterCall,
    /// In adapters: ends it. Traps if borrowed handles are left.
    ExitCall,
    /// In adapters: traps. Takes a number of [`ComponentDescription::trap_codes`].
    Trap,
}

/// Conversions between encodings of strings. Lengths are in code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transcode {
    /// Copies and validates: (from, length, to).
    Utf8ToUtf8,
    /// Copies and validates: (from, length, to).
    Utf16ToUtf16,
    /// Copies: (from, length, to).
    Latin1ToLatin1,
    /// Widens: (from, length, to).
    Latin1ToUtf16,
    /// (from, length, to, room) to (read, written); may stop early.
    Latin1ToUtf8,
    /// Room for all: (from, length, to) to a length whose top bit says that it is
    /// UTF-16.
    Utf16ToCompactProbablyUtf16,
    /// The rest, after Latin-1 did not do: (from, length, to, room, bytes so far)
    /// to a length.
    Utf16ToCompactUtf16,
    /// As much as is Latin-1: (from, length, to) to (read, written).
    Utf16ToLatin1,
    /// (from, length, to, room) to (read, written); may stop early.
    Utf16ToUtf8,
    /// The rest, after Latin-1 did not do: (from, length, to, room, bytes so far)
    /// to a length.
    Utf8ToCompactUtf16,
    /// As much as is Latin-1: (from, length, to) to (read, written).
    Utf8ToLatin1,
    /// (from, length, to) to a length.
    Utf8ToUtf16,
}

/// An encoding of strings in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StringEncoding {
    /// UTF-8; the length is in bytes.
    Utf8,
    /// UTF-16; the length is in units of two bytes.
    Utf16,
    /// Latin-1, or UTF-16 if the top bit of the length is set.
    Latin1OrUtf16,
}

/// How values pass between a core function and its caller (canonical ABI,
/// `canonopt`).
#[derive(Clone, Debug, PartialEq)]
pub struct CanonicalOptions {
    /// The component instance whose options these are.
    pub instance: ComponentInstanceIndex,
    /// How its strings are encoded.
    pub encoding: StringEncoding,
    /// Memory for what does not fit into parameters and results.
    pub memory: Option<MemorySlot>,
    /// Gives room in it.
    pub realloc: Option<ReallocSlot>,
    /// Called with the results after they were read.
    pub post_return: Option<PostReturnSlot>,
    /// Type of the core function, which refers to no other types.
    pub core_type: FuncType,
}

/// Something exported.
#[derive(Clone, Debug, PartialEq)]
pub enum ComponentExport {
    /// A core function, lifted.
    Function {
        /// Its type.
        ty: ComponentFuncTypeIndex,
        /// The core function.
        function: CoreItem,
        /// How values pass.
        options: OptionsIndex,
    },
    /// A core module of the artifact.
    Module {
        /// Its type.
        ty: CoreModuleTypeIndex,
        /// Which.
        module: ModuleIndex,
    },
    /// An imported core module.
    ImportedModule {
        /// Its type.
        ty: CoreModuleTypeIndex,
        /// Which.
        leaf: LeafIndex,
    },
    /// An instance: its exports, sorted by name, each an earlier item.
    Instance(Vec<(String, ComponentExportIndex)>),
    /// A type.
    Type(ItemType),
}
