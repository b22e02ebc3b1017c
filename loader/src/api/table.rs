//! Tables, as the host uses them.

use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::store::contents::StoreCore;
use crate::store::elements::TableElements;
use crate::vm::handle::Table;
use crate::vm::matching;
use crate::vm::raw::RawValue;
use crate::vm::types::{self, TableType, ValType};
use crate::vm::value::Val;

impl Table {
    /// Makes a table of the minimum size of `ty`, filled with `value`.
    ///
    /// # Errors
    ///
    /// `value` is not of the element type; there is no such type; a limit of
    /// the store; no memory.
    pub fn new(store: &mut impl AsStore, ty: TableType, value: Val) -> Result<Self> {
        let mut access = store.as_store_mut();
        let core = access.core();
        let held = types::hold(&ValType::Ref(ty.element)).map_err(Error::Usage)?;
        let most = if ty.index64 { u64::MAX } else { u32::MAX.into() };
        matching::limited(&ty.limits, most).map_err(Error::Usage)?;
        let raw = value.to_raw(&ValType::Ref(ty.element), core.id)?;
        let index = core.new_table(ty)?;
        core.held.push(held);
        let size = ty.limits.min;
        if let Some(cells) = core.tables[index.index()].range(0, size) {
            cells.iter().for_each(|cell| cell.set(raw.u64()));
        }
        Ok(Self { store: core.id, index })
    }

    /// Its type, with the present size as the minimum.
    ///
    /// # Panics
    ///
    /// As all methods here but those that return errors: if the table is of
    /// another store.
    pub fn ty(&self, store: &impl AsStore) -> TableType {
        self.inner(store.as_store().core()).ty()
    }

    /// Number of elements.
    pub fn size(&self, store: &impl AsStore) -> u64 {
        self.inner(store.as_store().core()).size()
    }

    /// An element; `None` beyond the end.
    pub fn get(&self, store: &impl AsStore, index: u64) -> Option<Val> {
        let core = store.as_store().core();
        let table = self.inner(core);
        let raw: RawValue = table.get(index)?.into();
        Some(Val::from_raw(raw, &ValType::Ref(table.ty().element), core.id))
    }

    /// Sets an element.
    ///
    /// # Errors
    ///
    /// `index` is beyond the end, or `value` is not of the element type.
    pub fn set(&self, store: &mut impl AsStore, index: u64, value: Val) -> Result<()> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        let table = &core.tables[self.index.index()];
        let raw = value.to_raw(&ValType::Ref(table.ty().element), core.id)?;
        let cell = table.range(index, 1).ok_or_else(|| {
            Error::usage(format!("element {index} of a table of {} elements", table.size()))
        })?;
        cell[0].set(raw.u64());
        Ok(())
    }

    /// Grows it by `delta` elements of `value`; returns the old size.
    ///
    /// # Errors
    ///
    /// Its type or the store's limits do not allow it, or `value` is not of
    /// the element type.
    pub fn grow(&self, store: &mut impl AsStore, delta: u64, value: Val) -> Result<u64> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        let element = core.tables[self.index.index()].ty().element;
        let raw = value.to_raw(&ValType::Ref(element), core.id)?;
        core.try_grow_table(self.index, delta, raw.u64())
    }

    fn inner<'a>(&self, core: &'a StoreCore) -> &'a TableElements {
        core.assert_owns(self.store);
        &core.tables[self.index.index()]
    }
}
