//! Eight bytes at a time. A loop that goes through two rows of bytes until they differ,
//! as `memcmp`, `strcmp` and `std::mismatch` do, gets another one before it, which looks
//! at eight bytes of each at once and goes on as long as nothing in them would end the loop.
//! The loop itself makes the round that ends it, so that what is used after it is made there
//! as before.
//!
//! Rested on: the loop has no effects, loads from the memory only bytes of rows, of which
//! each round takes the next, and goes on by nothing but comparisons of these bytes and of
//! numbers that count by one. While these have eight rounds left, it is known in which round
//! a comparison of bytes fails first: it is the place of the lowest bit that is set where
//! they must not differ, and of the lowest zero where they must. All parameters of the
//! header grow by a constant in a round, but those that hold a byte that was loaded in the
//! round before; that they do is looked at.
//!
//! Eight bytes are loaded only where all of them are inside the memory as it is then, so
//! nothing traps that did not, and no index wraps around. Of memories that begin at the
//! context only, as [`vectors`](super::vectors): nobody else writes to them.
//!
//! Gain: Yosys takes 0.74 of its time, a third of which was `memcmp`, `lz.c` 0.83. Cost: a
//! look at the comparisons of each function, 0.3 % of the time to compile; some 40
//! instructions for each loop that is changed, of which a short row meets some ten: 1.4 % of
//! clang's artifact.

use super::byte_plan::{self, BytePlan, ByteTest, Other, Stream};
use super::check::{self, Guard};
use super::counted::Count;
use super::strides::FirstRound;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, Function, InstBuilder, MemFlagsData, Value, types};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that are looked at at once.
const BYTES: i64 = 8;
const LOWEST_BITS: i64 = 0x0101_0101_0101_0101;
const HIGHEST_BITS: i64 = LOWEST_BITS << 7;

/// Gives loops that compare bytes one before them; gives their headers. `length` is where
/// the context, which the memory begins at, has its length in bytes.
pub(crate) fn make(func: &mut Function, length: i32) -> BTreeSet<Block> {
    let plans = byte_plan::find(func);
    if plans.is_empty() {
        return BTreeSet::new();
    }
    func.dfg.resolve_all_aliases();
    let mut guards = BTreeMap::new();
    for plan in &plans {
        guards.insert(plan.of.header(), before(func, plan, length));
    }
    check::redirect(func, &guards);
    guards.into_keys().collect()
}

/// Makes the loop before a loop.
fn before(func: &mut Function, plan: &BytePlan, length: i32) -> Guard {
    let header = plan.of.header();
    let [check, inside, enter, body, next, found, all] = [(); 7].map(|()| {
        let block = func.dfg.make_block();
        func.layout.insert_block(block, header);
        block
    });
    for parameter in func.dfg.block_params(header).to_vec() {
        let ty = func.dfg.value_type(parameter);
        func.dfg.append_block_param(check, ty);
    }
    let starts = FirstRound::new(func, &plan.of, check);
    let mut maker = RowsMaker { func, plan, check, block: check, starts, addresses: Vec::new() };
    let rounds = maker.check(inside);
    maker.block = inside;
    maker.starts.go_on_in(inside);
    let last = maker.inside(enter, rounds, length);
    maker.block = enter;
    maker.enter(body);
    let (done, ends) = maker.body(body, next, found);
    maker.next(next, body, all, done, last);
    maker.found(found, done, ends);
    maker.block = all;
    let done = maker.func.dfg.append_block_param(all, types::I64);
    maker.go_on(done);
    let mut inner = plan.of.blocks.clone();
    inner.extend([check, inside, enter, found, all]);
    Guard { check, inner }
}

struct RowsMaker<'f> {
    func: &'f mut Function,
    plan: &'f BytePlan,
    check: Block,
    block: Block,
    starts: FirstRound,
    /// By stream, where its first byte is, but for the offset.
    addresses: Vec<Value>,
}

/// The instruction builder at the end of a maker's block.
macro_rules! ins {
    ($maker:expr) => {
        FuncCursor::new($maker.func).at_bottom($maker.block).ins()
    };
}

