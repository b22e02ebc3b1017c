//! Addresses in loops. An index of 32 bits wraps around, so `a[i + 1]` is an
//! addition of 32 bits and then an access, in each round, for each of them. Where
//! a loop counts, it is known beforehand how far its indices go. Here the loop
//! gets a copy, for when none of them wraps around: each group of accesses has
//! an address, made before the loop, and all share a number of 64 bits that grows
//! by what the indices grow by. Additions, and counters that only indices needed,
//! are gone from the copy. A check before the loop tells which of the two is run.
//!
//! Rested on: an index that grows by `s` each round from `x`, and lies from 0 to
//! 2^32 - 1 in the first and in the last round as an integer, does so in between,
//! and is `x + k * s` in round `k`. So each access of the copy is at the same
//! address as before, in the same order, and traps when it would have.
//!
//! Gain (user CPU of `benches/suite`, beside wasmtime's): `matrixt.cc` 0.92 to 0.82,
//! `life.c` 0.75 to 0.66, `sha512.c` and `modexp.c` by 5 %. A loop that makes two or
//! three rounds loses what the check takes: `fft.c` 3 %. Cost: the copies, at most a
//! quarter of a function; a look at the blocks, and at the instructions of loops that
//! count.

use super::accesses::Indexed;
use super::check::{self, Check, Guard};
use super::edges::{Edge, call_mut, calls};
use super::loop_plan::{self, LoopPlan, has_effects};
use super::ssa::{self, Copies};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, Function, Inst, InstBuilder, InstructionData, Value, types,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Copies loops, but those with these headers; gives how many accesses have an address
/// made before the loop.
pub(crate) fn make(func: &mut Function, but: &BTreeSet<Block>) -> usize {
    let plans = loop_plan::find(func, but);
    if plans.is_empty() {
        return 0;
    }
    func.dfg.resolve_all_aliases();
    let mut copies = Copies::new();
    let mut checks = BTreeMap::new();
    for plan in &plans {
        let check = copy(func, plan, &mut copies);
        let inner = plan.of.blocks.iter().copied().chain([check]).collect();
        checks.insert(plan.of.header(), Guard { check, inner });
    }
    check::redirect(func, &checks);
    let order = ssa::drop_unreachable(func);
    ssa::repair(func, &copies, &order);
    plans.iter().map(|plan| plan.accesses.len()).sum()
}

/// Makes the check before a loop and the copy between the two; gives the check.
fn copy(func: &mut Function, plan: &LoopPlan, copies: &mut Copies) -> Block {
    let check = check::before(func, &plan.of, plan.count, &plan.groups, None);
    let mut blocks = HashMap::new();
    for block in &plan.of.blocks {
        let new = func.dfg.make_block();
        func.layout.insert_block(new, plan.of.header());
        if func.layout.is_cold(*block) {
            func.layout.set_cold(new);
        }
        blocks.insert(*block, new);
    }
    let block = check.block;
    let counters = BTreeMap::new();
    Copier { func, plan, check, copies, blocks, counters, map: HashMap::new() }.run();
    block
}

/// The copy of a loop that is being made.
struct Copier<'f> {
    func: &'f mut Function,
    plan: &'f LoopPlan,
    check: Check,
    copies: &'f mut Copies,
    blocks: HashMap<Block, Block>,
    /// By stride, what grows by that.
    counters: BTreeMap<i64, Value>,
    map: HashMap<Value, Value>,
}

