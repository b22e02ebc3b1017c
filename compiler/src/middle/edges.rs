//! Edges of a function's control flow, by the block that they enter, and what
//! conditions they tell of.

use cranelift_codegen::entity::packed_option::ReservedValue;
use cranelift_codegen::entity::{EntityRef, SecondaryMap};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, DataFlowGraph, Function, Inst, InstructionData, Opcode, Value,
    ValueDef, ValueListPool, types,
};

/// A way from a block to another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub from: Block,
    pub branch: Inst,
    /// Which of the branch's destinations.
    pub destination: usize,
}

/// All edges of a function, by the block that they enter.
pub(super) struct Edges<'f> {
    func: &'f Function,
    into: Incoming,
}

/// The edges into each block, in the order of the layout: one list, in which
/// each block has a part.
pub(super) struct Incoming {
    edges: Vec<Edge>,
    /// Where the part of each block ends; of none before the first.
    ends: SecondaryMap<Block, u32>,
}

impl Incoming {
    /// The edges of a function.
    pub(super) fn of(func: &Function) -> Self {
        let mut ends = SecondaryMap::with_capacity(func.dfg.num_blocks());
        let mut all = 0;
        each_edge(func, |target, _| {
            ends[target] += 1;
            all += 1;
        });
        // From how many there are to where they begin, and from there, one edge
        // after the other, to where they end.
        let mut end = 0;
        for index in 0..func.dfg.num_blocks() {
            let begin = end;
            let block = &mut ends[Block::new(index)];
            end += *block;
            *block = begin;
        }
        let (from, branch) = (Block::reserved_value(), Inst::reserved_value());
        let mut edges = vec![Edge { from, branch, destination: 0 }; all];
        each_edge(func, |target, edge| {
            edges[ends[target] as usize] = edge;
            ends[target] += 1;
        });
        Self { edges, ends }
    }

    /// Those into a block.
    pub(super) fn entering(&self, block: Block) -> &[Edge] {
        let begin = block.index().checked_sub(1).map_or(0, |last| self.ends[Block::new(last)]);
        &self.edges[begin as usize..self.ends[block] as usize]
    }
}

/// Gives each edge, and the block that it enters, in the order of the layout.
fn each_edge(func: &Function, mut give: impl FnMut(Block, Edge)) {
    for from in func.layout.blocks() {
        let Some(branch) = func.layout.last_inst(from) else { continue };
        for (destination, call) in calls(func, branch).iter().enumerate() {
            give(call.block(&func.dfg.value_lists), Edge { from, branch, destination });
        }
    }
}

/// Blocks that are looked at, from an edge back, for a condition.
const FARTHEST: usize = 8;
/// Additions of constants that are followed.
const LONGEST_SUM: usize = 8;

impl<'f> Edges<'f> {
    pub(super) fn new(func: &'f Function) -> Self {
        Self { func, into: Incoming::of(func) }
    }

    /// The edges into a block.
    pub(super) fn entering(&self, block: Block) -> &[Edge] {
        self.into.entering(block)
    }

    /// What an edge gives to a parameter of its block; none for what a call
    /// returns.
    pub(super) fn argument(&self, edge: &Edge, parameter: usize) -> Option<Value> {
        let dfg = &self.func.dfg;
        match calls(self.func, edge.branch)[edge.destination]
            .args(&dfg.value_lists)
            .nth(parameter)?
        {
            BlockArg::Value(value) => Some(dfg.resolve_aliases(value)),
            _ => None,
        }
    }

    /// A value that a parameter of `block` does not have, modulo 2^32, whenever
    /// this edge back to the block is taken. The conditions that are looked at
    /// were passed after the block was entered: each on the only way to the next.
    pub(super) fn excluded(&self, edge: &Edge, block: Block, parameter: Value) -> Option<i64> {
        let mut edge = *edge;
        for _ in 0..FARTHEST {
            if let Some(excluded) = self.excluded_by(&edge, parameter) {
                return Some(excluded);
            }
            match self.entering(edge.from) {
                [only] if edge.from != block => edge = *only,
                _ => return None,
            }
        }
        None
    }

