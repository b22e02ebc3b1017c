//! Functions of the host that components import.

use crate::api::caller::Caller;
use crate::canonical::canon::{CallOptions, Canon, Flat};
use crate::canonical::containers::ComponentTypeList;
use crate::canonical::known::{Check, Known};
use crate::canonical::pass;
use crate::canonical::shape::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS, Types};
use crate::canonical::state::ComponentState;
use crate::canonical::typed::{Lift, Lower};
use crate::canonical::value::Value;
use crate::canonical::{lift, lower};
use crate::error::Result;
use crate::store::access::{AsStore, StoreMut};
use crate::store::host::HostFunc;
use crate::vm::raw::RawValue;
use precast_artifact::component::ComponentFuncType;
use precast_artifact::index::{ComponentFuncTypeIndex, ComponentId};
use std::marker::PhantomData;

/// A call of an imported function.
pub(crate) struct ImportCall<'a, T> {
    pub(crate) store: StoreMut<'a, T>,
    /// Index of the component in the store.
    pub(crate) component: ComponentId,
    pub(crate) options: &'a CallOptions,
    pub(crate) types: &'a Types,
    /// The type that the component means.
    pub(crate) ty: ComponentFuncTypeIndex,
}

/// A function of the host for components.
pub(crate) trait HostFunction<T>: Send + Sync {
    /// Calls it. Of the slots, parameters stand in the first, and results in the
    /// others.
    fn call(
        &self,
        call: ImportCall<'_, T>,
        params: &[RawValue],
        results: &mut [RawValue],
    ) -> Result<()>;

    /// What differs from the type that a component means.
    fn check(&self, known: &Known<'_>, ty: &ComponentFuncType) -> Check;

    /// Whether it is not done when its call returns, but the component waits for
    /// what it left in the store.
    fn is_awaited(&self) -> bool {
        false
    }

    /// If it is of the loader's own WASI: the function of preview 1 that works on
    /// what it works on.
    fn preview1(&self, _: &str) -> Option<HostFunc> {
        None
    }
}

/// A function that takes and gives [`Value`]s, of any type.
pub(super) struct Dynamic<F>(pub(super) F);

impl<T, F> HostFunction<T> for Dynamic<F>
where
    F: Fn(Caller<'_, T>, &[Value]) -> Result<Option<Value>> + Send + Sync,
{
    fn call(
        &self,
        mut call: ImportCall<'_, T>,
        params: &[RawValue],
        results: &mut [RawValue],
    ) -> Result<()> {
        let types = call.types;
        let ty = &types.component().types.functions[call.ty.index()];
        let mut canon = call.canon();
        let mark = canon.state().held.mark();
        let arguments = arguments(&mut canon, types, ty, params)?;
        let caller = Caller::new(call.store.as_store_mut(), None);
        let result = (self.0)(caller, &arguments)?;
        let mut canon = call.canon();
        give(&mut canon, types, ty, result, params, results)?;
        ComponentState::of(call.store.core(), call.component).held.release(mark);
        Ok(())
    }

    fn check(&self, _: &Known<'_>, _: &ComponentFuncType) -> Check {
        Ok(())
    }
}

/// A function of Rust types.
pub(super) struct TypedHost<F, P, R> {
    f: F,
    types: PhantomData<fn(P) -> R>,
}

impl<F, P, R> TypedHost<F, P, R> {
    pub(super) fn new(f: F) -> Self {
        Self { f, types: PhantomData }
    }
}

impl<T, F, P, R> HostFunction<T> for TypedHost<F, P, R>
where
    F: Fn(Caller<'_, T>, P) -> Result<R> + Send + Sync,
    P: ComponentTypeList + Lift,
    R: ComponentTypeList + Lower,
{
    fn call(
        &self,
        mut call: ImportCall<'_, T>,
        params: &[RawValue],
        results: &mut [RawValue],
    ) -> Result<()> {
        let given = pass::lift_params(&mut call.canon(), params)?;
        let result = (self.f)(Caller::new(call.store.as_store_mut(), None), given)?;
        pass::lower_result(&mut call.canon(), &result, params, results)
    }

    fn check(&self, known: &Known<'_>, ty: &ComponentFuncType) -> Check {
        let check = pass::check_function::<P, R>(known, ty);
        check.map_err(|why| format!("a function of another type: {why}"))
    }
}

impl<T> ImportCall<'_, T> {
    /// The component's side, for lifting and lowering.
    pub(crate) fn canon(&mut self) -> Canon<'_> {
        Canon::new(self.store.erased(), self.component, self.options)
    }
}

/// Lifts the arguments.
fn arguments(
    canon: &mut Canon<'_>,
    types: &Types,
    ty: &ComponentFuncType,
    params: &[RawValue],
) -> Result<Vec<Value>> {
    let tys = ty.params.iter().map(|param| param.ty);
    let mut from = Flat::new(params);
    match types.flat_count(tys.clone(), MAX_FLAT_PARAMS) {
        Some(_) => tys.map(|ty| lift::flat(canon, types, ty, &mut from)).collect(),
        None => {
            let (at, (size, align)) = (from.u32(), types.tuple(tys.clone()));
            canon.check(at, size, align)?;
            lift::in_order(canon, types, tys, at)
        }
    }
}

/// Lowers the result: what does not fit into core results goes where the last
/// parameter says.
fn give(
    canon: &mut Canon<'_>,
    types: &Types,
    ty: &ComponentFuncType,
    result: Option<Value>,
    params: &[RawValue],
    results: &mut [RawValue],
) -> Result<()> {
    let why = || crate::error::Error::usage("a host function gave no result, or one too many");
    let (ty, value) = match (ty.result, &result) {
        (Some(ty), Some(value)) => (ty, value),
        (None, None) => return Ok(()),
        _ => return Err(why()),
    };
    if types.flat_count([ty], MAX_FLAT_RESULTS).is_some() {
        let mut flat = Vec::with_capacity(1);
        lower::flat(canon, types, ty, value, &mut flat)?;
        results.iter_mut().zip(flat).for_each(|(slot, value)| *slot = value);
        return Ok(());
    }
    let at = params.last().map_or(0, |slot| slot.u32());
    canon.check(at, types.size(ty), types.align(ty))?;
    lower::store(canon, types, ty, value, at)
}
