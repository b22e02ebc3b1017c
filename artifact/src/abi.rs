//! What machine code assumes about the world around it: the context that
//! every function receives, the store block, activations, function
//! references, tables, builtins, and the versions that cover them.
//!
//! # Context
//!
//! Every function receives the address of its instance's *context* as its
//! first parameter. Fields lie **below** that address, at negative offsets,
//! the hottest nearest; where the module defines memory 0 itself (and does
//! not share it), linear memory begins **at** that address, so that one
//! register is both:
//!
//! ```text
//!   lower addresses                                    context address
//!   ... | funcref records | tables | globals | fixed fields | linear memory 0 ...
//! ```
//!
//! The fixed fields are at the same offsets in every context, also in the one
//! that stands for a host function (see [`HOST_CONTEXT_SIZE`]).
//!
//! | offset | bytes | field |
//! |-|-|-|
//! | [`CTX_STORE`] | 8 | address of the [store block](self#store-block) |
//! | [`CTX_MEMORY0`] | 16 | memory definition of memory 0: base address, length in bytes |
//! | [`CTX_BUILTINS`] | 8 | address of the builtin table, one code address per [`Builtin`] |
//! | [`CTX_TYPE_IDS`] | 8 | address of the array of interned type ids (`u32`), one per canonical type |
//! | [`CTX_OWNER`] | 8 | the loader's own handle; machine code never reads it |
//! | [`CTX_HOST_DATA`] | 8 | reserved: the address of data that the host keeps for the instance; zero |
//! | [`CTX_TASK`] | 8 | reserved: the address of the asynchronous task that the instance runs in; zero |
//!
//! The base of memory 0 in the context is constant for the life of the
//! instance, imported or not: memories never move. The length is right only
//! when the module defines memory 0; for an imported memory it is read
//! through the import's pointer.
//!
//! [`ContextLayout`] places everything else, from the module's counts alone.
//!
//! # Store block
//!
//! One per store, shared by all its contexts: offsets [`STORE_ACTIVATION`],
//! [`STORE_INTERRUPT`], [`STORE_HEAP_BASE`], [`STORE_HEAP_LIMIT`].
//!
//! # Activations
//!
//! An *activation* is a call from the host into guests. The store block has
//! the address of the top one; [`ACTIVATION_PREVIOUS`] leads to the one that it
//! was entered from. A call that a host function makes has an activation of its
//! own, on the same stack, below the frames of the guest that called the host
//! function, or on a stack of its own.
//!
//! Machine code may rely on this:
//!
//! * The activation stays at its address from its entry to its end, suspended
//!   or not. Stubs keep the address in their frames.
//! * [`ACTIVATION_HOST_SP`], [`ACTIVATION_RESUME`], [`ACTIVATION_ENTRY_FP`] and
//!   [`ACTIVATION_PREVIOUS`] speak of the host's frame that entered the guest
//!   or resumed it last. Nothing else in guest frames does, but the frame
//!   record of the entry stub: it is the first thing on the stack, its frame
//!   pointer [`ENTRY_FRAME`] bytes below [`ACTIVATION_ENTRY_SP`], and who
//!   resumes rewrites the frame pointer saved there.
//! * While a builtin runs, and while the activation is suspended,
//!   [`ACTIVATION_GUEST_SP`] and [`ACTIVATION_GUEST_FP`] say where the guest
//!   stands: everything from the one to the end of the stack is the guest's.
//!
//! # Builtins come back in five ways
//!
//! The stub that calls a builtin on the host's stack goes on as the status in
//! [`BuiltinReturn`] says:
//!
//! | status | the guest |
//! |-|-|
//! | zero | goes on with the value as the result |
//! | a [`TrapCode`] | is left: the call from the host ends in that trap |
//! | [`BuiltinReturn::HOST_ERROR`] | is left: the call ends with the host's error |
//! | [`BuiltinReturn::HANDLER`] | goes on at the handler of an exception |
//! | [`BuiltinReturn::PENDING`] | is left, but does not end: it is *suspended* |
//!
//! Only [`Builtin::HostCall`] may be pending: its stub keeps on the guest's
//! stack every register that the guest expects to find again. The call from the
//! host comes back with the status; later, on any thread, the host's *resume
//! stub* makes the builtin return once more, with a value and a status that say
//! how, the results of the host function being in the value array by then. A
//! suspended guest that is never resumed is forgotten with its stack: guest
//! frames own nothing that must be released.
//!
//! # Interruption
//!
//! [`STORE_INTERRUPT`] is not zero when a guest of the store shall stop. It is
//! a hint: whoever finds it set asks the loader whether it is this guest that
//! is meant, and the loader clears it. It is looked at whenever a builtin comes
//! back; machine code may look at it too, and call any builtin if it is set.
//!
//! # Imports that may block
//!
//! A function import [says](crate::module::Import::may_block) whether its code
//! copes with the function being pending. Where the bit is clear, a compiler may
//! count on the store's state, but for what the function itself does, being the
//! same after the call as before it, because nothing else can have run in
//! between; such an import is only satisfied by a function that never is.
//!
//! # Memories
//!
//! A memory never moves. What keeps accesses inside is part of its
//! description, see [`MemoryModel`](crate::module::MemoryModel): with page
//! protection the code relies on address space being reserved; otherwise it
//! compares with the length, and an access that fails goes to the first
//! [`NULL_GUARD`] bytes of the address space, where it faults.
//!
//! # Definitions shared between instances
//!
//! A *memory definition* and a *table definition* are `{base: u64, length:
//! u64}`; length counts bytes for memories, elements for tables. Tables that
//! have a definition ("public" ones) hold one 8-byte entry per element: the
//! address of a funcref record, or an opaque host reference; null is zero.
//! A global is 8 bytes (16 for `v128`), little-endian, zero-extended.
//!
//! # Function references
//!
//! A funcref is the address of a record of [`FUNCREF_SIZE`] bytes that lives
//! as long as its store: code address, context to call it with, interned type
//! id, and a host value that machine code never reads.
//!
//! # Private tables
//!
//! A table that nothing outside the module can reach and that is never
//! written lies in the image itself, read-only: [`PRIVATE_ENTRY_SIZE`] bytes
//! per element, `{type id: u32, offset: i32}`, where the type id is the
//! module's canonical type index plus one, null is zero, and the offset leads
//! from the start of the *table* to the function's code. One null entry
//! follows the last: indices out of bounds are turned into it, so that the
//! type check is the bounds check.
//!
//! # Exceptions
//!
//! An `exnref` is the address of an exception record that the store owns:
//! the identity of its tag at [`EXCEPTION_TAG`] (as the context's slot of a
//! tag holds it), then from [`EXCEPTION_VALUES`] on one slot of
//! [`VALUE_SIZE`] bytes per parameter of the tag's type. Null is zero.
//!
//! `throw` makes a record with [`Builtin::ExceptionNew`], stores the values,
//! and unwinds with [`Builtin::Throw`] unless a handler of the same function
//! encloses it. Calls inside a `try_table` have an entry in the module's
//! [handler table](crate::handlers). The loader walks frame pointers from the
//! call of the builtin outwards; at the first return address with an entry it
//! goes on at the handler, with the frame pointer of that frame, the stack
//! pointer at the entry's distance below it, and the exnref in the first
//! exception payload register of the `tail` convention (rax, x0, a0). Every
//! other register is free. Whether the exception is caught there, handlers
//! find out themselves; they throw it again if not. An exception that no frame
//! of the activation handles ends the call from the host.
//!
//! # Calls
//!
//! * Wasm function: Cranelift's `tail` convention, `(context, parameters...)
//!   -> results`.
//! * Entry stub, one per signature: System V, `(callee context, callee code,
//!   values) -> ()`, where `values` points to an array of
//!   [`VALUE_SIZE`]-byte slots that holds the parameters before and the
//!   results after.
//! * Host-call stub, one per signature: `tail`, as a Wasm function; stores the
//!   parameters to such an array in its frame and calls
//!   [`Builtin::HostCall`] with the context and the array.
//! * Builtin: System V, `(context, arguments...) -> i64`, on the guest's
//!   stack; the loader's side switches stacks, and returns when and how the
//!   builtin [came back](self#builtins-come-back-in-five-ways).

