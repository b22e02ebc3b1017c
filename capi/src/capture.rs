//! Standard streams in memory.
//!
//! # Safety
//!
//! Pointers are what the header says.
#![allow(unsafe_code)]

use crate::boundary::{array, given, guarded};
use crate::error::Error;
use crate::wasi::Wasi;
use precast_loader::wasi::{Bytes, Capture, Input, Output};
use std::ffi::c_int;
use std::sync::{Mutex, PoisonError};

/// `precast_capture`.
#[derive(Default)]
pub(crate) struct CapturedOutput {
    capture: Capture,
    /// What was taken from the capture and not read yet.
    left: Mutex<Vec<u8>>,
}

/// `precast_capture_new`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn precast_capture_new() -> *mut CapturedOutput {
    Box::into_raw(Box::default())
}

/// `precast_capture_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_capture_delete(capture: *mut CapturedOutput) {
    if !capture.is_null() {
        // SAFETY: made by `precast_capture_new`, and freed once.
        drop(unsafe { Box::from_raw(capture) });
    }
}

/// `precast_capture_read`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_capture_read(
    capture: *const CapturedOutput,
    buffer: *mut u8,
    size: usize,
) -> usize {
    // SAFETY: null, or a capture of ours.
    let Some(CapturedOutput { capture, left }) = (unsafe { capture.as_ref() }) else { return 0 };
    let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
    left.extend(capture.take());
    if buffer.is_null() {
        return left.len();
    }
    let count = size.min(left.len());
    // SAFETY: the program has `size` bytes there.
    unsafe { buffer.copy_from_nonoverlapping(left.as_ptr(), count) };
    left.drain(..count);
    count
}

/// `precast_wasi_capture`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_wasi_capture(
    wasi: *mut Wasi,
    stream: c_int,
    capture: *mut CapturedOutput,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let (wasi, capture) = unsafe { (given("wasi", wasi)?, given("the capture", capture)?) };
        let output = Output::Capture(capture.capture.clone());
        match stream {
            1 => wasi.0.stdout(output),
            2 => wasi.0.stderr(output),
            _ => return Err(Error::usage(format!("stream {stream} is no output: 1 and 2 are"))),
        };
        Ok(())
    })
}

/// `precast_wasi_stdin`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_wasi_stdin(
    wasi: *mut Wasi,
    bytes: *const u8,
    size: usize,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let (wasi, bytes) = unsafe { (given("wasi", wasi)?, array("the bytes", bytes, size)?) };
        wasi.0.stdin(Input::Bytes(Bytes::new(bytes)));
        Ok(())
    })
}
