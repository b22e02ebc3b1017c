//! Where a core dump has an artifact: debuggers that open the dump later know
//! the artifact's file, not where the process had mapped it.

use object::LittleEndian as LE;
use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::elf::{FileHeader, ProgramHeader};
use object::read::{ReadCache, ReadRef};
use precast_artifact::debug::debug_file::build_id;
use std::fs::File;
use std::path::Path;

/// As much of an image as its notes lie in.
const HEAD: u64 = 4096;

/// The distances from the artifact's link base at which a core dump has it, in
/// order of addresses; empty if the dump does not tell.
pub(super) fn slides(core: &Path, artifact: &[u8]) -> Vec<u64> {
    found(core, artifact).unwrap_or_default()
}

fn found(core: &Path, artifact: &[u8]) -> Option<Vec<u64>> {
    let id = build_id(artifact)?;
    let (base, text) = link_base(artifact)?;
    let core = ReadCache::new(File::open(core).ok()?);
    let header = FileHeader64::<LE>::parse(&core).ok()?;
    let segments = header.program_headers(LE, &core).ok()?;
    let runs = |address| {
        let at = |segment: &&ProgramHeader64<LE>| segment.p_vaddr(LE) == address;
        segments.iter().find(at).is_some_and(|segment| segment.p_flags(LE) & elf::PF_X != 0)
    };
    // What begins as the artifact does may be a copy for debuggers; only the
    // image itself has code.
    let slide = |segment: &ProgramHeader64<LE>| {
        let head = core.read_bytes_at(segment.p_offset(LE), HEAD.min(segment.p_filesz(LE))).ok()?;
        let is_image = head.starts_with(&elf::ELFMAG) && build_id(head) == Some(id);
        let address = segment.p_vaddr(LE);
        (is_image && runs(address.wrapping_add(text))).then(|| address.wrapping_sub(base))
    };
    let loaded = segments.iter().filter(|segment| segment.p_type(LE) == elf::PT_LOAD);
    Some(loaded.filter_map(slide).collect())
}

/// The link base of an artifact or its debug file, and how far behind it code
/// begins. The first segment begins where the file does.
fn link_base(artifact: &[u8]) -> Option<(u64, u64)> {
    let header = FileHeader64::<LE>::parse(artifact).ok()?;
    let segments = header.program_headers(LE, artifact).ok()?.iter();
    let mut loaded = segments.filter(|segment| segment.p_type(LE) == elf::PT_LOAD);
    let base = loaded.next()?.p_vaddr(LE);
    let text = loaded.find(|segment| segment.p_flags(LE) & elf::PF_X != 0)?;
    Some((base, text.p_vaddr(LE).checked_sub(base)?))
}
