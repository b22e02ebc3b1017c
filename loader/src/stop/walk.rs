//! Walking the frames of a guest stack by their frame pointers.
//!
//! # Safety
//!
//! Frame pointers are followed only while they lie on the guest stack and
//! grow, so a damaged chain ends the walk. Guests of the store must be stopped.
#![allow(unsafe_code)]

use crate::sys::arch;
use std::ops::Range;
use std::ptr::with_exposed_provenance;

/// A function in progress: where it will go on, and its frame pointer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackFrame {
    pub(crate) pc: usize,
    pub(crate) fp: usize,
}

/// `start` and its callers, outwards to the entry stub of their activation.
pub(crate) fn outwards(
    start: Option<StackFrame>,
    stack: &Range<usize>,
    entry_fp: usize,
) -> impl Iterator<Item = StackFrame> {
    std::iter::successors(start, move |position| {
        caller(position.fp, stack, entry_fp).filter(|up| up.fp > position.fp)
    })
}

/// The caller of the function with frame pointer `fp`, unless that function is
/// the entry stub, which the host called.
pub(crate) fn caller(fp: usize, stack: &Range<usize>, entry_fp: usize) -> Option<StackFrame> {
    let read = |offset: isize| {
        let address = fp.checked_add_signed(offset)?;
        let inside = address.is_multiple_of(8) && stack.start <= address && address < stack.end;
        // SAFETY: an aligned word inside the accessible stack.
        inside.then(|| unsafe { *with_exposed_provenance::<usize>(address) })
    };
    let up = read(arch::FRAME_CALLER)?;
    (up != entry_fp).then_some(())?;
    Some(StackFrame { pc: read(arch::FRAME_RETURN)?, fp: up })
}
