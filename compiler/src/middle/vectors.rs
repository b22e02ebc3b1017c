//! Vectors in loops. A loop that counts and does the same to each element of arrays
//! gets another one before it, which does several rounds at once with vectors of 128
//! bits. The loop itself makes the rounds that are left, at least one, so that what is
//! used after it is made there as before; and all of them where a check before both
//! finds that vectors would do something else.
//!
//! Rested on: the check proves that no index wraps around, as that of
//! [`loop_addresses`](super::loop_addresses) does; that all accesses of all rounds are
//! inside the memory as long as it is then, so that none of them traps, and nobody sees
//! which was first; and that [`overlaps`](super::overlaps) which would be made in
//! another order do not meet. Lanes are computed as single numbers are, to the bit, or
//! to the [bits that they have](super::lanes), where elements are bytes or halves of
//! numbers; only integers are [summed up](super::reductions) in another order. A value of the
//! element before is moved from one vector to the next, and not loaded again.
//!
//! Of memories that begin at the context only: they are not shared, so nobody else
//! reads between two accesses, and not grown while the loop runs.
//!
//! Gain (user CPU of `benches/suite`, of what it was at -O3): `stencil.c` 0.40, `lu.c`
//! 0.63, `matrixt.cc` 0.95; of loops over thousands of bytes or halves, from 0.09 to 0.55,
//! most of them 0.2. Cost: the loop of vectors and the check, at most a quarter of a
//! function; a look at the instructions of loops of one block; Yosys grows by 0.6 %. A loop
//! that makes few rounds loses a comparison, which comes first.

use super::check::{self, Check, Guard};
use super::reductions::Reduction;
use super::vector_check;
use super::vector_plan::{self, VectorPlan};
use super::vector_values::{VectorValues, whole};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, Function, InstBuilder, Value, types};
use std::collections::{BTreeMap, BTreeSet};

/// Makes vectors of loops; gives the headers of the loops that remain after them.
/// `length` is where the context, which the memory begins at, has its length in bytes.
pub(crate) fn make(func: &mut Function, length: i32) -> BTreeSet<Block> {
    let plans = vector_plan::find(func);
    if plans.is_empty() {
        return BTreeSet::new();
    }
    func.dfg.resolve_all_aliases();
    let mut guards = BTreeMap::new();
    for plan in &plans {
        guards.insert(plan.of.header(), vectorise(func, plan, length));
    }
    check::redirect(func, &guards);
    guards.into_keys().collect()
}

/// Makes the check before a loop and what is between the two.
fn vectorise(func: &mut Function, plan: &VectorPlan, length: i32) -> Guard {
    let header = plan.of.header();
    let check =
        check::before(func, &plan.of, plan.count, &plan.elements.groups, Some(plan.least_rounds()));
    let [enter, body, rest] = [(); 3].map(|()| {
        let block = func.dfg.make_block();
        func.layout.insert_block(block, header);
        block
    });
    let guard = Guard { check: check.block, inner: vec![header, check.block, check.end, rest] };
    let values = VectorValues::new(func, plan, check.end);
    let mut maker = Vectoriser { plan, check, values };
    maker.check(enter, length);
    let before = maker.enter(enter, body);
    let sums = maker.body(body, rest, &before);
    maker.rest(rest, &sums);
    guard
}

struct Vectoriser<'f> {
    plan: &'f VectorPlan,
    check: Check,
    values: VectorValues<'f>,
}

/// What is made before the loop of vectors.
struct Before {
    /// What the first counter comes to.
    end: Value,
}

/// The instruction builder at the end of a maker's block.
macro_rules! ins {
    ($maker:expr) => {
        $maker.values.cursor().ins()
    };
}

