//! How indices move in a loop that counts: by a constant each round, or not at
//! all; and what they were in the first round.

use super::edges::{constant, definition};
use super::loops::Loop;
use cranelift_codegen::ir::{
    Block, Function, Inst, InstructionData, Opcode, Value, ValueDef, types,
};
use std::collections::HashMap;

/// Values that are followed from one to the next.
const DEEPEST: u32 = 12;
/// Strides beyond this are of no use, and far from overflow.
const LONGEST: i64 = 1 << 20;

/// The strides of values of 32 bits, modulo 2^32.
pub(super) struct Strides<'f> {
    func: &'f Function,
    of: &'f Loop,
    known: HashMap<Value, Option<i64>>,
    depth: u32,
}

impl<'f> Strides<'f> {
    pub(super) fn new(func: &'f Function, of: &'f Loop) -> Self {
        Self { func, of, known: HashMap::new(), depth: 0 }
    }

    /// What a value grows by each round; none if that is no constant.
    pub(super) fn stride(&mut self, value: Value) -> Option<i64> {
        let value = self.func.dfg.resolve_aliases(value);
        if let Some(known) = self.known.get(&value) {
            return *known;
        }
        if self.depth == DEEPEST {
            return None;
        }
        self.depth += 1;
        let stride = match self.func.dfg.value_def(value) {
            _ if !self.of.makes(self.func, value) => Some(0),
            ValueDef::Param(block, number) if block == self.of.header() => self.of.steps[number],
            ValueDef::Result(inst, 0) => self.result(inst),
            _ => None,
        };
        self.depth -= 1;
        let stride = stride.filter(|stride| stride.abs() <= LONGEST);
        self.known.insert(value, stride);
        stride
    }

    fn result(&mut self, inst: Inst) -> Option<i64> {
        let InstructionData::Binary { opcode, args: [one, other] } = self.func.dfg.insts[inst]
        else {
            return (self.func.dfg.insts[inst].opcode() == Opcode::Iconst).then_some(0);
        };
        if !is_arithmetic(opcode) || self.func.dfg.value_type(other) != types::I32 {
            return None;
        }
        let strides = [self.stride(one)?, self.stride(other)?];
        match opcode {
            _ if strides == [0, 0] => Some(0),
            Opcode::Iadd => Some(strides[0] + strides[1]),
            Opcode::Isub => Some(strides[0] - strides[1]),
            Opcode::Imul => match (constant(self.func, one), constant(self.func, other)) {
                (_, Some(by)) => strides[0].checked_mul(by),
                (Some(by), _) => strides[1].checked_mul(by),
                _ => None,
            },
            Opcode::Ishl => strides[0].checked_mul(1 << (constant(self.func, other)? & 31)),
            _ => None,
        }
    }
}

/// Operators that are followed: they have no effects and cannot trap.
fn is_arithmetic(opcode: Opcode) -> bool {
    matches!(
        opcode,
        Opcode::Iadd
            | Opcode::Isub
            | Opcode::Imul
            | Opcode::Ishl
            | Opcode::Ushr
            | Opcode::Sshr
            | Opcode::Band
            | Opcode::Bor
            | Opcode::Bxor
    )
}

/// Makes what values were in the first round, in a block before the loop.
pub(super) struct FirstRound {
    block: Block,
    /// By value of the loop; at first the parameters of its header.
    made: HashMap<Value, Value>,
}

impl FirstRound {
    /// `block` has a parameter for each of the header's.
    pub(super) fn new(func: &Function, of: &Loop, block: Block) -> Self {
        let parameters = func.dfg.block_params(of.header()).iter();
        let made = parameters.copied().zip(func.dfg.block_params(block).iter().copied());
        Self { block, made: made.collect() }
    }

    /// Makes the others in another block, which only this one leads to.
    pub(super) fn go_on_in(&mut self, block: Block) {
        self.block = block;
    }

    /// A value that has a stride, or is an address that does not change.
    pub(super) fn start(&mut self, func: &mut Function, of: &Loop, value: Value) -> Value {
        let value = func.dfg.resolve_aliases(value);
        if let Some(made) = self.made.get(&value) {
            return *made;
        }
        if !of.makes(func, value) {
            return value;
        }
        let ValueDef::Result(inst, 0) = func.dfg.value_def(value) else {
            unreachable!("only parameters of the header have a stride");
        };
        let needed: Vec<Value> = func.dfg.inst_values(inst).collect();
        let mut starts = HashMap::new();
        for used in needed {
            starts.insert(used, self.start(func, of, used));
        }
        let new = func.dfg.clone_inst(inst);
        func.dfg.map_inst_values(new, |used| starts[&used]);
        func.layout.append_inst(new, self.block);
        let made = func.dfg.first_result(new);
        self.made.insert(value, made);
        made
    }
}

/// Whether a loop does not change an address: it is made outside, or read from
/// where nothing ever changes.
pub(super) fn is_fixed(func: &Function, of: &Loop, address: Value) -> bool {
    if !of.makes(func, address) {
        return true;
    }
    match definition(func, address) {
        Some(InstructionData::Load { arg, flags, .. }) => {
            let flags = func.dfg.mem_flags[flags];
            flags.readonly() && flags.can_move() && !of.makes(func, arg)
        }
        _ => false,
    }
}
