//! What is looked at before a loop of vectors, beside whether an index wraps around:
//! whether there are rounds enough, whether all accesses are inside the memory, and how
//! far groups of accesses are from each other.

use super::check::Check;
use super::vector_plan::VectorPlan;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Function, InstBuilder, MemFlagsData, Value, types};

/// Whether vectors do what the loop does, at the end of the check's block. `length` is
/// where the memory has its length, from where it begins.
pub(super) fn fits(func: &mut Function, plan: &VectorPlan, check: &Check, length: i32) -> Value {
    let enough = enough(func, plan, check);
    let inside = inside(func, plan, check, length);
    let mut cursor = FuncCursor::new(func).at_bottom(check.block);
    let mut fits = check.fits;
    for condition in [enough, inside] {
        fits = cursor.ins().band(fits, condition);
    }
    for forbidden in &plan.forbidden {
        let [one, other] = forbidden.groups.map(|group| check.pointers[group]);
        let distance = cursor.ins().isub(other, one);
        let above = cursor.ins().iadd_imm_s(distance, -(forbidden.above + 1));
        let width = forbidden.below - forbidden.above - 1;
        let outside = IntCC::UnsignedGreaterThanOrEqual;
        let apart = cursor.ins().icmp_imm_u(outside, above, width);
        fits = cursor.ins().band(fits, apart);
    }
    fits
}

/// Whether there are so many rounds that vectors do some.
fn enough(func: &mut Function, plan: &VectorPlan, check: &Check) -> Value {
    let mut cursor = FuncCursor::new(func).at_bottom(check.block);
    let least = plan.shape.rounds as i64;
    cursor.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, check.rounds, least)
}

/// Whether the accesses of all rounds are inside the memory.
fn inside(func: &mut Function, plan: &VectorPlan, check: &Check, length: i32) -> Value {
    let mut cursor = FuncCursor::new(func).at_bottom(check.block);
    let memory = plan.groups[0].base;
    let bytes = cursor.ins().load(types::I64, MemFlagsData::trusted(), memory, length);
    let end = cursor.ins().iadd(memory, bytes);
    let stride = plan.shape.stride;
    // What the last round is further than the first.
    let reach = (stride > 0).then(|| check.lasts[&stride]);
    let mut outside = None;
    for group in 0..plan.groups.len() {
        let mut last = check.pointers[group];
        if let Some(reach) = reach {
            last = cursor.ins().iadd(last, reach);
        }
        let last = cursor.ins().iadd_imm_s(last, end_of(plan, group));
        let left = cursor.ins().isub(end, last);
        outside = Some(match outside {
            Some(others) => cursor.ins().bor(others, left),
            None => left,
        });
    }
    let outside = outside.expect("a loop has accesses");
    cursor.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, outside, 0)
}

/// Where a group's last access of a round ends, from where the group begins.
fn end_of(plan: &VectorPlan, group: usize) -> i64 {
    let places = plan.accesses.keys().filter_map(|inst| plan.place(*inst));
    let ends = places.filter(|(of, _)| *of == group).map(|(_, place)| i64::from(place));
    ends.max().expect("a group has accesses") + plan.shape.size
}
