//! Functions: calling them, and making them from the host's closures.
//!
//! # Safety
//!
//! A call enters the guest with an entry point that was read from a record of the
//! store at hand, through an entry stub of the record's type, with a value
//! array of the type's size.
#![allow(unsafe_code)]

use crate::api::caller::Caller;
use crate::call::builtins;
use crate::call::invoke::{self, EntryPoint};
use crate::error::{Error, Result};
use crate::store::access::{AsStore, StoreMut};
use crate::store::contents::StoreCore;
use crate::store::host::{Callback, HostBinding, HostFunc};
use crate::sys::signals;
use crate::vm::handle::{Func, StoreId};
use crate::vm::layout::{Context, FuncRecord, StoreBlock};
use crate::vm::raw::RawValue;
use crate::vm::types;
use crate::vm::types::{FuncType, ValType};
use crate::vm::value::Val;
use precast_artifact::abi;
use precast_artifact::index::{InstanceId, TypeId};
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::Poll;

impl Func {
    /// Makes a function of type `ty` from a closure that takes and gives
    /// [`Val`]s. The results come as defaults of their types and must be left
    /// with values of those.
    ///
    /// # Errors
    ///
    /// `ty` refers to a concrete type that is not from this process, or has
    /// results that cannot be null.
    pub fn new<T: 'static>(
        store: &mut impl AsStore<Data = T>,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Self> {
        let func = untyped(ty, f)?;
        Ok(Self::from_host(store.as_store_mut().core(), Arc::new(func)))
    }

    /// As [`Func::new`], with the slots as they are: parameters in order
    /// before the call, results in order after. The fastest, and the least
    /// checked: of each slot only the bits of its type count. A reference to
    /// an exception in a slot is good until the closure returns.
    ///
    /// # Errors
    ///
    /// As [`Func::new`].
    ///
    /// # Safety
    ///
    /// Where a result is a reference, the closure leaves zero, or what a slot
    /// of the same store held as a reference of that type: guests follow it.
    ///
    /// ```compile_fail,E0133
    /// use precast_loader::{Func, FuncType, RefType, Store, ValType};
    /// let mut store = Store::new(());
    /// let ty = FuncType { params: vec![], results: vec![ValType::Ref(RefType::FUNCREF)] };
    /// Func::new_raw(&mut store, ty, |_, slots| Ok(slots[0] = 0x1234_u64.into()));
    /// ```
    pub unsafe fn new_raw<T: 'static>(
        store: &mut impl AsStore<Data = T>,
        ty: FuncType,
        f: impl Fn(&mut Caller<'_, T>, &mut [RawValue]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<Self> {
        let func = raw(ty, f)?;
        Ok(Self::from_host(store.as_store_mut().core(), Arc::new(func)))
    }

    /// As [`Func::new`], but the closure may say that it is pending: its
    /// results come later, and until then the guest is
    /// [suspended](crate::Suspended). That ends the call with an error if it
    /// was not made by [`Func::start`].
    ///
    /// # Errors
    ///
    /// As [`Func::new`].
    pub fn new_pending<T: 'static>(
        store: &mut impl AsStore<Data = T>,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<Poll<()>> + Send + Sync + 'static,
    ) -> Result<Self> {
        let func = pending(ty, f)?;
        Ok(Self::from_host(store.as_store_mut().core(), Arc::new(func)))
    }

    /// The function's type.
    ///
    /// # Panics
    ///
    /// If the function is of another store.
    pub fn ty(&self, store: &impl AsStore) -> FuncType {
        let core = store.as_store().core();
        core.assert_owns(self.store);
        let id = self.type_in(core.id).expect("just checked");
        (*types::get(id)).clone()
    }

    /// Calls the function.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] when number or types of `params` are not the
    /// function's; [`Error::Trap`]; whatever a host function that was called
    /// returned.
    pub fn call(&self, store: &mut impl AsStore, params: &[Val]) -> Result<Vec<Val>> {
        let mut access = store.as_store_mut();
        let core = access.core();
        let id = core.id;
        let ty = types::get(self.type_in(id)?);
        let mut values = raw_params(core, &ty, params)?;
        let callee = Callee::find(core, *self)?;
        signals::recheck_signal_stack();
        // SAFETY: as many slots as the type needs.
        unsafe { callee.call(&mut access, &mut values)? };
        Ok(ty.results.iter().zip(values).map(|(ty, raw)| Val::from_raw(raw, ty, id)).collect())
    }

    /// Calls a function whose parameters and results are all numbers, with their
    /// slots: parameters before, results after.
    ///
    /// # Errors
    ///
    /// As [`Func::call`]; [`Error::Usage`] when there are too few slots, or
    /// something is not a number.
    pub(crate) fn call_numbers(
        &self,
        store: &mut impl AsStore,
        values: &mut [RawValue],
    ) -> Result<()> {
        let mut access = store.as_store_mut();
        let function = self.numbers(&access)?;
        signals::recheck_signal_stack();
        function.call(&mut access, values)
    }

    /// The function, ready to be called with numbers again and again.
    ///
    /// ```
    /// use precast_loader::{Func, RawValue, Store};
    /// let mut store = Store::new(());
    /// let add = Func::wrap(&mut store, |a: i32, b: i32| a.wrapping_add(b));
    /// let add = add.numbers(&store)?;
    /// let mut slots = [RawValue::from(2_u32), RawValue::from(3_u32)];
    /// add.call(&mut store, &mut slots)?;
    /// assert_eq!(slots[0].u32(), 5);
    /// # Ok::<(), precast_loader::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Usage`]: it is of another store, or a parameter or result is not a
    /// number.
    pub fn numbers(&self, store: &impl AsStore) -> Result<NumbersFunc> {
        let core = store.as_store().core();
        let id = self.type_in(core.id)?;
        let ty = types::get(id);
        let mut all = ty.params.iter().chain(&ty.results);
        if all.any(|ty| matches!(ty, ValType::Ref(_))) {
            return Err(Error::usage(format!("a function of type {ty} was called with numbers")));
        }
        let callee = Callee::find(core, *self)?;
        Ok(NumbersFunc { store: core.id, ty: id, callee, slots: slots(&ty) })
    }

    /// A function reference to a host function that no instance imports.
    pub(crate) fn from_host(core: &mut StoreCore, func: Arc<HostFunc>) -> Self {
        let code = core.host_stub(func.ty).unwrap_or_else(builtins::missing_stub);
        let mut binding = Box::new(HostBinding::new(func, None));
        binding.settle(core.block_address(), builtins::table(), code);
        let record = binding.record_address();
        core.hosts.push(binding);
        Self { store: core.id, record }
    }
}

