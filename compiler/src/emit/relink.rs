//! From an object that [`relocatable`](super::relocatable) made back to the artifact:
//! the same bytes as direct compilation gives.
//!
//! The object has the artifact's sections, and the note says where they lie in
//! its image. What is left to do is a linker's work: place them, apply the
//! relocations, and write the headers and tables that only a file has.

use super::base::link_base;
use super::frames::{FDE_LOCATION, Frames};
use super::relocatable::{BUILD_ID, NOTE, same};
use super::sections::{FileLayout, PerSection, Section, debug_addresses};
use super::symbols::{SymbolTable, is_mapping};
use super::writer::ImageWriter;
use super::{elf, elf_relocs, relocate, start};
use crate::function::CodeRelocKind;
use crate::place::LinkError;
use crate::place::Machine;
use crate::target::LinkTarget;
use object::LittleEndian;
use object::elf::{
    ET_REL, FileHeader64, Rela64, SHT_RELA, STB_LOCAL, STT_FUNC, STT_NOTYPE, STT_OBJECT,
};
use object::read::elf::{FileHeader, Rela as _, SectionHeader, SectionTable, Sym};
use precast_artifact::container::DEBUG_CELL;
use precast_artifact::index::{CodeOffset, SectionOffset};
use precast_artifact::module::Range;
use precast_artifact::note::{self, Note, NoteError};
use std::io::Write;

/// The largest that artifacts may be laid out for.
const MAX_PAGE_SIZE: u64 = 1 << 30;
const LE: LittleEndian = LittleEndian;
type File = FileHeader64<LittleEndian>;

/// Writes the artifact of an object.
pub(crate) fn relink(object: &[u8], out: &mut dyn Write) -> Result<(), LinkError> {
    let parts = Parts::read(object)?;
    let image = Relinked::new(&parts)?;
    image.write(&parts, out)
}

fn refused(why: impl std::fmt::Display) -> LinkError {
    LinkError::Object(why.to_string())
}

/// What the object holds.
struct Parts<'o> {
    machine: Machine,
    target: LinkTarget,
    note: Note,
    /// Sections under their own names, and the build id.
    sections: PerSection<&'o [u8]>,
    sizes: PerSection<u64>,
    /// Those sections by their number in the object.
    numbers: Vec<Option<Section>>,
    symbols: SymbolTable,
    relocations: PerSection<Vec<Relocation>>,
}

/// A relocation: `to` is `S + A`, as an offset in a section.
struct Relocation {
    offset: u64,
    kind: u32,
    to: (Section, u64),
}

impl<'o> Parts<'o> {
    fn read(object: &'o [u8]) -> Result<Self, LinkError> {
        let header = File::parse(object).map_err(refused)?;
        if header.e_type(LE) != ET_REL {
            return Err(refused("not a relocatable object"));
        }
        let number = header.e_machine(LE);
        let machine = Machine::new(number)?;
        let table = header.sections(LE, object).map_err(refused)?;
        let mut parts = Self {
            machine,
            note: read_note(&table, object)?,
            target: LinkTarget { machine: number, flags: header.e_flags(LE), page_size: 0 },
            sections: PerSection::default(),
            sizes: PerSection::default(),
            numbers: vec![None; table.len()],
            symbols: SymbolTable::with_capacity(0),
            relocations: PerSection::default(),
        };
        parts.target.page_size = parts.note.page_size;
        if let Some((_, header)) = only(&table, BUILD_ID)? {
            parts.sections[Section::BuildId] = header.data(LE, object).map_err(refused)?;
        }
        for section in same() {
            if let Some((number, header)) = only(&table, section.spec().name)? {
                parts.sections[section] = header.data(LE, object).map_err(refused)?;
                parts.sizes[section] = header.sh_size(LE);
                parts.numbers[number] = Some(section);
            }
        }
        parts.read_symbols(&table, object)?;
        parts.read_relocations(&table, object)?;
        Ok(parts)
    }

    fn section(&self, number: usize) -> Option<Section> {
        *self.numbers.get(number)?
    }

    /// The artifact's symbols, in their order.
    fn read_symbols(
        &mut self,
        table: &SectionTable<'o, File>,
        object: &'o [u8],
    ) -> Result<(), LinkError> {
        let symbols = table.symbols(LE, object, object::elf::SHT_SYMTAB).map_err(refused)?;
        for symbol in symbols.iter().filter(|symbol| symbol.st_bind() == STB_LOCAL) {
            let Some(section) = self.section(symbol.st_shndx(LE).into()) else { continue };
            let (value, size) = (symbol.st_value(LE), symbol.st_size(LE));
            if value.checked_add(size).is_none_or(|end| end > self.sizes[section]) {
                return Err(refused("a symbol lies outside its section"));
            }
            let name = symbol.name(LE, symbols.strings()).map_err(refused)?;
            let kind = symbol.st_type();
            // Relocations have symbols of their own.
            if matches!(kind, STT_FUNC | STT_OBJECT) || kind == STT_NOTYPE && is_mapping(name) {
                self.symbols.add(section, kind, value, size, name);
            }
        }
        Ok(())
    }

