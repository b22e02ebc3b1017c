//! Comparisons that end loops. A loop that counts to a constant adds its step,
//! and compares the sum. Cranelift compares what it was before with a smaller
//! constant instead (`x + 4 == 100` is `x == 96`), which saves an addition where
//! nothing else needs the sum. Here the next round needs it: both live at the
//! same time in two registers, and the loop ends with a copy of one to the other
//! and a second jump.
//!
//! The sum and the constant are compared as numbers of 64 bits here, which the
//! code generator leaves as it is. Extended with zeros they are equal when they
//! were before, and the sum is extended by the instruction that adds.
//!
//! Gain: an instruction and a jump in each round (the inner loop of `lu.c` in
//! `benches/suite` has 12 instructions instead of 14, and takes 4 % less time). Cost:
//! one look at the function's comparisons.

use super::edges::{Edges, constant, definition, sum_over};
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Function, Inst, InstBuilder, InstructionData, Opcode, Value, ValueDef, types,
};

/// A comparison of a sum with a constant, by an instruction.
struct Comparison {
    inst: Inst,
    cond: IntCC,
    sum: Value,
    with: i64,
}

/// Keeps comparisons that end loops as they are; gives how many.
pub(crate) fn keep(func: &mut Function) -> usize {
    let found = comparisons(func);
    if found.is_empty() {
        return 0;
    }
    let edges = Edges::new(func);
    let kept: Vec<Comparison> =
        found.into_iter().filter(|comparison| is_next(func, &edges, comparison.sum)).collect();
    for Comparison { inst, cond, sum, with } in &kept {
        let mut cursor = FuncCursor::new(func).at_inst(*inst);
        let wide = cursor.ins().uextend(types::I64, *sum);
        let constant = cursor.ins().iconst(types::I64, *with);
        cursor.func.replace(*inst).icmp(*cond, wide, constant);
    }
    kept.len()
}

fn comparisons(func: &Function) -> Vec<Comparison> {
    let mut found = Vec::new();
    for block in func.layout.blocks() {
        for inst in func.layout.block_insts(block) {
            let InstructionData::IntCompare { cond, args: [one, other], .. } = func.dfg.insts[inst]
            else {
                continue;
            };
            if !matches!(cond, IntCC::Equal | IntCC::NotEqual) {
                continue;
            }
            let with = |sum, limit| {
                let with = constant(func, limit)?;
                // What an instruction can compare with.
                (with >= 0 && counted(func, sum).is_some()).then_some((sum, with))
            };
            let comparison = with(one, other).or_else(|| with(other, one));
            let sum = |(sum, with)| Comparison { inst, cond, sum, with };
            found.extend(comparison.map(sum));
        }
    }
    found
}

/// The parameter of a block that a sum is a constant more than.
fn counted(func: &Function, sum: Value) -> Option<Value> {
    let InstructionData::Binary { opcode: Opcode::Iadd | Opcode::Isub, args } =
        definition(func, sum)?
    else {
        return None;
    };
    let of = |value| func.dfg.resolve_aliases(value);
    let is_parameter = |value: &Value| matches!(func.dfg.value_def(*value), ValueDef::Param(..));
    let parameter = args.map(of).into_iter().find(is_parameter)?;
    sum_over(func, sum, parameter).map(|_| parameter)
}

/// Whether a sum is what a loop gives the parameter for the next round.
fn is_next(func: &Function, edges: &Edges<'_>, sum: Value) -> bool {
    let Some(parameter) = counted(func, sum) else { return false };
    let ValueDef::Param(block, number) = func.dfg.value_def(parameter) else { return false };
    let sum = func.dfg.resolve_aliases(sum);
    edges.entering(block).iter().any(|edge| edges.argument(edge, number) == Some(sum))
}
