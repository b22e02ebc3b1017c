//! Instances that import from the host and from each other.

use crate::I32;
use crate::code::{self, Code};
use crate::mock::{self, Mock, link};
use precast_artifact::abi::{CTX_MEMORY0_BASE, TableKind};
use precast_artifact::index::{
    DataIndex, ElementIndex, FuncIndex, GlobalIndex, MemoryIndex, ModuleIndex, TableIndex,
};
use precast_artifact::module::{
    ConstExpr, ConstOp, ElementItems, ElementSegment, ExportKind, ImportKind, InitStep,
    InstancePlan,
};
use precast_loader::{
    Artifact, Error, ExternType, Global, GlobalType, Instance, LimitKind, Limits, Linker, Memory,
    MemoryType, RefType, SizeLimits, Store, Table, TableType, TrapCode, UnknownImport, Val,
    ValType,
};

fn constant(bits: u32) -> ConstExpr {
    ConstExpr { ops: vec![ConstOp::Bits32(bits)] }
}

/// Exports `memory`, `table`, `global`, `peek`, and puts `add` into the table.
fn exporter() -> Mock {
    let mut m = Mock::new("exporter");
    let binary = m.ty(&[I32, I32], &[I32]);
    let unary = m.ty(&[I32], &[I32]);
    m.memory(1, Some(3), false);
    m.table(RefType::FUNCREF, 4, Some(8), TableKind::Public);
    m.global(I32, true, false);
    let add = m.func("add", binary, |_| code::add());
    m.func("peek", unary, |_| code::load());
    m.export("memory", ExportKind::Memory, 0);
    m.export("table", ExportKind::Table, 0);
    m.export("global", ExportKind::Global, 0);
    let at = m.layout().global(GlobalIndex::new(0));
    m.template(at, &17u32.to_le_bytes());
    m.contents(0, 4096, b"initial contents");
    m.module.elements = vec![ElementSegment {
        ty: precast_artifact::types::RefType::FUNCREF,
        items: ElementItems::Functions(vec![FuncIndex::new(add)]),
    }];
    m.module.init = vec![InitStep::Elements {
        segment: ElementIndex::new(0),
        table: TableIndex::new(0),
        offset: constant(1),
    }];
    m
}

/// Imports all that [`exporter`] exports, and uses it.
fn importer() -> Mock {
    let mut m = Mock::new("importer");
    let binary = m.ty(&[I32, I32], &[I32]);
    let unary = m.ty(&[I32], &[I32]);
    let ternary = m.ty(&[I32, I32, I32], &[I32]);
    m.import_func("lib", "add", binary);
    m.import("lib", "memory", ImportKind::Memory);
    m.memory(1, Some(4), true);
    m.import("lib", "table", ImportKind::Table);
    m.table(RefType::FUNCREF, 2, None, TableKind::Imported);
    m.import("lib", "global", ImportKind::Global);
    m.global(I32, true, true);
    m.func("add_imported", binary, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.call_import(slot))
    });
    m.func("load_imported", unary, |_| {
        Code::framed(|c| {
            c.load_context(CTX_MEMORY0_BASE)
                .may_trap(TrapCode::MemoryOutOfBounds)
                .raw(&[0x8b, 0x04, 0x30]) // mov eax, [rax + rsi]
        })
    });
    m.func("global_imported", unary, |layout| {
        let global = layout.global(GlobalIndex::new(0));
        // mov eax, [rax]
        Code::framed(|c| c.load_context(global).raw(&[0x8b, 0x00]))
    });
    m.func("call_imported", ternary, |layout| {
        let table = layout.table(TableIndex::new(0));
        // The definition's address, then as any table with the elements at
        // its base: mov rdi, [rdi + table]
        Code::framed(|c| {
            c.disp(&[0x48, 0x8b, 0xbf], table)
                .raw(&[0x48, 0x8b, 0x07]) // mov rax, [rdi]
                .raw(&[0x48, 0x8b, 0x04, 0xf0]) // mov rax, [rax + 8 * rsi]
                .raw(&[0x48, 0x89, 0xd6, 0x48, 0x89, 0xca]) // mov rsi, rdx; mov rdx, rcx
                .raw(&[0x48, 0x8b, 0x78, 0x08, 0xff, 0x10]) // mov rdi, [rax + 8]; call [rax]
                .called()
        })
    });
    m.export("again", ExportKind::Function, 0);
    m
}

