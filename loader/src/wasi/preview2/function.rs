//! Functions of WASI 0.2 as the table has them: with Rust types inside, and core
//! values outside.

use crate::canonical::canon::{Canon, Flat, GuestBytes};
use crate::canonical::containers::Several;
use crate::canonical::shape::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use crate::canonical::typed::{ComponentType, Known, Lift, Lower};
use crate::error::Result;
use crate::sys::buffer::Buffer;
use crate::vm::raw::RawValue;
use crate::wasi::host::context::WasiCtx;
use precast_artifact::component::ComponentFuncType;
use std::any::TypeId;

/// A function of WASI 0.2.
pub(crate) struct Preview2Function {
    /// Without its version: `wasi:io/streams`.
    pub(crate) interface: &'static str,
    /// As WIT encodes it: `[method]input-stream.read`.
    pub(crate) name: &'static str,
    /// Calls it: with parameters in the first slots, results in the second.
    pub(crate) call: fn(&mut dyn GuestCall, &[RawValue], &mut [RawValue]) -> Result<()>,
    /// Whether its type is this one.
    pub(crate) is: fn(&Known<'_>, &ComponentFuncType) -> bool,
}

/// A resource type of WASI 0.2.
pub(crate) struct Preview2Resource {
    /// Without its version.
    pub(crate) interface: &'static str,
    /// Its name.
    pub(crate) name: &'static str,
    /// The Rust type behind it.
    pub(crate) ty: fn() -> TypeId,
    /// Drops the one of this representation.
    pub(crate) drop: fn(&mut WasiCtx, u32),
}

/// A call by a guest.
pub(crate) trait GuestCall {
    /// The guest's side, for lifting and lowering.
    fn canon(&mut self) -> Canon<'_>;

    /// The host's side.
    fn host(&mut self) -> HostCall<'_>;
}

/// What a function works with.
pub(crate) struct HostCall<'c> {
    /// What the guest was granted.
    pub(crate) ctx: &'c mut WasiCtx,
    /// The guest's memory.
    pub(crate) memory: Buffer<'c>,
}

impl<'c> HostCall<'c> {
    /// The bytes of a list that stays in the guest's memory.
    pub(crate) fn buffer(&self, bytes: GuestBytes) -> Buffer<'c> {
        self.memory.get(bytes.at as usize, bytes.len as usize).unwrap_or(Buffer::EMPTY)
    }
}

/// Lifts the parameters, calls, and lowers the result.
pub(super) fn invoke<P: Lift, R: Lower>(
    guest: &mut dyn GuestCall,
    params: &[RawValue],
    results: &mut [RawValue],
    function: impl Fn(&mut HostCall<'_>, P) -> Result<R>,
) -> Result<()> {
    let mut canon = guest.canon();
    let mut from = Flat::new(params);
    let given = if P::FLAT <= MAX_FLAT_PARAMS {
        P::lift(&mut canon, &mut from)?
    } else {
        let at = from.u32();
        canon.check(at, P::SIZE.into(), P::ALIGN)?;
        P::load(&mut canon, at)?
    };
    let result = function(&mut guest.host(), given)?;
    let mut canon = guest.canon();
    if R::FLAT <= MAX_FLAT_RESULTS {
        let mut flat = Vec::with_capacity(1);
        result.lower(&mut canon, &mut flat)?;
        results.iter_mut().zip(flat).for_each(|(slot, value)| *slot = value);
        return Ok(());
    }
    let at = params.last().map_or(0, |slot| slot.u32());
    canon.check(at, R::SIZE.into(), R::ALIGN)?;
    result.store(&mut canon, at)
}

/// Whether a component means a function of these Rust types.
pub(super) fn matches<P: Several, R: ComponentType>(
    known: &Known<'_>,
    ty: &ComponentFuncType,
    _: impl Fn(&mut HostCall<'_>, P) -> Result<R>,
) -> bool {
    let params: Vec<_> = ty.params.iter().map(|param| param.ty).collect();
    P::are(known, &params) && known.carries::<R>(ty.result)
}
