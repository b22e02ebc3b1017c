//! The container: a position-independent ELF image (`ET_DYN`, little-endian,
//! 64-bit).
//!
//! | segment | flags | sections |
//! |-|-|-|
//! | `PT_LOAD` 0 | R | ELF header, `.note.precast`, `.note.gnu.build-id`, `.precast.module`, `.precast.component`, `.precast.functions`, `.precast.sites`, `.precast.handlers`, `.precast.inlined`, `.precast.tables`, `.precast.data`, `.eh_frame_hdr`, `.eh_frame` |
//! | `PT_LOAD` 1 | R X | `.text` |
//! | `PT_LOAD` 2 | R | `.precast.memory`, page-aligned |
//! | `PT_LOAD` 3 | R X | `.precast.start`, `.precast.start-data`, behind the image: not for loaders |
//! | `PT_NOTE`, `PT_GNU_EH_FRAME`, `PT_GNU_STACK` | | |
//! | none | | `.precast.variants`, `.precast.lines`, `.precast.locals`, `.precast.bodies`, `.precast.inlined-names`, `.precast.addresses`, `.precast.wit`, `.symtab`, `.strtab`, `.shstrtab`, `.debug_*`, `.lldbsummaries` |
//!
//! `.precast.variants` holds further texts for CPUs with more features, each
//! followed by its own sites and handlers; see
//! [`Variant`].
//!
//! In every segment the virtual address is the file offset plus the image's
//! *link base*: zero, but for images with debug information, which have one of
//! their own each, see [`Container::base`]. So one mapping of the file, plus
//! one of `.text` with execute permission, is the image. The loader finds
//! everything through the program headers and the note; section headers and
//! symbols are for tools, and for names in reports, and may be stripped.

use crate::foreign::Foreign;
use crate::module::Range;
use crate::note::{self, Note, NoteError, Variant};
use object::LittleEndian;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use std::fmt;

/// An opened container: checked header, no module description yet.
#[derive(Clone, Debug)]
pub struct Container {
    /// The header note.
    pub note: Note,
    /// `e_machine` of the file.
    pub machine: u16,
    /// Address that the image is linked at: what its symbols and its debug
    /// information call file offset zero. Code runs at any address; debuggers
    /// prefer this one.
    pub base: u64,
}

/// Why a file is no artifact that can be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// Not an ELF file; a guess at what it is instead.
    NotElf(&'static str),
    /// Of another format, which is known.
    Foreign(Foreign),
    /// ELF, but without the note: not made by Precast.
    NotPrecast,
    /// A relocatable object.
    Object,
    /// Of another version of the contract.
    Version(crate::abi::Versions),
    /// Damaged or truncated.
    Damaged(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotElf(guess) => write!(f, "not a precompiled artifact: {guess}"),
            Self::Foreign(foreign) => write!(f, "not a precompiled artifact: {foreign}"),
            Self::NotPrecast => f.write_str("an ELF file, but not made by precast"),
            Self::Object => f.write_str(
                "an object, which is for system linkers: `precast link` makes an artifact of it",
            ),
            Self::Version(v) => {
                let ours = crate::abi::Versions::CURRENT;
                write!(
                    f,
                    "made for format {}.{}.{}, this loader reads {}.{}.{}: compile the module again",
                    v.container, v.context, v.builtins, ours.container, ours.context, ours.builtins
                )
            }
            Self::Damaged(why) => write!(f, "damaged artifact: {why}"),
        }
    }
}

impl std::error::Error for OpenError {}

/// The file header of every artifact.
pub(crate) type ElfHeader = elf::FileHeader64<LittleEndian>;
const ENDIAN: LittleEndian = LittleEndian;

fn damaged(why: impl fmt::Display) -> OpenError {
    OpenError::Damaged(why.to_string())
}

/// Why a relocatable object is no artifact.
fn object(file: &[u8]) -> OpenError {
    if sections(file).iter().any(|(name, ..)| name.starts_with(".precast.")) {
        return OpenError::Object;
    }
    match Foreign::of(file) {
        Some(foreign @ Foreign::WasmtimeArtifact) => OpenError::Foreign(foreign),
        _ => OpenError::NotPrecast,
    }
}

/// Says what a file is that is not ELF, for the error message.
fn guess(file: &[u8]) -> &'static str {
    match file {
        [] => "the file is empty",
        [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            "a WebAssembly module, which must be compiled first"
        }
        [0, b'a', b's', b'm', ..] => "a WebAssembly component, which must be compiled first",
        [0x7f, b'E', ..] => "a truncated ELF file",
        _ => "not an ELF file",
    }
}