fn check_importer(store: &mut Store<()>, instance: Instance, exported: Memory, global: Global) {
    let add = instance.get_typed_func::<(i32, i32), i32>(store, "add_imported").unwrap();
    assert_eq!(add.call(store, (2, 3)).unwrap(), 5);
    let again = instance.get_typed_func::<(i32, i32), i32>(store, "again").unwrap();
    assert_eq!(again.call(store, (2, 3)).unwrap(), 5);
    let load = instance.get_typed_func::<i32, u32>(store, "load_imported").unwrap();
    assert_eq!(load.call(store, 4096).unwrap(), u32::from_le_bytes(*b"init"));
    exported.write(store, 8, &[1, 2, 0, 0]).unwrap();
    assert_eq!(load.call(store, 8).unwrap(), 0x201);
    let error = load.call(store, 65536).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
    exported.grow(store, 1).unwrap();
    assert_eq!(load.call(store, 65536).unwrap(), 0);
    let read = instance.get_typed_func::<i32, i32>(store, "global_imported").unwrap();
    assert_eq!(read.call(store, 0).unwrap(), 17);
    global.set(store, Val::I32(18)).unwrap();
    assert_eq!(read.call(store, 0).unwrap(), 18);
    let call = instance.get_typed_func::<(i32, i32, i32), i32>(store, "call_imported").unwrap();
    assert_eq!(call.call(store, (1, 20, 22)).unwrap(), 42);
}

#[test]
fn an_instance_imports_from_another() {
    let exporter = crate::opened(&exporter().build()).unwrap();
    let importer = crate::opened(&importer().build()).unwrap();
    let mut store = Store::new(());
    let mut linker = Linker::new();
    let lib = linker.instantiate(&mut store, &exporter).unwrap();
    linker.instance(&store, "lib", lib);
    let memory = lib.get_memory(&store, "memory").unwrap();
    let global = lib.get_global(&store, "global").unwrap();
    let instance = linker.instantiate(&mut store, &importer).unwrap();
    drop((exporter, importer));
    check_importer(&mut store, instance, memory, global);
}

#[test]
fn the_host_can_provide_memories_tables_and_globals() {
    let importer = crate::opened(&importer().build()).unwrap();
    let mut store = Store::new(());
    let limits = SizeLimits { min: 1, max: Some(4) };
    let ty = MemoryType { limits, index64: false, shared: false, page_size_log2: 16 };
    let memory = Memory::new(&mut store, ty).unwrap();
    memory.write(&mut store, 4096, b"initial contents").unwrap();
    let add = precast_loader::Func::wrap(&mut store, |a: i32, b: i32| a + b);
    let limits = SizeLimits { min: 2, max: None };
    let ty = TableType { element: RefType::FUNCREF, limits, index64: false };
    let table = Table::new(&mut store, ty, Val::FuncRef(Some(add))).unwrap();
    let ty = GlobalType { value: ValType::I32, mutable: true };
    let global = Global::new(&mut store, ty, Val::I32(17)).unwrap();
    let mut linker = Linker::new();
    linker.define("lib", "memory", memory).define("lib", "table", table);
    linker.define("lib", "global", global).define("lib", "add", add);
    let instance = linker.instantiate(&mut store, &importer).unwrap();
    check_importer(&mut store, instance, memory, global);
}

#[test]
fn two_instances_in_one_artifact() {
    let plans = vec![
        InstancePlan { module: ModuleIndex::new(0), links: Vec::new() },
        InstancePlan {
            module: ModuleIndex::new(1),
            links: ["add", "memory", "table", "global"]
                .iter()
                .zip(0..)
                .map(|(name, import)| link(import, 0, name))
                .collect(),
        },
    ];
    let mut importer = importer();
    importer.export("memory", ExportKind::Memory, 0);
    importer.export("global", ExportKind::Global, 0);
    let bytes = mock::build(vec![exporter(), importer], plans);
    let artifact = crate::opened(&bytes).unwrap();
    assert_eq!(artifact.imports(), []);
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let global = instance.get_global(&store, "global").unwrap();
    check_importer(&mut store, instance, memory, global);
}

