//! Host functions as machine code sees them: a context of their own and a
//! funcref record.
//!
//! # Safety
//!
//! A [`HostBinding`] is boxed or in a boxed slice of its store, so the
//! addresses given out stay good while the store lives.
#![allow(unsafe_code)]

use crate::error::Result;
use crate::vm::layout::{Context, Definition, FixedFields, FuncRecord, StoreBlock};
use crate::vm::raw::RawValue;
use crate::vm::types::Held;
use crate::vm::value::Val;
use precast_artifact::abi;
use precast_artifact::index::{InstanceId, TypeId};
use std::fmt;
use std::pin::Pin;
use std::ptr::{NonNull, with_exposed_provenance};
use std::sync::Arc;
use std::task::Poll;

/// A host function with its store's data type erased: given the store, the
/// calling instance and the slots, parameters before and results after. When it
/// is pending, the results come later.
pub(crate) type Callback = dyn Fn(NonNull<StoreBlock>, Option<InstanceId>, &mut [RawValue]) -> Result<Poll<()>>
    + Send
    + Sync;

/// What a host function gives later; see
/// [`Linker::func_async`](crate::Linker::func_async).
pub type HostFuture = Pin<Box<dyn Future<Output = Result<Vec<Val>>> + Send>>;

/// A function of the host.
pub(crate) struct HostFunc {
    /// Interned type.
    pub(crate) ty: TypeId,
    /// Keeps the type.
    pub(crate) _held: Held,
    /// Number of slots: the larger of parameters and results.
    pub(crate) slots: usize,
    /// Whether it may be pending.
    pub(crate) may_block: bool,
    /// What it does. Must be called with a store of the data type that it was
    /// made for.
    pub(crate) call: Box<Callback>,
}

impl fmt::Debug for HostFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostFunc({})", crate::vm::types::get(self.ty))
    }
}

/// A host function bound to the instance that imports it, so that it knows who
/// calls; or to none, when it was made as a value.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct HostBinding {
    context: FixedFields,
    pub(crate) record: FuncRecord,
    pub(crate) func: Arc<HostFunc>,
    pub(crate) instance: Option<InstanceId>,
}

impl HostBinding {
    /// A binding that does not know its own address yet: see
    /// [`HostBinding::settle`].
    pub(crate) fn new(func: Arc<HostFunc>, instance: Option<InstanceId>) -> Self {
        let memory0 = Definition::default();
        let context = FixedFields {
            task: 0,
            host_data: 0,
            owner: 0,
            type_ids: 0,
            builtins: 0,
            memory0,
            store: 0,
        };
        let record = FuncRecord { code: 0, context: 0, type_id: func.ty, host: 0 };
        Self { context, record, func, instance }
    }

    /// Fills in addresses, once the binding is where it will stay. `code` is a
    /// host-call stub for its type.
    pub(crate) fn settle(&mut self, store: usize, builtins: usize, code: usize) {
        let address = (&raw mut *self).expose_provenance();
        self.context.owner = address;
        self.context.builtins = builtins;
        self.context.store = store;
        self.record.context = address + abi::HOST_CONTEXT_SIZE as usize;
        self.record.host = address;
        self.record.code = code;
    }

    /// The binding that a context belongs to.
    ///
    /// # Safety
    ///
    /// The context is a host function's, and its store lives during `'a`.
    pub(crate) unsafe fn of_context<'a>(context: Context) -> &'a Self {
        // SAFETY: the owner of such a context is its binding.
        unsafe { &*with_exposed_provenance(context.read::<usize>(abi::CTX_OWNER)) }
    }

    /// The binding that a record belongs to, if it is a host function's.
    pub(crate) fn of_record(record: &FuncRecord) -> Option<&Self> {
        // SAFETY: the host value is zero, or a binding that lives as long as
        // the record.
        unsafe { with_exposed_provenance::<Self>(record.host).as_ref() }
    }

    /// Address of the record, which is what a function reference is.
    pub(crate) fn record_address(&self) -> usize {
        (&raw const self.record).expose_provenance()
    }
}

const _: () = assert!(std::mem::offset_of!(HostBinding, context) == 0);
