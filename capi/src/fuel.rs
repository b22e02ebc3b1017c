//! Fuel.
//!
//! # Safety
//!
//! Pointers are what the header says.
#![allow(unsafe_code)]

use crate::boundary::guarded;
use crate::error::{Error, precast_error_delete};
use crate::instance::{Instance, enter};
use std::ffi::c_int;

/// `precast_fuel_set`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_fuel_set(
    instance: *mut Instance,
    units: u64,
) -> *mut Error {
    // SAFETY: pointers are what the header says.
    guarded(|| unsafe { enter(instance, |parts| Ok(parts.store.set_fuel(units)?)) })
}

/// `precast_fuel_left`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_fuel_left(
    instance: *mut Instance,
    units: *mut u64,
) -> c_int {
    let mut left = None;
    // SAFETY: pointers are what the header says.
    let refused = guarded(|| unsafe {
        enter(instance, |parts| {
            left = parts.store.fuel();
            Ok(())
        })
    });
    // SAFETY: null, or an error that was just made.
    unsafe { precast_error_delete(refused) };
    let Some(left) = left else { return 0 };
    if !units.is_null() {
        // SAFETY: the program wants it there.
        unsafe { units.write(left) };
    }
    1
}
