//! WASI, bound to instances.

use crate::I32;
use crate::code::Code;
use crate::mock::Mock;
use precast_artifact::index::FuncIndex;
use precast_artifact::module::ExportKind;
use precast_loader::wasi::{WasiCtx, WasiCtxBuilder};
use precast_loader::{Artifact, Error, Linker, Store, run_command};

/// Imports `random_get` and `proc_exit`; `_start` exits with what stands at
/// address 0, `random` fills memory from a pointer.
fn program(exit: u8, memory: bool) -> Artifact {
    let mut m = Mock::new("program");
    let exit_ty = m.ty(&[I32], &[]);
    let random_ty = m.ty(&[I32, I32], &[I32]);
    let start_ty = m.ty(&[], &[]);
    m.import_func("wasi_snapshot_preview1", "proc_exit", exit_ty);
    m.import_func("wasi_snapshot_preview1", "random_get", random_ty);
    m.memory(1, None, false);
    m.func("_start", start_ty, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.raw(&[0x8b, 0x37]).call_import(slot)) // mov esi, [rdi]
    });
    m.func("random", random_ty, |layout| {
        let slot = layout.import(FuncIndex::new(1));
        Code::framed(|c| c.call_import(slot))
    });
    m.contents(0, 0, &[exit, 0, 0, 0]);
    if memory {
        m.export("memory", ExportKind::Memory, 0);
    }
    crate::opened(&m.build()).unwrap()
}

fn linker() -> Linker<WasiCtx> {
    let mut linker = Linker::new();
    linker.add_wasi(|context| context);
    linker
}

#[test]
fn a_command_exits_with_its_code() {
    for code in [0, 3, 126, 255] {
        let mut store = Store::new(WasiCtxBuilder::new().build());
        let instance = linker().instantiate(&mut store, &program(code, true)).unwrap();
        assert_eq!(run_command(&mut store, &instance).unwrap(), i32::from(code));
        let start = instance.get_typed_func::<(), ()>(&store, "_start").unwrap();
        let error = start.call(&mut store, ()).unwrap_err();
        assert!(matches!(error, Error::Exit(c) if c == i32::from(code)), "{error:?}");
    }
}

#[test]
fn functions_work_on_the_callers_memory() {
    let mut store = Store::new(WasiCtxBuilder::new().build());
    let instance = linker().instantiate(&mut store, &program(0, true)).unwrap();
    let random = instance.get_typed_func::<(u32, u32), u32>(&store, "random").unwrap();
    assert_eq!(random.call(&mut store, (64, 64)).unwrap(), 0);
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert!(memory.data(&store)[64..128].iter().any(|byte| *byte != 0));
    assert!(memory.data(&store)[128..].iter().all(|byte| *byte == 0));
    let error = random.call(&mut store, (65535, 2)).unwrap_err().to_string();
    assert!(error.contains("outside of the linear memory"), "{error}");
}

#[test]
fn without_an_exported_memory_pointers_trap() {
    let mut store = Store::new(WasiCtxBuilder::new().build());
    let instance = linker().instantiate(&mut store, &program(0, false)).unwrap();
    let random = instance.get_typed_func::<(u32, u32), u32>(&store, "random").unwrap();
    assert!(random.call(&mut store, (0, 1)).is_err());
}

#[test]
fn a_library_is_no_command() {
    let mut m = Mock::new("library");
    m.memory(1, None, false);
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(WasiCtxBuilder::new().build());
    let instance = linker().instantiate(&mut store, &artifact).unwrap();
    let error = run_command(&mut store, &instance).unwrap_err().to_string();
    assert!(error.contains("neither `_start` nor `_initialize`"), "{error}");
}
