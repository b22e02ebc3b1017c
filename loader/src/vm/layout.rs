//! The structures that machine code reads, as Rust sees them. The layouts are
//! those of [`precast_artifact::abi`]; the assertions below hold them there.
//!
//! # Safety
//!
//! [`Context`] wraps the address of a live context. Reading and writing
//! through it is the business of its unsafe methods, whose callers name a
//! field by an offset of [`precast_artifact::abi`] or of the module's
//! [`ContextLayout`](precast_artifact::abi::ContextLayout).
#![allow(unsafe_code)]

use crate::vm::activation::Activation;
use precast_artifact::abi;
use precast_artifact::index::TypeId;
use std::mem::{offset_of, size_of};
use std::ptr::{null_mut, with_exposed_provenance_mut};
use std::sync::atomic::AtomicU32;

/// The store block.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct StoreBlock {
    pub(crate) activation: *mut Activation,
    pub(crate) interrupt: AtomicU32,
    pub(crate) heap_base: u64,
    pub(crate) heap_limit: u64,
    /// One's complement of what is left of the fuel, so never positive.
    pub(crate) fuel: i64,
}

impl StoreBlock {
    pub(crate) fn new() -> Self {
        Self {
            activation: null_mut(),
            interrupt: AtomicU32::new(0),
            heap_base: 0,
            heap_limit: 0,
            fuel: i64::MIN,
        }
    }
}

/// A function reference's record.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct FuncRecord {
    pub(crate) code: usize,
    pub(crate) context: usize,
    pub(crate) type_id: TypeId,
    pub(crate) host: usize,
}

/// A function import's slot.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportSlot {
    pub(crate) code: usize,
    pub(crate) context: usize,
    pub(crate) record: usize,
}

/// A memory or table definition.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Definition {
    pub(crate) base: usize,
    pub(crate) length: usize,
}

/// The fixed fields below a context address, lowest first: all that the
/// context of a host function has.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct FixedFields {
    /// Reserved, see [`abi::CTX_TASK`].
    pub(crate) task: usize,
    /// Reserved, see [`abi::CTX_HOST_DATA`].
    pub(crate) host_data: usize,
    pub(crate) owner: usize,
    pub(crate) type_ids: usize,
    pub(crate) builtins: usize,
    pub(crate) memory0: Definition,
    pub(crate) store: usize,
}

/// The head of an exception record; its values follow.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct ExceptionHeader {
    pub(crate) tag: usize,
    /// What follows is the loader's own. Number of values.
    pub(crate) values: u32,
    /// Not zero once the host has a reference.
    pub(crate) held: AtomicU32,
}

/// Address of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context(pub(crate) usize);

impl Context {
    /// Address of the field at `offset`.
    pub(crate) fn field(self, offset: i32) -> usize {
        self.0.wrapping_add_signed(offset as isize)
    }

    /// Reads a field.
    ///
    /// # Safety
    ///
    /// The context is live and has a field of type `F` at `offset`.
    pub(crate) unsafe fn read<F: Copy>(self, offset: i32) -> F {
        // SAFETY: as the caller promises; fields are aligned by the layout.
        unsafe { with_exposed_provenance_mut::<F>(self.field(offset)).read() }
    }

    /// Writes a field.
    ///
    /// # Safety
    ///
    /// As [`Context::read`].
    pub(crate) unsafe fn write<F: Copy>(self, offset: i32, value: F) {
        // SAFETY: as the caller promises; fields are aligned by the layout.
        unsafe { with_exposed_provenance_mut::<F>(self.field(offset)).write(value) }
    }
}

macro_rules! layout {
    ($($ty:ident.$field:ident = $offset:expr;)*) => {
        $(const _: () = assert!(offset_of!($ty, $field) as i64 == $offset as i64);)*
    };
}

const FIXED: i32 = abi::CTX_FIXED_SIZE as i32;

layout! {
    StoreBlock.activation = abi::STORE_ACTIVATION;
    StoreBlock.interrupt = abi::STORE_INTERRUPT;
    StoreBlock.heap_base = abi::STORE_HEAP_BASE;
    StoreBlock.heap_limit = abi::STORE_HEAP_LIMIT;
    StoreBlock.fuel = abi::STORE_FUEL;
    Activation.host_sp = abi::ACTIVATION_HOST_SP;
    Activation.resume = abi::ACTIVATION_RESUME;
    Activation.entry_fp = abi::ACTIVATION_ENTRY_FP;
    Activation.previous = abi::ACTIVATION_PREVIOUS;
    Activation.guest_sp = abi::ACTIVATION_GUEST_SP;
    Activation.guest_fp = abi::ACTIVATION_GUEST_FP;
    Activation.entry_sp = abi::ACTIVATION_ENTRY_SP;
    Activation.depth = abi::ACTIVATION_SIZE;
    FuncRecord.code = abi::FUNCREF_CODE;
    FuncRecord.context = abi::FUNCREF_CONTEXT;
    FuncRecord.type_id = abi::FUNCREF_TYPE;
    FuncRecord.host = abi::FUNCREF_HOST;
    ImportSlot.code = abi::IMPORT_CODE;
    ImportSlot.context = abi::IMPORT_CONTEXT;
    ImportSlot.record = abi::IMPORT_FUNCREF;
    Definition.base = abi::DEFINITION_BASE;
    Definition.length = abi::DEFINITION_LENGTH;
    ExceptionHeader.tag = abi::EXCEPTION_TAG;
    FixedFields.task = FIXED + abi::CTX_TASK;
    FixedFields.host_data = FIXED + abi::CTX_HOST_DATA;
    FixedFields.owner = FIXED + abi::CTX_OWNER;
    FixedFields.type_ids = FIXED + abi::CTX_TYPE_IDS;
    FixedFields.builtins = FIXED + abi::CTX_BUILTINS;
    FixedFields.memory0 = FIXED + abi::CTX_MEMORY0;
    FixedFields.store = FIXED + abi::CTX_STORE;
}
const _: () = assert!(size_of::<FuncRecord>() == abi::FUNCREF_SIZE as usize);
const _: () = assert!(size_of::<ImportSlot>() == abi::IMPORT_SIZE as usize);
const _: () = assert!(size_of::<Definition>() == abi::DEFINITION_SIZE as usize);
const _: () = assert!(size_of::<ExceptionHeader>() == abi::EXCEPTION_VALUES as usize);
const _: () = assert!(size_of::<FixedFields>() == abi::HOST_CONTEXT_SIZE as usize);
const _: () = assert!(size_of::<StoreBlock>() == abi::STORE_SIZE as usize);
