//! Errors as values of the heap, which the program frees.
//!
//! # Safety
//!
//! Errors that come in were made here and not freed yet.
#![allow(unsafe_code)]

use precast_loader::Error as LoaderError;
use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt;
use std::io::ErrorKind::OutOfMemory;

/// `precast_error`.
#[derive(Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    message: CString,
    exit_code: c_int,
}

/// `precast_error_kind`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    Other = 0,
    Image = 1,
    Link = 2,
    Trap = 3,
    Exception = 4,
    Exit = 5,
    Host = 6,
    Limit = 7,
    Usage = 8,
}

impl Error {
    /// An error of our own.
    pub(crate) fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self { kind, message: text(&message.to_string()), exit_code: 0 }
    }

    /// For a program that used the interface wrongly.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// As a pointer that the program owns.
    pub(crate) fn into_raw(self) -> *mut Self {
        Box::into_raw(Box::new(self))
    }
}

/// Text for C: zeros would end it.
fn text(message: &str) -> CString {
    CString::new(message.replace('\0', "?")).unwrap_or_default()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message.to_string_lossy())
    }
}

impl std::error::Error for Error {}

impl From<LoaderError> for Error {
    fn from(error: LoaderError) -> Self {
        let kind = match &error {
            LoaderError::Open(..)
            | LoaderError::Untrusted(..)
            | LoaderError::WrongArchitecture { .. }
            | LoaderError::MissingCpuFeature { .. }
            | LoaderError::PageSize { .. } => ErrorKind::Image,
            LoaderError::Link(_) => ErrorKind::Link,
            LoaderError::Trap(_) => ErrorKind::Trap,
            LoaderError::Exception(_) => ErrorKind::Exception,
            LoaderError::Exit(_) => ErrorKind::Exit,
            LoaderError::Host(_) => ErrorKind::Host,
            LoaderError::Limit(..) => ErrorKind::Limit,
            LoaderError::System(_, cause) if cause.kind() == OutOfMemory => ErrorKind::Limit,
            LoaderError::Usage(_) | LoaderError::Invocation(_) => ErrorKind::Usage,
            _ => ErrorKind::Other,
        };
        let exit_code = if let LoaderError::Exit(code) = error { code } else { 0 };
        Self { kind, message: text(&error.to_string()), exit_code }
    }
}

/// `precast_error_get_kind`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_get_kind(error: *const Error) -> ErrorKind {
    // SAFETY: null, or an error of ours.
    unsafe { error.as_ref() }.map_or(ErrorKind::Other, |error| error.kind)
}

/// `precast_error_message`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_message(error: *const Error) -> *const c_char {
    // SAFETY: null, or an error of ours.
    unsafe { error.as_ref() }.map_or(c"no error".as_ptr(), |error| error.message.as_ptr())
}

/// `precast_error_exit_code`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_exit_code(error: *const Error) -> c_int {
    // SAFETY: null, or an error of ours.
    unsafe { error.as_ref() }.map_or(0, |error| error.exit_code)
}

/// `precast_error_new`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_new(message: *const c_char) -> *mut Error {
    let message = match message.is_null() {
        true => c"no message",
        // SAFETY: a text that ends with a zero.
        false => unsafe { CStr::from_ptr(message) },
    };
    Error { kind: ErrorKind::Host, message: message.to_owned(), exit_code: 0 }.into_raw()
}

/// `precast_error_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_delete(error: *mut Error) {
    if !error.is_null() {
        // SAFETY: made by `into_raw`, and freed once.
        drop(unsafe { Box::from_raw(error) });
    }
}