impl Vectoriser<'_> {
    /// Ends the check: to the vectors, or to the loop.
    fn check(&mut self, enter: Block, length: i32) {
        let fits = vector_check::fits(self.values.func, self.plan, &self.check, length);
        let all = self.values.func.dfg.block_params(self.check.block).iter().copied();
        let all: Vec<BlockArg> = all.map(BlockArg::Value).collect();
        ins!(self).brif(fits, enter, &[], self.plan.of.header(), &all);
    }

    /// Makes what is the same in all rounds, and enters the loop of vectors.
    fn enter(&mut self, enter: Block, body: Block) -> Before {
        self.values.block = enter;
        self.values.splats();
        let done = self.done();
        let strides: Vec<i64> = self.check.lasts.keys().copied().collect();
        let end = ins!(self).imul_imm_s(done, strides[0]);
        let mut starts = Vec::new();
        for _ in strides {
            starts.push(ins!(self).iconst(types::I64, 0));
        }
        for reduction in &self.plan.reductions {
            let lane = match reduction.empty() {
                Some(empty) => ins!(self).iconst(reduction.scalar, empty),
                None => self.start(reduction.parameter),
            };
            starts.push(ins!(self).splat(whole(reduction.scalar), lane));
        }
        for (node, parameter) in self.plan.carried() {
            let vector = self.values.vector(&self.plan.nodes[node]);
            let start = self.start(parameter);
            starts.push(ins!(self).splat(vector, start));
        }
        let starts: Vec<BlockArg> = starts.into_iter().map(BlockArg::Value).collect();
        ins!(self).jump(body, &starts);
        Before { end }
    }

    /// What a parameter of the header is before the loop.
    fn start(&self, parameter: usize) -> Value {
        self.values.func.dfg.block_params(self.check.block)[parameter]
    }

    /// How many rounds vectors do.
    fn done(&mut self) -> Value {
        ins!(self).band_imm_s(self.check.rounds, -(self.plan.shape.rounds as i64))
    }

    /// Makes the loop of vectors; gives what its sums are in the end.
    fn body(&mut self, body: Block, rest: Block, before: &Before) -> Vec<Value> {
        self.values.block = body;
        let strides: Vec<i64> = self.check.lasts.keys().copied().collect();
        let mut counters = BTreeMap::new();
        for stride in &strides {
            counters.insert(*stride, self.values.func.dfg.append_block_param(body, types::I64));
        }
        let mut sums = Vec::new();
        for reduction in &self.plan.reductions {
            let vector = whole(reduction.scalar);
            sums.push(self.values.func.dfg.append_block_param(body, vector));
        }
        for (node, _) in self.plan.carried() {
            let vector = self.values.vector(&self.plan.nodes[node]);
            let last = self.values.func.dfg.append_block_param(body, vector);
            self.values.carried.insert(node, last);
        }
        for (group, pointer) in self.plan.elements.groups.iter().zip(&self.check.pointers) {
            let address = ins!(self).iadd(*pointer, counters[&group.stride]);
            self.values.addresses.push(address);
        }
        for number in 0..self.plan.shape.vectors() {
            self.vectors(number, &mut sums);
        }
        let mut again = Vec::new();
        for (stride, counter) in counters {
            let grown = stride * self.plan.shape.rounds as i64;
            again.push(ins!(self).iadd_imm_s(counter, grown));
        }
        let within = match self.plan.shape.upwards {
            true => IntCC::SignedLessThan,
            false => IntCC::SignedGreaterThan,
        };
        let condition = ins!(self).icmp(within, again[0], before.end);
        again.extend(&sums);
        again.extend(self.values.carried.values());
        let again: Vec<BlockArg> = again.into_iter().map(BlockArg::Value).collect();
        ins!(self).brif(condition, body, &again, rest, &[]);
        sums
    }

    /// Makes one vector of each value.
    fn vectors(&mut self, number: usize, sums: &mut [Value]) {
        let plan = self.plan;
        let stored = plan.stores.iter().map(|row| self.values.node(row.node, number));
        let stored: Vec<Value> = stored.collect();
        for (node, _) in plan.carried() {
            self.values.node(node, number);
        }
        for (reduction, sum) in plan.reductions.iter().zip(sums) {
            let added = self.added(reduction, number);
            *sum = self.values.binary(reduction.opcode, *sum, added);
        }
        for (row, value) in plan.stores.iter().zip(stored) {
            self.values.store(row, number, value);
        }
    }

    /// What is added to a sum, in lanes as wide as that: each the sum of those that were in
    /// its place.
    fn added(&mut self, reduction: &Reduction, number: usize) -> Value {
        let mut added = self.values.node(reduction.node, number);
        let factor = reduction.factor.map(|factor| self.values.node(factor, number));
        for _ in 0..(reduction.scalar.bits() / self.plan.bits).ilog2() {
            let [low, high] = [false, true].map(|upper| {
                let half = self.values.widened(added, reduction.signed, upper);
                let Some(factor) = factor else { return half };
                let factor = self.values.widened(factor, reduction.signed, upper);
                ins!(self).imul(half, factor)
            });
            added = match reduction.scalar.bits() {
                32 => ins!(self).iadd_pairwise(low, high),
                _ => ins!(self).iadd(low, high),
            };
        }
        added
    }

    /// Goes on with the loop, for the rounds that are left.
    fn rest(&mut self, rest: Block, sums: &[Value]) {
        self.values.block = rest;
        let done = self.done();
        let done = ins!(self).ireduce(types::I32, done);
        let starts = self.values.func.dfg.block_params(self.check.block).to_vec();
        let mut now = Vec::new();
        for (start, step) in starts.iter().zip(&self.plan.of.steps) {
            now.push(match step {
                Some(0) | None => *start,
                Some(step) => {
                    let grown = ins!(self).imul_imm_s(done, *step);
                    ins!(self).iadd(*start, grown)
                }
            });
        }
        for (reduction, sum) in self.plan.reductions.iter().zip(sums) {
            now[reduction.parameter] = self.joined(reduction, *sum, now[reduction.parameter]);
        }
        for (node, parameter) in self.plan.carried() {
            let (last, lane) = (self.values.carried[&node], self.plan.shape.lanes - 1);
            now[parameter] = ins!(self).extractlane(last, lane as u8);
        }
        let now: Vec<BlockArg> = now.into_iter().map(BlockArg::Value).collect();
        ins!(self).jump(self.plan.of.header(), &now);
    }

    /// The sums of all lanes, and what was before.
    fn joined(&mut self, reduction: &Reduction, sums: Value, start: Value) -> Value {
        let joins = reduction.joins();
        let mut all = start;
        for lane in 0..whole(reduction.scalar).lane_count() {
            let one = ins!(self).extractlane(sums, lane as u8);
            all = self.values.binary(joins, all, one);
        }
        all
    }
}