use crate::index::{FuncIndex, FuncrefIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex};
use crate::trap::TrapCode;
use crate::types::ValType;

/// The versions that an artifact was made for. Each covers one part of the
/// contract; a loader takes an artifact when all three are known to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Sections, the note, the module description, search tables.
    pub container: u32,
    /// Context layout, store block, funcrefs, tables, calling convention.
    pub context: u32,
    /// The builtin table: order, signatures, meaning.
    pub builtins: u32,
}

impl Versions {
    /// What this source tree writes, and the only thing it reads.
    pub const CURRENT: Self = Self { container: 4, context: 2, builtins: 1 };
}

/// Address of the store block.
pub const CTX_STORE: i32 = -8;
/// Memory definition `{base, length}` of memory 0.
pub const CTX_MEMORY0: i32 = -24;
/// Base address of memory 0, the first half of [`CTX_MEMORY0`].
pub const CTX_MEMORY0_BASE: i32 = -24;
/// Length of memory 0 in bytes, the second half of [`CTX_MEMORY0`].
pub const CTX_MEMORY0_LENGTH: i32 = -16;
/// Address of the builtin table.
pub const CTX_BUILTINS: i32 = -32;
/// Address of the interned type ids.
pub const CTX_TYPE_IDS: i32 = -40;
/// Handle of the loader's instance or host function.
pub const CTX_OWNER: i32 = -48;
/// Reserved for data that the host keeps for the instance; zero.
pub const CTX_HOST_DATA: i32 = -56;
/// Reserved for the asynchronous task that the instance runs in; zero.
pub const CTX_TASK: i32 = -64;
/// Bytes that the fixed fields take below the context address.
pub const CTX_FIXED_SIZE: u32 = 64;

