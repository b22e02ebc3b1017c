//! Filling in the module description: where code and contents lie.

use super::error::LinkError;
use super::input::{MemoryContents, StubKind};
use super::names::Names;
use super::sections::{Places, Section};
use super::tables::Tables;
use super::text::Text;
use crate::function::Symbol;
use precast_artifact::abi::{ContextLayout, FUNCREF_CODE, FUNCREF_CONTEXT, FUNCREF_TYPE};
use precast_artifact::index::{CanonicalTypeIndex, CodeOffset, FuncrefIndex, MemoryIndex};
use precast_artifact::module::{MemoryRun, Module, Range, Stub};
use precast_artifact::reloc::{Reloc, RelocKind};

/// Sets every code offset, and the relocations of the context: `relocs`, and
/// those of the funcref records.
pub(super) fn set_code(
    module: &mut Module,
    text: &Text,
    names: &Names<'_>,
    mut relocs: Vec<Reloc>,
) -> Result<(), LinkError> {
    let layout = ContextLayout::new(&module.context_shape()).map_err(LinkError::Context)?;
    for (funcref, record) in module.funcrefs.iter_mut().zip(FuncrefIndex::first(u32::MAX)) {
        let symbol = Symbol::Function(funcref.function.get());
        let place = text.find(symbol).ok_or_else(|| LinkError::Unresolved {
            place: format!("function reference {record}"),
            symbol: Some(symbol),
        })?;
        funcref.code = CodeOffset::new(place.start);
        let at = layout.funcref(record);
        let mut add = |kind, offset, addend| {
            relocs.push(Reloc { kind, offset: at + offset, addend });
        };
        add(RelocKind::Text, FUNCREF_CODE, funcref.code.get().into());
        add(RelocKind::Context, FUNCREF_CONTEXT, 0);
        add(RelocKind::TypeId, FUNCREF_TYPE, funcref.ty.get().into());
    }
    relocs.sort_by_key(|reloc| reloc.offset);
    module.relocs = relocs;

    let stub = |ty, start| Stub { ty: CanonicalTypeIndex::new(ty), code: CodeOffset::new(start) };
    module.entry_stubs.clear();
    module.host_stubs.clear();
    for (kind, place) in names.stubs.iter().zip(&text.stubs) {
        match *kind {
            StubKind::Entry(ty) => module.entry_stubs.push(stub(ty, place.start)),
            StubKind::Host(ty) => module.host_stubs.push(stub(ty, place.start)),
            // Only entries of private tables refer to these.
            StubKind::Import(_) => {}
        }
    }
    module.entry_stubs.sort_by_key(|stub| stub.ty);
    module.host_stubs.sort_by_key(|stub| stub.ty);
    Ok(())
}

/// Sets every place in the image.
pub(super) fn set_places(
    module: &mut Module,
    places: &Places,
    tables: &Tables,
    data: &[&[u8]],
    memory: &[MemoryContents],
) {
    module.text = places[Section::Text];
    module.function_table = places[Section::Functions];
    module.site_table = places[Section::Sites];
    module.handler_table = places[Section::Handlers];
    let start = places[Section::Tables].offset;
    let absolute = |range: Range| Range { offset: start + range.offset, size: range.size };
    for (index, range) in &tables.tables {
        module.tables[*index as usize].image = absolute(*range);
    }
    module.context =
        if tables.context.size == 0 { tables.context } else { absolute(tables.context) };

    let mut end = places[Section::Data].offset;
    let mut append = |size: u64| {
        end += size;
        if size == 0 { Range::default() } else { Range { offset: end - size, size } }
    };
    module.data = data.iter().map(|segment| append(segment.len() as u64)).collect();

    let mut end = places[Section::Memory].offset;
    let mut run = |contents: &MemoryContents| {
        let image = Range { offset: end, size: run_size(contents, places.page_size) };
        end += image.size;
        MemoryRun { memory: MemoryIndex::new(contents.memory), address: contents.address, image }
    };
    module.runs = memory.iter().map(&mut run).collect();
}

/// Size of a memory run in the image: whole pages, since that is what is
/// mapped; the rest of the last one is zero.
pub(super) fn run_size(contents: &MemoryContents, page_size: u64) -> u64 {
    (contents.bytes.len() as u64).next_multiple_of(page_size)
}
