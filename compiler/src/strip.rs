//! Takes an artifact apart into what runs and what debuggers read.
//!
//! Sections that are mapped, and variants of the text, run; all others are for debuggers, profilers and
//! reports. A debug file has them, and of the rest the headers, as `objcopy
//! --only-keep-debug` leaves them; both keep the build id by which debuggers
//! find one for the other, and the stripped artifact may name its debug file in
//! `.gnu_debuglink`.

use crate::error::{Error, Result};
use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64, SectionHeader64};
use object::pod::{bytes_of, bytes_of_slice};
use object::read::elf::{FileHeader, SectionHeader};
use object::{U16, U32, U64};

const VARIANTS: &[u8] = b".precast.variants";

type ElfHeader = FileHeader64<LE>;

/// The artifact without what is not mapped. `link` is the name of a debug file
/// and its contents.
///
/// # Errors
///
/// When `file` is no artifact.
pub fn strip(file: &[u8], link: Option<(&str, &[u8])>) -> Result<Vec<u8>> {
    let image = ReadImage::read(file)?;
    let kept = |section: &&Part<'_>| section.runs();
    let end = image.parts.iter().filter(kept).map(Part::file_end).max().unwrap_or(0);
    let contents = file.get(..end as usize).ok_or_else(|| damaged("sections beyond its end"))?;
    let mut out = ElfWriter::new(contents.to_vec());
    for part in image.parts.iter().filter(kept) {
        out.headers.push((part.name, part.header));
    }
    if let Some((name, debug_file)) = link {
        // GDB manual, "Debugging Information in Separate Files".
        let mut bytes = name.as_bytes().to_vec();
        bytes.resize((bytes.len() + 1).next_multiple_of(4), 0);
        bytes.extend_from_slice(&crc32fast::hash(debug_file).to_le_bytes());
        let header = section_header(elf::SHT_PROGBITS, 4);
        out.section(b".gnu_debuglink", header, &bytes);
    }
    Ok(out.finish(image.header, &image.segments))
}

/// What debuggers read of the artifact.
///
/// # Errors
///
/// When `file` is no artifact.
pub fn debug_file(file: &[u8]) -> Result<Vec<u8>> {
    let image = ReadImage::read(file)?;
    let headers = size_of::<ElfHeader>() + size_of_val(image.segments.as_slice());
    let mut out = ElfWriter::new(vec![0; headers]);
    let mut segments = image.segments.clone();
    let mut notes: Option<(u64, u64)> = None;
    for part in &image.parts {
        let is_note = part.header.sh_type(LE) == elf::SHT_NOTE;
        if part.runs() && !is_note {
            let mut header = part.header;
            header.sh_type = U32::new(LE, elf::SHT_NOBITS);
            header.sh_offset = U64::new(LE, out.bytes.len() as u64);
            out.headers.push((part.name, header));
        } else if part.name != b".shstrtab" {
            let start = out.section(part.name, part.header, part.bytes);
            if is_note {
                let first = notes.map_or(start, |(first, _)| first);
                notes = Some((first, out.bytes.len() as u64 - first));
            }
        }
    }
    for segment in &mut segments {
        let (offset, size) = match (segment.p_type.get(LE), notes) {
            (elf::PT_NOTE, Some(notes)) => notes,
            _ => (0, 0),
        };
        segment.p_offset = U64::new(LE, offset);
        segment.p_filesz = U64::new(LE, size);
    }
    let links = image.parts.iter().map(|part| part.header.sh_link(LE)).collect::<Vec<_>>();
    // Nothing but `.shstrtab`, the last, was left out: numbers stay.
    debug_assert!(links.iter().all(|link| (*link as usize) <= image.parts.len()));
    Ok(out.finish(image.header, &segments))
}

fn damaged(why: &str) -> Error {
    Error::NotArtifact(why.to_owned())
}

/// An artifact, read.
struct ReadImage<'a> {
    header: ElfHeader,
    segments: Vec<ProgramHeader64<LE>>,
    parts: Vec<Part<'a>>,
}

/// A section.
struct Part<'a> {
    name: &'a [u8],
    header: SectionHeader64<LE>,
    bytes: &'a [u8],
}

impl Part<'_> {
    /// Whether loaders map it. Variants of the text have no address of their own.
    fn runs(&self) -> bool {
        self.name == VARIANTS || self.header.sh_flags(LE) & u64::from(elf::SHF_ALLOC) != 0
    }

    /// Where it ends in the file.
    fn file_end(&self) -> u64 {
        match self.header.sh_type(LE) {
            elf::SHT_NOBITS => 0,
            _ => self.header.sh_offset(LE).saturating_add(self.header.sh_size(LE)),
        }
    }
}

