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
mod linking;
mod mock;
mod opening;
mod programs;
mod suspend;
mod tables;
mod traps;
mod wasi;

use precast_loader::{FuncType, ValType};

pub const I32: ValType = ValType::I32;

/// A type of 32-bit integers.
pub fn ints(params: usize, results: usize) -> FuncType {
    FuncType { params: vec![I32; params], results: vec![I32; results] }
}
