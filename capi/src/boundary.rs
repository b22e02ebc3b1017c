//! What crosses between the program and us.
//!
//! # Safety
//!
//! Texts that come in end with a zero and live as long as the call.
#![allow(unsafe_code)]

use crate::error::{Error, Kind};
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

/// Runs the body of a function of the interface: its error becomes the
/// program's, and a panic, which is a bug of ours, one too.
pub(crate) fn guarded(body: impl FnOnce() -> Result<(), Error>) -> *mut Error {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => null_mut(),
        Ok(Err(error)) => error.into_raw(),
        Err(_) => Error::new(Kind::Other, "a bug in precast: it panicked").into_raw(),
    }
}

/// A text of the program.
///
/// # Safety
///
/// See the module.
pub(crate) unsafe fn text<'a>(what: &str, pointer: *const c_char) -> Result<&'a str, Error> {
    if pointer.is_null() {
        return Err(Error::usage(format!("{what} is null")));
    }
    // SAFETY: as the caller promises.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map_err(|_| Error::usage(format!("{what} is not UTF-8")))
}

/// An array of the program; null if it has no elements.
///
/// # Safety
///
/// `pointer` leads to `count` elements, which live as long as the call and are
/// not written meanwhile.
pub(crate) unsafe fn array<'a, T>(pointer: *const T, count: usize) -> &'a [T] {
    match count {
        0 => &[],
        // SAFETY: as the caller promises.
        _ => unsafe { std::slice::from_raw_parts(pointer, count) },
    }
}
