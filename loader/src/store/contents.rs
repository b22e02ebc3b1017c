//! What stands in a store, and operations on it that keep its limits.

use crate::artifact::image::Image;
use crate::error::{Error, Result};
use crate::limit::LimitKind;
use crate::store::activations::Activations;
use crate::store::elements::TableElements;
use crate::store::exceptions::Exceptions;
use crate::store::host::{HostBinding, HostFuture};
use crate::store::instance::InstanceState;
use crate::store::limits::{Limits, allow};
use crate::store::linear::LinearMemory;
use crate::sys::registers::Landing;
use crate::sys::spare::Home;
use crate::vm::handle::StoreId;
use crate::vm::layout::StoreBlock;
use crate::vm::matching::Space;
use crate::vm::types::{Held, TableType};
use precast_artifact::index::{InstanceId, MemoryId, TableId, TypeId};
use precast_artifact::module::Module;
use precast_artifact::types::MemoryType;
use std::any::Any;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};

/// All but the host's data.
#[repr(C)]
pub(crate) struct StoreCore {
    /// What machine code reads.
    pub(crate) block: StoreBlock,
    pub(crate) id: StoreId,
    pub(crate) limits: Limits,
    /// Whether fuel is limited.
    limits_fuel: bool,
    /// Whether a trap ends the process.
    pub(crate) abort_on_trap: bool,
    /// Those that are not in the block's chain.
    pub(crate) activations: Activations,
    /// Boxed: contexts point to them.
    #[allow(clippy::vec_box)]
    pub(crate) instances: Vec<Box<InstanceState>>,
    pub(crate) memories: Vec<LinearMemory>,
    /// The reservation that a memory last wanted to grow beyond.
    pub(crate) short_reservation: Option<u64>,
    pub(crate) tables: Vec<TableElements>,
    /// The last limit that a guest reached and was told of.
    pub(crate) limit_reached: Option<LimitKind>,
    /// Globals of instances and the host.
    pub(crate) global_count: u64,
    /// Types of the modules of instances.
    pub(crate) type_count: u64,
    /// Values of globals that the host made.
    #[allow(clippy::vec_box)]
    pub(crate) globals: Vec<Box<UnsafeCell<u128>>>,
    /// Types of the exception tags; a tag's identity is its address.
    #[allow(clippy::vec_box)]
    pub(crate) tags: Vec<Box<TypeId>>,
    /// The types that what the host made refers to.
    pub(crate) held: Vec<Held>,
    pub(crate) exceptions: Exceptions,
    /// Where the exception in flight goes on, for the builtin's stub to read.
    pub(crate) landing: Landing,
    /// Host functions that no instance imports.
    #[allow(clippy::vec_box)]
    pub(crate) hosts: Vec<Box<HostBinding>>,
    /// What is kept of each component instance; its type is that of the room
    /// that makes them.
    pub(crate) components: Vec<Box<dyn Any + Send + Sync>>,
    /// What [`ExternRef`](crate::ExternRef)s refer to.
    pub(crate) externs: Vec<Box<dyn Any + Send + Sync>>,
    /// What the host function that was pending last waits for.
    pub(crate) awaited: Option<HostFuture>,
    /// The same, of a component's import; its type is that of the module that
    /// makes such functions.
    pub(crate) awaited_import: Option<Box<dyn Any + Send>>,
    /// Error of the host function that ended a call, until that returns.
    pub(crate) error: Option<Error>,
    /// Panic of the host function that ended a call, until that returns.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
}

impl StoreCore {
    /// Nothing but an identity and limits.
    pub(crate) fn new(limits: Limits) -> Self {
        let mut core = Self {
            block: StoreBlock::new(),
            id: Self::next_id(),
            limits_fuel: false,
            limits,
            abort_on_trap: false,
            activations: Activations::default(),
            instances: Vec::new(),
            memories: Vec::new(),
            short_reservation: None,
            tables: Vec::new(),
            limit_reached: None,
            global_count: 0,
            type_count: 0,
            globals: Vec::new(),
            tags: Vec::new(),
            held: Vec::new(),
            exceptions: Exceptions::default(),
            landing: Landing::default(),
            hosts: Vec::new(),
            components: Vec::new(),
            externs: Vec::new(),
            awaited: None,
            awaited_import: None,
            error: None,
            panic: None,
        };
        core.set_fuel(core.limits.fuel);
        core
    }

