//! An instance in the making: its context, what its module defines, and its
//! imports.
//!
//! # Safety
//!
//! Context fields are written at offsets of the module's layout, in memory
//! that was made with the layout's size. Relocations were checked against the
//! same when the artifact was opened.
#![allow(unsafe_code)]

use crate::api::externs::Extern;
use crate::artifact::image::{Image, InitialContents};
use crate::artifact::info::ModuleInfo;
use crate::call::builtins;
use crate::error::{Error, Result};
use crate::link::imports::Provided;
use crate::store::contents::StoreCore;
use crate::store::host::HostBinding;
use crate::store::instance::{HeapContext, InstanceState};
use crate::vm::handle::Func;
use crate::vm::layout::{Context, Definition, ImportSlot};
use crate::vm::matching::Space;
use precast_artifact::abi::{self, TableKind};
use precast_artifact::index::{
    CodeOffset, FuncIndex, InstanceId, MemoryId, MemoryIndex, ModuleIndex, TableId, TableIndex,
    TagIndex, TypeId,
};
use precast_artifact::module::{EntityIndex, Module};
use precast_artifact::reloc::RelocKind;
use std::ptr::with_exposed_provenance_mut;
use std::sync::Arc;

/// An instance in the making.
pub(super) struct InstanceBuilder<'i> {
    image: &'i Arc<Image>,
    index: InstanceId,
    module_index: ModuleIndex,
    module: &'i Module,
    info: &'i ModuleInfo,
    context: Context,
    heap: Option<HeapContext>,
    memories: Vec<MemoryId>,
    tables: Vec<Option<TableId>>,
    hosts: Vec<HostBinding>,
    /// Of each host binding, the function import that it satisfies.
    host_imports: Vec<FuncIndex>,
}

impl<'i> InstanceBuilder<'i> {
    /// Makes the context's memory, with memory 0 after it if it belongs
    /// there, and fills in the template.
    pub(super) fn new(
        core: &mut StoreCore,
        image: &'i Arc<Image>,
        module_index: ModuleIndex,
    ) -> Result<Self> {
        let (module, info) = image.module(module_index);
        let size = info.layout.size();
        let mut builder = Self {
            image,
            index: InstanceId::from_index(core.instances.len()),
            module_index,
            module,
            info,
            context: Context(0),
            heap: None,
            memories: Vec::with_capacity(module.memories.len()),
            tables: Vec::with_capacity(module.tables.len()),
            hosts: Vec::new(),
            host_imports: Vec::new(),
        };
        let memory0 = match module.memory0_at_context() {
            true => {
                let memory0 = builder.make_memory(core, MemoryIndex::new(0), size as usize)?;
                builder.context = Context(core.memories[memory0.index()].base());
                Some(memory0)
            }
            false => {
                builder.context = builder.heap.insert(HeapContext::new(size)).context();
                None
            }
        };
        builder.fill_in(core);
        memory0.map_or(Ok(()), |at| builder.define_memory(core, MemoryIndex::new(0), at))?;
        Ok(builder)
    }

    /// Makes defined memory `index`, with `prefix` bytes before it.
    fn make_memory(
        &self,
        core: &mut StoreCore,
        index: MemoryIndex,
        prefix: usize,
    ) -> Result<MemoryId> {
        let memory = &self.module.memories[index.index()];
        let space = Space { reservation: memory.reservation, guard: memory.guard };
        // What has no context in it is not worth while.
        let home = || self.image.memories.home(self.module_index, index);
        core.new_memory(memory.ty, space, prefix, (prefix != 0).then(home))
    }

    /// Puts defined memory `index`, which is `at` in the store, into the context,
    /// which is otherwise complete, with its initial contents.
    fn define_memory(
        &mut self,
        core: &mut StoreCore,
        index: MemoryIndex,
        at: MemoryId,
    ) -> Result<()> {
        let made = &mut core.memories[at.index()];
        let field = self.context.field(self.info.layout.memory(index));
        // SAFETY: the context lives as long as the store, as the memory does.
        unsafe { made.define_at(field) };
        for run in self.module.runs.iter().filter(|run| run.memory == index) {
            match self.image.contents(run) {
                InitialContents::Mapped(file, at) => made
                    .map_contents(run.address, file, at, run.image.size)
                    .map_err(Error::system("cannot map initial memory"))?,
                InitialContents::Copied(bytes) => made.copy_contents(run.address, bytes),
            }
        }
        made.contents_are_mapped();
        self.memories.push(at);
        Ok(())
    }

