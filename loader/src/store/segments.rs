//! Data and element segments, and constant expressions: what instantiation and
//! the bulk instructions share (core specification 4.6.6 to 4.6.10).
//!
//! # Safety
//!
//! Globals are read at the addresses that contexts hold for them.
#![allow(unsafe_code)]

use crate::store::contents::StoreCore;
use crate::store::instance::InstanceState;
use crate::store::linear::LinearMemory;
use crate::vm::raw::{self, RawValue};
use precast_artifact::index::{
    DataIndex, ElementIndex, GlobalIndex, InstanceId, MemoryIndex, TableId, TableIndex,
};
use precast_artifact::module::{ConstExpr, ConstOp, ElementItems, Range};
use precast_artifact::trap::TrapCode;

/// `memory.init`: copies part of a data segment.
pub(crate) fn memory_init(
    core: &mut StoreCore,
    instance: InstanceId,
    memory: MemoryIndex,
    segment: DataIndex,
    [to, from, length]: [u64; 3],
) -> Result<(), TrapCode> {
    let StoreCore { instances, memories, .. } = core;
    let guest = &instances[instance.index()];
    let part = data(guest, segment, from, length)?;
    let memory: &mut LinearMemory = &mut memories[guest.memories[memory.index()].index()];
    memory.write(to, part).ok_or(TrapCode::MemoryOutOfBounds)
}

/// Part of a data segment of an instance.
pub(crate) fn data(
    guest: &InstanceState,
    segment: DataIndex,
    from: u64,
    length: u64,
) -> Result<&[u8], TrapCode> {
    let dropped = guest.dropped_data.get(segment.index()).copied().unwrap_or(false);
    let range = match dropped {
        true => Range::default(),
        false => guest.module().0.data[segment.index()],
    };
    part(guest.image.bytes(range), from, length).ok_or(TrapCode::MemoryOutOfBounds)
}

/// `data.drop`.
pub(crate) fn data_drop(core: &mut StoreCore, instance: InstanceId, segment: DataIndex) {
    let guest = &mut core.instances[instance.index()];
    let count = guest.module().0.data.len();
    InstanceState::drop_segment(&mut guest.dropped_data, segment.index(), count);
}

/// `table.init`: copies part of an element segment.
pub(crate) fn table_init(
    core: &mut StoreCore,
    instance: InstanceId,
    table: TableIndex,
    segment: ElementIndex,
    [to, from, length]: [u64; 3],
) -> Result<(), TrapCode> {
    const OUT: TrapCode = TrapCode::TableOutOfBounds;
    let guest = &core.instances[instance.index()];
    let (module, _) = guest.module();
    let table = &core.tables[store_table(guest, table).ok_or(OUT)?.index()];
    let cells = table.range(to, length).ok_or(OUT)?;
    let dropped = guest.dropped_elements.get(segment.index()).copied().unwrap_or(false);
    if dropped {
        return part::<u8>(&[], from, length).map(drop).ok_or(OUT);
    }
    match &module.elements[segment.index()].items {
        ElementItems::Functions(functions) => {
            let functions = part(functions, from, length).ok_or(OUT)?;
            for (cell, function) in cells.iter().zip(functions) {
                cell.set(guest.record(*function) as u64);
            }
        }
        ElementItems::Expressions(expressions) => {
            let expressions = part(expressions, from, length).ok_or(OUT)?;
            for (cell, expression) in cells.iter().zip(expressions) {
                cell.set(evaluate(guest, expression).u64());
            }
        }
    }
    Ok(())
}

/// `elem.drop`.
pub(crate) fn elem_drop(core: &mut StoreCore, instance: InstanceId, segment: ElementIndex) {
    let guest = &mut core.instances[instance.index()];
    let count = guest.module().0.elements.len();
    InstanceState::drop_segment(&mut guest.dropped_elements, segment.index(), count);
}

/// Length of an element segment.
pub(crate) fn element_count(guest: &InstanceState, segment: ElementIndex) -> u64 {
    match &guest.module().0.elements[segment.index()].items {
        ElementItems::Functions(functions) => functions.len() as u64,
        ElementItems::Expressions(expressions) => expressions.len() as u64,
    }
}

/// Length of an element segment as it is now.
pub(crate) fn elements_left(guest: &InstanceState, segment: ElementIndex) -> u64 {
    match guest.dropped_elements.get(segment.index()) {
        Some(true) => 0,
        _ => element_count(guest, segment),
    }
}

/// Which table of the store a table is that is not private.
pub(crate) fn store_table(guest: &InstanceState, table: TableIndex) -> Option<TableId> {
    guest.tables.get(table.index()).copied().flatten()
}

/// The value of a constant expression. Descriptions are checked, so it has
/// one.
pub(crate) fn evaluate(guest: &InstanceState, expression: &ConstExpr) -> RawValue {
    let mut stack: Vec<RawValue> = Vec::with_capacity(expression.ops.len());
    for op in &expression.ops {
        let value = match *op {
            ConstOp::Bits32(bits) => bits.into(),
            ConstOp::Bits64(bits) => bits.into(),
            ConstOp::Bits128(bits) => bits.into(),
            ConstOp::RefNull => RawValue::default(),
            ConstOp::RefFunc(function) => (guest.record(function) as u64).into(),
            ConstOp::GlobalGet(global) => read_global(guest, global),
            ConstOp::I32Add => binary32(&mut stack, u32::wrapping_add),
            ConstOp::I32Sub => binary32(&mut stack, u32::wrapping_sub),
            ConstOp::I32Mul => binary32(&mut stack, u32::wrapping_mul),
            ConstOp::I64Add => binary64(&mut stack, u64::wrapping_add),
            ConstOp::I64Sub => binary64(&mut stack, u64::wrapping_sub),
            ConstOp::I64Mul => binary64(&mut stack, u64::wrapping_mul),
        };
        stack.push(value);
    }
    stack.pop().unwrap_or_default()
}

fn binary32(stack: &mut Vec<RawValue>, op: fn(u32, u32) -> u32) -> RawValue {
    let (right, left) = (stack.pop().unwrap_or_default(), stack.pop().unwrap_or_default());
    op(left.u32(), right.u32()).into()
}

fn binary64(stack: &mut Vec<RawValue>, op: fn(u64, u64) -> u64) -> RawValue {
    let (right, left) = (stack.pop().unwrap_or_default(), stack.pop().unwrap_or_default());
    op(left.u64(), right.u64()).into()
}

fn read_global(guest: &InstanceState, index: GlobalIndex) -> RawValue {
    let ty = guest.module().0.globals[index.index()].ty.value;
    // SAFETY: a global of this type stands there, and no guest runs.
    unsafe { raw::read_global(guest.global(index), &ty) }
}

fn part<T>(all: &[T], from: u64, length: u64) -> Option<&[T]> {
    let end = usize::try_from(from.checked_add(length)?).ok()?;
    all.get(from as usize..end)
}
