//! The order of sums in loops. A sum such as `(carry + digit) + product` makes two
//! additions wait for the carry, which the round before computes last, where
//! `(digit + product) + carry` makes one wait: the digit and the product are there
//! long before. Here sums of three and more are added up anew, what the rounds
//! before give last; products, `and`, `or` and `xor` likewise. The code generators
//! of native compilers do the same (LLVM's `MachineCombiner`), those of
//! WebAssembly do not.
//!
//! It rests on integers alone, whose sums modulo a power of two do not depend on
//! the order, and trap nowhere. Only sums that nothing else uses on the way are
//! taken apart, and only where the last value then waits for fewer operators.
//!
//! What waits for the round before: a parameter of the loop's header, but not one
//! that only counts, as processors run far ahead of what they wait for; and what is
//! computed of such, by how many cycles later it is there. These are estimates: what
//! is chosen by them is only the order.
//!
//! Gain: `modexp.c` in `benches/suite`, whose carry waits for one addition and a shift
//! in place of two and a shift, takes 0.92 of its time (least of seven). Cost: a look
//! at the operators of loops, and where some add up three numbers one at all values.

use super::edges::{calls, definition, is_constant};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{
    Block, BlockArg, Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Numbers that are added up at most.
const MOST_LEAVES: usize = 16;
/// Steps of a count that are followed.
const LONGEST_COUNT: usize = 8;

/// A sum that is added up in another order.
struct MixedSum {
    root: Inst,
    opcode: Opcode,
    /// What is added up, and when it is there.
    leaves: Vec<(Value, Wait)>,
}

/// Cycles that a value waits in a round for those before; none if it does not.
type Wait = Option<u32>;

/// Adds up in another order; gives how many sums. Blocks are laid out as the source
/// has them: what branches up, closes a loop.
pub(crate) fn reorder(func: &mut Function) -> usize {
    let Some(loops) = Loops::of(func) else { return 0 };
    let sums = sums(func, &loops);
    for sum in &sums {
        sum.rewrite(func);
    }
    sums.len()
}

/// Which loop blocks are in.
struct Loops {
    /// Places in the layout, from one.
    places: SecondaryMap<Block, u32>,
    /// The place of the header of the innermost loop; 0 of none.
    headers: SecondaryMap<Block, u32>,
    /// Ways back, by the header.
    backs: BTreeMap<Block, Vec<(Inst, usize)>>,
}

impl Loops {
    /// None if nothing loops.
    fn of(func: &Function) -> Option<Self> {
        let mut places = SecondaryMap::with_capacity(func.dfg.num_blocks());
        let mut backs: BTreeMap<Block, Vec<(Inst, usize)>> = BTreeMap::new();
        let mut ends: BTreeMap<Block, u32> = BTreeMap::new();
        for (block, place) in func.layout.blocks().zip(1..) {
            places[block] = place;
            let Some(branch) = func.layout.last_inst(block) else { continue };
            for (destination, call) in calls(func, branch).iter().enumerate() {
                let to = call.block(&func.dfg.value_lists);
                if places[to] != 0 {
                    backs.entry(to).or_default().push((branch, destination));
                    ends.insert(to, place);
                }
            }
        }
        if backs.is_empty() {
            return None;
        }
        let mut headers = SecondaryMap::with_capacity(func.dfg.num_blocks());
        let mut open: Vec<(u32, u32)> = Vec::new();
        for (block, place) in func.layout.blocks().zip(1..) {
            open.extend(ends.get(&block).map(|end| (place, *end)));
            while open.last().is_some_and(|(_, end)| *end < place) {
                open.pop();
            }
            headers[block] = open.last().map_or(0, |(header, _)| *header);
        }
        Some(Self { places, headers, backs })
    }

    /// Which parameters of a header only count, or stay.
    fn counting(&self, func: &Function, header: Block) -> Vec<bool> {
        let parameters = func.dfg.block_params(header);
        let mut counting = vec![true; parameters.len()];
        for (branch, destination) in &self.backs[&header] {
            let call = &calls(func, *branch)[*destination];
            let given = parameters.iter().zip(call.args(&func.dfg.value_lists));
            for ((parameter, given), counts) in given.zip(&mut counting) {
                *counts &= match given {
                    BlockArg::Value(next) => self.counts(func, next, *parameter, header),
                    _ => false,
                };
            }
        }
        counting
    }

    /// Whether a value is a parameter of a header and what the loop does not change.
    fn counts(&self, func: &Function, next: Value, parameter: Value, header: Block) -> bool {
        let fixed = |value| {
            let place = self.places[block_of(func, func.dfg.resolve_aliases(value))];
            is_constant(func, value) || place < self.places[header]
        };
        let mut value = func.dfg.resolve_aliases(next);
        for _ in 0..LONGEST_COUNT {
            if value == parameter {
                return true;
            }
            let Some(InstructionData::Binary { opcode, args: [one, other] }) =
                definition(func, value)
            else {
                return false;
            };
            value = func.dfg.resolve_aliases(match opcode {
                Opcode::Iadd | Opcode::Isub if fixed(other) => one,
                Opcode::Iadd if fixed(one) => other,
                _ => return false,
            });
        }
        false
    }
}

/// The block that makes a value.
fn block_of(func: &Function, value: Value) -> Block {
    let block = match func.dfg.value_def(value) {
        ValueDef::Result(inst, _) => func.layout.inst_block(inst),
        ValueDef::Param(block, _) => Some(block),
        ValueDef::Union(..) => None,
    };
    block.expect("what is used is made somewhere")
}

/// Sums that are better added up in another order.
fn sums(func: &Function, loops: &Loops) -> Vec<MixedSum> {
    let candidates = candidates(func, loops);
    if candidates.is_empty() {
        return Vec::new();
    }
    let uses = uses(func);
    let waits = Waits::of(func, loops, &candidates);
    let mut found: Vec<MixedSum> = Vec::new();
    // Later ones first: a sum is part of those after it.
    let mut taken: SecondaryMap<Inst, bool> = SecondaryMap::new();
    for root in candidates.into_iter().rev() {
        if taken[root] {
            continue;
        }
        let InstructionData::Binary { opcode, .. } = func.dfg.insts[root] else { continue };
        let block = func.layout.inst_block(root).expect("it is in the layout");
        let mut sum = MixedSum { root, opcode, leaves: Vec::new() };
        let tree = Tree { func, uses: &uses, waits: &waits, block, opcode };
        let before = tree.flatten(root, &mut sum.leaves, &mut taken);
        let constant = |leaf: &&(Value, Wait)| is_constant(func, leaf.0);
        let numbers = sum.leaves.len() - sum.leaves.iter().filter(constant).count();
        if numbers >= 3 && sum.leaves.len() <= MOST_LEAVES && sum.wait() < before {
            found.push(sum);
        }
    }
    found
}

/// Instructions of loops that add up what such an instruction gives.
fn candidates(func: &Function, loops: &Loops) -> Vec<Inst> {
    let mut found = Vec::new();
    for block in func.layout.blocks().filter(|block| loops.headers[*block] != 0) {
        for inst in func.layout.block_insts(block) {
            let InstructionData::Binary { opcode, args } = func.dfg.insts[inst] else { continue };
            let ty = func.dfg.value_type(func.dfg.first_result(inst));
            let plain = ty.is_int() && ty.bits() <= 64;
            let same = |value| matches!(definition(func, value), Some(InstructionData::Binary { opcode: of, .. }) if of == opcode);
            if plain && is_associative(opcode) && args.into_iter().any(same) {
                found.push(inst);
            }
        }
    }
    found
}

/// Whether results do not depend on the order, whatever it is.
const fn is_associative(opcode: Opcode) -> bool {
    matches!(opcode, Opcode::Iadd | Opcode::Imul | Opcode::Band | Opcode::Bor | Opcode::Bxor)
}

/// How often values are used: 2 stands for more.
fn uses(func: &Function) -> SecondaryMap<Value, u8> {
    let mut uses: SecondaryMap<Value, u8> = SecondaryMap::with_capacity(func.dfg.num_values());
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            for value in func.dfg.inst_values(inst) {
                let count = &mut uses[func.dfg.resolve_aliases(value)];
                *count = (*count + 1).min(2);
            }
        }
    }
    uses
}

