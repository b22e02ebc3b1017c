//! The loader, tested on artifacts made by hand.

#![cfg(target_arch = "x86_64")]
// A test crate exports nothing; `pub` here means "for the other files".
#![allow(unreachable_pub)]

mod calls;
mod code;
mod debuggers;
mod elf;
mod exceptions;
mod faults;
mod futures;
mod linking;
mod misuse;
mod mock;
mod opening;
mod programs;
mod protection;
mod signals;
mod suspend;
mod tables;
mod traps;
mod wasi;

use precast_loader::{Artifact, FuncType, Result, ValType};
use std::path::Path;

pub const I32: ValType = ValType::I32;

/// Opens an artifact made by hand.
#[allow(unsafe_code)]
pub fn opened(bytes: &[u8]) -> Result<Artifact> {
    // SAFETY: code of these tests, which does what it is there for.
    unsafe { Artifact::from_bytes(bytes) }
}

/// Opens a file made by hand.
#[allow(unsafe_code)]
pub fn opened_file(path: impl AsRef<Path>) -> Result<Artifact> {
    // SAFETY: as for `opened`.
    unsafe { Artifact::open(path) }
}

/// A type of 32-bit integers.
pub fn ints(params: usize, results: usize) -> FuncType {
    FuncType { params: vec![I32; params], results: vec![I32; results] }
}
