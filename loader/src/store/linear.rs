//! Linear memories: a reservation that never moves, accessible as far as the
//! memory has grown.
//!
//! ```text
//!   mapping start       base                base + length        base + reservation
//!   | front | context  | accessible        | inaccessible ...    | guard |
//! ```
//!
//! A context in front of a memory that its code need not compare with has the
//! inaccessible *front* before it, so that an index that the code generator
//! extended with its sign meets nothing.
//!
//! # Safety
//!
//! The base and the length are in a definition that machine code reads; it
//! lies in a context or belongs to the memory, and lives as long as that.
//! Slices of the contents exist only while no guest of the store runs.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::sys::buffer::Buffer;
use crate::sys::map::Mapping;
use crate::sys::page::{page_size, round_to_pages};
use crate::sys::spare::{self, Home, Spare};
use crate::vm::layout::Definition;
use crate::vm::matching::Space;
use precast_artifact::abi;
use precast_artifact::index::MemoryId;
use precast_artifact::types::MemoryType;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::{with_exposed_provenance, with_exposed_provenance_mut};

/// Inaccessible bytes before a context: as far as a 32-bit index that is taken
/// for negative reaches.
const FRONT: usize = 2 << 30;

/// A linear memory.
#[derive(Debug)]
pub(crate) struct LinearMemory {
    mapping: Mapping,
    /// Accessible bytes before the base: the context.
    context: usize,
    /// Bytes of the mapping before the base.
    prefix: usize,
    /// Accessible bytes from the base, whole pages.
    committed: usize,
    /// Where the address space goes when the memory is gone, with what was mapped.
    home: Option<Home>,
    /// Whether its initial contents are mapped, by itself or an earlier one.
    mapped: bool,
    /// Whether a part of the context is read-only.
    sealed: bool,
    /// Address of the definition.
    definition: usize,
    owned: Option<Box<Definition>>,
    ty: MemoryType,
    space: Space,
}

impl LinearMemory {
    /// A memory of the minimum size of `ty`, with at least `prefix` accessible
    /// bytes before the base, zero like the memory. One that is at home somewhere
    /// may have its contents already, see [`LinearMemory::map_contents`].
    pub(crate) fn new(
        ty: MemoryType,
        space: Space,
        prefix: usize,
        home: Option<Home>,
    ) -> Result<Self> {
        // Code relies on nothing beyond the reservation being accessible.
        let most = space.reservation.min(ty.max_bytes());
        let length = ty.min_bytes().filter(|length| *length <= most);
        let length = length.ok_or_else(|| {
            Error::no_room(format!("a {ty} is larger than the {most} bytes that can be reserved"))
        })? as usize;
        let what = || {
            let bytes = space.reservation;
            format!(
                "cannot reserve {bytes} bytes of address space (see `ulimit -v`; \
                 `compile --memory-model bounds` and `--memory-reservation` make do with less)"
            )
        };
        let front = match space.reservation >= abi::MEMORY32_RESERVATION && prefix != 0 {
            true => FRONT,
            false => 0,
        };
        let rounded = || {
            let total = usize::try_from(space.reservation.checked_add(space.guard)?).ok()?;
            let prefix = round_to_pages(prefix)?;
            let committed = round_to_pages(length)?;
            Some((prefix, front.checked_add(prefix)?.checked_add(total)?, committed))
        };
        let (context, total, committed) = rounded().ok_or_else(|| Error::no_room(what()))?;
        let (room, mapped) = match home.as_ref().and_then(spare::take) {
            Some(room) => (room, true),
            None => {
                let mapping = spare::reserve(total).map_err(Error::system(what()))?;
                mapping.commit(front, context + committed).map_err(Error::system(what()))?;
                (Spare { mapping, context, prefix: front + context, committed }, false)
            }
        };
        let Spare { mapping, context, prefix, committed } = room;
        let (definition, owned, sealed) = (0, None, false);
        let mut memory = Self {
            mapping,
            context,
            prefix,
            committed,
            home,
            mapped,
            sealed,
            definition,
            owned,
            ty,
            space,
        };
        memory.define(None, length);
        Ok(memory)
    }

    /// Makes the pages read-only that lie wholly in `range`, in bytes before the
    /// base: the lowest part of the context, which does not change any more, and
    /// the rest of its page.
    pub(crate) fn seal_context(&mut self, range: Range<usize>) -> io::Result<()> {
        let most = round_to_pages(range.end).unwrap_or(range.end);
        self.sealed = true;
        self.mapping.seal(self.prefix - most, most - range.start)
    }

    /// Moves the definition to the context field at `address`.
    ///
    /// # Safety
    ///
    /// The field lives as long as the memory.
    pub(crate) unsafe fn define_at(&mut self, address: usize) {
        let length = self.length();
        self.define(Some(address), length);
    }

