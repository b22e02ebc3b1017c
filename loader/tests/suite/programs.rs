//! Programs, set up and run as the command line does it.

use crate::I32;
use crate::code::{self, Code};
use crate::mock::Mock;
use precast_artifact::index::FuncIndex;
use precast_artifact::module::ExportKind;
use precast_artifact::trap::TrapCode;
use precast_loader::{Artifact, Error, LimitKind, Limits, Program, ProgramBuilder};

fn open(mock: Mock) -> Artifact {
    crate::opened(&mock.build()).unwrap()
}

/// Exports `add`; `_initialize` sets the first byte of its memory.
fn library() -> Artifact {
    let mut m = Mock::new("library");
    let binary = m.ty(&[I32, I32], &[I32]);
    let unary = m.ty(&[I32], &[I32]);
    let nullary = m.ty(&[], &[]);
    m.memory(1, None, false);
    m.func("add", binary, |_| code::add());
    m.func("peek", unary, |_| code::load());
    m.func("_initialize", nullary, |_| {
        Code::framed(|c| c.raw(&[0xc6, 0x07, 0x07])) // mov byte [rdi], 7
    });
    m.export("memory", ExportKind::Memory, 0);
    open(m)
}

/// `_start` exits with `exit`; `sum` is `lib.add`, `fail` traps.
fn program(exit: u8) -> Artifact {
    let mut m = Mock::new("program");
    let unary = m.ty(&[I32], &[]);
    let binary = m.ty(&[I32, I32], &[I32]);
    let nullary = m.ty(&[], &[]);
    m.import_func("wasi_snapshot_preview1", "proc_exit", unary);
    m.import_func("lib", "add", binary);
    m.memory(1, None, false);
    m.contents(0, 0, &[exit, 0, 0, 0]);
    m.func("_start", nullary, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.raw(&[0x8b, 0x37]).call_import(slot)) // mov esi, [rdi]
    });
    m.func("sum", binary, |layout| {
        let slot = layout.import(FuncIndex::new(1));
        Code::framed(|c| c.call_import(slot))
    });
    m.func("fail", nullary, |_| code::trap(TrapCode::Unreachable));
    m.export("memory", ExportKind::Memory, 0);
    open(m)
}

fn with_library() -> Program {
    let mut program = ProgramBuilder::new().build();
    program.preload("lib", &library()).unwrap();
    program
}

#[test]
fn a_command_ends_with_its_code() {
    for code in [0, 3] {
        assert_eq!(with_library().run(&program(code)).unwrap(), i32::from(code));
    }
}

#[test]
fn what_is_preloaded_is_initialised() {
    let mut program = ProgramBuilder::new().build();
    let library = program.preload("lib", &library()).unwrap();
    let memory = library.get_memory(program.store(), "memory").unwrap();
    assert_eq!(memory.data(program.store())[0], 7);
}

#[test]
fn what_is_not_preloaded_is_missing() {
    let mut bare = ProgramBuilder::new().build();
    let Err(Error::Link(problems)) = bare.run(&program(0)) else { panic!("`lib` is missing") };
    assert_eq!((problems.len(), problems[0].module.as_str()), (1, "lib"));
}

#[test]
fn an_export_is_called_with_text() {
    let results = with_library().invoke(&program(0), "sum", &["0x28", "2"]).unwrap();
    assert_eq!(results.iter().map(|v| v.to_text()).collect::<Vec<_>>(), ["42"]);
    // What is called is initialised before.
    let mut reactor = ProgramBuilder::new().build();
    let results = reactor.invoke(&library(), "peek", &["0"]).unwrap();
    assert_eq!(results[0].i32(), Some(7));
}

#[test]
fn a_call_that_does_not_fit_says_why() {
    let why = |name, arguments: &[&str]| match with_library().invoke(&program(0), name, arguments) {
        Err(Error::Invocation(why)) => why,
        other => panic!("{other:?}"),
    };
    let missing = "no function `product` is exported; there are: _start, sum, fail";
    assert_eq!(why("product", &[]), missing);
    assert_eq!(why("sum", &["1"]), "`sum` is (i32, i32) -> (i32): 2 arguments, not 1");
    assert_eq!(why("sum", &["1", "1.5"]), "`1.5` is not a value of type i32");
}

#[test]
fn traps_and_limits_are_values() {
    let error = with_library().invoke(&program(0), "fail", &[] as &[&str]).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::Unreachable));
    let mut limits = Limits::default();
    limits.memory_bytes = 65536;
    let mut limited = ProgramBuilder::new().limits(limits).build();
    limited.preload("lib", &library()).unwrap();
    assert!(matches!(limited.run(&program(0)), Err(Error::Limit(LimitKind::MemoryBytes, _))));
}
