//! Steps by a comparison. For `x + (a < b)` x86-64 puts the result of the
//! comparison into the low byte of a register, extends that, and adds it. The
//! first keeps the rest of the register, and so waits for what was computed there
//! before, which nothing needs: in a loop it may be the value that takes longest,
//! and then the count waits for it, and so does the next round. Here the
//! comparison chooses between `x + 1` and `x`, which waits for nothing else and
//! is an instruction less.
//!
//! Left alone is what steps from a constant, and a result that something else
//! needs too.
//!
//! Gain: `knapsack.rs` in `benches/suite`, whose inner loops count through Rust
//! ranges, takes 0.61 of its time, `bignum.rs` 0.91; no program of 48 takes longer.
//! Cost: one look at the function's sums.

use super::edges::{definition, is_constant};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Function, Inst, InstBuilder, InstructionData, Opcode, Value};
use std::collections::BTreeMap;

/// A sum or a difference with the result of a comparison.
struct ChosenStep {
    inst: Inst,
    /// What the comparison's result is added to, or taken from.
    from: Value,
    by: i64,
    comparison: Value,
    /// The comparison's result, as wide as the sum.
    extended: Value,
}

/// Makes steps by comparisons into choices; gives how many.
pub(crate) fn choose(func: &mut Function) -> usize {
    let mut steps = steps(func);
    if steps.is_empty() {
        return 0;
    }
    let uses = uses(func, &steps);
    steps.retain(|step| uses[&step.extended] == 1);
    for ChosenStep { inst, from, by, comparison, .. } in &steps {
        let mut cursor = FuncCursor::new(func).at_inst(*inst);
        let next = cursor.ins().iadd_imm_s(*from, *by);
        cursor.func.replace(*inst).select(*comparison, next, *from);
    }
    steps.len()
}

fn steps(func: &Function) -> Vec<ChosenStep> {
    let mut found = Vec::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let InstructionData::Binary { opcode, args: [one, other] } = func.dfg.insts[inst]
            else {
                continue;
            };
            let step = |from, extended, by| {
                // Sums of 128 bits have no choice that is shorter.
                let ty = func.dfg.value_type(from);
                let comparison = comparison(func, extended).filter(|_| ty.bits() <= 64)?;
                let extended = func.dfg.resolve_aliases(extended);
                (!is_constant(func, from)).then_some(ChosenStep {
                    inst,
                    from,
                    by,
                    comparison,
                    extended,
                })
            };
            found.extend(match opcode {
                Opcode::Iadd => step(one, other, 1).or_else(|| step(other, one, 1)),
                Opcode::Isub => step(one, other, -1),
                _ => None,
            });
        }
    }
    found
}

/// The comparison of integers whose result a value is, extended.
fn comparison(func: &Function, value: Value) -> Option<Value> {
    let InstructionData::Unary { opcode: Opcode::Uextend, arg } = definition(func, value)? else {
        return None;
    };
    match definition(func, arg)? {
        InstructionData::IntCompare { .. } => Some(func.dfg.resolve_aliases(arg)),
        InstructionData::Unary { opcode: Opcode::Uextend, .. } => comparison(func, arg),
        _ => None,
    }
}

/// How often the extended results are used.
fn uses(func: &Function, steps: &[ChosenStep]) -> BTreeMap<Value, usize> {
    let mut uses: BTreeMap<Value, usize> = steps.iter().map(|step| (step.extended, 0)).collect();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            for value in func.dfg.inst_values(inst) {
                if let Some(count) = uses.get_mut(&func.dfg.resolve_aliases(value)) {
                    *count += 1;
                }
            }
        }
    }
    uses
}
