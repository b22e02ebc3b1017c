//! Calls that can be suspended: the low level on which asynchronous interfaces
//! stand.
//!
//! ```text
//!   Func::start ──▶ Progress::Finished(results)
//!        │
//!        └────────▶ Progress::Suspended(call) ──resume──▶ Progress ...
//! ```
//!
//! A host function that [may be pending](crate::Linker::func_pending) leaves
//! its guest standing where it is. The host gets the [`Suspended`] call, runs
//! what it likes, other guests of the same store included, and resumes the call
//! when there is a result, on any thread that has the store.
//!
//! # Safety
//!
//! A call enters the guest as in `api/func.rs`, with slots for its type; a
//! suspended one is resumed with as many results as the pending function's type
//! has, in the store that it is of.
#![allow(unsafe_code)]

use crate::api::func::{Callee, NumbersFunc, raw_params};
use crate::call::resume::{self, Claim, Reached};
use crate::error::{Error, Result};
use crate::stop::backtrace;
use crate::store::access::{AsStore, StoreMut};
use crate::store::contents::StoreCore;
use crate::store::interrupts::InterruptHandle;
use crate::sys::signals;
use crate::trap::Frame;
use crate::vm::activation::Activation;
use crate::vm::handle::{Func, StoreId};
use crate::vm::raw::RawValue;
use crate::vm::types::{self, ValType};
use crate::vm::value::Val;
use precast_artifact::index::TypeId;

/// How far a call came that can be suspended.
#[derive(Debug)]
pub enum Progress {
    /// The function returned this.
    Finished(Vec<Val>),
    /// A host function is pending.
    Suspended(Suspended),
}

/// A call whose guest stands in a host function that is pending.
///
/// It belongs to its store, where it keeps a stack, and where other guests can
/// run meanwhile. When it is dropped, the guest never runs again, and the store
/// has the stack back for the next call that needs one; nothing is done to the
/// instance, which stays as the guest left it. [`Suspended::abandon`] does the
/// same at once.
#[derive(Debug)]
#[must_use = "the guest waits for a result, see `Suspended::resume`"]
pub struct Suspended {
    store: StoreId,
    /// Type of the function that was called.
    ty: TypeId,
    claim: Claim,
}

impl Func {
    /// As [`Func::call`], but host functions may be pending, which suspends the
    /// call. It has a stack of its own, of the size that the store's limits
    /// say.
    ///
    /// # Errors
    ///
    /// As [`Func::call`].
    pub fn start(&self, store: &mut impl AsStore, params: &[Val]) -> Result<Progress> {
        let mut access = store.as_store_mut();
        let core = access.core();
        let ty = self.type_in(core.id)?;
        let mut values = raw_params(core, &types::get(ty), params)?;
        signals::recheck_signal_stack();
        let reached = match Callee::find(core, *self)? {
            // SAFETY: as many slots as the type needs; the access keeps others
            // away from the store.
            Callee::Guest(entry) => unsafe {
                resume::start(access.pointer(), entry, values.into_boxed_slice())?
            },
            host @ Callee::Host(..) => {
                // SAFETY: as above.
                unsafe { host.call(&mut access, &mut values)? };
                Reached::End(values.into_boxed_slice())
            }
        };
        Ok(Progress::new(access.core(), ty, reached))
    }
}

impl Progress {
    fn new(core: &StoreCore, ty: TypeId, reached: Reached) -> Self {
        let store = core.id;
        match reached {
            Reached::End(values) => {
                let shape = types::get(ty);
                let results = shape.results.iter().zip(values);
                let results = results.map(|(ty, raw)| Val::from_raw(raw, ty, store));
                Self::Finished(results.collect())
            }
            Reached::Pending(claim) => Self::Suspended(Suspended { store, ty, claim }),
        }
    }
}

