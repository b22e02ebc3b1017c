//! Handles: what the host holds of the things in a store. Each knows its store
//! and is good only with that one.
//!
//! # Safety
//!
//! A [`Func`] holds the address of a record that lives as long as its store;
//! it is read only after the store at hand has been found to be that one. An
//! [`ExnRef`] marks its record as held when it is made from what a guest gave,
//! when the record is alive; from then on it lives as long as its store.
#![allow(unsafe_code)]

use crate::vm::layout::{ExceptionHeader, FuncRecord};
use crate::vm::types::GlobalType;
use precast_artifact::index::{HostValueId, MemoryId, TableId, TypeId};
use std::ptr::with_exposed_provenance;
use std::sync::atomic::Ordering;

/// Identity of a store. Never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreId(pub(crate) u64);

/// Why a value or a handle cannot be used with a store.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) String);

type Result<T> = std::result::Result<T, Unusable>;

/// A function of a guest or of the host. A handle: it can be copied, and is
/// good for the store it came from, as long as that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    pub(crate) store: StoreId,
    /// Address of the funcref record.
    pub(crate) record: usize,
}

/// A reference to a value of the host, which a guest can hold but not look
/// into. The value stays in the store until that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternRef {
    pub(crate) store: StoreId,
    pub(crate) index: HostValueId,
}

/// A reference to an exception that a guest made. The exception stays in the
/// store until that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExnRef {
    store: StoreId,
    /// Address of the record.
    record: usize,
}

/// A linear memory. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub(crate) store: StoreId,
    pub(crate) index: MemoryId,
}

/// A table. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub(crate) store: StoreId,
    pub(crate) index: TableId,
}

/// A global. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    pub(crate) store: StoreId,
    /// Address of the value.
    pub(crate) address: usize,
    pub(crate) ty: GlobalType,
}

/// An exception tag. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub(crate) store: StoreId,
    /// Address of the tag, its identity.
    pub(crate) address: usize,
    pub(crate) ty: TypeId,
}

impl Func {
    pub(crate) fn from_raw(raw: u64, store: StoreId) -> Option<Self> {
        (raw != 0).then_some(Self { store, record: raw as usize })
    }

    /// Address of the record, once it is known that `store` is its store.
    pub(crate) fn record_in(&self, store: StoreId) -> Result<usize> {
        same_store(self.store, store).map(|()| self.record)
    }

    /// The record of a function of `store`, which is alive.
    pub(crate) fn read_in(&self, store: StoreId) -> Result<FuncRecord> {
        let record = self.record_in(store)?;
        // SAFETY: records live as long as their store, which the caller has.
        Ok(unsafe { *with_exposed_provenance::<FuncRecord>(record) })
    }

    /// The interned type of a function of `store`, which is alive.
    pub(crate) fn type_in(&self, store: StoreId) -> Result<TypeId> {
        Ok(self.read_in(store)?.type_id)
    }
}

impl ExternRef {
    pub(crate) fn from_raw(raw: u64, store: StoreId) -> Option<Self> {
        let index = u32::try_from(raw.checked_sub(1)?).ok()?;
        Some(Self { store, index: HostValueId::new(index) })
    }
}

impl ExnRef {
    /// The reference in a slot that a guest of `store` filled, whose record is
    /// alive.
    pub(crate) fn from_raw(raw: u64, store: StoreId) -> Option<Self> {
        let record = raw as usize;
        // SAFETY: null, or a live record.
        let header = unsafe { with_exposed_provenance::<ExceptionHeader>(record).as_ref() }?;
        header.held.store(1, Ordering::Relaxed);
        Some(Self { store, record })
    }

    /// The reference, once it is known that `store` is its store.
    pub(crate) fn record_in(&self, store: StoreId) -> Result<usize> {
        same_store(self.store, store).map(|()| self.record)
    }
}

/// Fails if `of` is not the store at hand, `here`.
pub(crate) fn same_store(of: StoreId, here: StoreId) -> Result<()> {
    match of == here {
        true => Ok(()),
        false => Err(Unusable("a value of one store was given to another".to_owned())),
    }
}
