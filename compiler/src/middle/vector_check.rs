//! What is looked at before a loop of vectors, beside whether an index wraps around:
//! whether all accesses are inside the memory, how far
//! groups of accesses are from each other, and whether lanes tell the whole of numbers
//! that others are compared with.

use super::check::Check;
use super::lane_nodes::Assumed;
use super::vector_plan::VectorPlan;
use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Function, InstBuilder, MemFlagsData, Value, types};

/// Whether vectors do what the loop does, at the end of the check's block. `length` is
/// where the memory has its length, from where it begins.
pub(super) fn fits(func: &mut Function, plan: &VectorPlan, check: &Check, length: i32) -> Value {
    let inside = inside(func, plan, check, length);
    let mut cursor = FuncCursor::new(func).at_bottom(check.end);
    let mut fits = cursor.ins().band(check.fits, inside);
    for forbidden in &plan.overlaps.near {
        let [one, other] = forbidden.groups.map(|group| check.pointers[group]);
        let distance = cursor.ins().isub(other, one);
        let above = cursor.ins().iadd_imm_s(distance, -(forbidden.above + 1));
        let width = forbidden.below - forbidden.above - 1;
        let outside = IntCC::UnsignedGreaterThanOrEqual;
        let apart = cursor.ins().icmp_imm_u(outside, above, width);
        fits = cursor.ins().band(fits, apart);
    }
    for groups in &plan.overlaps.apart {
        let [one, other] = groups.map(|group| accessed_bytes(func, plan, check, group));
        let mut cursor = FuncCursor::new(func).at_bottom(check.end);
        let below = cursor.ins().icmp(IntCC::UnsignedLessThanOrEqual, one.end, other.begin);
        let above = cursor.ins().icmp(IntCC::UnsignedLessThanOrEqual, other.end, one.begin);
        let apart = cursor.ins().bor(below, above);
        fits = cursor.ins().band(fits, apart);
    }
    for assumed in &plan.assumed {
        let whole = is_whole(func, plan, check, assumed);
        fits = FuncCursor::new(func).at_bottom(check.end).ins().band(fits, whole);
    }
    fits
}

/// Whether a lane tells the whole of a value that the loop does not change.
fn is_whole(func: &mut Function, plan: &VectorPlan, check: &Check, assumed: &Assumed) -> Value {
    let mut cursor = FuncCursor::new(func).at_bottom(check.end);
    let value = match assumed.signed {
        true => cursor.ins().iadd_imm_s(assumed.value, 1 << (plan.bits - 1)),
        false => assumed.value,
    };
    cursor.ins().icmp_imm_u(IntCC::UnsignedLessThan, value, 1 << plan.bits)
}

/// Whether the accesses of all rounds are inside the memory.
fn inside(func: &mut Function, plan: &VectorPlan, check: &Check, length: i32) -> Value {
    let mut cursor = FuncCursor::new(func).at_bottom(check.end);
    let memory = plan.elements.groups[0].base;
    let bytes = cursor.ins().load(types::I64, MemFlagsData::trusted(), memory, length);
    let end = cursor.ins().iadd(memory, bytes);
    let mut outside = None;
    for group in 0..plan.elements.groups.len() {
        let last = accessed_bytes(func, plan, check, group).end;
        let mut cursor = FuncCursor::new(func).at_bottom(check.end);
        let left = cursor.ins().isub(end, last);
        outside = Some(match outside {
            Some(others) => cursor.ins().bor(others, left),
            None => left,
        });
    }
    let outside = outside.expect("a loop has accesses");
    let mut cursor = FuncCursor::new(func).at_bottom(check.end);
    cursor.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, outside, 0)
}

/// Addresses of what a group accesses in all rounds.
struct AccessedBytes {
    begin: Value,
    end: Value,
}

fn accessed_bytes(
    func: &mut Function,
    plan: &VectorPlan,
    check: &Check,
    group: usize,
) -> AccessedBytes {
    let mut cursor = FuncCursor::new(func).at_bottom(check.end);
    let first = check.pointers[group];
    // What the last round is further than the first.
    let reach = check.lasts[&plan.elements.groups[group].stride];
    let last = cursor.ins().iadd(first, reach);
    let (begin, highest) = if plan.shape.upwards { (first, last) } else { (last, first) };
    AccessedBytes { begin, end: cursor.ins().iadd_imm_s(highest, end_of(plan, group)) }
}

/// Where a group's last access of a round ends, from where the group begins.
fn end_of(plan: &VectorPlan, group: usize) -> i64 {
    let places = plan.elements.accesses.keys().filter_map(|inst| plan.place(*inst));
    let ends = places.filter(|(of, _)| *of == group).map(|(_, place)| i64::from(place));
    ends.max().expect("a group has accesses") + plan.elements.size(group)
}
