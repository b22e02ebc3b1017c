//! An image as a relocatable object, for a system linker to make part of a
//! program: the contents of the artifact's sections, in sections of the same
//! names, with relocations where one refers to another.
//!
//! Calls are resolved here as in an artifact, so `.text` is one piece and
//! needs relocations only where it refers to private tables, and on aarch64
//! for every `adrp`, which depends on where pages begin. What replaces the
//! program headers is a [descriptor](precast_artifact::linked), the one global
//! symbol. `.eh_frame` becomes part of the program's; what only a file needs is
//! left out, but for the build id, which system linkers drop (`SHF_EXCLUDE`)
//! and [`relink`](mod@super::relink) wants.
//!
//! The file is written through `object`, the layer below `cranelift-object`. That
//! one places functions itself, each as a symbol that calls refer to, and would lose
//! what objects have here: the tables by which traps and frames are found hold
//! offsets into one piece of text, which must not be moved apart, and the artifact
//! that [`relink`](mod@super::relink) makes of an object has the bytes of one made
//! at once. Measured with QuickJS for x86-64: its 10,740 direct calls are resolved
//! here, and 1,768 relocations are left; as relocations they would add 258 kB to an
//! object of 1.6 MB, and a linker's work at each of them.

use super::frames::{FDE_LOCATION, TERMINATOR_SIZE};
use super::image::Image;
use super::object_text::{self, Left};
use super::sections::{PerSection, Section, Segment};
use super::summary::EmitSummary;
use super::writer::CountingWriter;
use super::{elf_relocs, tables};
use crate::debug_section::DebugBase;
use crate::function::CodeRelocKind;
use crate::place::LinkError;
use crate::place::Machine;
use object::elf;
use object::write::{
    self, Object, Relocation, SectionId, StreamingBuffer, SymbolId, SymbolSection,
};
use object::{
    Architecture, BinaryFormat, Endianness, FileFlags, RelocationFlags, SectionFlags, SectionKind,
    SymbolFlags, SymbolKind, SymbolScope,
};
use precast_artifact::linked::{self, Piece};
use std::io::Write;

/// Section of the note's contents. Not a note: a program that holds an image
/// is no artifact.
pub(super) const NOTE: &str = ".precast.note";
/// Section of the build id.
pub(super) const BUILD_ID: &str = ".precast.build-id";
/// Section of the descriptor: read-only once addresses are filled in.
const DESCRIPTOR: &str = ".data.rel.ro.precast";

/// The artifact's sections that are in objects under their own names: all but
/// those that are made anew. gdb finds its script in the loader, which is part
/// of the program.
pub(super) fn same() -> impl Iterator<Item = Section> {
    Section::ALL.into_iter().filter(|section| {
        !matches!(
            section,
            Section::Note
                | Section::BuildId
                | Section::EhFrameHdr
                | Section::Start
                | Section::StartData
                | Section::Addresses
                | Section::GdbScripts
                | Section::LldbSummaries
                | Section::Symtab
                | Section::Strtab
                | Section::Shstrtab
        )
    })
}

/// Alignment is for the fields in a section; nothing is mapped by pages.
const MAX_ALIGN: u64 = 64;

/// Writes the object; `descriptor` is the name of its global symbol.
pub(super) fn write(
    mut image: Image<'_>,
    descriptor: &str,
    out: &mut dyn Write,
) -> Result<EmitSummary, LinkError> {
    let mut writer = ObjectWriter::new(&image);
    writer.describe(&image, descriptor);
    writer.symbols(&image);
    writer.table_relocations(&mut image);
    writer.unwind_relocations(&mut image);
    writer.debug_relocations(&mut image);
    let mut summary = image.summary();
    writer.contents(image)?;
    summary.sections = writer.sizes();
    let mut out = CountingWriter::new(out);
    let mut buffer = StreamingBuffer::new(&mut out);
    writer.object.emit(&mut buffer).map_err(|why| LinkError::Object(why.to_string()))?;
    buffer.result()?;
    summary.size = out.finish()?;
    Ok(summary)
}

struct ObjectWriter {
    object: Object<'static>,
    machine: Machine,
    ids: PerSection<Option<SectionId>>,
}

