//! Calls of what instances export.
//!
//! # Safety
//!
//! Arguments are read before results, which may be the same array, are written.
#![allow(unsafe_code)]

use crate::boundary::{array, given, guarded, text};
use crate::error::Error;
use crate::instance::{Instance, Parts, enter};
use crate::value::Value;
use precast_loader::recheck_signal_stack;
use std::ffi::c_char;

/// `precast_function_find`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_function_find(
    instance: *mut Instance,
    export: *const c_char,
    function: *mut usize,
) -> *mut Error {
    // SAFETY: pointers are what the header says.
    guarded(|| unsafe {
        let (export, function) =
            (text("the name of the export", export)?, given("the number", function)?);
        enter(instance, |Parts { store, functions, .. }| {
            *function = functions.find(store, export)?;
            Ok(())
        })
    })
}

/// `precast_function_call`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_function_call(
    instance: *mut Instance,
    function: usize,
    args: *const Value,
    arg_count: usize,
    results: *mut Value,
    result_count: usize,
) -> *mut Error {
    // SAFETY: pointers are what the header says.
    guarded(|| unsafe {
        enter(instance, |parts| call(parts, function, (args, arg_count), (results, result_count)))
    })
}

/// `precast_call`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_call(
    instance: *mut Instance,
    export: *const c_char,
    args: *const Value,
    arg_count: usize,
    results: *mut Value,
    result_count: usize,
) -> *mut Error {
    // SAFETY: pointers are what the header says.
    guarded(|| unsafe {
        let export = text("the name of the export", export)?;
        enter(instance, |parts| {
            let function = parts.functions.find(&parts.store, export)?;
            recheck_signal_stack();
            call(parts, function, (args, arg_count), (results, result_count))
        })
    })
}

/// Calls a function.
///
/// # Safety
///
/// Both arrays are what the header says.
#[inline(always)]
unsafe fn call(
    parts: &mut Parts,
    function: usize,
    args: (*const Value, usize),
    results: (*mut Value, usize),
) -> Result<(), Error> {
    parts.functions.check(function, args.1, results.1)?;
    if results.0.is_null() && results.1 > 0 {
        return Err(Error::usage("the results are null"));
    }
    // SAFETY: as the caller promises; `args` is not used any more when the results
    // are written.
    unsafe {
        let args = array("the arguments", args.0, args.1)?;
        parts.timed(|store, functions| {
            functions.call(store, function, args, |at, value| results.0.add(at).write(value))
        })
    }
}
