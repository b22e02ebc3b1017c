//! `libprecast.a` and `libprecast.so`: the loader for C programs, for modules that
//! are linked into them and for artifacts that they open.
//!
//! The interface and its contract are `include/precast.h`; each file here
//! implements one of its parts. A module becomes an object by `precast compile
//! --emit obj`, which also writes a header with a C function for each export.
//!
//! | module | holds |
//! |-|-|
//! | `limit_kind` | the numbers of limits |
//! | `error` | errors as values |
//! | `boundary` | what crosses: panics stop here, texts are checked |
//! | `value` | values |
//! | `wasi` | what WASI programs are granted |
//! | `capture` | standard streams in memory |
//! | `limits` | how much an instance may use |
//! | `artifact` | artifacts that are opened when the program runs |
//! | `store` | what stores hold |
//! | `import` | functions of the program |
//! | `functions` | exported functions that were found |
//! | `instance` | instances, which one call at a time enters |
//! | `call` | calls of exported functions |
//! | `fuel` | what is left of an instance's fuel |
//! | `interrupt` | stopping an instance from another thread |
//! | `instantiate` | making instances, and pools of them |
//!
//! A module uses only those in rows above its own.
//!
//! Unsafe code is what such an interface is made of: every pointer that comes
//! in is trusted to be what the header says. Each file says under `# Safety`
//! what it relies on besides.

#![deny(unsafe_code)]

mod artifact;
mod boundary;
mod call;
mod capture;
mod error;
mod fuel;
mod functions;
mod import;
mod instance;
mod instantiate;
mod interrupt;
mod limit_kind;
mod limits;
mod store;
mod value;
mod wasi;

use std::ffi::c_int;

/// `precast_abi_version`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn precast_abi_version() -> u32 {
    ABI_VERSION
}

/// `PRECAST_ABI_VERSION`: a program that was compiled with another's header must
/// not use this library.
const ABI_VERSION: u32 = 1;

/// What the header lets several threads use at once, and what may move between them.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    const fn moved<T: Send>() {}
    shared::<artifact::OpenedArtifact>();
    shared::<instantiate::LinkedImage>();
    shared::<instantiate::Pool>();
    shared::<interrupt::Interrupt>();
    shared::<capture::CapturedOutput>();
    moved::<instance::Parts>();
    moved::<limits::InstanceLimits>();
    moved::<wasi::Wasi>();
};

/// `precast_deny_write_execute`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn precast_deny_write_execute() -> c_int {
    precast_loader::deny_write_execute().is_ok().into()
}
