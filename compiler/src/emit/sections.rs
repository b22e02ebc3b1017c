//! The sections of an artifact, in the order in which they lie in the file,
//! and where each is placed.
//!
//! A new section is a variant of [`Section`] at its place, a row in
//! [`Section::spec`], its size in [`link`](super::link), and its bytes where
//! the image is written there.

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use precast_artifact::formatters::{GDB_SECTION, LLDB_SECTION};
use precast_artifact::module::Range;
use precast_artifact::{addresses, bodies, locals};
use std::ops::{Index, IndexMut};

/// Three `PT_LOAD`, `PT_NOTE`, `PT_GNU_EH_FRAME`, `PT_GNU_STACK`.
pub(super) const MAX_SEGMENTS: usize = 6;
/// Room for the file header and the program headers, before the first section.
const HEADERS_SIZE: u64 =
    (size_of::<FileHeader64<LE>>() + MAX_SEGMENTS * size_of::<ProgramHeader64<LE>>()) as u64;

/// A section of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Note,
    BuildId,
    Module,
    Functions,
    Sites,
    Handlers,
    Tables,
    Data,
    EhFrameHdr,
    EhFrame,
    Text,
    Memory,
    Variants,
    /// Where a debugger finds linear memory without a frame, and functions by
    /// their index in table 0: [`DEBUG_CELL`](precast_artifact::container::DEBUG_CELL),
    /// written by the loader. Not in the file.
    Cell,
    DebugAbbrev,
    DebugInfo,
    DebugLine,
    DebugLineStr,
    DebugLocLists,
    DebugRngLists,
    DebugStr,
    /// Where the debug sections hold addresses.
    Addresses,
    /// What tells gdb how to show guests' pointers.
    GdbScripts,
    /// The same for lldb, as far as it can be told so.
    LldbSummaries,
    /// Source positions for trap reports.
    Lines,
    /// Where frames keep locals.
    Locals,
    /// Where bodies begin in the module.
    Bodies,
    Comment,
    Symtab,
    Strtab,
    Attributes,
    Shstrtab,
}

/// How a part of the file is mapped, in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    ReadOnly,
    Code,
    Memory,
    /// Not mapped with the image, but at pages, to be mapped over it.
    Variants,
    Unmapped,
}

/// What does not change from file to file.
pub(super) struct Spec {
    pub name: &'static str,
    /// `sh_type`.
    pub kind: u32,
    pub segment: Segment,
    /// In bytes; the first section of a segment lies at a page boundary
    /// besides.
    pub align: u64,
}

impl Section {
    /// Every section in file order.
    pub(super) const ALL: [Self; 32] = [
        Self::Note,
        Self::BuildId,
        Self::Module,
        Self::Functions,
        Self::Sites,
        Self::Handlers,
        Self::Tables,
        Self::Data,
        Self::EhFrameHdr,
        Self::EhFrame,
        Self::Text,
        Self::Memory,
        Self::Variants,
        Self::Cell,
        Self::DebugAbbrev,
        Self::DebugInfo,
        Self::DebugLine,
        Self::DebugLineStr,
        Self::DebugLocLists,
        Self::DebugRngLists,
        Self::DebugStr,
        Self::Addresses,
        Self::GdbScripts,
        Self::LldbSummaries,
        Self::Lines,
        Self::Locals,
        Self::Bodies,
        Self::Comment,
        Self::Symtab,
        Self::Strtab,
        Self::Attributes,
        Self::Shstrtab,
    ];

    /// The debug section of this name.
    pub(super) fn debug(name: &str) -> Option<Self> {
        let named = |section: &Self| section.spec().name == name;
        Self::ALL.into_iter().filter(|section| *section >= Self::DebugAbbrev).find(named)
    }