    fn define(&mut self, address: Option<usize>, length: usize) {
        let definition = Definition { base: self.base(), length };
        match address {
            Some(address) => {
                // SAFETY: a definition field, by the promise of `define_at`.
                unsafe { with_exposed_provenance_mut::<Definition>(address).write(definition) };
                (self.definition, self.owned) = (address, None);
            }
            None => {
                let owned = self.owned.insert(Box::new(definition));
                self.definition = (&raw mut **owned).expose_provenance();
            }
        }
    }

    /// Address of the first byte.
    pub(crate) fn base(&self) -> usize {
        self.mapping.base() + self.prefix
    }

    /// Size in bytes.
    pub(crate) fn length(&self) -> usize {
        // SAFETY: the definition is alive; the guest writes it only by calls
        // of builtins.
        unsafe { (*with_exposed_provenance::<Definition>(self.definition)).length }
    }

    /// Bytes of address space from the base on, with the guard.
    pub(crate) fn reserved(&self) -> u64 {
        self.space.reservation.saturating_add(self.space.guard)
    }

    /// Size in pages of the memory's type.
    pub(crate) fn pages(&self) -> u64 {
        self.length() as u64 >> self.ty.page_size_log2
    }

    /// The type, with the present size as its minimum.
    pub(crate) fn ty(&self) -> MemoryType {
        let mut ty = self.ty;
        ty.limits.min = self.pages();
        ty
    }

    /// Address space that is reserved for it.
    pub(crate) fn space(&self) -> Space {
        self.space
    }

    /// Address of the definition.
    pub(crate) fn definition(&self) -> usize {
        self.definition
    }

    /// Size in bytes after growing by `delta` pages, if type and reservation
    /// allow it.
    pub(crate) fn grown(&self, delta: u64) -> Option<usize> {
        let bytes = self.grown_type(delta)?;
        (bytes <= self.space.reservation).then_some(bytes as usize)
    }

    /// The reservation, if that alone keeps the memory from growing.
    pub(crate) fn lacks_reservation(&self, delta: u64) -> Option<u64> {
        let bytes = self.grown_type(delta)?;
        (bytes > self.space.reservation).then_some(self.space.reservation)
    }

    /// Size in bytes after growing by `delta` pages, if the type allows it.
    fn grown_type(&self, delta: u64) -> Option<u64> {
        let pages = self.pages().checked_add(delta)?;
        let bytes = pages.checked_mul(self.ty.page_size())?;
        (bytes <= self.ty.max_bytes()).then_some(bytes)
    }

    /// Grows to `length` bytes, which [`LinearMemory::grown`] has allowed.
    pub(crate) fn grow_to(&mut self, length: usize) -> io::Result<()> {
        let committed = round_to_pages(length).ok_or(io::ErrorKind::OutOfMemory)?;
        if committed > self.committed {
            let start = self.prefix + self.committed;
            self.mapping.commit(start, committed - self.committed)?;
            self.committed = committed;
        }
        self.set_length(length);
        Ok(())
    }

    /// Maps initial contents from a file, copied on write, unless they are there.
    /// Bytes after `len` on its last page are zero.
    pub(crate) fn map_contents(
        &mut self,
        address: u64,
        file: &File,
        at: u64,
        len: u64,
    ) -> io::Result<()> {
        let (start, len) = (address as usize, len as usize);
        if start.checked_add(len).is_none_or(|end| end > self.committed) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        if !self.mapped {
            // SAFETY: the memory is new, nothing refers to its contents.
            unsafe { self.mapping.overlay(self.prefix + start, len, file, at)? };
        }
        self.clear_tail(address, len as u64);
        Ok(())
    }

    /// Takes note that all initial contents are there.
    pub(crate) fn contents_are_mapped(&mut self) {
        self.mapped = true;
    }

    /// Zeroes what follows contents that [`LinearMemory::map_contents`] mapped on
    /// their last page, where the file goes on.
    pub(crate) fn clear_tail(&mut self, address: u64, len: u64) {
        let end = (address + len) as usize;
        let tail = end % page_size();
        if tail != 0 {
            let end = with_exposed_provenance_mut::<u8>(self.base() + end);
            // SAFETY: the rest of a page that was mapped for the contents, and
            // `&mut self` excludes slices.
            unsafe { end.write_bytes(0, page_size() - tail) };
        }
    }

    /// Makes it as it was when its contents had been mapped: of the minimum size of
    /// its type, zero but where a file shows.
    pub(crate) fn reset(&mut self) -> io::Result<()> {
        let length = self.ty.min_bytes().unwrap_or_default() as usize;
        let committed = round_to_pages(length).ok_or(io::ErrorKind::OutOfMemory)?;
        self.mapping.discard(self.prefix, self.committed)?;
        if self.committed > committed {
            self.mapping.withdraw(self.prefix + committed, self.committed - committed)?;
            self.committed = committed;
        }
        self.set_length(length);
        Ok(())
    }

