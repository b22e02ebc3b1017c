//! Whole artifacts, read back.

use super::super::Output;
use super::super::layout::BUILD_ID_SIZE;
use super::super::sections::Section;
use super::read::OpenedImage;
use super::sample::{MACHINES, Sample, linked, sample};
use crate::function::Symbol;
use gimli::{BaseAddresses, EhFrame, EhFrameHdr, UnwindSection};
use object::elf::{EM_AARCH64, EM_RISCV, EM_X86_64};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol};
use precast_artifact::address_map::{MapEntry, Site};
use precast_artifact::container::{Container, symbol_at};
use precast_artifact::index::{CodeOffset, FuncIndex, ModuleIndex, WasmOffset};
use precast_artifact::module::Range;
use precast_artifact::reloc::RelocKind;
use precast_artifact::trap::TrapCode;

#[test]
fn the_loader_finds_what_was_linked() {
    for target in MACHINES {
        let (file, summary) = linked(sample(target));
        assert_eq!((summary.functions, summary.folded), (3, 1));
        assert_eq!(summary.size, file.len() as u64);
        let image = OpenedImage::open(file);
        let (module, text) = (&image.module, image.note.text);
        assert_eq!((image.machine(), image.note.page_size), target);
        assert_eq!(image.note.options, ["-O2"]);
        assert_eq!(module.text, text);

        let functions = image.entries(module.function_table);
        let indices: Vec<FuncIndex> = functions.iter().map(|f| f.value).collect();
        assert_eq!(indices, [1, 2].map(FuncIndex::new));
        let leaf = functions[1].code;
        assert_eq!(module.funcrefs[0].code, CodeOffset::START);
        assert_eq!(module.funcrefs[1].code, leaf);
        let types = |stubs: &[precast_artifact::module::SignatureStub]| -> Vec<u32> {
            stubs.iter().map(|stub| stub.ty.get()).collect()
        };
        assert_eq!(types(&module.entry_stubs), [0, 1]);
        assert_eq!(types(&module.host_stubs), [0]);

        assert_eq!(image.callee(image.function(1)), image.function(2));
        for stub in module.entry_stubs.iter().chain(&module.host_stubs) {
            assert_eq!(image.callee(text.offset + u64::from(stub.code.get())), image.function(1));
        }
        let sites: Vec<MapEntry<WasmOffset>> = image.entries(module.site_table);
        assert_eq!(sites.len(), 6);
        assert_eq!((sites[0].site, sites[0].value.get()), (Site::Call, 1000));
        let trap = Site::Trap(TrapCode::Unreachable);
        assert_eq!(sites[1], MapEntry { code: leaf, site: trap, value: WasmOffset::new(2000) });
    }
}

#[test]
fn contents_lie_where_the_description_says() {
    for target in MACHINES {
        let image = OpenedImage::open(linked(sample(target)).0);
        let (module, page) = (&image.module, target.1);

        let table = module.tables[0].image;
        assert_eq!((table.offset % 64, table.size), (0, 40));
        let entry = |i: u64| {
            let at = table.offset + i * 8;
            let offset = image.word(at + 4) as i32;
            (image.word(at), table.offset.wrapping_add_signed(offset.into()))
        };
        assert_eq!(entry(0), (1, image.function(1)));
        assert_eq!(entry(1), (0, table.offset));
        assert_eq!(entry(2), (1, image.function(2)));
        assert_eq!(image.callee(entry(3).1), image.function(1));
        assert_eq!(entry(4), (0, table.offset));

        let template = image.at(module.context);
        assert_eq!(module.context.offset % 16, 0);
        assert_eq!(template.iter().filter(|byte| **byte != 0).collect::<Vec<_>>(), [&42]);
        let offsets: Vec<i32> = module.relocs.iter().map(|reloc| reloc.offset).collect();
        assert!(offsets.is_sorted());
        let kinds: Vec<RelocKind> = module.relocs.iter().map(|reloc| reloc.kind).collect();
        let record = [RelocKind::Text, RelocKind::Context, RelocKind::TypeId];
        assert_eq!(kinds, [&record[..], &record, &[RelocKind::Context]].concat());

        let [first, second] = &module.runs[..] else { panic!("two runs") };
        assert_eq!((first.address, second.address), (0, 0x30000));
        for (run, len, byte) in [(first, 5000, 1), (second, 100, 2)] {
            assert_eq!((run.image.offset % page, run.image.size % page), (0, 0));
            let (contents, rest) = image.at(run.image).split_at(len);
            assert!(contents.iter().all(|b| *b == byte) && rest.iter().all(|b| *b == 0));
        }
        let data: Vec<&[u8]> = module.data.iter().map(|range| image.at(*range)).collect();
        assert_eq!(data, [&b""[..], b"hello", b"world"]);
    }
}

