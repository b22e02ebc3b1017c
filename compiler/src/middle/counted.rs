//! Loops that count: the way back is taken while a number that grows by a constant each
//! round has not come to another, which the loop does not change.

use super::edges::{constant, definition, sum_over};
use super::loops::{self, Loop};
use cranelift_codegen::ir::condcodes::{CondCode, IntCC};
use cranelift_codegen::ir::{Function, InstructionData, Opcode, Value, types};

/// What a loop counts: of the header's parameter `parameter`, in each round,
/// `parameter + beyond` is compared with `limit`. The loop goes on while it is
/// not equal, or less.
#[derive(Clone, Copy)]
pub(super) struct Count {
    pub parameter: usize,
    pub step: i64,
    pub beyond: i64,
    /// A value of 32 bits that the loop does not change; none for zero.
    pub limit: Option<Value>,
    /// `NotEqual`, `UnsignedLessThan` or `SignedLessThan`; for the latter two the
    /// step is positive.
    pub goes_on: IntCC,
}

/// The loops of a function that count. Blocks are laid out as the source has
/// them: what branches up, closes a loop.
pub(super) fn find(func: &Function) -> Vec<(Loop, Count)> {
    let counted = |of: Loop| {
        let InstructionData::Brif { arg, .. } = func.dfg.insts[of.back.branch] else { return None };
        let count = count_of(func, &of, arg, of.back.destination == 0)?;
        Some((of, count))
    };
    loops::find(func, &[Opcode::Brif]).into_iter().filter_map(counted).collect()
}

/// What a branch asks that is taken where this value `holds`, or where it does not: two
/// numbers of 32 bits, of which the other is zero if there is none.
pub(super) fn question(
    func: &Function,
    arg: Value,
    holds: bool,
) -> Option<(IntCC, Value, Option<Value>)> {
    let condition = match definition(func, arg) {
        Some(InstructionData::Unary { opcode: Opcode::Uextend, arg }) => arg,
        _ => arg,
    };
    let (taken, one, other) = match definition(func, condition) {
        Some(InstructionData::IntCompare { cond, args: [one, other], .. }) => {
            (if holds { cond } else { cond.complement() }, one, Some(other))
        }
        _ if holds => (IntCC::NotEqual, condition, None),
        _ => (IntCC::Equal, condition, None),
    };
    (func.dfg.value_type(one) == types::I32).then_some((taken, one, other))
}

/// What a branch of a loop counts that goes on where this value `holds`, or where it does
/// not.
pub(super) fn count_of(func: &Function, of: &Loop, arg: Value, holds: bool) -> Option<Count> {
    let (goes_on, one, other) = question(func, arg, holds)?;
    match other {
        None => count_by(func, of, one, None, goes_on),
        Some(other) => count_by(func, of, one, Some(other), goes_on)
            .or_else(|| count_by(func, of, other, Some(one), goes_on.swap_args())),
    }
}

/// The same, where one side is compared with what does not change.
fn count_by(
    func: &Function,
    of: &Loop,
    side: Value,
    limit: Option<Value>,
    goes_on: IntCC,
) -> Option<Count> {
    let fixed = |limit: Value| !of.makes(func, limit) || constant(func, limit).is_some();
    if !limit.is_none_or(fixed) {
        return None;
    }
    let limit = limit.map(|limit| func.dfg.resolve_aliases(limit));
    let parameters = func.dfg.block_params(of.header());
    let mut counters = parameters.iter().zip(&of.steps).enumerate();
    counters.find_map(|(parameter, (value, step))| {
        let step = step.filter(|step| *step != 0)?;
        let beyond = sum_over(func, side, *value)?;
        let up = matches!(goes_on, IntCC::UnsignedLessThan | IntCC::SignedLessThan) && step > 0;
        let count = Count { parameter, step, beyond, limit, goes_on };
        (goes_on == IntCC::NotEqual || up).then_some(count)
    })
}
