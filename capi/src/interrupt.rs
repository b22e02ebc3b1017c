//! Stopping an instance from another thread.
//!
//! # Safety
//!
//! Handles that come in were made here and not freed yet.
#![allow(unsafe_code)]

use crate::boundary::given;
use crate::boundary::guarded;
use crate::error::Error;
use crate::instance::{Instance, enter};
use precast_loader::InterruptHandle;

/// `precast_interrupt`.
pub(crate) struct Interrupt(InterruptHandle);

/// `precast_interrupt_new`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_interrupt_new(
    instance: *mut Instance,
    interrupt: *mut *mut Interrupt,
) -> *mut Error {
    // SAFETY: pointers are what the header says.
    guarded(|| unsafe {
        let place = given("where the handle is wanted", interrupt)?;
        enter(instance, |parts| {
            let handle = Interrupt(parts.store.interrupt_handle());
            *place = Box::into_raw(Box::new(handle));
            Ok(())
        })
    })
}

/// `precast_interrupt_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_interrupt_delete(interrupt: *mut Interrupt) {
    if !interrupt.is_null() {
        // SAFETY: made by `precast_interrupt_new`, and freed once.
        drop(unsafe { Box::from_raw(interrupt) });
    }
}

/// `precast_interrupt_now`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_interrupt_now(interrupt: *const Interrupt) {
    // SAFETY: null, or a handle of ours.
    if let Some(Interrupt(handle)) = unsafe { interrupt.as_ref() } {
        handle.interrupt();
    }
}

/// `precast_interrupt_clear`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_interrupt_clear(instance: *mut Instance) -> *mut Error {
    // SAFETY: pointers are what the header says.
    guarded(|| unsafe {
        enter(instance, |parts| {
            parts.store.clear_interrupt();
            Ok(())
        })
    })
}
