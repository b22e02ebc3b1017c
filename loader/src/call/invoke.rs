//! Calls from the host into a guest.
//!
//! # Safety
//!
//! [`run`] is the only place that enters a guest, for the first time or again.
//! Around that it pushes an [activation](crate::vm::activation) and pops it
//! whatever happens; it holds no reference to the store meanwhile.
#![allow(unsafe_code)]

use crate::error::{Error, HostFailure, Result};
use crate::limit::LimitKind;
use crate::stop::backtrace;
use crate::stop::{fault, halt};
use crate::store::contents::StoreCore;
use crate::sys::{interrupt, signals, stubs};
use crate::trap::Trap;
use crate::vm::activation::Activation;
use crate::vm::raw::RawValue;
use precast_artifact::abi::BuiltinReturn;
use precast_artifact::trap::TrapCode;
use std::io;
use std::panic::resume_unwind;
use std::ptr::NonNull;

/// What to call, and through which stub.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryPoint {
    pub(crate) stub: usize,
    pub(crate) context: usize,
    pub(crate) code: usize,
}

/// How a guest that did not trap was left.
#[derive(Debug)]
pub(crate) enum Left {
    /// It returned, and this was its activation.
    Returned(Box<Activation>),
    /// It waits in a host call; the store has its activation, of this
    /// generation.
    Suspended(u64),
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
    let core = store.as_ptr();
    // SAFETY: references to the contents end before the guest is entered; the
    // caller answers for entry point and values.
    unsafe {
        let activation = {
            let core = &mut *core;
            core.activations.nest(&core.block, core.limits.stack_bytes)?
        };
        match run(store, activation, |top| enter(top, entry, values.as_mut_ptr()))? {
            Left::Returned(activation) => (*core).activations.recycle(activation),
            Left::Suspended(_) => unreachable!("only resumable activations are suspended"),
        }
    }
    Ok(())
}

/// Enters the guest of an activation.
///
/// # Safety
///
/// As [`run`] for `go`, and as [`invoke`].
pub(crate) unsafe fn enter(
    activation: *mut Activation,
    entry: EntryPoint,
    values: *mut RawValue,
) -> u64 {
    let EntryPoint { stub, context, code } = entry;
    // SAFETY: the top activation, whose stack is unused below its entry; the
    // rest is the caller's promise.
    unsafe {
        let guest_sp = (*activation).entry_sp;
        stubs::enter(activation.cast(), stub, context, code, values.cast(), guest_sp)
    }
}

/// Makes an activation the top one, lets its guest run with `go`, which is
/// given the activation and returns the status, and sees how it was left.
///
/// # Errors
///
/// As [`invoke`]; and calls are nested too deeply, which gives a suspended one
/// up.
///
/// # Safety
///
/// As [`invoke`]; the activation is an idle or suspended one of the store.
#[inline]
pub(crate) unsafe fn run(
    store: NonNull<StoreCore>,
    activation: Box<Activation>,
    go: impl FnOnce(*mut Activation) -> u64,
) -> Result<Left> {
    let core = store.as_ptr();
    // SAFETY: no guest runs.
    if let Err(cause) = unsafe { prepare_thread(&*core) } {
        // SAFETY: as above.
        unsafe { (*core).activations.discard(activation) };
        return Err(Error::system("cannot install signal handlers")(cause));
    }
    // SAFETY: references to the contents end before the guest is entered.
    unsafe {
        let may_run = (*core).activations.push(&mut (*core).block, activation);
        let top = (*core).block.activation;
        if !may_run {
            return Err(refused(&mut *core, TrapCode::Interrupt));
        }
        if (*top).depth > (*core).limits.nested_calls {
            return Err(refused(&mut *core, TrapCode::StackOverflow));
        }
        let outer = fault::set_current(core);
        let status = go(top);
        fault::set_current(outer);
        match status {
            0 if (*core).is_out_of_fuel() => Err(refused(&mut *core, TrapCode::OutOfFuel)),
            0 => Ok(Left::Returned((*core).activations.pop(&mut (*core).block))),
            _ => left(core, status),
        }
    }
}

/// Makes sure that signals find handlers on this thread.
#[inline]
fn prepare_thread(core: &StoreCore) -> io::Result<()> {
    signals::prepare_thread(fault::decide)?;
    match core.activations.interruptible() {
        Some(_) => interrupt::prepare_thread(halt::decide),
        None => Ok(()),
    }
}

/// Takes back the top activation, which may not be entered, or has returned without
/// having paid.
#[cold]
fn refused(core: &mut StoreCore, code: TrapCode) -> Error {
    let activation = core.activations.pop(&mut core.block);
    core.activations.recycle(activation);
    let mut trap = backtrace::trap(core, code, None);
    trap.limit = match code {
        TrapCode::Interrupt => core.activations.late(),
        TrapCode::OutOfFuel => {
            core.block.fuel = !0;
            Some(LimitKind::Fuel)
        }
        _ => Some(LimitKind::NestedCalls),
    };
    Error::Trap(trap)
}

/// What has become of the top activation, which was left with this status.
///
/// # Safety
///
/// The store is live and no reference to its contents is in use.
#[cold]
unsafe fn left(core: *mut StoreCore, status: u64) -> Result<Left> {
    // SAFETY: the guest is stopped, so the store may be used. The activation is
    // still the top one while an error is made, as a backtrace needs it.
    let (error, panic) = unsafe {
        let core = &mut *core;
        if status == BuiltinReturn::PENDING {
            let activation = core.activations.pop(&mut core.block);
            let generation = activation.generation;
            core.activations.suspend(activation);
            return Ok(Left::Suspended(generation));
        }
        let error = stop(core, status);
        let activation = core.activations.pop(&mut core.block);
        core.activations.recycle(activation);
        (error, core.panic.take())
    };
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    Err(error)
}

/// Why the guest was left with this status.
fn stop(core: &mut StoreCore, status: u64) -> Error {
    if status == BuiltinReturn::HOST_ERROR {
        return match core.error.take() {
            // A host function that gave no frames of its own.
            Some(Error::Trap(trap)) if trap.frames.is_empty() => {
                let Trap { detail, limit, code, .. } = trap;
                Error::Trap(Trap { detail, limit, ..backtrace::trap(core, code, None) })
            }
            Some(Error::Host(host)) if host.frames.is_empty() => {
                let (frames, omitted) = backtrace::running(core);
                Error::Host(HostFailure { frames, omitted, ..host })
            }
            Some(error) => error,
            None => Error::usage("a host function ended the call without an error"),
        };
    }
    match TrapCode::from_u8(status as u8) {
        Some(code) => {
            if code == TrapCode::OutOfFuel {
                // What is left is less than what was to be done next.
                core.block.fuel = !0;
            }
            // SAFETY: the top activation is good, and its guest is stopped.
            let top = unsafe { core.block.activation.as_ref() };
            let mut trap = backtrace::trap(core, code, top.and_then(|top| top.fault));
            trap.limit = match code {
                TrapCode::Interrupt => core.activations.late(),
                TrapCode::StackOverflow => Some(LimitKind::StackBytes),
                TrapCode::OutOfFuel => Some(LimitKind::Fuel),
                _ => None,
            };
            Error::Trap(trap)
        }
        None => Error::usage(format!("the guest ended with status {status}")),
    }
}
