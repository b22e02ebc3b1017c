//! Whole images, made from hand-written functions and read back.

use super::*;
use crate::function::{CodeReloc, CodeRelocKind, CodeSite, CompiledFunction, Symbol, UnwindOp};
use gimli::{BaseAddresses, EhFrame, EhFrameHdr, UnwindSection};
use object::elf::{EM_AARCH64, EM_RISCV, EM_X86_64};
use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSection, ObjectSymbol};
use precast_artifact::abi::{ContextLayout, TableKind};
use precast_artifact::container::{Container, symbol_at};
use precast_artifact::index::{
    CanonicalTypeIndex, CodeOffset, DataIndex, FuncIndex, GlobalIndex, MemoryIndex,
};
use precast_artifact::module::{
    ConstExpr, ConstOp, EntityIndex, Export, Funcref, Global, Import, ImportKind, InitStep, Memory,
    MemoryModel, Table,
};
use precast_artifact::reloc::{Reloc, RelocKind};
use precast_artifact::search::{self, Site};
use precast_artifact::trap::TrapCode;
use precast_artifact::types::{
    FuncType, GlobalType, HeapType, Limits, MemoryType, RefType, TableType, ValType,
};

mod objects;
mod veneers;

const MACHINES: [(u16, u64); 3] = [(EM_X86_64, 4096), (EM_AARCH64, 65536), (EM_RISCV, 4096)];

fn words(words: &[u32]) -> Box<[u8]> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn relocs<const N: usize>(relocs: [(u32, CodeRelocKind, Symbol, i32); N]) -> Box<[CodeReloc]> {
    let reloc = |(offset, kind, target, addend)| CodeReloc { offset, kind, target, addend };
    relocs.map(reloc).into()
}

/// A function with a frame that calls `callee`, its only site.
fn caller(machine: u16, callee: Symbol) -> CompiledFunction {
    let saved = |register, offset| UnwindOp::Saved { register, offset };
    let (code, reloc, after, unwind) = match machine {
        EM_X86_64 => (
            // push rbp; mov rbp, rsp; call; pop rbp; ret
            Box::from([0x55, 0x48, 0x89, 0xe5, 0xe8, 0, 0, 0, 0, 0x5d, 0xc3]),
            (5, CodeRelocKind::X86PcRel32, callee, -4),
            9,
            vec![(1, UnwindOp::CfaOffset(16)), (1, saved(6, -16)), (4, UnwindOp::CfaRegister(6))],
        ),
        EM_AARCH64 => (
            // stp x29, x30, [sp, #-16]!; mov x29, sp; bl; ldp x29, x30, [sp], #16; ret
            words(&[0xa9bf_7bfd, 0x9100_03fd, 0x9400_0000, 0xa8c1_7bfd, 0xd65f_03c0]),
            (8, CodeRelocKind::Aarch64Call26, callee, 0),
            12,
            vec![
                (4, UnwindOp::CfaOffset(16)),
                (4, saved(29, -16)),
                (4, saved(30, -8)),
                (8, UnwindOp::CfaRegister(29)),
            ],
        ),
        _ => (
            // addi sp, sp, -16; sd ra, 8(sp); sd s0, 0(sp); mv s0, sp; auipc ra; jalr ra;
            // ld ra, 8(sp); ld s0, 0(sp); addi sp, sp, 16; ret
            words(&[
                0xff01_0113,
                0x0011_3423,
                0x0081_3023,
                0x0001_0413,
                0x0000_0097,
                0x0000_80e7,
                0x0081_3083,
                0x0001_3403,
                0x0101_0113,
                0x0000_8067,
            ]),
            (16, CodeRelocKind::RiscvCall, callee, 0),
            24,
            vec![
                (4, UnwindOp::CfaOffset(16)),
                (12, saved(1, -8)),
                (12, saved(8, -16)),
                (16, UnwindOp::CfaRegister(8)),
            ],
        ),
    };
    CompiledFunction {
        code,
        alignment: 4,
        relocs: relocs([reloc]),
        sites: Box::new([CodeSite { offset: after - 1, site: Site::Call, wasm: 1000 }]),
        handlers: Box::default(),
        unwind: unwind.into(),
        debug: None,
        data: Box::default(),
    }
}

