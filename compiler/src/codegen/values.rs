//! What debug information needs to know of the generated code: where it came
//! from, and where its values are.

use crate::error::Result;
use crate::function::{
    CFA_ABOVE_FRAME_POINTER, CodeDebug, LiveRange, Position, ValueAssignment, ValueLocation,
};
use crate::recorded::{Recorded, slot_variable};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::UnwindInst;
use cranelift_codegen::{CompiledCode, LabelValueLoc};
use precast_artifact::index::{FunctionOffset, ValueIndex};
use std::ops::Range;
use target_lexicon::Architecture;

/// Finished code, as the code generator has it.
pub(super) type Buffer = cranelift_codegen::MachBufferFinalized<cranelift_codegen::Final>;

/// Collects everything for one function.
pub(super) fn collect(
    compiled: &CompiledCode,
    recorded: Recorded,
    isa: &dyn TargetIsa,
) -> Result<CodeDebug> {
    let buffer = &compiled.buffer;
    let size = FunctionOffset::from_index(buffer.data().len());
    let positions = positions(buffer);
    let (mut assignments, mut live) = slots(buffer, size);
    let constants = recorded.constants.iter().map(|&(value, bits)| LiveRange {
        value,
        start: FunctionOffset::START,
        end: size,
        location: ValueLocation::Constant(bits),
    });
    live.extend(constants);
    assignments.extend(recorded.assignments);
    assignments.sort_by_key(|assignment| (assignment.variable, assignment.from));
    let calls = buffer.call_sites().map(|call| FunctionOffset::new(call.ret_addr - 1));
    let calls: Vec<FunctionOffset> = calls.collect();
    let above = true_cfa(buffer) - CFA_ABOVE_FRAME_POINTER;
    for (label, ranges) in &compiled.value_labels_ranges {
        for range in ranges {
            let value = ValueIndex::new(label.as_u32());
            let [start, end] = [range.start, range.end].map(FunctionOffset::new);
            match range.loc {
                LabelValueLoc::CFAOffset(offset) => {
                    let Ok(offset) = i32::try_from(offset) else { continue };
                    let location = ValueLocation::Frame(offset + above);
                    live.push(LiveRange { value, start, end, location });
                }
                LabelValueLoc::Reg(reg) => {
                    let Ok(register) = isa.map_regalloc_reg_to_dwarf(reg) else { continue };
                    let location = ValueLocation::Register(register);
                    if survives_calls(register, isa) {
                        live.push(LiveRange { value, start, end, location });
                        continue;
                    }
                    push_between_calls(&mut live, value, start..end, location, &calls);
                }
            }
        }
    }
    live.sort_by_key(|range| (range.value, range.start));
    Ok(CodeDebug { positions, assignments: assignments.into(), live_ranges: live.into() })
}

/// Whether functions restore a register, so that it can be found in the frame
/// of the caller too. Numbers are DWARF's.
fn survives_calls(register: u16, isa: &dyn TargetIsa) -> bool {
    match isa.triple().architecture {
        // rbx, r12 to r15.
        Architecture::X86_64 => matches!(register, 3 | 12..=15),
        // x19 to x28.
        Architecture::Aarch64(_) => matches!(register, 19..=28),
        // s1 to s11.
        Architecture::Riscv64(_) => matches!(register, 9 | 18..=27),
        _ => false,
    }
}

/// Other registers do not survive calls, and a frame that is in a call is looked up
/// by the call's last byte: that byte is left out (as GCC's location lists do).
fn push_between_calls(
    live: &mut Vec<LiveRange>,
    value: ValueIndex,
    range: Range<FunctionOffset>,
    location: ValueLocation,
    calls: &[FunctionOffset],
) {
    let mut start = range.start;
    let first = calls.partition_point(|call| *call < range.start);
    for &call in calls[first..].iter().take_while(|call| **call < range.end) {
        if start < call {
            live.push(LiveRange { value, start, end: call, location });
        }
        start = FunctionOffset::new(call.get() + 1);
    }
    if start < range.end {
        live.push(LiveRange { value, start, end: range.end, location });
    }
}

/// Distance from the frame pointer to the caller's stack pointer. Larger than
/// that of the CFA where the function makes room for arguments of tail calls.
fn true_cfa(buffer: &Buffer) -> i32 {
    let mut frames = buffer.unwind_info.iter().filter_map(|(_, inst)| match inst {
        UnwindInst::DefineNewFrame { offset_upward_to_caller_sp: up, .. } => Some(*up as i32),
        _ => None,
    });
    frames.next_back().unwrap_or(CFA_ABOVE_FRAME_POINTER)
}

/// Pieces of code and where they came from. Code of no operator after the
/// prologue goes with what stands before it.
fn positions(buffer: &Buffer) -> Box<[(FunctionOffset, Position)]> {
    let mut positions: Vec<(FunctionOffset, Position)> = Vec::new();
    for source in buffer.get_srclocs_sorted() {
        if source.loc.is_default() {
            continue;
        }
        let position = Position::new(source.loc.bits());
        let start = FunctionOffset::new(source.start);
        if positions.is_empty() && start != FunctionOffset::START {
            positions.push((FunctionOffset::START, Position::NONE));
        }
        match positions.last_mut() {
            Some(last) if last.1 == position => {}
            Some(last) if last.0 == start => last.1 = position,
            _ => positions.push((start, position)),
        }
    }
    if positions.is_empty() {
        positions.push((FunctionOffset::START, Position::NONE));
    }
    positions.into()
}

/// The slots of `-g -O0`: valid everywhere.
fn slots(buffer: &Buffer, size: FunctionOffset) -> (Vec<ValueAssignment>, Vec<LiveRange>) {
    let (mut assignments, mut live) = (Vec::new(), Vec::new());
    let Some(frame) = buffer.frame_layout() else { return (assignments, live) };
    let bottom = -CFA_ABOVE_FRAME_POINTER - frame.frame_to_fp_offset as i32;
    for slot in frame.stackslots.values() {
        let Some(key) = slot.key else { continue };
        // Recorded values are numbered from zero.
        let value = ValueIndex::new(u32::MAX - live.len() as u32);
        let Range { start: from, end: to } = ValueAssignment::ALWAYS;
        assignments.push(ValueAssignment { variable: slot_variable(key), from, to, value });
        let location = ValueLocation::Frame(bottom + slot.offset as i32);
        live.push(LiveRange { value, start: FunctionOffset::START, end: size, location });
    }
    (assignments, live)
}