/// A sum of sums.
struct Tree<'f> {
    func: &'f Function,
    uses: &'f SecondaryMap<Value, u8>,
    waits: &'f Waits,
    block: Block,
    opcode: Opcode,
}

impl Tree<'_> {
    /// Collects what is added up; gives when the sum is there.
    fn flatten(
        &self,
        inst: Inst,
        leaves: &mut Vec<(Value, Wait)>,
        taken: &mut SecondaryMap<Inst, bool>,
    ) -> Wait {
        taken[inst] = true;
        let InstructionData::Binary { args, .. } = self.func.dfg.insts[inst] else { return None };
        let [one, other] = args.map(|arg| self.operand(arg, leaves, taken));
        later(one.max(other), latency(self.opcode))
    }

    fn operand(
        &self,
        value: Value,
        leaves: &mut Vec<(Value, Wait)>,
        taken: &mut SecondaryMap<Inst, bool>,
    ) -> Wait {
        let value = self.func.dfg.resolve_aliases(value);
        if let ValueDef::Result(inst, 0) = self.func.dfg.value_def(value)
            && let InstructionData::Binary { opcode, .. } = self.func.dfg.insts[inst]
            && opcode == self.opcode
            && self.uses[value] == 1
            && self.func.layout.inst_block(inst) == Some(self.block)
            && leaves.len() < MOST_LEAVES
        {
            return self.flatten(inst, leaves, taken);
        }
        let wait = self.waits.of_use(value, self.block);
        leaves.push((value, wait));
        wait
    }
}

/// So many cycles later, of what waits.
fn later(wait: Wait, cycles: u32) -> Wait {
    wait.map(|wait| wait + cycles)
}

