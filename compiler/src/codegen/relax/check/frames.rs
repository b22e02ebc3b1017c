//! Where the stack pointer and the frame pointer are before each instruction: followed
//! along all ways through the code, from the entry and the handlers.

use super::super::scan::targets;
use super::pieces::Decoded;
use crate::function::CompiledFunction;
use iced_x86::{
    Code, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register,
};
use std::collections::HashMap;

/// The two registers as distances from the canonical frame address, where those are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pointers {
    stack: Option<i64>,
    frame: Option<i64>,
}

impl Pointers {
    pub(super) fn of(self, register: Register) -> Option<i64> {
        match register {
            Register::RSP => self.stack,
            Register::RBP => self.frame,
            _ => None,
        }
    }

    /// What is known after either of two ways.
    fn or(self, other: Self) -> Self {
        let same = |one: Option<i64>, other| one.filter(|_| one == other);
        Self { stack: same(self.stack, other.stack), frame: same(self.frame, other.frame) }
    }
}

/// The pointers before each instruction that can be reached, by its offset.
pub(super) fn follow(function: &CompiledFunction, pieces: &[Decoded]) -> HashMap<u64, Pointers> {
    let mut ways = Ways {
        function,
        pieces,
        at: pieces.iter().enumerate().map(|(at, p)| (u64::from(p.place().start), at)).collect(),
        known: HashMap::new(),
        open: Vec::new(),
        facts: InstructionInfoFactory::new(),
    };
    // The return address is below the canonical frame address.
    ways.reach(0, Pointers { stack: Some(-8), frame: None });
    for handler in &function.handlers {
        // Below it lies the caller's frame pointer, where the own points to.
        let (stack, frame) = (Some(-16 - i64::from(handler.frame)), Some(-16));
        ways.reach(handler.handler.get().into(), Pointers { stack, frame });
    }
    while let Some(at) = ways.open.pop() {
        ways.step(at);
    }
    ways.known
}

struct Ways<'f> {
    function: &'f CompiledFunction,
    pieces: &'f [Decoded],
    /// Which piece starts at an offset.
    at: HashMap<u64, usize>,
    known: HashMap<u64, Pointers>,
    open: Vec<usize>,
    facts: InstructionInfoFactory,
}

impl Ways<'_> {
    fn reach(&mut self, offset: u64, pointers: Pointers) {
        let Some(at) = self.at.get(&offset) else { return };
        let before = self.known.get(&offset).copied();
        let after = before.map_or(pointers, |before| before.or(pointers));
        if before != Some(after) {
            self.known.insert(offset, after);
            self.open.push(*at);
        }
    }

    fn step(&mut self, at: usize) {
        let Decoded::Instruction(i) = &self.pieces[at] else { return };
        let pointers = self.after(at, i, self.known[&i.ip()]);
        let relocs = &self.function.relocs;
        let after = relocs.partition_point(|reloc| u64::from(reloc.offset.get()) < i.ip());
        let relocated =
            relocs.get(after).is_some_and(|reloc| u64::from(reloc.offset.get()) < i.next_ip());
        let flow = i.flow_control();
        if matches!(flow, FlowControl::ConditionalBranch | FlowControl::UnconditionalBranch)
            && !relocated
        {
            self.reach(i.near_branch64(), pointers);
        }
        if let (FlowControl::IndirectBranch, Some(Decoded::Table(table))) =
            (flow, self.pieces.get(at + 1))
        {
            for target in targets(&self.function.code, table).expect("entries") {
                self.reach(target.expect("a target").into(), pointers);
            }
        }
        let goes_on = !matches!(
            flow,
            FlowControl::UnconditionalBranch
                | FlowControl::IndirectBranch
                | FlowControl::Return
                | FlowControl::Exception
        );
        if goes_on {
            self.reach(i.next_ip(), pointers);
        }
    }

    fn after(&mut self, at: usize, i: &Instruction, before: Pointers) -> Pointers {
        let Pointers { stack, frame } = before;
        let constant = || i.immediate(1) as i64;
        let register = |index| match i.op_kind(index) {
            OpKind::Register => i.op_register(index),
            _ => Register::None,
        };
        match (i.mnemonic(), register(0), register(1)) {
            (Mnemonic::Call, ..) => {
                Pointers { stack: stack.map(|stack| stack + self.taken_by_callee(at)), frame }
            }
            (Mnemonic::Mov, Register::RSP, from) => Pointers { stack: before.of(from), frame },
            (Mnemonic::Mov, Register::RBP, from) => Pointers { stack, frame: before.of(from) },
            (Mnemonic::Add, Register::RSP, Register::None) if i.op1_kind() != OpKind::Memory => {
                Pointers { stack: stack.map(|stack| stack + constant()), frame }
            }
            (Mnemonic::Sub, Register::RSP, Register::None) if i.op1_kind() != OpKind::Memory => {
                Pointers { stack: stack.map(|stack| stack - constant()), frame }
            }
            (Mnemonic::Push | Mnemonic::Pop, ..) => {
                let moved = i64::from(i.stack_pointer_increment());
                let stack = stack.filter(|_| register(0) != Register::RSP).map(|at| at + moved);
                let kept = i.mnemonic() == Mnemonic::Push || register(0) != Register::RBP;
                Pointers { stack, frame: frame.filter(|_| kept) }
            }
            _ => {
                let written = |facts: &mut InstructionInfoFactory, pointer| {
                    facts.info(i).used_registers().iter().any(|used| {
                        used.register().full_register() == pointer
                            && !matches!(used.access(), OpAccess::Read | OpAccess::CondRead)
                    })
                };
                let stack = stack.filter(|_| !written(&mut self.facts, Register::RSP));
                let frame = frame.filter(|_| !written(&mut self.facts, Register::RBP));
                Pointers { stack, frame }
            }
        }
    }

    /// Bytes of arguments that a callee takes off the stack: its caller makes room for
    /// them again, right after the call.
    fn taken_by_callee(&self, at: usize) -> i64 {
        match self.pieces.get(at + 1) {
            Some(Decoded::Instruction(next))
                if matches!(next.code(), Code::Sub_rm64_imm8 | Code::Sub_rm64_imm32)
                    && next.op0_register() == Register::RSP =>
            {
                next.immediate(1) as i64
            }
            _ => 0,
        }
    }
}