    fn read_relocations(
        &mut self,
        table: &SectionTable<'o, File>,
        object: &'o [u8],
    ) -> Result<(), LinkError> {
        let symbols = table.symbols(LE, object, object::elf::SHT_SYMTAB).map_err(refused)?;
        for header in table.iter().filter(|header| header.sh_type(LE) == SHT_RELA) {
            let Some(section) = self.section(header.sh_info(LE) as usize) else { continue };
            let entries: &[Rela64<LittleEndian>] =
                header.data_as_array(LE, object).map_err(refused)?;
            for entry in entries {
                let symbol = entry.symbol(LE, false).ok_or_else(|| refused("no symbol"))?;
                let symbol = symbols.symbol(symbol).map_err(refused)?;
                let to = self.section(symbol.st_shndx(LE).into()).ok_or_else(|| {
                    refused("a relocation refers to something outside: it is of another program")
                })?;
                let address = symbol.st_value(LE).wrapping_add_signed(entry.r_addend(LE));
                let kind = entry.r_type(LE, false);
                if entry.r_offset(LE) >= self.sizes[section] {
                    return Err(refused("a relocation lies outside its section"));
                }
                let relocation = Relocation { offset: entry.r_offset(LE), kind, to: (to, address) };
                self.relocations[section].push(relocation);
            }
        }
        Ok(())
    }
}

fn read_note(table: &SectionTable<'_, File>, object: &[u8]) -> Result<Note, LinkError> {
    let Some((_, header)) = only(table, NOTE)? else {
        return Err(refused("not made by `precast compile --emit obj`"));
    };
    let bytes = header.data(LE, object).map_err(refused)?;
    let note = Note::decode(bytes).map_err(|error| match error {
        NoteError::Version(version) => refused(format!(
            "made by another version of precast, for format {}.{}.{}: compile the module again",
            version.container, version.context, version.builtins
        )),
        NoteError::Damaged(error) => refused(error),
    })?;
    match note.page_size.is_power_of_two() && note.page_size <= MAX_PAGE_SIZE {
        true => Ok(note),
        false => Err(refused(format!("page size {}", note.page_size))),
    }
}

/// Number and header of the section with this name, if there is one.
fn only<'o>(
    table: &SectionTable<'o, File>,
    name: &str,
) -> Result<Option<(usize, &'o File64Section)>, LinkError> {
    let named = |header: &File64Section| table.section_name(LE, header) == Ok(name.as_bytes());
    let mut found = table.iter().enumerate().filter(|(_, header)| named(header));
    let first = found.next();
    match found.next() {
        Some(_) => Err(refused(format!("several sections `{name}`: an artifact is of one module"))),
        None => Ok(first),
    }
}

type File64Section = object::elf::SectionHeader64<LittleEndian>;

/// The artifact, laid out.
struct Relinked {
    places: FileLayout,
    bytes: PerSection<Vec<u8>>,
}

impl Relinked {
    fn new(parts: &Parts<'_>) -> Result<Self, LinkError> {
        let Parts { note, symbols, .. } = parts;
        let mut bytes = PerSection::<Vec<u8>>::default();
        for section in same() {
            bytes[section] = parts.sections[section].to_vec();
        }
        let encode = |note: &Note| elf::note(note::OWNER, note::TYPE, &note.encode());
        bytes[Section::Note] = encode(note);
        bytes[Section::BuildId] = parts.sections[Section::BuildId].to_vec();
        bytes[Section::Start] = start::code(parts.machine);
        bytes[Section::StartData] = start::data();
        bytes[Section::Shstrtab] = elf::section_names();
        bytes[Section::Strtab] = symbols.strings().to_vec();
        if parts.sizes[Section::Cell] != 0 {
            bytes[Section::Addresses] = debug_addresses(|section| {
                let to_image = |to| matches!(to, Section::Text | Section::Cell);
                let addresses = parts.relocations[section].iter();
                let addresses = addresses.filter(|relocation| to_image(relocation.to.0));
                addresses.map(|relocation| SectionOffset::new(relocation.offset as u32)).collect()
            });
            bytes[Section::GdbScripts] = precast_debuggers::gdb_section().into();
            bytes[Section::LldbSummaries] = precast_debuggers::lldb_section();
        }
        let frames = unwind_entries(parts, std::mem::take(&mut bytes[Section::EhFrame]))?;

        let mut sizes = bytes.map(|bytes| bytes.len() as u64);
        sizes[Section::Cell] = parts.sizes[Section::Cell].min(DEBUG_CELL);
        sizes[Section::EhFrame] = frames.size();
        sizes[Section::EhFrameHdr] = frames.header_size();
        sizes[Section::Symtab] = symbols.size();
        let base = match note.options.iter().any(|option| option == "-g") {
            true => {
                let none = Range::default();
                let unplaced =
                    Note { image_size: 0, text: none, module: none, inlined: none, ..note.clone() };
                link_base(parts.machine, &encode(&unplaced))
            }
            false => 0,
        };
        let places = FileLayout::new(&sizes, note.page_size, base);
        let placed = (places.image_size, places[Section::Text], places[Section::Module]);
        if placed != (note.image_size, note.text, note.module) {
            return Err(refused("its sections are not as they were written: it was changed"));
        }
        let [header, section, text] = [Section::EhFrameHdr, Section::EhFrame, Section::Text]
            .map(|section| places[section].offset);
        (bytes[Section::EhFrameHdr], bytes[Section::EhFrame]) =
            frames.encode(header, section, text);
        bytes[Section::Symtab] = symbols.encode(&places);
        for section in [Section::Tables, Section::Text] {
            let relocations = &parts.relocations[section];
            apply(parts.machine, &places, section, &mut bytes[section], relocations)?;
        }
        for section in same().filter(|section| *section > Section::Cell) {
            let relocations = &parts.relocations[section];
            apply_debug(parts.machine, &places, &mut bytes[section], relocations)?;
        }
        Ok(Self { places, bytes })
    }

