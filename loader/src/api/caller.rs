//! What a host function is given: the store, and who calls.

use crate::api::externs::{self, Extern};
use crate::api::memory;
use crate::error::Result;
use crate::stop::halt;
use crate::store::access::{AsStore, StoreMut, StoreRef};
use crate::store::activations::chain;
use crate::store::interrupts::{InterruptHandle, Interrupts};
use crate::sys::buffer::Buffer;
use crate::sys::interrupt;
use crate::vm::handle::Memory;
use precast_artifact::index::InstanceId;
use std::sync::Arc;

/// The store, as a host function sees it, and the instance that calls.
pub struct Caller<'a, T> {
    store: StoreMut<'a, T>,
    instance: Option<InstanceId>,
}

impl<'a, T> Caller<'a, T> {
    pub(crate) fn new(store: StoreMut<'a, T>, instance: Option<InstanceId>) -> Self {
        Self { store, instance }
    }

    /// The same caller for a shorter time, to pass on.
    pub fn by_ref(&mut self) -> Caller<'_, T> {
        Caller { store: self.store.as_store_mut(), instance: self.instance }
    }

    /// A handle with which any thread can stop the call into guests that led
    /// here. `None` when the host itself called the function.
    pub fn interrupt_handle(&mut self) -> Option<InterruptHandle> {
        let core = self.store.core();
        let generation = chain(&core.block).next()?.generation;
        // Where that fails, the call is stopped when it returns to the host.
        let _ = interrupt::prepare_thread(halt::decide);
        Some(core.activations.interrupt_handle(&core.block, generation))
    }

    /// What the store shares with those who may stop it.
    pub(crate) fn interruptible(&mut self) -> Option<&Arc<Interrupts>> {
        self.store.core().activations.interruptible()
    }

    /// As [`Store::set_fuel`](crate::Store::set_fuel), while a guest runs.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn set_fuel(&mut self, units: u64) -> Result<()> {
        self.store.set_fuel(units)
    }

    /// As [`Store::fuel`](crate::Store::fuel): what the guest has left.
    pub fn fuel(&self) -> Option<u64> {
        self.as_store().fuel()
    }

    /// The host's data.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The host's data.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// An export of the instance that imported this function. `None` if it
    /// has no such export, and for functions that were called through a
    /// reference and not an import.
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        let instance = self.instance?;
        externs::export(self.store.core(), instance, name)
    }

    /// As [`Caller::get_export`], for a memory.
    pub fn get_memory(&mut self, name: &str) -> Option<Memory> {
        match self.get_export(name)? {
            Extern::Memory(memory) => Some(memory),
            _ => None,
        }
    }

    /// The memory that the calling instance exports as `memory`, empty if
    /// there is none, and the host's data.
    pub(crate) fn exported_memory(&mut self) -> (Buffer<'_>, &mut T) {
        memory::exported(self.store.as_store_mut(), self.instance)
    }
}

impl<T> AsStore for Caller<'_, T> {
    type Data = T;

    fn as_store_mut(&mut self) -> StoreMut<'_, T> {
        self.store.as_store_mut()
    }

    fn as_store(&self) -> StoreRef<'_, T> {
        self.store.as_store()
    }
}
