//! The builtin table: what machine code calls in the loader.
//!
//! To add a builtin: give it a number and a meaning in
//! [`precast_artifact::abi::Builtin`], write it here, and add its line to
//! [`TABLE`], whose order is the numbers'.
//!
//! Each runs on the host's stack, called by a stub that switches. A status that
//! is not zero makes the stub leave the guest, or go on at a handler of an
//! exception; errors and panics of host functions wait in the store until the
//! call from the host returns.
//!
//! # Safety
//!
//! The functions here are called by guests: the first argument is a live
//! context, further ones are what the instruction was given. While one runs,
//! its store's guest does not, so the store may be used.
#![allow(unsafe_code)]

use crate::call::bulk;
use crate::call::ending::{Leave, run};
use crate::error::Error;
use crate::limit::LimitKind;
use crate::stop::unwind;
use crate::store::contents::StoreCore;
use crate::store::host::HostBinding;
use crate::store::instance::InstanceState;
use crate::store::limits::allow;
use crate::store::segments::{self, store_table};
use crate::sys::registers::Landing;
use crate::sys::stubs::builtin_stub;
use crate::vm::activation::PendingCall;
use crate::vm::layout::{Context, StoreBlock};
use crate::vm::raw::RawValue;
use crate::vm::types;
use crate::vm::value::Exception;
use precast_artifact::abi::{Builtin, BuiltinReturn};
use precast_artifact::index::{
    DataIndex, ElementIndex, InstanceId, MemoryIndex, TableId, TableIndex, TagIndex,
};
use precast_artifact::trap::TrapCode;
use std::task::Poll;

/// The table that contexts point to.
static TABLE: [unsafe extern "C" fn(); Builtin::ALL.len()] = [
    builtin_stub!(host_call, spilling),
    builtin_stub!(memory_grow),
    builtin_stub!(memory_copy, copy),
    builtin_stub!(memory_fill, fill),
    builtin_stub!(memory_init),
    builtin_stub!(data_drop),
    builtin_stub!(table_grow),
    builtin_stub!(table_fill),
    builtin_stub!(table_copy),
    builtin_stub!(table_init),
    builtin_stub!(elem_drop),
    builtin_stub!(exception_new, spilling),
    builtin_stub!(throw),
];

/// Address of the builtin table.
pub(crate) fn table() -> usize {
    (&raw const TABLE).expose_provenance()
}

/// Code for a host function whose type no instance of the store has a stub
/// for: ends the call with an error that says so.
pub(crate) fn missing_stub() -> usize {
    builtin_stub!(report_missing_stub) as usize
}

/// As [`run`], for the builtins that instances call: with the store's contents
/// and the instance.
fn run_for_instance(
    context: usize,
    body: impl FnOnce(&mut StoreCore, InstanceId) -> Result<u64, Leave>,
) -> BuiltinReturn {
    run(context, |mut store| {
        // SAFETY: the context is an instance's; its guest stands still.
        unsafe { body(store.as_mut(), InstanceState::index_of(Context(context))) }
    })
}

extern "C" fn host_call(context: usize, values: *mut RawValue) -> BuiltinReturn {
    run(context, |mut store| {
        // SAFETY: the guest stands still.
        if unsafe { store.as_ref() }.is_out_of_fuel() {
            return Err(TrapCode::OutOfFuel.into());
        }
        // SAFETY: the context is that of a host function of a live store.
        let binding = unsafe { HostBinding::of_context(Context(context)) };
        // SAFETY: the host-call stub passes an array with room for the
        // parameters and results of the type.
        let values = unsafe { std::slice::from_raw_parts_mut(values, binding.func.slots) };
        let call = &binding.func.call;
        match call(store.cast::<StoreBlock>(), binding.instance, values) {
            Ok(Poll::Ready(())) => Ok(0),
            // SAFETY: the host function is done, and the guest stands still.
            Ok(Poll::Pending) => Err(suspend(unsafe { store.as_mut() }, binding, values)),
            // SAFETY: as above.
            Err(error) => Err(failed(unsafe { store.as_mut() }, error)),
        }
    })
}

/// Suspends the guest whose host call is pending, if its call from the host
/// allows that.
#[cold]
fn suspend(core: &mut StoreCore, binding: &HostBinding, values: &mut [RawValue]) -> Leave {
    let limit = core.limits.suspended_calls;
    let others = core.activations.suspended_calls(limit);
    if let Err(error) = allow(LimitKind::SuspendedCalls, others, 1, limit) {
        return Leave::Error(error);
    }
    // SAFETY: the top activation is live, and its guest stands still.
    let top = unsafe { core.block.activation.as_mut() };
    let Some(resumable) = top.and_then(|top| top.resumable.as_mut()) else {
        return Leave::Error(Error::usage(
            "a host function is pending, but the call from the host cannot be suspended: \
             start it with `Func::start`",
        ));
    };
    let pending = PendingCall { ty: binding.func.ty, values: values.as_mut_ptr() };
    resumable.pending = Some(pending);
    Leave::Pending
}

/// Why a host function that failed does not return to the guest.
#[cold]
pub(super) fn failed(core: &mut StoreCore, error: Error) -> Leave {
    match error {
        Error::Exception(exception) => throw_host(core, exception),
        error => Leave::Error(error),
    }
}

