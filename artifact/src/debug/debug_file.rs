//! What debuggers read of an image: the artifact itself, or the debug file of
//! a stripped one, made to fit where the image is mapped.
//!
//! Debuggers take the addresses of a symbol file in memory as absolute. Where
//! an image is not at its link base they are moved, in a copy: those in the
//! headers, of symbols, and in the sections that
//! [`addresses`] speaks of. Unwind tables count from where
//! they lie and stay as they are.

use crate::container::ElfHeader;
use crate::debug::addresses;
use object::LittleEndian as LE;
use object::elf::{self, ProgramHeader64, SectionHeader64, Sym64};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader, Sym};
use std::mem::offset_of;

/// Section with the name of the debug file ("Debugging Information in Separate
/// Files" in gdb's manual).
const DEBUG_LINK: &str = ".gnu_debuglink";

/// The name of a stripped artifact's debug file, if it has one.
pub fn debug_link(file: &[u8]) -> Option<&str> {
    let bytes = crate::container::section(file, DEBUG_LINK)?;
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let name = std::str::from_utf8(&bytes[..end]).ok()?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

/// The build id, which an artifact and its debug file share.
pub fn build_id(file: &[u8]) -> Option<&[u8]> {
    let header = ElfHeader::parse(file).ok()?;
    for segment in header.program_headers(LE, file).ok()? {
        let Some(mut notes) = segment.notes(LE, file).ok()? else { continue };
        while let Some(note) = notes.next().ok()? {
            if note.name() == b"GNU" && note.n_type(LE) == elf::NT_GNU_BUILD_ID {
                return Some(note.desc());
            }
        }
    }
    None
}

/// Completes the copy of a debug file with what only the artifact has: the
/// segments, and the contents of the sections in them. They lie `image` bytes
/// after the copy's start, as in an artifact of this size and link base. Gives
/// nothing where the file is damaged.
pub fn complete(
    copy: &mut [u8],
    file: &[u8],
    image: u64,
    image_size: u64,
    base: u64,
) -> Option<()> {
    let moved = |address: u64, size: u64| {
        let offset = address.checked_sub(base)?;
        let inside = offset.checked_add(size).is_some_and(|end| end <= image_size);
        if inside { image.checked_add(offset) } else { None }
    };
    let header = ElfHeader::parse(file).ok()?;
    for (index, segment) in header.program_headers(LE, file).ok()?.iter().enumerate() {
        if let Some(offset) = moved(segment.p_vaddr(LE), segment.p_memsz(LE)) {
            let at = place::<ProgramHeader64<LE>>(header.e_phoff(LE), index)?;
            let size = segment.p_memsz(LE);
            *word(copy, at, offset_of!(ProgramHeader64<LE>, p_offset))? = offset.to_le_bytes();
            *word(copy, at, offset_of!(ProgramHeader64<LE>, p_filesz))? = size.to_le_bytes();
        }
    }
    let sections = header.sections(LE, file).ok()?;
    for (index, section) in sections.iter().enumerate().filter(|(_, section)| is_mapped(section)) {
        if let Some(offset) = moved(section.sh_addr(LE), section.sh_size(LE)) {
            let at = place::<SectionHeader64<LE>>(header.e_shoff(LE), index)?;
            *word(copy, at, offset_of!(SectionHeader64<LE>, sh_offset))? = offset.to_le_bytes();
            if section.sh_type(LE) == elf::SHT_NOBITS {
                let kind = at.checked_add(offset_of!(SectionHeader64<LE>, sh_type))?;
                *copy.get_mut(kind..)?.first_chunk_mut()? = elf::SHT_PROGBITS.to_le_bytes();
            }
        }
    }
    Some(())
}

/// Moves everything that has an address in the copy of a file with debug
/// information. Gives nothing where the file is damaged; the copy is of no use
/// then.
pub fn slide(copy: &mut [u8], file: &[u8], distance: u64) -> Option<()> {
    let mut add = |at: usize, field: usize| {
        let word = word(copy, at, field)?;
        *word = u64::from_le_bytes(*word).wrapping_add(distance).to_le_bytes();
        Some(())
    };
    let header = ElfHeader::parse(file).ok()?;
    for (index, segment) in header.program_headers(LE, file).ok()?.iter().enumerate() {
        // What has no place, such as the stack's segment, has none after.
        if segment.p_vaddr(LE) != 0 {
            let at = place::<ProgramHeader64<LE>>(header.e_phoff(LE), index)?;
            add(at, offset_of!(ProgramHeader64<LE>, p_vaddr))?;
            add(at, offset_of!(ProgramHeader64<LE>, p_paddr))?;
        }
    }
    let sections = header.sections(LE, file).ok()?;
    for (index, _) in sections.iter().enumerate().filter(|(_, section)| is_mapped(section)) {
        let at = place::<SectionHeader64<LE>>(header.e_shoff(LE), index)?;
        add(at, offset_of!(SectionHeader64<LE>, sh_addr))?;
    }
    let mapped: Vec<bool> = sections.iter().map(is_mapped).collect();
    let symbols = sections.symbols(LE, file, elf::SHT_SYMTAB).ok()?;
    let table = sections.section(symbols.section()).map_or(0, |section| section.sh_offset(LE));
    for (index, symbol) in symbols.iter().enumerate() {
        if mapped.get(usize::from(symbol.st_shndx(LE))) == Some(&true) {
            add(place::<Sym64<LE>>(table, index)?, offset_of!(Sym64<LE>, st_value))?;
        }
    }
    let fields = crate::container::section(file, addresses::NAME).unwrap_or_default();
    for (name, offsets) in addresses::decode(fields) {
        let (_, section) = sections.section_by_name(LE, name.as_bytes())?;
        let (start, size) = (section.sh_offset(LE), section.sh_size(LE));
        for offset in offsets {
            if size.checked_sub(8)? < offset {
                return None;
            }
            add(usize::try_from(start).ok()?, usize::try_from(offset).ok()?)?;
        }
    }
    Some(())
}

fn is_mapped(section: &SectionHeader64<LE>) -> bool {
    section.sh_flags(LE) & u64::from(elf::SHF_ALLOC) != 0
}

/// Where the entry of a table lies that begins at an offset of the file.
fn place<T>(table: u64, index: usize) -> Option<usize> {
    usize::try_from(table).ok()?.checked_add(index.checked_mul(size_of::<T>())?)
}

/// A field of eight bytes.
fn word(bytes: &mut [u8], at: usize, field: usize) -> Option<&mut [u8; 8]> {
    bytes.get_mut(at.checked_add(field)?..)?.first_chunk_mut()
}
