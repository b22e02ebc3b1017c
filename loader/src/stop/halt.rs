//! Where a guest goes on that is asked to stop while it computes: out.
//!
//! A guest can be left at any instruction of its own. What it works on is whole
//! at each: globals, memories and entries of tables change by single stores, and
//! all else only in builtins. The stubs between host and guest are not left,
//! because the activation does not say yet, or says no more, where the host is;
//! the signal comes again.
//!
//! # Safety
//!
//! As for [`fault`]: [`decide`] runs in a signal handler, and follows the
//! thread's current store only where a guest of that runs.
#![allow(unsafe_code)]

use crate::artifact::image::Image;
use crate::stop::fault;
use crate::sys::registers::Registers;
use crate::sys::signals::Resume;
use precast_artifact::trap::TrapCode;

/// Says where a thread goes on that stands at these registers, if its guest
/// shall stop and can.
pub(crate) fn decide(registers: &Registers) -> Option<Resume> {
    // SAFETY: the thread stands there, and goes on when this has returned.
    let image = unsafe { Image::at(registers.pc) }?;
    let store = fault::current();
    // SAFETY: set while guests run, which the address says is now.
    let store = unsafe { store.as_ref() }?;
    if !store.activations.stopping() {
        return None;
    }
    // SAFETY: the top activation, whose guest stands here.
    let activation = unsafe { store.block.activation.as_mut() }?;
    activation.fault = Some(fault::record(Some(image), registers));
    let (pc, sp) = (activation.resume, activation.host_sp);
    Some(Resume { pc, sp, status: TrapCode::Interrupt as u64 })
}
