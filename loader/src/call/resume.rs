//! Calls from the host into a guest that can be suspended, and their
//! resumption.
//!
//! # Safety
//!
//! A suspended activation of a store is resumed by [`resume`] alone, once: it
//! leaves the store's list before. What it needs of the host is its own: the
//! slots of its parameters and results are in the activation, those of the
//! pending call on its stack.
#![allow(unsafe_code)]

use crate::call::builtins;
use crate::call::ending::{self, Leave};
use crate::call::invoke::{self, EntryPoint, Left};
use crate::error::{Error, Result};
use crate::store::contents::StoreCore;
use crate::sys::stubs;
use crate::vm::activation::{Activation, Resumable};
use crate::vm::raw::RawValue;
use std::ptr::NonNull;
use std::sync::{Arc, Weak};

/// How far a call came.
#[derive(Debug)]
pub(crate) enum Reached {
    /// Its end; these are the slots of the call, with the results.
    End(Box<[RawValue]>),
    /// A host call that is pending.
    Pending(Claim),
}

/// The right to resume a suspended call.
#[derive(Debug)]
pub(crate) struct Claim {
    /// Which one.
    pub(crate) generation: u64,
    /// The activation knows by it whether the claim is still there.
    _alive: Arc<()>,
}

/// Calls a guest function that may be suspended, on a stack of its own.
///
/// # Errors
///
/// As [`invoke::invoke`].
///
/// # Safety
///
/// As [`invoke::invoke`].
pub(crate) unsafe fn start(
    store: NonNull<StoreCore>,
    entry: EntryPoint,
    mut values: Box<[RawValue]>,
) -> Result<Reached> {
    let slots = values.as_mut_ptr();
    // SAFETY: no guest runs, and the reference ends here.
    let activation = unsafe {
        let core = &mut *store.as_ptr();
        let mut activation = core.activations.root(core.limits.stack_bytes)?;
        activation.resumable = Some(Resumable { values, pending: None, claim: Weak::new() });
        activation
    };
    // SAFETY: as the caller promises; the slots live as long as the activation.
    unsafe {
        let left = invoke::run(store, activation, |top| invoke::enter(top, entry, slots))?;
        Ok(reached(&mut *store.as_ptr(), left))
    }
}

/// Goes on with a suspended call: the host function that was pending has these
/// results now, or fails.
///
/// # Errors
///
/// As [`invoke::invoke`].
///
/// # Safety
///
/// As [`invoke::invoke`]; the results are as many as the type of the pending
/// call has.
pub(crate) unsafe fn resume(
    store: NonNull<StoreCore>,
    claim: Claim,
    results: Result<Vec<RawValue>>,
) -> Result<Reached> {
    // SAFETY: no guest runs, and the reference ends here.
    let activation = unsafe { (*store.as_ptr()).activations.take_suspended(claim.generation) };
    let activation = activation.ok_or_else(|| Error::usage("the call is not suspended"))?;
    // SAFETY: as the caller promises. In `go` the activation is on top, its
    // guest stands in a builtin, and no reference to it or the store is left
    // when it is entered.
    unsafe {
        let left = invoke::run(store, activation, |top| {
            let outcome = come_back(&mut *store.as_ptr(), top, results);
            stubs::resume(top.cast(), ending::finish(store, Ok(outcome)))
        })?;
        Ok(reached(&mut *store.as_ptr(), left))
    }
}

/// Ends a suspended call without running its guest.
pub(crate) fn abandon(core: &mut StoreCore, claim: Claim) {
    if let Some(activation) = core.activations.take_suspended(claim.generation) {
        core.activations.recycle(activation);
    }
}

/// How the pending host function of the top activation comes back.
///
/// # Safety
///
/// `top` is the top activation, was suspended and has not been entered yet; the
/// results are as many as the type of the pending call has.
unsafe fn come_back(
    core: &mut StoreCore,
    top: *mut Activation,
    results: Result<Vec<RawValue>>,
) -> Result<u64, Leave> {
    core.activations.refresh(&mut core.block);
    // SAFETY: the top activation is live, and nothing else refers to it.
    let resumable = unsafe { (*top).resumable.as_mut() };
    let pending = resumable.and_then(|resumable| resumable.pending.take());
    let pending = pending.expect("a suspended activation has a pending call");
    match results {
        Ok(results) => {
            for (index, result) in results.into_iter().enumerate() {
                // SAFETY: the array of the host-call stub, which has room for
                // the results and has not returned.
                unsafe { pending.values.add(index).write(result) };
            }
            Ok(0)
        }
        Err(error) => Err(builtins::failed(core, error)),
    }
}

fn reached(core: &mut StoreCore, left: Left) -> Reached {
    match left {
        Left::Returned(mut activation) => {
            let resumable = activation.resumable.take();
            core.activations.recycle(activation);
            Reached::End(resumable.expect("it was started as resumable").values)
        }
        Left::Suspended(generation) => {
            let alive = Arc::new(());
            core.activations.claim(generation, Arc::downgrade(&alive));
            Reached::Pending(Claim { generation, _alive: alive })
        }
    }
}
