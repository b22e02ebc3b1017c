//! Guest stacks: committed by the kernel page by page, with a guard below.
//!
//! # Headroom
//!
//! A handler of the host that asks for no alternate stack runs on the stack of
//! the guest that it interrupts. The upper part of the guard is kept for it: it
//! becomes accessible when a handler touches it, and stays so until the call
//! ends. A guest that touches it has overflowed its stack.
//!
//! # Safety
//!
//! Guards are parts of mappings of stacks, which hold nothing of Rust's.
//!
//! # The pool
//!
//! A stack that is dropped goes to a pool of the process, from which the next
//! one of its size is taken: both are cheaper than making address space and
//! giving it up. Of its pages it keeps those that most calls touch. The pool is
//! bounded; the stacks that were there the longest make room.
#![allow(unsafe_code)]

use crate::sys::map::{Mapping, set_access};
use crate::sys::page::round_to_pages;
use precast_artifact::abi;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Bytes below every guest stack that guests may not access. More than what
/// frames may step over without a probe, and the headroom.
const GUARD: usize = (1 << 20) + HEADROOM;
const _: () = assert!((GUARD - HEADROOM) as u64 >= 4 * abi::STACK_GUARD);
/// Bytes of the guard, its upper ones, for handlers of the host.
const HEADROOM: usize = 512 << 10;
/// More than what the kernel writes to a stack to run a handler.
const SIGNAL_FRAME: usize = 64 << 10;

/// Stacks that the pool holds at most.
const MOST_POOLED: usize = 16;
/// Address space of the largest stack that the pool takes.
const LARGEST_POOLED: usize = 32 << 20;
/// Bytes at the hot end of a stack whose pages a pooled one keeps.
const KEPT: usize = 64 << 10;

static POOL: Mutex<Vec<Mapping>> = Mutex::new(Vec::new());

/// A stack for guest code.
#[derive(Debug)]
pub(crate) struct Stack {
    /// Present until the stack is dropped.
    mapping: Option<Mapping>,
}

impl Stack {
    /// A stack of `size` bytes, rounded up to pages. What is on it is
    /// undefined.
    pub(crate) fn new(size: usize) -> io::Result<Self> {
        let len = GUARD.checked_add(size).ok_or(io::ErrorKind::OutOfMemory)?;
        let pooled = round_to_pages(len).and_then(take);
        if pooled.is_some() {
            return Ok(Self { mapping: pooled });
        }
        let mapping = Mapping::reserve(len)?;
        mapping.commit(GUARD, mapping.len() - GUARD)?;
        Ok(Self { mapping: Some(mapping) })
    }

    /// Addresses of the guard.
    pub(crate) fn guard(&self) -> Range<usize> {
        self.mapping().base()..self.mapping().base() + GUARD
    }

    /// Addresses of the usable part; the stack grows down from its end.
    pub(crate) fn usable(&self) -> Range<usize> {
        self.mapping().base() + GUARD..self.mapping().base() + self.mapping().len()
    }

    /// Gives up the memory of all but the hot end. Nobody uses the stack.
    pub(crate) fn cool(&mut self) -> io::Result<()> {
        let Some(mapping) = &mut self.mapping else { return Ok(()) };
        let cold = mapping.len().saturating_sub(GUARD + KEPT);
        mapping.discard(GUARD, cold)
    }

    fn mapping(&self) -> &Mapping {
        self.mapping.as_ref().expect("a stack has a mapping until it is dropped")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let cooled = self.cool();
        let Some(mapping) = self.mapping.take() else { return };
        if mapping.len() > LARGEST_POOLED || cooled.is_err() {
            return;
        }
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() == MOST_POOLED {
            pool.remove(0);
        }
        pool.push(mapping);
    }
}

/// Makes the headroom of a guard accessible if a handler of the host, which
/// stands at `sp`, needs it: it touched `address`, or the kernel found no room
/// for it. Called in a signal handler.
pub(crate) fn open_headroom(guard: &Range<usize>, sp: usize, address: Option<usize>) -> bool {
    let headroom = guard.end.saturating_sub(HEADROOM)..guard.end;
    let wanted = match address {
        Some(address) => headroom.contains(&address),
        None => (headroom.start..headroom.end.saturating_add(SIGNAL_FRAME)).contains(&sp),
    };
    // SAFETY: see the module.
    wanted && unsafe { set_access(&headroom, true) }.is_ok()
}

/// Makes the headroom of a guard inaccessible again.
pub(crate) fn close_headroom(guard: &Range<usize>) {
    // SAFETY: see the module. Where it fails, a guest has a larger stack.
    let _ = unsafe { set_access(&(guard.end - HEADROOM..guard.end), false) };
}

/// A pooled stack that takes `len` bytes of address space, guard included.
fn take(len: usize) -> Option<Mapping> {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let index = pool.iter().rposition(|mapping| mapping.len() == len)?;
    Some(pool.remove(index))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A size that no other test's stacks have.
    const SIZE: usize = 5 << 20;

    fn pooled(len: usize) -> usize {
        POOL.lock().unwrap().iter().filter(|mapping| mapping.len() == len).count()
    }

    #[test]
    fn a_dropped_stack_is_the_next_ones() {
        let first = Stack::new(SIZE).unwrap();
        let (usable, len) = (first.usable(), GUARD + SIZE);
        assert_eq!(usable.len(), SIZE);
        assert_eq!(first.guard().end, usable.start);
        drop(first);
        assert_eq!(pooled(len), 1);
        let again = Stack::new(SIZE).unwrap();
        assert_eq!(again.usable(), usable);
        assert_eq!(pooled(len), 0);
    }

    #[test]
    fn the_pool_is_bounded() {
        let size = SIZE + (1 << 20);
        let many: Vec<Stack> = (0..MOST_POOLED + 4).map(|_| Stack::new(size).unwrap()).collect();
        drop(many);
        assert!(POOL.lock().unwrap().len() <= MOST_POOLED);
        let large = Stack::new(LARGEST_POOLED).unwrap();
        let len = GUARD + LARGEST_POOLED;
        drop(large);
        assert_eq!(pooled(len), 0);
        while take(GUARD + size).is_some() {}
    }
}
