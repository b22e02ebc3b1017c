//! What a loop computes lane by lane. A loop that was unrolled has several
//! elements a round, at places that follow one another: what becomes of each of
//! them is the same expression, of the elements at its place.

use super::accesses::{AccessGroup, Indexed};
use super::counted::Loop;
use super::edges::definition;
use cranelift_codegen::ir::{
    Function, Inst, InstructionData, Opcode, Type, Value, ValueDef, types,
};
use std::collections::HashMap;

/// Values that an expression has at most.
const MOST_NODES: usize = 48;
/// Values that are followed from one to the next.
const DEEPEST: u32 = 24;

/// A value of each element of a round.
#[derive(Debug)]
pub(super) enum Node {
    /// Loads of consecutive elements, the lowest first.
    Load(Vec<Inst>),
    /// The same for all elements, in all rounds.
    Splat(Value),
    /// What another node was of the element before: at first, what this parameter of
    /// the header is.
    Carried(usize, NodeIndex),
    /// An operator with one argument.
    Unary(Inst, NodeIndex),
    /// An operator with two.
    Binary(Inst, [NodeIndex; 2]),
    /// A shift by what is the same for all elements.
    Shift(Inst, NodeIndex, Value),
}

/// Which of the nodes.
pub(super) type NodeIndex = usize;

/// Expressions of a loop.
pub(super) struct Lanes<'f> {
    func: &'f Function,
    of: &'f Loop,
    accesses: &'f HashMap<Inst, Indexed>,
    groups: &'f [AccessGroup],
    /// Type of an element.
    pub lane: Type,
    pub nodes: Vec<Node>,
    known: HashMap<Vec<Value>, Option<NodeIndex>>,
    depth: u32,
}

impl<'f> Lanes<'f> {
    pub(super) fn new(
        func: &'f Function,
        of: &'f Loop,
        accesses: &'f HashMap<Inst, Indexed>,
        groups: &'f [AccessGroup],
        lane: Type,
    ) -> Self {
        let (nodes, known) = (Vec::new(), HashMap::new());
        Self { func, of, accesses, groups, lane, nodes, known, depth: 0 }
    }

    /// The node of these values, one for each element of a round; none if they are
    /// not alike, or of what no vectors are made.
    pub(super) fn node(&mut self, values: &[Value]) -> Option<NodeIndex> {
        let resolve = |value: &Value| self.func.dfg.resolve_aliases(*value);
        let values: Vec<Value> = values.iter().map(resolve).collect();
        if let Some(known) = self.known.get(&values) {
            return *known;
        }
        if self.depth == DEEPEST || self.nodes.len() >= MOST_NODES {
            return None;
        }
        // None if it is made of itself.
        self.known.insert(values.clone(), None);
        self.depth += 1;
        let node = self.make(&values);
        self.depth -= 1;
        let index = node.map(|node| {
            self.nodes.push(node);
            self.nodes.len() - 1
        });
        self.known.insert(values, index);
        index
    }

    fn make(&mut self, values: &[Value]) -> Option<Node> {
        let of_type = |value: &Value| self.func.dfg.value_type(*value) == self.lane;
        if !values.iter().all(of_type) {
            return None;
        }
        if let Some(value) = self.common(values) {
            return Some(Node::Splat(value));
        }
        if let ValueDef::Param(block, parameter) = self.func.dfg.value_def(values[0]) {
            return (block == self.of.header()).then(|| self.carried(values, parameter)).flatten();
        }
        let insts: Vec<Inst> =
            values.iter().map(|value| self.inst(*value)).collect::<Option<_>>()?;
        let data = |inst: &Inst| self.func.dfg.insts[*inst];
        let opcode = data(&insts[0]).opcode();
        if insts.iter().any(|inst| data(inst).opcode() != opcode) {
            return None;
        }
        let argument = |number: usize| -> Vec<Value> {
            insts.iter().map(|inst| self.func.dfg.inst_args(*inst)[number]).collect()
        };
        match opcode {
            Opcode::Load => self.follow_each_other(&insts).then_some(Node::Load(insts)),
            _ if is_unary(opcode, self.lane) => {
                let of = argument(0);
                Some(Node::Unary(insts[0], self.node(&of)?))
            }
            _ if is_binary(opcode, self.lane) => {
                let (one, other) = (argument(0), argument(1));
                Some(Node::Binary(insts[0], [self.node(&one)?, self.node(&other)?]))
            }
            _ if is_shift(opcode, self.lane) => {
                let (of, by) = (argument(0), argument(1));
                let by = self.common(&by)?;
                Some(Node::Shift(insts[0], self.node(&of)?, by))
            }
            _ => None,
        }
    }