    fn set_length(&mut self, length: usize) {
        // SAFETY: the definition is alive.
        let definition =
            unsafe { &mut *with_exposed_provenance_mut::<Definition>(self.definition) };
        definition.length = length;
    }

    /// Copies initial contents. What lies beyond the size is padding.
    pub(crate) fn copy_contents(&mut self, address: u64, bytes: &[u8]) {
        let room = (self.length() as u64).saturating_sub(address);
        let bytes = &bytes[..room.min(bytes.len() as u64) as usize];
        let written = self.write(address, bytes);
        debug_assert!(written.is_some() || bytes.is_empty(), "as much as there is room for");
    }

    /// Whether a fault at `address` is an access beyond the memory's size.
    pub(crate) fn guards(&self, address: usize) -> bool {
        // A machine may report the first byte of an access that straddles the
        // end, so up to a vector's width before it counts.
        let start = self.base() + self.committed.saturating_sub(16);
        (start..self.mapping.base() + self.mapping.len()).contains(&address)
    }

    /// `memory.fill`; `None` beyond the end.
    pub(crate) fn fill(&mut self, address: u64, value: u8, length: u64) -> Option<()> {
        let (start, length) = self.checked(address, length)?;
        // SAFETY: inside the memory, and `&mut self` excludes slices.
        unsafe { with_exposed_provenance_mut::<u8>(start).write_bytes(value, length) };
        Some(())
    }

    /// Writes bytes; `None` beyond the end.
    pub(crate) fn write(&mut self, address: u64, bytes: &[u8]) -> Option<()> {
        let (start, length) = self.checked(address, bytes.len() as u64)?;
        let to = with_exposed_provenance_mut::<u8>(start);
        // SAFETY: inside the memory, and `&mut self` excludes slices of it.
        unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), length) };
        Some(())
    }

    /// `memory.copy` between two memories, or inside one; `None` beyond an
    /// end.
    pub(crate) fn copy(
        memories: &mut [Self],
        (to, to_address): (MemoryId, u64),
        (from, from_address): (MemoryId, u64),
        length: u64,
    ) -> Option<()> {
        let (target, _) = memories[to.index()].checked(to_address, length)?;
        let (source, length) = memories[from.index()].checked(from_address, length)?;
        let source = with_exposed_provenance::<u8>(source);
        // SAFETY: both ranges are inside memories, and `&mut` excludes slices.
        unsafe { source.copy_to(with_exposed_provenance_mut(target), length) };
        Some(())
    }

    /// Whether a range lies in the memory.
    pub(crate) fn holds(&self, address: u64, length: u64) -> bool {
        self.checked(address, length).is_some()
    }

    /// Address and length of a range of the contents.
    fn checked(&self, address: u64, length: u64) -> Option<(usize, usize)> {
        let end = address.checked_add(length)?;
        (end <= self.length() as u64).then(|| (self.base() + address as usize, length as usize))
    }

    /// The contents.
    ///
    /// # Safety
    ///
    /// No guest of the store runs while the slice exists.
    pub(crate) unsafe fn bytes<'a>(&self) -> &'a [u8] {
        // SAFETY: base and length describe accessible memory.
        unsafe { std::slice::from_raw_parts(with_exposed_provenance(self.base()), self.length()) }
    }

    /// The contents, as memory that others may change.
    ///
    /// # Safety
    ///
    /// The memory lives for `'a`, and slices of it are not used meanwhile.
    pub(crate) unsafe fn buffer<'a>(&self) -> Buffer<'a> {
        // SAFETY: base and length describe accessible memory, which neither
        // moves nor shrinks.
        unsafe { Buffer::from_raw(with_exposed_provenance_mut(self.base()), self.length()) }
    }

    /// The contents, to write.
    ///
    /// # Safety
    ///
    /// No guest of the store runs while the slice exists, and there is no
    /// other slice.
    pub(crate) unsafe fn bytes_mut<'a>(&self) -> &'a mut [u8] {
        let base = with_exposed_provenance_mut(self.base());
        // SAFETY: base and length describe accessible memory.
        unsafe { std::slice::from_raw_parts_mut(base, self.length()) }
    }
}

impl Drop for LinearMemory {
    fn drop(&mut self) {
        let Some(home) = self.home.take().filter(|_| self.mapped) else { return };
        let start = self.prefix - self.context;
        if self.sealed && self.mapping.commit(start, self.context).is_err() {
            return;
        }
        let Some(length) = self.ty.min_bytes().and_then(|bytes| round_to_pages(bytes as usize))
        else {
            return;
        };
        let mapping = std::mem::replace(&mut self.mapping, Mapping::nothing());
        let (context, prefix, committed) = (self.context, self.prefix, self.committed);
        // The definition may be gone with its context; nobody else is left.
        spare::give(home, Spare { mapping, context, prefix, committed }, length);
    }
}