#[test]
fn tools_see_names_and_sections() {
    for target in MACHINES {
        let image = OpenedImage::open(linked(sample(target)).0);
        let text = image.note.text.offset;
        assert_eq!(symbol_at(&image.file, image.function(1) + 1), Some(&b"first"[..]));
        assert_eq!(symbol_at(&image.file, image.function(2)), Some(&b"leaf"[..]));

        let file = ElfFile64::<LittleEndian>::parse(&*image.file).unwrap();
        assert_eq!(file.build_id().unwrap().unwrap().len(), BUILD_ID_SIZE);
        let names: Vec<&str> = file.sections().map(|s| s.name().unwrap()).collect();
        let mut expected: Vec<&str> = Section::ALL.map(|section| section.spec().name).into();
        // Written only where there are any.
        let absent = [
            "component",
            "wit",
            "handlers",
            "inlined",
            "inlined-names",
            "debug",
            "lines",
            "locals",
            "variants",
            "addresses",
        ];
        let absent = absent.map(|name| format!(".precast.{name}"));
        let for_debuggers = |name: &str| name.starts_with(".debug_") || name == ".lldbsummaries";
        let riscv = target.0 == EM_RISCV;
        expected.retain(|name| riscv || *name != ".riscv.attributes");
        expected.retain(|name| !absent.iter().any(|absent| absent == name) && !for_debuggers(name));
        assert_eq!(names, expected);
        for section in file.sections() {
            let (offset, size) = section.file_range().unwrap();
            assert!(offset % section.align() == 0 && size == section.size());
        }
        let mut symbols: Vec<(&str, u64)> =
            file.symbols().map(|s| (s.name().unwrap(), s.address())).collect();
        assert!(symbols.is_sorted_by_key(|(_, address)| *address));
        symbols.retain(|(name, _)| !name.starts_with('$'));
        let names: Vec<&str> = symbols.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "precast_table[0]",
                "first",
                "leaf",
                "wasm[4]",
                "precast_entry_stub[1]",
                "precast_host_stub[0]",
                "precast_import_stub[0]",
                "precast_entry_stub[0]",
            ]
        );
        assert_eq!(symbols[1].1, text);
        assert_eq!(symbols[2].1, symbols[3].1);
    }
}

#[test]
fn every_address_of_code_can_be_unwound() {
    for target in MACHINES {
        let image = OpenedImage::open(linked(sample(target)).0);
        let file = ElfFile64::<LittleEndian>::parse(&*image.file).unwrap();
        let section = |name| file.section_by_name(name).unwrap();
        let [header, frames] = [".eh_frame_hdr", ".eh_frame"].map(section);
        let bases = BaseAddresses::default()
            .set_eh_frame_hdr(header.address())
            .set_eh_frame(frames.address())
            .set_text(image.note.text.offset);
        let eh_frame = EhFrame::new(frames.data().unwrap(), gimli::LittleEndian);
        let header = EhFrameHdr::new(header.data().unwrap(), gimli::LittleEndian);
        let header = header.parse(&bases, 8).unwrap();
        let table = header.table().unwrap();
        let caller = image.function(1);
        let size = match target.0 {
            EM_X86_64 => 11,
            EM_AARCH64 => 20,
            _ => 40,
        };
        let mut context = gimli::UnwindContext::new();
        let mut rule = |address| {
            let find = gimli::EhFrame::cie_from_offset;
            let fde = table.fde_for_address(&eh_frame, &bases, address, find).unwrap();
            assert_eq!((fde.initial_address(), fde.len()), (caller, size));
            let row =
                fde.unwind_info_for_address(&eh_frame, &bases, &mut context, address).unwrap();
            (row.cfa().clone(), row.register(fde.cie().return_address_register()))
        };
        let (entry, inside) = (rule(caller), rule(caller + size - 1));
        let cfa = |register, offset| gimli::CfaRule::RegisterAndOffset {
            register: gimli::Register(register),
            offset,
        };
        let saved = Some(gimli::RegisterRule::Offset(-8));
        let expected = match target.0 {
            EM_X86_64 => ((cfa(7, 8), saved.clone()), (cfa(6, 16), saved)),
            EM_AARCH64 => ((cfa(31, 0), None), (cfa(29, 16), saved)),
            _ => ((cfa(2, 0), None), (cfa(8, 16), saved)),
        };
        assert_eq!((entry, inside), expected);
        assert_eq!(eh_frame.entries(&bases).map(Result::unwrap).count(), 7);
    }
}

