//! riscv64: stack-switching stubs, registers in a signal context, frames, CPU
//! features.
//!
//! The stubs switch between the host's stack and the guest's. All keep their
//! canonical frame address 16 bytes above `s0`, as guests do, so an unwinder
//! gets from either stack to the other; all are marked as signal frames,
//! because debuggers otherwise refuse stack pointers that move the wrong way.
//!
//! Guests have their frame pointer *at* the saved one, while the psABI's
//! convention has it at the canonical frame address. Walks only meet guests'
//! frames and those of the stubs.
//!
//! # Instruction cache
//!
//! A hart sees stores to code only after `fence.i`, but nothing is done about
//! it here: text comes into memory by the kernel alone, which fences every
//! hart before it maps such a page executable (`flush_icache_pte` in Linux),
//! also for the pages of memory files. Code is never written through a
//! mapping.
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
use precast_artifact::abi;
use precast_artifact::cpu::RiscvMachine;
use std::arch::global_asm;
use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::OnceLock;

/// `e_machine` of artifacts that run here (`EM_RISCV`).
pub(crate) const MACHINE: u16 = 243;
/// Name of the architecture in messages.
pub(crate) const NAME: &str = "riscv64";

/// From a frame pointer to the caller's frame pointer, in bytes.
pub(crate) const FRAME_CALLER: isize = 0;
/// From a frame pointer to the return address, in bytes.
pub(crate) const FRAME_RETURN: isize = 8;

/// Bytes at the start of a function in which an instruction may find the stack
/// full while the frame pointer is still the caller's: `addi sp, sp, -16` and
/// `sd ra, 8(sp)`, compressed or not.
pub(crate) const FRAME_SETUP: usize = 8;