    fn write(&self, parts: &Parts<'_>, out: &mut dyn Write) -> Result<(), LinkError> {
        let Self { places, bytes } = self;
        let mut out = ImageWriter::new(out);
        out.write(&elf::headers(&parts.target, places))?;
        for (section, range) in places.present() {
            if section == Section::Cell {
                continue;
            }
            out.write_at(range.offset, &bytes[section])?;
            if section == Section::Text {
                let end = range.offset + range.size;
                let page_end = end.next_multiple_of(parts.note.page_size);
                out.pad_to(page_end, parts.machine.padding())?;
            }
        }
        out.write_at(places.section_headers, &elf::section_headers(places))?;
        Ok(out.finish()?)
    }
}

/// The unwind tables; their relocations say what code each entry is of.
fn unwind_entries(parts: &Parts<'_>, bytes: Vec<u8>) -> Result<Frames, LinkError> {
    let size = bytes.len();
    let entry = |relocation: &Relocation| {
        let fde = (relocation.offset as usize).checked_sub(FDE_LOCATION)?;
        let inside = fde + FDE_LOCATION + 4 <= size;
        let (Section::Text, start) = relocation.to else { return None };
        let start = CodeOffset::new(u32::try_from(start).ok()?);
        inside.then_some((start, SectionOffset::new(u32::try_from(fde).ok()?)))
    };
    let entries = parts.relocations[Section::EhFrame].iter().map(entry);
    let entries: Option<Vec<_>> = entries.collect();
    let entries = entries.ok_or_else(|| refused("its unwind entries are not of its code"))?;
    Ok(Frames::with_entries(bytes, entries))
}

/// Applies the relocations of a section.
fn apply(
    machine: Machine,
    places: &FileLayout,
    section: Section,
    bytes: &mut [u8],
    relocations: &[Relocation],
) -> Result<(), LinkError> {
    let start = places[section].offset;
    let address = |(section, offset): (Section, u64)| places[section].offset.wrapping_add(offset);
    for relocation in relocations {
        let kind = match elf_relocs::code_kind(machine, relocation.kind) {
            Some(kind) => kind,
            // A plain distance in 32 bits is what it is on x86-64.
            None if relocation.kind == elf_relocs::relative(machine) => CodeRelocKind::X86PcRel32,
            None => return Err(refused(format!("relocation of kind {}", relocation.kind))),
        };
        // The low half takes the distance of the `auipc` that it leads to.
        let base = match kind {
            CodeRelocKind::RiscvPcRelLow12 => {
                let pair = relocations.binary_search_by_key(&relocation.to.1, |r| r.offset);
                &relocations[pair.map_err(|_| refused("half of an address"))?]
            }
            _ => relocation,
        };
        let field = bytes.get_mut(relocation.offset as usize..).filter(|field| field.len() >= 4);
        let field = field.ok_or_else(|| refused("a relocation lies outside its section"))?;
        relocate::apply(kind, field, address(base.to), start + base.offset)
            .map_err(|distance| refused(format!("a reference of {distance} bytes")))?;
    }
    Ok(())
}

/// Applies the relocations of a debug section.
fn apply_debug(
    machine: Machine,
    places: &FileLayout,
    bytes: &mut [u8],
    relocations: &[Relocation],
) -> Result<(), LinkError> {
    for Relocation { offset, kind, to: (section, offset_there) } in relocations {
        let wide = *kind == elf_relocs::absolute(machine);
        if !wide && *kind != elf_relocs::absolute32(machine) {
            return Err(refused(format!("relocation of kind {kind}")));
        }
        let start = match section {
            Section::Text => places.address(Section::Text),
            Section::Cell => places.cell(),
            _ => 0,
        };
        let size = if wide { 8 } else { 4 };
        let field = bytes.get_mut(*offset as usize..).and_then(|field| field.get_mut(..size));
        let field = field.ok_or_else(|| refused("a relocation lies outside its section"))?;
        let value = start.wrapping_add(*offset_there).to_le_bytes();
        field.copy_from_slice(&value[..size]);
    }
    Ok(())
}
