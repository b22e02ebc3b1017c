//! Images as relocatable objects, and back.

use super::super::{Output, relink, relocatable};
use super::sample::{MACHINES, Sample, linked, sample};
use super::veneers;
use crate::debug_section::{DebugBase, DebugReloc, DebugSection};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol, RelocationFlags, SectionFlags};
use precast_artifact::index::SectionOffset;

fn object_of(input: Sample) -> Vec<u8> {
    let mut object = Vec::new();
    input.emit(Output::Object { name: "sample" }, &mut object).unwrap();
    object
}

fn relinked(object: &[u8]) -> Result<Vec<u8>, String> {
    let mut file = Vec::new();
    relink(object, &mut file).map_err(|error| error.to_string())?;
    Ok(file)
}

#[test]
fn an_object_gives_the_artifact_of_direct_linking() {
    for target in MACHINES {
        assert!(relinked(&object_of(sample(target))).unwrap() == linked(sample(target)).0);
        let based = || {
            let mut input = sample(target);
            input.own_base = true;
            input.header.options.push("-g".to_owned());
            input.debug = debug_sections();
            input
        };
        assert!(relinked(&object_of(based())).unwrap() == linked(based()).0);
        let empty = || {
            let mut input = sample(target);
            input.empty();
            input
        };
        assert!(relinked(&object_of(empty())).unwrap() == linked(empty()).0);
    }
}

/// Sections that refer to code, to the cell, and to each other.
fn debug_sections() -> Vec<DebugSection> {
    let reloc = |(offset, base)| DebugReloc { offset: SectionOffset::new(offset), base };
    let relocs = [(0, DebugBase::Text), (8, DebugBase::Cell), (16, DebugBase::Strings)].map(reloc);
    let fields = [8u64.to_le_bytes(), 8u64.to_le_bytes(), 3u64.to_le_bytes()];
    vec![
        DebugSection {
            name: ".debug_info",
            bytes: fields.as_flattened().into(),
            relocs: relocs.into(),
        },
        DebugSection { name: ".debug_str", bytes: b"no\0yes\0".into(), relocs: Vec::new() },
    ]
}

#[test]
fn veneers_survive() {
    let laid_out = || veneers::input().laid_out(4096);
    let (mut file, mut object) = (Vec::new(), Vec::new());
    laid_out().write(&mut file).unwrap();
    relocatable::write(laid_out(), "sample_image", &mut object).unwrap();
    assert!(relinked(&object).unwrap() == file);
}

#[test]
fn a_system_linker_finds_what_it_needs() {
    for target in MACHINES {
        let mut input = sample(target);
        input.own_base = true;
        input.debug = debug_sections();
        let object = object_of(input);
        let file = ElfFile64::<LittleEndian>::parse(&*object).unwrap();
        let globals: Vec<_> = file.symbols().filter(|symbol| symbol.is_global()).collect();
        let [descriptor] = &globals[..] else { panic!("{} global symbols", globals.len()) };
        assert_eq!(descriptor.name(), Ok("sample_image"));
        let section = file.section_by_name(".data.rel.ro.precast").unwrap();
        assert_eq!(descriptor.section_index(), Some(section.index()));
        // The note, the debug cell, and every section that is mapped but for
        // `.eh_frame`.
        let pieces = section.relocations().count();
        assert_eq!(pieces as u64, 2 + (section.size() - 40) / 24);
        assert_eq!(pieces, 9);
        assert!(file.section_by_name(".note.GNU-stack").is_some());
        let writable = object::elf::SHF_WRITE | object::elf::SHF_EXECINSTR;
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else { panic!("ELF") };
            assert_ne!(sh_flags & u64::from(writable), u64::from(writable));
            // Fields are zero, for linkers that add to what is there.
            let data = section.data().unwrap();
            for (offset, relocation) in section.relocations() {
                let RelocationFlags::Elf { r_type } = relocation.flags() else { panic!("ELF") };
                let field = &data[offset as usize..][..4];
                let code = section.name() == Ok(".text");
                assert!(code || field == [0; 4], "{:?} {r_type}", section.name());
            }
        }
    }
}

#[test]
fn damage_never_panics() {
    for target in MACHINES {
        let mut input = sample(target);
        input.own_base = true;
        input.debug = debug_sections();
        let object = object_of(input);
        assert!(relinked(&object[..object.len() / 2]).is_err());
        for at in (0..object.len()).step_by(7) {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = object.clone();
                damaged[at] ^= flip;
                let _ = relinked(&damaged);
            }
        }
    }
}

#[test]
fn other_files_are_refused() {
    let refused = |bytes: &[u8]| relinked(bytes).unwrap_err();
    assert!(refused(b"nothing").starts_with("the object: "));
    let artifact = linked(sample(MACHINES[0])).0;
    assert_eq!(refused(&artifact), "the object: not a relocatable object");
    let mut foreign = artifact;
    foreign[16] = 1;
    assert_eq!(refused(&foreign), "the object: not made by `precast compile --emit obj`");
}