impl RowsMaker<'_> {
    /// Asks whether eight rounds are left before anything else is looked at: most rows are
    /// short. Gives after how many rounds that still holds, if the loop counts.
    fn check(&mut self, inside: Block) -> Option<Value> {
        let mut least = None;
        for count in &self.plan.counts {
            let rounds = self.rounds(*count);
            let left = ins!(self).iadd_imm_s(rounds, -BYTES);
            least = Some(self.least(least, left));
        }
        match least {
            Some(least) => self.go_on_if_enough(least, inside),
            None => _ = ins!(self).jump(inside, &[]),
        }
        least
    }

    /// Asks whether the next bytes of all streams are inside the memory; gives after how
    /// many rounds that still holds, and what `rounds` says.
    fn inside(&mut self, enter: Block, rounds: Option<Value>, length: i32) -> Value {
        let entry = self.func.layout.entry_block().expect("a function has blocks");
        let memory = self.func.dfg.block_params(entry)[0];
        let bytes = ins!(self).load(types::I64, MemFlagsData::trusted(), memory, length);
        let mut least = rounds;
        for Stream { root, constant, offset } in self.plan.streams.iter().copied() {
            let root = self.start(root);
            let constant = ins!(self).iconst(types::I32, i64::from(constant as i32 as u32));
            let index = ins!(self).iadd(root, constant);
            let index = ins!(self).uextend(types::I64, index);
            self.addresses.push(ins!(self).iadd(memory, index));
            // One more, which a parameter may hold in the round after them.
            let beyond = i64::from(offset as u32) + BYTES + 1;
            let end = ins!(self).iadd_imm_s(index, beyond);
            let left = ins!(self).isub(bytes, end);
            least = Some(self.least(least, left));
        }
        let least = least.expect("a loop of bytes has streams");
        self.go_on_if_enough(least, enter);
        least
    }

    /// Ends the block: on, or to the loop as it was, if a number is less than zero.
    fn go_on_if_enough(&mut self, least: Value, next: Block) {
        let enough = ins!(self).icmp_imm_s(IntCC::SignedGreaterThanOrEqual, least, 0);
        let now = arguments(self.func.dfg.block_params(self.check));
        ins!(self).brif(enough, next, &[], self.plan.of.header(), &now);
    }

    fn least(&mut self, one: Option<Value>, other: Value) -> Value {
        one.map_or(other, |one| ins!(self).smin(one, other))
    }

    /// A number that is zero if both are.
    fn either(&mut self, one: Option<Value>, other: Value) -> Value {
        one.map_or(other, |one| ins!(self).bor(one, other))
    }

    /// Enters the loop, if parameters hold what they should: the first byte of their
    /// streams. They do in the rounds after.
    fn enter(&mut self, body: Block) {
        let none = ins!(self).iconst(types::I64, 0);
        let none = [BlockArg::Value(none)];
        let now = self.func.dfg.block_params(self.check).to_vec();
        let mut differs = None;
        for held in &self.plan.held {
            let byte = self.byte(held.stream, self.addresses[held.stream]);
            let own = ins!(self).bxor(byte, now[held.parameter]);
            differs = Some(self.either(differs, own));
        }
        match differs {
            Some(differs) => {
                ins!(self).brif(differs, self.plan.of.header(), &arguments(&now), body, &none);
            }
            None => {
                ins!(self).jump(body, &none);
            }
        }
    }

    /// Looks at the bytes after so many rounds; gives the rounds, and what tells where the
    /// loop ends.
    fn body(&mut self, body: Block, next: Block, found: Block) -> (Value, Value) {
        self.block = body;
        let done = self.func.dfg.append_block_param(body, types::I64);
        let mut bytes = Vec::new();
        for (stream, address) in self.addresses.clone().into_iter().enumerate() {
            let address = ins!(self).iadd(address, done);
            let offset = self.plan.streams[stream].offset;
            bytes.push(ins!(self).load(types::I64, unaligned(), address, offset));
        }
        let mut ends = None;
        for test in &self.plan.tests {
            let own = self.ends(test, &bytes);
            ends = Some(self.either(ends, own));
        }
        let ends = ends.expect("a loop of bytes has tests");
        ins!(self).brif(ends, found, &[], next, &[]);
        (done, ends)
    }

    /// Goes on with the bytes after those, if there are eight.
    fn next(&mut self, next: Block, body: Block, all: Block, done: Value, last: Value) {
        self.block = next;
        let done = ins!(self).iadd_imm_s(done, BYTES);
        let enough = ins!(self).icmp(IntCC::SignedLessThanOrEqual, done, last);
        let done = [BlockArg::Value(done)];
        ins!(self).brif(enough, body, &done, all, &done);
    }

    /// Goes on with the loop in the round that ends it.
    fn found(&mut self, found: Block, done: Value, ends: Value) {
        self.block = found;
        let zeros = ins!(self).ctz(ends);
        let rounds = ins!(self).ushr_imm_u(zeros, 3);
        let rounds = ins!(self).iadd(done, rounds);
        self.go_on(rounds);
    }

    /// Goes on with the loop after so many rounds.
    fn go_on(&mut self, rounds: Value) {
        let now = self.func.dfg.block_params(self.check).to_vec();
        let grown = ins!(self).ireduce(types::I32, rounds);
        let mut after = Vec::new();
        for (parameter, value) in now.into_iter().enumerate() {
            let held = self.plan.held.iter().find(|held| held.parameter == parameter);
            after.push(match (self.plan.of.steps[parameter], held) {
                (_, Some(held)) => {
                    let address = ins!(self).iadd(self.addresses[held.stream], rounds);
                    self.byte(held.stream, address)
                }
                (Some(0) | None, None) => value,
                (Some(step), None) => {
                    let grown = ins!(self).imul_imm_s(grown, step);
                    ins!(self).iadd(value, grown)
                }
            });
        }
        ins!(self).jump(self.plan.of.header(), &arguments(&after));
    }

    /// A number whose lowest bit that is set lies in the first byte that ends the loop.
    fn ends(&mut self, test: &ByteTest, bytes: &[Value]) -> Value {
        let one = bytes[test.stream];
        let differs = match test.other {
            Other::Constant(0) => one,
            Other::Constant(byte) => {
                let all = ins!(self).iconst(types::I64, byte.wrapping_mul(LOWEST_BITS));
                ins!(self).bxor(one, all)
            }
            Other::Fixed(byte) => {
                let byte = ins!(self).uextend(types::I64, byte);
                let all = ins!(self).imul_imm_s(byte, LOWEST_BITS);
                ins!(self).bxor(one, all)
            }
            Other::Stream(other) => ins!(self).bxor(one, bytes[other]),
        };
        if test.equal {
            return differs;
        }
        // The highest bit of each byte that is zero; above the first of them, of others too.
        let lowest = ins!(self).iconst(types::I64, LOWEST_BITS);
        let less = ins!(self).isub(differs, lowest);
        let highest = ins!(self).band_not(less, differs);
        ins!(self).band_imm_s(highest, HIGHEST_BITS)
    }

    /// In how many rounds a number has not come to its limit.
    fn rounds(&mut self, count: Count) -> Value {
        let Count { parameter, step, beyond, limit, goes_on } = count;
        let first = self.func.dfg.block_params(self.check)[parameter];
        let beyond = ins!(self).iconst(types::I32, i64::from(beyond as i32 as u32));
        let first = ins!(self).iadd(first, beyond);
        let zero = ins!(self).iconst(types::I32, 0);
        let limit = limit.map_or(zero, |limit| self.start(limit));
        let (from, to) = if step > 0 { (first, limit) } else { (limit, first) };
        let mut distance = ins!(self).isub(to, from);
        if goes_on != IntCC::NotEqual {
            let less = ins!(self).icmp(goes_on, first, limit);
            distance = ins!(self).select(less, distance, zero);
        }
        ins!(self).uextend(types::I64, distance)
    }

    /// The byte of a stream that is here, extended to 32 bits.
    fn byte(&mut self, stream: usize, address: Value) -> Value {
        let offset = self.plan.streams[stream].offset;
        ins!(self).uload8(types::I32, unaligned(), address, offset)
    }

    fn start(&mut self, value: Value) -> Value {
        self.starts.start(self.func, &self.plan.of, value)
    }
}

/// Of accesses inside the memory, at any address.
fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

fn arguments(values: &[Value]) -> Vec<BlockArg> {
    values.iter().copied().map(BlockArg::Value).collect()
}
