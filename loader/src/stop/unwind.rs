//! Exceptions in flight: making their records, finding who handles them, and
//! what becomes of those that nobody does.
//!
//! # Where references are
//!
//! Records are made while a guest stands in a builtin, and freed only then.
//! Every reference that a guest still uses is then on a guest stack: the
//! stubs of `ExceptionNew`, and of `HostCall`, through which a host function
//! may throw or call a guest that does, put there what guests keep in
//! registers across calls.
//! Other references are in globals, tables and records; element segments take
//! theirs from globals. What the host was given is marked as held, and slots
//! that a raw host function was called with lie on the guest stack, too.
//!
//! # Safety
//!
//! Guests of the store must be stopped in a builtin, so that its activation
//! says where the guest stack ends. References that guests pass are to live
//! records.
#![allow(unsafe_code)]

use crate::artifact::image::Image;
use crate::error::{Error, Result};
use crate::limit::LimitKind;
use crate::stop::walk::{caller, outwards};
use crate::store::activations::chain;
use crate::store::contents::StoreCore;
use crate::store::exceptions::{self, Marker};
use crate::store::instance::InstanceState;
use crate::store::limits::allow;
use crate::sys::registers::Landing;
use crate::vm::handle::Tag;
use crate::vm::layout::ExceptionHeader;
use crate::vm::raw::RawValue;
use crate::vm::types::{self, ValType};
use crate::vm::value::{Exception, RefKind, Val, ref_kind};
use precast_artifact::handlers;
use precast_artifact::index::GlobalIndex;
use precast_artifact::index::TypeId;
use std::ptr::{with_exposed_provenance, with_exposed_provenance_mut};

/// Makes a record with zeros for values.
///
/// # Errors
///
/// The store's limit is reached, or there is no memory.
pub(crate) fn make(core: &mut StoreCore, tag: usize, values: usize) -> Result<usize> {
    let (limit, more) = (core.limits.exception_bytes, exceptions::size(values as u32));
    if core.exceptions.sweep_is_due(limit.saturating_sub(more)) {
        sweep(core);
    }
    allow(LimitKind::ExceptionBytes, core.exceptions.bytes(), more, limit)?;
    let made = core.exceptions.make(tag, values as u32);
    made.ok_or_else(|| Error::no_room("an exception"))
}

/// Frees the records that nothing refers to.
#[cold]
fn sweep(core: &mut StoreCore) {
    let mut records = std::mem::take(&mut core.exceptions);
    // SAFETY: `roots` visits all there are, as the module's header says.
    unsafe { records.sweep(|marker| roots(core, marker)) };
    core.exceptions = records;
}

fn roots(core: &StoreCore, marker: &mut Marker<'_>) {
    for stack in core.activations.stacks_in_use(&core.block) {
        for address in (stack.start & !7..stack.end).step_by(8) {
            // SAFETY: a word of the stack that guests use.
            marker.visit(unsafe { *with_exposed_provenance::<u64>(address) });
        }
    }
    for guest in &core.instances {
        for address in exception_globals(guest) {
            // SAFETY: a global of a reference type stands there.
            marker.visit(unsafe { *with_exposed_provenance::<u64>(address) });
        }
    }
    for global in &core.globals {
        // SAFETY: no guest runs, and the host sets globals through the store.
        marker.visit(unsafe { *global.get() } as u64);
    }
    let tables = core.tables.iter().filter(|table| ref_kind(&table.ty().element) == RefKind::Exn);
    for table in tables {
        let cells = table.range(0, table.size()).unwrap_or_default();
        cells.iter().for_each(|cell| marker.visit(cell.get()));
    }
}

/// Addresses of the globals of an instance that hold exceptions.
fn exception_globals(guest: &InstanceState) -> impl Iterator<Item = usize> {
    let globals = GlobalIndex::enumerate(&guest.module().0.globals);
    globals.filter_map(|(index, global)| match &global.ty.value {
        precast_artifact::types::ValType::Ref(ty) if ref_kind(ty) == RefKind::Exn => {
            Some(guest.global(index))
        }
        _ => None,
    })
}

/// Where an exception goes on that comes out of the call of the builtin in
/// progress: the innermost frame of the activation that has a handler for the
/// call it is in.
pub(crate) fn handler(core: &StoreCore) -> Option<Landing> {
    let top = chain(&core.block).next()?;
    let stack = top.stack.clone();
    let start = caller(top.guest_fp, &stack, top.entry_fp);
    outwards(start, &stack, top.entry_fp).find_map(|position| {
        // Calls are known by their last byte; the next may be another function's.
        let inside = position.pc.checked_sub(1)?;
        // SAFETY: a function in progress of this store, whose guest is stopped.
        let image = unsafe { Image::at(inside) }?;
        let (module, offset) = image.locate(inside)?;
        let found = handlers::find(image.bytes(module.handler_table), offset)?;
        let pc = image.code(module, found.handler);
        Some(Landing { pc, sp: position.fp - found.frame as usize, fp: position.fp, payload: 0 })
    })
}

/// The exception that a record stands for, for the host.
pub(crate) fn exception(core: &StoreCore, record: usize) -> Exception {
    // SAFETY: a live record, whose tag lives as long as the store.
    let (address, ty) = unsafe {
        let address = (*with_exposed_provenance::<ExceptionHeader>(record)).tag;
        (address, *with_exposed_provenance::<TypeId>(address))
    };
    let value = |(index, ty): (usize, &ValType)| {
        let slot = with_exposed_provenance::<RawValue>(exceptions::value(record, index as u32));
        // SAFETY: a record has a slot for each parameter of its tag's type.
        Val::from_raw(unsafe { *slot }, ty, core.id)
    };
    let fields = types::get(ty).params.iter().enumerate().map(value).collect();
    Exception { tag: Tag { store: core.id, address, ty }, fields }
}

/// A record for an exception that the host throws.
///
/// # Errors
///
/// As [`make`]; or the exception is of another store.
pub(crate) fn record(core: &mut StoreCore, exception: &Exception) -> Result<usize> {
    let Exception { tag, fields } = exception;
    core.owns(tag.store)?;
    let record = make(core, tag.address, fields.len())?;
    for (index, (field, ty)) in fields.iter().zip(&types::get(tag.ty).params).enumerate() {
        let raw = field.to_raw(ty, core.id)?;
        let slot = with_exposed_provenance_mut::<RawValue>(exceptions::value(record, index as u32));
        // SAFETY: a slot of the record just made.
        unsafe { slot.write(raw) };
    }
    Ok(record)
}