impl MixedSum {
    /// Adds up two after two, those first that are there first.
    fn each_pair<T: Copy>(
        &self,
        leaves: Vec<(T, Wait)>,
        mut pair: impl FnMut(T, T) -> T,
    ) -> (T, Wait) {
        let mut left = leaves;
        // Stable: what does not wait stays in order.
        left.sort_by_key(|(_, wait)| *wait);
        let mut left: VecDeque<_> = left.into();
        loop {
            let (one, _) = left.pop_front().expect("a sum is of several");
            let Some((other, wait)) = left.pop_front() else {
                return (one, None);
            };
            let sum = (pair(one, other), later(wait, latency(self.opcode)));
            if left.is_empty() {
                return sum;
            }
            let at = left.partition_point(|(_, wait)| *wait < sum.1);
            left.insert(at, sum);
        }
    }

    /// When the sum is there.
    fn wait(&self) -> Wait {
        let leaves = self.leaves.iter().map(|(_, wait)| ((), *wait)).collect();
        self.each_pair(leaves, |(), ()| ()).1
    }

    fn rewrite(&self, func: &mut Function) {
        let mut last = None;
        self.each_pair(self.leaves.clone(), |one, other| {
            let mut cursor = FuncCursor::new(func).at_inst(self.root);
            cursor.use_srcloc(self.root);
            let ty = cursor.func.dfg.value_type(one);
            let (inst, dfg) = cursor.ins().Binary(self.opcode, ty, one, other);
            let value = dfg.first_result(inst);
            last = Some((inst, [one, other]));
            value
        });
        // The root itself makes the last one.
        let (inst, args) = last.expect("a sum is of several");
        func.layout.remove_inst(inst);
        func.dfg.insts[self.root] = InstructionData::Binary { opcode: self.opcode, args };
    }
}

/// When the values of loops are there.
struct Waits {
    waits: SecondaryMap<Value, Wait>,
    /// The loop that makes each value.
    makers: SecondaryMap<Value, u32>,
    headers: SecondaryMap<Block, u32>,
}

impl Waits {
    fn of(func: &Function, loops: &Loops, candidates: &[Inst]) -> Self {
        // Only loops with sums are of interest.
        let blocks = candidates.iter().filter_map(|inst| func.layout.inst_block(*inst));
        let of: BTreeSet<u32> = blocks.map(|block| loops.headers[block]).collect();
        let mut waits = Self {
            waits: SecondaryMap::with_capacity(func.dfg.num_values()),
            makers: SecondaryMap::with_capacity(func.dfg.num_values()),
            headers: loops.headers.clone(),
        };
        for block in func.layout.blocks().filter(|block| of.contains(&loops.headers[*block])) {
            waits.block(func, loops, block);
        }
        waits
    }

    fn block(&mut self, func: &Function, loops: &Loops, block: Block) {
        let maker = loops.headers[block];
        let parameters = func.dfg.block_params(block);
        for parameter in parameters {
            self.makers[*parameter] = maker;
        }
        if loops.backs.contains_key(&block) {
            for (parameter, counts) in parameters.iter().zip(loops.counting(func, block)) {
                self.waits[*parameter] = (!counts).then_some(0);
            }
        }
        for inst in func.layout.block_insts(block) {
            let inputs = func.dfg.inst_args(inst).iter();
            let input =
                inputs.filter_map(|value| self.of_use(func.dfg.resolve_aliases(*value), block));
            let wait = later(input.max(), latency(func.dfg.insts[inst].opcode()));
            for result in func.dfg.inst_results(inst) {
                (self.makers[*result], self.waits[*result]) = (maker, wait);
            }
        }
        let Some(branch) = func.layout.last_inst(block) else { return };
        for call in calls(func, branch) {
            let to = call.block(&func.dfg.value_lists);
            if loops.headers[to] != maker || loops.places[to] <= loops.places[block] {
                continue;
            }
            let parameters = func.dfg.block_params(to);
            for (parameter, given) in parameters.iter().zip(call.args(&func.dfg.value_lists)) {
                if let BlockArg::Value(value) = given {
                    let wait = self.of_use(func.dfg.resolve_aliases(value), block);
                    self.waits[*parameter] = self.waits[*parameter].max(wait);
                }
            }
        }
    }

    /// Of a value, to the loop that a block is in.
    fn of_use(&self, value: Value, block: Block) -> Wait {
        self.waits[value].filter(|_| self.makers[value] == self.headers[block])
    }
}

/// Cycles from an operator's inputs to its result, or so.
const fn latency(opcode: Opcode) -> u32 {
    match opcode {
        Opcode::Uextend | Opcode::Ireduce | Opcode::Bitcast => 0,
        Opcode::Imul | Opcode::Umulhi | Opcode::Smulhi => 3,
        Opcode::Load
        | Opcode::Uload8
        | Opcode::Sload8
        | Opcode::Uload16
        | Opcode::Sload16
        | Opcode::Uload32
        | Opcode::Sload32
        | Opcode::Fadd
        | Opcode::Fsub
        | Opcode::Fmul => 4,
        Opcode::Udiv | Opcode::Sdiv | Opcode::Urem | Opcode::Srem | Opcode::Fdiv => 12,
        _ => 1,
    }
}
