//! Making instances, of modules that are linked into the program and of
//! artifacts that it opened.
//!
//! # Safety
//!
//! Pointers are what the header says.
#![allow(unsafe_code)]

use crate::artifact::OpenedArtifact;
use crate::boundary::{array, given, guarded, text};
use crate::error::Error;
use crate::import::{Callback, Import};
use crate::instance::{Instance, start_clock};
use crate::limits::InstanceLimits;
use crate::store::State;
use crate::wasi::Wasi;
use precast_loader::{Artifact, ExternType, Linker, Store};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// `precast_image`: a descriptor.
#[repr(C)]
pub(crate) struct LinkedImage {
    opaque: [u8; 0],
}

/// The artifact of an image. It is opened once; programs have few.
fn artifact(image: *const LinkedImage) -> Result<Artifact, Error> {
    static OPEN: Mutex<Option<HashMap<usize, Artifact>>> = Mutex::new(None);
    if image.is_null() {
        return Err(Error::usage("the image is null"));
    }
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let open = open.get_or_insert_default();
    if let Some(artifact) = open.get(&image.addr()) {
        return Ok(artifact.clone());
    }
    // SAFETY: the header promises a linked image that stays.
    let artifact = unsafe { Artifact::linked(image.cast()) }?;
    open.insert(image.addr(), artifact.clone());
    Ok(artifact)
}

/// What a module may import.
///
/// # Safety
///
/// The texts of `imports` are what the header says.
unsafe fn linker(
    artifact: &Artifact,
    wasi: bool,
    imports: &[Import],
) -> Result<Linker<State>, Error> {
    let mut linker = Linker::new();
    if wasi {
        linker.add_wasi(|state: &mut State| state.wasi.as_mut().expect("given with the linker"));
    }
    let declared = artifact.imports();
    for import in imports {
        // SAFETY: as the caller promises.
        let (module, name) = unsafe {
            (text("an import's module", import.module)?, text("an import's name", import.name)?)
        };
        let Some(function) = import.function else {
            return Err(Error::usage(format!("the function of {module}.{name} is null")));
        };
        // One that the module does not import has no type to be called with.
        for declared in declared.iter().filter(|d| d.module == module && d.name == name) {
            let ExternType::Func(ty) = declared.ty.clone() else { continue };
            let callback = Callback::new(function, import.data);
            let shape = ty.clone();
            linker.func_new(module, name, ty, move |caller, args, results| {
                callback.call(&shape, caller, args, results)
            })?;
        }
    }
    Ok(linker)
}

/// Makes an instance of an artifact.
///
/// # Safety
///
/// Pointers are what the header says.
unsafe fn instantiate(
    artifact: &Artifact,
    limits: &InstanceLimits,
    wasi: Option<Box<Wasi>>,
    imports: (*const Import, usize),
    instance: *mut *mut Instance,
) -> Result<(), Error> {
    if instance.is_null() {
        return Err(Error::usage("where the instance is wanted is null"));
    }
    // SAFETY: pointers are what the header says.
    let linker = unsafe {
        let imports = array("the imports", imports.0, imports.1)?;
        linker(artifact, wasi.is_some(), imports)
    }?;
    let wasi = wasi.map(|mut wasi| {
        limits.limit(&mut wasi.0);
        wasi.0.build()
    });
    let mut store = Store::with_limits(State { wasi }, limits.store.clone());
    start_clock(&mut store, limits.time)?;
    let handle = linker.instantiate(&mut store, artifact)?;
    if limits.time.is_some() {
        store.set_deadline(None)?;
    }
    // SAFETY: the program wants it there.
    unsafe { instance.write(Instance::new(store, handle, limits.time)) };
    Ok(())
}

/// `precast_instantiate`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_instantiate(
    image: *const LinkedImage,
    wasi: *mut Wasi,
    imports: *const Import,
    import_count: usize,
    instance: *mut *mut Instance,
) -> *mut Error {
    // SAFETY: it is ours from now on.
    let wasi = (!wasi.is_null()).then(|| unsafe { Box::from_raw(wasi) });
    guarded(move || {
        let (artifact, limits) = (artifact(image)?, InstanceLimits::default());
        // SAFETY: pointers are what the header says.
        unsafe { instantiate(&artifact, &limits, wasi, (imports, import_count), instance) }
    })
}

/// `precast_artifact_instantiate`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_artifact_instantiate(
    artifact: *const OpenedArtifact,
    limits: *const InstanceLimits,
    wasi: *mut Wasi,
    imports: *const Import,
    import_count: usize,
    instance: *mut *mut Instance,
) -> *mut Error {
    // SAFETY: it is ours from now on.
    let wasi = (!wasi.is_null()).then(|| unsafe { Box::from_raw(wasi) });
    guarded(move || {
        // SAFETY: pointers are what the header says.
        unsafe {
            let opened = given("the artifact", artifact.cast_mut())?;
            let limits = limits.as_ref().cloned().unwrap_or_default();
            instantiate(&opened.artifact, &limits, wasi, (imports, import_count), instance)
        }
    })
}