impl Copier<'_> {
    fn run(mut self) {
        let header = self.blocks[&self.plan.of.header()];
        for stride in self.check.lasts.keys() {
            let counter = self.func.dfg.append_block_param(header, types::I64);
            self.counters.insert(*stride, counter);
        }
        for block in &self.plan.of.blocks {
            self.block(*block);
        }
        self.enter(header);
        for block in &self.plan.of.blocks {
            self.func.layout.set_cold(*block);
        }
    }

    fn block(&mut self, block: Block) {
        let new = self.blocks[&block];
        for parameter in self.func.dfg.block_params(block).to_vec() {
            if block != self.plan.of.header() || self.plan.needed.parameters.contains(&parameter) {
                let ty = self.func.dfg.value_type(parameter);
                let copy = self.func.dfg.append_block_param(new, ty);
                self.made(parameter, new, copy);
            }
        }
        let insts: Vec<Inst> = self.func.layout.block_insts(block).collect();
        for inst in insts {
            if inst == self.plan.of.back.branch {
                self.back(new);
            } else if has_effects(self.func, inst) || self.plan.needed.insts.contains(&inst) {
                self.inst(inst, new);
            }
        }
    }

    fn made(&mut self, value: Value, block: Block, copy: Value) {
        self.map.insert(value, copy);
        self.copies.entry(value).or_default().push((block, copy));
    }

    fn inst(&mut self, inst: Inst, block: Block) {
        let address = self.plan.accesses.get(&inst).map(|access| self.address(access, block));
        let new = ssa::copy_inst(self.func, inst, block, &self.map);
        if let Some((address, moved)) = address {
            match &mut self.func.dfg.insts[new] {
                InstructionData::Load { arg, offset, .. } => {
                    (*arg, *offset) = (address, moved.into());
                }
                InstructionData::Store { args: [_, to], offset, .. } => {
                    (*to, *offset) = (address, moved.into());
                }
                _ => unreachable!("accesses are loads and stores"),
            }
        }
        for destination in 0..calls(self.func, new).len() {
            let edge = Edge { from: block, branch: new, destination };
            let (call, pool) = call_mut(&mut self.func.dfg, &edge);
            if let Some(copy) = self.blocks.get(&call.block(pool)) {
                call.set_block(*copy, pool);
            }
        }
        let results = self.func.dfg.inst_results(inst).to_vec();
        let copies = self.func.dfg.inst_results(new).to_vec();
        for (value, copy) in results.into_iter().zip(copies) {
            self.made(value, block, copy);
        }
    }

    /// Where an access of the copy is.
    fn address(&mut self, access: &Indexed, block: Block) -> (Value, i32) {
        let group = &self.plan.groups[access.group];
        let offset = access.offset(group).expect("looked at before");
        let pointer = self.check.pointers[access.group];
        let Some(counter) = self.counters.get(&group.stride) else { return (pointer, offset) };
        let mut cursor = FuncCursor::new(self.func).at_bottom(block);
        (cursor.ins().iadd(pointer, *counter), offset)
    }

    /// The branch back, by the first of the counters.
    fn back(&mut self, block: Block) {
        let of = &self.plan.of;
        let source = self.func.srcloc(of.back.branch);
        let (exit, leaving) = self.plan.leaving(self.func);
        let mapped = |value: &Value| BlockArg::Value(*self.map.get(value).unwrap_or(value));
        let leaving: Vec<BlockArg> = leaving.iter().map(mapped).collect();
        let mut again: Vec<BlockArg> = Vec::new();
        for (number, parameter) in self.func.dfg.block_params(of.header()).iter().enumerate() {
            if self.plan.needed.parameters.contains(parameter) {
                let next = of.next(self.func, number).expect("looked at before");
                again.push(mapped(&next));
            }
        }
        let mut cursor = FuncCursor::new(self.func).at_bottom(block).with_srcloc(source);
        let (mut counters, mut condition) = (Vec::new(), None);
        for (stride, counter) in &self.counters {
            let step = cursor.ins().iconst(types::I64, *stride);
            let next = cursor.ins().iadd(*counter, step);
            counters.push(BlockArg::Value(next));
            condition.get_or_insert((*stride, next));
        }
        let (stride, next) = condition.expect("an access moves");
        // An equality would be turned into one of what the counter was before,
        // which then lives beside what it becomes.
        let within = match stride > 0 {
            true => IntCC::SignedLessThanOrEqual,
            false => IntCC::SignedGreaterThanOrEqual,
        };
        let condition = cursor.ins().icmp(within, next, self.check.lasts[&stride]);
        counters.extend(again);
        let header = self.blocks[&of.header()];
        cursor.ins().brif(condition, header, &counters, exit, &leaving);
    }

    /// The branch of the check.
    fn enter(&mut self, header: Block) {
        let parameters = self.func.dfg.block_params(self.check.block).to_vec();
        let all: Vec<BlockArg> = parameters.iter().copied().map(BlockArg::Value).collect();
        let old = self.func.dfg.block_params(self.plan.of.header()).to_vec();
        let needed = old.iter().zip(&all);
        let needed = needed.filter(|(old, _)| self.plan.needed.parameters.contains(old));
        let needed: Vec<BlockArg> = needed.map(|(_, start)| *start).collect();
        let mut cursor = FuncCursor::new(self.func).at_bottom(self.check.block);
        let mut starts = Vec::new();
        for _ in &self.counters {
            starts.push(BlockArg::Value(cursor.ins().iconst(types::I64, 0)));
        }
        starts.extend(needed);
        cursor.ins().brif(self.check.fits, header, &starts, self.plan.of.header(), &all);
    }
}
