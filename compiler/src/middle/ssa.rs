//! Values that came to be made in several places: where blocks were copied, a
//! value of theirs is made in each copy, and who used it uses the one that
//! control flow brings. Where different ones come together, a block is given a
//! parameter, but only if the value is still used from there on.
//!
//! For each value: the blocks in which it is alive, from its uses backwards to
//! what makes it; in them, which of the copies arrives, from its makers forwards,
//! until nothing changes ("Simple and Efficient Construction of Static Single
//! Assignment Form", Braun and others, 2013, says when a parameter is needed).

use super::edges::{Incoming, call_mut, calls};
use cranelift_codegen::entity::{EntitySet, SecondaryMap};
use cranelift_codegen::ir::{Block, Function, Inst, Value, ValueDef};
use std::collections::{BTreeMap, HashMap};

/// The copies of each value, with the block that each is made in, ascending: not
/// that of another copy.
pub(super) type Copies = BTreeMap<Value, Vec<(Block, Value)>>;

/// What arrives at a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Arriving {
    /// Nothing is known yet.
    #[default]
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
    let mut position: SecondaryMap<Block, u32> = SecondaryMap::new();
    for (block, at) in order.iter().zip(0..) {
        position[*block] = at;
    }
    let uses = uses(func, copies, order);
    let into = Incoming::of(func);
    let mut repair = Repair { into: &into, round: 0, places: SecondaryMap::new() };
    for users in uses.chunk_by(|one, other| one.value == other.value) {
        let value = users[0].value;
        repair.begin(func, value, &copies[&value]);
        let mut alive = repair.alive(users);
        alive.sort_unstable_by_key(|block| position[*block]);
        repair.arrive(&alive);
        let parameters = repair.add_parameters(func, value, &alive);
        for block in parameters {
            for edge in into.entering(block) {
                let argument = repair.value(repair.leaving(edge.from));
                let (call, pool) = call_mut(&mut func.dfg, edge);
                call.append_argument(argument, pool);
            }
        }
        for user in users {
            let arrived = repair.value(repair.get(user.block).arriving);
            let replace = |used| if used == value { arrived } else { used };
            func.dfg.map_inst_values(user.inst, replace);
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

/// An instruction that uses a value.
struct User {
    value: Value,
    block: Block,
    inst: Inst,
}

/// The uses of copied values outside the blocks that make them or a copy, by value.
fn uses(func: &Function, copies: &Copies, order: &[Block]) -> Vec<User> {
    let mut copied = EntitySet::new();
    copies.keys().for_each(|value| {
        copied.insert(*value);
    });
    let mut uses = Vec::new();
    for block in order {
        for inst in func.layout.block_insts(*block) {
            for value in func.dfg.inst_values(inst).filter(|value| copied.contains(*value)) {
                let here = copies[&value].binary_search_by_key(block, |(copy, _)| *copy).is_ok();
                if !here && home(func, value) != Some(*block) {
                    uses.push(User { value, block: *block, inst });
                }
            }
        }
    }
    // Stable: the uses of a value stay in order.
    uses.sort_by_key(|user| user.value);
    uses.dedup_by_key(|user| (user.value, user.inst));
    uses
}

/// A value and its copies, on their way through the blocks.
struct Repair<'f> {
    into: &'f Incoming,
    /// Which of the values it is, from one on.
    round: u32,
    places: SecondaryMap<Block, Place>,
}

/// What is known of a block.
#[derive(Clone, Copy, Default)]
struct Place {
    /// For the value of which round.
    round: u32,
    /// Which copy, or the value itself, is made here.
    made: Option<Value>,
    /// Whether one must reach the beginning of the block.
    alive: bool,
    arriving: Arriving,
    /// The parameter, once there is one.
    parameter: Option<Value>,
}

impl Repair<'_> {
    /// Turns to another value.
    fn begin(&mut self, func: &Function, value: Value, copies: &[(Block, Value)]) {
        self.round += 1;
        for (block, copy) in copies {
            self.place(*block).made = Some(*copy);
        }
        if let Some(block) = home(func, value) {
            self.place(block).made = Some(value);
        }
    }

    fn get(&self, block: Block) -> Place {
        let place = self.places[block];
        if place.round == self.round { place } else { Place::default() }
    }

    fn place(&mut self, block: Block) -> &mut Place {
        let (round, place) = (self.round, &mut self.places[block]);
        if place.round != round {
            *place = Place { round, ..Place::default() };
        }
        place
    }

    /// The blocks that a value must reach the beginning of.
    fn alive(&mut self, users: &[User]) -> Vec<Block> {
        let into = self.into;
        let mut is_new = |block| {
            let place = self.place(block);
            place.made.is_none() && !std::mem::replace(&mut place.alive, true)
        };
        let blocks = users.iter().map(|user| user.block);
        let mut alive: Vec<Block> = blocks.filter(|block| is_new(*block)).collect();
        let mut next = 0;
        while let Some(block) = alive.get(next).copied() {
            next += 1;
            let before = into.entering(block).iter().map(|edge| edge.from);
            alive.extend(before.filter(|block| is_new(*block)));
        }
        alive
    }

    /// Finds what arrives at each block where the value is alive. A block that once
    /// needs a parameter keeps it, so this comes to an end.
    fn arrive(&mut self, alive: &[Block]) {
        let mut changed = true;
        while changed {
            changed = false;
            for block in alive {
                let (own, now) = (Arriving::Parameter(*block), self.get(*block).arriving);
                if now == own {
                    continue;
                }
                let joined = self.into.entering(*block).iter().fold(
                    Arriving::Unknown,
                    |joined, edge| match (joined, self.leaving(edge.from)) {
                        (Arriving::Unknown, other) | (other, Arriving::Unknown) => other,
                        (one, other) if one == other => one,
                        _ => own,
                    },
                );
                if now != joined {
                    self.place(*block).arriving = joined;
                    changed = true;
                }
            }
        }
    }

    /// Gives blocks the parameters that they need for a value; gives these blocks.
    fn add_parameters(&mut self, func: &mut Function, value: Value, alive: &[Block]) -> Vec<Block> {
        let ty = func.dfg.value_type(value);
        let mut needed = alive.to_vec();
        needed.retain(|block| self.get(*block).arriving == Arriving::Parameter(*block));
        for block in &needed {
            self.place(*block).parameter = Some(func.dfg.append_block_param(*block, ty));
        }
        needed
    }

    /// What leaves a block.
    fn leaving(&self, block: Block) -> Arriving {
        let place = self.get(block);
        place.made.map_or(place.arriving, Arriving::Made)
    }

    /// The value that something is.
    fn value(&self, what: Arriving) -> Value {
        match what {
            Arriving::Made(value) => value,
            Arriving::Parameter(block) => self.get(block).parameter.expect("it was given one"),
            Arriving::Unknown => unreachable!("a value is used that is not made before"),
        }
    }
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
    let (order, reached) = reverse_postorder(func);
    let all: Vec<Block> = func.layout.blocks().collect();
    for block in all.into_iter().filter(|block| !reached.contains(*block)) {
        while let Some(inst) = func.layout.first_inst(block) {
            func.layout.remove_inst(inst);
        }
        func.layout.remove_block(block);
    }
    order
}

/// The blocks that can be reached, each after those it is reached from, but by
/// loops; and the set of them.
fn reverse_postorder(func: &Function) -> (Vec<Block>, EntitySet<Block>) {
    let (mut seen, mut order) = (EntitySet::new(), Vec::new());
    let entry = func.layout.entry_block().expect("a function has blocks");
    seen.insert(entry);
    // With how many of its destinations were followed.
    let mut open = vec![(entry, 0)];
    while let Some((block, next)) = open.last_mut() {
        let branch = func.layout.last_inst(*block);
        match branch.and_then(|branch| calls(func, branch).get(*next)) {
            Some(call) => {
                *next += 1;
                let target = call.block(&func.dfg.value_lists);
                if seen.insert(target) {
                    open.push((target, 0));
                }
            }
            None => {
                order.push(*block);
                open.pop();
            }
        }
    }
    order.reverse();
    (order, seen)
}
