//! Instances, and calls of what they export.
//!
//! # Safety
//!
//! An instance is entered by one call at a time; its state turns what is against
//! that into an error, also from inside a function of the program. One that is
//! deleted while a call is in it lives until that call leaves it.
#![allow(unsafe_code)]

use crate::boundary::{guarded, text};
use crate::error::Error;
use crate::functions::Functions;
use crate::limit_kind;
use crate::store::{State, memory_bytes};
use precast_loader::wasi::WasiCtx;
use precast_loader::{Error as LoaderError, PooledStore, run_command};
use std::cell::UnsafeCell;
use std::ffi::{c_char, c_int};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant as Now};

/// `precast_instance`.
pub(crate) struct Instance {
    /// [`FREE`], [`ENTERED`] or [`DELETED`].
    state: AtomicU8,
    parts: UnsafeCell<Parts>,
}

/// No call is in it. The next state is [`ENTERED`], or it is freed.
const FREE: u8 = 0;
/// A call is in it. The next state is [`FREE`] or [`DELETED`].
const ENTERED: u8 = 1;
/// The call that is in it frees it.
const DELETED: u8 = 2;

pub(crate) struct Parts {
    pub(crate) store: PooledStore<State>,
    /// Its exported functions, as far as they were asked for.
    pub(crate) functions: Functions,
    /// What each call may take.
    time: Option<Duration>,
}

impl Instance {
    /// As a pointer that the program owns. Each of its calls may take `time`.
    pub(crate) fn new(store: PooledStore<State>, time: Option<Duration>) -> *mut Self {
        let parts = UnsafeCell::new(Parts { store, functions: Functions::default(), time });
        Box::into_raw(Box::new(Self { state: AtomicU8::new(FREE), parts }))
    }
}

impl Parts {
    /// Runs something that calls the guest.
    #[inline(always)]
    pub(crate) fn timed<R>(
        &mut self,
        call: impl FnOnce(&mut PooledStore<State>, &Functions) -> Result<R, LoaderError>,
    ) -> Result<R, Error> {
        start_clock(&mut self.store, self.time)?;
        let result = call(&mut self.store, &self.functions);
        if self.time.is_some() {
            self.store.set_deadline(None)?;
        }
        Ok(result?)
    }
}

/// From now on the guest has this time.
pub(crate) fn start_clock(
    store: &mut PooledStore<State>,
    time: Option<Duration>,
) -> Result<(), LoaderError> {
    // One so far away that it cannot be told never comes.
    match time.and_then(|time| Now::now().checked_add(time)) {
        None => Ok(()),
        deadline => store.set_deadline(deadline),
    }
}

/// `precast_instance_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_instance_delete(instance: *mut Instance) {
    // SAFETY: null, or made by `precast_instantiate` and not freed yet.
    let Some(state) = (unsafe { instance.as_ref() }).map(|instance| &instance.state) else {
        return;
    };
    if state.swap(DELETED, Ordering::AcqRel) == FREE {
        // SAFETY: as above, and no call is in it.
        drop(unsafe { Box::from_raw(instance) });
    }
}

/// Runs `body` with the parts of an instance that nobody else uses.
///
/// # Safety
///
/// `instance` is live.
#[inline(always)]
pub(crate) unsafe fn enter(
    instance: *mut Instance,
    body: impl FnOnce(&mut Parts) -> Result<(), Error>,
) -> Result<(), Error> {
    struct Leave(*mut Instance);
    impl Drop for Leave {
        fn drop(&mut self) {
            // SAFETY: it is freed by nobody but this while it is entered.
            let state = unsafe { &(*self.0).state };
            let left = state.compare_exchange(ENTERED, FREE, Ordering::AcqRel, Ordering::Acquire);
            if left.is_err() {
                // SAFETY: deleted meanwhile, which left freeing it to this.
                drop(unsafe { Box::from_raw(self.0) });
            }
        }
    }
    // SAFETY: as the caller promises.
    let Some(Instance { state, parts }) = (unsafe { instance.as_ref() }) else {
        return Err(Error::usage("the instance is null"));
    };
    match state.compare_exchange(FREE, ENTERED, Ordering::Acquire, Ordering::Acquire) {
        Ok(_) => {}
        Err(DELETED) => return Err(Error::usage("the instance is deleted")),
        Err(_) => {
            let why = "the instance is in use: by another thread, or by its own call";
            return Err(Error::usage(why));
        }
    }
    let _leave = Leave(instance);
    // SAFETY: whoever entered is alone until it leaves.
    body(unsafe { &mut *parts.get() })
}

/// `precast_run`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_run(
    instance: *mut Instance,
    exit_code: *mut c_int,
) -> *mut Error {
    // SAFETY: pointers are what the header says.
    guarded(|| unsafe {
        enter(instance, |parts| {
            let handle = parts.store.instance();
            let code = parts.timed(|store, _| run_command(store, &handle))?;
            if !exit_code.is_null() {
                exit_code.write(code);
            }
            Ok(())
        })
    })
}

/// `precast_memory`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_memory(
    instance: *mut Instance,
    export: *const c_char,
    size: *mut usize,
) -> *mut u8 {
    let mut bytes = null_mut();
    // SAFETY: pointers are what the header says.
    let refused = guarded(|| unsafe {
        let export = text("the name of the export", export)?;
        enter(instance, |Parts { store, .. }| {
            let memory = store.instance().get_memory(store, export);
            bytes = memory_bytes(memory, store, size);
            Ok(())
        })
    });
    // SAFETY: null, or an error that was just made.
    unsafe { crate::error::precast_error_delete(refused) };
    bytes
}

/// `precast_limit_reached`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_limit_reached(instance: *mut Instance) -> c_int {
    let mut reached = None;
    // SAFETY: pointers are what the header says.
    let refused = guarded(|| unsafe {
        enter(instance, |Parts { store, .. }| {
            let wasi = store.data().wasi.as_ref();
            reached = store.limit_reached().or(wasi.and_then(WasiCtx::limit_reached));
            Ok(())
        })
    });
    // SAFETY: null, or an error that was just made.
    unsafe { crate::error::precast_error_delete(refused) };
    limit_kind::number(reached)
}
