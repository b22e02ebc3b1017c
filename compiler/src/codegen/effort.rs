//! What code generation will cost. The time of optimisation and of thorough
//! register allocation grows with the product of a function's size and the
//! values that are alive in it at once: the sum of 200,000 loads takes minutes.
//! There is a fast allocator, whose code keeps most values in the frame.

use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Function, Value};

/// The length of all live ranges, in instructions, from which on code
/// is made the fast way. The thorough one takes about a second there; the
/// longest seen in real programs are far below.
const BUDGET: u64 = 100_000_000;

/// Whether a function is large enough to ask [`exceeds_budget`], now and once
/// it is optimised.
pub(super) fn may_exceed_budget(func: &Function) -> bool {
    let (values, insts) = (func.dfg.num_values() as u64, func.dfg.num_insts() as u64);
    values.saturating_mul(insts) > BUDGET
}

/// Whether making the code of a function thoroughly would take too long.
pub(super) fn exceeds_budget(func: &Function) -> bool {
    live_length(func) > BUDGET
}

/// How many instructions each value lives for, all together: from where it is
/// made to where it is used last, as they follow in the layout.
fn live_length(func: &Function) -> u64 {
    let mut made: SecondaryMap<Value, u32> = SecondaryMap::new();
    let mut lengths: SecondaryMap<Value, u32> = SecondaryMap::new();
    let mut position = 0;
    for block in func.layout.blocks() {
        for param in func.dfg.block_params(block) {
            made[*param] = position;
        }
        for inst in func.layout.block_insts(block) {
            position += 1;
            for value in func.dfg.inst_values(inst) {
                // A use before it in the layout is that of a loop's next turn.
                let length = position.abs_diff(made[value]);
                lengths[value] = lengths[value].max(length);
            }
            for result in func.dfg.inst_results(inst) {
                made[*result] = position;
            }
        }
    }
    lengths.values().map(|length| u64::from(*length)).sum()
}
