//! How far the stack pointer is below the frame pointer.
//!
//! Every function begins with `push %rbp; mov %rsp, %rbp; sub $size, %rsp`, and leaves by
//! `add $size, %rsp; mov %rbp, %rsp; pop %rbp` and a return or a jump to another
//! function. From the one to the other the distance is `size`, if
//!
//! * nothing else writes either register: no instruction names one of them otherwise,
//!   but as part of an address or to copy it, and none but calls use the stack by nature.
//!   A callee leaves both as they were, or has taken its arguments off the stack, which
//!   `sub $n, %rsp` right after the call takes back;
//! * nothing leads into what is before, after or between: no branch, no table of
//!   branches, no handler;
//! * handlers are told the same size: the loader gives them the frame pointer of their
//!   frame, and a stack pointer so far below it.
//!
//! Whatever else the guest's code is left for, a trap, the host or another activation, it
//! comes back with all registers that callees preserve, or never.

use super::offsets::OffsetSet;
use crate::function::CompiledFunction;
use iced_x86::{Code, Instruction, OpKind, Register};
use std::ops::Range;

/// Follows the two registers from one instruction to the next.
#[derive(Debug)]
pub(super) struct FramePointers {
    state: State,
    size: u32,
    /// What nothing may lead to: the frame is not whole there.
    closed: Vec<Range<u32>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Start,
    /// After `push %rbp`.
    Pushed,
    /// After `mov %rsp, %rbp`.
    Pointed,
    /// Within the frame.
    Inside,
    /// Right after a call.
    Called,
    /// After `add $size, %rsp`, which ended there.
    Released(u32),
    /// After `pop %rbp`.
    Left(u32),
    /// Something was not understood.
    Unknown,
}

impl FramePointers {
    pub(super) fn new() -> Self {
        Self { state: State::Start, size: 0, closed: Vec::new() }
    }

    /// Goes on with the next instruction. Gives how far the stack pointer is below the
    /// frame pointer while that runs, unless it changes one of them: right only if
    /// [`FramePointers::holds`] in the end. `relocated` says whether a relocation is for it.
    pub(super) fn next(&mut self, instruction: &Instruction, relocated: bool) -> Option<u32> {
        let within = |state| matches!(state, State::Inside | State::Called);
        let before = self.state;
        let plain = !touches(instruction) && !instruction.is_stack_instruction();
        self.state = match before {
            State::Inside | State::Called if plain => State::Inside,
            State::Unknown => return None,
            _ => self.after(instruction, relocated),
        };
        (plain && within(before) && within(self.state)).then_some(self.size)
    }

    fn after(&mut self, i: &Instruction, relocated: bool) -> State {
        let (start, end) = (i.ip() as u32, i.next_ip() as u32);
        match self.state {
            State::Start if is_only_push(i) => State::Pushed,
            State::Pushed if is_move(i, Register::RBP, Register::RSP) => State::Pointed,
            State::Pointed => match steps_down(i) {
                Some(size) => {
                    self.size = size;
                    self.closed.push(0..end);
                    State::Inside
                }
                None if touches(i) || i.is_stack_instruction() || leads_away(i) => State::Unknown,
                None => State::Pointed,
            },
            State::Inside | State::Called => self.after_inside(i),
            State::Released(from) => match i.code() {
                _ if is_move(i, Register::RSP, Register::RBP) => State::Released(from),
                Code::Pop_r64 if i.op0_register() == Register::RBP => State::Left(from),
                _ => State::Unknown,
            },
            State::Left(from) => match i.code() {
                _ if leaves(i, relocated) => {
                    self.closed.push(from..start + 1);
                    State::Inside
                }
                // The return address moves to where a shorter list of arguments ends.
                Code::Mov_r64_rm64 | Code::Mov_rm64_r64 if !touches(i) => State::Left(from),
                _ if steps_up(i).is_some() => State::Left(from),
                _ => State::Unknown,
            },
            State::Start | State::Pushed | State::Unknown => State::Unknown,
        }
    }

    fn after_inside(&mut self, i: &Instruction) -> State {
        match i.code() {
            Code::Call_rel32_64 => State::Called,
            Code::Call_rm64 if !touches(i) => State::Called,
            // Copied, or stored.
            Code::Mov_r64_rm64 | Code::Mov_rm64_r64 if !is_pointer(i.op0_register()) => {
                State::Inside
            }
            _ if steps_up(i) == Some(self.size) => State::Released(i.next_ip() as u32),
            _ if self.state == State::Called && steps_down(i).is_some_and(|n| n <= self.size) => {
                self.closed.push(i.ip() as u32..i.ip() as u32 + 1);
                State::Inside
            }
            _ => State::Unknown,
        }
    }

    /// Whether all that was given is right, in a function in which only these places are
    /// led to.
    pub(super) fn holds(&self, function: &CompiledFunction, targets: &OffsetSet) -> bool {
        matches!(self.state, State::Inside | State::Called)
            && self.closed.iter().all(|places| !targets.contains_any(places.clone()))
            && function.handlers.iter().all(|handler| handler.frame == self.size)
    }
}

/// Any part of the stack pointer, or of the frame pointer.
fn is_pointer(register: Register) -> bool {
    matches!(
        register,
        Register::RSP
            | Register::RBP
            | Register::ESP
            | Register::EBP
            | Register::SP
            | Register::BP
            | Register::SPL
            | Register::BPL
    )
}

/// Whether an instruction names one of the two registers, but in an address.
fn touches(i: &Instruction) -> bool {
    is_pointer(i.op0_register())
        || is_pointer(i.op1_register())
        || is_pointer(i.op2_register())
        || is_pointer(i.op3_register())
}

/// `push %rbp` as the first instruction.
fn is_only_push(i: &Instruction) -> bool {
    i.ip() == 0 && i.code() == Code::Push_r64 && i.op0_register() == Register::RBP
}

fn is_move(i: &Instruction, to: Register, from: Register) -> bool {
    matches!(i.code(), Code::Mov_r64_rm64 | Code::Mov_rm64_r64)
        && [i.op0_kind(), i.op1_kind()] == [OpKind::Register; 2]
        && (i.op0_register(), i.op1_register()) == (to, from)
}

/// `sub $n, %rsp`
fn steps_down(i: &Instruction) -> Option<u32> {
    match i.code() {
        Code::Sub_rm64_imm8 | Code::Sub_rm64_imm32 => step(i),
        _ => None,
    }
}

/// `add $n, %rsp`
fn steps_up(i: &Instruction) -> Option<u32> {
    match i.code() {
        Code::Add_rm64_imm8 | Code::Add_rm64_imm32 => step(i),
        _ => None,
    }
}

/// By how much the stack pointer moves: more than nothing.
fn step(i: &Instruction) -> Option<u32> {
    let constant = i.immediate(1) as i64;
    let moves = i.op0_kind() == OpKind::Register && i.op0_register() == Register::RSP;
    i32::try_from(constant).ok().filter(|n| moves && *n > 0).map(i32::cast_unsigned)
}

/// Whether another instruction than the next one may come after this one, in the same
/// function or elsewhere.
fn leads_away(i: &Instruction) -> bool {
    i.op0_kind() == OpKind::NearBranch64 || i.code() == Code::Jmp_rm64
}

/// Whether the function ends here: it returns, or jumps to another one.
fn leaves(i: &Instruction, relocated: bool) -> bool {
    match i.code() {
        Code::Retnq | Code::Retnq_imm16 => true,
        Code::Jmp_rel32_64 => relocated,
        Code::Jmp_rm64 => i.op0_kind() == OpKind::Register && !touches(i),
        _ => false,
    }
}
