//! Artifacts that are opened when the program runs, and what is in them.
//!
//! # Safety
//!
//! Pointers are what the header says; who opens what others may have written
//! says so.
#![allow(unsafe_code)]

use crate::boundary::{array, given, guarded, text};
use crate::error::Error;
use precast_loader::{Artifact, ExternType, FuncType, TrustedKeys, ValType};
use std::ffi::{CString, c_char, c_int};
use std::path::Path;
use std::ptr::null;

/// `precast_artifact`.
pub(crate) struct OpenedArtifact {
    pub(crate) artifact: Artifact,
    imports: Vec<Description>,
    exports: Vec<Description>,
}

/// What an import or export is, as texts that stay.
struct Description {
    /// Of an import.
    module: Option<CString>,
    name: CString,
    kind: c_int,
    ty: CString,
}

/// `precast_extern`.
#[repr(C)]
pub(crate) struct ExternInfo {
    module: *const c_char,
    name: *const c_char,
    kind: c_int,
    ty: *const c_char,
}

impl OpenedArtifact {
    fn new(artifact: Artifact) -> Self {
        let describe = |module: Option<&str>, name: &str, ty: &ExternType| {
            let (kind, ty) = kind_and_type(ty);
            Description { module: module.map(zero_ended), name: zero_ended(name), kind, ty }
        };
        let imports = artifact.imports();
        let imports = imports.iter().map(|it| describe(Some(&it.module), &it.name, &it.ty));
        let exports = artifact.exports();
        let exports = exports.iter().map(|it| describe(None, &it.name, &it.ty));
        Self { imports: imports.collect(), exports: exports.collect(), artifact }
    }
}

/// Text for C; one with a zero inside cannot be asked for from C anyway.
fn zero_ended(text: &str) -> CString {
    CString::new(text.replace('\0', "?")).unwrap_or_default()
}

/// `precast_extern_kind`, and the type as the header writes it.
fn kind_and_type(ty: &ExternType) -> (c_int, CString) {
    match ty {
        ExternType::Func(ty) => (0, zero_ended(&signature(ty))),
        ExternType::Table(_) => (1, zero_ended(&ty.to_string())),
        ExternType::Memory(_) => (2, zero_ended(&ty.to_string())),
        ExternType::Global(_) => (3, zero_ended(&ty.to_string())),
        _ => (4, zero_ended(&ty.to_string())),
    }
}

/// A letter for each parameter, `>`, a letter for each result.
fn signature(ty: &FuncType) -> String {
    let letter = |ty: &ValType| match ty {
        ValType::I32 => 'i',
        ValType::I64 => 'I',
        ValType::F32 => 'f',
        ValType::F64 => 'F',
        ValType::V128 => 'v',
        ValType::Ref(_) => 'r',
    };
    let letters = |types: &[ValType]| types.iter().map(letter).collect::<String>();
    format!("{}>{}", letters(&ty.params), letters(&ty.results))
}

/// `precast_artifact_open`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_artifact_open(
    path: *const c_char,
    trusted: c_int,
    artifact: *mut *mut OpenedArtifact,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let (path, place) =
            unsafe { (text("the path", path)?, given("where the artifact is wanted", artifact)?) };
        let opened = match trusted {
            0 => Artifact::open_owned(Path::new(path)),
            // SAFETY: the program says that it may be run.
            _ => unsafe { Artifact::open(Path::new(path)) },
        };
        *place = Box::into_raw(Box::new(OpenedArtifact::new(opened?)));
        Ok(())
    })
}

/// `precast_artifact_open_signed`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_artifact_open_signed(
    path: *const c_char,
    keys: *const [u8; 32],
    key_count: usize,
    artifact: *mut *mut OpenedArtifact,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let (path, keys, place) = unsafe {
            let keys = array("the keys", keys, key_count)?;
            (text("the path", path)?, keys, given("where the artifact is wanted", artifact)?)
        };
        let mut trusted = TrustedKeys::new();
        for key in keys {
            trusted.add(key)?;
        }
        let opened = Artifact::open_signed(Path::new(path), &trusted)?;
        *place = Box::into_raw(Box::new(OpenedArtifact::new(opened)));
        Ok(())
    })
}

/// `precast_artifact_from_bytes`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_artifact_from_bytes(
    bytes: *const u8,
    size: usize,
    artifact: *mut *mut OpenedArtifact,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says, and the program says that
        // the code may be run.
        let (place, opened) = unsafe {
            let bytes = array("the bytes", bytes, size)?;
            (given("where the artifact is wanted", artifact)?, Artifact::from_bytes(bytes))
        };
        *place = Box::into_raw(Box::new(OpenedArtifact::new(opened?)));
        Ok(())
    })
}

/// `precast_artifact_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_artifact_delete(artifact: *mut OpenedArtifact) {
    if !artifact.is_null() {
        // SAFETY: made by one of the above, and freed once.
        drop(unsafe { Box::from_raw(artifact) });
    }
}

/// `precast_artifact_import`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_artifact_import(
    artifact: *const OpenedArtifact,
    index: usize,
    info: *mut ExternInfo,
) -> c_int {
    // SAFETY: pointers are what the header says.
    unsafe { tell(artifact.as_ref().and_then(|it| it.imports.get(index)), info) }
}

/// `precast_artifact_export`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_artifact_export(
    artifact: *const OpenedArtifact,
    index: usize,
    info: *mut ExternInfo,
) -> c_int {
    // SAFETY: pointers are what the header says.
    unsafe { tell(artifact.as_ref().and_then(|it| it.exports.get(index)), info) }
}

/// # Safety
///
/// `info` is null, or can be written.
unsafe fn tell(found: Option<&Description>, info: *mut ExternInfo) -> c_int {
    let Some(Description { module, name, kind, ty }) = found else { return 0 };
    if !info.is_null() {
        let module = module.as_ref().map_or(null(), |module| module.as_ptr());
        let told = ExternInfo { module, name: name.as_ptr(), kind: *kind, ty: ty.as_ptr() };
        // SAFETY: as the caller promises.
        unsafe { info.write(told) };
    }
    1
}
