//! Address space of memories that are gone, kept for the next instance of the
//! same module.
//!
//! Reserving address space, making a part of it accessible, mapping the image of
//! a memory, touching the first page of the context, and unmapping it all again
//! takes some 20 µs; making what is mapped already as it was takes one. So the
//! newest few memories of a process are cleaned and kept, with the image of their
//! contents over them. Nothing that a guest has written is left in them.
//!
//! # Safety
//!
//! Whoever gives a memory away has no reference into it.
#![allow(unsafe_code)]

use crate::sys::map::Mapping;
use precast_artifact::index::{MemoryIndex, ModuleIndex};
use std::io;
use std::ptr::with_exposed_provenance_mut;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// How many are kept in a process.
const MOST: usize = 8;

/// Accessible bytes of the largest that are kept: what was touched is given back,
/// but for the tables of its pages.
const LARGEST: usize = 64 << 20;

/// Contexts of no more bytes are overwritten with zeros, and stay in memory.
const OVERWRITTEN: usize = 16 << 10;

/// The newest last.
static SPARES: Mutex<Vec<(Home, Spare)>> = Mutex::new(Vec::new());

/// What makes one memory as good as another: the image, and which memory of it.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    owner: Weak<Identity>,
    module: ModuleIndex,
    memory: MemoryIndex,
}

/// Address space with the contents of a memory in it.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(crate) mapping: Mapping,
    /// Accessible bytes before the base: a context.
    pub(crate) context: usize,
    /// Bytes of the mapping before the base.
    pub(crate) prefix: usize,
    /// Accessible bytes from the base on.
    pub(crate) committed: usize,
}

/// Whoever the homes of memories belong to. When it is gone, so are they.
#[derive(Debug)]
pub(crate) struct Owner(Arc<Identity>);

/// What tells owners apart: where it lies.
#[derive(Debug)]
struct Identity;

impl Owner {
    /// One more.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Identity))
    }

    /// Where a memory of one of its modules is at home.
    pub(crate) fn home(&self, module: ModuleIndex, memory: MemoryIndex) -> Home {
        Home { owner: Arc::downgrade(&self.0), module, memory }
    }
}

impl Drop for Identity {
    fn drop(&mut self) {
        // Homes keep the place of an identity from being another's.
        drop(remove(|home| std::ptr::eq(home.owner.as_ptr(), self)));
    }
}

impl PartialEq for Home {
    fn eq(&self, other: &Self) -> bool {
        let numbers = |home: &Self| (home.module, home.memory);
        self.owner.ptr_eq(&other.owner) && numbers(self) == numbers(other)
    }
}

/// The memory that was at home here last, if it is there: zero but where a file
/// shows.
pub(crate) fn take(home: &Home) -> Option<Spare> {
    let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
    let at = spares.iter().rposition(|(other, _)| other == home)?;
    Some(spares.remove(at).1)
}

/// Keeps a memory, with the contents that were mapped at first. One that cannot be
/// made as it was is unmapped, and so is one whose owner is gone, as when a store
/// is dropped after the artifact.
pub(crate) fn give(home: Home, mut spare: Spare, length: usize) {
    // If it is the last to go meanwhile, it takes this one along.
    let Some(_owner) = home.owner.upgrade() else { return };
    if spare.committed > LARGEST || spare.clean(length).is_err() {
        return;
    }
    let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
    spares.push((home, spare));
    let oldest = (spares.len() > MOST).then(|| spares.remove(0));
    drop(spares);
    drop(oldest);
}

/// Reserves address space, for which all that is kept goes if there is no more.
pub(crate) fn reserve(len: usize) -> io::Result<Mapping> {
    match Mapping::reserve(len) {
        Err(_) if !remove(|_| true).is_empty() => Mapping::reserve(len),
        reserved => reserved,
    }
}

fn remove(which: impl Fn(&Home) -> bool) -> Vec<(Home, Spare)> {
    let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
    spares.extract_if(.., |(home, _)| which(home)).collect()
}

impl Spare {
    /// Makes it as it was with `length` accessible bytes, whole pages.
    fn clean(&mut self, length: usize) -> io::Result<()> {
        self.mapping.discard(self.prefix, self.committed)?;
        if self.committed > length {
            self.mapping.withdraw(self.prefix + length, self.committed - length)?;
            self.committed = length;
        }
        let start = self.prefix - self.context;
        if self.context > OVERWRITTEN {
            return self.mapping.discard(start, self.context);
        }
        let start = with_exposed_provenance_mut::<u8>(self.mapping.base() + start);
        // SAFETY: accessible bytes of the mapping, to which nobody has a reference.
        unsafe { start.write_bytes(0, self.context) };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::page::page_size;

    fn spare(fill: u8) -> Spare {
        let page = page_size();
        let mapping = Mapping::reserve(16 * page).unwrap();
        mapping.commit(page, 4 * page).unwrap();
        let start = with_exposed_provenance_mut::<u8>(mapping.base() + page);
        // SAFETY: pages that were just made accessible.
        unsafe { start.write_bytes(fill, 4 * page) };
        Spare { mapping, context: page, prefix: 2 * page, committed: 3 * page }
    }

    fn home(owner: &Owner, module: u32, memory: u32) -> Home {
        owner.home(ModuleIndex::new(module), MemoryIndex::new(memory))
    }

    #[test]
    fn what_was_written_is_gone_and_so_is_what_had_grown() {
        let (owner, page) = (Owner::new(), page_size());
        give(home(&owner, 1, 0), spare(7), page);
        assert!(take(&home(&owner, 0, 0)).is_none() && take(&home(&owner, 1, 1)).is_none());
        let again = take(&home(&owner, 1, 0)).unwrap();
        assert_eq!(again.committed, page);
        let start = with_exposed_provenance_mut::<u8>(again.mapping.base() + page);
        // SAFETY: the context and one page, which are accessible.
        let bytes = unsafe { std::slice::from_raw_parts(start, 2 * page) };
        assert!(bytes.iter().all(|byte| *byte == 0));
        assert!(take(&home(&owner, 1, 0)).is_none());
    }

    #[test]
    fn the_owner_takes_them_along() {
        let owner = Owner::new();
        let home = home(&owner, 0, 0);
        give(home.clone(), spare(7), page_size());
        drop(owner);
        assert!(take(&home).is_none());
        // What comes after the owner is gone is not kept.
        give(home.clone(), spare(7), page_size());
        assert!(take(&home).is_none());
    }
}