/// A leaf that returns the address of private table 0, or traps in its first
/// instruction.
fn leaf(machine: u16, wasm: u32) -> CompiledFunction {
    let table = Symbol::PrivateTable(0);
    let (code, relocs) = match machine {
        // lea rax, [rip + table]; ret
        EM_X86_64 => (
            Box::from([0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3]),
            relocs([(3, CodeRelocKind::X86PcRel32, table, -4)]),
        ),
        // adrp x0, table; add x0, x0, :lo12:table; ret
        EM_AARCH64 => (
            words(&[0x9000_0000, 0x9100_0000, 0xd65f_03c0]),
            relocs([
                (0, CodeRelocKind::Aarch64AdrPage21, table, 0),
                (4, CodeRelocKind::Aarch64AddLow12, table, 0),
            ]),
        ),
        // auipc a0, %hi; addi a0, a0, %lo; ret
        _ => (
            words(&[0x0000_0517, 0x0005_0513, 0x0000_8067]),
            relocs([
                (0, CodeRelocKind::RiscvPcRelHigh20, table, 0),
                (4, CodeRelocKind::RiscvPcRelLow12, Symbol::Local(0), 0),
            ]),
        ),
    };
    let trap = Site::Trap(TrapCode::Unreachable);
    let sites = Box::new([CodeSite { offset: 0, site: trap, wasm }]);
    CompiledFunction { code, alignment: 4, relocs, sites, ..Default::default() }
}

/// One imported function, then: a caller of function 2, a leaf, a removed
/// function, and the leaf again.
fn sample((machine, page_size): (u16, u64)) -> LinkInput<'static> {
    let func = RefType { nullable: true, heap: HeapType::Func };
    let limits = |min| Limits { min, max: None };
    let stub = |kind| Stub { kind, function: caller(machine, Symbol::Function(1)) };
    let entry = |symbol| PrivateEntry { ty: 1, code: Some(symbol) };
    let null = PrivateEntry { ty: 0, code: None };
    let funcref = |function, ty| Funcref {
        function: FuncIndex::new(function),
        ty: CanonicalTypeIndex::new(ty),
        code: CodeOffset::START,
    };
    let mut module = Module {
        name: Some("sample".to_owned()),
        types: vec![
            FuncType::default(),
            FuncType { params: vec![ValType::I32], results: Vec::new() },
        ],
        imports: vec![Import {
            module: "host".to_owned(),
            name: "call".to_owned(),
            kind: ImportKind::Function(CanonicalTypeIndex::new(0)),
        }],
        functions: 5,
        tables: vec![Table {
            ty: TableType { element: func, limits: limits(4), index64: false },
            kind: TableKind::Private,
            image: Range::default(),
        }],
        memories: vec![Memory {
            ty: MemoryType { limits: limits(4), index64: false, shared: false, page_size_log2: 16 },
            imported: false,
            model: MemoryModel::Guard,
            reservation: 8 << 30,
            guard: 0,
        }],
        globals: vec![Global {
            ty: GlobalType { value: ValType::I64, mutable: true },
            imported: false,
        }],
        funcrefs: vec![funcref(1, 0), funcref(4, 1)],
        ..Module::default()
    };
    let item = EntityIndex::Function(FuncIndex::new(4));
    module.exports = vec![Export { name: "run".to_owned(), item }];
    let offset = ConstExpr { ops: vec![ConstOp::Bits32(8)] };
    let (segment, memory) = (DataIndex::new(1), MemoryIndex::new(0));
    module.init = vec![InitStep::Data { segment, memory, offset }];
    let layout = ContextLayout::new(&module.context_shape()).unwrap();
    let mut context = vec![0; layout.size() as usize];
    let global = (layout.size() as i32 + layout.global(GlobalIndex::new(0))) as usize;
    context[global] = 42;
    LinkInput {
        target: LinkTarget { machine, flags: 0, page_size },
        header: Header {
            target: "test-unknown-linux-gnu".to_owned(),
            cpu_features: vec!["sse2".to_owned()],
            wasm_features: Vec::new(),
            options: vec!["-O2".to_owned()],
            source_hash: [7; 32],
            producers: vec!["language C11".to_owned()],
        },
        module,
        functions: vec![
            Some(caller(machine, Symbol::Function(2))),
            Some(leaf(machine, 2000)),
            None,
            Some(leaf(machine, 4000)),
        ],
        variants: Vec::new(),
        stubs: [StubKind::Entry(1), StubKind::Host(0), StubKind::Import(0), StubKind::Entry(0)]
            .map(stub)
            .into(),
        names: vec!["first", "leaf", "removed", ""],
        bodies: vec![100, 120, 2200, 2300],
        private_tables: vec![(
            0,
            vec![
                entry(Symbol::Function(1)),
                null,
                entry(Symbol::Function(4)),
                entry(Symbol::Stub(2)),
                null,
            ],
        )],
        context,
        relocs: vec![Reloc {
            kind: RelocKind::Context,
            offset: layout.global(GlobalIndex::new(0)),
            addend: 0,
        }],
        memory: vec![
            MemoryContents { memory: 0, address: 0, bytes: vec![1; 5000] },
            MemoryContents { memory: 0, address: 0x10000, bytes: Vec::new() },
            MemoryContents { memory: 0, address: 0x20000, bytes: vec![2; 100] },
        ],
        data: vec![b"", b"hello", b"world"],
        fold: true,
        debug: Vec::new(),
        own_base: false,
    }
}

