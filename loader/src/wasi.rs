//! WASI: the host below, previews above it.
//!
//! The loader links what [`imports()`] lists: preview 1, of which [`FUNCTIONS`]
//! has all, and preview 0, `wasi_unstable`; or it finds one import with
//! [`lookup`]. It calls the function with the guest's [`WasiCtx`], a
//! [`GuestMemory`] over the instance's exported memory and the raw arguments;
//! the [`Outcome`] says how to go on.
//!
//! Rooms, lowest first; each imports only rooms before it:
//!
//! | module | holds |
//! |-|-|
//! | `host` | what was granted, and doing things with it: files, directories, clocks, random bytes, sockets, waiting. It knows of no preview: neither types, nor error numbers, nor layouts |
//! | `memory` | the guest's memory, with every pointer checked |
//! | `preview1` | `wasi_snapshot_preview1` in the terms of the host |
//! | `preview2` | WASI 0.2 for components, its sibling |
//!
//! What is always true here:
//!
//! - A guest reaches what its [`WasiCtxBuilder`] was given and nothing else.
//! - Nothing a guest passes makes this module panic.
//! - Reads and writes go between the kernel and guest memory without a copy.
//!
//! # Where would I change it?
//!
//! | what | where |
//! |-|-|
//! | a new WASI function | the file of its subject in `preview1`, and its line in `preview1::functions` |
//! | what a file, directory or socket can do | its type in `host` |
//! | the error number that a guest sees for one of the kernel's | `preview1::errno` |

mod host;
mod memory;
mod preview1;
pub(crate) mod preview2;
#[cfg(test)]
mod testing;

pub use host::context::{WasiCtx, WasiCtxBuilder};
pub use host::network::NetworkGrants;
pub use host::permissions::DirAccess;
pub use host::stdio::{Bytes, Capture, Input, Output};
pub use memory::GuestMemory;
pub use preview1::errno::Errno;
pub use preview1::function::{WasiFunction, WasiValType};
pub use preview1::functions::{FUNCTIONS, MODULE};
pub use preview1::imports::{imports, lookup};
pub use preview1::outcome::Outcome;
