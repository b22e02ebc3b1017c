//! Instances, and calls of what they export.
//!
//! # Safety
//!
//! An instance is entered by one call at a time; its state turns what is against
//! that into an error, also from inside a function of the program. One that is
//! deleted while a call is in it lives until that call leaves it.
#![allow(unsafe_code)]

use crate::boundary::{array, guarded, text};
use crate::error::Error;
use crate::import::{Callback, Import};
use crate::store::{State, memory_bytes};
use crate::value::Value;
use crate::wasi::Wasi;
use precast_loader::{Artifact, ExternType, Instance as Handle, Linker, Store, run_command};
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::ffi::{c_char, c_int};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

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

struct Parts {
    store: Store<State>,
    handle: Handle,
}

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
        if instance.is_null() {
            return Err(Error::usage("where the instance is wanted is null"));
        }
        let artifact = artifact(image)?;
        // SAFETY: pointers are what the header says.
        let linker = unsafe {
            let imports = array("the imports", imports, import_count)?;
            linker(&artifact, wasi.is_some(), imports)
        }?;
        let state = State { wasi: wasi.map(|mut wasi| wasi.0.build()) };
        let mut store = Store::new(state);
        let handle = linker.instantiate(&mut store, &artifact)?;
        let parts = UnsafeCell::new(Parts { store, handle });
        let made = Box::new(Instance { state: AtomicU8::new(FREE), parts });
        // SAFETY: the program wants it there.
        unsafe { instance.write(Box::into_raw(made)) };
        Ok(())
    })
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
unsafe fn enter(
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

/// `precast_call`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_call(
    instance: *mut Instance,
    export: *const c_char,
    args: *const Value,
    arg_count: usize,
    results: *mut Value,
    result_count: usize,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says; `args` is not used any
        // more when `results`, which may be the same, is written.
        unsafe {
            let export = text("the name of the export", export)?;
            enter(instance, |Parts { store, handle }| {
                let func = handle.get_func(store, export).ok_or_else(|| {
                    Error::usage(format!("the module exports no function `{export}`"))
                })?;
                let ty = func.ty(store);
                if (arg_count, result_count) != (ty.params.len(), ty.results.len()) {
                    return Err(Error::usage(format!(
                        "`{export}` is called with {arg_count} arguments and {result_count} \
                         results, its type is {ty}"
                    )));
                }
                if results.is_null() && result_count > 0 {
                    return Err(Error::usage("the results are null"));
                }
                let values = array("the arguments", args, arg_count)?.iter().zip(&ty.params);
                let values: Option<Vec<_>> = values.map(|(value, ty)| value.get(ty)).collect();
                let unfit = || Error::usage(format!("`{export}` has references in its type {ty}"));
                let given = func.call(store, &values.ok_or_else(unfit)?)?;
                for (index, value) in given.iter().enumerate() {
                    results.add(index).write(Value::new(value).ok_or_else(unfit)?);
                }
                Ok(())
            })
        }
    })
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
        enter(instance, |Parts { store, handle }| {
            let code = run_command(store, handle)?;
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
        enter(instance, |Parts { store, handle }| {
            let memory = handle.get_memory(store, export);
            bytes = memory_bytes(memory, store, size);
            Ok(())
        })
    });
    // SAFETY: null, or an error that was just made.
    unsafe { crate::error::precast_error_delete(refused) };
    bytes
}