/// A function whose parameters and results are all numbers, ready to be called: see
/// [`Func::numbers`]. For hosts that learn a function's type when they run.
#[derive(Clone, Debug)]
pub struct NumbersFunc {
    store: StoreId,
    pub(super) ty: TypeId,
    pub(super) callee: Callee,
    slots: usize,
}

impl NumbersFunc {
    /// Calls it: parameters in the slots before, results after. There may be more
    /// slots than values, and of each only the bits of its type count. As to the
    /// thread's alternate signal stack, see [`TypedFunc::call`](crate::TypedFunc::call).
    ///
    /// # Errors
    ///
    /// As [`Func::call`]; [`Error::Usage`] when there are fewer slots than parameters or
    /// results.
    pub fn call(&self, store: &mut impl AsStore, values: &mut [RawValue]) -> Result<()> {
        let mut access = store.as_store_mut();
        self.check(&mut access, values)?;
        // SAFETY: the store is the function's; as many slots as its type needs,
        // and every number is one.
        unsafe { self.callee.call(&mut access, values) }
    }

    /// Whether the store is the function's, and there are enough slots.
    pub(super) fn check<T>(&self, access: &mut StoreMut<'_, T>, values: &[RawValue]) -> Result<()> {
        access.core().owns(self.store)?;
        match values.len() < self.slots {
            true => Err(Error::usage("a function was called with too few numbers")),
            false => Ok(()),
        }
    }
}

/// Slots for a call of a type, with the parameters.
pub(crate) fn raw_params(core: &StoreCore, ty: &FuncType, params: &[Val]) -> Result<Vec<RawValue>> {
    if params.len() != ty.params.len() {
        let (given, expected) = (params.len(), ty.params.len());
        return Err(Error::usage(format!("{given} parameters given, the function has {expected}")));
    }
    let mut values = vec![RawValue::default(); slots(ty)];
    for ((slot, value), ty) in values.iter_mut().zip(params).zip(&ty.params) {
        *slot = value.to_raw(ty, core.id)?;
    }
    Ok(values)
}

/// Number of slots for a call of a type.
pub(crate) fn slots(ty: &FuncType) -> usize {
    ty.params.len().max(ty.results.len())
}

/// A function, ready to be called.
#[derive(Clone, Debug)]
pub(crate) enum Callee {
    /// A guest's.
    Guest(EntryPoint),
    /// The host's, called directly, as if by this instance.
    Host(Arc<HostFunc>, Option<InstanceId>),
}