/// Throws what a host function returned into the guest that called it.
fn throw_host(core: &mut StoreCore, exception: Exception) -> Leave {
    let Some(landing) = unwind::handler(core) else {
        return Leave::Error(Error::Exception(exception));
    };
    match unwind::record(core, &exception) {
        Ok(payload) => {
            core.landing = Landing { payload, ..landing };
            Leave::Handler
        }
        Err(error) => Leave::Error(error),
    }
}

extern "C" fn report_missing_stub(context: usize) -> BuiltinReturn {
    run(context, |_| {
        // SAFETY: as in `host_call`.
        let binding = unsafe { HostBinding::of_context(Context(context)) };
        Err(Leave::Error(Error::usage(format!(
            "a host function of type {} was called, but no instance in the store can call one",
            types::get(binding.func.ty)
        ))))
    })
}

/// What `*.grow` returns when it fails.
const FAILED: u64 = u64::MAX;

extern "C" fn memory_grow(context: usize, memory: u64, pages: u64) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let memory = core.instances[instance.index()].memories[memory as usize];
        Ok(core.grow_memory(memory, pages).unwrap_or(FAILED))
    })
}

extern "C" fn memory_copy(
    context: usize,
    memories: u64,
    to: u64,
    from: u64,
    length: u64,
) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let guest = &core.instances[instance.index()];
        let (target, source) = halves(memories);
        let target = guest.memories[MemoryIndex::new(target).index()];
        let source = guest.memories[MemoryIndex::new(source).index()];
        bulk::memory_copy(core, (target, to), (source, from), length)?;
        Ok(0)
    })
}

extern "C" fn memory_fill(
    context: usize,
    memory: u64,
    address: u64,
    byte: u64,
    length: u64,
) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let memory = core.instances[instance.index()].memories[memory as usize];
        bulk::memory_fill(core, memory, address, byte as u8, length)?;
        Ok(0)
    })
}

extern "C" fn memory_init(
    context: usize,
    memory_and_segment: u64,
    to: u64,
    from: u64,
    length: u64,
) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let (memory, segment) = halves(memory_and_segment);
        let (memory, segment) = (MemoryIndex::new(memory), DataIndex::new(segment));
        bulk::memory_init(core, instance, memory, segment, [to, from, length])?;
        Ok(0)
    })
}

extern "C" fn data_drop(context: usize, segment: u64) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        segments::data_drop(core, instance, DataIndex::new(segment as u32));
        Ok(0)
    })
}

extern "C" fn table_grow(context: usize, table: u64, delta: u64, value: u64) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let table = public_table(core, instance, TableIndex::new(table as u32))?;
        Ok(core.grow_table(table, delta, value).unwrap_or(FAILED))
    })
}

extern "C" fn table_fill(
    context: usize,
    table: u64,
    index: u64,
    value: u64,
    length: u64,
) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let table = public_table(core, instance, TableIndex::new(table as u32))?;
        bulk::table_fill(core, table, index, value, length)?;
        Ok(0)
    })
}

extern "C" fn table_copy(
    context: usize,
    tables: u64,
    to: u64,
    from: u64,
    length: u64,
) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let (target, source) = halves(tables);
        let target = public_table(core, instance, TableIndex::new(target))?;
        let source = public_table(core, instance, TableIndex::new(source))?;
        bulk::table_copy(core, (target, to), (source, from), length)?;
        Ok(0)
    })
}

extern "C" fn table_init(
    context: usize,
    table_and_segment: u64,
    to: u64,
    from: u64,
    length: u64,
) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let (table, segment) = halves(table_and_segment);
        let (table, segment) = (TableIndex::new(table), ElementIndex::new(segment));
        bulk::table_init(core, instance, table, segment, [to, from, length])?;
        Ok(0)
    })
}

extern "C" fn elem_drop(context: usize, segment: u64) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        segments::elem_drop(core, instance, ElementIndex::new(segment as u32));
        Ok(0)
    })
}

extern "C" fn exception_new(context: usize, tag: u64) -> BuiltinReturn {
    run_for_instance(context, |core, instance| {
        let guest = &core.instances[instance.index()];
        let (module, _) = guest.module();
        let tag = TagIndex::new(tag as u32);
        let ty = module.tags[tag.index()].ty;
        let values = module.types.func(ty).params.len();
        let record = unwind::make(core, guest.tag(tag), values).map_err(Leave::Error)?;
        Ok(record as u64)
    })
}

extern "C" fn throw(context: usize, exception: usize) -> BuiltinReturn {
    run_for_instance(context, |core, _| {
        if exception == 0 {
            return Err(TrapCode::NullReference.into());
        }
        Err(match unwind::handler(core) {
            Some(landing) => {
                core.landing = Landing { payload: exception, ..landing };
                Leave::Handler
            }
            None => Leave::Error(Error::Exception(unwind::exception(core, exception))),
        })
    })
}

fn halves(pair: u64) -> (u32, u32) {
    ((pair >> 32) as u32, pair as u32)
}

/// Which table of the store an instance's table is that is not private.
fn public_table(
    core: &StoreCore,
    instance: InstanceId,
    table: TableIndex,
) -> Result<TableId, Leave> {
    store_table(&core.instances[instance.index()], table)
        .ok_or(Leave::Trap(TrapCode::TableOutOfBounds))
}
