//! Entries of a table that go the same way with the same values share an edge.
//! To the code generator each entry is an edge of its own, with moves of its own
//! for what the target is given; here they go through a block that is empty but
//! for the jump.
//!
//! Gain: less code, and what an edge is given is known once for all entries.

use super::edges::calls;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, Function, Inst, InstBuilder, InstructionData, JumpTable,
};
use std::collections::HashMap;

/// Makes equal entries of each table one edge.
pub(super) fn share(func: &mut Function) {
    let tables: Vec<(Block, Inst, JumpTable)> = func
        .layout
        .blocks()
        .filter_map(|block| {
            let branch = func.layout.last_inst(block)?;
            match func.dfg.insts[branch] {
                InstructionData::BranchTable { table, .. } => Some((block, branch, table)),
                _ => None,
            }
        })
        .collect();
    for (block, branch, table) in tables {
        for (target, arguments, entries) in repeated(func, branch) {
            let edge = func.dfg.make_block();
            func.layout.insert_block_after(edge, block);
            let source = func.srcloc(branch);
            let mut cursor = FuncCursor::new(func).at_bottom(edge).with_srcloc(source);
            cursor.ins().jump(target, &arguments);
            // Each has a list of its own, which may grow.
            for entry in entries {
                let call = BlockCall::new(edge, [], &mut func.dfg.value_lists);
                func.dfg.jump_tables[table].all_branches_mut()[entry] = call;
            }
        }
    }
}

/// Where several entries go with the same values, and which entries they are.
fn repeated(func: &Function, branch: Inst) -> Vec<(Block, Vec<BlockArg>, Vec<usize>)> {
    let pool = &func.dfg.value_lists;
    let mut ways: Vec<(Block, Vec<BlockArg>, Vec<usize>)> = Vec::new();
    let mut known: HashMap<(Block, Vec<BlockArg>), usize> = HashMap::new();
    for (entry, call) in calls(func, branch).iter().enumerate() {
        let (target, arguments) = (call.block(pool), call.args(pool).collect::<Vec<_>>());
        if arguments.is_empty() {
            continue;
        }
        let way = *known.entry((target, arguments.clone())).or_insert_with(|| {
            ways.push((target, arguments, Vec::new()));
            ways.len() - 1
        });
        ways[way].2.push(entry);
    }
    ways.retain(|(.., entries)| entries.len() > 1);
    ways
}