impl ObjectWriter {
    /// An object with all sections, all empty.
    fn new(image: &Image<'_>) -> Self {
        let machine = image.placed.machine;
        let architecture = match machine {
            Machine::X86_64 => Architecture::X86_64,
            Machine::Aarch64 => Architecture::Aarch64,
            Machine::Riscv64 => Architecture::Riscv64,
        };
        let mut object = Object::new(BinaryFormat::Elf, architecture, Endianness::Little);
        object.flags = FileFlags::Elf {
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            e_flags: image.placed.target.flags,
        };
        let mut writer = Self { object, machine, ids: PerSection::default() };
        for section in same().filter(|section| image.places[*section].size != 0) {
            let kind = match (section, machine) {
                (Section::Text, _) => SectionKind::Text,
                (Section::Comment, _) => SectionKind::OtherString,
                (Section::Attributes, _) => SectionKind::Elf(elf::SHT_RISCV_ATTRIBUTES),
                (Section::Cell, _) => SectionKind::UninitializedData,
                (section, _) if section > Section::Cell => SectionKind::Debug,
                (Section::EhFrame, Machine::X86_64) => SectionKind::Elf(elf::SHT_X86_64_UNWIND),
                _ => SectionKind::ReadOnlyData,
            };
            let id = writer.section(section.spec().name, kind);
            if section == Section::EhFrame {
                writer.object.section_mut(id).flags =
                    SectionFlags::Elf { sh_flags: elf::SHF_ALLOC.into() };
            }
            writer.ids[section] = Some(id);
        }
        // Without it, the program's stack would be executable.
        let stack = writer.section(".note.GNU-stack", SectionKind::Other);
        writer.object.section_mut(stack).flags = SectionFlags::Elf { sh_flags: 0 };
        let build_id = writer.section(BUILD_ID, SectionKind::Other);
        let bytes = image.bytes[Section::BuildId].clone();
        let build_id = writer.object.section_mut(build_id);
        build_id.set_data(bytes, 4);
        build_id.flags = SectionFlags::Elf { sh_flags: elf::SHF_EXCLUDE.into() };
        writer
    }

    fn section(&mut self, name: &str, kind: SectionKind) -> SectionId {
        self.object.add_section(Vec::new(), name.into(), kind)
    }

    /// The symbol of a section that is present.
    fn symbol_of(&mut self, section: Section) -> SymbolId {
        let id = self.ids[section].expect("what is referred to is there");
        self.object.section_symbol(id)
    }

    /// The note and the descriptor.
    fn describe(&mut self, image: &Image<'_>, name: &str) {
        let note = self.section(NOTE, SectionKind::ReadOnlyData);
        let bytes = image.note.encode();
        let note_size = bytes.len() as u64;
        self.object.set_section_data(note, bytes, 8);
        let mapped = |section: &Section| {
            section.spec().segment != Segment::Unmapped && *section != Section::EhFrame
        };
        let mapped = same().filter(mapped);
        let mapped: Vec<Section> = mapped.filter(|section| self.ids[*section].is_some()).collect();
        let piece = |section: &Section| {
            let range = image.places[*section];
            Piece { address: 0, offset: range.offset, size: range.size }
        };
        let pieces: Vec<Piece> = mapped.iter().map(piece).collect();
        let bytes = linked::encode(note_size, &pieces);

        let section = self.section(DESCRIPTOR, SectionKind::ReadOnlyDataWithRel);
        let size = bytes.len() as u64;
        self.object.set_section_data(section, bytes, 8);
        let kind = elf_relocs::absolute(self.machine);
        let note = self.object.section_symbol(note);
        self.relocate(section, linked::NOTE_ADDRESS, kind, note, 0);
        if self.ids[Section::Cell].is_some() {
            let cell = self.symbol_of(Section::Cell);
            self.relocate(section, linked::CELL_ADDRESS, kind, cell, 0);
        }
        for (index, piece) in mapped.into_iter().enumerate() {
            let symbol = self.symbol_of(piece);
            self.relocate(section, linked::piece_address(index), kind, symbol, 0);
        }
        self.object.add_symbol(write::Symbol {
            name: name.into(),
            value: 0,
            size,
            kind: SymbolKind::Data,
            scope: SymbolScope::Dynamic,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        });
    }

    /// The artifact's symbols.
    fn symbols(&mut self, image: &Image<'_>) {
        for (section, kind, offset, size, name) in image.symbols.iter() {
            let kind = match kind {
                elf::STT_FUNC => SymbolKind::Text,
                elf::STT_NOTYPE => SymbolKind::Label,
                _ => SymbolKind::Data,
            };
            self.local_symbol(section, offset, size, name, kind);
        }
    }

    fn local_symbol(
        &mut self,
        section: Section,
        value: u64,
        size: u64,
        name: &[u8],
        kind: SymbolKind,
    ) -> SymbolId {
        let section = self.ids[section].expect("symbols are of what is there");
        self.object.add_symbol(write::Symbol {
            name: name.into(),
            value,
            size,
            kind,
            scope: SymbolScope::Compilation,
            weak: false,
            section: SymbolSection::Section(section),
            flags: SymbolFlags::None,
        })
    }

    /// Entries of private tables lead from their table to code.
    fn table_relocations(&mut self, image: &mut Image<'_>) {
        let Some(tables) = self.ids[Section::Tables] else { return };
        let kind = elf_relocs::relative(self.machine);
        let bytes = &mut image.bytes[Section::Tables];
        for (field, table, code) in tables::references(&image.placed) {
            bytes[field as usize..][..4].fill(0);
            // The value counts from the table, the relocation from the field.
            let addend = i64::from(code.get()) + (field - table) as i64;
            let text = self.symbol_of(Section::Text);
            self.relocate(tables, field, kind, text, addend);
        }
    }

