//! Calls from the host into a guest.
//!
//! # Safety
//!
//! [`invoke`] is the only place that enters a guest. Around the call it pushes
//! an activation, which lives in its frame, and pops it whatever happens; it
//! holds no reference to the store meanwhile.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::stop::backtrace;
use crate::stop::fault;
use crate::store::contents::StoreCore;
use crate::sys::{signals, stack::Stack, stubs};
use crate::vm::layout::Activation;
use crate::vm::raw::RawValue;
use precast_artifact::abi::BuiltinReturn;
use precast_artifact::trap::TrapCode;
use std::panic::resume_unwind;
use std::ptr::NonNull;

/// What to call, and through which stub.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryPoint {
    pub(crate) stub: usize,
    pub(crate) context: usize,
    pub(crate) code: usize,
}

/// Calls a guest function. `values` holds the parameters before and the
/// results after.
///
/// # Errors
///
/// A trap, or the error of a host function that the guest called. The panic of
/// a host function goes on in the caller.
///
/// # Safety
///
/// The store is live and no reference to its contents is in use; the entry
/// point belongs to it; `values` has room for its parameters and results.
pub(crate) unsafe fn invoke(
    store: NonNull<StoreCore>,
    entry: EntryPoint,
    values: &mut [RawValue],
) -> Result<()> {
    signals::prepare_thread(fault::decide)
        .map_err(Error::system("cannot install signal handlers"))?;
    let core = store.as_ptr();
    // SAFETY: references to the contents end before the guest is entered.
    let (previous, depth, guest_sp) = unsafe { place(&mut *core)? };
    let mut activation = Activation {
        host_sp: 0,
        resume: 0,
        entry_fp: 0,
        previous,
        guest_sp: 0,
        guest_fp: 0,
        entry_sp: guest_sp,
        depth,
        fault: None,
    };
    let activation = &raw mut activation;
    // SAFETY: the activation outlives the call; the caller answers for the
    // rest.
    let status = unsafe {
        (*core).block.activation = activation;
        let outer = fault::set_current(core);
        let EntryPoint { stub, context, code } = entry;
        let slots = values.as_mut_ptr().cast();
        let status = stubs::enter(activation.cast(), stub, context, code, slots, guest_sp);
        fault::set_current(outer);
        status
    };
    if status == 0 {
        // SAFETY: the guest has returned.
        unsafe { (*core).block.activation = previous };
        return Ok(());
    }
    // SAFETY: the guest is stopped, so the store may be looked at; the
    // activation is still the top one, as a backtrace needs it.
    unsafe {
        let error = stop(&mut *core, status, &*activation);
        (*core).block.activation = previous;
        if let Some(payload) = (*core).panic.take() {
            resume_unwind(payload);
        }
        Err(error)
    }
}

/// The activation to push on, the new one's depth, and its guest stack
/// pointer.
fn place(core: &mut StoreCore) -> Result<(*mut Activation, u32, usize)> {
    let previous = core.block.activation;
    // SAFETY: activations live in frames below this one.
    let (depth, guest_sp) = match unsafe { previous.as_ref() } {
        Some(top) => (top.depth + 1, top.guest_sp & !15),
        None => (1, stack(core)?.usable().end),
    };
    if depth > core.limits.nested_calls {
        return Err(Error::Trap(backtrace::trap(core, TrapCode::StackOverflow, None)));
    }
    Ok((previous, depth, guest_sp))
}

fn stack(core: &mut StoreCore) -> Result<&Stack> {
    if core.stack.is_none() {
        let what = || format!("cannot make a guest stack of {} bytes", core.limits.stack_bytes);
        core.stack = Some(Stack::new(core.limits.stack_bytes).map_err(Error::system(what()))?);
    }
    Ok(core.stack.as_ref().expect("made above"))
}

/// Why the guest was left with this status.
#[cold]
fn stop(core: &mut StoreCore, status: u64, activation: &Activation) -> Error {
    if status == BuiltinReturn::HOST_ERROR {
        return match core.error.take() {
            // A host function that gave no frames of its own.
            Some(Error::Trap(trap)) if trap.frames.is_empty() => {
                Error::Trap(backtrace::trap(core, trap.code, None))
            }
            Some(error) => error,
            None => Error::usage("a host function ended the call without an error"),
        };
    }
    match TrapCode::from_u8(status as u8) {
        Some(code) => Error::Trap(backtrace::trap(core, code, activation.fault)),
        None => Error::usage(format!("the guest ended with status {status}")),
    }
}
