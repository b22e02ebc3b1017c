//! Functions of WASI 0.2 as the table has them: with Rust types inside, and core
//! values outside.

use crate::canonical::canon::{Canon, GuestBytes};
use crate::canonical::containers::ComponentTypeList;
use crate::canonical::known::{Check, Known};
use crate::canonical::pass;
use crate::canonical::typed::{ComponentType, Lift, Lower, carried};
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
    /// What differs from this type.
    pub(crate) check: fn(&Known<'_>, &ComponentFuncType) -> Check,
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
    let given = pass::lift_params::<P>(&mut guest.canon(), params)?;
    let result = function(&mut guest.host(), given)?;
    pass::lower_result(&mut guest.canon(), &result, params, results)
}

/// What differs between a function of these Rust types and one of a component.
pub(super) fn check<P: ComponentTypeList, R: ComponentType>(
    known: &Known<'_>,
    ty: &ComponentFuncType,
    _: impl Fn(&mut HostCall<'_>, P) -> Result<R>,
) -> Check {
    match carried::<R>() {
        Some(_) => pass::check_function::<P, (R,)>(known, ty),
        None => pass::check_function::<P, ()>(known, ty),
    }
}
