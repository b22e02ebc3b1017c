//! aarch64: stack-switching stubs, registers in a signal context, frames, CPU
//! features.
//!
//! The stubs switch between the host's stack and the guest's. All keep their
//! canonical frame address 16 bytes above `x29`, as guests do, so an unwinder
//! gets from either stack to the other; all are marked as signal frames,
//! because debuggers otherwise refuse stack pointers that move the wrong way.
//!
//! # Instruction cache
//!
//! Instruction and data caches of this architecture need not agree, but
//! nothing is done about it here: text comes into memory by the kernel alone,
//! which makes the caches agree before it maps a page executable
//! (`__sync_icache_dcache` in Linux), also for the pages of memory files. Code
//! is never written through a mapping.
//!
//! # Pointer authentication and branch targets
//!
//! Return addresses are not signed, and text is not mapped with `PROT_BTI`:
//! the loader walks guest frames and lands in their handlers, so addresses on
//! the guest stack must be plain; and builtins are reached by `br`, through a
//! register that BTI lets land only on marked code. Both protect programs in
//! unsafe languages from their own stack; a guest's return addresses lie on a
//! stack that no access of its reaches.
//!
//! # Safety
//!
//! The assembly relies on the offsets in [`precast_artifact::abi`], on
//! [`stubs::enter`](crate::sys::stubs::enter) being given a live activation,
//! [`stubs::resume`](crate::sys::stubs::resume) a suspended one, and on builtins being called with a context whose store has an activation.
//! The accessors read and write the `ucontext_t` that the kernel passes to a
//! signal handler.
#![allow(unsafe_code)]

use crate::sys::registers::{Landing, Registers};
use precast_artifact::{abi, cpu};
use std::arch::global_asm;
use std::ffi::c_void;
use std::mem::offset_of;

/// `e_machine` of artifacts that run here (`EM_AARCH64`).
pub(crate) const MACHINE: u16 = 183;
/// Name of the architecture in messages.
pub(crate) const NAME: &str = "aarch64";

/// From a frame pointer to the caller's frame pointer, in bytes.
pub(crate) const FRAME_CALLER: isize = 0;
/// From a frame pointer to the return address, in bytes.
pub(crate) const FRAME_RETURN: isize = 8;

/// Bytes at the start of a function in which an instruction may find the stack
/// full while the frame pointer is still the caller's:
/// `stp x29, x30, [sp, #-16]!`.
pub(crate) const FRAME_SETUP: usize = 4;