    /// Globals from the template, relocations, and the fixed fields.
    fn fill_in(&self, core: &mut StoreCore) {
        let values = self.info.layout.values();
        if let Some(bytes) = self.image.bytes(self.module.context).get(values.clone()) {
            let bottom = self.context.0 - self.info.layout.size() as usize;
            let start = with_exposed_provenance_mut::<u8>(bottom + values.start);
            // SAFETY: defined globals, inside the context.
            unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }
        for reloc in &self.module.relocs {
            let place = self.context.field(reloc.offset);
            let base = match reloc.kind {
                RelocKind::Text => self.image.code(self.module, CodeOffset::START),
                RelocKind::Context => self.context.0,
                RelocKind::Image => {
                    let target = self.image.address(reloc.addend as u64);
                    target.wrapping_sub(reloc.addend as usize)
                }
                RelocKind::TypeId => {
                    let id = self.info.type_ids[reloc.addend as usize];
                    // SAFETY: four bytes inside the context.
                    unsafe { with_exposed_provenance_mut::<TypeId>(place).write_unaligned(id) };
                    continue;
                }
            };
            let value = base.wrapping_add_signed(reloc.addend as isize);
            // SAFETY: eight bytes inside the context.
            unsafe { with_exposed_provenance_mut::<usize>(place).write_unaligned(value) };
        }
        // SAFETY: the fixed fields of a context.
        unsafe {
            self.context.write(abi::CTX_STORE, core.block_address());
            self.context.write(abi::CTX_BUILTINS, builtins::table());
            let ids = self.info.type_ids.as_ptr().expose_provenance();
            self.context.write(abi::CTX_TYPE_IDS, ids);
        }
    }

