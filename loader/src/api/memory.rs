//! Memories, as the host uses them.
//!
//! # Safety
//!
//! Slices of a memory borrow the store, so no guest runs while they exist.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::store::access::{AsStore, StoreMut};
use crate::store::contents::StoreCore;
use crate::store::linear::LinearMemory;
use crate::sys::buffer::Buffer;
use crate::vm::handle::Memory;
use crate::vm::matching::{self, Space};
use precast_artifact::abi;
use precast_artifact::index::InstanceId;
use precast_artifact::trap::TrapCode;
use precast_artifact::types::MemoryType;

impl Memory {
    /// Makes a memory of the minimum size of `ty`, which guests can import.
    ///
    /// # Errors
    ///
    /// There is no such type; a limit of the store; the system has no room.
    pub fn new(store: &mut impl AsStore, ty: MemoryType) -> Result<Self> {
        let (reservation, guard) = match ty.index64 {
            true => (abi::MEMORY64_RESERVATION, abi::MEMORY_GUARD),
            false => (abi::MEMORY32_RESERVATION, 0),
        };
        Self::in_space(store, ty, Space { reservation, guard })
    }

    /// As [`Memory::new`], but takes only `reservation` bytes of address
    /// space, and cannot grow beyond them. Guests can import it if they were
    /// compiled with the memory model `bounds`.
    ///
    /// # Errors
    ///
    /// As for [`Memory::new`], and when the minimum size is larger.
    pub fn with_reservation(
        store: &mut impl AsStore,
        ty: MemoryType,
        reservation: u64,
    ) -> Result<Self> {
        // A mapping is never empty.
        let reservation = reservation.max(1);
        Self::in_space(store, ty, Space { reservation, guard: 0 })
    }

    fn in_space(store: &mut impl AsStore, ty: MemoryType, space: Space) -> Result<Self> {
        if !matches!(ty.page_size_log2, 0 | 16) {
            let log2 = ty.page_size_log2;
            return Err(Error::usage(format!(
                "pages of 2^{log2} bytes: memories have 1 or 64 KiB"
            )));
        }
        if ty.shared {
            return Err(Error::usage("memories shared between threads are not supported"));
        }
        let bits = if ty.index64 { 64 } else { 32 };
        let most = 1u128 << (bits - u32::from(ty.page_size_log2));
        let most = most.try_into().unwrap_or(u64::MAX);
        matching::limited(&ty.limits, most).map_err(Error::Usage)?;
        let mut access = store.as_store_mut();
        let core = access.core();
        let index = core.new_memory(ty, space, 0, None)?;
        Ok(Self { store: core.id, index })
    }

    /// Its type, with the present size as the minimum.
    ///
    /// # Panics
    ///
    /// As all methods here but those that return errors: if the memory is of
    /// another store.
    pub fn ty(&self, store: &impl AsStore) -> MemoryType {
        self.inner(store.as_store().core()).ty()
    }

    /// Its size in pages, of 64 KiB unless its type says otherwise.
    pub fn size(&self, store: &impl AsStore) -> u64 {
        self.inner(store.as_store().core()).pages()
    }

    /// Its contents.
    pub fn data<'a>(&self, store: &'a impl AsStore) -> &'a [u8] {
        // SAFETY: the slice borrows the store.
        unsafe { self.inner(store.as_store().core()).bytes() }
    }

    /// Its contents, to write.
    pub fn data_mut<'a>(&self, store: &'a mut impl AsStore) -> &'a mut [u8] {
        self.data_and_store_mut(store).0
    }

    /// Its contents and the host's data, at once.
    pub fn data_and_store_mut<'a, S: AsStore>(
        &self,
        store: &'a mut S,
    ) -> (&'a mut [u8], &'a mut S::Data) {
        let (core, data) = store.as_store_mut().parts();
        // SAFETY: the slice borrows the store, exclusively.
        (unsafe { self.inner(core).bytes_mut() }, data)
    }

    /// Copies bytes out, from `address` on.
    ///
    /// # Errors
    ///
    /// The range leaves the memory; then nothing was copied.
    pub fn read(&self, store: &impl AsStore, address: u64, buffer: &mut [u8]) -> Result<()> {
        let data = self.data(store);
        let range = range(address, buffer.len(), data.len())?;
        buffer.copy_from_slice(&data[range]);
        Ok(())
    }

    /// Copies bytes in, from `address` on.
    ///
    /// # Errors
    ///
    /// The range leaves the memory; then nothing was copied.
    pub fn write(&self, store: &mut impl AsStore, address: u64, bytes: &[u8]) -> Result<()> {
        let data = self.data_mut(store);
        let range = range(address, bytes.len(), data.len())?;
        data[range].copy_from_slice(bytes);
        Ok(())
    }

    /// Grows it by `pages`; returns the old size in pages.
    ///
    /// # Errors
    ///
    /// Its type or the store's limits do not allow it, or the system has no
    /// memory.
    pub fn grow(&self, store: &mut impl AsStore, pages: u64) -> Result<u64> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        core.try_grow_memory(self.index, pages)
    }

    fn inner<'a>(&self, core: &'a StoreCore) -> &'a LinearMemory {
        core.assert_owns(self.store);
        &core.memories[self.index.index()]
    }
}

/// The memory that an instance exports as `memory`, empty if there is none, and
/// the host's data.
pub(crate) fn exported<T>(
    access: StoreMut<'_, T>,
    instance: Option<InstanceId>,
) -> (Buffer<'_>, &mut T) {
    let (core, data) = access.parts();
    let memory = instance.and_then(|instance| {
        let guest = &core.instances[instance.index()];
        let index = guest.module().1.exported_memory?;
        Some(&core.memories[guest.memories[index.index()].index()])
    });
    let bytes = match memory {
        // SAFETY: the buffer borrows the store, exclusively, which owns the
        // memory; slices would borrow it too.
        Some(memory) => unsafe { memory.buffer() },
        None => Buffer::EMPTY,
    };
    (bytes, data)
}

/// A memory of the store, or nothing, as the system reads and writes it, and the
/// host's data.
pub(crate) fn buffer<T>(access: StoreMut<'_, T>, memory: Option<Memory>) -> (Buffer<'_>, &mut T) {
    let (core, data) = access.parts();
    let bytes = match memory {
        Some(memory) => {
            core.assert_owns(memory.store);
            // SAFETY: the buffer borrows the store, exclusively, which owns the
            // memory; slices would borrow it too.
            unsafe { core.memories[memory.index.index()].buffer() }
        }
        None => Buffer::EMPTY,
    };
    (bytes, data)
}

fn range(address: u64, len: usize, size: usize) -> Result<std::ops::Range<usize>> {
    let end = address.checked_add(len as u64).filter(|end| *end <= size as u64);
    let end = end.ok_or(TrapCode::MemoryOutOfBounds)?;
    Ok(address as usize..end as usize)
}
