//! A type per index space and per kind of offset, so that one is not taken for
//! another. All are a number of 32 bits and cost what the number costs.
//!
//! | type | counts | in |
//! |-|-|-|
//! | [`FuncIndex`], [`TableIndex`], [`MemoryIndex`], [`GlobalIndex`], [`TagIndex`] | what a module imports, then what it defines | the module's index spaces (core specification 2.5.1) |
//! | [`DefinedFuncIndex`] | functions that the module defines | as above, without the imported ones |
//! | [`TypeIndex`] | types as the module declares them | the module's type section |
//! | [`CanonicalTypeIndex`] | types, of which no two are equal | [`Module::types`](crate::module::Module::types) |
//! | [`MemberIndex`] | types | a [recursion group](crate::types::GroupRef) |
//! | [`TypeId`] | types, of which no two are equal | the process that runs modules |
//! | [`InstanceId`], [`MemoryId`], [`TableId`], [`ComponentId`], [`HostValueId`] | instances, memories, tables, instances of components, and values of the host | a store of the loader |
//! | [`DataIndex`], [`ElementIndex`] | segments | the module |
//! | [`LocalIndex`] | parameters, then locals | a function |
//! | [`LabelIndex`] | blocks that a branch may leave or repeat, the innermost first | a place in a function (core specification 3.1.1) |
//! | [`OperandIndex`] | operands, the bottom of the stack first | a place in a function |
//! | [`ValueIndex`] | values that variables have | the code of a function |
//! | [`InlinedIndex`] | bodies that stand in place of calls | the code of a function |
//! | [`ListedFuncIndex`] | functions that modules define, module after module | a text that is being made |
//! | [`ImportIndex`], [`ExportIndex`] | imports, exports of every kind | [`Module::imports`](crate::module::Module::imports), [`Module::exports`](crate::module::Module::exports) |
//! | [`StubIndex`] | stubs of all modules | a text that is being made |
//! | [`FuncrefIndex`] | funcref records | a context, and [`Module::funcrefs`](crate::module::Module::funcrefs) |
//! | [`ModuleIndex`], [`InstanceIndex`] | core modules and their instances | [`Description`](crate::module::Description) |
//! | [`ComponentTypeIndex`], [`ComponentFuncTypeIndex`], [`ComponentInstanceTypeIndex`], [`CoreModuleTypeIndex`] | types of values, functions, instances and core modules | [`ComponentTypes`](crate::component::ComponentTypes) |
//! | [`ResourceIndex`], [`ResourceTableIndex`] | resource types, imported ones first; and what an instance sees of them | a component |
//! | [`ComponentImportIndex`], [`LeafIndex`] | imports by name, and what of them is used | a component |
//! | [`ComponentInstanceIndex`], [`LoweringIndex`], [`TrampolineIndex`], [`OptionsIndex`], [`ComponentExportIndex`] | what they are called after | a component |
//! | [`MemorySlot`], [`TableSlot`], [`ReallocSlot`], [`PostReturnSlot`] | what steps have taken from core instances | a component |
//! | [`CodeOffset`] | bytes from the start of a module's code | [`Module::text`](crate::module::Module::text), `.text` |
//! | [`FunctionOffset`] | bytes from the start of a function's code | code that is not placed yet |
//! | [`BodyOffset`] | bytes from the start of a function's body | the code section |
//! | [`CodeSectionOffset`] | bytes from the start of the code section's contents | addresses in the module's DWARF |
//! | [`WasmOffset`] | bytes from the start of the WebAssembly module | the source file |
//! | [`InfoOffset`], [`DieOffset`] | bytes from the start of all units, or of one | the module's DWARF |
//! | [`PartOffset`] | bytes from the start of what a unit gives | a section of debug information |
//! | [`SectionOffset`] | bytes from the start of a section | a file that is being made |
//! | [`RecordOffset`] | bytes from the first record | what an [address map](crate::address_map) leads into |
//!
//! An index or offset prints as its number; its `Debug` form says of what.
//!
//! # A new index space
//!
//! One line in the list below, and one in the table above.

use crate::wire::{Reader, Result, Writer};
use std::fmt;

/// An index or an offset: what tables of the artifact and their checks ask of
/// one, whatever it counts.
pub trait Number: Copy + Ord + fmt::Debug {
    /// With this number.
    fn new(number: u32) -> Self;

    /// Its number.
    fn get(self) -> u32;
}