#[test]
fn gaps_in_text_trap() {
    let image = OpenedImage::open(linked(sample(MACHINES[0])).0);
    let (caller, leaf) = (image.function(1), image.function(2));
    assert_eq!(leaf, caller + 16);
    assert_eq!(image.at(Range { offset: caller + 11, size: 5 }), [0xcc; 5]);
    let end = image.note.text.offset + image.note.text.size;
    let rest = end.next_multiple_of(4096) - end;
    assert!(image.at(Range { offset: end, size: rest }).iter().all(|byte| *byte == 0xcc));
}

#[test]
fn equal_input_gives_equal_bytes_and_other_code_another_build_id() {
    let build_id = |input: Sample| {
        let file = linked(input).0;
        let file = ElfFile64::<LittleEndian>::parse(&*file).unwrap();
        file.build_id().unwrap().unwrap().to_vec()
    };
    let target = MACHINES[0];
    assert_eq!(linked(sample(target)).0, linked(sample(target)).0);

    type Change = fn(&mut Sample);
    let changes: [Change; 8] = [
        |_| {},
        |input| input.functions[0].as_mut().unwrap().code[9] = 0x90,
        |input| input.stubs[0].function.code[9] = 0x90,
        |input| input.header.source_hash[0] = 8,
        |input| input.names[0] = "other",
        |input| input.memory[0].bytes = &[2; 5000],
        |input| input.data[1] = b"HELLO",
        |input| input.context[0] = 1,
    ];
    let mut ids = changes.map(|change| {
        let mut input = sample(target);
        change(&mut input);
        build_id(input)
    });
    ids.sort();
    assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn folding_can_be_switched_off() {
    let mut input = sample(MACHINES[0]);
    input.fold = false;
    let (file, summary) = linked(input);
    assert_eq!(summary.folded, 0);
    let image = OpenedImage::open(file);
    assert_ne!(image.function(2), image.function(4));
    let code = image.module.funcrefs[1].code.get();
    assert_eq!(u64::from(code), image.function(4) - image.function(1));
}

#[test]
fn an_empty_module_is_an_image_too() {
    for target in MACHINES {
        let mut input = sample(target);
        input.empty();
        let image = OpenedImage::open(linked(input).0);
        assert_eq!((image.note.text.size, image.module.context), (0, Range::default()));
        assert_eq!(image.note.image_size, image.note.text.offset);
        ElfFile64::<LittleEndian>::parse(&*image.file).unwrap();
    }
}

#[test]
fn references_to_nothing_are_errors() {
    let refused = |change: fn(&mut Sample)| {
        let mut input = sample(MACHINES[0]);
        change(&mut input);
        input.emit(Output::Artifact, &mut Vec::new()).unwrap_err().to_string()
    };
    assert_eq!(
        refused(|input| input.functions[1] = None),
        "`first` refers to function 2 of module 0, which was not compiled"
    );
    assert_eq!(
        refused(|input| input.functions[3] = None),
        "`function reference 1` refers to function 4 of module 0, which was not compiled"
    );
    assert_eq!(
        refused(|input| {
            let entry = input.private_tables[0].entries[0].as_mut().unwrap();
            entry.code = Symbol::Function(ModuleIndex::new(0), FuncIndex::new(9));
        }),
        "`precast_table[0]` refers to function 9 of module 0, which was not compiled"
    );
    assert_eq!(refused(|input| input.target.machine = 3), "ELF machine 3 is not supported");
}

#[test]
fn an_image_with_a_base_of_its_own_differs_in_addresses_only() {
    for target in MACHINES {
        let mut plain = sample(target);
        // As long as the other, so that all lies at the same offsets.
        plain.header.options.push("-O".to_owned());
        let (at_zero, _) = linked(plain);
        let based = || {
            let mut input = sample(target);
            input.own_base = true;
            input.header.options.push("-g".to_owned());
            linked(input).0
        };
        let file = based();
        assert_eq!(file, based());
        let base = Container::open(&file).unwrap().base;
        assert_ne!(base, 0);
        let image = OpenedImage::open(file);
        let leaf = image.function(2);
        assert_eq!(symbol_at(&image.file, leaf), Some(b"leaf".as_slice()));

        let [elf, zero] = [&image.file, &at_zero]
            .map(|f| ElfFile64::<LittleEndian>::parse(f.as_slice()).unwrap());
        let symbol = elf.symbols().find(|symbol| symbol.name() == Ok("leaf")).unwrap();
        assert_eq!(symbol.address(), base + leaf);
        let text = elf.section_by_name(".text").unwrap();
        assert_eq!(text.address(), base + image.note.text.offset);
        let code = zero.section_by_name(".text").unwrap();
        assert_eq!(text.data(), code.data());
        let strings = elf.section_by_name(".strtab").unwrap();
        assert_eq!(strings.address(), 0);
    }
}
