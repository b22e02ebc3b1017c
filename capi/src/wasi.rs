//! What WASI programs are granted.
//!
//! # Safety
//!
//! Pointers are what the header says.
#![allow(unsafe_code)]

use crate::boundary::{given, guarded, text};
use crate::error::{Error, ErrorKind};
use precast_loader::wasi::{DirAccess, WasiCtxBuilder};
use std::ffi::{c_char, c_int};
use std::path::Path;

/// `precast_wasi`.
#[derive(Default)]
pub(crate) struct Wasi(pub(crate) WasiCtxBuilder);

/// `precast_wasi_new`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn precast_wasi_new() -> *mut Wasi {
    Box::into_raw(Box::default())
}

/// `precast_wasi_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_wasi_delete(wasi: *mut Wasi) {
    if !wasi.is_null() {
        // SAFETY: made by `precast_wasi_new`, and freed once.
        drop(unsafe { Box::from_raw(wasi) });
    }
}

/// `precast_wasi_arg`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_wasi_arg(
    wasi: *mut Wasi,
    arg: *const c_char,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let (wasi, arg) = unsafe { (given("wasi", wasi)?, text("the argument", arg)?) };
        wasi.0.arg(arg);
        Ok(())
    })
}

/// `precast_wasi_env`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_wasi_env(
    wasi: *mut Wasi,
    name: *const c_char,
    value: *const c_char,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let (wasi, name, value) =
            unsafe { (given("wasi", wasi)?, text("the name", name)?, text("the value", value)?) };
        wasi.0.env(name, value);
        Ok(())
    })
}

/// `precast_wasi_inherit_stdio`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_wasi_inherit_stdio(wasi: *mut Wasi) {
    // SAFETY: null, or what the header says.
    if let Some(wasi) = unsafe { wasi.as_mut() } {
        wasi.0.inherit_stdio();
    }
}

/// `precast_wasi_dir`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_wasi_dir(
    wasi: *mut Wasi,
    host: *const c_char,
    guest: *const c_char,
    read_only: c_int,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let (wasi, host, guest) = unsafe {
            (given("wasi", wasi)?, text("the directory", host)?, text("its name", guest)?)
        };
        let access = if read_only != 0 { DirAccess::ReadOnly } else { DirAccess::ReadWrite };
        let granted = wasi.0.preopen_dir(Path::new(host), guest, access).map(|_| ());
        granted.map_err(|why| Error::new(ErrorKind::Other, format!("cannot open `{host}`: {why}")))
    })
}
