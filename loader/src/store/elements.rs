//! Tables: one 8-byte entry per element, a record's address or a host value's
//! number, null being zero. Element `i` of a public table is what machine code
//! reads at `base + 8 * i`.
//!
//! # Safety
//!
//! As for memories, base and length are in a definition that lies in a context
//! or belongs to the table, and lives as long as that.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::vm::layout::Definition;
use crate::vm::types::TableType;
use std::cell::Cell;
use std::ptr::with_exposed_provenance_mut;

/// A table.
#[derive(Debug)]
pub(crate) struct TableElements {
    /// Cells, because machine code writes them too.
    cells: Vec<Cell<u64>>,
    definition: usize,
    owned: Option<Box<Definition>>,
    ty: TableType,
}

impl TableElements {
    /// A table of the minimum size of `ty`, all null.
    pub(crate) fn new(ty: TableType) -> Result<Self> {
        let mut table = Self { cells: Vec::new(), definition: 0, owned: None, ty };
        let size = ty.limits.min;
        table
            .resize(size, 0)
            .map_err(|()| Error::no_room(format!("a table of {size} elements")))?;
        let owned = table.owned.insert(Box::new(Definition::default()));
        table.definition = (&raw mut **owned).expose_provenance();
        table.publish();
        Ok(table)
    }

    /// Moves the definition to the context field at `address`.
    ///
    /// # Safety
    ///
    /// The field lives as long as the table.
    pub(crate) unsafe fn define_at(&mut self, address: usize) {
        (self.definition, self.owned) = (address, None);
        self.publish();
    }

    fn publish(&mut self) {
        let base = self.cells.as_mut_ptr().expose_provenance();
        let definition = Definition { base, length: self.cells.len() };
        // SAFETY: the definition is alive, see the module's header.
        unsafe { with_exposed_provenance_mut::<Definition>(self.definition).write(definition) };
    }

    fn resize(&mut self, size: u64, value: u64) -> Result<(), ()> {
        let size = usize::try_from(size).map_err(drop)?;
        self.cells.try_reserve_exact(size.saturating_sub(self.cells.len())).map_err(drop)?;
        self.cells.resize(size, Cell::new(value));
        Ok(())
    }

    /// Makes it as new: of the minimum size of its type, all null.
    pub(crate) fn reset(&mut self) {
        // It had room for them when it was made.
        let size = self.ty.limits.min as usize;
        self.cells.truncate(size);
        self.cells.fill(Cell::new(0));
        self.cells.shrink_to_fit();
        self.publish();
    }

    /// Address of the definition.
    pub(crate) fn definition(&self) -> usize {
        self.definition
    }

    /// Number of elements.
    pub(crate) fn size(&self) -> u64 {
        self.cells.len() as u64
    }

    /// The type, with the present size as its minimum.
    pub(crate) fn ty(&self) -> TableType {
        let mut ty = self.ty;
        ty.limits.min = self.size();
        ty
    }

    /// An element, or `None` beyond the end.
    pub(crate) fn get(&self, index: u64) -> Option<u64> {
        Some(self.cells.get(usize::try_from(index).ok()?)?.get())
    }

    /// A range of elements, or `None` if it leaves the table.
    pub(crate) fn range(&self, index: u64, length: u64) -> Option<&[Cell<u64>]> {
        let start = usize::try_from(index).ok()?;
        let end = usize::try_from(index.checked_add(length)?).ok()?;
        self.cells.get(start..end)
    }

    /// Copies a range inside the table; `None` if a range leaves it.
    pub(crate) fn copy_within(&self, to: u64, from: u64, length: u64) -> Option<()> {
        let (to, from) = (self.range(to, length)?, self.range(from, length)?);
        let forwards = to.as_ptr() <= from.as_ptr();
        for step in 0..to.len() {
            let index = if forwards { step } else { to.len() - 1 - step };
            to[index].set(from[index].get());
        }
        Some(())
    }

    /// Grows by `delta` elements of `value`: the old size, or `None` if the
    /// type's limits or memory do not allow it.
    pub(crate) fn grow(&mut self, delta: u64, value: u64) -> Option<u64> {
        let old = self.size();
        let by_index = if self.ty.index64 { u64::MAX } else { u64::from(u32::MAX) };
        let max = self.ty.limits.max.unwrap_or(u64::MAX).min(by_index);
        let size = old.checked_add(delta).filter(|size| *size <= max)?;
        self.resize(size, value).ok()?;
        self.publish();
        Some(old)
    }
}
