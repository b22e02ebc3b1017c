//! x86-64: stack-switching stubs, registers in a signal context, frames, CPU
//! features.
//!
//! The stubs switch between the host's stack and the guest's. All keep their
//! canonical frame address in `rbp`, which the guest preserves, so an unwinder
//! gets from either stack to the other; all are marked as signal frames,
//! because debuggers otherwise refuse stack pointers that move the wrong way.
//!
//! # Safety
//!
//! The assembly relies on the offsets in [`precast_artifact::abi`], on
//! [`stubs::enter`](crate::sys::stubs::enter) being given a live activation,
//! [`stubs::resume`](crate::sys::stubs::resume) a suspended one, and on builtins being called with a context whose store has an activation.
//! The accessors read and write the `ucontext_t` that the kernel passes to a
//! signal handler.
#![allow(unsafe_code)]

#[path = "x86_64/few_bytes.rs"]
mod few_bytes;

use crate::sys::registers::{Landing, Registers};
use precast_artifact::{abi, cpu};
use std::arch::global_asm;
use std::ffi::c_void;
use std::mem::offset_of;

/// `e_machine` of artifacts that run here (`EM_X86_64`).
pub(crate) const MACHINE: u16 = 62;
/// Name of the architecture in messages.
pub(crate) const NAME: &str = "x86_64";

/// From a frame pointer to the caller's frame pointer, in bytes.
pub(crate) const FRAME_CALLER: isize = 0;
/// From a frame pointer to the return address, in bytes.
pub(crate) const FRAME_RETURN: isize = 8;

/// Bytes at the start of a function in which an instruction may find the stack
/// full while the frame pointer is still the caller's: `push rbp`.
pub(crate) const FRAME_SETUP: usize = 1;

