//! The sections of an artifact, in the order in which they lie in the file,
//! and where each is placed.
//!
//! A new section is a row in the table below, at its place in the file, and its
//! bytes in a pass of [`layout`](super::layout).

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use precast_artifact::component;
use precast_artifact::debug::{addresses, bodies, inlined, locals};
use precast_artifact::index::SectionOffset;
use precast_artifact::module::Range;
use precast_debuggers::{GDB_SECTION, LLDB_SECTION};
use std::ops::{Index, IndexMut};

/// Four `PT_LOAD`, `PT_NOTE`, `PT_GNU_EH_FRAME`, `PT_GNU_STACK`.
pub(super) const MAX_SEGMENTS: usize = 7;
/// Room for the file header and the program headers, before the first section.
const HEADERS_SIZE: u64 =
    (size_of::<FileHeader64<LE>>() + MAX_SEGMENTS * size_of::<ProgramHeader64<LE>>()) as u64;

/// How a part of the file is mapped, in file order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    ReadOnly,
    Code,
    Memory,
    /// Not mapped with the image, but at pages, to be mapped over it.
    Variants,
    /// Mapped by the kernel where the file is started as a program, and by
    /// nobody else.
    Start,
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

/// Defines [`Section`], from a row for each: its name, `sh_type`, how it is
/// mapped, and its alignment in bytes; the first section of a segment lies at a
/// page boundary besides.
macro_rules! sections {
    ($($(#[$doc:meta])* $section:ident = $name:expr, $kind:ident, $segment:ident, $align:expr;)*) => {
        /// A section of the file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Section {
            $($(#[$doc])* $section,)*
        }

        impl Section {
            /// Every section in file order.
            pub(super) const ALL: [Self; [$(Self::$section),*].len()] = [$(Self::$section),*];

            /// Its row in the table of sections.
            pub(super) fn spec(self) -> Spec {
                let (name, kind, segment, align) = match self {
                    $(Self::$section => ($name, elf::$kind, Segment::$segment, $align),)*
                };
                Spec { name, kind, segment, align }
            }
        }
    };
}

sections! {
    Note = ".note.precast", SHT_NOTE, ReadOnly, 4;
    BuildId = ".note.gnu.build-id", SHT_NOTE, ReadOnly, 4;
    Module = ".precast.module", SHT_PROGBITS, ReadOnly, 8;
    /// The component that the modules are of.
    Component = component::SECTION, SHT_PROGBITS, ReadOnly, 8;
    Functions = ".precast.functions", SHT_PROGBITS, ReadOnly, 8;
    Sites = ".precast.sites", SHT_PROGBITS, ReadOnly, 8;
    Handlers = ".precast.handlers", SHT_PROGBITS, ReadOnly, 4;
    /// Functions whose bodies were inlined.
    Inlined = inlined::NAME, SHT_PROGBITS, ReadOnly, 1;
    Tables = ".precast.tables", SHT_PROGBITS, ReadOnly, 64;
    Data = ".precast.data", SHT_PROGBITS, ReadOnly, 16;
    EhFrameHdr = ".eh_frame_hdr", SHT_PROGBITS, ReadOnly, 4;
    EhFrame = ".eh_frame", SHT_PROGBITS, ReadOnly, 8;
    Text = ".text", SHT_PROGBITS, Code, 64;
    Memory = ".precast.memory", SHT_PROGBITS, Memory, 4096;
    Variants = ".precast.variants", SHT_PROGBITS, Variants, 4096;
    /// Where the file begins as a program.
    Start = ".precast.start", SHT_PROGBITS, Start, 16;
    /// What that code uses, directly behind it.
    StartData = ".precast.start-data", SHT_PROGBITS, Start, 16;
    /// Where a debugger finds linear memory without a frame, and functions by
    /// their index in table 0: [`DEBUG_CELL`](precast_artifact::container::DEBUG_CELL),
    /// written by the loader. Not in the file.
    Cell = ".precast.debug", SHT_NOBITS, Unmapped, 8;
    DebugAbbrev = ".debug_abbrev", SHT_PROGBITS, Unmapped, 1;
    DebugInfo = ".debug_info", SHT_PROGBITS, Unmapped, 1;
    DebugLine = ".debug_line", SHT_PROGBITS, Unmapped, 1;
    DebugLineStr = ".debug_line_str", SHT_PROGBITS, Unmapped, 1;
    DebugLocLists = ".debug_loclists", SHT_PROGBITS, Unmapped, 1;
    DebugRngLists = ".debug_rnglists", SHT_PROGBITS, Unmapped, 1;
    DebugStr = ".debug_str", SHT_PROGBITS, Unmapped, 1;
    /// Where the debug sections hold addresses.
    Addresses = addresses::NAME, SHT_PROGBITS, Unmapped, 1;
    /// What tells gdb how to show guests' pointers.
    GdbScripts = GDB_SECTION, SHT_PROGBITS, Unmapped, 1;
    /// The same for lldb, as far as it can be told so.
    LldbSummaries = LLDB_SECTION, SHT_PROGBITS, Unmapped, 1;
    /// Source positions for trap reports.
    Lines = ".precast.lines", SHT_PROGBITS, Unmapped, 1;
    /// Where frames keep locals.
    Locals = locals::NAME, SHT_PROGBITS, Unmapped, 1;
    /// Where bodies begin in the module.
    Bodies = bodies::NAME, SHT_PROGBITS, Unmapped, 1;
    /// Names of those.
    InlinedNames = inlined::NAMES, SHT_PROGBITS, Unmapped, 1;
    /// The interface of a component, as text.
    Wit = component::WIT_SECTION, SHT_PROGBITS, Unmapped, 1;
    Comment = ".comment", SHT_PROGBITS, Unmapped, 1;
    Symtab = ".symtab", SHT_SYMTAB, Unmapped, 8;
    Strtab = ".strtab", SHT_STRTAB, Unmapped, 1;
    Attributes = ".riscv.attributes", SHT_RISCV_ATTRIBUTES, Unmapped, 1;
    Shstrtab = ".shstrtab", SHT_STRTAB, Unmapped, 1;
}

impl Section {
    /// The debug section of this name.
    pub(super) fn debug(name: &str) -> Option<Self> {
        let named = |section: &Self| section.spec().name == name;
        Self::ALL.into_iter().filter(|section| *section >= Self::DebugAbbrev).find(named)
    }
}

/// The contents of [`Section::Addresses`]. `offsets` gives where a section
/// holds addresses.
pub(super) fn debug_addresses(offsets: impl Fn(Section) -> Vec<SectionOffset>) -> Vec<u8> {
    let debug = Section::ALL.into_iter().filter(|section| *section >= Section::DebugAbbrev);
    addresses::encode(debug.map(|section| {
        let mut offsets = offsets(section);
        offsets.sort_unstable();
        (section.spec().name, offsets)
    }))
}

/// One value for each section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PerSection<T>([T; Section::ALL.len()]);

impl<T: Default> Default for PerSection<T> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| T::default()))
    }
}

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
pub(super) struct FileLayout {
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

impl FileLayout {
    /// Places sections of the given sizes in an image linked at `base`.
    pub(super) fn new(sizes: &PerSection<u64>, page_size: u64, base: u64) -> Self {
        let mut sections = PerSection::<Range>::default();
        let (mut end, mut segment, mut image_size) = (HEADERS_SIZE, Segment::ReadOnly, 0);
        for section in Section::ALL {
            let spec = section.spec();
            if spec.segment != segment {
                // What follows the start may share its pages.
                if segment != Segment::Start {
                    end = end.next_multiple_of(page_size);
                }
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

impl Index<Section> for FileLayout {
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
        let places = FileLayout::new(&sizes, 4096, 0);
        assert_eq!(places[Section::Note], Range { offset: HEADERS_SIZE, size: 101 });
        assert_eq!(places[Section::Module].offset % 8, 0);
        assert_eq!(places[Section::Text], Range { offset: 4096, size: 5000 });
        assert_eq!(places.image_size, 4096 + 5000);
        assert_eq!(places[Section::Shstrtab].offset, 3 * 4096);
        assert_eq!(places.number(Section::Text), 3);
        assert_eq!(places.number(Section::Memory), 0);

        sizes[Section::Memory] = 4096;
        let places = FileLayout::new(&sizes, 1 << 16, 2 << 20);
        assert_eq!(places.address(Section::Memory), (2 << 20) + (2 << 16));
        assert_eq!(places[Section::Memory], Range { offset: 2 << 16, size: 4096 });
        assert_eq!(places.image_size, (2 << 16) + 4096);
    }
}