impl Container {
    /// Checks the ELF header, the program headers and the note. Reads a few
    /// hundred bytes, whatever the size of the file.
    pub fn open(file: &[u8]) -> Result<Self, OpenError> {
        if !file.starts_with(&elf::ELFMAG) {
            let foreign = Foreign::of(file).map(OpenError::Foreign);
            return Err(foreign.unwrap_or(OpenError::NotElf(guess(file))));
        }
        let header = ElfHeader::parse(file).map_err(damaged)?;
        if !header.is_class_64() || header.is_big_endian() {
            return Err(OpenError::NotPrecast);
        }
        if header.e_type(ENDIAN) == elf::ET_REL {
            return Err(object(file));
        }
        header.endian().map_err(damaged)?;
        let segments = header.program_headers(ENDIAN, file).map_err(damaged)?;
        let note = find_note(segments, file).map_err(|error| match Foreign::of(file) {
            Some(foreign @ Foreign::WasmtimeArtifact) => OpenError::Foreign(foreign),
            _ => error,
        })?;
        let base = segments_base(segments);
        let container = Self { note, machine: header.e_machine(ENDIAN), base };
        container.check(segments, file.len() as u64)?;
        Ok(container)
    }

    fn check(
        &self,
        segments: &[elf::ProgramHeader64<LittleEndian>],
        size: u64,
    ) -> Result<(), OpenError> {
        let note = &self.note;
        if !note.page_size.is_power_of_two() || note.page_size < 4096 || note.page_size > 1 << 30 {
            return Err(damaged(format!("page size {}", note.page_size)));
        }
        if note.image_size > size {
            let short = note.image_size - size;
            return Err(damaged(format!(
                "truncated, {short} of {} bytes are missing",
                note.image_size
            )));
        }
        let inside =
            |r: &Range| r.offset.checked_add(r.size).is_some_and(|end| end <= note.image_size);
        if ![note.text, note.module, note.component, note.inlined].iter().all(inside) {
            return Err(damaged("the note points outside the image"));
        }
        if !note.text.offset.is_multiple_of(note.page_size) {
            return Err(damaged(".text is not page-aligned"));
        }
        if !self.base.is_multiple_of(note.page_size)
            || self.base.checked_add(note.image_size).is_none()
        {
            return Err(damaged(format!("link base {:#x}", self.base)));
        }
        let whole = |r: &Range| r.offset.checked_add(r.size).is_some_and(|end| end <= size);
        for variant in &note.variants {
            let Variant { text, site_table, handler_table, .. } = variant;
            if ![text, site_table, handler_table].into_iter().all(whole)
                || text.size != note.text.size
                || !text.offset.is_multiple_of(note.page_size)
            {
                return Err(damaged("a variant of the text lies at no place for it"));
            }
        }
        for segment in segments.iter().filter(|s| s.p_type(ENDIAN) == elf::PT_LOAD) {
            let executable = segment.p_flags(ENDIAN) & elf::PF_X != 0;
            let (start, len) = (segment.p_offset(ENDIAN), segment.p_filesz(ENDIAN));
            if segment.p_vaddr(ENDIAN).wrapping_sub(start) != self.base {
                return Err(damaged(
                    "a segment's address is not its file offset plus the link base",
                ));
            }
            let text = Range { offset: start, size: len };
            // Code behind the image is what the file is as a program; no loader
            // maps it.
            let is_guest = start < note.image_size;
            let misplaced = executable && is_guest && text != note.text;
            if segment.p_flags(ENDIAN) & elf::PF_W != 0 || misplaced {
                return Err(damaged("segment permissions are not those of an artifact"));
            }
        }
        Ok(())
    }
}

/// Size in bytes of the debug cell: what debuggers read of an instance where no
/// frame tells. The loader keeps it one page of the artifact's page size below
/// the image, for images with a link base of their own, and symbols lead there:
///
/// | offset | symbol | address of |
/// |-|-|-|
/// | 0 | `__precast_memory0` | the first byte of memory 0 |
/// | 8 | `__precast_context` | the context |
/// | 16 | `__precast_table0` | the definition of table 0; zero if it is private or there is none |
///
/// All are of the newest instance of the image.
pub const DEBUG_CELL: u64 = (CELL_WORDS * size_of::<u64>()) as u64;
/// Words of the debug cell.
pub const CELL_WORDS: usize = 3;

/// Virtual address of file offset zero: the image's link base.
fn segments_base(segments: &[elf::ProgramHeader64<LittleEndian>]) -> u64 {
    let first = segments.iter().find(|s| s.p_type(ENDIAN) == elf::PT_LOAD);
    first.map_or(0, |s| s.p_vaddr(ENDIAN).wrapping_sub(s.p_offset(ENDIAN)))
}

fn find_note(
    segments: &[elf::ProgramHeader64<LittleEndian>],
    file: &[u8],
) -> Result<Note, OpenError> {
    for segment in segments {
        let Some(mut notes) = segment.notes(ENDIAN, file).map_err(damaged)? else { continue };
        while let Some(note) = notes.next().map_err(damaged)? {
            if note.name_bytes() == note::OWNER && note.n_type(ENDIAN) == note::TYPE {
                return Note::decode(note.desc()).map_err(|error| match error {
                    NoteError::Version(versions) => OpenError::Version(versions),
                    NoteError::Damaged(error) => damaged(error),
                });
            }
        }
    }
    Err(OpenError::NotPrecast)
}

