//! Globals, tags, exceptions and host references, as the host uses them.
//!
//! # Safety
//!
//! A [`Global`] holds the address of a value that lives as long as its store,
//! in a context or in the store's list. It is followed only once the store at
//! hand has been found to be that one.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::vm::handle::{ExternRef, Global, Tag};
use crate::vm::raw;
use crate::vm::types;
use crate::vm::types::{FuncType, GlobalType};
use crate::vm::value::{Exception, Val};
use precast_artifact::index::HostValueId;
use std::any::Any;
use std::cell::UnsafeCell;

impl Global {
    /// Makes a global, which guests can import.
    ///
    /// # Errors
    ///
    /// `value` is not of the type, or there is no such type in this process.
    pub fn new(store: &mut impl AsStore, ty: GlobalType, value: Val) -> Result<Self> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.allow_globals(1)?;
        let held = types::hold(&ty.value).map_err(Error::Usage)?;
        let raw = value.to_raw(&ty.value, core.id)?;
        let place = Box::new(UnsafeCell::new(raw.u128()));
        let address = place.get().expose_provenance();
        core.globals.push(place);
        core.held.push(held);
        Ok(Self { store: core.id, address, ty })
    }

    /// Its type.
    pub fn ty(&self) -> GlobalType {
        self.ty
    }

    /// Its value.
    ///
    /// # Panics
    ///
    /// If the global is of another store.
    pub fn get(&self, store: &impl AsStore) -> Val {
        let core = store.as_store().core();
        core.assert_owns(self.store);
        // SAFETY: the store is the global's, and no guest of it runs.
        let raw = unsafe { raw::read_global(self.address, &self.ty.value) };
        Val::from_raw(raw, &self.ty.value, core.id)
    }

    /// Sets its value.
    ///
    /// # Errors
    ///
    /// It is immutable, or `value` is not of its type.
    pub fn set(&self, store: &mut impl AsStore, value: Val) -> Result<()> {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.owns(self.store)?;
        if !self.ty.mutable {
            return Err(Error::usage("an immutable global cannot be set"));
        }
        let raw = value.to_raw(&self.ty.value, core.id)?;
        // SAFETY: as in `get`.
        unsafe { raw::write_global(self.address, &self.ty.value, raw) };
        Ok(())
    }
}

impl Tag {
    /// Makes an exception tag, whose exceptions carry the parameters of `ty`.
    ///
    /// # Errors
    ///
    /// `ty` has results, or refers to a concrete type that is not from this
    /// process.
    pub fn new(store: &mut impl AsStore, ty: &FuncType) -> Result<Self> {
        if !ty.results.is_empty() {
            return Err(Error::usage(format!("the type of a tag has no results, {ty} has")));
        }
        let (id, held) = types::intern(ty).map_err(Error::Usage)?;
        let mut access = store.as_store_mut();
        let core = access.core();
        let tag = Box::new(id);
        let address = (&raw const *tag).expose_provenance();
        core.tags.push(tag);
        core.held.push(held);
        Ok(Self { store: core.id, address, ty: id })
    }

    /// The type whose parameters its exceptions carry.
    ///
    /// # Panics
    ///
    /// If the tag is of another store.
    pub fn ty(&self, store: &impl AsStore) -> FuncType {
        store.as_store().core().assert_owns(self.store);
        (*types::get(self.ty)).clone()
    }
}

impl Exception {
    /// An exception for the host to throw: a host function that returns it as
    /// an error throws it into the guest that called it.
    ///
    /// # Errors
    ///
    /// The tag is of another store, or the fields are not of its type.
    pub fn new(store: &impl AsStore, tag: Tag, fields: Vec<Val>) -> Result<Self> {
        let core = store.as_store().core();
        core.owns(tag.store)?;
        let params = &types::get(tag.ty).params;
        if fields.len() != params.len() {
            let (given, expected) = (fields.len(), params.len());
            return Err(Error::usage(format!(
                "{given} fields given, the tag's type has {expected}"
            )));
        }
        for (field, ty) in fields.iter().zip(params) {
            field.to_raw(ty, core.id)?;
        }
        Ok(Self { tag, fields })
    }
}

impl ExternRef {
    /// Puts a value into the store, where it stays until the store is
    /// dropped, and makes a reference to it.
    pub fn new(store: &mut impl AsStore, value: impl Any + Send + Sync) -> Self {
        let mut access = store.as_store_mut();
        let core = access.core();
        core.externs.push(Box::new(value));
        Self { store: core.id, index: HostValueId::from_index(core.externs.len() - 1) }
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If the reference is of another store.
    pub fn data<'a>(&self, store: &'a impl AsStore) -> &'a (dyn Any + Send + Sync) {
        let core = store.as_store().core();
        core.assert_owns(self.store);
        &*core.externs[self.index.index()]
    }
}
