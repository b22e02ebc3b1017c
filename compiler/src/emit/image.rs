//! An artifact whose parts all have their place, and how it is written.

use super::error::LinkError;
use super::input::{DebugReloc, LinkTarget, MemoryContents, PrivateEntry, Stub, Variant};
use super::machine::Machine;
use super::names::Names;
use super::output::Output;
use super::sections::{PerSection, Places, Section};
use super::symbols::SymbolTable;
use super::tables::Tables;
use super::text::{Addresses, Text};
use super::{LinkSummary, elf, variants};
use crate::function::CompiledFunction;
use precast_artifact::module::Module;
use precast_artifact::note::Note;
use std::io::Write;

/// Everything that goes into the file. Code is not patched yet.
pub(super) struct Image<'a> {
    pub machine: Machine,
    pub target: LinkTarget,
    pub names: Names<'a>,
    pub text: Text,
    pub tables: Tables,
    pub private_tables: Vec<(u32, Vec<PrivateEntry>)>,
    pub note: Note,
    pub module: Module,
    pub places: Places,
    /// The file header and the program headers.
    pub headers: Vec<u8>,
    /// Of every section but `.text`, `.precast.data`, `.precast.memory` and
    /// `.strtab`.
    pub bytes: PerSection<Vec<u8>>,
    /// Where the debug sections, which are relocated, hold addresses.
    pub debug_relocs: PerSection<Vec<DebugReloc>>,
    pub symbols: SymbolTable,
    /// Start of each piece of code and offset of its entry in `.eh_frame`.
    pub unwind_entries: Vec<(u32, u32)>,
    pub functions: Vec<Option<CompiledFunction>>,
    pub stubs: Vec<Stub>,
    pub data: Vec<&'a [u8]>,
    pub memory: Vec<MemoryContents>,
    /// Further texts, and where they lie in their section.
    pub variants: Vec<Variant>,
    pub placed_variants: Vec<variants::Placed>,
    /// Number of functions, and of those that share the code of another.
    pub counts: (usize, usize),
}

impl Image<'_> {
    /// Writes the file, front to back. Code is patched function by function on
    /// the way, and freed.
    pub(super) fn write(self, out: &mut dyn Write) -> Result<LinkSummary, LinkError> {
        let summary = self.summary();
        let Self { target, names, text, module, places, bytes, mut variants, .. } = self;
        let mut out = Output::new(out);
        out.write(&self.headers)?;
        let mut code = Some((self.functions, self.stubs));
        for (section, range) in places.present() {
            out.pad_to(range.offset, 0)?;
            match section {
                Section::Data => self.data.iter().try_for_each(|segment| out.write(segment))?,
                Section::Memory => {
                    for (contents, run) in self.memory.iter().zip(&module.runs) {
                        out.write_at(run.image.offset, &contents.bytes)?;
                    }
                }
                Section::Text => {
                    let padding = self.machine.padding();
                    let addresses =
                        Addresses { text: range.offset, layout: &text, tables: &module.tables };
                    let (functions, stubs) = code.take().expect("there is one `.text`");
                    text.write(functions, stubs, &addresses, &names, &mut out, padding)?;
                    // The rest of the last page is executable too.
                    let end = range.offset + range.size;
                    out.pad_to(end.next_multiple_of(target.page_size), padding)?;
                }
                Section::Variants => {
                    let text_place = places[Section::Text].offset;
                    let addresses =
                        Addresses { text: text_place, layout: &text, tables: &module.tables };
                    let fill = (self.machine.padding(), target.page_size);
                    let placed = &self.placed_variants;
                    let variants = std::mem::take(&mut variants);
                    variants::write(variants, placed, &text, &addresses, &names, &mut out, fill)?;
                }
                // Takes no room in the file.
                Section::Cell => {}
                Section::Strtab => out.write(self.symbols.strings())?,
                _ => out.write(&bytes[section])?,
            }
        }
        out.write_at(places.section_headers, &elf::section_headers(&places))?;
        out.finish()?;
        Ok(summary)
    }

    /// What the file holds.
    pub(super) fn summary(&self) -> LinkSummary {
        let sections = self.places.present();
        let (functions, folded) = self.counts;
        LinkSummary {
            sections: sections.map(|(section, range)| (section.spec().name, range.size)).collect(),
            size: self.places.file_size(),
            functions,
            folded,
        }
    }
}