    /// Its row in the table of sections.
    pub(super) fn spec(self) -> Spec {
        use Segment::{Code, Memory, ReadOnly, Unmapped, Variants};
        let (name, kind, segment, align) = match self {
            Self::Note => (".note.precast", elf::SHT_NOTE, ReadOnly, 4),
            Self::BuildId => (".note.gnu.build-id", elf::SHT_NOTE, ReadOnly, 4),
            Self::Module => (".precast.module", elf::SHT_PROGBITS, ReadOnly, 8),
            Self::Functions => (".precast.functions", elf::SHT_PROGBITS, ReadOnly, 8),
            Self::Sites => (".precast.sites", elf::SHT_PROGBITS, ReadOnly, 8),
            Self::Handlers => (".precast.handlers", elf::SHT_PROGBITS, ReadOnly, 4),
            Self::Tables => (".precast.tables", elf::SHT_PROGBITS, ReadOnly, 64),
            Self::Data => (".precast.data", elf::SHT_PROGBITS, ReadOnly, 16),
            Self::EhFrameHdr => (".eh_frame_hdr", elf::SHT_PROGBITS, ReadOnly, 4),
            Self::EhFrame => (".eh_frame", elf::SHT_PROGBITS, ReadOnly, 8),
            Self::Text => (".text", elf::SHT_PROGBITS, Code, 64),
            Self::Memory => (".precast.memory", elf::SHT_PROGBITS, Memory, 4096),
            Self::Variants => (".precast.variants", elf::SHT_PROGBITS, Variants, 4096),
            Self::Cell => (".precast.debug", elf::SHT_NOBITS, Unmapped, 8),
            Self::DebugAbbrev => (".debug_abbrev", elf::SHT_PROGBITS, Unmapped, 1),
            Self::DebugInfo => (".debug_info", elf::SHT_PROGBITS, Unmapped, 1),
            Self::DebugLine => (".debug_line", elf::SHT_PROGBITS, Unmapped, 1),
            Self::DebugLineStr => (".debug_line_str", elf::SHT_PROGBITS, Unmapped, 1),
            Self::DebugLocLists => (".debug_loclists", elf::SHT_PROGBITS, Unmapped, 1),
            Self::DebugRngLists => (".debug_rnglists", elf::SHT_PROGBITS, Unmapped, 1),
            Self::DebugStr => (".debug_str", elf::SHT_PROGBITS, Unmapped, 1),
            Self::Addresses => (addresses::NAME, elf::SHT_PROGBITS, Unmapped, 1),
            Self::GdbScripts => (GDB_SECTION, elf::SHT_PROGBITS, Unmapped, 1),
            Self::LldbSummaries => (LLDB_SECTION, elf::SHT_PROGBITS, Unmapped, 1),
            Self::Lines => (".precast.lines", elf::SHT_PROGBITS, Unmapped, 1),
            Self::Locals => (locals::NAME, elf::SHT_PROGBITS, Unmapped, 1),
            Self::Bodies => (bodies::NAME, elf::SHT_PROGBITS, Unmapped, 1),
            Self::Comment => (".comment", elf::SHT_PROGBITS, Unmapped, 1),
            Self::Symtab => (".symtab", elf::SHT_SYMTAB, Unmapped, 8),
            Self::Strtab => (".strtab", elf::SHT_STRTAB, Unmapped, 1),
            Self::Attributes => (".riscv.attributes", elf::SHT_RISCV_ATTRIBUTES, Unmapped, 1),
            Self::Shstrtab => (".shstrtab", elf::SHT_STRTAB, Unmapped, 1),
        };
        Spec { name, kind, segment, align }
    }
}

/// The contents of [`Section::Addresses`]. `offsets` gives where a section
/// holds addresses.
pub(super) fn debug_addresses(offsets: impl Fn(Section) -> Vec<u32>) -> Vec<u8> {
    let debug = Section::ALL.into_iter().filter(|section| *section >= Section::DebugAbbrev);
    addresses::encode(debug.map(|section| {
        let mut offsets = offsets(section);
        offsets.sort_unstable();
        (section.spec().name, offsets)
    }))
}

/// One value for each section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PerSection<T>([T; Section::ALL.len()]);

impl<T> PerSection<T> {
    /// A value made from each.
    pub(super) fn map<U>(&self, f: impl Fn(&T) -> U) -> PerSection<U> {
        PerSection(self.0.each_ref().map(f))
    }

    /// Every value, in file order, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }

    /// Every value, in file order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }
}

impl<T> Index<Section> for PerSection<T> {
    type Output = T;

    fn index(&self, section: Section) -> &T {
        &self.0[section as usize]
    }
}