    /// Unwind entries say where their code begins, from where they lie.
    fn unwind_relocations(&mut self, image: &mut Image<'_>) {
        let Some(section) = self.ids[Section::EhFrame] else { return };
        let kind = elf_relocs::relative(self.machine);
        let bytes = &mut image.bytes[Section::EhFrame];
        // What ends the section would end the program's.
        bytes.truncate(bytes.len() - TERMINATOR_SIZE);
        let text = self.symbol_of(Section::Text);
        for (start, entry) in &image.unwind_entries {
            let field = entry.index() + FDE_LOCATION;
            bytes[field..][..4].fill(0);
            self.relocate(section, field as u64, kind, text, start.get().into());
        }
    }

    /// Debug sections hold addresses, and places in each other.
    fn debug_relocations(&mut self, image: &mut Image<'_>) {
        let (text, cell) = (image.places.address(Section::Text), image.places.cell());
        let [wide, narrow] =
            [elf_relocs::absolute, elf_relocs::absolute32].map(|f| f(self.machine));
        for section in same() {
            let Some(id) = self.ids[section] else { continue };
            let bytes = &mut image.bytes[section];
            for reloc in &image.debug_relocs[section] {
                let (target, start) = match reloc.base {
                    DebugBase::Text => (Section::Text, Some(text)),
                    DebugBase::Cell => (Section::Cell, Some(cell)),
                    DebugBase::Abbreviations => (Section::DebugAbbrev, None),
                    DebugBase::Info => (Section::DebugInfo, None),
                    DebugBase::Line => (Section::DebugLine, None),
                    DebugBase::LineStrings => (Section::DebugLineStr, None),
                    DebugBase::Locations => (Section::DebugLocLists, None),
                    DebugBase::Ranges => (Section::DebugRngLists, None),
                    DebugBase::Strings => (Section::DebugStr, None),
                };
                // A place in a section that is empty is not one.
                if self.ids[target].is_none() {
                    continue;
                }
                let (kind, size) = if start.is_some() { (wide, 8) } else { (narrow, 4) };
                let field = &mut bytes[reloc.offset.index()..][..size];
                let mut value = [0; 8];
                value[..size].copy_from_slice(field);
                field.fill(0);
                let addend = u64::from_le_bytes(value).wrapping_sub(start.unwrap_or(0)) as i64;
                let symbol = self.symbol_of(target);
                self.relocate(id, reloc.offset.into(), kind, symbol, addend);
            }
        }
    }

    /// Fills the sections that are the artifact's.
    fn contents(&mut self, mut image: Image<'_>) -> Result<(), LinkError> {
        let text = image.placed.texts.swap_remove(0);
        let (mut code, left) = object_text::resolve(&image, text)?;
        left.into_iter().for_each(|left| self.code_relocation(left));
        for section in same() {
            let Some(id) = self.ids[section] else { continue };
            let range = image.places[section];
            let contents = match section {
                Section::Cell => {
                    self.object.append_section_bss(id, range.size, section.spec().align);
                    continue;
                }
                Section::Text => std::mem::take(&mut code),
                Section::Data => {
                    let segments = image.placed.modules.iter().flat_map(|module| &module.data);
                    segments.copied().collect::<Vec<_>>().concat()
                }
                Section::Memory => {
                    let mut contents = vec![0; range.size as usize];
                    for (offset, pages) in image.memory() {
                        let start = (offset - range.offset) as usize;
                        contents[start..][..pages.bytes.len()].copy_from_slice(&pages.bytes);
                    }
                    contents
                }
                _ => std::mem::take(&mut image.bytes[section]),
            };
            self.object.set_section_data(id, contents, section.spec().align.min(MAX_ALIGN));
        }
        Ok(())
    }

    /// A reference in code that the system linker resolves.
    fn code_relocation(&mut self, left: Left) {
        let text = self.ids[Section::Text].expect("there is code");
        let Left { field, reloc, target: (section, offset) } = left;
        let kind = elf_relocs::code(reloc.kind);
        let (symbol, addend) = match reloc.kind {
            // Refers to the `auipc`, by a symbol of its own.
            CodeRelocKind::RiscvPcRelLow12 => {
                (self.local_symbol(section, offset, 0, b".Lpcrel_hi", SymbolKind::Label), 0)
            }
            _ => (self.symbol_of(section), offset as i64 + i64::from(reloc.addend)),
        };
        self.relocate(text, field, kind, symbol, addend);
    }

    fn relocate(
        &mut self,
        section: SectionId,
        offset: u64,
        kind: u32,
        symbol: SymbolId,
        addend: i64,
    ) {
        let flags = RelocationFlags::Elf { r_type: kind };
        let relocation = Relocation { offset, symbol, addend, flags };
        self.object.add_relocation(section, relocation).expect("every kind has its flags");
    }

    /// Name and size of every section of the artifact.
    fn sizes(&self) -> Vec<(&'static str, u64)> {
        let present = same().filter_map(|section| {
            let id = self.ids[section]?;
            Some((section.spec().name, self.object.section(id).data().len() as u64))
        });
        present.collect()
    }
}
