//! The state of an instance: its context and what the loader keeps beside it.
//!
//! # Safety
//!
//! A [`InstanceState`] is boxed in its store, and its context's owner field holds
//! its address. Context fields are read at offsets of its module's layout.
#![allow(unsafe_code)]

use crate::artifact::image::Image;
use crate::artifact::info::ModuleInfo;
use crate::store::host::HostBinding;
use crate::vm::layout::{Context, ImportSlot};
use precast_artifact::abi;
use precast_artifact::index::{
    FuncIndex, GlobalIndex, InstanceId, MemoryId, ModuleIndex, TableId, TagIndex,
};
use precast_artifact::module::Module;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::with_exposed_provenance;
use std::sync::Arc;

/// An instance.
#[derive(Debug)]
pub(crate) struct InstanceState {
    pub(crate) index: InstanceId,
    pub(crate) image: Arc<Image>,
    /// Index of its module in the image.
    pub(crate) module: ModuleIndex,
    pub(crate) context: Context,
    /// The context's memory, unless it lies in front of memory 0.
    #[expect(dead_code, reason = "owns the context")]
    pub(crate) heap: Option<HeapContext>,
    /// Of each memory, which one of the store it is.
    pub(crate) memories: Box<[MemoryId]>,
    /// Of each table, which one of the store it is; private ones are none.
    pub(crate) tables: Box<[Option<TableId>]>,
    /// Which data segments were dropped. Empty until one is.
    pub(crate) dropped_data: Vec<bool>,
    /// Which element segments were dropped. Empty until one is.
    pub(crate) dropped_elements: Vec<bool>,
    /// The host functions that it imports.
    #[expect(dead_code, reason = "owns what import slots point to")]
    pub(crate) hosts: Box<[HostBinding]>,
}

impl InstanceState {
    /// The index of the instance that a context belongs to.
    ///
    /// # Safety
    ///
    /// The context is a live instance's, not a host function's.
    pub(crate) unsafe fn index_of(context: Context) -> InstanceId {
        // SAFETY: the owner of such a context is a `InstanceState`.
        unsafe {
            let owner: usize = context.read(abi::CTX_OWNER);
            (*with_exposed_provenance::<Self>(owner)).index
        }
    }

    /// Its module.
    pub(crate) fn module(&self) -> (&Module, &ModuleInfo) {
        self.image.module(self.module)
    }

    /// Address of a function's record. The function is imported or has a
    /// record.
    pub(crate) fn record(&self, function: FuncIndex) -> usize {
        let (module, info) = self.module();
        match module.funcref_of(function) {
            Some(record) => self.context.field(info.layout.funcref(record)),
            None => {
                // SAFETY: without a record it is an import, which has a slot.
                let slot: ImportSlot = unsafe { self.context.read(info.layout.import(function)) };
                slot.record
            }
        }
    }

    /// Address of a global's value.
    pub(crate) fn global(&self, index: GlobalIndex) -> usize {
        let (module, info) = self.module();
        let offset = info.layout.global(index);
        match module.globals[index.index()].imported {
            // SAFETY: an imported global's field holds its address.
            true => unsafe { self.context.read(offset) },
            false => self.context.field(offset),
        }
    }

    /// Address of a tag.
    pub(crate) fn tag(&self, index: TagIndex) -> usize {
        // SAFETY: a tag's field holds its address.
        unsafe { self.context.read(self.module().1.layout.tag(index)) }
    }

    /// Marks a segment as dropped in one of the two lists.
    pub(crate) fn drop_segment(list: &mut Vec<bool>, segment: usize, count: usize) {
        list.resize(count, false);
        list[segment] = true;
    }
}

/// Memory for a context that does not lie in front of a linear memory.
#[derive(Debug)]
pub(crate) struct HeapContext {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: it owns its memory.
unsafe impl Send for HeapContext {}
// SAFETY: shared access does nothing.
unsafe impl Sync for HeapContext {}

impl HeapContext {
    /// Zeroed memory; the context address is at its end.
    pub(crate) fn new(size: u32) -> Self {
        let layout = Layout::from_size_align(size as usize, 16).expect("contexts are below 2 GiB");
        // SAFETY: the fixed fields make the size more than zero.
        let start = unsafe { alloc_zeroed(layout) };
        if start.is_null() {
            handle_alloc_error(layout);
        }
        Self { start, layout }
    }

    /// The context address.
    pub(crate) fn context(&self) -> Context {
        Context(self.start.expose_provenance() + self.layout.size())
    }
}

impl Drop for HeapContext {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.start, self.layout) };
    }
}
