//! What is looked at before a loop that counts: how many rounds it makes, and
//! whether the indices of its accesses stay within 32 bits in all of them.
//!
//! Everything is computed with 64 bits, far from overflow. What must lie from 0
//! to 2^32 - 1 is joined by `or`: one of them does not, if and only if the upper
//! half of that is not zero.

use super::accesses::AccessGroup;
use super::counted::Count;
use super::edges::{Edge, call_mut, calls};
use super::loops::Loop;
use super::strides::FirstRound;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, Function, InstBuilder, Value, types};
use std::collections::BTreeMap;

/// What stands before a loop, without the last branch.
pub(super) struct Check {
    /// Where it begins, with the parameters of the loop's header.
    pub block: Block,
    /// Where it ends.
    pub end: Block,
    /// Whether no index wraps around.
    pub fits: Value,
    /// By group, the address of its first access in the first round.
    pub pointers: Vec<Value>,
    /// By stride that is not zero: what a number that grows by it from zero is in
    /// the last round.
    pub lasts: BTreeMap<i64, Value>,
    /// How often the loop goes back, of 64 bits.
    pub rounds: Value,
}

/// What stands before a loop now.
pub(super) struct Guard {
    pub check: Block,
    /// What goes on straight to the loop: blocks of its own, and those made for it.
    pub inner: Vec<Block>,
}

/// Lets all ways into loops, by their headers, go to their checks.
pub(super) fn redirect(func: &mut Function, guards: &BTreeMap<Block, Guard>) {
    let mut edges = Vec::new();
    for from in func.layout.blocks() {
        let Some(branch) = func.layout.last_inst(from) else { continue };
        for (destination, call) in calls(func, branch).iter().enumerate() {
            let Some(guard) = guards.get(&call.block(&func.dfg.value_lists)) else { continue };
            if !guard.inner.contains(&from) {
                edges.push((Edge { from, branch, destination }, guard.check));
            }
        }
    }
    for (edge, check) in edges {
        let (call, pool) = call_mut(&mut func.dfg, &edge);
        call.set_block(check, pool);
    }
}

/// Makes the check, which stands before the loop's header. Where the loop goes back fewer
/// times than `least`, nothing more is looked at, and the loop is entered.
pub(super) fn before(
    func: &mut Function,
    of: &Loop,
    count: Count,
    groups: &[AccessGroup],
    least: Option<i64>,
) -> Check {
    let block = func.dfg.make_block();
    func.layout.insert_block(block, of.header());
    for parameter in func.dfg.block_params(of.header()).to_vec() {
        let ty = func.dfg.value_type(parameter);
        func.dfg.append_block_param(block, ty);
    }
    let starts = FirstRound::new(func, of, block);
    let mut maker = Maker { func, of, count, block, starts, outside: None };
    let (rounds, whole) = maker.rounds();
    if let Some(least) = least {
        maker.go_on_after(rounds, least);
    }
    let step = count.step.abs();
    let mut reaches: BTreeMap<i64, Value> = BTreeMap::new();
    for stride in groups.iter().map(|group| group.stride).filter(|stride| *stride != 0) {
        reaches.entry(stride).or_insert_with(|| match whole {
            // One multiplication, and nothing that is made again in the loop.
            Some(distance) if stride % step == 0 => maker.times(distance, stride.abs() / step),
            _ => maker.times(rounds, stride.abs()),
        });
    }
    let pointers = groups.iter().map(|group| maker.pointer(group, &reaches)).collect();
    let last = |(stride, reach): (&i64, &Value)| {
        (*stride, if *stride > 0 { *reach } else { maker.negated(*reach) })
    };
    let lasts = reaches.iter().map(last).collect();
    let fits = maker.fits();
    let end = maker.block;
    Check { block, end, fits, pointers, lasts, rounds }
}

struct Maker<'f> {
    func: &'f mut Function,
    of: &'f Loop,
    count: Count,
    block: Block,
    starts: FirstRound,
    /// All that must lie from 0 to 2^32 - 1.
    outside: Option<Value>,
}

/// The instruction builder at the end of a maker's block.
macro_rules! ins {
    ($maker:expr) => {
        FuncCursor::new($maker.func).at_bottom($maker.block).ins()
    };
}