/// Name of the first function symbol that covers the offset `address` of the
/// image; see [`symbols_at`].
pub fn symbol_at(file: &[u8], address: u64) -> Option<&[u8]> {
    symbols_at(file, address).into_iter().next()
}

/// Names of all function symbols that cover the offset `address` of the
/// image, from `.symtab`, if the file has one: several where identical
/// functions share their code. Searches the symbols as the compiler has ordered
/// them, and reads the whole table only where that finds none: for reports.
pub fn symbols_at(file: &[u8], address: u64) -> Vec<&[u8]> {
    find_symbols(file, address).unwrap_or_default()
}

/// Names of all function symbols that cover the place at this file offset, in
/// any ELF program or library. As [`symbols_at`], for reports only.
pub fn symbols_at_place(file: &[u8], offset: u64) -> Vec<&[u8]> {
    let find = || {
        let header = ElfHeader::parse(file).ok()?;
        let mut segments = header.program_headers(ENDIAN, file).ok()?.iter();
        let address = segments.find_map(|segment| {
            let inside = offset.checked_sub(segment.p_offset(ENDIAN))?;
            let loaded = segment.p_type(ENDIAN) == elf::PT_LOAD;
            let address = segment.p_vaddr(ENDIAN).wrapping_add(inside);
            (loaded && inside < segment.p_filesz(ENDIAN)).then_some(address)
        })?;
        symbols_covering(header, file, address)
    };
    find().unwrap_or_default()
}

fn find_symbols(file: &[u8], address: u64) -> Option<Vec<&[u8]>> {
    let header = ElfHeader::parse(file).ok()?;
    let base = segments_base(header.program_headers(ENDIAN, file).ok()?);
    let address = address.checked_add(base)?;
    match symbols_in_order(header, file, address)? {
        none if none.is_empty() => symbols_covering(header, file, address),
        found => Some(found),
    }
}

/// Names of the last function symbols at or before a virtual address, if they
/// cover it, in a table that is ordered by address.
fn symbols_in_order<'f>(header: &ElfHeader, file: &'f [u8], address: u64) -> Option<Vec<&'f [u8]>> {
    let sections = header.sections(ENDIAN, file).ok()?;
    let symbols = sections.symbols(ENDIAN, file, elf::SHT_SYMTAB).ok()?;
    let table: &[elf::Sym64<LittleEndian>] = symbols.symbols();
    let end = table.partition_point(|symbol| symbol.st_value(ENDIAN) <= address);
    let functions = table[..end].iter().rev().filter(|s| s.st_type() == elf::STT_FUNC);
    let mut functions = functions.peekable();
    let Some(start) = functions.peek().map(|symbol| symbol.st_value(ENDIAN)) else {
        return Some(Vec::new());
    };
    let covers = |symbol: &&elf::Sym64<LittleEndian>| address - start < symbol.st_size(ENDIAN);
    let names = functions.take_while(|symbol| symbol.st_value(ENDIAN) == start).filter(covers);
    let names = names.filter_map(|symbol| symbol.name(ENDIAN, symbols.strings()).ok());
    let mut names: Vec<_> = names.collect();
    names.reverse();
    Some(names)
}

/// Names of the function symbols that cover a virtual address.
fn symbols_covering<'f>(header: &ElfHeader, file: &'f [u8], address: u64) -> Option<Vec<&'f [u8]>> {
    let sections = header.sections(ENDIAN, file).ok()?;
    let symbols = sections.symbols(ENDIAN, file, elf::SHT_SYMTAB).ok()?;
    let covers = |symbol: &&elf::Sym64<LittleEndian>| {
        let start = symbol.st_value(ENDIAN);
        symbol.st_type() == elf::STT_FUNC
            && start <= address
            && address - start < symbol.st_size(ENDIAN)
    };
    let names = symbols.iter().filter(covers);
    Some(names.filter_map(|symbol| symbol.name(ENDIAN, symbols.strings()).ok()).collect())
}

/// The contents of a section of the file, by its name.
pub fn section<'a>(file: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let header = ElfHeader::parse(file).ok()?;
    let table = header.sections(ENDIAN, file).ok()?;
    let (_, section) = table.section_by_name(ENDIAN, name.as_bytes())?;
    section.data(ENDIAN, file).ok()
}

/// Every section that takes part in the file: name, place in the file, and
/// whether it is mapped. For `inspect`.
pub fn sections(file: &[u8]) -> Vec<(String, Range, bool)> {
    let Ok(header) = ElfHeader::parse(file) else { return Vec::new() };
    let Ok(table) = header.sections(ENDIAN, file) else { return Vec::new() };
    let describe = |section: &elf::SectionHeader64<LittleEndian>| {
        let name = table.section_name(ENDIAN, section).ok()?;
        let name = String::from_utf8_lossy(name).into_owned();
        let range = Range { offset: section.sh_offset(ENDIAN), size: section.sh_size(ENDIAN) };
        let mapped = section.sh_flags(ENDIAN) & u64::from(elf::SHF_ALLOC) != 0;
        Some((name, range, mapped))
    };
    table.iter().skip(1).filter_map(describe).collect()
}
