//! The ELF structures around the sections: file header, program headers,
//! section headers, notes.

use super::sections::{FileLayout, MAX_SEGMENTS, Section, Segment};
use crate::target::LinkTarget;
use object::elf::{self, FileHeader64, Ident, NoteHeader64, ProgramHeader64, SectionHeader64};
use object::pod::bytes_of;
use object::{LittleEndian as LE, U16, U32, U64};
use precast_artifact::module::Range;

/// The file header and the program headers.
pub(super) fn headers(target: &LinkTarget, places: &FileLayout) -> Vec<u8> {
    let segments = program_headers(places);
    assert!(segments.len() <= MAX_SEGMENTS);
    let count = places.present().count() as u16 + 1;
    let file = FileHeader64 {
        e_ident: Ident {
            magic: elf::ELFMAG,
            class: elf::ELFCLASS64,
            data: elf::ELFDATA2LSB,
            version: elf::EV_CURRENT,
            os_abi: elf::ELFOSABI_NONE,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: U16::new(LE, elf::ET_DYN),
        e_machine: U16::new(LE, target.machine),
        e_version: U32::new(LE, elf::EV_CURRENT.into()),
        e_entry: U64::new(LE, places.address(Section::Start)),
        e_phoff: U64::new(LE, size_of::<FileHeader64<LE>>() as u64),
        e_shoff: U64::new(LE, places.section_headers),
        e_flags: U32::new(LE, target.flags),
        e_ehsize: U16::new(LE, size_of::<FileHeader64<LE>>() as u16),
        e_phentsize: U16::new(LE, size_of::<ProgramHeader64<LE>>() as u16),
        e_phnum: U16::new(LE, segments.len() as u16),
        e_shentsize: U16::new(LE, size_of::<SectionHeader64<LE>>() as u16),
        e_shnum: U16::new(LE, count),
        e_shstrndx: U16::new(LE, places.number(Section::Shstrtab)),
    };
    let mut bytes = bytes_of(&file).to_vec();
    segments.iter().for_each(|segment| bytes.extend_from_slice(bytes_of(segment)));
    bytes
}

fn program_headers(places: &FileLayout) -> Vec<ProgramHeader64<LE>> {
    let span = |first: Section, last: Section| Range {
        offset: places[first].offset,
        size: places[last].offset + places[last].size - places[first].offset,
    };
    let page = places.page_size;
    let segment = |kind, flags, range: Range, align| {
        let address = if range.size == 0 { 0 } else { places.base + range.offset };
        segment(kind, flags, range, address, align)
    };
    let eh_frame = span(Section::Note, Section::EhFrame);
    let read_only = Range { offset: 0, size: eh_frame.offset + eh_frame.size };
    let mut headers = vec![segment(elf::PT_LOAD, elf::PF_R, read_only, page)];
    // Neither the kernel nor a debugger likes an empty segment.
    let mut unless_empty = |kind, flags, range: Range, align| {
        if range.size != 0 {
            headers.push(segment(kind, flags, range, align));
        }
    };
    unless_empty(elf::PT_LOAD, elf::PF_R | elf::PF_X, places[Section::Text], page);
    unless_empty(elf::PT_LOAD, elf::PF_R, places[Section::Memory], page);
    unless_empty(
        elf::PT_LOAD,
        elf::PF_R | elf::PF_X,
        span(Section::Start, Section::StartData),
        page,
    );
    unless_empty(elf::PT_NOTE, elf::PF_R, span(Section::Note, Section::BuildId), 4);
    unless_empty(elf::PT_GNU_EH_FRAME, elf::PF_R, places[Section::EhFrameHdr], 4);
    headers.push(segment(elf::PT_GNU_STACK, elf::PF_R | elf::PF_W, Range::default(), 16));
    headers
}

fn segment(kind: u32, flags: u32, range: Range, address: u64, align: u64) -> ProgramHeader64<LE> {
    ProgramHeader64 {
        p_type: U32::new(LE, kind),
        p_flags: U32::new(LE, flags),
        p_offset: U64::new(LE, range.offset),
        p_vaddr: U64::new(LE, address),
        p_paddr: U64::new(LE, address),
        p_filesz: U64::new(LE, range.size),
        p_memsz: U64::new(LE, range.size),
        p_align: U64::new(LE, align),
    }
}

/// The section headers.
pub(super) fn section_headers(places: &FileLayout) -> Vec<u8> {
    let symbols = places[Section::Symtab].size / size_of::<elf::Sym64<LE>>() as u64;
    let mut bytes = vec![0; size_of::<SectionHeader64<LE>>()];
    for (section, range) in places.present() {
        let spec = section.spec();
        let (flags, address) = match spec.segment {
            _ if section == Section::Cell => (elf::SHF_ALLOC | elf::SHF_WRITE, places.cell()),
            _ if section == Section::StartData => (elf::SHF_ALLOC, places.address(section)),
            Segment::ReadOnly | Segment::Memory => (elf::SHF_ALLOC, places.address(section)),
            Segment::Code | Segment::Start => {
                (elf::SHF_ALLOC | elf::SHF_EXECINSTR, places.address(section))
            }
            Segment::Variants | Segment::Unmapped => (0, 0),
        };
        // `sh_info` counts the local symbols, which all are.
        let (link, info, entry_size) = match section {
            Section::Symtab => {
                (places.number(Section::Strtab), symbols as u32, size_of::<elf::Sym64<LE>>())
            }
            _ => (0, 0, 0),
        };
        let header = SectionHeader64 {
            sh_name: U32::new(LE, name_offset(section)),
            sh_type: U32::new(LE, spec.kind),
            sh_flags: U64::new(LE, flags.into()),
            sh_addr: U64::new(LE, address),
            sh_offset: U64::new(LE, range.offset),
            sh_size: U64::new(LE, range.size),
            sh_link: U32::new(LE, link.into()),
            sh_info: U32::new(LE, info),
            sh_addralign: U64::new(LE, spec.align),
            sh_entsize: U64::new(LE, entry_size as u64),
        };
        bytes.extend_from_slice(bytes_of(&header));
    }
    bytes
}

/// `.shstrtab`: the names of all sections, in order, present or not.
pub(super) fn section_names() -> Vec<u8> {
    let names = Section::ALL.iter().flat_map(|section| section.spec().name.bytes().chain([0]));
    [0].into_iter().chain(names).collect()
}

/// Offset of a section's name in `.shstrtab`.
fn name_offset(section: Section) -> u32 {
    let before = Section::ALL.iter().take_while(|other| **other != section);
    before.fold(1, |offset, other| offset + other.spec().name.len() as u32 + 1)
}

/// An ELF note; `owner` with its terminating zero.
pub(super) fn note(owner: &[u8], kind: u32, descriptor: &[u8]) -> Vec<u8> {
    let header = NoteHeader64 {
        n_namesz: U32::new(LE, owner.len() as u32),
        n_descsz: U32::new(LE, descriptor.len() as u32),
        n_type: U32::new(LE, kind),
    };
    let mut bytes = bytes_of(&header).to_vec();
    for part in [owner, descriptor] {
        bytes.extend_from_slice(part);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}