impl<'a> ReadImage<'a> {
    fn read(file: &'a [u8]) -> Result<Self> {
        let failed = |why: object::read::Error| damaged(&why.to_string());
        precast_artifact::container::Container::open(file)
            .map_err(|why| damaged(&why.to_string()))?;
        let header = ElfHeader::parse(file).map_err(failed)?;
        let segments = header.program_headers(LE, file).map_err(failed)?;
        let table = header.sections(LE, file).map_err(failed)?;
        let mut parts = Vec::new();
        for section in table.iter().skip(1) {
            let name = table.section_name(LE, section).map_err(failed)?;
            let bytes = section.data(LE, file).map_err(failed)?;
            parts.push(Part { name, header: *section, bytes });
        }
        Ok(Self { header: *header, segments: segments.to_vec(), parts })
    }
}

/// A file that is being written.
struct ElfWriter<'a> {
    bytes: Vec<u8>,
    headers: Vec<(&'a [u8], SectionHeader64<LE>)>,
}

impl<'a> ElfWriter<'a> {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, headers: Vec::new() }
    }

    /// Appends a section; gives its place.
    fn section(&mut self, name: &'a [u8], mut header: SectionHeader64<LE>, bytes: &[u8]) -> u64 {
        let align = header.sh_addralign(LE).max(1) as usize;
        self.bytes.resize(self.bytes.len().next_multiple_of(align), 0);
        let start = self.bytes.len() as u64;
        header.sh_offset = U64::new(LE, start);
        header.sh_size = U64::new(LE, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self.headers.push((name, header));
        start
    }

    /// Adds the section names and the headers.
    fn finish(mut self, mut header: ElfHeader, segments: &[ProgramHeader64<LE>]) -> Vec<u8> {
        let mut names = vec![0];
        let mut offsets = Vec::new();
        let all = self.headers.iter().map(|(name, _)| *name).chain([&b".shstrtab"[..]]);
        for name in all {
            offsets.push(names.len() as u32);
            names.extend_from_slice(name);
            names.push(0);
        }
        self.section(b".shstrtab", section_header(elf::SHT_STRTAB, 1), &names);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        header.e_shoff = U64::new(LE, self.bytes.len() as u64);
        header.e_shnum = U16::new(LE, self.headers.len() as u16 + 1);
        header.e_shstrndx = U16::new(LE, self.headers.len() as u16);
        self.bytes.extend_from_slice(&[0; size_of::<SectionHeader64<LE>>()]);
        for ((_, mut section), name) in self.headers.into_iter().zip(offsets) {
            section.sh_name = U32::new(LE, name);
            self.bytes.extend_from_slice(bytes_of(&section));
        }
        let start = size_of::<ElfHeader>();
        self.bytes[..start].copy_from_slice(bytes_of(&header));
        let segments = bytes_of_slice(segments);
        self.bytes[start..start + segments.len()].copy_from_slice(segments);
        self.bytes
    }
}

