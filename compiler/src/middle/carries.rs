//! Carries. A sum or difference of numbers of 128 bits and more is written as
//! one of halves: `low = a + b`, which carries if `low < a`, and
//! `high = x + y + (low < a)`. That comparison, and making a number of what it
//! gives, take longer than the sums; machines add with the carry of the addition
//! before.
//!
//! Here the two become one sum of 128 bits, where the high half is added up. It
//! rests on what the sum is: `low` wraps around, and less than one of what was
//! added is what tells so; a difference borrows where what is taken away is more
//! than what it is taken from. What needs `low` before that place keeps the
//! addition of its own; what comes after takes it from the sum of 128 bits.
//!
//! Gain, on x86-64: an addition with carry in place of four or five
//! instructions. Cost: one look at the function's comparisons; where there are such
//! pairs, one at all instructions.

use super::edges::definition;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef, types,
};
use std::collections::{HashMap, HashSet};

/// A low half, by an instruction, and the sum of the high half that takes its
/// carry.
struct Pair {
    low: Inst,
    high: Inst,
    /// Of `high`, what is not the carry.
    rest: Value,
}

/// The low half of a pair, from where on it is part of the whole sum.
struct Renamed {
    block: Block,
    from: Inst,
    to: Value,
}

/// Joins halves; gives how many pairs. What the function leaves unused, the code
/// generator drops.
pub(crate) fn join(func: &mut Function) -> usize {
    let found = carries(func);
    if found.is_empty() {
        return 0;
    }
    let uses = ValueUses::of(func);
    let mut taken = HashSet::new();
    let mut renamed: HashMap<Value, Renamed> = HashMap::new();
    for (carry, low) in found {
        let Some(pair) = pair(func, &uses, carry, low) else { continue };
        // Each half is part of one sum.
        if taken.contains(&pair.low) || taken.contains(&pair.high) {
            continue;
        }
        taken.extend([pair.low, pair.high]);
        let (value, rename) = rewrite(func, &uses, &pair);
        renamed.insert(value, rename);
    }
    if !renamed.is_empty() {
        rename(func, &renamed);
    }
    renamed.len()
}

/// Each carry, as a number of 64 bits, and the instruction that makes the low
/// half, in order.
fn carries(func: &Function) -> Vec<(Value, Inst)> {
    let mut found = Vec::new();
    for block in func.layout.blocks() {
        let mut differences = None;
        for inst in func.layout.block_insts(block) {
            let InstructionData::Unary { opcode: Opcode::Uextend, arg } = func.dfg.insts[inst]
            else {
                continue;
            };
            let carry = func.dfg.first_result(inst);
            if func.dfg.value_type(carry) != types::I64 {
                continue;
            }
            let Some([less, more]) = compared(func, arg) else { continue };
            let low = sum_of(func, less, more).or_else(|| {
                let differences = differences.get_or_insert_with(|| differences_in(func, block));
                differences.get(&[less, more]).copied()
            });
            found.extend(low.map(|low| (carry, low)));
        }
    }
    found
}

/// What is compared, if a value of up to 32 bits is whether the first is less
/// than the second: unsigned numbers of 64 bits.
fn compared(func: &Function, value: Value) -> Option<[Value; 2]> {
    let mut data = definition(func, value)?;
    if let InstructionData::Unary { opcode: Opcode::Uextend, arg } = data {
        data = definition(func, arg)?;
    }
    let InstructionData::IntCompare { cond, args, .. } = data else { return None };
    let [one, other] = args.map(|value| func.dfg.resolve_aliases(value));
    if func.dfg.value_type(one) != types::I64 {
        return None;
    }
    match cond {
        IntCC::UnsignedLessThan => Some([one, other]),
        IntCC::UnsignedGreaterThan => Some([other, one]),
        _ => None,
    }
}

/// The addition that makes `sum`, if `addend` is one of what it adds.
fn sum_of(func: &Function, sum: Value, addend: Value) -> Option<Inst> {
    let ValueDef::Result(inst, 0) = func.dfg.value_def(sum) else { return None };
    let InstructionData::Binary { opcode: Opcode::Iadd, args } = func.dfg.insts[inst] else {
        return None;
    };
    args.iter().any(|arg| func.dfg.resolve_aliases(*arg) == addend).then_some(inst)
}

/// The differences of 64 bits that a block makes, by what they are of.
fn differences_in(func: &Function, block: Block) -> HashMap<[Value; 2], Inst> {
    let mut found = HashMap::new();
    for inst in func.layout.block_insts(block) {
        if let InstructionData::Binary { opcode: Opcode::Isub, args } = func.dfg.insts[inst]
            && func.dfg.value_type(func.dfg.first_result(inst)) == types::I64
        {
            found.entry(args.map(|value| func.dfg.resolve_aliases(value))).or_insert(inst);
        }
    }
    found
}