    /// The same, by the branch of this edge alone.
    fn excluded_by(&self, edge: &Edge, parameter: Value) -> Option<i64> {
        let dfg = &self.func.dfg;
        let InstructionData::Brif { arg, .. } = dfg.insts[edge.branch] else { return None };
        let holds = edge.destination == 0;
        let condition = match definition(self.func, arg) {
            Some(InstructionData::Unary { opcode: Opcode::Uextend, arg }) => arg,
            _ => dfg.resolve_aliases(arg),
        };
        let differs = match definition(self.func, condition) {
            Some(InstructionData::IntCompare { cond, args, .. }) => {
                let wanted = if holds { IntCC::NotEqual } else { IntCC::Equal };
                (cond == wanted).then_some(args)?
            }
            _ if holds => {
                let beyond = sum_over(self.func, condition, parameter)?;
                return Some(-beyond);
            }
            _ => return None,
        };
        let [one, other] = differs;
        let excludes =
            |sum, limit| Some(constant(self.func, limit)? - sum_over(self.func, sum, parameter)?);
        excludes(one, other).or_else(|| excludes(other, one))
    }
}

/// Where a branch goes, and what it gives: the default of a table first.
pub(super) fn calls(func: &Function, branch: Inst) -> &[BlockCall] {
    let dfg = &func.dfg;
    dfg.insts[branch].branch_destination(&dfg.jump_tables, &dfg.exception_tables)
}

/// The same, to be changed.
pub(super) fn call_mut<'f>(
    dfg: &'f mut DataFlowGraph,
    edge: &Edge,
) -> (&'f mut BlockCall, &'f mut ValueListPool) {
    let calls = dfg.insts[edge.branch]
        .branch_destination_mut(&mut dfg.jump_tables, &mut dfg.exception_tables);
    (&mut calls[edge.destination], &mut dfg.value_lists)
}

/// The instruction that a value is the first result of.
pub(super) fn definition(func: &Function, value: Value) -> Option<InstructionData> {
    match func.dfg.value_def(func.dfg.resolve_aliases(value)) {
        ValueDef::Result(inst, 0) => Some(func.dfg.insts[inst]),
        _ => None,
    }
}

/// The value of a constant of 32 bits, as a signed number.
pub(super) fn constant(func: &Function, value: Value) -> Option<i64> {
    match definition(func, value)? {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm }
            if func.dfg.value_type(value) == types::I32 =>
        {
            Some(i64::from(imm.bits() as i32))
        }
        _ => None,
    }
}

/// Whether a value is a constant integer.
pub(super) fn is_constant(func: &Function, value: Value) -> bool {
    matches!(
        definition(func, value),
        Some(InstructionData::UnaryImm { opcode: Opcode::Iconst, .. })
    )
}

/// A value of 32 bits as another one and a constant, which together are it
/// modulo 2^32.
pub(super) fn sum(func: &Function, value: Value) -> (Value, i64) {
    let (mut value, mut all) = (func.dfg.resolve_aliases(value), 0);
    for _ in 0..LONGEST_SUM {
        let Some((next, added)) = added(func, value) else { break };
        value = func.dfg.resolve_aliases(next);
        all += added;
    }
    (value, all)
}

fn added(func: &Function, value: Value) -> Option<(Value, i64)> {
    let InstructionData::Binary { opcode, args: [one, other] } = definition(func, value)? else {
        return None;
    };
    match opcode {
        Opcode::Iadd => match constant(func, other) {
            Some(added) => Some((one, added)),
            None => Some((other, constant(func, one)?)),
        },
        Opcode::Isub => Some((one, -constant(func, other)?)),
        _ => None,
    }
}

/// What a value is more than `base`, if it is that and a constant.
pub(super) fn sum_over(func: &Function, value: Value, base: Value) -> Option<i64> {
    let (mut value, mut all) = (func.dfg.resolve_aliases(value), 0);
    for _ in 0..LONGEST_SUM {
        if value == base {
            break;
        }
        let (next, more) = added(func, value)?;
        value = func.dfg.resolve_aliases(next);
        all += more;
    }
    (value == base).then_some(all)
}