/// The header of a section that is not mapped; its place comes later.
fn section_header(kind: u32, align: u64) -> SectionHeader64<LE> {
    SectionHeader64 {
        sh_name: U32::new(LE, 0),
        sh_type: U32::new(LE, kind),
        sh_flags: U64::new(LE, 0),
        sh_addr: U64::new(LE, 0),
        sh_offset: U64::new(LE, 0),
        sh_size: U64::new(LE, 0),
        sh_link: U32::new(LE, 0),
        sh_info: U32::new(LE, 0),
        sh_addralign: U64::new(LE, align),
        sh_entsize: U64::new(LE, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, compile, text_to_binary};
    use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
    use precast_artifact::container::sections;
    use precast_artifact::debug::debug_file::{build_id, complete, debug_link, slide};

    fn artifact() -> Vec<u8> {
        let module = b"(module (func (export \"answer\") (result i32) i32.const 42))";
        let module = text_to_binary(module).unwrap();
        compile(&module, &Options { debug_info: true, ..Options::default() }).unwrap()
    }

    #[test]
    fn the_checksum_is_the_usual_one() {
        // CRC-32 as ISO 3309 has it: the link ends with it.
        let stripped = strip(&artifact(), Some(("x.debug", b"123456789"))).unwrap();
        let link = stripped.windows(8).position(|bytes| bytes == b"x.debug\0").unwrap();
        assert_eq!(stripped[link + 8..][..4], 0xcbf4_3926_u32.to_le_bytes());
    }

    #[test]
    fn what_is_mapped_stays_as_it_was() {
        let whole = artifact();
        let stripped = strip(&whole, Some(("x.debug", b"123456789"))).unwrap();
        let mapped = |file| {
            let all = sections(file).into_iter();
            all.filter(|(_, _, mapped)| *mapped).map(|(name, place, _)| (name, place))
        };
        assert!(mapped(&whole).eq(mapped(&stripped)));
        let names: Vec<String> = sections(&stripped).into_iter().map(|s| s.0).collect();
        assert_eq!(names[names.len() - 2..], [".gnu_debuglink", ".shstrtab"]);
        assert!(stripped.len() < whole.len());
        let open = precast_artifact::container::Container::open;
        assert_eq!(open(&stripped).unwrap().note, open(&whole).unwrap().note);
    }

    /// Address and contents of a section.
    fn section(file: &[u8], name: &str) -> (u64, Vec<u8>) {
        let file = object::read::elf::ElfFile64::<LE>::parse(file).unwrap();
        let section = file.section_by_name(name).unwrap();
        (section.address(), section.data().unwrap().to_vec())
    }

    #[test]
    fn a_debug_file_is_completed_and_moved() {
        let whole = artifact();
        let debug = debug_file(&whole).unwrap();
        let mut copy = [debug.clone(), whole.clone()].concat();
        let (after, size) = (debug.len() as u64, whole.len() as u64);
        let base = precast_artifact::container::Container::open(&whole).unwrap().base;
        assert_ne!(base, 0);
        complete(&mut copy, &debug, after, size, base).unwrap();
        slide(&mut copy, &debug, 0x1000).unwrap();
        for name in [".text", ".eh_frame", ".note.gnu.build-id"] {
            let (address, bytes) = section(&whole, name);
            assert_eq!(section(&copy, name), (address + 0x1000, bytes), "{name}");
        }
        assert_eq!(section(&copy, ".debug_abbrev"), section(&whole, ".debug_abbrev"));
        let (code, text) = section(&whole, ".text");
        let addresses = |file: &[u8], start: u64| -> Vec<u64> {
            let bytes = section(file, ".debug_info").1;
            let words = bytes.windows(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
            let code = start..start + text.len() as u64;
            words.filter(|word| code.contains(word)).map(|word| word - start).collect()
        };
        assert!(!addresses(&whole, code).is_empty());
        assert_eq!(addresses(&copy, code + 0x1000), addresses(&whole, code));
        let symbols = |file: &[u8], distance| -> Vec<u64> {
            let file = object::read::elf::ElfFile64::<LE>::parse(file).unwrap();
            file.symbols().map(|symbol| symbol.address() + distance).collect()
        };
        assert_eq!(symbols(&copy, 0), symbols(&whole, 0x1000));
        assert!(!symbols(&whole, 0).is_empty());
    }

    #[test]
    fn damaged_debug_files_are_no_danger() {
        let debug = debug_file(&artifact()).unwrap();
        let edit = |file: &[u8]| {
            let mut copy = file.to_vec();
            let _ = (complete(&mut copy, file, 0, 1 << 20, 0), slide(&mut copy, file, 1));
            let _ = (debug_link(file), build_id(file).map(<[u8]>::len));
        };
        (0..debug.len()).step_by(5).for_each(|end| edit(&debug[..end]));
        for at in 0..debug.len() {
            let mut damaged = debug.clone();
            damaged[at] ^= 0xff >> (at % 7);
            edit(&damaged);
        }
    }

    #[test]
    fn the_debug_file_has_symbols_and_no_code() {
        let whole = artifact();
        let debug = debug_file(&whole).unwrap();
        let names = |file| sections(file).into_iter().map(|s| s.0).collect::<Vec<_>>();
        assert_eq!(names(&debug), names(&whole));
        assert!(debug_file(&whole[..100]).is_err());
    }

    #[test]
    fn a_foreign_file_is_called_no_artifact() {
        for taken in [strip(b"\x7fELF", None), debug_file(b"\0asm\x01\0\0\0")] {
            let error = taken.unwrap_err();
            assert!(matches!(error, Error::NotArtifact(_)), "{error:?}");
            let message = error.to_string();
            assert!(message.starts_with("no artifact of Precast: "), "{message}");
            assert!(message.ends_with("give one that `precast compile` has written"), "{message}");
        }
    }
}
