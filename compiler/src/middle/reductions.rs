//! Sums of a loop, and whatever else of its values may be taken in any order: of
//! integers only, as sums of floats depend on it. Each lane of a vector has a sum of
//! its own, and all are added up after the loop.
//!
//! What is added may have lanes of fewer bits than the sum, if they tell it whole: all of
//! a vector are then widened and added to the lanes of the sum, no matter which to which.
//! So may the factors of what is added, with half as many bits: products of signed numbers
//! of 16 bits, added by two, are one instruction.

use super::edges::definition;
use super::lane_nodes::NodeIndex;
use super::lane_operators::nearest;
use super::lanes::Lanes;
use super::loops::Loop;
use cranelift_codegen::ir::condcodes::CondCode;
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Type, Value, types};

/// A parameter of the header that elements are added to.
pub(super) struct Reduction {
    pub parameter: usize,
    pub opcode: Opcode,
    /// Type of the sum.
    pub scalar: Type,
    /// What is added.
    pub node: NodeIndex,
    /// What that is multiplied by, with as many bits as the sum has.
    pub factor: Option<NodeIndex>,
    /// Whether lanes tell what is added as signed numbers, and not as unsigned ones.
    pub signed: bool,
}

impl Reduction {
    /// How the sums of lanes are joined, and joined with what was before the loop.
    pub(super) fn joins(&self) -> Opcode {
        match self.opcode {
            Opcode::Isub => Opcode::Iadd,
            opcode => opcode,
        }
    }

    /// What the sum of nothing is; none if each lane may begin with what was before the
    /// loop.
    pub(super) fn empty(&self) -> Option<i64> {
        matches!(self.opcode, Opcode::Iadd | Opcode::Isub | Opcode::Bxor).then_some(0)
    }
}

/// What is added to a parameter of the header each round, one element after another;
/// none if it is something else.
pub(super) fn find(
    func: &Function,
    of: &Loop,
    parameter: usize,
    elements: usize,
    lanes: &mut Lanes<'_, '_>,
) -> Option<Reduction> {
    let scalar = func.dfg.value_type(func.dfg.block_params(of.header())[parameter]);
    let (opcode, values) = chain(func, of, parameter)?;
    let narrow = scalar.bits() > lanes.bits;
    let sums = matches!(opcode, Opcode::Iadd | Opcode::Isub);
    if values.len() != elements || scalar.bits() < lanes.bits || narrow && !sums {
        return None;
    }
    if lanes.bits == 16 && scalar == types::I32 {
        let factors = factors(func, &values);
        let factors = factors.filter(|sides| sides.iter().all(|side| lanes.whole(side).signed));
        if let Some([node, factor]) = factors.and_then(|sides| in_either_order(lanes, sides)) {
            let factor = Some(factor);
            return Some(Reduction { parameter, opcode, scalar, node, factor, signed: true });
        }
    }
    let whole = lanes.whole(&values);
    if !whole.unsigned && !whole.signed {
        return None;
    }
    let [node] = in_either_order(lanes, [values])?;
    let signed = !whole.unsigned;
    Some(Reduction { parameter, opcode, scalar, node, factor: None, signed })
}

/// Nodes of values that are added, no matter in which order.
fn in_either_order<const N: usize>(
    lanes: &mut Lanes<'_, '_>,
    mut sides: [Vec<Value>; N],
) -> Option<[NodeIndex; N]> {
    let mut nodes = |sides: &[Vec<Value>; N]| {
        let nodes: Option<Vec<NodeIndex>> = sides.iter().map(|side| lanes.node(side)).collect();
        nodes?.try_into().ok()
    };
    nodes(&sides).or_else(|| {
        sides.iter_mut().for_each(|side| side.reverse());
        nodes(&sides)
    })
}

/// The factors of values that are products.
fn factors(func: &Function, values: &[Value]) -> Option<[Vec<Value>; 2]> {
    let product = |value: &Value| match definition(func, *value) {
        Some(InstructionData::Binary { opcode: Opcode::Imul, args }) => Some(args),
        _ => None,
    };
    let products: Vec<[Value; 2]> = values.iter().map(product).collect::<Option<_>>()?;
    Some([0, 1].map(|side: usize| products.iter().map(|product| product[side]).collect()))
}

/// The operator of the sum, and what is added in a round.
fn chain(func: &Function, of: &Loop, parameter: usize) -> Option<(Opcode, Vec<Value>)> {
    let last = of.next(func, parameter)?;
    let mut sum = func.dfg.block_params(of.header())[parameter];
    if !matches!(func.dfg.value_type(sum), types::I32 | types::I64) {
        return None;
    }
    let (mut opcode, mut added) = (None, Vec::new());
    while sum != last {
        let step = step(func, of, sum)?;
        if *opcode.get_or_insert(step.opcode) != step.opcode {
            return None;
        }
        added.push(step.added);
        sum = step.sum;
    }
    // Nothing else of the loop may look at the last sum.
    let looks = |inst: Inst| inst != of.back.branch && uses(func, inst, last) > 0;
    let seen = func.layout.block_insts(of.header()).any(looks);
    (!seen).then_some((opcode?, added))
}

/// What becomes of a sum with one more element.
struct SumStep {
    opcode: Opcode,
    added: Value,
    sum: Value,
}

/// What the loop makes of a sum, if that is the only use of it.
fn step(func: &Function, of: &Loop, sum: Value) -> Option<SumStep> {
    let insts = func.layout.block_insts(of.header());
    let users: Vec<Inst> = insts.filter(|inst| uses(func, *inst, sum) > 0).collect();
    if !users.iter().all(|user| uses(func, *user, sum) == 1) {
        return None;
    }
    match users[..] {
        [user] => joined(func, user, sum),
        [compares, selects] => chosen(func, [compares, selects], sum),
        _ => None,
    }
}

/// How often an instruction uses a value.
fn uses(func: &Function, inst: Inst, value: Value) -> usize {
    let used = func.dfg.inst_values(inst);
    used.filter(|used| func.dfg.resolve_aliases(*used) == value).count()
}

/// By an operator that gives the same in any order; differences, as what is subtracted.
fn joined(func: &Function, user: Inst, sum: Value) -> Option<SumStep> {
    let InstructionData::Binary { opcode, args } = func.dfg.insts[user] else { return None };
    let [one, other] = args.map(|value| func.dfg.resolve_aliases(value));
    let added = if one == sum { other } else { one };
    let usual = match opcode {
        Opcode::Iadd | Opcode::Band | Opcode::Bor | Opcode::Bxor => true,
        Opcode::Isub => one == sum,
        _ => false,
    };
    usual.then(|| SumStep { opcode, added, sum: func.dfg.first_result(user) })
}

/// As the greater or the less of both.
fn chosen(func: &Function, [compares, selects]: [Inst; 2], sum: Value) -> Option<SumStep> {
    let InstructionData::IntCompare { cond, args, .. } = func.dfg.insts[compares] else {
        return None;
    };
    let InstructionData::Ternary { opcode: Opcode::Select, args: chosen } = func.dfg.insts[selects]
    else {
        return None;
    };
    let [one, other] = args.map(|value| func.dfg.resolve_aliases(value));
    let [condition, first, second] = chosen.map(|value| func.dfg.resolve_aliases(value));
    let (added, cond) = if other == sum { (one, cond) } else { (other, cond.swap_args()) };
    if condition != func.dfg.first_result(compares) || ![first, second].contains(&added) {
        return None;
    }
    let opcode = nearest(cond, first == sum)?;
    Some(SumStep { opcode, added, sum: func.dfg.first_result(selects) })
}
