//! Making instances (core specification 4.5.4): resolve imports, lay out the
//! context, run the initialisation plan, call the start function.
//!
//! # Safety
//!
//! Context fields are written at offsets of the module's layout, in memory
//! that was made with the layout's size. Relocations were checked against the
//! same when the artifact was opened.
#![allow(unsafe_code)]

use crate::api::externs::{self, Extern};
use crate::api::func::{Callee, host_binding, slots};
use crate::api::global;
use crate::api::memory;
use crate::api::table;
use crate::artifact::image::{Contents, Image};
use crate::artifact::info::ModuleInfo;
use crate::call::builtins;
use crate::error::{Error, LinkProblem, Result};
use crate::link::imports::{self, Provided};
use crate::store::contents::{StoreCore, StoreMut};
use crate::store::guest::{GuestState, HeapContext};
use crate::store::host::HostBinding;
use crate::store::segments;
use crate::vm::layout::{Context, Definition, ImportSlot};
use crate::vm::matching::Space;
use crate::vm::types;
use crate::vm::value::Func;
use precast_artifact::abi::{self, TableKind};
use precast_artifact::module::{InitStep, InstancePlan, Module};
use precast_artifact::reloc::RelocKind;
use precast_artifact::trap::TrapCode;
use std::ptr::with_exposed_provenance_mut;
use std::sync::Arc;

/// Makes all instances of an artifact; returns the index of the last. Imports
/// that the artifact does not satisfy itself are asked of `provide`.
pub(crate) fn instantiate<T>(
    access: &mut StoreMut<'_, T>,
    image: &Arc<Image>,
    provide: &dyn Fn(&str, &str) -> Option<Provided>,
) -> Result<u32> {
    let mut imports = resolve(access.core(), image, provide)?;
    let mut made = Vec::with_capacity(imports.len());
    for (plan, imports) in image.description().instances.iter().zip(&mut imports) {
        link(access.core(), image, plan, &made, imports)?;
        let imports = imports.iter().flatten();
        let index = create(access.core(), image, plan.module, imports)?;
        made.push(index);
        note_for_debuggers(access.core(), index);
        initialise(access.core(), index)?;
        start(access, index)?;
    }
    made.pop().ok_or_else(|| Error::damaged(None, "no instance to make"))
}

/// Says where the instance is, for debug information of globals.
fn note_for_debuggers(core: &StoreCore, index: u32) {
    let guest = &core.instances[index as usize];
    let memory0 = guest.memories.first();
    let base = memory0.map_or(0, |memory0| core.memories[*memory0 as usize].base());
    let table0 = guest.tables.first().copied().flatten();
    let table0 = table0.map_or(0, |table0| core.tables[table0 as usize].definition());
    guest.image.note_instance([base, guest.context.0, table0]);
}

/// For each instance, what satisfies each import; `None` for those that come
/// from other instances of the artifact. Fails with every problem there is.
fn resolve(
    core: &StoreCore,
    image: &Image,
    provide: &dyn Fn(&str, &str) -> Option<Provided>,
) -> Result<Vec<Vec<Option<Provided>>>> {
    let mut problems = Vec::new();
    let mut instances = Vec::new();
    for plan in &image.description().instances {
        let (module, info) = image.module(plan.module);
        let mut found = Vec::with_capacity(module.imports.len());
        for (index, import) in module.imports.iter().enumerate() {
            if plan.links.iter().any(|link| link.import as usize == index) {
                found.push(None);
                continue;
            }
            let provided = provide(&import.module, &import.name);
            problems.extend(imports::check(core, module, info, index, provided.as_ref()).err());
            found.push(provided);
        }
        instances.push(found);
    }
    match problems.is_empty() {
        true => Ok(instances),
        false => Err(Error::Link(problems)),
    }
}

/// Fills in the imports that earlier instances satisfy.
fn link(
    core: &StoreCore,
    image: &Image,
    plan: &InstancePlan,
    made: &[u32],
    found: &mut [Option<Provided>],
) -> Result<()> {
    let (module, info) = image.module(plan.module);
    let mut problems: Vec<LinkProblem> = Vec::new();
    for link in &plan.links {
        let item = externs::export(core, made[link.instance as usize], &link.export);
        let provided = item.map(Provided::Item);
        let import = link.import as usize;
        problems.extend(imports::check(core, module, info, import, provided.as_ref()).err());
        found[import] = provided;
    }
    match problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Link(problems)),
    }
}

/// Makes an instance whose plan has not run yet.
fn create<'i>(
    core: &mut StoreCore,
    image: &Arc<Image>,
    module: u32,
    imports: impl Iterator<Item = &'i Provided>,
) -> Result<u32> {
    let (memories, tables) = (core.memories.len(), core.tables.len());
    let made = Builder::new(core, image, module).and_then(|builder| builder.build(core, imports));
    if made.is_err() {
        // Nothing refers to them yet.
        core.memories.truncate(memories);
        core.tables.truncate(tables);
    }
    made
}