/// Size of the context of a host function: the fixed fields alone.
pub const HOST_CONTEXT_SIZE: u32 = CTX_FIXED_SIZE;

/// Address of the top [activation](self#activations), or zero.
pub const STORE_ACTIVATION: i32 = 0;
/// `u32` that is not zero when a guest shall stop, see
/// [interruption](self#interruption).
pub const STORE_INTERRUPT: i32 = 8;
/// Base of the collector's heap; room for later.
pub const STORE_HEAP_BASE: i32 = 16;
/// Limit of the collector's heap; room for later.
pub const STORE_HEAP_LIMIT: i32 = 24;
/// Size of the store block that machine code may rely on.
pub const STORE_SIZE: u32 = 32;

/// Host stack pointer to switch to for host calls, and to leave by.
pub const ACTIVATION_HOST_SP: i32 = 0;
/// Address where the loader goes on when the guest is left.
pub const ACTIVATION_RESUME: i32 = 8;
/// Frame pointer of the frame that entered the guest: where walks end.
pub const ACTIVATION_ENTRY_FP: i32 = 16;
/// The activation below this one, or zero.
pub const ACTIVATION_PREVIOUS: i32 = 24;
/// Guest stack pointer at the host call in progress; re-entry goes below it.
pub const ACTIVATION_GUEST_SP: i32 = 32;
/// Frame pointer at the host call in progress: where backtraces start.
pub const ACTIVATION_GUEST_FP: i32 = 40;
/// Guest stack pointer with which the entry stub was called: the end of what
/// the activation has of its stack.
pub const ACTIVATION_ENTRY_SP: i32 = 48;
/// Size of the activation that stubs rely on.
pub const ACTIVATION_SIZE: u32 = 56;

/// From [`ACTIVATION_ENTRY_SP`] down to the frame record of the entry stub: the
/// frame pointer of the host's frame, then the return address.
pub const ENTRY_FRAME: i32 = 16;

/// Code address in a funcref record.
pub const FUNCREF_CODE: i32 = 0;
/// Context address in a funcref record.
pub const FUNCREF_CONTEXT: i32 = 8;
/// Interned type id (`u32`) in a funcref record.
pub const FUNCREF_TYPE: i32 = 16;
/// Host value in a funcref record; machine code never reads it.
pub const FUNCREF_HOST: i32 = 24;
/// Size of a funcref record.
pub const FUNCREF_SIZE: u32 = 32;

/// Code address in a function import's slot.
pub const IMPORT_CODE: i32 = 0;
/// Context address in a function import's slot.
pub const IMPORT_CONTEXT: i32 = 8;
/// Address of the funcref record in a function import's slot.
pub const IMPORT_FUNCREF: i32 = 16;
/// Size of a function import's slot.
pub const IMPORT_SIZE: u32 = 24;