/// Defines the types of this module: of indices, and of offsets.
macro_rules! numbers {
    (indices { $($(#[$doc:meta])* $index:ident: $of_index:literal,)* }
     offsets { $($(#[$also:meta])* $offset:ident: $of_offset:literal,)* }) => {
        $(numbers!(number $(#[$doc])* $index: $of_index);)*
        $(numbers!(number $(#[$also])* $offset: $of_offset);)*
        $(numbers!(index $index);)*
        $(numbers!(offset $offset);)*
    };
    (number $(#[$doc:meta])* $name:ident: $of:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(u32);

        impl $name {
            /// With this number.
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// Its number.
            pub const fn get(self) -> u32 {
                self.0
            }

            /// Its number, for slices.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// With a position in a slice as its number.
            ///
            /// # Panics
            ///
            /// If it does not fit: what is counted here is fewer than 2³²,
            /// which a binary module's own counts and sizes see to.
            pub fn from_index(position: usize) -> Self {
                Self(u32::try_from(position).expect("a number of 32 bits"))
            }

            /// Appends the encoding, LEB128.
            pub fn encode(self, w: &mut Writer) {
                w.leb(self.0.into());
            }

            /// Reads what `encode` wrote.
            pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
                r.leb32().map(Self)
            }
        }

        impl Number for $name {
            fn new(number: u32) -> Self {
                Self(number)
            }

            fn get(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($of, " {}"), self.0)
            }
        }
    };
    (index $name:ident) => {
        impl $name {
            /// The first `count`, in order.
            pub fn first(count: u32) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator {
                (0..count).map(Self)
            }

            /// Each item with its number, from zero.
            pub fn enumerate<I: IntoIterator>(items: I) -> impl Iterator<Item = (Self, I::Item)> {
                (0..).map(Self).zip(items)
            }

            /// The next one.
            ///
            /// # Panics
            ///
            /// If there is none, after 2³² − 1.
            pub fn next(self) -> Self {
                Self(self.0.checked_add(1).expect("a number of 32 bits"))
            }
        }
    };
    (offset $name:ident) => {
        impl $name {
            /// The start of what it counts in.
            pub const START: Self = Self(0);

            /// So many bytes further; none past what 32 bits can count.
            pub const fn checked_add(self, bytes: u32) -> Option<Self> {
                match self.0.checked_add(bytes) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// So many bytes before; none before the start.
            pub const fn checked_sub(self, bytes: u32) -> Option<Self> {
                match self.0.checked_sub(bytes) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// Bytes from an earlier offset up to this one; none if that is a
            /// later one.
            pub const fn distance_from(self, earlier: Self) -> Option<u32> {
                self.0.checked_sub(earlier.0)
            }
        }

        impl From<$name> for u64 {
            fn from(offset: $name) -> Self {
                offset.0.into()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::START
            }
        }

        impl fmt::LowerHex for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

numbers! {
    indices {
        /// A function, imported or defined.
        FuncIndex: "function",
        /// A function that the module defines, counted from the first of them.
        DefinedFuncIndex: "defined function",
        /// A type as the module declares it: others may be equal to it.
        TypeIndex: "type",
        /// A type among those of a module of which no two are equal.
        CanonicalTypeIndex: "canonical type",
        /// A type of a recursion group.
        MemberIndex: "member",
        /// A type in the process: equal types of all modules have the same.
        TypeId: "type id",
        /// An instance in a store, whatever artifact it is of.
        InstanceId: "instance id",
        /// A memory in a store.
        MemoryId: "memory id",
        /// A table in a store.
        TableId: "table id",
        /// An instance of a component in a store.
        ComponentId: "component id",
        /// A value in a store that guests have references to.
        HostValueId: "host value id",
        /// A table, imported or defined.
        TableIndex: "table",
        /// A memory, imported or defined.
        MemoryIndex: "memory",
        /// A global, imported or defined.
        GlobalIndex: "global",
        /// An exception tag, imported or defined.
        TagIndex: "tag",
        /// A data segment.
        DataIndex: "data segment",
        /// An element segment.
        ElementIndex: "element segment",
        /// A parameter or local of a function.
        LocalIndex: "local",
        /// A block around an operator, counted from the innermost one.
        LabelIndex: "label",
        /// An operand, counted from the bottom of the stack.
        OperandIndex: "operand",
        /// A value that variables have, which debug information follows.
        ValueIndex: "value",
        /// A body that stands in place of a call.
        InlinedIndex: "inlined body",
        /// A function of a list: those that modules define, module after module.
        ListedFuncIndex: "listed function",
        /// An import, of whatever kind.
        ImportIndex: "import",
        /// An export, of whatever kind.
        ExportIndex: "export",
        /// A stub of a text: code that is of no function of the source.
        StubIndex: "stub",
        /// A funcref record of a context.
        FuncrefIndex: "funcref record",
        /// A core module of an artifact.
        ModuleIndex: "module",
        /// An instance of an artifact, in the order in which they are made.
        InstanceIndex: "instance",
        /// A composite type of values.
        ComponentTypeIndex: "component type",
        /// A type of component functions.
        ComponentFuncTypeIndex: "component function type",
        /// A type of component instances.
        ComponentInstanceTypeIndex: "component instance type",
        /// A type of core modules.
        CoreModuleTypeIndex: "core module type",
        /// A resource type, imported or defined.
        ResourceIndex: "resource",
        /// A resource type as one component instance sees it.
        ResourceTableIndex: "resource table",
        /// An import of the whole component, by name.
        ComponentImportIndex: "component import",
        /// A function, core module or resource among the imports.
        LeafIndex: "imported item",
        /// An instance of the component or of one inside it.
        ComponentInstanceIndex: "component instance",
        /// An imported function, lowered with options.
        LoweringIndex: "lowering",
        /// A core function that the loader provides.
        TrampolineIndex: "trampoline",
        /// A set of canonical options.
        OptionsIndex: "canonical options",
        /// An item of the export tree.
        ComponentExportIndex: "component export",
        /// A memory that was taken from a core instance.
        MemorySlot: "memory slot",
        /// A table that was taken from a core instance.
        TableSlot: "table slot",
        /// A reallocation function that was taken from a core instance.
        ReallocSlot: "realloc slot",
        /// A post-return function that was taken from a core instance.
        PostReturnSlot: "post-return slot",
    }
    offsets {
        /// Bytes from the start of a module's code.
        CodeOffset: "code offset",
        /// Bytes from the start of a function's machine code, wherever that lies.
        FunctionOffset: "function offset",
        /// Bytes from the start of a function's body in the code section,
        /// which is where its locals are declared.
        BodyOffset: "body offset",
        /// Bytes from the start of the contents of the module's code section, from
        /// where its DWARF counts addresses of code.
        CodeSectionOffset: "code section offset",
        /// Bytes from the start of the WebAssembly module.
        WasmOffset: "wasm offset",
        /// Bytes from the start of the `.debug_info` of the module's DWARF, that of
        /// one of its files after the other's.
        InfoOffset: "info offset",
        /// Bytes from the start of a unit of the module's DWARF.
        DieOffset: "entry offset",
        /// Bytes from the start of what a unit gives to a section of debug
        /// information.
        PartOffset: "part offset",
        /// Bytes from the start of a section that is being made.
        SectionOffset: "section offset",
        /// Bytes from the start of the records that an address map leads into.
        RecordOffset: "record offset",
    }
}

impl FuncIndex {
    /// Its index among the functions that the module defines, if it is none of
    /// the `imported` ones.
    pub const fn defined(self, imported: u32) -> Option<DefinedFuncIndex> {
        match self.0.checked_sub(imported) {
            Some(index) => Some(DefinedFuncIndex(index)),
            None => None,
        }
    }
}

impl DefinedFuncIndex {
    /// Its index among all functions of a module with `imported` ones.
    ///
    /// # Panics
    ///
    /// If that is more than 32 bits can count, which no module has.
    pub fn in_module(self, imported: u32) -> FuncIndex {
        FuncIndex(self.0.checked_add(imported).expect("a number of 32 bits"))
    }
}

impl BodyOffset {
    /// The offset in the module, of a body that begins at `body`; none past
    /// what 32 bits can count.
    pub const fn in_module(self, body: WasmOffset) -> Option<WasmOffset> {
        body.checked_add(self.0)
    }
}

impl CodeSectionOffset {
    /// The one of an offset in the module; none before the section's contents,
    /// which begin at `contents`.
    pub const fn new_in(contents: WasmOffset, offset: WasmOffset) -> Option<Self> {
        match offset.distance_from(contents) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }
}

impl FunctionOffset {
    /// The offset in the module's code, of a function that begins at `start`.
    ///
    /// # Panics
    ///
    /// If that is more than 32 bits can count, which no code has.
    pub fn in_code(self, start: CodeOffset) -> CodeOffset {
        start.checked_add(self.0).expect("code of less than 4 GiB")
    }
}

impl PartOffset {
    /// The offset in the section, of a part that begins at `start`.
    ///
    /// # Panics
    ///
    /// If that is more than 32 bits can count, as offsets in DWARF do.
    pub fn in_section(self, start: SectionOffset) -> SectionOffset {
        start.checked_add(self.0).expect("a section of less than 4 GiB")
    }
}

#[cfg(test)]
mod tests;
