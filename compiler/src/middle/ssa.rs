//! Values that came to be made in several places: where blocks were copied, a
//! value of theirs is made in each copy, and who used it uses the one that
//! control flow brings. Where different ones come together, a block is given a
//! parameter, but only if the value is still used from there on.
//!
//! For each value: the blocks in which it is alive, from its uses backwards to
//! what makes it; in them, which of the copies arrives, from its makers forwards,
//! until nothing changes ("Simple and Efficient Construction of Static Single
//! Assignment Form", Braun and others, 2013, says when a parameter is needed).

use super::edges::{Edge, call_mut, incoming};
use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::flowgraph::ControlFlowGraph;
use cranelift_codegen::ir::{Block, Function, Inst, Value, ValueDef};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The copies of each value, with the block that each is made in: not that of
/// another copy.
pub(super) type Copies = BTreeMap<Value, Vec<(Block, Value)>>;

/// What arrives at a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arriving {
    /// Nothing is known yet.
    Unknown,
    /// The value or a copy.
    Made(Value),
    /// The parameter that a block is given for it.
    Parameter(Block),
}

/// Makes every use of a value the use of the copy that arrives there. `order`
/// has the blocks that can be reached, in reverse postorder, and no others are
/// left in the function. Aliases are resolved.
pub(super) fn repair(func: &mut Function, copies: &Copies, order: &[Block]) {
    let mut position: SecondaryMap<Block, usize> = SecondaryMap::new();
    for (at, block) in order.iter().enumerate() {
        position[*block] = at;
    }
    let uses = uses(func, copies, order);
    let into = incoming(func);
    for (value, users) in uses {
        let mut made: BTreeMap<Block, Value> = copies[&value].iter().copied().collect();
        made.extend(home(func, value).map(|block| (block, value)));
        let alive = alive(&users, &made, &into);
        let mut alive: Vec<Block> = alive.into_iter().collect();
        alive.sort_by_key(|block| position[*block]);
        let arriving = arriving(&alive, &made, &into);
        let parameters = add_parameters(func, value, &alive, &arriving);
        let resolve = |what: Arriving| match what {
            Arriving::Made(value) => value,
            Arriving::Parameter(block) => parameters[&block],
            Arriving::Unknown => unreachable!("a value is used that is not made before"),
        };
        for block in parameters.keys() {
            for edge in &into[*block] {
                let argument = resolve(leaving(edge.from, &made, &arriving));
                let (call, pool) = call_mut(&mut func.dfg, edge);
                call.append_argument(argument, pool);
            }
        }
        for (block, inst) in users {
            let arrived = resolve(arriving[&block]);
            func.dfg.map_inst_values(inst, |used| if used == value { arrived } else { used });
        }
    }
}

/// The block that makes a value; none if only copies of it are left.
fn home(func: &Function, value: Value) -> Option<Block> {
    match func.dfg.value_def(value) {
        ValueDef::Result(inst, _) => func.layout.inst_block(inst),
        ValueDef::Param(block, _) => Some(block),
        ValueDef::Union(..) => unreachable!("made by the code generator only"),
    }
}

/// The uses of each copied value outside the blocks that make it or a copy.
fn uses(func: &Function, copies: &Copies, order: &[Block]) -> BTreeMap<Value, Vec<(Block, Inst)>> {
    let mut uses: BTreeMap<Value, Vec<(Block, Inst)>> = BTreeMap::new();
    for block in order {
        for inst in func.layout.block_insts(*block) {
            for value in func.dfg.inst_values(inst) {
                let Some(made) = copies.get(&value) else { continue };
                if home(func, value) == Some(*block) || made.iter().any(|(copy, _)| copy == block) {
                    continue;
                }
                let users = uses.entry(value).or_default();
                if users.last() != Some(&(*block, inst)) {
                    users.push((*block, inst));
                }
            }
        }
    }
    uses
}

/// The blocks that a value must reach the beginning of.
fn alive(
    users: &[(Block, Inst)],
    made: &BTreeMap<Block, Value>,
    into: &SecondaryMap<Block, Vec<Edge>>,
) -> BTreeSet<Block> {
    let mut alive: BTreeSet<Block> = users.iter().map(|(block, _)| *block).collect();
    let mut open: Vec<Block> = alive.iter().copied().collect();
    while let Some(block) = open.pop() {
        for edge in &into[block] {
            if !made.contains_key(&edge.from) && alive.insert(edge.from) {
                open.push(edge.from);
            }
        }
    }
    alive
}

/// What leaves a block.
fn leaving(
    block: Block,
    made: &BTreeMap<Block, Value>,
    arriving: &BTreeMap<Block, Arriving>,
) -> Arriving {
    match made.get(&block) {
        Some(value) => Arriving::Made(*value),
        None => arriving[&block],
    }
}

/// What arrives at each block where the value is alive. A block that once needs
/// a parameter keeps it, so this comes to an end.
fn arriving(
    alive: &[Block],
    made: &BTreeMap<Block, Value>,
    into: &SecondaryMap<Block, Vec<Edge>>,
) -> BTreeMap<Block, Arriving> {
    let mut arriving: BTreeMap<Block, Arriving> =
        alive.iter().map(|block| (*block, Arriving::Unknown)).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for block in alive {
            let own = Arriving::Parameter(*block);
            if arriving[block] == own {
                continue;
            }
            let joined = into[*block].iter().fold(Arriving::Unknown, |joined, edge| {
                match (joined, leaving(edge.from, made, &arriving)) {
                    (Arriving::Unknown, other) | (other, Arriving::Unknown) => other,
                    (one, other) if one == other => one,
                    _ => own,
                }
            });
            if arriving[block] != joined {
                arriving.insert(*block, joined);
                changed = true;
            }
        }
    }
    arriving
}

/// The parameters that blocks are given for a value.
fn add_parameters(
    func: &mut Function,
    value: Value,
    alive: &[Block],
    arriving: &BTreeMap<Block, Arriving>,
) -> BTreeMap<Block, Value> {
    let ty = func.dfg.value_type(value);
    let needed = alive.iter().filter(|block| arriving[block] == Arriving::Parameter(**block));
    needed.map(|block| (*block, func.dfg.append_block_param(*block, ty))).collect()
}

/// Copies an instruction to the end of a block.
pub(super) fn copy_inst(
    func: &mut Function,
    inst: Inst,
    to: Block,
    map: &HashMap<Value, Value>,
) -> Inst {
    let new = func.dfg.clone_inst(inst);
    func.dfg.map_inst_values(new, |value| map.get(&value).copied().unwrap_or(value));
    func.layout.append_inst(new, to);
    func.set_srcloc(new, func.srcloc(inst));
    new
}

/// Takes out blocks that nothing leads to any more; gives the others in reverse
/// postorder.
pub(super) fn drop_unreachable(func: &mut Function) -> Vec<Block> {
    let flow = ControlFlowGraph::with_function(func);
    let dominators = DominatorTree::with_function(func, &flow);
    let all: Vec<Block> = func.layout.blocks().collect();
    for block in all.into_iter().filter(|block| !dominators.is_reachable(*block)) {
        while let Some(inst) = func.layout.first_inst(block) {
            func.layout.remove_inst(inst);
        }
        func.layout.remove_block(block);
    }
    dominators.cfg_rpo().copied().collect()
}
