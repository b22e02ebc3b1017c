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
//! another order do not meet. Lanes are computed as single numbers are, to the bit;
//! only integers are [summed up](super::reductions) in another order. A value of the
//! element before is moved from one vector to the next, and not loaded again.
//!
//! Of memories that begin at the context only: they are not shared, so nobody else
//! reads between two accesses, and not grown while the loop runs.
//!
//! Gain (user CPU of `benches/suite`, of what it was at -O3): `stencil.c` 0.38, `lu.c`
//! 0.70, `matrixt.cc` 0.97. Cost: the loop of vectors and the check, at most a quarter of
//! a function; a look at the instructions of loops of one block. A loop that makes few
//! rounds loses what the check takes.

use super::check::{self, Check, Guard};
use super::lanes::{Node, NodeIndex, constant_bits};
use super::reductions::Reduction;
use super::vector_check;
use super::vector_plan::{self, VECTOR, VectorPlan};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, ConstantData, Endianness, Function, Inst, InstBuilder, InstructionData,
    MemFlagsData, Opcode, Type, Value, types,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    let check = check::before(func, &plan.of, &plan.groups);
    let [enter, body, rest] = [(); 3].map(|()| {
        let block = func.dfg.make_block();
        func.layout.insert_block(block, header);
        block
    });
    let guard = Guard { check: check.block, inner: vec![header, check.block, rest] };
    let (block, made, carried) = (check.block, HashMap::new(), BTreeMap::new());
    let mut maker = Vectoriser { func, plan, check, block, made, carried };
    maker.check(enter, length);
    let splats = maker.enter(enter, body);
    let sums = maker.body(body, rest, &splats);
    maker.rest(rest, &sums);
    guard
}

struct Vectoriser<'f> {
    func: &'f mut Function,
    plan: &'f VectorPlan,
    check: Check,
    /// The block that is being made.
    block: Block,
    /// Vectors of nodes.
    made: HashMap<(NodeIndex, usize), Value>,
    /// By node whose values are those of the element before, the last vector of what
    /// they were.
    carried: BTreeMap<NodeIndex, Value>,
}

/// What is made before the loop of vectors.
struct Before {
    /// By node, what is the same in all rounds.
    splats: BTreeMap<NodeIndex, Value>,
    /// What the counter comes to.
    end: Value,
}

/// The instruction builder at the end of a maker's block.
macro_rules! ins {
    ($maker:expr) => {
        FuncCursor::new($maker.func).at_bottom($maker.block).ins()
    };
}

