//! Functions of the program that modules import.
//!
//! # Safety
//!
//! A function may be called on every thread that its instance is used on; the
//! program answers for its data.
#![allow(unsafe_code)]

use crate::boundary::text;
use crate::error::Error;
use crate::store::{State, memory_bytes};
use crate::value::{Value, with_room};
use precast_loader::{Caller as LoaderCaller, Error as LoaderError, FuncType, RawValue, ValType};
use std::ffi::{c_char, c_void};
use std::ptr::null_mut;

/// `precast_function`.
pub(crate) type Function = unsafe extern "C" fn(
    data: *mut c_void,
    caller: *mut Caller<'_>,
    args: *const Value,
    results: *mut Value,
) -> *mut Error;

/// `precast_import`.
#[repr(C)]
pub(crate) struct Import {
    pub(crate) module: *const c_char,
    pub(crate) name: *const c_char,
    pub(crate) function: Option<Function>,
    pub(crate) data: *mut c_void,
}

/// `precast_caller`.
pub(crate) struct Caller<'a>(LoaderCaller<'a, State>);

/// A function and its data, as they move between threads with the instance.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    function: Function,
    data: *mut c_void,
}

// SAFETY: see the module.
unsafe impl Send for Callback {}
// SAFETY: see the module.
unsafe impl Sync for Callback {}

impl Callback {
    pub(crate) fn new(function: Function, data: *mut c_void) -> Self {
        Self { function, data }
    }

    /// Calls it for a guest: parameters in the slots before, results after.
    pub(crate) fn call(
        &self,
        ty: &FuncType,
        caller: LoaderCaller<'_, State>,
        slots: &mut [RawValue],
    ) -> Result<(), LoaderError> {
        let mut caller = Caller(caller);
        let (params, results) = (ty.params.len(), ty.results.len());
        let error = with_room(Value::ZERO, params + results, |values| {
            let (args, given) = values.split_at_mut(params);
            for ((value, slot), ty) in args.iter_mut().zip(&*slots).zip(&ty.params) {
                *value = Value::from_raw(slot, ty);
            }
            // SAFETY: as many values as the type has, as the header promises.
            let error = unsafe {
                (self.function)(self.data, &raw mut caller, args.as_ptr(), given.as_mut_ptr())
            };
            for ((slot, value), ty) in slots.iter_mut().zip(given).zip(&ty.results) {
                *slot = value.to_raw(ty);
            }
            error
        });
        match error.is_null() {
            true => Ok(()),
            // SAFETY: the library owns errors that functions return.
            false => Err(LoaderError::host(*unsafe { Box::from_raw(error) })),
        }
    }
}

/// Whether everything in a type is a number, for which [`Value`] has a field.
pub(crate) fn has_numbers_only(ty: &FuncType) -> bool {
    !ty.params.iter().chain(&ty.results).any(|ty| matches!(ty, ValType::Ref(_)))
}

/// `precast_caller_memory`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_caller_memory(
    caller: *mut Caller<'_>,
    name: *const c_char,
    size: *mut usize,
) -> *mut u8 {
    // SAFETY: null, or the caller that the function was called with; a text.
    let (caller, name) = unsafe { (caller.as_mut(), text("the name", name)) };
    let (Some(Caller(caller)), Ok(name)) = (caller, name) else { return null_mut() };
    let memory = caller.get_memory(name);
    // SAFETY: the program reads the size where it asked for it.
    unsafe { memory_bytes(memory, caller, size) }
}
