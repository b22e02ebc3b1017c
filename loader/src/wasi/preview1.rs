//! WASI preview 1 (`wasi_snapshot_preview1`) over the host: all 46 functions,
//! and preview 0 with them.
//!
//! The interface is
//! [`wasi_snapshot_preview1.witx`](https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/witx/wasi_snapshot_preview1.witx);
//! where it leaves a choice a guest gets what the same program gets natively, and
//! `fixtures/wasi/DIFFERENCES.md` lists the exceptions. Values that the
//! specification does not define and pointers outside of memory trap.
//!
//! Files, lowest first; each imports only files before it:
//!
//! | module | holds |
//! |-|-|
//! | `errno`, `outcome` | how a call ends |
//! | `abi`, `rights`, `iovec` | what is laid out in guest memory |
//! | `function` | what a function for guests is |
//! | `args`, `clock`, `random`, `proc` | functions without descriptors |
//! | `fd`, `io`, `sock`, `dir`, `stat` | functions on descriptors |
//! | `path`, `open` | functions on paths |
//! | `poll` | `poll_oneoff` |
//! | `functions`, `preview0`, `imports` | the tables of functions |

mod abi;
mod args;
mod clock;
mod dir;
pub(crate) mod errno;
mod fd;
pub(crate) mod function;
pub(crate) mod functions;
pub(crate) mod imports;
mod io;
mod iovec;
mod open;
pub(crate) mod outcome;
mod path;
mod poll;
mod preview0;
mod proc;
mod random;
mod rights;
mod sock;
mod stat;
#[cfg(test)]
mod testing;