fn linked(input: LinkInput<'_>) -> (Vec<u8>, LinkSummary) {
    let mut file = Vec::new();
    let summary = link(input, &mut file).unwrap();
    (file, summary)
}

/// An image, read as the loader reads it.
struct Image {
    file: Vec<u8>,
    note: Note,
    module: Module,
}

impl Image {
    fn open(file: Vec<u8>) -> Self {
        let note = Container::open(&file).unwrap().note;
        let mut description = Description::decode(slice(&file, note.module)).unwrap();
        let bounds = Bounds { image: note.image_size, text: note.text };
        description.check(&bounds).unwrap();
        let module = description.modules.remove(0);
        Self { file, note, module }
    }

    fn at(&self, range: Range) -> &[u8] {
        slice(&self.file, range)
    }

    fn word(&self, address: u64) -> u32 {
        u32::from_le_bytes(self.at(Range { offset: address, size: 4 }).try_into().unwrap())
    }

    fn entries(&self, table: Range) -> Vec<search::Entry> {
        search::Table::new("test", self.at(table)).unwrap().iter().collect()
    }

    /// Address of an own function.
    fn function(&self, index: u32) -> u64 {
        let entries = self.entries(self.module.function_table);
        let entry = entries.iter().find(|entry| entry.value == index).unwrap();
        self.note.text.offset + u64::from(entry.key)
    }

    /// Where the call in a `caller` at this address leads.
    fn callee(&self, caller: u64) -> u64 {
        let (place, distance) = match self.machine() {
            EM_X86_64 => (caller + 9, self.word(caller + 5) as i32),
            EM_AARCH64 => (caller + 8, (self.word(caller + 8) << 6) as i32 >> 4),
            _ => {
                let high = self.word(caller + 16) & 0xffff_f000;
                let low = self.word(caller + 20) as i32 >> 20;
                (caller + 16, (high as i32).wrapping_add(low))
            }
        };
        place.wrapping_add_signed(distance.into())
    }

    fn machine(&self) -> u16 {
        Container::open(&self.file).unwrap().machine
    }
}

fn slice(file: &[u8], range: Range) -> &[u8] {
    &file[range.offset as usize..][..range.size as usize]
}

#[test]
fn the_loader_finds_what_was_linked() {
    for target in MACHINES {
        let (file, summary) = linked(sample(target));
        assert_eq!((summary.functions, summary.folded), (3, 1));
        assert_eq!(summary.size, file.len() as u64);
        let image = Image::open(file);
        let (module, text) = (&image.module, image.note.text);
        assert_eq!((image.machine(), image.note.page_size), target);
        assert_eq!(image.note.options, ["-O2"]);
        assert_eq!(module.text, text);

        let functions = image.entries(module.function_table);
        assert_eq!(functions.iter().map(|f| f.value).collect::<Vec<_>>(), [1, 2]);
        let leaf = functions[1].key;
        assert_eq!(module.funcrefs[0].code, CodeOffset::START);
        assert_eq!(module.funcrefs[1].code, CodeOffset::new(leaf));
        let types = |stubs: &[precast_artifact::module::Stub]| -> Vec<u32> {
            stubs.iter().map(|stub| stub.ty.get()).collect()
        };
        assert_eq!(types(&module.entry_stubs), [0, 1]);
        assert_eq!(types(&module.host_stubs), [0]);

        assert_eq!(image.callee(image.function(1)), image.function(2));
        for stub in module.entry_stubs.iter().chain(&module.host_stubs) {
            assert_eq!(image.callee(text.offset + u64::from(stub.code.get())), image.function(1));
        }
        let sites = image.entries(module.site_table);
        assert_eq!(sites.len(), 6);
        assert_eq!((sites[0].site, sites[0].value), (Site::Call, 1000));
        let trap = Site::Trap(TrapCode::Unreachable);
        assert_eq!(sites[1], search::Entry { key: leaf, site: trap, value: 2000 });
    }
}