global_asm!(
    ".pushsection .text.precast_stubs, \"ax\", @progbits",
    ".p2align 5",
    ".globl precast_loader_stubs_start",
    ".hidden precast_loader_stubs_start",
    "precast_loader_stubs_start:",
    // The frame of the host's side: what the guest need not preserve for it.
    ".macro precast_host_frame",
    "stp x29, x30, [sp, #-16]!",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset x29, -16",
    ".cfi_offset x30, -8",
    "mov x29, sp",
    ".cfi_def_cfa x29, 16",
    "stp x19, x20, [sp, #-144]!",
    "stp x21, x22, [sp, #16]",
    "stp x23, x24, [sp, #32]",
    "stp x25, x26, [sp, #48]",
    "stp x27, x28, [sp, #64]",
    "stp d8, d9, [sp, #80]",
    "stp d10, d11, [sp, #96]",
    "stp d12, d13, [sp, #112]",
    "stp d14, d15, [sp, #128]",
    ".cfi_offset x19, -160",
    ".cfi_offset x20, -152",
    ".cfi_offset x21, -144",
    ".cfi_offset x22, -136",
    ".cfi_offset x23, -128",
    ".cfi_offset x24, -120",
    ".cfi_offset x25, -112",
    ".cfi_offset x26, -104",
    ".cfi_offset x27, -96",
    ".cfi_offset x28, -88",
    ".cfi_offset d8, -80",
    ".cfi_offset d9, -72",
    ".cfi_offset d10, -64",
    ".cfi_offset d11, -56",
    ".cfi_offset d12, -48",
    ".cfi_offset d13, -40",
    ".cfi_offset d14, -32",
    ".cfi_offset d15, -24",
    ".endm",
    // x0 = activation, x1 = entry stub, x2 = context, x3 = code, x4 = values,
    // x5 = guest stack pointer; returns the status in x0.
    ".globl precast_loader_enter",
    ".hidden precast_loader_enter",
    ".type precast_loader_enter, @function",
    "precast_loader_enter:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "precast_host_frame",
    "mov x9, sp",
    "str x9, [x0, {host_sp}]",
    "adr x9, 20f",
    "str x9, [x0, {resume}]",
    "str x29, [x0, {entry_fp}]",
    "mov sp, x5",
    "mov x9, x1",
    "mov x0, x2",
    "mov x1, x3",
    "mov x2, x4",
    "blr x9",
    "mov x0, xzr",
    "sub sp, x29, #144",
    // Back on the host stack, the status in x0.
    "3:",
    "ldp d14, d15, [sp, #128]",
    "ldp d12, d13, [sp, #112]",
    "ldp d10, d11, [sp, #96]",
    "ldp d8, d9, [sp, #80]",
    "ldp x27, x28, [sp, #64]",
    "ldp x25, x26, [sp, #48]",
    "ldp x23, x24, [sp, #32]",
    "ldp x21, x22, [sp, #16]",
    "ldp x19, x20, [sp], #144",
    ".cfi_remember_state",
    "ldp x29, x30, [sp], #16",
    ".cfi_def_cfa sp, 0",
    ".cfi_restore x29",
    ".cfi_restore x30",
    "ret",
    // Where a guest that is left goes on: sp = the saved host stack pointer.
    "20:",
    ".cfi_restore_state",
    ".cfi_def_cfa sp, 160",
    "add x29, sp, #144",
    ".cfi_def_cfa x29, 16",
    "b 3b",
    ".cfi_endproc",
    ".size precast_loader_enter, . - precast_loader_enter",
    "",
    // As a builtin is called: x0 = context, further arguments after it;
    // x9 = the loader's function.
    ".p2align 5",
    ".globl precast_loader_builtin",
    ".hidden precast_loader_builtin",
    ".type precast_loader_builtin, @function",
    "precast_loader_builtin:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "stp x29, x30, [sp, #-16]!",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset x29, -16",
    ".cfi_offset x30, -8",
    "mov x29, sp",
    ".cfi_def_cfa x29, 16",
    "ldur x10, [x0, {store}]",
    "ldr x10, [x10, {activation}]",
    "str x10, [sp, #-16]!",
    // The activation in x10 and below the frame pointer, the guest's stack
    // pointer final.
    "4:",
    "mov x11, sp",
    "str x11, [x10, {guest_sp}]",
    "str x29, [x10, {guest_fp}]",
    "ldr x11, [x10, {host_sp}]",
    "mov sp, x11",
    "blr x9",
    // The value in x0, the status in x1.
    "60:",
    "cbnz x1, 2f",
    "mov sp, x29",
    "ldp x29, x30, [sp], #16",
    ".cfi_remember_state",
    ".cfi_def_cfa sp, 0",
    ".cfi_restore x29",
    ".cfi_restore x30",
    "ret",
    "2:",
    ".cfi_restore_state",
    "cmp x1, {handler}",
    "b.eq 3f",
    // Only what comes from the spilling stub is pending.
    "cmp x1, {pending}",
    "b.ne 5f",
    "stp d8, d9, [x29, #-32]",
    "stp d10, d11, [x29, #-48]",
    "stp d12, d13, [x29, #-64]",
    "stp d14, d15, [x29, #-80]",
    "5:",
    "ldr x10, [x29, #-16]",
    "ldr x11, [x10, {host_sp}]",
    "mov sp, x11",
    "ldr x10, [x10, {resume}]",
    "mov x0, x1",
    "br x10",
    // Where an exception goes on: x0 = the landing. The frame whose code that
    // is has its canonical frame address where this one has it, by `x29`.
    "3:",
    "mov x9, x0",
    "ldr x0, [x9, {landing_payload}]",
    "ldr x10, [x9, {landing_sp}]",
    "mov sp, x10",
    "ldr x29, [x9, {landing_fp}]",
    "ldr x10, [x9, {landing_pc}]",
    "br x10",
    ".cfi_endproc",
    ".size precast_loader_builtin, . - precast_loader_builtin",
    "",
    // As the above, but first every register that the guest may keep a value
    // in goes to its stack, where a scan finds it, and so does who resumes.
    ".p2align 5",
    ".globl precast_loader_spilling_builtin",
    ".hidden precast_loader_spilling_builtin",
    ".type precast_loader_spilling_builtin, @function",
    "precast_loader_spilling_builtin:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "stp x29, x30, [sp, #-16]!",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset x29, -16",
    ".cfi_offset x30, -8",
    "mov x29, sp",
    ".cfi_def_cfa x29, 16",
    "ldur x10, [x0, {store}]",
    "ldr x10, [x10, {activation}]",
    // With room for d8 to d15, which hold no references: they go there when
    // the call is pending.
    "sub sp, sp, #80",
    "str x10, [x29, #-16]",
    "stp x19, x20, [sp, #-16]!",
    "stp x21, x22, [sp, #-16]!",
    "stp x23, x24, [sp, #-16]!",
    "stp x25, x26, [sp, #-16]!",
    "stp x27, x28, [sp, #-16]!",
    "b 4b",
    ".cfi_endproc",
    ".size precast_loader_spilling_builtin, . - precast_loader_spilling_builtin",
    "",
    // x0 = an activation suspended in the stub above, x1 = value and
    // x2 = status with which its builtin comes back; returns the status in x0.
    // The frame is that of `precast_loader_enter`, where the guest returns.
    ".p2align 5",
    ".globl precast_loader_resume",
    ".hidden precast_loader_resume",
    ".type precast_loader_resume, @function",
    "precast_loader_resume:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "precast_host_frame",
    "mov x9, sp",
    "str x9, [x0, {host_sp}]",
    "adr x9, 20b",
    "str x9, [x0, {resume}]",
    "str x29, [x0, {entry_fp}]",
    "ldr x9, [x0, {entry_sp}]",
    "str x29, [x9, #-{entry_frame}]",
    // From here on the frame is the guest's.
    "ldr x29, [x0, {guest_fp}]",
    ".cfi_offset x19, -112",
    ".cfi_offset x20, -104",
    ".cfi_offset x21, -128",
    ".cfi_offset x22, -120",
    ".cfi_offset x23, -144",
    ".cfi_offset x24, -136",
    ".cfi_offset x25, -160",
    ".cfi_offset x26, -152",
    ".cfi_offset x27, -176",
    ".cfi_offset x28, -168",
    ".cfi_offset d8, -48",
    ".cfi_offset d9, -40",
    ".cfi_offset d10, -64",
    ".cfi_offset d11, -56",
    ".cfi_offset d12, -80",
    ".cfi_offset d13, -72",
    ".cfi_offset d14, -96",
    ".cfi_offset d15, -88",
    "ldp x19, x20, [x29, #-96]",
    "ldp x21, x22, [x29, #-112]",
    "ldp x23, x24, [x29, #-128]",
    "ldp x25, x26, [x29, #-144]",
    "ldp x27, x28, [x29, #-160]",
    "ldp d8, d9, [x29, #-32]",
    "ldp d10, d11, [x29, #-48]",
    "ldp d12, d13, [x29, #-64]",
    "ldp d14, d15, [x29, #-80]",
    "mov x0, x1",
    "mov x1, x2",
    "b 60b",
    ".cfi_endproc",
    ".size precast_loader_resume, . - precast_loader_resume",
    ".globl precast_loader_stubs_end",
    ".hidden precast_loader_stubs_end",
    "precast_loader_stubs_end:",
    ".purgem precast_host_frame",
    ".popsection",
    host_sp = const abi::ACTIVATION_HOST_SP,
    resume = const abi::ACTIVATION_RESUME,
    entry_fp = const abi::ACTIVATION_ENTRY_FP,
    guest_sp = const abi::ACTIVATION_GUEST_SP,
    guest_fp = const abi::ACTIVATION_GUEST_FP,
    entry_sp = const abi::ACTIVATION_ENTRY_SP,
    entry_frame = const abi::ENTRY_FRAME,
    store = const abi::CTX_STORE,
    activation = const abi::STORE_ACTIVATION,
    handler = const abi::BuiltinReturn::HANDLER,
    pending = const abi::BuiltinReturn::PENDING,
    landing_pc = const offset_of!(Landing, pc),
    landing_sp = const offset_of!(Landing, sp),
    landing_fp = const offset_of!(Landing, fp),
    landing_payload = const offset_of!(Landing, payload),
);

/// The body of a naked function that goes to the stub `$switch` with the
/// address of `$target` where the stubs expect it, in `x9`: a linker's veneer
/// of the branch may use `x16` and `x17` (AAPCS64, section 6.1.1).
macro_rules! switch_to {
    ($target:path, $switch:path) => {
        core::arch::naked_asm!(
            "adrp x9, {target}",
            "add x9, x9, :lo12:{target}",
            "b {switch}",
            target = sym $target,
            switch = sym $switch,
        )
    };
}
pub(crate) use switch_to;

/// The interrupted registers.
///
/// # Safety
///
/// `context` is the third argument of a running signal handler.
pub(crate) unsafe fn registers(context: *mut c_void) -> Registers {
    // SAFETY: the kernel passes a `ucontext_t`, by the caller's promise.
    let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    Registers {
        pc: machine.pc as usize,
        fp: machine.regs[29] as usize,
        sp: machine.sp as usize,
        link: machine.regs[30] as usize,
    }
}

/// Makes the handler return to `pc`, with `sp` and with `status` where
/// [`enter`](crate::sys::stubs::enter) expects it.
///
/// # Safety
///
/// As [`registers`]; `pc` and `sp` are an activation's resume point and host
/// stack pointer.
pub(crate) unsafe fn resume(context: *mut c_void, pc: usize, sp: usize, status: u64) {
    // SAFETY: the kernel passes a `ucontext_t`, by the caller's promise.
    let machine = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext };
    machine.pc = pc as u64;
    machine.sp = sp as u64;
    machine.regs[0] = status;
}

/// The return address of a function that has no frame yet.
///
/// # Safety
///
/// `registers` are those in the first [`FRAME_SETUP`] bytes of a function, and
/// its caller's stack is readable.
pub(crate) unsafe fn return_address_at_entry(registers: &Registers) -> usize {
    registers.link
}

/// Whether this machine has a feature that an artifact names; `None` for a
/// name that is not known.
pub(crate) fn has_feature(name: &str) -> Option<bool> {
    cpu::detected(name)
}