/// Base address in a table or memory definition.
pub const DEFINITION_BASE: i32 = 0;
/// Length in a table or memory definition.
pub const DEFINITION_LENGTH: i32 = 8;
/// Size of a table or memory definition.
pub const DEFINITION_SIZE: u32 = 16;

/// Type id in an entry of a private table.
pub const PRIVATE_TYPE: i32 = 0;
/// Code offset, relative to the table, in an entry of a private table.
pub const PRIVATE_OFFSET: i32 = 4;
/// Size of an entry of a private table.
pub const PRIVATE_ENTRY_SIZE: u32 = 8;

/// Size of one slot in the value array of entry and host-call stubs.
pub const VALUE_SIZE: u32 = 16;

/// Identity of the tag in an exception record.
pub const EXCEPTION_TAG: i32 = 0;
/// First value slot in an exception record.
pub const EXCEPTION_VALUES: i32 = 16;

/// Address space reserved from the base of a 32-bit memory: any 32-bit index
/// plus any 32-bit offset plus the widest access stays inside, so such
/// accesses carry no check.
pub const MEMORY32_RESERVATION: u64 = (8 << 30) + (64 << 10);
/// Address space reserved from the base of a 64-bit memory. Code compares
/// `index + offset + size` with it; beyond the current size protection traps.
pub const MEMORY64_RESERVATION: u64 = 64 << 30;
/// Inaccessible bytes behind every reservation that code compares with, for
/// accesses at its very end.
pub const MEMORY_GUARD: u64 = 64 << 10;
/// Bytes from address zero where no process has anything mapped: where
/// accesses go that fail a comparison with a memory's length (see
/// [`MemoryModel::Bounds`](crate::module::MemoryModel)).
pub const NULL_GUARD: u64 = 4096;

/// Guard below every guest stack: frames up to this size do not probe.
pub const STACK_GUARD: u64 = 64 << 10;

/// Functions of the loader that machine code calls through the builtin table.
/// Every argument and result is one 64-bit integer unless noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Builtin {
    /// `(host context, values)`: the call that a host-call stub forwards.
    HostCall = 0,
    /// `(ctx, memory, pages) -> old size in pages, or -1`.
    MemoryGrow,
    /// `(ctx, destination memory << 32 | source memory, destination, source, length)`.
    MemoryCopy,
    /// `(ctx, memory, address, byte, length)`.
    MemoryFill,
    /// `(ctx, memory << 32 | data segment, address, source offset, length)`.
    MemoryInit,
    /// `(ctx, data segment)`.
    DataDrop,
    /// `(ctx, table, elements, value) -> old size, or -1`.
    TableGrow,
    /// `(ctx, table, index, value, length)`.
    TableFill,
    /// `(ctx, destination table << 32 | source table, destination, source, length)`.
    TableCopy,
    /// `(ctx, table << 32 | element segment, index, source offset, length)`.
    TableInit,
    /// `(ctx, element segment)`.
    ElemDrop,
    /// `(ctx, tag) -> exnref`: a record for an exception of this tag of the
    /// module, its value slots zero.
    ExceptionNew,
    /// `(ctx, exnref)`: unwinds to a handler; does not return. Traps when the
    /// reference is null.
    Throw,
}

impl Builtin {
    /// Every builtin, in table order.
    pub const ALL: [Self; 13] = [
        Self::HostCall,
        Self::MemoryGrow,
        Self::MemoryCopy,
        Self::MemoryFill,
        Self::MemoryInit,
        Self::DataDrop,
        Self::TableGrow,
        Self::TableFill,
        Self::TableCopy,
        Self::TableInit,
        Self::ElemDrop,
        Self::ExceptionNew,
        Self::Throw,
    ];

    /// Offset of its code address in the builtin table.
    pub fn offset(self) -> i32 {
        self as i32 * 8
    }

    /// Number of arguments, the context included.
    pub fn arguments(self) -> usize {
        match self {
            Self::HostCall | Self::DataDrop | Self::ElemDrop | Self::ExceptionNew | Self::Throw => {
                2
            }
            Self::MemoryGrow => 3,
            Self::TableGrow => 4,
            Self::MemoryCopy
            | Self::MemoryFill
            | Self::MemoryInit
            | Self::TableFill
            | Self::TableCopy
            | Self::TableInit => 5,
        }
    }
}

