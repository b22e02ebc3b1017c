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
//! and on builtins being called with a context whose store has an activation.
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
    // a0 = activation, a1 = entry stub, a2 = context, a3 = code, a4 = values,
    // a5 = guest stack pointer; returns the status in a0.
    ".globl precast_loader_enter",
    ".hidden precast_loader_enter",
    ".type precast_loader_enter, @function",
    "precast_loader_enter:",
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
    "addi sp, sp, -192",
    "sd s1, 0(sp)",
    "sd s2, 8(sp)",
    "sd s3, 16(sp)",
    "sd s4, 24(sp)",
    "sd s5, 32(sp)",
    "sd s6, 40(sp)",
    "sd s7, 48(sp)",
    "sd s8, 56(sp)",
    "sd s9, 64(sp)",
    "sd s10, 72(sp)",
    "sd s11, 80(sp)",
    "fsd fs0, 88(sp)",
    "fsd fs1, 96(sp)",
    "fsd fs2, 104(sp)",
    "fsd fs3, 112(sp)",
    "fsd fs4, 120(sp)",
    "fsd fs5, 128(sp)",
    "fsd fs6, 136(sp)",
    "fsd fs7, 144(sp)",
    "fsd fs8, 152(sp)",
    "fsd fs9, 160(sp)",
    "fsd fs10, 168(sp)",
    "fsd fs11, 176(sp)",
    ".cfi_offset s1, -208",
    ".cfi_offset s2, -200",
    ".cfi_offset s3, -192",
    ".cfi_offset s4, -184",
    ".cfi_offset s5, -176",
    ".cfi_offset s6, -168",
    ".cfi_offset s7, -160",
    ".cfi_offset s8, -152",
    ".cfi_offset s9, -144",
    ".cfi_offset s10, -136",
    ".cfi_offset s11, -128",
    ".cfi_offset fs0, -120",
    ".cfi_offset fs1, -112",
    ".cfi_offset fs2, -104",
    ".cfi_offset fs3, -96",
    ".cfi_offset fs4, -88",
    ".cfi_offset fs5, -80",
    ".cfi_offset fs6, -72",
    ".cfi_offset fs7, -64",
    ".cfi_offset fs8, -56",
    ".cfi_offset fs9, -48",
    ".cfi_offset fs10, -40",
    ".cfi_offset fs11, -32",
    "sd sp, {host_sp}(a0)",
    "lla t0, 2f",
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
    "ld s1, 0(sp)",
    "ld s2, 8(sp)",
    "ld s3, 16(sp)",
    "ld s4, 24(sp)",
    "ld s5, 32(sp)",
    "ld s6, 40(sp)",
    "ld s7, 48(sp)",
    "ld s8, 56(sp)",
    "ld s9, 64(sp)",
    "ld s10, 72(sp)",
    "ld s11, 80(sp)",
    "fld fs0, 88(sp)",
    "fld fs1, 96(sp)",
    "fld fs2, 104(sp)",
    "fld fs3, 112(sp)",
    "fld fs4, 120(sp)",
    "fld fs5, 128(sp)",
    "fld fs6, 136(sp)",
    "fld fs7, 144(sp)",
    "fld fs8, 152(sp)",
    "fld fs9, 160(sp)",
    "fld fs10, 168(sp)",
    "fld fs11, 176(sp)",
    "ld ra, 200(sp)",
    "ld s0, 192(sp)",
    ".cfi_remember_state",
    ".cfi_def_cfa sp, 208",
    ".cfi_restore ra",
    ".cfi_restore s0",
    "addi sp, sp, 208",
    ".cfi_def_cfa_offset 0",
    "ret",
    // Where a trap goes on: sp = the saved host stack pointer.
    "2:",
    ".cfi_restore_state",
    ".cfi_def_cfa sp, 208",
    "addi s0, sp, 192",
    ".cfi_def_cfa s0, 16",
    "j 3b",
    ".cfi_endproc",
    ".size precast_loader_enter, . - precast_loader_enter",
    "",
    // As a builtin is called: a0 = context, further arguments behind it;
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
    // in goes to its stack, where a scan finds it.
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
    "addi sp, sp, -112",
    "sd t0, 96(sp)",
    "sd s1, 0(sp)",
    "sd s2, 8(sp)",
    "sd s3, 16(sp)",
    "sd s4, 24(sp)",
    "sd s5, 32(sp)",
    "sd s6, 40(sp)",
    "sd s7, 48(sp)",
    "sd s8, 56(sp)",
    "sd s9, 64(sp)",
    "sd s10, 72(sp)",
    "sd s11, 80(sp)",
    "j 4b",
    ".cfi_endproc",
    ".size precast_loader_spilling_builtin, . - precast_loader_spilling_builtin",
    ".globl precast_loader_stubs_end",
    ".hidden precast_loader_stubs_end",
    "precast_loader_stubs_end:",
    ".popsection",
    ".option pop",
    host_sp = const abi::ACTIVATION_HOST_SP,
    resume = const abi::ACTIVATION_RESUME,
    entry_fp = const abi::ACTIVATION_ENTRY_FP,
    guest_sp = const abi::ACTIVATION_GUEST_SP,
    guest_fp = const abi::ACTIVATION_GUEST_FP,
    store = const abi::CTX_STORE,
    activation = const abi::STORE_ACTIVATION,
    handler = const abi::BuiltinReturn::HANDLER,
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
    Registers { pc: register(PC), fp: register(S0), link: register(RA) }
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