impl<T> IndexMut<Section> for PerSection<T> {
    fn index_mut(&mut self, section: Section) -> &mut T {
        &mut self.0[section as usize]
    }
}

/// Where everything lies in the file. Sections of size zero are left out of
/// the headers, but have an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    sections: PerSection<Range>,
    /// Offset of the section headers, which end the file.
    pub section_headers: u64,
    /// Size of the mapped image.
    pub image_size: u64,
    /// Alignment of the segments.
    pub page_size: u64,
    /// Virtual address of file offset zero.
    pub base: u64,
}

impl Places {
    /// Places sections of the given sizes in an image linked at `base`.
    pub(super) fn new(sizes: &PerSection<u64>, page_size: u64, base: u64) -> Self {
        let mut sections = PerSection::<Range>::default();
        let (mut end, mut segment, mut image_size) = (HEADERS_SIZE, Segment::ReadOnly, 0);
        for section in Section::ALL {
            let spec = section.spec();
            if spec.segment != segment {
                end = end.next_multiple_of(page_size);
                segment = spec.segment;
            }
            let size = sizes[section];
            if size != 0 {
                end = end.next_multiple_of(spec.align);
            }
            sections[section] = Range { offset: end, size };
            if section != Section::Cell {
                end += size;
            }
            // An image without code still has a page boundary where it would be.
            if section == Section::Text || segment == Segment::Memory && size != 0 {
                image_size = end;
            }
        }
        Self { sections, section_headers: end.next_multiple_of(8), image_size, page_size, base }
    }

    /// The sections that are in the file, in order. Their headers are numbered
    /// from one.
    pub(super) fn present(&self) -> impl Iterator<Item = (Section, Range)> {
        let all = Section::ALL.into_iter().map(|section| (section, self[section]));
        all.filter(|(_, range)| range.size != 0)
    }

    /// Number of a section's header.
    pub(super) fn number(&self, section: Section) -> u16 {
        let position = self.present().position(|(present, _)| present == section);
        position.map_or(elf::SHN_UNDEF, |position| position as u16 + 1)
    }

    /// Virtual address of a section that is mapped.
    pub(super) fn address(&self, section: Section) -> u64 {
        self.base + self[section].offset
    }

    /// Virtual address of the memory cell: in a page below the image, so that
    /// it depends on neither the file's size nor on what is stripped.
    pub(super) fn cell(&self) -> u64 {
        self.base.wrapping_sub(self.page_size)
    }

    /// Size of the file.
    pub(super) fn file_size(&self) -> u64 {
        let headers = self.present().count() + 1;
        self.section_headers + (headers * size_of::<SectionHeader64<LE>>()) as u64
    }
}

impl Index<Section> for Places {
    type Output = Range;

    fn index(&self, section: Section) -> &Range {
        &self.sections[section]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_file_order() {
        for (index, section) in Section::ALL.into_iter().enumerate() {
            assert_eq!(section as usize, index);
        }
        let segments = Section::ALL.map(|section| section.spec().segment as u8);
        assert!(segments.is_sorted());
    }

    #[test]
    fn segments_start_on_pages() {
        let mut sizes = PerSection::default();
        (sizes[Section::Note], sizes[Section::Module]) = (101, 3);
        (sizes[Section::Text], sizes[Section::Shstrtab]) = (5000, 10);
        let places = Places::new(&sizes, 4096, 0);
        assert_eq!(places[Section::Note], Range { offset: HEADERS_SIZE, size: 101 });
        assert_eq!(places[Section::Module].offset % 8, 0);
        assert_eq!(places[Section::Text], Range { offset: 4096, size: 5000 });
        assert_eq!(places.image_size, 4096 + 5000);
        assert_eq!(places[Section::Shstrtab].offset, 3 * 4096);
        assert_eq!(places.number(Section::Text), 3);
        assert_eq!(places.number(Section::Memory), 0);

        sizes[Section::Memory] = 4096;
        let places = Places::new(&sizes, 1 << 16, 2 << 20);
        assert_eq!(places.address(Section::Memory), (2 << 20) + (2 << 16));
        assert_eq!(places[Section::Memory], Range { offset: 2 << 16, size: 4096 });
        assert_eq!(places.image_size, (2 << 16) + 4096);
    }
}