impl Suspended {
    /// Goes on with the guest: the host function that was pending returns these
    /// results, or fails, as if it had not been pending. An exception is thrown
    /// into the guest.
    ///
    /// # Errors
    ///
    /// As [`Func::call`]. [`Error::Usage`] when the results are not of the host
    /// function's type, or the call is of another store; the call is given up.
    pub fn resume(self, store: &mut impl AsStore, results: Result<&[Val]>) -> Result<Progress> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        let results = match results {
            Ok(results) => Ok(raw_results(core, self.activation(core)?, results)?),
            Err(error) => Err(error),
        };
        // SAFETY: the results are of the pending function's type; the access
        // keeps others away from the store.
        let reached = unsafe { resume::resume(access.pointer(), self.claim, results)? };
        Ok(Progress::new(access.core(), self.ty, reached))
    }

    /// Gives the call up.
    ///
    /// # Errors
    ///
    /// The call is of another store.
    pub fn abandon(self, store: &mut impl AsStore) -> Result<()> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        resume::abandon(core, self.claim);
        Ok(())
    }

    /// The guest's functions in progress, the innermost first.
    ///
    /// # Errors
    ///
    /// The call is of another store.
    pub fn frames(&self, store: &impl AsStore) -> Result<Vec<Frame>> {
        let core = store.as_store().core();
        core.owns(self.store)?;
        Ok(backtrace::suspended(core, self.activation(core)?))
    }

    /// A handle with which any thread can stop the call.
    ///
    /// # Errors
    ///
    /// The call is of another store.
    pub fn interrupt_handle(&self, store: &mut impl AsStore) -> Result<InterruptHandle> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        Ok(core.activations.interrupt_handle(&core.block, self.claim.generation))
    }

    fn activation<'c>(&self, core: &'c StoreCore) -> Result<&'c Activation> {
        let found = core.activations.suspended(self.claim.generation);
        found.ok_or_else(|| Error::usage("the call is not suspended"))
    }
}

/// As [`Progress`], of a function whose parameters and results are all numbers.
#[derive(Debug)]
pub(crate) enum NumbersProgress {
    /// These are the slots of the call, with the results.
    Finished(Box<[RawValue]>),
    /// A host function is pending.
    Suspended(Suspended),
}

impl NumbersProgress {
    fn new(store: StoreId, ty: TypeId, reached: Reached) -> Self {
        match reached {
            Reached::End(slots) => Self::Finished(slots),
            Reached::Pending(claim) => Self::Suspended(Suspended { store, ty, claim }),
        }
    }
}

impl NumbersFunc {
    /// As [`NumbersFunc::call`], but host functions may be pending.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn start<T>(
        &self,
        access: &mut StoreMut<'_, T>,
        mut slots: Vec<RawValue>,
    ) -> Result<NumbersProgress> {
        self.check(access, &slots)?;
        let reached = match &self.callee {
            // SAFETY: the store is the function's; as many slots as its type
            // needs, and every number is one; the access keeps others away.
            Callee::Guest(entry) => unsafe {
                resume::start(access.pointer(), *entry, slots.into_boxed_slice())?
            },
            host @ Callee::Host(..) => {
                // SAFETY: as above.
                unsafe { host.call(access, &mut slots)? };
                Reached::End(slots.into_boxed_slice())
            }
        };
        Ok(NumbersProgress::new(access.core().id, self.ty, reached))
    }
}

impl Suspended {
    /// As [`Suspended::resume`], with the slots of numbers.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn resume_numbers<T>(
        self,
        access: &mut StoreMut<'_, T>,
        results: Result<Vec<RawValue>>,
    ) -> Result<NumbersProgress> {
        let core = access.core();
        core.owns(self.store)?;
        if let Ok(results) = &results {
            let resumable = self.activation(core)?.resumable.as_ref();
            let pending = resumable.and_then(|resumable| resumable.pending);
            let ty = pending.map(|pending| types::get(pending.ty));
            let fits = ty.is_some_and(|ty| {
                let numbers = !ty.results.iter().any(|ty| matches!(ty, ValType::Ref(_)));
                numbers && ty.results.len() == results.len()
            });
            fits.then_some(())
                .ok_or_else(|| Error::usage("results of another type than is waited for"))?;
        }
        // SAFETY: the results are of the pending function's type; the access
        // keeps others away from the store.
        let reached = unsafe { resume::resume(access.pointer(), self.claim, results)? };
        Ok(NumbersProgress::new(self.store, self.ty, reached))
    }
}

/// Slots with the results of the function that a suspended guest waits for.
fn raw_results(
    core: &StoreCore,
    activation: &Activation,
    results: &[Val],
) -> Result<Vec<RawValue>> {
    let pending = activation.resumable.as_ref().and_then(|resumable| resumable.pending);
    let pending = pending.ok_or_else(|| Error::usage("the call is not suspended"))?;
    let ty = types::get(pending.ty);
    if results.len() != ty.results.len() {
        let (given, expected) = (results.len(), ty.results.len());
        return Err(Error::usage(format!(
            "{given} results given, the pending host function has {expected}"
        )));
    }
    let slots = results.iter().zip(&ty.results).map(|(value, ty)| value.to_raw(ty, core.id));
    Ok(slots.collect::<Result<_, _>>()?)
}
