//! Memory flags: one set per kind of memory, each in an alias region of its
//! own, so that a store to the heap does not invalidate a loaded global.

use cranelift_codegen::ir::{
    AliasRegion, AliasRegionData, Endianness, Function, MemFlagsData, TrapCode,
};
use precast_artifact::trap;

/// The flags that translation uses.
#[derive(Clone, Copy)]
pub(super) struct Flags {
    heap: AliasRegion,
    globals: AliasRegion,
    tables: AliasRegion,
    definitions: AliasRegion,
    fuel: AliasRegion,
}

impl Flags {
    pub(super) fn new(func: &mut Function) -> Self {
        let mut region = |user_id, description: &'static str| {
            let description = description.into();
            func.dfg.alias_regions.insert(AliasRegionData { user_id, description })
        };
        Self {
            heap: region(0, "linear memory"),
            globals: region(1, "globals"),
            tables: region(2, "table elements"),
            definitions: region(3, "table and memory definitions"),
            fuel: region(4, "fuel"),
        }
    }

    /// Accesses of the guest to linear memory: may trap, any alignment.
    pub(super) fn heap(&self) -> MemFlagsData {
        MemFlagsData::new()
            .with_endianness(Endianness::Little)
            .with_trap_code(Some(code(trap::TrapCode::MemoryOutOfBounds)))
            .with_alias_region(Some(self.heap))
    }

    /// Globals, in the context or behind a pointer.
    pub(super) fn globals(&self) -> MemFlagsData {
        MemFlagsData::trusted()
            .with_endianness(Endianness::Little)
            .with_alias_region(Some(self.globals))
    }

    /// Elements of tables.
    pub(super) fn tables(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_alias_region(Some(self.tables))
    }

    /// Elements of tables that nothing writes.
    pub(super) fn private_tables(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_readonly().with_can_move()
    }

    /// Base and length of tables and memories: change at `grow`.
    pub(super) fn definitions(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_alias_region(Some(self.definitions))
    }

    /// The store's count of fuel.
    pub(super) fn fuel(&self) -> MemFlagsData {
        MemFlagsData::trusted()
            .with_endianness(Endianness::Little)
            .with_alias_region(Some(self.fuel))
    }

    /// Fields of the context that never change.
    pub(super) fn context(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_readonly().with_can_move()
    }

    /// Fields of a funcref record: never change, but the record's address may
    /// be null, so loads must stay behind the null check.
    pub(super) fn funcref(&self) -> MemFlagsData {
        MemFlagsData::trusted().with_readonly()
    }
}

/// A trap code as Cranelift carries it: our own number.
pub(crate) fn code(code: trap::TrapCode) -> TrapCode {
    TrapCode::user(code as u8).expect("trap codes are small and not zero")
}
