//! An artifact with everything in its place in the file, and how it is written.

use super::elf;
use super::sections::{FileLayout, PerSection, Section};
use super::summary::EmitSummary;
use super::symbols::SymbolTable;
use super::text::Addresses;
use super::variants::{self, PlacedText};
use super::writer::ImageWriter;
use crate::debug_section::DebugReloc;
use crate::place::{LinkError, MemoryPages, Placed};
use precast_artifact::index::{CodeOffset, SectionOffset};
use precast_artifact::module::Module;
use precast_artifact::note::Note;
use std::io::Write;

/// Everything that goes into the file. Code is not patched yet.
pub(super) struct Image<'a> {
    pub placed: Placed<'a>,
    pub note: Note,
    /// The description of each module.
    pub modules: Vec<Module>,
    pub places: FileLayout,
    /// The file header and the program headers.
    pub headers: Vec<u8>,
    /// Of every section but `.text`, `.precast.data`, `.precast.memory`,
    /// `.precast.variants` and `.strtab`.
    pub bytes: PerSection<Vec<u8>>,
    /// Where the debug sections, which are relocated, hold addresses.
    pub debug_relocs: PerSection<Vec<DebugReloc>>,
    pub symbols: SymbolTable,
    /// Start of each piece of code and offset of its entry in `.eh_frame`.
    pub unwind_entries: Vec<(CodeOffset, SectionOffset)>,
    /// Where further texts lie in their section.
    pub variants: Vec<PlacedText>,
}

impl Image<'_> {
    /// Writes the file, front to back. Code is patched function by function on
    /// the way, and freed.
    pub(super) fn write(mut self, out: &mut dyn Write) -> Result<EmitSummary, LinkError> {
        let summary = self.summary();
        let tables = self.table_addresses();
        let mut texts = std::mem::take(&mut self.placed.texts).into_iter();
        let Self { placed, places, bytes, .. } = &self;
        let addresses = Addresses {
            text: places[Section::Text].offset,
            layout: &placed.layout,
            tables: &tables,
            names: &placed.names,
        };
        let (padding, page_size) = (placed.machine.padding(), placed.target.page_size);
        let mut out = ImageWriter::new(out);
        out.write(&self.headers)?;
        for (section, range) in places.present() {
            out.pad_to(range.offset, 0)?;
            match section {
                Section::Data => {
                    let segments = placed.modules.iter().flat_map(|module| &module.data);
                    segments.into_iter().try_for_each(|segment| out.write(segment))?;
                }
                Section::Memory => {
                    for (offset, pages) in self.memory() {
                        out.write_at(offset, &pages.bytes)?;
                    }
                }
                Section::Text => {
                    let text = texts.next().expect("there is code for a CPU");
                    addresses.write(text, &mut out, padding)?;
                    // The rest of the last page is executable too.
                    let end = range.offset + range.size;
                    out.pad_to(end.next_multiple_of(page_size), padding)?;
                }
                Section::Variants => {
                    let fill = (padding, page_size);
                    variants::write(texts.by_ref(), &self.variants, &addresses, &mut out, fill)?;
                }
                // Takes no room in the file.
                Section::Cell => {}
                Section::Strtab => out.write(self.symbols.strings())?,
                _ => out.write(&bytes[section])?,
            }
        }
        out.write_at(places.section_headers, &elf::section_headers(places))?;
        out.finish()?;
        Ok(summary)
    }

    /// What the file holds.
    pub(super) fn summary(&self) -> EmitSummary {
        let sections = self.places.present();
        EmitSummary {
            sections: sections.map(|(section, range)| (section.spec().name, range.size)).collect(),
            size: self.places.file_size(),
            functions: self.placed.functions,
            folded: self.placed.folded,
            aligned: self.placed.aligned,
            shortened: self.placed.shortened,
        }
    }

    /// The address of each private table, by module.
    pub(super) fn table_addresses(&self) -> Vec<Vec<Option<u64>>> {
        let address = |size, offset| if size == 0 { None } else { Some(offset) };
        let tables = |module: &Module| {
            let images = module.tables.iter().map(|table| table.image);
            images.map(|image| address(image.size, image.offset)).collect()
        };
        self.modules.iter().map(tables).collect()
    }

    /// The pages of every memory, with their offset in the file.
    pub(super) fn memory(&self) -> impl Iterator<Item = (u64, &MemoryPages)> {
        let modules = self.placed.modules.iter().zip(&self.modules);
        modules.flat_map(|(placed, module)| {
            let runs = module.runs.iter().map(|run| run.image.offset);
            runs.zip(&placed.memory)
        })
    }
}