impl Callee {
    /// What a function of this store is.
    pub(crate) fn find(core: &StoreCore, func: Func) -> Result<Self> {
        let record = func.read_in(core.id)?;
        if let Some(binding) = HostBinding::of_record(&record) {
            return Ok(Self::Host(binding.func.clone(), binding.instance));
        }
        let FuncRecord { code, context, type_id, .. } = record;
        // SAFETY: a record without a host value is an instance's.
        let owner = unsafe { crate::store::instance::InstanceState::index_of(Context(context)) };
        let guest = &core.instances[owner.index()];
        let (module, info) = guest.module();
        let its_stub = info.entry_stub(type_id).map(|stub| guest.image.code(module, stub));
        let stub = its_stub.or_else(|| core.entry_stub(type_id)).ok_or_else(|| {
            let ty = types::get(type_id);
            Error::usage(format!("the artifact has no entry for functions of type {ty}"))
        })?;
        Ok(Self::Guest(EntryPoint { stub, context, code }))
    }

    /// Calls it.
    ///
    /// # Safety
    ///
    /// It is of this store; `values` has as many slots as its type needs.
    pub(crate) unsafe fn call<T>(
        &self,
        access: &mut StoreMut<'_, T>,
        values: &mut [RawValue],
    ) -> Result<()> {
        match self {
            // SAFETY: the access keeps others away from the store.
            Self::Guest(entry) => unsafe { invoke::invoke(access.pointer(), *entry, values) },
            Self::Host(func, instance) => {
                let values = &mut values[..func.slots];
                match (func.call)(access.pointer().cast(), *instance, values)? {
                    Poll::Ready(()) => Ok(()),
                    Poll::Pending => Err(Error::usage(
                        "a host function that the host itself called is pending: only guests \
                         can wait for it",
                    )),
                }
            }
        }
    }
}

/// A host function from a closure that takes slots.
pub(crate) fn raw<T: 'static>(
    ty: FuncType,
    f: impl Fn(&mut Caller<'_, T>, &mut [RawValue]) -> Result<()> + Send + Sync + 'static,
) -> Result<HostFunc> {
    erased(&ty, false, move |caller, values| f(caller, values).map(Poll::Ready))
}

/// As [`raw`], of a closure that may be pending.
pub(crate) fn raw_pending<T: 'static>(
    ty: FuncType,
    f: impl Fn(&mut Caller<'_, T>, &mut [RawValue]) -> Result<Poll<()>> + Send + Sync + 'static,
) -> Result<HostFunc> {
    erased(&ty, true, f)
}

/// A host function from a closure that takes [`Val`]s.
pub(crate) fn untyped<T: 'static>(
    ty: FuncType,
    f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Result<HostFunc> {
    let f = move |caller: Caller<'_, T>, params: &[Val], results: &mut [Val]| {
        f(caller, params, results).map(Poll::Ready)
    };
    with_values(ty, false, f)
}

/// A host function from a closure that takes [`Val`]s and may be pending.
pub(crate) fn pending<T: 'static>(
    ty: FuncType,
    f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<Poll<()>> + Send + Sync + 'static,
) -> Result<HostFunc> {
    with_values(ty, true, f)
}

fn with_values<T: 'static>(
    ty: FuncType,
    may_block: bool,
    f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<Poll<()>> + Send + Sync + 'static,
) -> Result<HostFunc> {
    let defaults: Option<Vec<Val>> = ty.results.iter().map(Val::default_for).collect();
    let defaults = defaults.ok_or_else(|| {
        Error::usage(format!("a host function of type {ty} cannot give defaults"))
    })?;
    let shape = ty.clone();
    erased(&ty, may_block, move |caller, values| {
        let id = caller.as_store().core().id;
        let params = shape.params.iter().zip(&*values);
        let params: Vec<Val> = params.map(|(ty, raw)| Val::from_raw(*raw, ty, id)).collect();
        let mut results = defaults.clone();
        if f(caller.by_ref(), &params, &mut results)?.is_pending() {
            return Ok(Poll::Pending);
        }
        for ((slot, value), ty) in values.iter_mut().zip(results).zip(&shape.results) {
            *slot = value.to_raw(ty, id)?;
        }
        Ok(Poll::Ready(()))
    })
}

/// A host function with the type of its store's data erased.
fn erased<T: 'static>(
    ty: &FuncType,
    may_block: bool,
    f: impl Fn(&mut Caller<'_, T>, &mut [RawValue]) -> Result<Poll<()>> + Send + Sync + 'static,
) -> Result<HostFunc> {
    let (id, _held) = types::intern(ty).map_err(Error::Usage)?;
    let call: Box<Callback> = Box::new(
        move |block: NonNull<StoreBlock>, instance: Option<InstanceId>, values: &mut [RawValue]| {
            // SAFETY: callbacks are only called with a store whose data is a
            // `T`: see `HostFunc::call`.
            let store = unsafe { StoreMut::<T>::from_block(block) };
            f(&mut Caller::new(store, instance), values)
        },
    );
    Ok(HostFunc { ty: id, _held, slots: slots(ty), may_block, call })
}

const _: () = assert!(abi::VALUE_SIZE as usize == size_of::<RawValue>());
