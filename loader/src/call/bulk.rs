//! The bulk instructions (core specification 4.6.6 to 4.6.10), in pieces:
//! between two of them the guest can be stopped. A range is checked as a whole
//! before anything is written, as the specification asks; only a guest that is
//! stopped leaves a part undone.

use crate::store::contents::StoreCore;
use crate::store::linear::LinearMemory;
use crate::store::segments::{self, store_table};
use precast_artifact::index::{
    DataIndex, ElementIndex, InstanceId, MemoryId, MemoryIndex, TableId, TableIndex,
};
use precast_artifact::trap::TrapCode;

/// Bytes of a piece: with pages that are touched for the first time, well below
/// a millisecond.
const BYTES: u64 = 1 << 20;
/// Table elements of a piece.
const ELEMENTS: u64 = BYTES / 8;

/// Why a bulk instruction did not come to its end.
type Result<T = (), E = TrapCode> = std::result::Result<T, E>;

/// Does `piece` with the start and length of each piece of `0..length`, from the
/// last to the first if `backwards`.
fn in_pieces(
    core: &mut StoreCore,
    length: u64,
    most: u64,
    backwards: bool,
    mut piece: impl FnMut(&mut StoreCore, u64, u64) -> Result,
) -> Result {
    let mut done = 0;
    loop {
        let next = (length - done).min(most);
        let start = if backwards { length - done - next } else { done };
        piece(core, start, next)?;
        done += next;
        if done == length {
            return Ok(());
        }
        if core.interrupted() {
            return Err(TrapCode::Interrupt);
        }
    }
}

/// `memory.fill` of a memory of the store.
pub(super) fn memory_fill(
    core: &mut StoreCore,
    memory: MemoryId,
    address: u64,
    byte: u8,
    length: u64,
) -> Result {
    holds(core, memory, address, length)?;
    in_pieces(core, length, BYTES, false, |core, start, length| {
        let memory = &mut core.memories[memory.index()];
        memory.fill(address + start, byte, length).ok_or(TrapCode::MemoryOutOfBounds)
    })
}

/// `memory.copy` between memories of the store.
pub(super) fn memory_copy(
    core: &mut StoreCore,
    (to, to_address): (MemoryId, u64),
    (from, from_address): (MemoryId, u64),
    length: u64,
) -> Result {
    holds(core, to, to_address, length)?;
    holds(core, from, from_address, length)?;
    let backwards = to == from && to_address > from_address;
    in_pieces(core, length, BYTES, backwards, |core, start, length| {
        let (target, source) = ((to, to_address + start), (from, from_address + start));
        LinearMemory::copy(&mut core.memories, target, source, length)
            .ok_or(TrapCode::MemoryOutOfBounds)
    })
}

/// `memory.init` of an instance.
pub(super) fn memory_init(
    core: &mut StoreCore,
    instance: InstanceId,
    memory: MemoryIndex,
    segment: DataIndex,
    [to, from, length]: [u64; 3],
) -> Result {
    let guest = &core.instances[instance.index()];
    segments::data(guest, segment, from, length)?;
    holds(core, guest.memories[memory.index()], to, length)?;
    in_pieces(core, length, BYTES, false, |core, start, length| {
        segments::memory_init(core, instance, memory, segment, [to + start, from + start, length])
    })
}

/// `table.fill` of a table of the store.
pub(super) fn table_fill(
    core: &mut StoreCore,
    table: TableId,
    index: u64,
    value: u64,
    length: u64,
) -> Result {
    const OUT: TrapCode = TrapCode::TableOutOfBounds;
    core.tables[table.index()].range(index, length).ok_or(OUT)?;
    in_pieces(core, length, ELEMENTS, false, |core, start, length| {
        let cells = core.tables[table.index()].range(index + start, length).ok_or(OUT)?;
        cells.iter().for_each(|cell| cell.set(value));
        Ok(())
    })
}

/// `table.copy` between tables of the store.
pub(super) fn table_copy(
    core: &mut StoreCore,
    (to, to_index): (TableId, u64),
    (from, from_index): (TableId, u64),
    length: u64,
) -> Result {
    const OUT: TrapCode = TrapCode::TableOutOfBounds;
    core.tables[to.index()].range(to_index, length).ok_or(OUT)?;
    core.tables[from.index()].range(from_index, length).ok_or(OUT)?;
    let backwards = to == from && to_index > from_index;
    in_pieces(core, length, ELEMENTS, backwards, |core, start, length| {
        let (to_index, from_index) = (to_index + start, from_index + start);
        if to == from {
            return core.tables[to.index()].copy_within(to_index, from_index, length).ok_or(OUT);
        }
        let target = core.tables[to.index()].range(to_index, length).ok_or(OUT)?;
        let source = core.tables[from.index()].range(from_index, length).ok_or(OUT)?;
        target.iter().zip(source).for_each(|(to, from)| to.set(from.get()));
        Ok(())
    })
}

/// `table.init` of an instance.
pub(super) fn table_init(
    core: &mut StoreCore,
    instance: InstanceId,
    table: TableIndex,
    segment: ElementIndex,
    [to, from, length]: [u64; 3],
) -> Result {
    const OUT: TrapCode = TrapCode::TableOutOfBounds;
    let guest = &core.instances[instance.index()];
    let at = store_table(guest, table).ok_or(OUT)?;
    core.tables[at.index()].range(to, length).ok_or(OUT)?;
    let end = from.checked_add(length).ok_or(OUT)?;
    (end <= segments::elements_left(guest, segment)).then_some(()).ok_or(OUT)?;
    in_pieces(core, length, ELEMENTS, false, |core, start, length| {
        segments::table_init(core, instance, table, segment, [to + start, from + start, length])
    })
}

/// Fails if a range leaves a memory of the store.
fn holds(core: &StoreCore, memory: MemoryId, address: u64, length: u64) -> Result {
    match core.memories[memory.index()].holds(address, length) {
        true => Ok(()),
        false => Err(TrapCode::MemoryOutOfBounds),
    }
}
