//! Sums of a loop, and whatever else of its values may be taken in any order: of
//! integers only, as sums of floats depend on it. Each lane of a vector has a sum of
//! its own, and all are added up after the loop.

use super::counted::Loop;
use super::lanes::{Lanes, NodeIndex};
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Value};

/// A parameter of the header that elements are added to.
pub(super) struct Reduction {
    pub parameter: usize,
    pub opcode: Opcode,
    /// What is added.
    pub node: NodeIndex,
}

impl Reduction {
    /// How the sums of lanes are joined, and joined with what was before the loop.
    pub(super) fn joins(&self) -> Opcode {
        match self.opcode {
            Opcode::Isub => Opcode::Iadd,
            opcode => opcode,
        }
    }

    /// What the sum of nothing is, in each bit.
    pub(super) fn empty(&self) -> i64 {
        if self.opcode == Opcode::Band { -1 } else { 0 }
    }
}

/// What is added to a parameter of the header each round, one element after another;
/// none if it is something else.
pub(super) fn find(
    func: &Function,
    of: &Loop,
    parameter: usize,
    elements: usize,
    lanes: &mut Lanes<'_>,
) -> Option<Reduction> {
    let (opcode, mut values) = chain(func, of, parameter)?;
    if values.len() != elements {
        return None;
    }
    let node = lanes.node(&values).or_else(|| {
        values.reverse();
        lanes.node(&values)
    })?;
    Some(Reduction { parameter, opcode, node })
}

/// The operator of the sum, and what is added in a round.
fn chain(func: &Function, of: &Loop, parameter: usize) -> Option<(Opcode, Vec<Value>)> {
    let last = of.next(func, parameter)?;
    let mut sum = func.dfg.block_params(of.header())[parameter];
    let (mut opcode, mut added) = (None, Vec::new());
    while sum != last {
        let user = only_user(func, of, sum)?;
        let InstructionData::Binary { opcode: used, args } = func.dfg.insts[user] else {
            return None;
        };
        let args = args.map(|value| func.dfg.resolve_aliases(value));
        let other = if args[0] == sum { args[1] } else { args[0] };
        let first_only = used == Opcode::Isub && args[0] != sum;
        if !is_associative(used) || *opcode.get_or_insert(used) != used || first_only {
            return None;
        }
        added.push(other);
        sum = func.dfg.first_result(user);
    }
    // Nothing else of the loop may look at the last sum.
    let looks = |inst: Inst| {
        inst != of.back.branch
            && func.dfg.inst_values(inst).any(|value| func.dfg.resolve_aliases(value) == last)
    };
    let seen = func.layout.block_insts(of.header()).any(looks);
    (!seen).then_some((opcode?, added))
}

/// The only instruction of the loop that uses a value, and only once.
fn only_user(func: &Function, of: &Loop, value: Value) -> Option<Inst> {
    let mut user = None;
    for inst in func.layout.block_insts(of.header()) {
        let uses = func.dfg.inst_values(inst);
        match uses.filter(|used| func.dfg.resolve_aliases(*used) == value).count() {
            0 => {}
            1 if user.is_none() => user = Some(inst),
            _ => return None,
        }
    }
    user
}

/// Whether values may be joined in any order; differences, as what is subtracted.
fn is_associative(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Iadd | Opcode::Isub | Opcode::Band | Opcode::Bor | Opcode::Bxor)
}