/// What a builtin gives back to its stub, in the two System V return
/// registers: the result, and [how it came back](self#builtins-come-back-in-five-ways).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BuiltinReturn {
    /// The result; meaningless unless `status` is zero.
    pub value: u64,
    /// Zero, or how the stub goes on instead of returning to the guest.
    pub status: u64,
}

impl BuiltinReturn {
    /// Status of a host function that failed; the error waits in the store.
    pub const HOST_ERROR: u64 = 256;

    /// Status when the call does not end, but goes on at an exception handler;
    /// the value is the address of what the stub needs for that.
    pub const HANDLER: u64 = 257;

    /// Status when the result comes later: the guest is left, and suspended.
    pub const PENDING: u64 = 258;

    /// The builtin came back with a result.
    pub fn ok(value: u64) -> Self {
        Self { value, status: 0 }
    }

    /// The builtin trapped.
    pub fn trap(code: TrapCode) -> Self {
        Self { value: 0, status: code as u64 }
    }
}

/// How a table is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Imported: the context holds the address of a definition.
    Imported,
    /// Defined here and reachable from outside, or written: the context holds
    /// the definition.
    Public,
    /// In the image, see [private tables](self#private-tables); nothing in
    /// the context.
    Private,
}

/// The counts that decide a module's context layout, all known from its
/// declarations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContextShape {
    /// Number of imported functions.
    pub imported_functions: u32,
    /// Kind of each table, in index order.
    pub tables: Vec<TableKind>,
    /// For each memory, in index order: is it imported?
    pub memories: Vec<bool>,
    /// For each global, in index order: its type, and whether it is imported.
    pub globals: Vec<(ValType, bool)>,
    /// For each tag, in index order: is it imported?
    pub tags: Vec<bool>,
    /// Number of defined functions with a funcref record.
    pub funcrefs: u32,
}

/// Offsets (negative) of everything in a module's context.
///
/// From the context address downwards: the fixed fields, globals of 8 bytes,
/// globals of 16 bytes (aligned), pointers to imported globals, function
/// imports, memories, tables, tags, funcref records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextLayout {
    globals: Vec<i32>,
    values: u32,
    imports: i32,
    memories: Vec<i32>,
    tables: Vec<i32>,
    tags: Vec<i32>,
    funcrefs: i32,
    size: u32,
}

/// The largest context that a layout may have; beyond it a module is refused.
pub const MAX_CONTEXT_SIZE: u32 = 1 << 30;

impl ContextLayout {
    /// Places the fields. Fails when they would take more than
    /// [`MAX_CONTEXT_SIZE`].
    pub fn new(shape: &ContextShape) -> Result<Self, String> {
        let mut at = Cursor { size: u64::from(CTX_FIXED_SIZE) };
        let mut globals = vec![0; shape.globals.len()];
        let defined = |size: u32| {
            let of_size = move |ty: &ValType, imported: bool| !imported && ty.size() == size;
            shape.globals.iter().enumerate().filter(move |(_, (ty, imp))| of_size(ty, *imp))
        };
        for (index, _) in defined(8) {
            globals[index] = at.take(8, 8);
        }
        for (index, _) in defined(16) {
            globals[index] = at.take(16, 16);
        }
        let values = at.size.min(u64::from(u32::MAX)) as u32;
        for (index, _) in shape.globals.iter().enumerate().filter(|(_, (_, imported))| *imported) {
            globals[index] = at.take(8, 8);
        }
        let imports = at.take(u64::from(shape.imported_functions) * u64::from(IMPORT_SIZE), 8);
        let mut memories = Vec::with_capacity(shape.memories.len());
        for (index, imported) in shape.memories.iter().enumerate() {
            memories.push(match (index, imported) {
                (_, true) => at.take(8, 8),
                (0, false) => CTX_MEMORY0,
                (_, false) => at.take(u64::from(DEFINITION_SIZE), 8),
            });
        }
        let mut tables = Vec::with_capacity(shape.tables.len());
        for kind in &shape.tables {
            tables.push(match kind {
                TableKind::Imported => at.take(8, 8),
                TableKind::Public => at.take(u64::from(DEFINITION_SIZE), 8),
                TableKind::Private => 0,
            });
        }
        let tags = shape.tags.iter().map(|_| at.take(8, 8)).collect();
        let funcrefs = at.take(u64::from(shape.funcrefs) * u64::from(FUNCREF_SIZE), 8);
        let size = at.size.next_multiple_of(16);
        if size > u64::from(MAX_CONTEXT_SIZE) {
            return Err(format!(
                "the context would take {size} bytes, more than {MAX_CONTEXT_SIZE}"
            ));
        }
        Ok(Self { globals, values, imports, memories, tables, tags, funcrefs, size: size as u32 })
    }