    /// Gives it this much fuel in place of what is left, or as much as is wanted.
    pub(crate) fn set_fuel(&mut self, units: Option<u64>) {
        self.limits_fuel = units.is_some();
        // More than this is never used up.
        let units = units.map(|units| i64::try_from(units).unwrap_or(i64::MAX));
        self.block.fuel = units.map_or(i64::MIN, |units| !units);
    }

    /// What is left of the fuel, if that is limited.
    pub(crate) fn fuel(&self) -> Option<u64> {
        self.limits_fuel.then_some(u64::try_from(!self.block.fuel).unwrap_or(0))
    }

    /// Whether a guest has done what was not paid for. Its code looks now and then;
    /// where it is left, that must be looked at.
    #[inline]
    pub(crate) fn is_out_of_fuel(&self) -> bool {
        self.block.fuel >= 0
    }

    /// Fails for an artifact whose code would run without fuel though that is limited.
    pub(crate) fn allow_image(&self, image: &Image) -> Result<()> {
        match self.limits_fuel && !image.counts_fuel() {
            false => Ok(()),
            true => Err(Error::usage(
                "the store has limited fuel, and the artifact's code does not count its work: \
                 compile the module with `--fuel`",
            )),
        }
    }

    /// An identity that no store has had.
    pub(crate) fn next_id() -> StoreId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        StoreId(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Address of the store block.
    pub(crate) fn block_address(&mut self) -> usize {
        (&raw mut self.block).expose_provenance()
    }

    /// Whether the guest that stands in a builtin shall stop.
    #[inline]
    pub(crate) fn interrupted(&mut self) -> bool {
        self.activations.interrupted(&mut self.block)
    }

    /// Fails if a handle is of another store.
    #[inline]
    pub(crate) fn owns(&self, store: StoreId) -> Result<()> {
        match store == self.id {
            true => Ok(()),
            false => Err(Error::usage("an item of one store was used with another")),
        }
    }

    /// Panics if a handle is of another store.
    pub(crate) fn assert_owns(&self, store: StoreId) {
        assert!(store == self.id, "an item of one store was used with another");
    }

    /// Adds a memory of the minimum size of its type; see
    /// [`LinearMemory::new`]. Its index.
    ///
    /// # Errors
    ///
    /// A limit of the store, or the system has no room.
    pub(crate) fn new_memory(
        &mut self,
        ty: MemoryType,
        space: Space,
        prefix: usize,
        home: Option<Home>,
    ) -> Result<MemoryId> {
        allow(LimitKind::Memories, self.memories.len() as u64, 1, self.limits.memories)?;
        let reserved = self.memories.iter().map(LinearMemory::reserved).sum();
        let wanted = space.reservation.saturating_add(space.guard);
        allow(LimitKind::AddressSpace, reserved, wanted, self.limits.address_space)?;
        self.allow_memory(ty.min_bytes().unwrap_or(u64::MAX))?;
        self.memories.push(LinearMemory::new(ty, space, prefix, home)?);
        Ok(MemoryId::from_index(self.memories.len() - 1))
    }

    /// Adds a table of nulls, of the minimum size of its type. Its index.
    ///
    /// # Errors
    ///
    /// A limit of the store, or the system has no memory.
    pub(crate) fn new_table(&mut self, ty: TableType) -> Result<TableId> {
        allow(LimitKind::Tables, self.tables.len() as u64, 1, self.limits.tables)?;
        self.allow_elements(ty.limits.min)?;
        self.tables.push(TableElements::new(ty)?);
        Ok(TableId::from_index(self.tables.len() - 1))
    }

    /// Fails when `bytes` more of memory would exceed the limit.
    fn allow_memory(&self, bytes: u64) -> Result<()> {
        let used = self.memories.iter().map(|m| m.length() as u64).sum();
        allow(LimitKind::MemoryBytes, used, bytes, self.limits.memory_bytes)
    }

    /// Grows a memory: the old size in pages.
    ///
    /// # Errors
    ///
    /// Type, limits or the system do not allow it.
    pub(crate) fn try_grow_memory(&mut self, index: MemoryId, delta: u64) -> Result<u64> {
        let what = || format!("growing a memory by {delta} pages");
        let memory = &self.memories[index.index()];
        let old = memory.pages();
        let Some(length) = memory.grown(delta) else {
            self.short_reservation = memory.lacks_reservation(delta).or(self.short_reservation);
            return Err(Error::no_room(what()));
        };
        self.allow_memory((length - memory.length()) as u64)?;
        let grown = self.memories[index.index()].grow_to(length);
        grown.map(|()| old).map_err(Error::system(what()))
    }

    /// As [`Self::try_grow_memory`], for guests: `None` where that fails.
    pub(crate) fn grow_memory(&mut self, index: MemoryId, delta: u64) -> Option<u64> {
        let grown = self.try_grow_memory(index, delta);
        self.told(grown)
    }

    /// Fails when `count` more table elements would exceed the limit.
    fn allow_elements(&self, count: u64) -> Result<()> {
        let used = self.tables.iter().map(TableElements::size).sum();
        allow(LimitKind::TableElements, used, count, self.limits.table_elements)
    }

    /// Grows a table: the old size.
    ///
    /// # Errors
    ///
    /// Type, limits or the system do not allow it.
    pub(crate) fn try_grow_table(&mut self, index: TableId, delta: u64, value: u64) -> Result<u64> {
        self.allow_elements(delta)?;
        let grown = self.tables[index.index()].grow(delta, value);
        grown.ok_or_else(|| Error::no_room(format!("growing a table by {delta} elements")))
    }

    /// As [`Self::try_grow_table`], for guests: `None` where that fails.
    pub(crate) fn grow_table(&mut self, index: TableId, delta: u64, value: u64) -> Option<u64> {
        let grown = self.try_grow_table(index, delta, value);
        self.told(grown)
    }

    /// What a guest is told, who hears of no limits.
    fn told(&mut self, result: Result<u64>) -> Option<u64> {
        result.map_err(|error| self.limit_reached = error.limit().or(self.limit_reached)).ok()
    }

    /// Fails when another instance would exceed the limit.
    pub(crate) fn allow_instance(&self) -> Result<()> {
        allow(LimitKind::Instances, self.instances.len() as u64, 1, self.limits.instances)
    }

    /// Counts more globals, unless they would exceed the limit.
    pub(crate) fn allow_globals(&mut self, count: u64) -> Result<()> {
        allow(LimitKind::Globals, self.global_count, count, self.limits.globals)?;
        self.global_count += count;
        Ok(())
    }

    /// Counts more types, unless they would exceed the limit.
    pub(crate) fn allow_types(&mut self, count: u64) -> Result<()> {
        allow(LimitKind::Types, self.type_count, count, self.limits.types)?;
        self.type_count += count;
        Ok(())
    }

    /// The first instance of a module.
    pub(crate) fn instance_of(&self, image: &Image, module: &Module) -> Option<InstanceId> {
        let is_one = |guest: &&InstanceState| {
            std::ptr::eq(&raw const *guest.image, image) && std::ptr::eq(guest.module().0, module)
        };
        self.instances.iter().map(Box::as_ref).find(is_one).map(|guest| guest.index)
    }

    /// Whether a fault at `address` is an access beyond the end of a memory.
    pub(crate) fn guards(&self, address: usize) -> bool {
        self.memories.iter().any(|memory| memory.guards(address))
    }

    /// The entry stub for functions of a type, from any instance that has one.
    pub(crate) fn entry_stub(&self, ty: TypeId) -> Option<usize> {
        self.instances.iter().find_map(|guest| {
            let (module, info) = guest.module();
            Some(guest.image.code(module, info.entry_stub(ty)?))
        })
    }

    /// The host-call stub for a type, from any instance that has one.
    pub(crate) fn host_stub(&self, ty: TypeId) -> Option<usize> {
        self.instances.iter().find_map(|guest| {
            let (module, info) = guest.module();
            Some(guest.image.code(module, info.host_stub(ty)?))
        })
    }
}