#[test]
fn every_import_that_does_not_match_is_listed() {
    let importer = crate::opened(&importer().build()).unwrap();
    let mut store = Store::new(());
    let mut linker = Linker::<()>::new();
    linker.func_wrap("lib", "add", |a: i64| a);
    let ty = GlobalType { value: ValType::I32, mutable: false };
    let global = Global::new(&mut store, ty, Val::I32(1)).unwrap();
    linker.define("lib", "global", global);
    let limits = SizeLimits { min: 0, max: Some(4) };
    let ty = MemoryType { limits, index64: false, shared: false, page_size_log2: 16 };
    let memory = Memory::new(&mut store, ty).unwrap();
    linker.define("lib", "memory", memory);
    let error = linker.instantiate(&mut store, &importer).unwrap_err();
    let expected = "imports are not satisfied:
    lib.add: function (i32, i32) -> (i32): found function (i64) -> (i64)
    lib.memory: memory 1..=4 pages: found memory 0..=4 pages
    lib.table: table 2.. funcref: nothing has this name
    lib.global: global mut i32: found global i32";
    assert_eq!(error.to_string(), expected);
    memory.grow(&mut store, 1).unwrap();
    let Err(Error::Link(problems)) = linker.instantiate(&mut store, &importer) else { panic!() };
    assert_eq!(problems.len(), 3);
    let mut other = Store::new(());
    let error = linker.instantiate(&mut other, &importer).unwrap_err();
    assert!(error.to_string().contains("found a memory of another store"), "{error}");
}

#[test]
fn a_memory_with_less_address_space_is_refused() {
    let mut weak = exporter();
    weak.module.memories[0].reservation = 3 << 16;
    let weak = crate::opened(&weak.build()).unwrap();
    let importer = crate::opened(&importer().build()).unwrap();
    let mut store = Store::new(());
    let mut linker = Linker::new();
    let lib = linker.instantiate(&mut store, &weak).unwrap();
    linker.instance(&store, "lib", lib);
    let error = linker.instantiate(&mut store, &importer).unwrap_err().to_string();
    assert!(error.contains("address space, where the code relies on"), "{error}");
}

#[test]
fn unknown_functions_can_fail_when_called() {
    let mut m = Mock::new("lazy");
    let ty = m.ty(&[I32], &[I32]);
    m.import_func("env", "missing", ty);
    m.func("call", ty, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.call_import(slot))
    });
    let artifact = crate::opened(&m.build()).unwrap();
    let imports = artifact.imports();
    assert_eq!((imports[0].name.as_str(), imports.len()), ("missing", 1));
    assert!(matches!(&imports[0].ty, ExternType::Func(ty) if ty.params == [I32]));
    let mut store = Store::new(());
    let mut linker = Linker::new();
    assert!(linker.instantiate(&mut store, &artifact).is_err());
    linker.define_unknown_functions(&artifact);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    let error = call.call(&mut store, 1).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("env.missing was called, but not provided\n    0: "), "{text}");
    let unknown = error.downcast_ref::<UnknownImport>().expect("an unknown import");
    assert_eq!((unknown.module.as_str(), unknown.name.as_str()), ("env", "missing"));
    // The guest's function stands in the call.
    assert_eq!(error.frames().iter().map(|frame| frame.function.get()).collect::<Vec<_>>(), [1]);
}

#[test]
fn unknown_functions_can_give_zero() {
    let mut m = Mock::new("dreamer");
    let ty = m.ty(&[I32], &[I32]);
    m.import_func("env", "missing", ty);
    m.func("call", ty, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.call_import(slot))
    });
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(());
    let mut linker = Linker::new();
    linker.define_unknown_as_zero(&artifact);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert_eq!(call.call(&mut store, 17).unwrap(), 0);
}

