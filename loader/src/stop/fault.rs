//! Is this fault a guest's trap? The rules, as the signal handler applies
//! them:
//!
//! * A bad instruction in guest code traps, as the site table says.
//! * A bad access in guest code traps, as the site table says, if what it
//!   touched is reserved for a memory of the running store, or is where failed
//!   comparisons with a memory's length lead.
//! * An access to the guard below the stack of the top activation is a stack overflow, from
//!   anywhere in guest code or in the stubs that push to that stack.
//!
//! * A handler of the host that interrupts a guest, and has no stack of its own,
//!   runs on the guest's: where that ends it is given
//!   [headroom](crate::sys::stack). A signal for which the kernel has found no
//!   room there is lost; the guest goes on.
//!
//! Everything else is somebody else's fault. Where the table says nothing, it
//! is damaged: then the trap is named after the kind of the fault.
//!
//! # Safety
//!
//! [`decide`] runs in the signal handler and follows the thread's current
//! store. That pointer is set while guests run, the handler acts only on
//! faults in guest code or stubs, and there nothing else touches the store.
#![allow(unsafe_code)]

use crate::artifact::image::Image;
use crate::store::contents::StoreCore;
use crate::sys::registers::Registers;
use crate::sys::signals::{Fault, FaultKind, Resume, Verdict};
use crate::sys::{arch, stack, stubs};
use crate::vm::activation::FaultRecord;
use precast_artifact::abi::NULL_GUARD;
use precast_artifact::address_map::{AddressMap, Site};
use precast_artifact::index::{FuncIndex, WasmOffset};
use precast_artifact::trap::TrapCode;
use std::cell::Cell;
use std::ptr::null;

thread_local! {
    /// The store whose guest runs on this thread, or null.
    static CURRENT: Cell<*const StoreCore> = const { Cell::new(null()) };
}

/// Sets the thread's current store; returns the one before.
pub(crate) fn set_current(store: *const StoreCore) -> *const StoreCore {
    CURRENT.replace(store)
}

/// The thread's current store, or null.
pub(crate) fn current() -> *const StoreCore {
    CURRENT.get()
}

/// Says whether a fault is a trap, and if so notes where and how to go on.
pub(crate) fn decide(fault: &Fault) -> Option<Verdict> {
    let Registers { pc, sp, .. } = fault.registers;
    // SAFETY: the thread stands there, and goes on when this has returned.
    let image = unsafe { Image::at(pc) };
    let by_guest = image.is_some() || stubs::in_stubs(pc);
    if !by_guest || fault.kind == FaultKind::Unaddressed {
        return give_headroom(sp, fault.kind);
    }
    // SAFETY: set while guests run, which the address says is now.
    let store = unsafe { CURRENT.get().as_ref() }?;
    // SAFETY: the top activation, whose guest stands here.
    let activation = unsafe { store.block.activation.as_mut() }?;
    let code = match (site_trap(image, pc), fault.kind) {
        (code, FaultKind::Instruction) if image.is_some() => code.unwrap_or(TrapCode::Unreachable),
        (code, FaultKind::Access(address))
            if image.is_some() && (store.guards(address) || (address as u64) < NULL_GUARD) =>
        {
            code.unwrap_or(TrapCode::MemoryOutOfBounds)
        }
        (_, FaultKind::Access(address)) if activation.guard.contains(&address) => {
            TrapCode::StackOverflow
        }
        _ => return None,
    };
    if store.abort_on_trap {
        // Nobody else's either, so the default action ends the process here.
        return None;
    }
    activation.fault = Some(record(image, &fault.registers));
    let (pc, sp) = (activation.resume, activation.host_sp);
    Some(Verdict::Trap(Resume { pc, sp, status: code as u64 }))
}

/// Where a guest of the thread stands.
pub(crate) fn record(image: Option<&Image>, registers: &Registers) -> FaultRecord {
    let Registers { pc, fp, .. } = *registers;
    let unframed_return = starts_function(image, pc).then(|| {
        // SAFETY: it has pushed nothing yet, and its caller could.
        unsafe { arch::return_address_at_entry(registers) }
    });
    FaultRecord { pc, fp, unframed_return }
}

/// Opens the headroom below the guest's stack, if a handler of the host stands
/// there and that is what it lacks.
fn give_headroom(sp: usize, kind: FaultKind) -> Option<Verdict> {
    let address = match kind {
        FaultKind::Access(address) => Some(address),
        FaultKind::Unaddressed => None,
        FaultKind::Instruction => return None,
    };
    // SAFETY: set as long as a guest is in progress.
    let top = unsafe { CURRENT.get().as_ref() }?.block.activation;
    // SAFETY: the top activation.
    let activation = unsafe { top.as_mut() }?;
    let on_stack = (activation.guard.start..activation.stack.end).contains(&sp);
    if !on_stack || activation.headroom_open {
        return None;
    }
    activation.headroom_open = stack::open_headroom(&activation.guard, sp, address);
    activation.headroom_open.then_some(Verdict::Again)
}

/// The trap code of the instruction at `pc`.
fn site_trap(image: Option<&Image>, pc: usize) -> Option<TrapCode> {
    let image = image?;
    let (module, offset) = image.locate(pc)?;
    let sites: AddressMap<'_, WasmOffset> =
        AddressMap::new(".precast.sites", image.bytes(module.site_table)).ok()?;
    match sites.exactly(offset)?.site {
        Site::Trap(code) => Some(code),
        Site::Call => None,
    }
}

/// Whether the function at `pc`, guest's or stub, has no frame yet.
fn starts_function(image: Option<&Image>, pc: usize) -> bool {
    let Some(image) = image else { return stubs::starts_stub(pc) };
    let starts = || {
        let (module, offset) = image.locate(pc)?;
        let functions = image.bytes(module.function_table);
        let stubs = module.entry_stubs.iter().chain(&module.host_stubs);
        let starts = |code| {
            offset
                .distance_from(code)
                .is_some_and(|distance| (distance as usize) < arch::FRAME_SETUP)
        };
        let functions: AddressMap<'_, FuncIndex> =
            AddressMap::new(".precast.functions", functions).ok()?;
        let function = functions.at_or_before(offset);
        Some(
            stubs.into_iter().any(|stub| starts(stub.code))
                || function.is_some_and(|function| starts(function.code)),
        )
    };
    starts().unwrap_or(false)
}