/// How often each value is used, and by whom last.
struct ValueUses(HashMap<Value, (u32, Inst)>);

impl ValueUses {
    fn of(func: &Function) -> Self {
        let mut uses = HashMap::new();
        for block in func.layout.blocks() {
            for inst in func.layout.block_insts(block) {
                for value in func.dfg.inst_values(inst) {
                    let (count, last) =
                        uses.entry(func.dfg.resolve_aliases(value)).or_insert((0, inst));
                    *count += 1;
                    *last = inst;
                }
            }
        }
        Self(uses)
    }

    /// Who alone uses a value, once.
    fn only(&self, value: Value) -> Option<Inst> {
        self.0.get(&value).and_then(|(count, inst)| (*count == 1).then_some(*inst))
    }
}

/// The pair of a low half and what its carry is added to, if that is the
/// carry's only use, and in the same block.
fn pair(func: &Function, uses: &ValueUses, carry: Value, low: Inst) -> Option<Pair> {
    let high = uses.only(carry)?;
    let InstructionData::Binary { opcode, args } = func.dfg.insts[high] else { return None };
    let opcode_of_low = func.dfg.insts[low].opcode();
    if opcode != opcode_of_low
        || func.layout.inst_block(high)? != func.layout.inst_block(low)?
        || high == low
    {
        return None;
    }
    let [one, other] = args.map(|value| func.dfg.resolve_aliases(value));
    let rest = match opcode {
        _ if other == carry => one,
        Opcode::Iadd => other,
        _ => return None,
    };
    // A carry alone, as a number, is what the comparison gives.
    let zero = |data| matches!(data, InstructionData::UnaryImm { imm, .. } if imm.bits() == 0);
    (!definition(func, rest).is_some_and(zero)).then_some(Pair { low, high, rest })
}

/// Puts the whole sum where the high half was; gives the low half, and what it
/// is from there on.
fn rewrite(func: &mut Function, uses: &ValueUses, pair: &Pair) -> (Value, Renamed) {
    let (low, high) = (pair.low, pair.high);
    let block = func.layout.inst_block(high).expect("it was found in a block");
    let InstructionData::Binary { opcode, args: [a, b] } = func.dfg.insts[low] else {
        unreachable!("low halves are sums or differences");
    };
    let halves = high_halves(func, uses, pair, opcode);
    let mut cursor = FuncCursor::new(func).at_inst(high);
    cursor.use_srcloc(high);
    let (one, other) = match halves {
        Some([x, y]) => (cursor.ins().iconcat(a, x), cursor.ins().iconcat(b, y)),
        None => (cursor.ins().iconcat(a, pair.rest), cursor.ins().uextend(types::I128, b)),
    };
    let whole = match opcode {
        Opcode::Iadd => cursor.ins().iadd(one, other),
        _ => cursor.ins().isub(one, other),
    };
    let (to, top) = cursor.ins().isplit(whole);
    let from = cursor.func.dfg.value_def(to).unwrap_inst();
    let dfg = &mut cursor.func.dfg;
    let old = dfg.first_result(high);
    dfg.clear_results(high);
    dfg.change_to_alias(old, top);
    cursor.func.layout.remove_inst(high);
    (func.dfg.first_result(low), Renamed { block, from, to })
}

/// What the high half is the sum or difference of, beside the carry, if nothing
/// else needs that.
fn high_halves(
    func: &Function,
    uses: &ValueUses,
    pair: &Pair,
    opcode: Opcode,
) -> Option<[Value; 2]> {
    uses.only(func.dfg.resolve_aliases(pair.rest))?;
    match definition(func, pair.rest)? {
        InstructionData::Binary { opcode: of, args } if of == opcode => Some(args),
        _ => None,
    }
}

/// Replaces low halves after the whole sums: in blocks of their own from there
/// on, and in all others, which come after the whole block.
fn rename(func: &mut Function, renamed: &HashMap<Value, Renamed>) {
    let mut made = HashSet::new();
    let blocks: Vec<Block> = func.layout.blocks().collect();
    for block in blocks {
        let mut next = func.layout.first_inst(block);
        while let Some(inst) = next {
            let dfg = &mut func.dfg;
            let to = |value: Value| match renamed.get(&value) {
                Some(whole) if whole.block != block || made.contains(&whole.from) => whole.to,
                _ => value,
            };
            let resolved: Vec<Value> =
                dfg.inst_values(inst).map(|value| to(dfg.resolve_aliases(value))).collect();
            let mut resolved = resolved.into_iter();
            dfg.map_inst_values(inst, |_| resolved.next().expect("as many as were read"));
            made.insert(inst);
            next = func.layout.next_inst(inst);
        }
    }
}
