//! What crosses between the program and us.
//!
//! # Safety
//!
//! Texts that come in end with a zero and live as long as the call.
#![allow(unsafe_code)]

use crate::error::{Error, ErrorKind};
use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

/// Runs the body of a function of the interface: its error becomes the
/// program's, and a panic, which is a bug of ours, one too.
#[inline(always)]
pub(crate) fn guarded(body: impl FnOnce() -> Result<(), Error>) -> *mut Error {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => null_mut(),
        Ok(Err(error)) => error.into_raw(),
        Err(_) => Error::new(ErrorKind::Other, "a bug in precast: it panicked").into_raw(),
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

/// Something of the program that is not null.
///
/// # Safety
///
/// `pointer` is null, or leads to what nobody else uses during the call.
pub(crate) unsafe fn given<'a, T>(what: &str, pointer: *mut T) -> Result<&'a mut T, Error> {
    // SAFETY: as the caller promises.
    unsafe { pointer.as_mut() }.ok_or_else(|| Error::usage(format!("{what} is null")))
}

/// An array of the program; null if it has no elements.
///
/// # Errors
///
/// It has elements and is null.
///
/// # Safety
///
/// `pointer` is null, or leads to `count` elements, which live as long as the call and are
/// not written meanwhile.
pub(crate) unsafe fn array<'a, T>(
    what: &str,
    pointer: *const T,
    count: usize,
) -> Result<&'a [T], Error> {
    match count {
        0 => Ok(&[]),
        _ if pointer.is_null() => Err(Error::usage(format!("{what} are null"))),
        // SAFETY: as the caller promises.
        _ => Ok(unsafe { std::slice::from_raw_parts(pointer, count) }),
    }
}
