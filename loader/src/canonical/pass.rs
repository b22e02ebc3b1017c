//! Parameters and results of Rust types: as core values if they are few, else
//! through memory.

use crate::canonical::canon::{Canon, Flat, FlatTo};
use crate::canonical::containers::ComponentTypeList;
use crate::canonical::known::{Check, Known, inside};
use crate::canonical::shape::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use crate::canonical::text;
use crate::canonical::typed::{Lift, Lower};
use crate::error::Result;
use crate::vm::raw::RawValue;
use precast_artifact::component::ComponentFuncType;

/// What a component gives a function of the host.
pub(crate) fn lift_params<P: Lift>(canon: &mut Canon<'_>, params: &[RawValue]) -> Result<P> {
    lifted(canon, params, P::FLAT <= MAX_FLAT_PARAMS)
}

/// What a function of a component gives.
pub(crate) fn lift_result<R: Lift>(canon: &mut Canon<'_>, results: &[RawValue]) -> Result<R> {
    lifted(canon, results, R::FLAT <= MAX_FLAT_RESULTS)
}

fn lifted<V: Lift>(canon: &mut Canon<'_>, slots: &[RawValue], flat: bool) -> Result<V> {
    let mut from = Flat::new(slots);
    if flat {
        return V::lift(canon, &mut from);
    }
    let at = from.u32();
    canon.check(at, V::SIZE.into(), V::ALIGN)?;
    V::load(canon, at)
}

/// What a function of a component is given.
pub(crate) fn lower_params<P: Lower>(
    canon: &mut Canon<'_>,
    params: &P,
    slots: &mut [RawValue],
) -> Result<()> {
    let mut to = FlatTo::new(slots);
    if P::FLAT <= MAX_FLAT_PARAMS {
        return params.lower(canon, &mut to);
    }
    let at = canon.allocate(P::SIZE.into(), P::ALIGN)?;
    to.push(at);
    params.store(canon, at)
}

/// What a function of the host gives a component: what does not fit into core
/// results goes where the last parameter says.
pub(crate) fn lower_result<R: Lower>(
    canon: &mut Canon<'_>,
    result: &R,
    params: &[RawValue],
    results: &mut [RawValue],
) -> Result<()> {
    if R::FLAT <= MAX_FLAT_RESULTS {
        return result.lower(canon, &mut FlatTo::new(results));
    }
    let at = params.last().map_or(0, |slot| slot.u32());
    canon.check(at, R::SIZE.into(), R::ALIGN)?;
    result.store(canon, at)
}

/// What differs between a function of Rust types and one of a component.
pub(crate) fn check_function<P: ComponentTypeList, R: ComponentTypeList>(
    known: &Known<'_>,
    ty: &ComponentFuncType,
) -> Check {
    let (given, expected) = (P::COUNT, ty.params.len());
    if given != expected {
        let ty = text::function_type(known.types(), ty);
        return Err(format!("{given} parameters in Rust, {expected} in the component: {ty}"));
    }
    for (index, param) in ty.params.iter().enumerate() {
        P::check_one(known, index, param.ty).map_err(inside("parameter", &param.name))?;
    }
    match (R::COUNT, ty.result) {
        (0, None) => Ok(()),
        (1, Some(ty)) => R::check_one(known, 0, ty).map_err(|why| format!("result: {why}")),
        (given, _) => {
            let ty = text::function_type(known.types(), ty);
            Err(format!("{given} results in Rust, unlike the component's {ty}"))
        }
    }
}
