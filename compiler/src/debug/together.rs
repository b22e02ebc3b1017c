//! The debug information of several modules as that of one artifact.

use super::join::DebugSections;
use crate::debug_section::{DebugBase, DebugReloc, DebugSection};
use precast_artifact::debug::lines::LinesWriter;
use precast_artifact::debug::locals::{LocalsWriter, NAME};
use precast_artifact::index::SectionOffset;
use std::collections::BTreeMap;

/// What is said by place in the code, of all modules.
#[derive(Default)]
pub(crate) struct DebugTables {
    pub(super) lines: LinesWriter,
    pub(super) locals: LocalsWriter,
}

impl DebugTables {
    /// The sections.
    pub(crate) fn finish(self) -> [DebugSection; 2] {
        let section = |name, bytes| DebugSection { name, bytes, relocs: Vec::new() };
        [section(".precast.lines", self.lines.finish()), section(NAME, self.locals.finish())]
    }
}

/// Joins the sections of modules, in order. They were made to be relocatable:
/// what counts from the start of a section now counts from where the module's
/// part of it begins.
pub(crate) fn together(modules: Vec<DebugSections>) -> DebugSections {
    let mut all = DebugSections::default();
    for module in modules {
        let end = |section: &DebugSection| SectionOffset::from_index(section.bytes.len());
        let starts: BTreeMap<&str, SectionOffset> =
            all.list.iter().map(|section| (section.name, end(section))).collect();
        for mut section in module.list {
            for DebugReloc { offset, base } in &section.relocs {
                let Some(name) = section_of(*base) else { continue };
                let start = starts.get(name).copied().unwrap_or_default();
                let field = &mut section.bytes[offset.index()..][..4];
                let value = u32::from_le_bytes(field.try_into().expect("four bytes"));
                field.copy_from_slice(&value.wrapping_add(start.get()).to_le_bytes());
            }
            section.relocs.retain(|reloc| reloc.base.is_address());
            match all.list.iter_mut().find(|known| known.name == section.name) {
                None => all.list.push(section),
                Some(known) => append(known, section),
            }
        }
        all.warnings.extend(module.warnings);
    }
    all
}

fn append(to: &mut DebugSection, section: DebugSection) {
    let start = to.bytes.len();
    let moved = |offset: SectionOffset| SectionOffset::from_index(start + offset.index());
    let relocs = section.relocs.iter();
    let moved = relocs.map(|reloc| DebugReloc { offset: moved(reloc.offset), ..*reloc });
    to.relocs.extend(moved);
    to.bytes.extend(section.bytes);
}

/// The section that a field counts from; none for addresses.
fn section_of(base: DebugBase) -> Option<&'static str> {
    Some(match base {
        DebugBase::Text | DebugBase::Cell => return None,
        DebugBase::Abbreviations => ".debug_abbrev",
        DebugBase::Info => ".debug_info",
        DebugBase::Line => ".debug_line",
        DebugBase::LineStrings => ".debug_line_str",
        DebugBase::Locations => ".debug_loclists",
        DebugBase::Ranges => ".debug_rnglists",
        DebugBase::Strings => ".debug_str",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_count_from_where_their_module_begins() {
        let module = |text: &[u8], at: u32| {
            let info = [at.to_le_bytes(), [9; 4]].concat();
            let relocs = vec![
                DebugReloc { offset: SectionOffset::START, base: DebugBase::Strings },
                DebugReloc { offset: SectionOffset::new(4), base: DebugBase::Text },
            ];
            let list = vec![
                DebugSection { name: ".debug_info", bytes: info, relocs },
                DebugSection { name: ".debug_str", bytes: text.into(), relocs: Vec::new() },
            ];
            DebugSections { list, warnings: vec![format!("{at}")] }
        };
        let all = together(vec![module(b"abc\0", 1), module(b"de\0", 2)]);
        let [info, strings] = &all.list[..] else { panic!("two sections") };
        assert_eq!(strings.bytes, b"abc\0de\0");
        assert_eq!(info.bytes, [1, 0, 0, 0, 9, 9, 9, 9, 6, 0, 0, 0, 9, 9, 9, 9]);
        let addresses: Vec<u32> = info.relocs.iter().map(|reloc| reloc.offset.get()).collect();
        assert_eq!(addresses, [4, 12]);
        assert_eq!(all.warnings, ["1", "2"]);
    }
}