global_asm!(
    // Link-time optimisation assembles this without the target's features.
    ".option push",
    ".option arch, +d",
    ".pushsection .text.precast_stubs, \"ax\", @progbits",
    ".p2align 5",
    ".globl precast_loader_stubs_start",
    ".hidden precast_loader_stubs_start",
    "precast_loader_stubs_start:",
    // The frame of the host's side: what the guest need not preserve for it.
    ".macro precast_host_frame",
    "addi sp, sp, -16",
    ".cfi_def_cfa_offset 16",
    "sd ra, 8(sp)",
    "sd s0, 0(sp)",
    ".cfi_offset ra, -8",
    ".cfi_offset s0, -16",
    "mv s0, sp",
    ".cfi_def_cfa s0, 16",
    "addi sp, sp, -192",
    ".irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "sd s\\r, (8 * \\r - 8)(sp)",
    ".endr",
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "fsd fs\\r, (8 * \\r + 88)(sp)",
    ".endr",
    ".irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    ".cfi_offset s\\r, 8 * \\r - 216",
    ".endr",
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    ".cfi_offset fs\\r, 8 * \\r - 120",
    ".endr",
    ".endm",
    // a0 = activation, a1 = entry stub, a2 = context, a3 = code, a4 = values,
    // a5 = guest stack pointer; returns the status in a0.
    ".globl precast_loader_enter",
    ".hidden precast_loader_enter",
    ".type precast_loader_enter, @function",
    "precast_loader_enter:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "precast_host_frame",
    "sd sp, {host_sp}(a0)",
    "lla t0, 20f",
    "sd t0, {resume}(a0)",
    "sd s0, {entry_fp}(a0)",
    "mv sp, a5",
    "mv t0, a1",
    "mv a0, a2",
    "mv a1, a3",
    "mv a2, a4",
    "jalr t0",
    "li a0, 0",
    "addi sp, s0, -192",
    // Back on the host stack, the status in a0.
    "3:",
    ".irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "ld s\\r, (8 * \\r - 8)(sp)",
    ".endr",
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "fld fs\\r, (8 * \\r + 88)(sp)",
    ".endr",
    "ld ra, 200(sp)",
    "ld s0, 192(sp)",
    ".cfi_remember_state",
    ".cfi_def_cfa sp, 208",
    ".cfi_restore ra",
    ".cfi_restore s0",
    "addi sp, sp, 208",
    ".cfi_def_cfa_offset 0",
    "ret",
    // Where a guest that is left goes on: sp = the saved host stack pointer.
    "20:",
    ".cfi_restore_state",
    ".cfi_def_cfa sp, 208",
    "addi s0, sp, 192",
    ".cfi_def_cfa s0, 16",
    "j 3b",
    ".cfi_endproc",
    ".size precast_loader_enter, . - precast_loader_enter",
    "",
    // As a builtin is called: a0 = context, further arguments after it;
    // t2 = the loader's function.
    ".p2align 5",
    ".globl precast_loader_builtin",
    ".hidden precast_loader_builtin",
    ".type precast_loader_builtin, @function",
    "precast_loader_builtin:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "addi sp, sp, -16",
    ".cfi_def_cfa_offset 16",
    "sd ra, 8(sp)",
    "sd s0, 0(sp)",
    ".cfi_offset ra, -8",
    ".cfi_offset s0, -16",
    "mv s0, sp",
    ".cfi_def_cfa s0, 16",
    "ld t0, {store}(a0)",
    "ld t0, {activation}(t0)",
    "addi sp, sp, -16",
    "sd t0, 0(sp)",
    // The activation in t0 and below the frame pointer, the guest's stack
    // pointer final.
    "4:",
    "sd sp, {guest_sp}(t0)",
    "sd s0, {guest_fp}(t0)",
    "ld sp, {host_sp}(t0)",
    "jalr t2",
    // The value in a0, the status in a1.
    "60:",
    "bnez a1, 2f",
    "mv sp, s0",
    "ld ra, 8(sp)",
    "ld s0, 0(sp)",
    ".cfi_remember_state",
    ".cfi_def_cfa sp, 16",
    ".cfi_restore ra",
    ".cfi_restore s0",
    "addi sp, sp, 16",
    ".cfi_def_cfa_offset 0",
    "ret",
    "2:",
    ".cfi_restore_state",
    "li t0, {handler}",
    "beq a1, t0, 3f",
    // Only what comes from the spilling stub is pending.
    "li t0, {pending}",
    "bne a1, t0, 5f",
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "fsd fs\\r, (8 * \\r - 120)(s0)",
    ".endr",
    "5:",
    "ld t0, -16(s0)",
    "ld sp, {host_sp}(t0)",
    "ld t0, {resume}(t0)",
    "mv a0, a1",
    "jr t0",
    // Where an exception goes on: a0 = the landing. The frame whose code that
    // is has its canonical frame address where this one has it, by `s0`.
    "3:",
    "mv t0, a0",
    "ld a0, {landing_payload}(t0)",
    "ld sp, {landing_sp}(t0)",
    "ld s0, {landing_fp}(t0)",
    "ld t0, {landing_pc}(t0)",
    "jr t0",
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
    "addi sp, sp, -16",
    ".cfi_def_cfa_offset 16",
    "sd ra, 8(sp)",
    "sd s0, 0(sp)",
    ".cfi_offset ra, -8",
    ".cfi_offset s0, -16",
    "mv s0, sp",
    ".cfi_def_cfa s0, 16",
    "ld t0, {store}(a0)",
    "ld t0, {activation}(t0)",
    // With room for fs0 to fs11, which hold no references: they go there when
    // the call is pending.
    "addi sp, sp, -208",
    "sd t0, 192(sp)",
    ".irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "sd s\\r, (8 * \\r - 8)(sp)",
    ".endr",
    "j 4b",
    ".cfi_endproc",
    ".size precast_loader_spilling_builtin, . - precast_loader_spilling_builtin",
    "",
    // a0 = an activation suspended in the stub above, a1 = value and
    // a2 = status with which its builtin comes back; returns the status in a0.
    // The frame is that of `precast_loader_enter`, where the guest returns.
    ".p2align 5",
    ".globl precast_loader_resume",
    ".hidden precast_loader_resume",
    ".type precast_loader_resume, @function",
    "precast_loader_resume:",
    ".cfi_startproc",
    ".cfi_signal_frame",
    "precast_host_frame",
    "sd sp, {host_sp}(a0)",
    "lla t0, 20b",
    "sd t0, {resume}(a0)",
    "sd s0, {entry_fp}(a0)",
    "ld t0, {entry_sp}(a0)",
    "sd s0, -{entry_frame}(t0)",
    // From here on the frame is the guest's.
    "ld s0, {guest_fp}(a0)",
    ".irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    ".cfi_offset s\\r, 8 * \\r - 232",
    ".endr",
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    ".cfi_offset fs\\r, 8 * \\r - 136",
    ".endr",
    ".irp r, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "ld s\\r, (8 * \\r - 216)(s0)",
    ".endr",
    ".irp r, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11",
    "fld fs\\r, (8 * \\r - 120)(s0)",
    ".endr",
    "mv a0, a1",
    "mv a1, a2",
    "j 60b",
    ".cfi_endproc",
    ".size precast_loader_resume, . - precast_loader_resume",
    ".globl precast_loader_stubs_end",
    ".hidden precast_loader_stubs_end",
    "precast_loader_stubs_end:",
    ".purgem precast_host_frame",
    ".popsection",
    ".option pop",
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
/// address of `$target` where the stubs expect it, in `t2`: `tail` uses `t1`.
macro_rules! switch_to {
    ($target:path, $switch:path) => {
        core::arch::naked_asm!(
            "lla t2, {target}",
            "tail {switch}",
            target = sym $target,
            switch = sym $switch,
        )
    };
}
pub(crate) use switch_to;

/// Places in a signal context: the program counter stands where register 0,
/// always zero, would be.
const PC: usize = 0;
const RA: usize = 1;
const SP: usize = 2;
const S0: usize = 8;
const A0: usize = 10;

/// The interrupted registers.
///
/// # Safety
///
/// `context` is the third argument of a running signal handler.
pub(crate) unsafe fn registers(context: *mut c_void) -> Registers {
    // SAFETY: the kernel passes a `ucontext_t`, by the caller's promise.
    let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
    let register = |index: usize| machine.__gregs[index] as usize;
    Registers { pc: register(PC), fp: register(S0), sp: register(SP), link: register(RA) }
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
    machine.__gregs[PC] = pc as u64;
    machine.__gregs[SP] = sp as u64;
    machine.__gregs[A0] = status;
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
    static MACHINE: OnceLock<RiscvMachine> = OnceLock::new();
    MACHINE.get_or_init(machine).has(name)
}

/// `__NR_riscv_hwprobe` of `asm/unistd.h`.
const SYS_RISCV_HWPROBE: libc::c_long = 258;
/// `RISCV_HWPROBE_KEY_IMA_EXT_0` of `asm/hwprobe.h`.
const KEY_IMA_EXT_0: i64 = 4;
/// `PR_RISCV_V_GET_CONTROL` of `linux/prctl.h`.
const PR_RISCV_V_GET_CONTROL: libc::c_int = 70;
/// `PR_RISCV_V_VSTATE_CTRL_CUR_MASK`, and `PR_RISCV_V_VSTATE_CTRL_OFF` in it.
const VSTATE_CURRENT: libc::c_int = 3;
const VSTATE_OFF: libc::c_int = 1;

fn machine() -> RiscvMachine {
    /// `struct riscv_hwprobe`.
    #[repr(C)]
    struct Pair {
        key: i64,
        value: u64,
    }
    let mut pair = Pair { key: KEY_IMA_EXT_0, value: 0 };
    // SAFETY: the kernel fills one pair; no set of CPUs is given, which asks
    // for what all of them have.
    let result = unsafe { libc::syscall(SYS_RISCV_HWPROBE, &raw mut pair, 1, 0, 0, 0) };
    let known = result == 0 && pair.key == KEY_IMA_EXT_0;
    // SAFETY: takes a number only.
    let mut hwcap = unsafe { libc::getauxval(libc::AT_HWCAP) };
    // SAFETY: takes a number only. Fails where there are no vectors, or the
    // kernel is older than the request.
    let vectors = unsafe { libc::prctl(PR_RISCV_V_GET_CONTROL) };
    let mut hwprobe = if known { pair.value } else { 0 };
    if vectors >= 0 && vectors & VSTATE_CURRENT == VSTATE_OFF {
        // The machine has them, but this process may not use them.
        hwcap &= !(1 << (b'v' - b'a'));
        hwprobe &= !(1 << 2);
    }
    RiscvMachine { hwcap, hwprobe }
}
