//! WASI preview 1 (`wasi_snapshot_preview1`): all 46 functions.
//!
//! The loader links what [`imports()`] lists (preview 0, `wasi_unstable`, is
//! there too; [`FUNCTIONS`] is preview 1 alone), or finds one import with
//! [`lookup`], and calls it with the guest's [`WasiCtx`], a [`GuestMemory`] over the instance's
//! exported memory and the raw arguments; the [`Outcome`] says how to go on.
//!
//! The interface is
//! [`wasi_snapshot_preview1.witx`](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/witx/wasi_snapshot_preview1.witx);
//! where it leaves a choice we answer as wasmtime does, and
//! `fixtures/wasi/DIFFERENCES.md` lists the exceptions. Values that the
//! specification does not define and pointers outside of memory trap.
//!
//! What is always true here:
//!
//! - A guest reaches what its [`WasiCtxBuilder`] was given and nothing else.
//! - Nothing a guest passes makes this module panic.
//! - Reads and writes go between the kernel and guest memory without a copy.

mod abi;
mod args;
mod attributes;
mod clock;
mod context;
mod descriptor;
mod dir;
mod errno;
mod fd;
mod function;
mod imports;
mod io;
mod iovec;
mod listing;
mod memory;
mod open;
mod outcome;
mod path;
mod poll;
mod preview0;
mod preview1;
mod proc;
mod random;
mod sock;
mod stat;
mod stdio;
mod table;
#[cfg(test)]
mod testing;
mod time;

pub use context::{WasiCtx, WasiCtxBuilder};
pub use descriptor::DirAccess;
pub use errno::Errno;
pub use function::{ValType, WasiFunction};
pub use imports::{imports, lookup};
pub use memory::GuestMemory;
pub use outcome::Outcome;
pub use preview1::{FUNCTIONS, MODULE};
pub use stdio::{Bytes, Capture, Input, Output};
