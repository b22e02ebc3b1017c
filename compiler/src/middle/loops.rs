//! Innermost loops with one way back and nothing in them that could not be copied.

use super::edges::{Edge, Incoming, calls, sum_over};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Block, BlockArg, Function, Opcode, Value, ValueDef, types};
use std::collections::BTreeSet;

/// Blocks and instructions that a loop has at most.
const MOST_BLOCKS: usize = 8;
const MOST_INSTRUCTIONS: usize = 160;
/// Steps beyond this are of no use, and far from overflow.
const LONGEST_STEP: i64 = 1 << 16;

/// A loop.
pub(super) struct Loop {
    /// Its blocks as they are laid out, the header first. Every way in goes
    /// through that, and every block leads back to it.
    pub blocks: Vec<Block>,
    /// The way back.
    pub back: Edge,
    /// By parameter of the header: what it grows by each round, modulo 2^32; none
    /// if that is no constant, or it has not 32 bits.
    pub steps: Vec<Option<i64>>,
}

impl Loop {
    pub(super) fn header(&self) -> Block {
        self.blocks[0]
    }

    /// Whether a value is made by the loop, or given to it anew each round.
    pub(super) fn makes(&self, func: &Function, value: Value) -> bool {
        let block = match func.dfg.value_def(func.dfg.resolve_aliases(value)) {
            ValueDef::Result(inst, _) => func.layout.inst_block(inst),
            ValueDef::Param(block, _) => Some(block),
            ValueDef::Union(..) => None,
        };
        block.is_some_and(|block| self.blocks.contains(&block))
    }

    /// The value of a header's parameter in the next round.
    pub(super) fn next(&self, func: &Function, parameter: usize) -> Option<Value> {
        next(func, &self.back, parameter)
    }
}

/// The loops of a function whose way back is one of these instructions. Blocks are laid
/// out as the source has them: what branches up, closes a loop.
pub(super) fn find(func: &Function, ends: &[Opcode]) -> Vec<Loop> {
    let mut order: SecondaryMap<Block, usize> = SecondaryMap::new();
    let mut backs = Vec::new();
    for (at, from) in func.layout.blocks().enumerate() {
        order[from] = at + 1;
        let Some(branch) = func.layout.last_inst(from) else { continue };
        if !ends.contains(&func.dfg.insts[branch].opcode()) {
            continue;
        }
        for (destination, call) in calls(func, branch).iter().enumerate() {
            // Blocks further down have no place in the order yet.
            if order[call.block(&func.dfg.value_lists)] > 0 {
                backs.push(Edge { from, branch, destination });
            }
        }
    }
    if backs.is_empty() {
        return Vec::new();
    }
    let into = Incoming::of(func);
    backs.into_iter().filter_map(|back| closed(func, back, &order, &into)).collect()
}

/// The loop that a way back closes, if it is one of these.
fn closed(
    func: &Function,
    back: Edge,
    order: &SecondaryMap<Block, usize>,
    into: &Incoming,
) -> Option<Loop> {
    let pool = &func.dfg.value_lists;
    let header = calls(func, back.branch)[back.destination].block(pool);
    let mut blocks = BTreeSet::from([(order[header], header)]);
    let mut open = vec![back.from];
    while let Some(block) = open.pop() {
        if !blocks.insert((order[block], block)) {
            continue;
        }
        // The function's entry, or a way in beside the header.
        if blocks.len() > MOST_BLOCKS || into.entering(block).is_empty() {
            return None;
        }
        for edge in into.entering(block) {
            // An inner loop.
            if order[edge.from] >= order[block] {
                return None;
            }
            open.push(edge.from);
        }
    }
    let blocks: Vec<Block> = blocks.into_iter().map(|(_, block)| block).collect();
    let backs = into.entering(header).iter().filter(|edge| blocks.contains(&edge.from)).count();
    if blocks[0] != header || backs != 1 || !is_plain(func, &blocks) {
        return None;
    }
    let steps: Vec<Option<i64>> = steps(func, header, &back);
    Some(Loop { blocks, back, steps })
}

/// Whether there is nothing in the blocks that cannot be copied: no calls, and no
/// branches but the usual ones.
fn is_plain(func: &Function, blocks: &[Block]) -> bool {
    let mut instructions = 0;
    blocks.iter().all(|block| {
        func.layout.block_insts(*block).all(|inst| {
            instructions += 1;
            let opcode = func.dfg.insts[inst].opcode();
            let usual = matches!(opcode, Opcode::Jump | Opcode::Brif);
            let plain = !opcode.is_call() && (usual || !opcode.is_terminator());
            plain && instructions <= MOST_INSTRUCTIONS
        })
    })
}

fn next(func: &Function, back: &Edge, parameter: usize) -> Option<Value> {
    let call = &calls(func, back.branch)[back.destination];
    match call.args(&func.dfg.value_lists).nth(parameter)? {
        BlockArg::Value(value) => Some(func.dfg.resolve_aliases(value)),
        _ => None,
    }
}

fn steps(func: &Function, header: Block, back: &Edge) -> Vec<Option<i64>> {
    let parameters = func.dfg.block_params(header).iter().enumerate();
    let step = |(number, parameter): (usize, &Value)| {
        let next = next(func, back, number)?;
        if next != *parameter && func.dfg.value_type(*parameter) != types::I32 {
            return None;
        }
        sum_over(func, next, *parameter).filter(|step| step.abs() <= LONGEST_STEP)
    };
    parameters.map(step).collect()
}