impl Maker<'_> {
    /// Ends the block: with fewer rounds than `least`, to the loop.
    fn go_on_after(&mut self, rounds: Value, least: i64) {
        let enough = IntCC::UnsignedGreaterThanOrEqual;
        let enough = ins!(self).icmp_imm_u(enough, rounds, least);
        let next = self.func.dfg.make_block();
        self.func.layout.insert_block(next, self.of.header());
        let all = self.func.dfg.block_params(self.block).iter().copied();
        let all: Vec<BlockArg> = all.map(BlockArg::Value).collect();
        ins!(self).brif(enough, next, &[], self.of.header(), &all);
        self.block = next;
        self.starts.go_on_in(next);
    }

    /// How often the loop goes back, and if that is known, what the count grows by in
    /// all of these rounds.
    fn rounds(&mut self) -> (Value, Option<Value>) {
        let Count { parameter, step, beyond, limit, goes_on } = self.count;
        let counter = self.func.dfg.block_params(self.of.header())[parameter];
        let first = self.start(counter);
        let first = match beyond as i32 {
            0 => first,
            beyond => {
                let beyond = ins!(self).iconst(types::I32, i64::from(beyond as u32));
                ins!(self).iadd(first, beyond)
            }
        };
        let limit = match limit {
            Some(limit) => self.start(limit),
            None => ins!(self).iconst(types::I32, 0),
        };
        match goes_on {
            IntCC::NotEqual => self.until_equal(first, limit, step),
            _ => (self.while_less(first, limit, step, goes_on == IntCC::SignedLessThan), None),
        }
    }

    /// Rounds until `first`, which grows by `step`, is `limit`: modulo 2^32 it
    /// comes there, if the distance is a multiple of the step.
    fn until_equal(&mut self, first: Value, limit: Value, step: i64) -> (Value, Option<Value>) {
        let (from, to) = if step > 0 { (first, limit) } else { (limit, first) };
        let distance = ins!(self).isub(to, from);
        let distance = ins!(self).uextend(types::I64, distance);
        let rounds = self.divided(distance, step.abs());
        if step.abs() > 1 {
            let whole = self.times(rounds, step.abs());
            let rest = ins!(self).isub(distance, whole);
            let rest = ins!(self).ishl_imm_u(rest, 32);
            self.must_fit(rest);
        }
        (rounds, Some(distance))
    }

    /// Rounds while `first`, which grows by `step`, is less than `limit`: at least
    /// one, and without wrapping around.
    fn while_less(&mut self, first: Value, limit: Value, step: i64, signed: bool) -> Value {
        let [first, limit] = [first, limit].map(|value| match signed {
            true => ins!(self).sextend(types::I64, value),
            false => ins!(self).uextend(types::I64, value),
        });
        let distance = ins!(self).isub(limit, first);
        let positive = self.plus(distance, -1);
        self.must_fit(positive);
        let up = self.plus(distance, step - 1);
        let rounds = self.divided(up, step);
        let grown = self.times(rounds, step);
        let last = ins!(self).iadd(first, grown);
        let last = if signed { self.plus(last, 1 << 31) } else { last };
        self.must_fit(last);
        rounds
    }

    /// The address of a group's first access in the first round.
    fn pointer(&mut self, group: &AccessGroup, reaches: &BTreeMap<i64, Value>) -> Value {
        let start = self.start(group.root);
        let start = match group.least {
            0 => start,
            least => {
                let least = ins!(self).iconst(types::I32, i64::from(least as i32 as u32));
                ins!(self).iadd(start, least)
            }
        };
        let start = ins!(self).uextend(types::I64, start);
        let highest = self.plus(start, group.most - group.least);
        let reach = reaches.get(&group.stride).copied();
        match reach {
            Some(reach) if group.stride > 0 => {
                let highest = ins!(self).iadd(highest, reach);
                self.must_fit(highest);
            }
            Some(reach) => {
                let lowest = ins!(self).isub(start, reach);
                self.must_fit(lowest);
                self.must_fit(highest);
            }
            None => self.must_fit(highest),
        }
        let base = self.start(group.base);
        ins!(self).iadd(base, start)
    }

    fn start(&mut self, value: Value) -> Value {
        self.starts.start(self.func, self.of, value)
    }

    fn must_fit(&mut self, value: Value) {
        self.outside = Some(match self.outside {
            Some(others) => ins!(self).bor(others, value),
            None => value,
        });
    }

    fn fits(&mut self) -> Value {
        let outside = self.outside.expect("an access moves");
        let upper = ins!(self).ushr_imm_u(outside, 32);
        ins!(self).icmp_imm_u(IntCC::Equal, upper, 0)
    }

    fn plus(&mut self, value: Value, by: i64) -> Value {
        if by == 0 {
            return value;
        }
        let by = ins!(self).iconst(types::I64, by);
        ins!(self).iadd(value, by)
    }

    fn negated(&mut self, value: Value) -> Value {
        ins!(self).ineg(value)
    }

    fn times(&mut self, value: Value, by: i64) -> Value {
        if by == 1 {
            return value;
        }
        let by = ins!(self).iconst(types::I64, by);
        ins!(self).imul(value, by)
    }

    /// A value divided by a positive constant, without the rest.
    fn divided(&mut self, value: Value, by: i64) -> Value {
        if by == 1 {
            return value;
        }
        let by = ins!(self).iconst(types::I64, by);
        ins!(self).udiv(value, by)
    }
}
