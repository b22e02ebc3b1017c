//! Guest stacks: committed by the kernel page by page, with a guard below.

use crate::sys::map::Mapping;
use precast_artifact::abi;
use std::io;
use std::ops::Range;

/// Bytes below every guest stack that nothing may access. Larger than what
/// frames may step over without a probe.
const GUARD: usize = 1 << 20;
const _: () = assert!(GUARD as u64 >= 4 * abi::STACK_GUARD);

/// A stack for guest code.
#[derive(Debug)]
pub(crate) struct Stack {
    mapping: Mapping,
}

impl Stack {
    /// A stack of `size` bytes, rounded up to pages.
    pub(crate) fn new(size: usize) -> io::Result<Self> {
        let len = GUARD.checked_add(size).ok_or(io::ErrorKind::OutOfMemory)?;
        let mapping = Mapping::reserve(len)?;
        mapping.commit(GUARD, mapping.len() - GUARD)?;
        Ok(Self { mapping })
    }

    /// Addresses of the guard.
    pub(crate) fn guard(&self) -> Range<usize> {
        self.mapping.base()..self.mapping.base() + GUARD
    }

    /// Addresses of the usable part; the stack grows down from its end.
    pub(crate) fn usable(&self) -> Range<usize> {
        self.mapping.base() + GUARD..self.mapping.base() + self.mapping.len()
    }
}