    /// Satisfies the imports, makes what the module defines, and registers the
    /// instance.
    pub(super) fn build<'p>(
        mut self,
        core: &mut StoreCore,
        imports: impl Iterator<Item = &'p Provided>,
    ) -> Result<InstanceId> {
        for (import, provided) in imports.enumerate() {
            let index = self.info.import_index(import);
            self.import(core, index, provided)?;
        }
        for index in self.memories.len()..self.module.memories.len() {
            let index = MemoryIndex::from_index(index);
            let at = self.make_memory(core, index, 0)?;
            self.define_memory(core, index, at)?;
        }
        self.define_tables(core)?;
        self.define_tags(core);
        if self.heap.is_none() {
            let memory0 = &mut core.memories[self.memories[0].index()];
            let sealed = memory0.seal_context(self.info.layout.constants());
            sealed.map_err(Error::system("cannot protect a context"))?;
        }
        Ok(self.register(core))
    }

    fn import(&mut self, core: &StoreCore, index: EntityIndex, provided: &Provided) -> Result<()> {
        let layout = &self.info.layout;
        match (provided, index) {
            (Provided::Host(func), EntityIndex::Function(index)) => {
                self.hosts.push(HostBinding::new(func.clone(), Some(self.index)));
                self.host_imports.push(index);
            }
            (Provided::Item(Extern::Func(func)), EntityIndex::Function(index)) => {
                self.import_func(core, index, *func)?;
            }
            (Provided::Item(Extern::Table(table)), EntityIndex::Table(index)) => {
                let definition = core.tables[table.index.index()].definition();
                // SAFETY: an imported table's field.
                unsafe { self.context.write(layout.table(index), definition) };
                self.tables.push(Some(table.index));
            }
            (Provided::Item(Extern::Memory(memory)), EntityIndex::Memory(index)) => {
                let imported = &core.memories[memory.index.index()];
                // SAFETY: an imported memory's field, and the copy of memory 0's.
                unsafe {
                    self.context.write(layout.memory(index), imported.definition());
                    if index.get() == 0 {
                        let (base, length) = (imported.base(), imported.length());
                        self.context.write(abi::CTX_MEMORY0, Definition { base, length });
                    }
                }
                self.memories.push(memory.index);
            }
            (Provided::Item(Extern::Global(global)), EntityIndex::Global(index)) => {
                // SAFETY: an imported global's field.
                unsafe { self.context.write(layout.global(index), global.address) };
            }
            (Provided::Item(Extern::Tag(tag)), EntityIndex::Tag(index)) => {
                // SAFETY: a tag's field.
                unsafe { self.context.write(layout.tag(index), tag.address) };
            }
            _ => unreachable!("checked: what is provided is of the import's kind"),
        }
        Ok(())
    }

    /// A host function is bound anew, so that it knows this instance; a
    /// guest's is called as it is.
    fn import_func(&mut self, core: &StoreCore, index: FuncIndex, func: Func) -> Result<()> {
        let record = func.read_in(core.id)?;
        match HostBinding::of_record(&record) {
            Some(binding) => {
                self.hosts.push(HostBinding::new(binding.func.clone(), Some(self.index)));
                self.host_imports.push(index);
            }
            None => {
                let (code, context) = (record.code, record.context);
                self.import_slot(index, ImportSlot { code, context, record: func.record });
            }
        }
        Ok(())
    }

    fn import_slot(&self, index: FuncIndex, slot: ImportSlot) {
        // SAFETY: a function import's slot.
        unsafe { self.context.write(self.info.layout.import(index), slot) };
    }

    fn define_tables(&mut self, core: &mut StoreCore) -> Result<()> {
        let declared = TableIndex::enumerate(&self.module.tables).skip(self.tables.len());
        for (index, declared) in declared {
            if declared.kind == TableKind::Private {
                self.tables.push(None);
                continue;
            }
            let ty = declared.ty.map(|ty| self.info.type_ids[ty.index()]);
            let at = core.new_table(ty)?;
            let field = self.context.field(self.info.layout.table(index));
            // SAFETY: the context lives as long as the store.
            unsafe { core.tables[at.index()].define_at(field) };
            self.tables.push(Some(at));
        }
        Ok(())
    }

    fn define_tags(&self, core: &mut StoreCore) {
        let defined = TagIndex::enumerate(&self.module.tags).filter(|(_, tag)| !tag.imported);
        for (index, tag) in defined {
            let place = Box::new(self.info.type_ids[tag.ty.index()]);
            let address = (&raw const *place).expose_provenance();
            core.tags.push(place);
            // SAFETY: a tag's field.
            unsafe { self.context.write(self.info.layout.tag(index), address) };
        }
    }

    /// Moves the instance to its place, and fills in what depends on that.
    fn register(mut self, core: &mut StoreCore) -> InstanceId {
        let mut hosts = std::mem::take(&mut self.hosts).into_boxed_slice();
        let (store, builtins) = (core.block_address(), builtins::table());
        for (binding, import) in hosts.iter_mut().zip(&self.host_imports) {
            let code = match self.info.host_stub(binding.func.ty) {
                Some(stub) => self.image.code(self.module, stub),
                None => core.host_stub(binding.func.ty).unwrap_or_else(builtins::missing_stub),
            };
            binding.settle(store, builtins, code);
            let (context, record) = (binding.record.context, binding.record_address());
            self.import_slot(*import, ImportSlot { code, context, record });
        }
        self.complete_hosts(core);
        let guest = Box::new(InstanceState {
            index: self.index,
            image: self.image.clone(),
            module: self.module_index,
            context: self.context,
            heap: self.heap,
            memories: self.memories.into(),
            tables: self.tables.into(),
            dropped_data: Vec::new(),
            dropped_elements: Vec::new(),
            hosts,
        });
        let owner = (&raw const *guest).expose_provenance();
        // SAFETY: a fixed field of the context.
        unsafe { self.context.write(abi::CTX_OWNER, owner) };
        core.instances.push(guest);
        self.index
    }

    /// Host functions made before any stub of their type was known get one.
    fn complete_hosts(&self, core: &mut StoreCore) {
        let missing = builtins::missing_stub();
        for binding in core.hosts.iter_mut().filter(|b| b.record.code == missing) {
            if let Some(stub) = self.info.host_stub(binding.func.ty) {
                binding.record.code = self.image.code(self.module, stub);
            }
        }
    }
}
