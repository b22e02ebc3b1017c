//! The stubs that switch stacks, as the rest of the loader calls them. Their
//! assembly is the architecture's.
//!
//! # Safety
//!
//! The declarations are those of the symbols that each architecture's file
//! defines, with the meaning that stands there.
#![allow(unsafe_code)]

use crate::sys::arch;
use precast_artifact::abi::BuiltinReturn;
use std::ffi::c_void;

/// Runs `code` on the guest stack through its entry stub. Returns zero, or the
/// status with which a trap left the guest.
///
/// # Safety
///
/// `activation` is the top one of the context's store; `stub` is the entry
/// stub of the type of `code`, which belongs to `context`; `values` holds as
/// many slots as the type has parameters or results; `guest_sp` is 16-aligned
/// and lies on the store's guest stack, everything below it unused.
pub(crate) unsafe fn enter(
    activation: *mut c_void,
    stub: usize,
    context: usize,
    code: usize,
    values: *mut c_void,
    guest_sp: usize,
) -> u64 {
    // SAFETY: the caller's promise is what the assembly needs.
    unsafe { enter_asm(activation, stub, context, code, values, guest_sp) }
}

/// Goes on with a suspended guest, as if the builtin that it stands in came
/// back with this. Returns as [`enter`] does.
///
/// # Safety
///
/// `activation` is the top one of its store, was left by [`enter`] or by this
/// with [`BuiltinReturn::PENDING`], and its stack is as it was then, but for the
/// value array of the call. A status of a handler comes with a landing in the
/// activation's frames.
pub(crate) unsafe fn resume(activation: *mut c_void, back: BuiltinReturn) -> u64 {
    // SAFETY: the caller's promise is what the assembly needs.
    unsafe { resume_asm(activation, back.value, back.status) }
}

/// A function that guests call through the builtin table: switches to the
/// host's stack, calls `$target` and switches back, or, when its status is not
/// zero, goes on elsewhere in the guest or leaves it. Evaluates to the stub.
/// With `spilling`, all that the guest keeps in registers goes to its stack; with
/// `copy` or `fill`, a few bytes are copied or filled where the guest is.
macro_rules! builtin_stub {
    ($target:path) => {
        $crate::sys::stubs::builtin_stub!($target, builtin_switch)
    };
    ($target:path, spilling) => {
        $crate::sys::stubs::builtin_stub!($target, spilling_builtin_switch)
    };
    ($target:path, $switch:ident) => {{
        #[unsafe(naked)]
        unsafe extern "C" fn stub() {
            $crate::sys::arch::switch_to!($target, $crate::sys::stubs::$switch)
        }
        stub as unsafe extern "C" fn()
    }};
}
pub(crate) use builtin_stub;

/// Whether `pc` is in the first [`arch::FRAME_SETUP`] bytes of a stub that
/// guests call.
pub(crate) fn starts_stub(pc: usize) -> bool {
    let stubs: [unsafe extern "C" fn(); 2] = [builtin_switch, spilling_builtin_switch];
    stubs.iter().any(|stub| pc.wrapping_sub(*stub as usize) < arch::FRAME_SETUP)
}

/// Whether `pc` lies in the stubs that push to the guest stack.
pub(crate) fn in_stubs(pc: usize) -> bool {
    (&raw const STUBS_START as usize..&raw const STUBS_END as usize).contains(&pc)
}

unsafe extern "C" {
    #[link_name = "precast_loader_enter"]
    fn enter_asm(
        activation: *mut c_void,
        stub: usize,
        context: usize,
        code: usize,
        values: *mut c_void,
        guest_sp: usize,
    ) -> u64;
    #[link_name = "precast_loader_resume"]
    fn resume_asm(activation: *mut c_void, value: u64, status: u64) -> u64;
    #[link_name = "precast_loader_builtin"]
    pub(crate) fn builtin_switch();
    #[link_name = "precast_loader_spilling_builtin"]
    pub(crate) fn spilling_builtin_switch();
    // Where an architecture has no code for a few bytes, they go with the others.
    #[cfg_attr(target_arch = "x86_64", link_name = "precast_loader_copy")]
    #[cfg_attr(not(target_arch = "x86_64"), link_name = "precast_loader_builtin")]
    pub(crate) fn copy();
    #[cfg_attr(target_arch = "x86_64", link_name = "precast_loader_fill")]
    #[cfg_attr(not(target_arch = "x86_64"), link_name = "precast_loader_builtin")]
    pub(crate) fn fill();
    #[link_name = "precast_loader_stubs_start"]
    static STUBS_START: u8;
    #[link_name = "precast_loader_stubs_end"]
    static STUBS_END: u8;
}