/// Writes to an imported memory, then fails.
fn half_way(second: u32) -> Artifact {
    let mut m = Mock::new("half");
    m.import("lib", "memory", ImportKind::Memory);
    m.memory(1, None, true);
    m.data(b"first");
    m.data(b"second");
    let data =
        |segment, at| InitStep::Data { segment, memory: MemoryIndex::new(0), offset: constant(at) };
    m.module.init = vec![data(DataIndex::new(0), 100), data(DataIndex::new(1), second)];
    crate::opened(&m.build()).unwrap()
}

#[test]
fn a_trap_half_way_leaves_what_was_written() {
    let mut store = Store::new(());
    let limits = SizeLimits { min: 1, max: None };
    let ty = MemoryType { limits, index64: false, shared: false, page_size_log2: 16 };
    let memory = Memory::new(&mut store, ty).unwrap();
    let mut linker = Linker::new();
    linker.define("lib", "memory", memory);
    let error = linker.instantiate(&mut store, &half_way(65531)).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::MemoryOutOfBounds));
    assert_eq!(&memory.data(&store)[100..106], b"first\0");
    assert_eq!(memory.data(&store)[65531], 0);
    linker.instantiate(&mut store, &half_way(65530)).unwrap();
    assert_eq!(&memory.data(&store)[65530..], b"second");
}

#[test]
fn the_start_function_runs_last() {
    let mut m = Mock::new("start");
    let ty = m.ty(&[], &[]);
    m.memory(1, None, false);
    // mov eax, [rdi]; add eax, eax; mov [rdi], eax
    let start =
        m.func("start", ty, |_| Code::framed(|c| c.raw(&[0x8b, 0x07, 0x01, 0xc0, 0x89, 0x07])));
    m.export("memory", ExportKind::Memory, 0);
    m.data(&21u32.to_le_bytes());
    m.module.init = vec![InitStep::Data {
        segment: DataIndex::new(0),
        memory: MemoryIndex::new(0),
        offset: constant(0),
    }];
    m.module.start = Some(FuncIndex::new(start));
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(memory.data(&store)[0], 42);
}

#[test]
fn limits_of_the_store_hold() {
    let exporter = crate::opened(&exporter().build()).unwrap();
    let mut limits = Limits::default();
    limits.memory_bytes = 3 << 16;
    limits.table_elements = 8;
    let mut store = Store::with_limits((), limits);
    let linker = Linker::new();
    let first = linker.instantiate(&mut store, &exporter).unwrap();
    let memory = first.get_memory(&store, "memory").unwrap();
    assert_eq!(memory.grow(&mut store, 1).unwrap(), 1);
    linker.instantiate(&mut store, &exporter).unwrap();
    assert!(matches!(memory.grow(&mut store, 1), Err(Error::Limit(LimitKind::MemoryBytes, _))));
    let error = linker.instantiate(&mut store, &exporter).unwrap_err();
    assert_eq!(
        error.to_string(),
        "65536 bytes of linear memory wanted, 196608 in use, and the limit is 196608"
    );
    let table = first.get_table(&store, "table").unwrap();
    assert!(matches!(
        table.grow(&mut store, 1, Val::FuncRef(None)),
        Err(Error::Limit(LimitKind::TableElements, _))
    ));
}

#[test]
fn memories_are_copies_of_the_image() {
    let artifact = crate::opened(&exporter().build()).unwrap();
    let mut store = Store::new(());
    let linker = Linker::new();
    let [first, second] = [(); 2].map(|()| linker.instantiate(&mut store, &artifact).unwrap());
    let memory = |i: Instance, store: &Store<()>| i.get_memory(store, "memory").unwrap();
    let (first, second) = (memory(first, &store), memory(second, &store));
    first.write(&mut store, 4096, b"INITIAL").unwrap();
    assert_eq!(&first.data(&store)[4096..4112], b"INITIAL contents");
    assert_eq!(&second.data(&store)[4096..4112], b"initial contents");
    assert!(second.data(&store)[4112..].iter().all(|byte| *byte == 0));
}