#[test]
fn contents_lie_where_the_description_says() {
    for target in MACHINES {
        let image = Image::open(linked(sample(target)).0);
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
        assert_eq!((first.address, second.address), (0, 0x20000));
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
        let image = Image::open(linked(sample(target)).0);
        let text = image.note.text.offset;
        assert_eq!(symbol_at(&image.file, image.function(1) + 1), Some(&b"first"[..]));
        assert_eq!(symbol_at(&image.file, image.function(2)), Some(&b"leaf"[..]));

        let file = ElfFile64::<LittleEndian>::parse(&*image.file).unwrap();
        assert_eq!(file.build_id().unwrap().unwrap().len(), BUILD_ID_SIZE);
        let names: Vec<&str> = file.sections().map(|s| s.name().unwrap()).collect();
        let mut expected: Vec<&str> = Section::ALL.map(|section| section.spec().name).into();
        // Written only where there are any.
        let absent = ["handlers", "debug", "lines", "locals", "variants", "addresses"];
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
        let image = Image::open(linked(sample(target)).0);
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
    let image = Image::open(linked(sample(MACHINES[0])).0);
    let (caller, leaf) = (image.function(1), image.function(2));
    assert_eq!(leaf, caller + 16);
    assert_eq!(image.at(Range { offset: caller + 11, size: 5 }), [0xcc; 5]);
    let end = image.note.text.offset + image.note.text.size;
    let rest = end.next_multiple_of(4096) - end;
    assert!(image.at(Range { offset: end, size: rest }).iter().all(|byte| *byte == 0xcc));
}

#[test]
fn equal_input_gives_equal_bytes_and_other_code_another_build_id() {
    let build_id = |input: LinkInput<'_>| {
        let file = linked(input).0;
        let file = ElfFile64::<LittleEndian>::parse(&*file).unwrap();
        file.build_id().unwrap().unwrap().to_vec()
    };
    let target = MACHINES[0];
    assert_eq!(linked(sample(target)).0, linked(sample(target)).0);

    type Change = fn(&mut LinkInput<'static>);
    let changes: [Change; 8] = [
        |_| {},
        |input| input.functions[0].as_mut().unwrap().code[9] = 0x90,
        |input| input.stubs[0].function.code[9] = 0x90,
        |input| input.header.source_hash[0] = 8,
        |input| input.names[0] = "other",
        |input| input.memory[0].bytes[0] = 2,
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
    let image = Image::open(file);
    assert_ne!(image.function(2), image.function(4));
    let code = image.module.funcrefs[1].code.get();
    assert_eq!(u64::from(code), image.function(4) - image.function(1));
}

#[test]
fn an_empty_module_is_an_image_too() {
    for target in MACHINES {
        let mut input = sample(target);
        input.module = Module::default();
        input.functions.clear();
        input.stubs.clear();
        input.names.clear();
        input.private_tables.clear();
        input.context = vec![0; 48];
        input.memory.clear();
        input.relocs.clear();
        input.data.clear();
        let image = Image::open(linked(input).0);
        assert_eq!((image.note.text.size, image.module.context), (0, Range::default()));
        assert_eq!(image.note.image_size, image.note.text.offset);
        ElfFile64::<LittleEndian>::parse(&*image.file).unwrap();
    }
}

#[test]
fn references_to_nothing_are_errors() {
    let refused = |change: fn(&mut LinkInput<'static>)| {
        let mut input = sample(MACHINES[0]);
        change(&mut input);
        link(input, &mut Vec::new()).unwrap_err().to_string()
    };
    assert_eq!(
        refused(|input| input.functions[1] = None),
        "`first` refers to Function(2), which was not compiled"
    );
    assert_eq!(
        refused(|input| input.functions[3] = None),
        "`function reference 1` refers to Function(4), which was not compiled"
    );
    assert_eq!(
        refused(|input| input.private_tables[0].1[0].code = None),
        "`precast_table[0]` has a type but no code"
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
        let image = Image::open(file);
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
