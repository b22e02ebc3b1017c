//! `.text` of an object: references inside are resolved, others are left to the
//! system linker.

use super::image::Image;
use super::sections::Section;
use super::text::Addresses;
use crate::code::Text;
use crate::function::{CodeReloc, CodeRelocKind, CompiledFunction, Symbol};
use crate::place::LinkError;

/// A reference that the system linker resolves.
pub(super) struct Left {
    /// Offset of the field in `.text`.
    pub field: u64,
    pub reloc: CodeReloc,
    /// Section and offset of what is referred to, without the addend.
    pub target: (Section, u64),
}

/// The bytes of a text, and what is left of its references.
pub(super) fn resolve(image: &Image<'_>, text: Text) -> Result<(Vec<u8>, Vec<Left>), LinkError> {
    let placed = &image.placed;
    let range = image.places[Section::Text];
    let mut code = vec![placed.machine.padding(); range.size as usize];
    let tables = image.table_addresses();
    let addresses = Addresses {
        text: range.offset,
        layout: &placed.layout,
        tables: &tables,
        names: &placed.names,
    };
    let mut all = Vec::new();
    for (mut function, place, symbol) in placed.layout.pieces(placed.names.functions(), text) {
        let left = leave_to_linker(&mut function);
        addresses.patch(&mut function, place, symbol)?;
        code[place.start.index()..][..place.size as usize].copy_from_slice(&function.code);
        for reloc in left {
            let unresolved = || LinkError::Unresolved {
                place: placed.names.get(symbol).into_owned(),
                symbol: reloc.target,
            };
            let target = match reloc.target {
                Symbol::PrivateTable(module, table) => {
                    let address = *tables[module.index()].get(table.index()).unwrap_or(&None);
                    let start = image.places[Section::Tables].offset;
                    (Section::Tables, address.ok_or_else(unresolved)? - start)
                }
                Symbol::Local(offset) => (Section::Text, offset.in_code(place.start).into()),
                code => {
                    let found = placed.find(code).ok_or_else(unresolved)?;
                    (Section::Text, found.start.into())
                }
            };
            all.push(Left { field: reloc.offset.in_code(place.start).into(), reloc, target });
        }
    }
    Ok((code, all))
}

/// Takes out the relocations that cannot be applied yet: to other sections,
/// and those that depend on where pages begin. Their fields stay zero.
fn leave_to_linker(function: &mut CompiledFunction) -> Vec<CodeReloc> {
    let relocs = std::mem::take(&mut function.relocs);
    let to_table = |reloc: &CodeReloc| matches!(reloc.target, Symbol::PrivateTable(..));
    let leaves = |reloc: &CodeReloc| match (reloc.kind, reloc.target) {
        (CodeRelocKind::Aarch64AdrPage21 | CodeRelocKind::Aarch64AddLow12, _) => true,
        (CodeRelocKind::RiscvPcRelLow12, Symbol::Local(auipc)) => {
            let pair = relocs.binary_search_by_key(&auipc, |reloc| reloc.offset);
            pair.is_ok_and(|at| to_table(&relocs[at]))
        }
        _ => to_table(reloc),
    };
    let (left, applied): (Vec<_>, Vec<_>) = relocs.iter().partition(|reloc| leaves(reloc));
    function.relocs = applied.into();
    left
}
