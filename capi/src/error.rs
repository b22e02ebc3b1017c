//! Errors as values of the heap, which the program frees.
//!
//! # Safety
//!
//! Errors that come in were made here and not freed yet.
#![allow(unsafe_code)]

use crate::limit_kind;
use precast_loader::{Error as LoaderError, Frame};
use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt;
use std::io::ErrorKind::OutOfMemory;
use std::ptr::null;

/// `precast_error`.
#[derive(Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    message: CString,
    exit_code: c_int,
    /// The number of the trap, or -1.
    trap: c_int,
    /// The number of the limit, or 0.
    limit: c_int,
    frames: Vec<FrameTexts>,
}

/// A function that was running, as texts that stay.
#[derive(Debug)]
struct FrameTexts {
    module: Option<CString>,
    name: Option<CString>,
    function: u32,
    offset: i64,
}

impl FrameTexts {
    fn new(frame: &Frame) -> Self {
        Self {
            module: frame.module.as_deref().map(text),
            name: frame.name.as_deref().map(text),
            function: frame.function.get(),
            offset: frame.offset.map_or(-1, |offset| i64::from(offset.get())),
        }
    }
}

/// `precast_frame`.
#[repr(C)]
pub(crate) struct FrameInfo {
    module: *const c_char,
    name: *const c_char,
    function: u32,
    offset: i64,
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
        let message = text(&message.to_string());
        Self { kind, message, exit_code: 0, trap: -1, limit: 0, frames: Vec::new() }
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
            | LoaderError::Unsigned(..)
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
        let trap = error.trap_code().map_or(-1, |code| code as c_int);
        let frames = error.frames().iter().map(FrameTexts::new).collect();
        let (limit, message) = (limit_kind::number(error.limit()), text(&error.to_string()));
        Self { kind, message, exit_code, trap, limit, frames }
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

/// `precast_error_trap`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_trap(error: *const Error) -> c_int {
    // SAFETY: null, or an error of ours.
    unsafe { error.as_ref() }.map_or(-1, |error| error.trap)
}

/// `precast_error_limit`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_limit(error: *const Error) -> c_int {
    // SAFETY: null, or an error of ours.
    unsafe { error.as_ref() }.map_or(0, |error| error.limit)
}

/// `precast_error_frame`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_error_frame(
    error: *const Error,
    index: usize,
    info: *mut FrameInfo,
) -> c_int {
    // SAFETY: null, or an error of ours.
    let frame = unsafe { error.as_ref() }.and_then(|error| error.frames.get(index));
    let Some(FrameTexts { module, name, function, offset }) = frame else { return 0 };
    let pointer = |text: &Option<CString>| text.as_ref().map_or(null(), |text| text.as_ptr());
    let (module, name) = (pointer(module), pointer(name));
    if !info.is_null() {
        // SAFETY: the program wants it there.
        unsafe { info.write(FrameInfo { module, name, function: *function, offset: *offset }) };
    }
    1
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
    Error { message: message.to_owned(), ..Error::new(ErrorKind::Host, "") }.into_raw()
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
