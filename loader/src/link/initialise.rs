//! The initialisation plan of an instance: globals, tables and segments, in
//! order (core specification 4.5.4).
//!
//! # Safety
//!
//! Globals are written at the addresses that the instance's context gives them.
#![allow(unsafe_code)]

use crate::artifact::image::InitialContents;
use crate::store::contents::StoreCore;
use crate::store::segments;
use crate::vm::raw;
use precast_artifact::index::InstanceId;
use precast_artifact::module::InitStep;
use precast_artifact::trap::TrapCode;

/// Puts what an instance's image does not show by itself into its memories, which
/// were [reset](crate::store::linear::LinearMemory::reset).
pub(super) fn restore_contents(core: &mut StoreCore, instance: InstanceId) {
    let StoreCore { instances, memories, .. } = core;
    let guest = &instances[instance.index()];
    for run in &guest.module().0.runs {
        let memory = &mut memories[guest.memories[run.memory.index()].index()];
        match guest.image.contents(run) {
            InitialContents::Mapped(..) => memory.clear_tail(run.address, run.image.size),
            InitialContents::Copied(bytes) => memory.copy_contents(run.address, bytes),
        }
    }
}

/// Runs the initialisation plan. A trap leaves what was written before.
pub(super) fn initialise(core: &mut StoreCore, instance: InstanceId) -> Result<(), TrapCode> {
    let image = core.instances[instance.index()].image.clone();
    let (module, _) = image.module(core.instances[instance.index()].module);
    for step in &module.init {
        let guest = &core.instances[instance.index()];
        match step {
            InitStep::Global { index, value } => {
                let raw = segments::evaluate(guest, value);
                let ty = module.globals[index.index()].ty.value;
                // SAFETY: a defined global of this type.
                unsafe { raw::write_global(guest.global(*index), &ty, raw) };
            }
            InitStep::TableFill { table, value } => {
                let raw = segments::evaluate(guest, value).u64();
                let table = segments::store_table(guest, *table);
                let table = &core.tables[table.ok_or(TrapCode::TableOutOfBounds)?.index()];
                let cells = table.range(0, table.size());
                cells.into_iter().flatten().for_each(|cell| cell.set(raw));
            }
            InitStep::Elements { segment, table, offset } => {
                let to = segments::evaluate(guest, offset).u64();
                let length = segments::element_count(guest, *segment);
                segments::table_init(core, instance, *table, *segment, [to, 0, length])?;
                segments::elem_drop(core, instance, *segment);
            }
            InitStep::ElementDrop { segment } => segments::elem_drop(core, instance, *segment),
            InitStep::Data { segment, memory, offset } => {
                let to = segments::evaluate(guest, offset).u64();
                let length = module.data[segment.index()].size;
                segments::memory_init(core, instance, *memory, *segment, [to, 0, length])?;
                segments::data_drop(core, instance, *segment);
            }
        }
    }
    Ok(())
}
