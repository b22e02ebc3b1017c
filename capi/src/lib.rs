//! `libprecast.a`: the loader for C programs that modules are linked into.
//!
//! The interface and its contract are `include/precast.h`; each file here
//! implements one of its parts. A module becomes an object by `precast compile
//! --emit obj`, which also writes a header with a C function for each export.
//!
//! | module | holds |
//! |-|-|
//! | `error` | errors as values |
//! | `boundary` | what crosses: panics stop here, texts are checked |
//! | `value` | values |
//! | `wasi` | what WASI programs are granted |
//! | `store` | what stores hold |
//! | `import` | functions of the program |
//! | `instance` | instances and calls |
//!
//! A module uses only those in rows above its own.
//!
//! Unsafe code is what such an interface is made of: every pointer that comes
//! in is trusted to be what the header says. Each file says under `# Safety`
//! what it relies on besides.

#![deny(unsafe_code)]

mod boundary;
mod error;
mod import;
mod instance;
mod store;
mod value;
mod wasi;

use std::ffi::c_int;

/// `precast_deny_write_execute`.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
pub extern "C" fn precast_deny_write_execute() -> c_int {
    precast_loader::deny_write_execute().is_ok().into()
}
