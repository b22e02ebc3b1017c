//! Making instances, alone and in pools, of modules that are linked into the program and of
//! artifacts that it opened. Programs of the loader (`ProgramBuilder`) have one store
//! each, with WASI; here instances come from pools, and WASI is for those who ask.
//!
//! # Safety
//!
//! Pointers are what the header says.
#![allow(unsafe_code)]

use crate::artifact::OpenedArtifact;
use crate::boundary::{array, given, guarded, text};
use crate::error::Error;
use crate::import::{Callback, Import, has_numbers_only};
use crate::instance::{Instance, start_clock};
use crate::limits::InstanceLimits;
use crate::store::State;
use crate::wasi::Wasi;
use precast_loader::{Artifact, Error as LoaderError, ExternType, InstancePool, Linker};
use std::collections::HashMap;
use std::ffi::c_int;
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
            if !has_numbers_only(&ty) {
                linker.func_new(module, name, ty, |_, _, _| {
                    Err(LoaderError::host("a reference has no C type"))
                })?;
                continue;
            }
            // SAFETY: no result is a reference.
            unsafe {
                linker.func_raw(module, name, ty, move |caller, slots| {
                    callback.call(&shape, caller.by_ref(), slots)
                })
            }?;
        }
    }
    Ok(linker)
}

/// `precast_pool`: instances with the same imports and limits.
pub(crate) struct Pool {
    instances: InstancePool<State>,
    limits: InstanceLimits,
    wasi: bool,
}

impl Pool {
    /// One that keeps at most so many idle ones.
    ///
    /// # Safety
    ///
    /// `imports` are what the header says.
    unsafe fn new(
        artifact: &Artifact,
        limits: InstanceLimits,
        wasi: bool,
        imports: (*const Import, usize),
        most_idle: usize,
    ) -> Result<Self, Error> {
        // SAFETY: as the caller promises.
        let linker = unsafe {
            let imports = array("the imports", imports.0, imports.1)?;
            linker(artifact, wasi, imports)
        }?;
        let prepared = linker.instantiate_pre(artifact)?;
        let instances = InstancePool::new(prepared, limits.store.clone(), most_idle)?;
        Ok(Self { instances, limits, wasi })
    }

    fn take(&self, wasi: Option<Box<Wasi>>) -> Result<*mut Instance, Error> {
        let wasi = wasi.map(|mut wasi| {
            self.limits.limit(&mut wasi.0);
            wasi.0.build()
        });
        let time = self.limits.time;
        let mut store =
            self.instances.take_with(State { wasi }, |store| start_clock(store, time))?;
        if time.is_some() {
            store.set_deadline(None)?;
        }
        Ok(Instance::new(store, time))
    }
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
    // SAFETY: pointers are what the header says, and the program wants the instance
    // there.
    unsafe {
        let pool = Pool::new(artifact, limits.clone(), wasi.is_some(), imports, 0)?;
        instance.write(pool.take(wasi)?);
    }
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

/// `precast_pool_new`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_pool_new(
    artifact: *const OpenedArtifact,
    limits: *const InstanceLimits,
    wasi: c_int,
    imports: *const Import,
    import_count: usize,
    most_idle: usize,
    pool: *mut *mut Pool,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        unsafe {
            let opened = given("the artifact", artifact.cast_mut())?;
            let place = given("where the pool is wanted", pool)?;
            let limits = limits.as_ref().cloned().unwrap_or_default();
            let imports = (imports, import_count);
            let made = Pool::new(&opened.artifact, limits, wasi != 0, imports, most_idle)?;
            *place = Box::into_raw(Box::new(made));
        }
        Ok(())
    })
}

/// `precast_pool_take`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_pool_take(
    pool: *const Pool,
    wasi: *mut Wasi,
    instance: *mut *mut Instance,
) -> *mut Error {
    // SAFETY: it is ours from now on.
    let wasi = (!wasi.is_null()).then(|| unsafe { Box::from_raw(wasi) });
    guarded(move || {
        // SAFETY: pointers are what the header says.
        let (pool, place) = unsafe {
            (given("the pool", pool.cast_mut())?, given("where the instance is wanted", instance)?)
        };
        if pool.wasi != wasi.is_some() {
            let (made, given) = if pool.wasi { ("with", "none") } else { ("without", "one") };
            return Err(Error::usage(format!(
                "the pool was made {made} WASI, and {given} is given to an instance"
            )));
        }
        *place = pool.take(wasi)?;
        Ok(())
    })
}

/// `precast_pool_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_pool_delete(pool: *mut Pool) {
    if !pool.is_null() {
        // SAFETY: made by `precast_pool_new`, and freed once.
        drop(unsafe { Box::from_raw(pool) });
    }
}
