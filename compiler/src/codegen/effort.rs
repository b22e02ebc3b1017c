//! What code generation will cost. The time of thorough register allocation
//! grows with the length of live ranges: each is held against all that live at
//! the same time, so that the sum of 200,000 loads takes minutes. There is a
//! fast allocator, whose code keeps most values in the frame.

use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::entity::packed_option::PackedOption;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, Function, Value, ValueDef};

/// The length of all live ranges, in instructions, from which on code is made
/// the fast way. The thorough one takes about six seconds there. The longest
/// found in real programs, in Ruby and CPython, are a fifth of it; the tests
/// that compile such programs would see a warning.
const BUDGET: u64 = 300_000_000;

/// Whether a function is large enough to ask [`exceeds_budget`], now and once
/// it is optimised.
pub(super) fn may_exceed_budget(func: &Function) -> bool {
    let (values, insts) = (func.dfg.num_values() as u64, func.dfg.num_insts() as u64);
    values.saturating_mul(insts) > BUDGET
}

/// Whether making the code of a function thoroughly would take too long.
pub(super) fn exceeds_budget(func: &Function) -> bool {
    longest(func) > BUDGET && live_length(func, BUDGET) > BUDGET
}

/// What is known of a value's live range in one look at the function.
#[derive(Clone, Copy, Default)]
struct Life {
    /// The block that makes it.
    home: PackedOption<Block>,
    /// Where it was last used in that block, or else is made.
    last: u32,
    leaves_home: bool,
}

/// In how many instructions each value is alive at most, all together: one that is
/// used outside its block perhaps in all of them.
fn longest(func: &Function) -> u64 {
    let mut lives: SecondaryMap<Value, Life> = SecondaryMap::with_capacity(func.dfg.num_values());
    let (mut position, mut inside, mut leaving) = (0, 0, 0);
    for block in func.layout.blocks() {
        let made = |last| Life { home: block.into(), last, leaves_home: false };
        for param in func.dfg.block_params(block) {
            lives[*param] = made(position);
        }
        for inst in func.layout.block_insts(block) {
            position += 1;
            for value in func.dfg.inst_values(inst) {
                let life = &mut lives[func.dfg.resolve_aliases(value)];
                if life.home == block.into() {
                    inside += u64::from(position - life.last);
                    life.last = position;
                } else if !life.leaves_home {
                    life.leaves_home = true;
                    leaving += 1;
                }
            }
            for result in func.dfg.inst_results(inst) {
                // One that was used further up in the layout stays counted.
                lives[*result] = made(position);
            }
        }
    }
    inside + leaving * u64::from(position)
}

/// Where a value is used.
struct Use {
    value: Value,
    block: Block,
    position: u32,
}

/// Where a block's instructions are, counted in the order of the layout.
#[derive(Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// In how many instructions each value is alive, all together; only as much as
/// it takes to pass `most`.
///
/// From each use of a value backwards through the control flow to where it is
/// made ("Computing Liveness Sets for SSA-Form Programs", Brandner and others,
/// 2011, section 6). The order of the layout alone would not do: in an
/// interpreter's loop most of what lies between two places is another path.
fn live_length(func: &Function, most: u64) -> u64 {
    let (mut uses, spans, made) = survey(func);
    // Stable, so that the uses of a value in a block stay together, in order.
    uses.sort_by_key(|used| used.value);
    let flow = ControlFlowGraph::with_function(func);
    // The value for which a block was last found to be left with it alive.
    let mut left_by: SecondaryMap<Block, Option<Value>> = SecondaryMap::new();
    let (mut length, mut open) = (0, Vec::new());
    for uses in uses.chunk_by(|a, b| a.value == b.value) {
        let value = uses[0].value;
        let home = definition(func, value);
        let begin = |block| match Some(block) == home {
            true => made[value],
            false => spans[block].start,
        };
        open.extend(uses.iter().map(|used| used.block).filter(|block| Some(*block) != home));
        while let Some(block) = open.pop() {
            for pred in flow.pred_iter(block) {
                if left_by[pred.block].replace(value) == Some(value) {
                    continue;
                }
                length += u64::from(spans[pred.block].end - begin(pred.block));
                if Some(pred.block) != home {
                    open.push(pred.block);
                }
            }
            if length > most {
                return length;
            }
        }
        for uses in uses.chunk_by(|a, b| a.block == b.block) {
            let last = uses.last().expect("a chunk is not empty");
            if left_by[last.block] != Some(value) {
                length += u64::from(last.position - begin(last.block));
            }
        }
    }
    length
}

/// Every use, in the order of the layout; the spans of blocks; and where each
/// value is made.
fn survey(func: &Function) -> (Vec<Use>, SecondaryMap<Block, Span>, SecondaryMap<Value, u32>) {
    let (mut uses, mut spans) = (Vec::new(), SecondaryMap::<Block, Span>::new());
    let (mut made, mut position) = (SecondaryMap::new(), 0);
    for block in func.layout.blocks() {
        spans[block].start = position;
        for param in func.dfg.block_params(block) {
            made[*param] = position;
        }
        for inst in func.layout.block_insts(block) {
            position += 1;
            let values = func.dfg.inst_values(inst).map(|value| func.dfg.resolve_aliases(value));
            uses.extend(values.map(|value| Use { value, block, position }));
            for result in func.dfg.inst_results(inst) {
                made[*result] = position;
            }
        }
        spans[block].end = position;
    }
    (uses, spans, made)
}

/// The block that makes a value.
fn definition(func: &Function, value: Value) -> Option<Block> {
    match func.dfg.value_def(value) {
        ValueDef::Result(inst, _) => func.layout.inst_block(inst),
        ValueDef::Param(block, _) => Some(block),
        ValueDef::Union(..) => None,
    }
}

#[cfg(test)]
mod tests;