/// An instance in the making.
struct Builder<'i> {
    image: &'i Arc<Image>,
    index: u32,
    module_index: u32,
    module: &'i Module,
    info: &'i ModuleInfo,
    context: Context,
    heap: Option<HeapContext>,
    memories: Vec<u32>,
    tables: Vec<Option<u32>>,
    hosts: Vec<HostBinding>,
    /// Of each host binding, the function import that it satisfies.
    host_imports: Vec<u32>,
}

impl<'i> Builder<'i> {
    /// Makes the context's memory, with memory 0 behind it if it belongs
    /// there, and fills in the template.
    fn new(core: &mut StoreCore, image: &'i Arc<Image>, module_index: u32) -> Result<Self> {
        let (module, info) = image.module(module_index);
        let size = info.layout.size();
        let mut builder = Self {
            image,
            index: core.instances.len() as u32,
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
                let memory0 = builder.make_memory(core, 0, size as usize)?;
                builder.context = Context(core.memories[memory0 as usize].base());
                Some(memory0)
            }
            false => {
                builder.context = builder.heap.insert(HeapContext::new(size)).context();
                None
            }
        };
        builder.fill_in(core);
        memory0.map_or(Ok(()), |at| builder.own_memory(core, 0, at))?;
        Ok(builder)
    }

    /// Makes own memory `index`, with `prefix` bytes before it. Its index in
    /// the store.
    fn make_memory(&self, core: &mut StoreCore, index: usize, prefix: usize) -> Result<u32> {
        let memory = &self.module.memories[index];
        let space = Space { reservation: memory.reservation, guard: memory.guard };
        memory::create(core, memory.ty, space, prefix)
    }

    /// Puts own memory `index`, number `at` of the store, into the context,
    /// which is otherwise complete, with its initial contents.
    fn own_memory(&mut self, core: &mut StoreCore, index: usize, at: u32) -> Result<()> {
        let made = &mut core.memories[at as usize];
        let field = self.context.field(self.info.layout.memory(index as u32));
        // SAFETY: the context lives as long as the store, as the memory does.
        unsafe { made.define_at(field) };
        for run in self.module.runs.iter().filter(|run| run.memory as usize == index) {
            match self.image.contents(run) {
                Contents::Mapped(file, at) => made
                    .map_contents(run.address, file, at, run.image.size)
                    .map_err(Error::system("cannot map initial memory"))?,
                Contents::Copied(bytes) => made.copy_contents(run.address, bytes),
            }
        }
        self.memories.push(at);
        Ok(())
    }

    /// Globals from the template, relocations, and the fixed fields.
    fn fill_in(&self, core: &mut StoreCore) {
        let values = self.info.layout.values();
        if let Some(bytes) = self.image.bytes(self.module.context).get(values.clone()) {
            let bottom = self.context.0 - self.info.layout.size() as usize;
            let start = with_exposed_provenance_mut::<u8>(bottom + values.start);
            // SAFETY: own globals, inside the context.
            unsafe { start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }
        for reloc in &self.module.relocs {
            let place = self.context.field(reloc.offset);
            let base = match reloc.kind {
                RelocKind::Text => self.image.code(self.module, 0),
                RelocKind::Context => self.context.0,
                RelocKind::Image => {
                    let target = self.image.address(reloc.addend as u64);
                    target.wrapping_sub(reloc.addend as usize)
                }
                RelocKind::TypeId => {
                    let id = self.info.type_ids[reloc.addend as usize];
                    // SAFETY: four bytes inside the context.
                    unsafe { with_exposed_provenance_mut::<u32>(place).write_unaligned(id) };
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

    fn build<'p>(
        mut self,
        core: &mut StoreCore,
        imports: impl Iterator<Item = &'p Provided>,
    ) -> Result<u32> {
        for (import, provided) in imports.enumerate() {
            let index = self.info.import_index(import);
            self.import(core, index, provided)?;
        }
        for index in self.memories.len()..self.module.memories.len() {
            let at = self.make_memory(core, index, 0)?;
            self.own_memory(core, index, at)?;
        }
        self.own_tables(core)?;
        self.own_tags(core);
        Ok(self.register(core))
    }

    fn import(&mut self, core: &StoreCore, index: u32, provided: &Provided) -> Result<()> {
        let layout = &self.info.layout;
        match provided {
            Provided::Host(func) => {
                self.hosts.push(HostBinding::new(func.clone(), Some(self.index)));
                self.host_imports.push(index);
            }
            Provided::Item(Extern::Func(func)) => self.import_func(core, index, *func)?,
            Provided::Item(Extern::Table(table)) => {
                let definition = core.tables[table.index as usize].definition();
                // SAFETY: an imported table's field.
                unsafe { self.context.write(layout.table(index), definition) };
                self.tables.push(Some(table.index));
            }
            Provided::Item(Extern::Memory(memory)) => {
                let imported = &core.memories[memory.index as usize];
                // SAFETY: an imported memory's field, and memory 0's own.
                unsafe {
                    self.context.write(layout.memory(index), imported.definition());
                    if index == 0 {
                        let (base, length) = (imported.base(), imported.length());
                        self.context.write(abi::CTX_MEMORY0, Definition { base, length });
                    }
                }
                self.memories.push(memory.index);
            }
            Provided::Item(Extern::Global(global)) => {
                // SAFETY: an imported global's field.
                unsafe { self.context.write(layout.global(index), global.address) };
            }
            Provided::Item(Extern::Tag(tag)) => {
                // SAFETY: a tag's field.
                unsafe { self.context.write(layout.tag(index), tag.address) };
            }
        }
        Ok(())
    }

    /// A host function is bound anew, so that it knows this instance; a
    /// guest's is called as it is.
    fn import_func(&mut self, core: &StoreCore, index: u32, func: Func) -> Result<()> {
        let record = func.read_in(core.id)?;
        match host_binding(&record) {
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

    fn import_slot(&self, index: u32, slot: ImportSlot) {
        // SAFETY: a function import's slot.
        unsafe { self.context.write(self.info.layout.import(index), slot) };
    }

    fn own_tables(&mut self, core: &mut StoreCore) -> Result<()> {
        for (index, declared) in self.module.tables.iter().enumerate().skip(self.tables.len()) {
            if declared.kind == TableKind::Private {
                self.tables.push(None);
                continue;
            }
            let ty = types::resolve_table(declared.ty, &self.info.type_ids);
            let at = table::create(core, ty)?;
            let field = self.context.field(self.info.layout.table(index as u32));
            // SAFETY: the context lives as long as the store.
            unsafe { core.tables[at as usize].define_at(field) };
            self.tables.push(Some(at));
        }
        Ok(())
    }

    fn own_tags(&self, core: &mut StoreCore) {
        let own = self.module.tags.iter().enumerate().filter(|(_, tag)| !tag.imported);
        for (index, tag) in own {
            let place = Box::new(self.info.type_ids[tag.ty as usize]);
            let address = (&raw const *place).expose_provenance();
            core.tags.push(place);
            // SAFETY: a tag's field.
            unsafe { self.context.write(self.info.layout.tag(index as u32), address) };
        }
    }

    /// Moves the instance to its place, and fills in what depends on that.
    fn register(mut self, core: &mut StoreCore) -> u32 {
        let mut hosts = std::mem::take(&mut self.hosts).into_boxed_slice();
        let (store, builtins) = (core.block_address(), builtins::table());
        for (binding, import) in hosts.iter_mut().zip(&self.host_imports) {
            let own = self.info.host_stub(binding.func.ty);
            let code = match own {
                Some(stub) => self.image.code(self.module, stub),
                None => core.host_stub(binding.func.ty).unwrap_or_else(builtins::missing_stub),
            };
            binding.settle(store, builtins, code);
            let (context, record) = (binding.record.context, binding.record_address());
            self.import_slot(*import, ImportSlot { code, context, record });
        }
        self.complete_hosts(core);
        let guest = Box::new(GuestState {
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

/// Runs the initialisation plan. A trap leaves what was written before.
fn initialise(core: &mut StoreCore, index: u32) -> Result<(), TrapCode> {
    let at = index as usize;
    let image = core.instances[at].image.clone();
    let (module, _) = image.module(core.instances[at].module);
    for step in &module.init {
        let guest = &core.instances[at];
        match step {
            InitStep::Global { index, value } => {
                let raw = segments::evaluate(guest, value);
                let ty = module.globals[*index as usize].ty.value;
                // SAFETY: an own global of this type.
                unsafe { global::write(guest.global(*index), &ty, raw) };
            }
            InitStep::TableFill { table, value } => {
                let raw = segments::evaluate(guest, value).u64();
                let table = segments::store_table(guest, *table);
                let table = &core.tables[table.ok_or(TrapCode::TableOutOfBounds)?];
                let cells = table.range(0, table.size());
                cells.into_iter().flatten().for_each(|cell| cell.set(raw));
            }
            InitStep::Elements { segment, table, offset } => {
                let to = segments::evaluate(guest, offset).u64();
                let length = segments::element_count(guest, *segment);
                segments::table_init(core, at, *table, *segment, [to, 0, length])?;
                segments::elem_drop(core, at, *segment);
            }
            InitStep::ElementDrop { segment } => segments::elem_drop(core, at, *segment),
            InitStep::Data { segment, memory, offset } => {
                let to = segments::evaluate(guest, offset).u64();
                let length = module.data[*segment as usize].size;
                segments::memory_init(core, at, *memory, *segment, [to, 0, length])?;
                segments::data_drop(core, at, *segment);
            }
        }
    }
    Ok(())
}

/// Calls the start function, if there is one.
fn start<T>(access: &mut StoreMut<'_, T>, index: u32) -> Result<()> {
    let core = access.core();
    let guest = &core.instances[index as usize];
    let Some(start) = guest.module().0.start else { return Ok(()) };
    let func = Func { store: core.id, record: guest.record(start) };
    if slots(&types::get(func.type_in(core.id)?)) != 0 {
        return Err(Error::damaged(None, "the start function has parameters or results"));
    }
    let callee = Callee::find(core, func)?;
    // SAFETY: of this store; its type needs no slots.
    unsafe { callee.call(access, &mut []) }
}
