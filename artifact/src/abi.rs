//! What machine code assumes about the world around it: the context that
//! every function receives, the store block, activations, function
//! references, tables, builtins, and the versions that cover them.
//!
//! | rank | modules | hold |
//! |-|-|-|
//! | apart | `versions`, `memory`, `store`, `builtin`, `records` | constants and types of one part each |
//! | together | `context` | the fixed fields, and the layout of all others |
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
//! [`STORE_INTERRUPT`], [`STORE_HEAP_BASE`], [`STORE_HEAP_LIMIT`], [`STORE_FUEL`].
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
//! | a [`TrapCode`](crate::trap::TrapCode) | is left: the call from the host ends in that trap |
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
//! back, or before it moves a few bytes; machine code may look at it too, and call
//! any builtin if it is set.
//!
//! # Fuel
//!
//! Code that was compiled to count its work adds to [`STORE_FUEL`], which is one's
//! complement of what is left: so it is not negative once more was done than was paid
//! for. Machine code looks at the sign in each round of a loop and in each function that
//! calls others, and traps; what was added by then is nowhere, and the loader takes
//! nothing to be left. The loader looks before a function of the host is called, and
//! when a call from the host returns. The store block has the count at calls and when
//! a function returns; between, it may be in a register. Other code leaves it alone.
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

mod builtin;
mod context;
mod memory;
mod records;
mod store;
mod versions;

pub use builtin::{Builtin, BuiltinReturn};
pub use context::{
    CTX_BUILTINS, CTX_FIXED_SIZE, CTX_HOST_DATA, CTX_MEMORY0, CTX_MEMORY0_BASE, CTX_MEMORY0_LENGTH,
    CTX_OWNER, CTX_STORE, CTX_TASK, CTX_TYPE_IDS, ContextLayout, ContextShape, HOST_CONTEXT_SIZE,
    MAX_CONTEXT_SIZE,
};
pub use memory::{MEMORY_GUARD, MEMORY32_RESERVATION, MEMORY64_RESERVATION, NULL_GUARD};
pub use records::{
    DEFINITION_BASE, DEFINITION_LENGTH, DEFINITION_SIZE, EXCEPTION_TAG, EXCEPTION_VALUES,
    FUNCREF_CODE, FUNCREF_CONTEXT, FUNCREF_HOST, FUNCREF_SIZE, FUNCREF_TYPE, IMPORT_CODE,
    IMPORT_CONTEXT, IMPORT_FUNCREF, IMPORT_SIZE, PRIVATE_ENTRY_SIZE, PRIVATE_OFFSET, PRIVATE_TYPE,
    TableKind, VALUE_SIZE,
};
pub use store::{
    ACTIVATION_ENTRY_FP, ACTIVATION_ENTRY_SP, ACTIVATION_GUEST_FP, ACTIVATION_GUEST_SP,
    ACTIVATION_HOST_SP, ACTIVATION_PREVIOUS, ACTIVATION_RESUME, ACTIVATION_SIZE, ENTRY_FRAME,
    STACK_GUARD, STORE_ACTIVATION, STORE_FUEL, STORE_HEAP_BASE, STORE_HEAP_LIMIT, STORE_INTERRUPT,
    STORE_SIZE,
};
pub use versions::Versions;