    /// Bytes below the context address that the context takes.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Where the values of defined globals lie, in bytes from the lowest address of
    /// the context: all that a context template is used for.
    pub fn values(&self) -> std::ops::Range<usize> {
        (self.size - self.values) as usize..(self.size - CTX_FIXED_SIZE) as usize
    }

    /// A global: its value if defined here, its address if imported.
    pub fn global(&self, index: GlobalIndex) -> i32 {
        self.globals[index.index()]
    }

    /// Slot of an imported function, see [`IMPORT_SIZE`].
    pub fn import(&self, index: FuncIndex) -> i32 {
        self.imports + (index.get() * IMPORT_SIZE) as i32
    }

    /// A memory: its definition if defined here, the definition's address if
    /// imported.
    pub fn memory(&self, index: MemoryIndex) -> i32 {
        self.memories[index.index()]
    }

    /// A table: its definition if public, the definition's address if
    /// imported, meaningless if private.
    pub fn table(&self, index: TableIndex) -> i32 {
        self.tables[index.index()]
    }

    /// Slot of a tag: the address of the store-owned tag, its identity.
    pub fn tag(&self, index: TagIndex) -> i32 {
        self.tags[index.index()]
    }

    /// The funcref record with this index.
    pub fn funcref(&self, record: FuncrefIndex) -> i32 {
        self.funcrefs + (record.get() * FUNCREF_SIZE) as i32
    }
}

/// Places fields downwards from the context address.
struct Cursor {
    size: u64,
}

impl Cursor {
    fn take(&mut self, size: u64, align: u64) -> i32 {
        self.size = (self.size + size).next_multiple_of(align);
        -(self.size.min(i32::MAX as u64) as i64) as i32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap_and_lie_below_the_fixed_ones() {
        let shape = ContextShape {
            imported_functions: 3,
            tables: vec![TableKind::Imported, TableKind::Public, TableKind::Private],
            memories: vec![false, true, false],
            globals: vec![
                (ValType::I32, true),
                (ValType::V128, false),
                (ValType::I64, false),
                (ValType::F32, false),
            ],
            tags: vec![true, false],
            funcrefs: 5,
        };
        let layout = ContextLayout::new(&shape).unwrap();
        let mut fields = vec![
            (layout.global(GlobalIndex::new(0)), 8),
            (layout.global(GlobalIndex::new(1)), 16),
            (layout.global(GlobalIndex::new(2)), 8),
            (layout.global(GlobalIndex::new(3)), 8),
            (layout.memory(MemoryIndex::new(1)), 8),
            (layout.memory(MemoryIndex::new(2)), 16),
            (layout.table(TableIndex::new(0)), 8),
            (layout.table(TableIndex::new(1)), 16),
            (layout.tag(TagIndex::new(0)), 8),
            (layout.tag(TagIndex::new(1)), 8),
        ];
        fields.extend(FuncIndex::first(3).map(|i| (layout.import(i), IMPORT_SIZE as i32)));
        fields.extend(FuncrefIndex::first(5).map(|i| (layout.funcref(i), FUNCREF_SIZE as i32)));
        fields.push((-(CTX_FIXED_SIZE as i32), CTX_FIXED_SIZE as i32));
        fields.sort();
        assert!(fields[0].0 >= -(layout.size() as i32));
        for pair in fields.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{pair:?} overlap");
        }
        assert_eq!(layout.memory(MemoryIndex::new(0)), CTX_MEMORY0);
        assert_eq!(layout.global(GlobalIndex::new(1)) % 16, 0);
        assert_eq!(layout.size() % 16, 0);
    }

    #[test]
    fn builtins_are_numbered_in_table_order() {
        for (index, builtin) in Builtin::ALL.iter().enumerate() {
            assert_eq!(*builtin as usize, index);
        }
    }
}
