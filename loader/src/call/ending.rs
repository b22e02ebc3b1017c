//! How a builtin ends, as its stub is told: it returns to the guest, goes on at a
//! handler, or leaves the guest, with what waits in the store until the call from
//! the host returns.
//!
//! # Safety
//!
//! Builtins are given a live context. While one runs, its store's guest does not,
//! so the store may be used.
#![allow(unsafe_code)]

use crate::error::Error;
use crate::store::contents::StoreCore;
use crate::trap::Trap;
use crate::vm::layout::Context;
use precast_artifact::abi::{self, BuiltinReturn};
use precast_artifact::trap::TrapCode;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{NonNull, with_exposed_provenance_mut};

/// Why a builtin does not return to the guest.
pub(super) enum Leave {
    Trap(TrapCode),
    Error(Error),
    /// Goes on at the store's landing.
    Handler,
    /// The guest is suspended.
    Pending,
}

impl From<TrapCode> for Leave {
    fn from(code: TrapCode) -> Self {
        Self::Trap(code)
    }
}

/// Runs a builtin's body with its store, and turns how it ended into what the
/// stub expects.
#[inline]
pub(super) fn run(
    context: usize,
    body: impl FnOnce(NonNull<StoreCore>) -> Result<u64, Leave>,
) -> BuiltinReturn {
    // SAFETY: a live context's store field holds its store's address.
    let address: usize = unsafe { Context(context).read(abi::CTX_STORE) };
    let store: *mut StoreCore = with_exposed_provenance_mut(address);
    let pointer = NonNull::new(store).expect("contexts have a store");
    // Apart, so that nothing large is moved where all is well.
    let mut leave = None;
    let ended = catch_unwind(AssertUnwindSafe(|| match body(pointer) {
        Ok(value) => Some(value),
        Err(why) => {
            leave = Some(why);
            None
        }
    }));
    match ended {
        // SAFETY: the guest stands still, and the body is done.
        Ok(Some(value)) if !unsafe { (*store).interrupted() } => BuiltinReturn::ok(value),
        Ok(Some(_)) => finish(pointer, Ok(Err(TrapCode::Interrupt.into()))),
        Ok(None) => finish(pointer, Ok(Err(leave.expect("there is a reason")))),
        Err(payload) => finish(pointer, Err(payload)),
    }
}

/// What the stub of a builtin expects, from how its body ended; unless the
/// guest was asked to stop meanwhile.
#[cold]
pub(super) fn finish(
    pointer: NonNull<StoreCore>,
    mut result: std::thread::Result<Result<u64, Leave>>,
) -> BuiltinReturn {
    let store = pointer.as_ptr();
    if let Ok(Ok(_) | Err(Leave::Handler | Leave::Pending)) = result
        // SAFETY: the guest stands still, and the body is done.
        && unsafe { (*store).interrupted() }
    {
        result = Ok(Err(Leave::Trap(TrapCode::Interrupt)));
    }
    if let Ok(Err(Leave::Trap(code) | Leave::Error(Error::Trap(Trap { code, .. })))) = &result
        // Nothing is wrong with a guest that is stopped.
        && *code != TrapCode::Interrupt
    {
        // SAFETY: the guest stands still, and `body` is done.
        if unsafe { (*store).abort_on_trap } {
            eprintln!("wasm trap: {code}");
            std::process::abort();
        }
    }
    let host_error = BuiltinReturn { value: 0, status: BuiltinReturn::HOST_ERROR };
    match result {
        Ok(Ok(value)) => BuiltinReturn::ok(value),
        Ok(Err(Leave::Trap(code))) => BuiltinReturn::trap(code),
        Ok(Err(Leave::Pending)) => BuiltinReturn { value: 0, status: BuiltinReturn::PENDING },
        Ok(Err(Leave::Handler)) => {
            // SAFETY: the guest stands still, and `body` is done.
            let landing = unsafe { &raw const (*store).landing };
            let value = landing.expose_provenance() as u64;
            BuiltinReturn { value, status: BuiltinReturn::HANDLER }
        }
        Ok(Err(Leave::Error(error))) => {
            // SAFETY: the guest stands still, and `body` is done.
            unsafe { (*store).error = Some(error) };
            host_error
        }
        Err(payload) => {
            // SAFETY: as above.
            unsafe { (*store).panic = Some(payload) };
            host_error
        }
    }
}
