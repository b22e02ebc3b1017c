//! Completing the module description: where code and contents lie.

use super::sections::{FileLayout, Section};
use crate::function::Symbol;
use crate::place::{LinkError, MemoryPages, Placed};
use crate::stub::StubKind;
use precast_artifact::abi::{ContextLayout, FUNCREF_CODE, FUNCREF_CONTEXT, FUNCREF_TYPE};
use precast_artifact::index::{FuncrefIndex, ModuleIndex};
use precast_artifact::module::{
    Description, InstancePlan, MemoryRun, Module, Range, SignatureStub,
};
use precast_artifact::reloc::{Reloc, RelocKind};

/// The description of all modules, complete but for places in the image. Each
/// is made one instance of, unless a component says what is.
pub(super) fn describe(placed: &mut Placed<'_>, component: bool) -> Result<Description, LinkError> {
    let mut description = Description::default();
    for index in 0..placed.modules.len() {
        let parts = &mut placed.modules[index];
        let mut module = std::mem::take(&mut parts.description);
        let relocs = std::mem::take(&mut parts.relocs);
        let index = ModuleIndex::from_index(index);
        set_funcrefs(&mut module, placed, index, relocs)?;
        set_stubs(&mut module, placed, index);
        description.modules.push(module);
        if !component {
            description.instances.push(InstancePlan { module: index, links: Vec::new() });
        }
    }
    Ok(description)
}

/// Sets the code of functions with a reference record, and the relocations of
/// the context: `relocs`, and those of the records.
fn set_funcrefs(
    module: &mut Module,
    placed: &Placed<'_>,
    index: ModuleIndex,
    mut relocs: Vec<Reloc>,
) -> Result<(), LinkError> {
    let layout = ContextLayout::new(&module.context_shape()).map_err(LinkError::Context)?;
    for (funcref, record) in module.funcrefs.iter_mut().zip(0..) {
        let symbol = Symbol::Function(index, funcref.function);
        let place = placed.find(symbol).ok_or_else(|| LinkError::Unresolved {
            place: format!("function reference {record}"),
            symbol,
        })?;
        funcref.code = place.start;
        let at = layout.funcref(FuncrefIndex::new(record));
        let mut add = |kind, offset, addend| {
            relocs.push(Reloc { kind, offset: at + offset, addend });
        };
        add(RelocKind::Text, FUNCREF_CODE, place.start.get().into());
        add(RelocKind::Context, FUNCREF_CONTEXT, 0);
        add(RelocKind::TypeId, FUNCREF_TYPE, funcref.ty.get().into());
    }
    relocs.sort_by_key(|reloc| reloc.offset);
    module.relocs = relocs;
    Ok(())
}

fn set_stubs(module: &mut Module, placed: &Placed<'_>, index: ModuleIndex) {
    module.entry_stubs.clear();
    module.host_stubs.clear();
    for ((of, kind), place) in placed.names.stubs().iter().zip(&placed.layout.stubs) {
        if *of != index {
            continue;
        }
        let code = place.start;
        match *kind {
            StubKind::Entry(ty) => module.entry_stubs.push(SignatureStub { ty, code }),
            StubKind::Host(ty) => module.host_stubs.push(SignatureStub { ty, code }),
            // Only entries of private tables refer to these.
            StubKind::Import(_) => {}
        }
    }
    module.entry_stubs.sort_by_key(|stub| stub.ty);
    module.host_stubs.sort_by_key(|stub| stub.ty);
}

/// Sets every place in the image. `function_tables` are the sizes of the
/// modules' parts of [`Section::Functions`].
pub(super) fn set_places(
    description: &mut Description,
    placed: &Placed<'_>,
    places: &FileLayout,
    function_tables: &[u64],
) {
    let [mut functions, mut data, mut memory] =
        [Section::Functions, Section::Data, Section::Memory].map(|section| places[section].offset);
    let modules = description.modules.iter_mut().zip(&placed.modules).enumerate();
    for (index, (module, parts)) in modules {
        module.text = places[Section::Text];
        module.site_table = places[Section::Sites];
        module.handler_table = places[Section::Handlers];
        module.function_table = next(&mut functions, function_tables[index]);
        let layout = &placed.tables.modules[index];
        let start = places[Section::Tables].offset;
        let absolute = |range: Range| Range { offset: start + range.offset, size: range.size };
        for (table, range) in parts.private_tables.iter().zip(&layout.tables) {
            module.tables[table.table.index()].image = absolute(*range);
        }
        module.context = match layout.context.size {
            0 => layout.context,
            _ => absolute(layout.context),
        };
        let segment = |segment: &&[u8]| match segment.len() {
            0 => Range::default(),
            size => next(&mut data, size as u64),
        };
        module.data = parts.data.iter().map(segment).collect();
        let run = |pages: &MemoryPages| {
            let image = next(&mut memory, run_size(pages, places.page_size));
            MemoryRun { memory: pages.memory, address: pages.address, image }
        };
        module.runs = parts.memory.iter().map(run).collect();
    }
}

/// The next bytes of a section, so many.
fn next(end: &mut u64, size: u64) -> Range {
    let offset = *end;
    *end += size;
    Range { offset, size }
}

/// Size of a memory run in the image: whole pages, since that is what is
/// mapped; the rest of the last one is zero.
pub(super) fn run_size(pages: &MemoryPages, page_size: u64) -> u64 {
    (pages.bytes.len() as u64).next_multiple_of(page_size)
}