global_asm!(
    ".pushsection .text.precast_stubs, \"ax\", @progbits",
    ".p2align 5",
    ".globl precast_loader_stubs_start",
    ".hidden precast_loader_stubs_start",
    "precast_loader_stubs_start:",
    // The frame of the host's side: what the guest need not preserve for it.
    ".macro precast_host_frame",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "sub rsp, 8",
    ".cfi_offset rbx, -24",
    ".cfi_offset r12, -32",
    ".cfi_offset r13, -40",
    ".cfi_offset r14, -48",
    ".cfi_offset r15, -56",
    ".endm",
    // The activation in rax, the guest's stack pointer final: calls the host's
    // function on the host's stack, and returns if its status is zero. The value
    // is in rax, the status in rdx.
    ".macro precast_switch",
    "mov [rax + {guest_sp}], rsp",
    "mov [rax + {guest_fp}], rbp",
    "mov rsp, [rax + {host_sp}]",
    "call r11",
    "60:",
    "test rdx, rdx",
    "jne 2f",
    "mov rsp, rbp",
    "pop rbp",
    ".cfi_remember_state",
    ".cfi_def_cfa rsp, 8",
    "ret",
    ".cfi_restore_state",
    ".endm",
    // rdi = activation, rsi = entry stub, rdx = context, rcx = code,
    // r8 = values, r9 = guest stack pointer; returns the status in rax.
    ".globl precast_loader_enter",
    ".hidden precast_loader_enter",
    ".type precast_loader_enter, @function",
    "precast_loader_enter:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "precast_host_frame",
    "mov [rdi + {host_sp}], rsp",
    "lea rax, [rip + 20f]",
    "mov [rdi + {resume}], rax",
    "mov [rdi + {entry_fp}], rbp",
    "mov rsp, r9",
    "mov rax, rsi",
    "mov rdi, rdx",
    "mov rsi, rcx",
    "mov rdx, r8",
    "call rax",
    "xor eax, eax",
    "lea rsp, [rbp - 48]",
    // Back on the host stack, the status in rax.
    "3:",
    "add rsp, 8",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    ".cfi_remember_state",
    ".cfi_def_cfa rsp, 8",
    "ret",
    // Where a guest that is left goes on: rsp = the saved host stack pointer.
    "20:",
    ".cfi_restore_state",
    ".cfi_def_cfa rsp, 64",
    "lea rbp, [rsp + 48]",
    ".cfi_def_cfa rbp, 16",
    "jmp 3b",
    ".cfi_endproc",
    ".size precast_loader_enter, . - precast_loader_enter",
    "",
    // As a builtin is called: rdi = context, further arguments after it;
    // r11 = the loader's function.
    ".p2align 5",
    ".globl precast_loader_builtin",
    ".hidden precast_loader_builtin",
    ".type precast_loader_builtin, @function",
    "precast_loader_builtin:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "mov rax, [rdi + {store}]",
    "mov rax, [rax + {activation}]",
    "push rax",
    "push rax",
    "precast_switch",
    // The activation is below the frame pointer.
    "2:",
    "5:",
    "cmp rdx, {handler}",
    "je 3f",
    "mov rcx, [rbp - 8]",
    "mov rsp, [rcx + {host_sp}]",
    "mov rax, rdx",
    "jmp [rcx + {resume}]",
    // Where an exception goes on: rax = the landing. The frame whose code that
    // is has its canonical frame address where this one has it, by `rbp`.
    "3:",
    "mov rcx, rax",
    "mov rax, [rcx + {landing_payload}]",
    "mov rsp, [rcx + {landing_sp}]",
    "mov rbp, [rcx + {landing_fp}]",
    "jmp [rcx + {landing_pc}]",
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
    "push rbp",
    ".cfi_def_cfa_offset 16",
    ".cfi_offset rbp, -16",
    "mov rbp, rsp",
    ".cfi_def_cfa_register rbp",
    "mov rax, [rdi + {store}]",
    "mov rax, [rax + {activation}]",
    "push rax",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "precast_switch",
    "2:",
    "jmp 5b",
    ".cfi_endproc",
    ".size precast_loader_spilling_builtin, . - precast_loader_spilling_builtin",
    "",
    // rdi = an activation suspended in the stub above, rsi = value and
    // rdx = status with which its builtin comes back; returns the status in
    // rax. The frame is that of `precast_loader_enter`, where the guest returns.
    ".p2align 5",
    ".globl precast_loader_resume",
    ".hidden precast_loader_resume",
    ".type precast_loader_resume, @function",
    "precast_loader_resume:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "precast_host_frame",
    "mov [rdi + {host_sp}], rsp",
    "lea rax, [rip + 20b]",
    "mov [rdi + {resume}], rax",
    "mov [rdi + {entry_fp}], rbp",
    "mov rax, [rdi + {entry_sp}]",
    "mov [rax - {entry_frame}], rbp",
    // From here on the frame is the guest's.
    "mov rbp, [rdi + {guest_fp}]",
    ".cfi_offset rbx, -32",
    ".cfi_offset r12, -40",
    ".cfi_offset r13, -48",
    ".cfi_offset r14, -56",
    ".cfi_offset r15, -64",
    "mov rbx, [rbp - 16]",
    "mov r12, [rbp - 24]",
    "mov r13, [rbp - 32]",
    "mov r14, [rbp - 40]",
    "mov r15, [rbp - 48]",
    "mov rax, rsi",
    "jmp 60b",
    ".cfi_endproc",
    ".size precast_loader_resume, . - precast_loader_resume",
    ".globl precast_loader_stubs_end",
    ".hidden precast_loader_stubs_end",
    "precast_loader_stubs_end:",
    ".purgem precast_host_frame",
    ".purgem precast_switch",
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
    landing_pc = const offset_of!(Landing, pc),
    landing_sp = const offset_of!(Landing, sp),
    landing_fp = const offset_of!(Landing, fp),
    landing_payload = const offset_of!(Landing, payload),
);

/// The body of a naked function that goes to the stub `$switch` with the
/// address of `$target` where the stubs expect it, in `r11`.
macro_rules! switch_to {
    ($target:path, $switch:path) => {
        core::arch::naked_asm!(
            "lea r11, [rip + {target}]",
            "jmp {switch}",
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
    let gregs = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let register = |index: i32| gregs[index as usize] as usize;
    Registers {
        pc: register(libc::REG_RIP),
        fp: register(libc::REG_RBP),
        sp: register(libc::REG_RSP),
        link: register(libc::REG_RSP),
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
    let gregs = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    gregs[libc::REG_RIP as usize] = pc as i64;
    gregs[libc::REG_RSP as usize] = sp as i64;
    gregs[libc::REG_RAX as usize] = status as i64;
}

/// The return address of a function that has no frame yet.
///
/// # Safety
///
/// `registers` are those in the first [`FRAME_SETUP`] bytes of a function, and
/// its caller's stack is readable.
pub(crate) unsafe fn return_address_at_entry(registers: &Registers) -> usize {
    // SAFETY: the call instruction has just pushed it.
    unsafe { *(registers.link as *const usize) }
}

/// Whether this machine has a feature that an artifact names; `None` for a
/// name that is not known.
pub(crate) fn has_feature(name: &str) -> Option<bool> {
    cpu::detected(name)
}