    /// The node of what the loop gives to itself for the next round. Elements lie in the
    /// order in which they are made.
    fn carried(&mut self, values: &[Value], parameter: usize) -> Option<Node> {
        let upwards = self.groups.iter().all(|group| group.stride > 0);
        if !upwards || self.of.steps[parameter].is_some() {
            return None;
        }
        let last = self.of.next(self.func, parameter)?;
        let now: Vec<Value> = values[1..].iter().copied().chain([last]).collect();
        Some(Node::Carried(parameter, self.node(&now)?))
    }

    /// The instruction of the loop that a value is the only result of.
    fn inst(&self, value: Value) -> Option<Inst> {
        match self.func.dfg.value_def(value) {
            ValueDef::Result(inst, 0) if self.of.makes(self.func, value) => Some(inst),
            _ => None,
        }
    }

    /// What all of these values are, if that is the same in all rounds.
    fn common(&self, values: &[Value]) -> Option<Value> {
        let first = self.func.dfg.resolve_aliases(values[0]);
        let bits = constant_bits(self.func, first);
        let same = |value: &Value| {
            let value = self.func.dfg.resolve_aliases(*value);
            value == first || bits.is_some() && constant_bits(self.func, value) == bits
        };
        let fixed = bits.is_some() || !self.of.makes(self.func, first);
        (fixed && values.iter().all(same)).then_some(first)
    }

    /// Whether loads read elements that follow one another, in all rounds.
    fn follow_each_other(&self, loads: &[Inst]) -> bool {
        let access = |load: &Inst| {
            let access = self.accesses.get(load)?;
            Some((access.group, access.offset(&self.groups[access.group])?))
        };
        let Some((group, lowest)) = access(&loads[0]) else { return false };
        let size = self.lane.bytes() as i32;
        loads.iter().zip(0..).all(|(load, at)| {
            lowest.checked_add(at * size).is_some_and(|place| access(load) == Some((group, place)))
        })
    }
}

/// The type and the bits of a constant, which can be made again anywhere.
pub(super) fn constant_bits(func: &Function, value: Value) -> Option<(Type, u64)> {
    let bits = match definition(func, value)? {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => imm.bits() as u64,
        InstructionData::UnaryIeee32 { imm, .. } => imm.bits().into(),
        InstructionData::UnaryIeee64 { imm, .. } => imm.bits(),
        _ => return None,
    };
    Some((func.dfg.value_type(value), bits))
}

fn is_unary(opcode: Opcode, lane: Type) -> bool {
    match opcode {
        Opcode::Fneg | Opcode::Fabs | Opcode::Sqrt => lane.is_float(),
        Opcode::Bnot | Opcode::Ineg => lane.is_int(),
        _ => false,
    }
}

/// Operators that vectors have an instruction or two for, which gives the same bits:
/// `fmin` and `fmax` of vectors give other NaNs.
fn is_binary(opcode: Opcode, lane: Type) -> bool {
    match opcode {
        Opcode::Fadd | Opcode::Fsub | Opcode::Fmul | Opcode::Fdiv => lane.is_float(),
        Opcode::Iadd | Opcode::Isub => lane.is_int(),
        Opcode::Band | Opcode::Bor | Opcode::Bxor => lane.is_int(),
        Opcode::Imul => lane == types::I32,
        _ => false,
    }
}

fn is_shift(opcode: Opcode, lane: Type) -> bool {
    match opcode {
        Opcode::Ishl | Opcode::Ushr => lane.is_int(),
        Opcode::Sshr => lane == types::I32,
        _ => false,
    }
}
