//! Making a store as it was when its instance was new, without the system calls
//! that a new one takes.
//!
//! What the last owner held of the store must mean nothing any more: the store gets
//! another identity, which every handle is compared with, and what handles could
//! lead to is freed only then.
//!
//! # Safety
//!
//! The values of globals are bytes of the context, where the module's layout has
//! them; they are written when no guest runs.
#![allow(unsafe_code)]

use crate::store::contents::StoreCore;
use crate::store::exceptions::Exceptions;
use crate::store::instance::InstanceState;
use crate::sys::registers::Landing;
use precast_artifact::index::InstanceId;
use std::io;
use std::ptr::{with_exposed_provenance, with_exposed_provenance_mut};
use std::sync::atomic::Ordering;

/// What a store is reset to.
#[derive(Debug)]
pub(crate) struct Mark {
    instance: InstanceId,
    /// Values of the instance's globals before its initialisation plan ran.
    values: Box<[u8]>,
    instances: usize,
    memories: usize,
    tables: usize,
    globals: u64,
    tags: usize,
}

impl Mark {
    /// A store whose one instance was made and not initialised, which nobody else
    /// has seen.
    pub(crate) fn new(core: &StoreCore, instance: InstanceId) -> Self {
        let (start, len) = values(&core.instances[instance.index()]);
        // SAFETY: initialised bytes of the context, which lives as long as the store.
        let values = unsafe { std::slice::from_raw_parts(with_exposed_provenance(start), len) };
        Self {
            instance,
            values: values.into(),
            instances: core.instances.len(),
            memories: core.memories.len(),
            tables: core.tables.len(),
            globals: core.global_count,
            tags: core.tags.len(),
        }
    }
}

/// Address and number of the bytes of an instance's globals.
fn values(guest: &InstanceState) -> (usize, usize) {
    let layout = &guest.module().1.layout;
    let range = layout.values();
    (guest.context.0 - layout.size() as usize + range.start, range.len())
}

impl StoreCore {
    /// Makes it as it was at the mark, of this store. What the image of a memory does
    /// not show, and the initialisation plan, is left to do.
    ///
    /// # Errors
    ///
    /// The system refused; the store is of no use any more.
    pub(crate) fn reset(&mut self, mark: &Mark) -> io::Result<()> {
        assert!(self.block.activation.is_null(), "no call is in the store");
        self.id = Self::next_id();
        self.activations.reset()?;
        // Nobody has its address now.
        self.block.interrupt.store(0, Ordering::Relaxed);
        self.instances.truncate(mark.instances);
        self.memories.truncate(mark.memories);
        self.tables.truncate(mark.tables);
        self.tags.truncate(mark.tags);
        self.global_count = mark.globals;
        self.globals.clear();
        self.held.clear();
        self.hosts.clear();
        self.components.clear();
        self.externs.clear();
        self.exceptions = Exceptions::default();
        self.landing = Landing::default();
        self.abort_on_trap = false;
        self.set_fuel(self.limits.fuel);
        (self.short_reservation, self.limit_reached) = (None, None);
        (self.awaited, self.awaited_import) = (None, None);
        (self.error, self.panic) = (None, None);
        self.memories.iter_mut().try_for_each(|memory| memory.reset())?;
        self.tables.iter_mut().for_each(|table| table.reset());
        let guest = &mut self.instances[mark.instance.index()];
        guest.dropped_data.clear();
        guest.dropped_elements.clear();
        let (start, len) = values(guest);
        debug_assert_eq!(len, mark.values.len());
        let to = with_exposed_provenance_mut::<u8>(start);
        // SAFETY: the values of the instance that the mark was made of.
        unsafe { to.copy_from_nonoverlapping(mark.values.as_ptr(), mark.values.len()) };
        Ok(())
    }
}