impl Vectoriser<'_> {
    /// The vector type.
    fn vector(&self) -> Type {
        self.plan.lane.by(self.plan.shape.lanes as u32).expect("128 bits")
    }

    /// Ends the check: to the vectors, or to the loop.
    fn check(&mut self, enter: Block, length: i32) {
        let fits = vector_check::fits(self.func, self.plan, &self.check, length);
        let all = self.func.dfg.block_params(self.block).iter().copied();
        let all: Vec<BlockArg> = all.map(BlockArg::Value).collect();
        ins!(self).brif(fits, enter, &[], self.plan.of.header(), &all);
    }

    /// Makes what is the same in all rounds, and enters the loop of vectors.
    fn enter(&mut self, enter: Block, body: Block) -> Before {
        self.block = enter;
        let vector = self.vector();
        let mut splats = BTreeMap::new();
        for (index, node) in self.plan.nodes.iter().enumerate() {
            if let Node::Splat(value) = node {
                let value = self.anywhere(*value);
                splats.insert(index, ins!(self).splat(vector, value));
            }
        }
        let done = self.done();
        let end = ins!(self).imul_imm_s(done, self.plan.shape.stride);
        let mut starts = vec![BlockArg::Value(ins!(self).iconst(types::I64, 0))];
        for reduction in &self.plan.reductions {
            let bits = reduction.empty() & (u64::MAX >> (64 - self.plan.lane.bits())) as i64;
            let empty = ins!(self).iconst(self.plan.lane, bits);
            starts.push(BlockArg::Value(ins!(self).splat(vector, empty)));
        }
        for parameter in self.plan.carried().map(|(_, parameter)| parameter) {
            let start = self.func.dfg.block_params(self.check.block)[parameter];
            starts.push(BlockArg::Value(ins!(self).splat(vector, start)));
        }
        ins!(self).jump(body, &starts);
        Before { splats, end }
    }

    /// A value that the loop does not change, in the block that is being made.
    fn anywhere(&mut self, value: Value) -> Value {
        if constant_bits(self.func, value).is_none() {
            return value;
        }
        let made = self.func.dfg.value_def(value).unwrap_inst();
        let new = self.func.dfg.clone_inst(made);
        self.func.layout.append_inst(new, self.block);
        self.func.dfg.first_result(new)
    }

    /// How many rounds vectors do.
    fn done(&mut self) -> Value {
        ins!(self).band_imm_s(self.check.rounds, -(self.plan.shape.rounds as i64))
    }

    /// Makes the loop of vectors; gives what its sums are in the end.
    fn body(&mut self, body: Block, rest: Block, before: &Before) -> Vec<Value> {
        self.block = body;
        let counter = self.func.dfg.append_block_param(body, types::I64);
        let vector = self.vector();
        let mut sums: Vec<Value> = self
            .plan
            .reductions
            .iter()
            .map(|_| self.func.dfg.append_block_param(body, vector))
            .collect();
        for (node, _) in self.plan.carried() {
            self.carried.insert(node, self.func.dfg.append_block_param(body, vector));
        }
        let mut addresses = Vec::new();
        for pointer in &self.check.pointers {
            addresses.push(ins!(self).iadd(*pointer, counter));
        }
        for (splat, value) in &before.splats {
            self.made
                .extend((0..self.plan.shape.vectors()).map(|number| ((*splat, number), *value)));
        }
        for number in 0..self.plan.shape.vectors() {
            self.vectors(number, &addresses, &mut sums);
        }
        let (stride, rounds) = (self.plan.shape.stride, self.plan.shape.rounds as i64);
        let next = ins!(self).iadd_imm_s(counter, stride * rounds);
        let within = match stride > 0 {
            true => IntCC::SignedLessThan,
            false => IntCC::SignedGreaterThan,
        };
        let again = ins!(self).icmp(within, next, before.end);
        let carried: Vec<BlockArg> = [next]
            .iter()
            .chain(&sums)
            .chain(self.carried.values())
            .copied()
            .map(BlockArg::Value)
            .collect();
        ins!(self).brif(again, body, &carried, rest, &[]);
        sums
    }

    /// Makes one vector of each value.
    fn vectors(&mut self, number: usize, addresses: &[Value], sums: &mut [Value]) {
        let plan = self.plan;
        let stored = plan.stores.iter().map(|row| self.node(row.node, number, addresses));
        let stored: Vec<Value> = stored.collect();
        for (node, _) in plan.carried() {
            self.node(node, number, addresses);
        }
        for (reduction, sum) in plan.reductions.iter().zip(sums) {
            let added = self.node(reduction.node, number, addresses);
            *sum = self.binary(reduction.opcode, *sum, added);
        }
        for (row, value) in plan.stores.iter().zip(stored) {
            let (address, offset) = self.at(row.insts[0], number, addresses);
            let InstructionData::Store { flags, .. } = self.func.dfg.insts[row.insts[0]] else {
                unreachable!("rows are of stores")
            };
            let flags = self.func.dfg.mem_flags[flags];
            self.cursor(row.insts[0]).ins().store(flags, value, address, offset);
        }
    }

    /// One of the vectors of a node.
    fn node(&mut self, index: NodeIndex, number: usize, addresses: &[Value]) -> Value {
        if let Some(made) = self.made.get(&(index, number)) {
            return *made;
        }
        let plan = self.plan;
        let value = match &plan.nodes[index] {
            Node::Load(loads) => self.load(loads[0], number, addresses),
            Node::Splat(_) => unreachable!("made before"),
            Node::Carried(_, of) => {
                let now = self.node(*of, number, addresses);
                let last = self.carried.insert(index, now).expect("each is carried");
                self.moved(last, now)
            }
            Node::Unary(inst, of) => {
                let of = self.node(*of, number, addresses);
                let opcode = self.func.dfg.insts[*inst].opcode();
                let vector = self.vector();
                let new = ins!(self).Unary(opcode, vector, of).0;
                self.func.dfg.first_result(new)
            }
            Node::Binary(inst, of) => {
                let [one, other] = of.map(|of| self.node(of, number, addresses));
                self.binary(self.func.dfg.insts[*inst].opcode(), one, other)
            }
            Node::Shift(inst, of, by) => {
                let of = self.node(*of, number, addresses);
                let by = self.anywhere(*by);
                self.binary(self.func.dfg.insts[*inst].opcode(), of, by)
            }
        };
        self.made.insert((index, number), value);
        value
    }

    fn binary(&mut self, opcode: Opcode, one: Value, other: Value) -> Value {
        let ty = self.func.dfg.value_type(one);
        let inst = ins!(self).Binary(opcode, ty, one, other).0;
        self.func.dfg.first_result(inst)
    }

    fn load(&mut self, lowest: Inst, number: usize, addresses: &[Value]) -> Value {
        let (address, offset) = self.at(lowest, number, addresses);
        let InstructionData::Load { flags, .. } = self.func.dfg.insts[lowest] else {
            unreachable!("rows are of loads")
        };
        let (flags, vector) = (self.func.dfg.mem_flags[flags], self.vector());
        self.cursor(lowest).ins().load(vector, flags, address, offset)
    }

    /// The last lane of a vector, and all but the last of the next one.
    fn moved(&mut self, last: Value, now: Value) -> Value {
        if self.plan.shape.lanes == 2 {
            return self.shuffle(last, now, [1, 2]);
        }
        // Two of one and two of the other: on any CPU.
        let both = self.shuffle(last, now, [3, 3, 4, 4]);
        self.shuffle(both, now, [0, 2, 5, 6])
    }

    /// Lanes of two vectors, by number.
    fn shuffle<const N: usize>(&mut self, one: Value, other: Value, lanes: [u8; N]) -> Value {
        let size = (VECTOR as usize / N) as u8;
        let bytes: Vec<u8> =
            lanes.iter().flat_map(|lane| (0..size).map(move |byte| lane * size + byte)).collect();
        let pattern = self.func.dfg.immediates.push(ConstantData::from(bytes.as_slice()));
        let [one, other] = [one, other].map(|value| self.cast(types::I8X16, value));
        let bytes = ins!(self).shuffle(one, other, pattern);
        self.cast(self.vector(), bytes)
    }

    fn cast(&mut self, to: Type, value: Value) -> Value {
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        ins!(self).bitcast(to, flags, value)
    }

    /// Where one of the vectors is that begin at the place of an access.
    fn at(&self, lowest: Inst, number: usize, addresses: &[Value]) -> (Value, i32) {
        let (group, place) = self.plan.place(lowest).expect("looked at before");
        let shape = &self.plan.shape;
        let from = match shape.stride > 0 {
            true => number as i64 * VECTOR,
            // The last round is the lowest, and what it does comes last.
            false => {
                let lowest = (shape.rounds as i64 - 1) * shape.stride;
                lowest + (shape.vectors() - 1 - number) as i64 * VECTOR
            }
        };
        let offset = i64::from(place) + from;
        (addresses[group], i32::try_from(offset).expect("places are near"))
    }

    /// A cursor at the end of the block, for what stands where an instruction does.
    fn cursor(&mut self, of: Inst) -> FuncCursor<'_> {
        let source = self.func.srcloc(of);
        FuncCursor::new(self.func).at_bottom(self.block).with_srcloc(source)
    }

    /// Goes on with the loop, for the rounds that are left.
    fn rest(&mut self, rest: Block, sums: &[Value]) {
        self.block = rest;
        let done = self.done();
        let done = ins!(self).ireduce(types::I32, done);
        let starts = self.func.dfg.block_params(self.check.block).to_vec();
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
            let (last, lane) = (self.carried[&node], self.plan.shape.lanes - 1);
            now[parameter] = ins!(self).extractlane(last, lane as u8);
        }
        let now: Vec<BlockArg> = now.into_iter().map(BlockArg::Value).collect();
        ins!(self).jump(self.plan.of.header(), &now);
    }

    /// The sums of all lanes, and what was before.
    fn joined(&mut self, reduction: &Reduction, sums: Value, start: Value) -> Value {
        let joins = reduction.joins();
        let mut all = start;
        for lane in 0..self.plan.shape.lanes {
            let one = ins!(self).extractlane(sums, lane as u8);
            all = self.binary(joins, all, one);
        }
        all
    }
}
