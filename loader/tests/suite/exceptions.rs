//! Exceptions: thrown through frames, by guests and by the host, and how long
//! they live.

use crate::code::Code;
use crate::mock::{self, Mock, link};
use crate::{I32, ints};
use precast_artifact::abi::{Builtin, ContextLayout, DEFINITION_BASE, TableKind};
use precast_artifact::index::{
    FuncIndex, FuncrefIndex, GlobalIndex, ModuleIndex, TableIndex, TagIndex,
};
use precast_artifact::module::{ExportKind, ImportKind, InstancePlan};
use precast_loader::{
    Caller, Error, Exception, ExnRef, FuncType, HeapType, Instance, Limits, Linker, RefType, Store,
    Tag, TrapCode, Val, ValType,
};

const EXN: RefType = RefType { nullable: true, heap: HeapType::Exn };
const EXNREF: ValType = ValType::Ref(EXN);

/// Registers that callees preserve: `mov register, rax`, `mov rsi, register`.
const REGISTERS: [(&str, [u8; 3], [u8; 3]); 5] = [
    ("rbx", [0x48, 0x89, 0xc3], [0x48, 0x89, 0xde]),
    ("r12", [0x49, 0x89, 0xc4], [0x4c, 0x89, 0xe6]),
    ("r13", [0x49, 0x89, 0xc5], [0x4c, 0x89, 0xee]),
    ("r14", [0x49, 0x89, 0xc6], [0x4c, 0x89, 0xf6]),
    ("r15", [0x49, 0x89, 0xc7], [0x4c, 0x89, 0xfe]),
];

/// Throws an exception of a tag with one value, the parameter.
fn throw(tag: u32) -> Code {
    Code::framed(|c| {
        new(c.raw(&[0x56, 0x57]), tag) // push rsi; push rdi
            .raw(&[0x48, 0x8b, 0x75, 0xf8]) // mov rsi, [rbp - 8]
            .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
            .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
            .raw(&[0x48, 0x89, 0xc6]) // mov rsi, rax
            .call_builtin(Builtin::Throw)
            .raw(&[0x0f, 0x0b]) // ud2
    })
}

/// Puts a new exception into `rax`.
pub fn new(code: Code, tag: u32) -> Code {
    code.disp(&[0xbe], tag as i32).call_builtin(Builtin::ExceptionNew) // mov esi, tag
}

/// Throws the parameter, a reference.
fn throw_ref() -> Code {
    Code::framed(|c| c.call_builtin(Builtin::Throw).raw(&[0x0f, 0x0b])) // ud2
}

/// Calls with its own parameter, and gives what comes back; of an exception
/// with the tag at a context offset, its value plus 1000. Throws others again.
pub fn catch(tag: i32, call: impl FnOnce(Code) -> Code) -> Code {
    Code::framed(|c| {
        call(c.raw(&[0x53, 0x57])) // push rbx; push rdi
            .guarded(16)
            .raw(&[0xeb, 42]) // jmp to the end
            .landing()
            .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
            .disp(&[0x48, 0x8b, 0x8f], tag) // mov rcx, [rdi + tag]
            .raw(&[0x48, 0x3b, 0x08, 0x74, 18]) // cmp rcx, [rax]; je over the throw
            .raw(&[0x48, 0x89, 0xc6]) // mov rsi, rax
            .call_builtin(Builtin::Throw)
            .raw(&[0x0f, 0x0b]) // ud2
            .raw(&[0x8b, 0x40, 0x10]) // mov eax, [rax + 16]
            .disp(&[0x05], 1000) // add eax, 1000
            .raw(&[0x48, 0x8b, 0x5d, 0xf8, 0x48, 0x89, 0xec]) // mov rbx, [rbp - 8]; mov rsp, rbp
    })
}

/// Calls, and adds 5 to what comes back.
fn pass(call: impl FnOnce(Code) -> Code) -> Code {
    Code::framed(|c| call(c).raw(&[0x83, 0xc0, 0x05])) // add eax, 5
}

/// Makes as many exceptions as the parameter says, each with the one before,
/// which is in the global, as its value.
fn chain(tag: u32, global: i32) -> Code {
    Code::framed(|c| {
        c.raw(&[0x56, 0x57]) // push rsi; push rdi
            .disp(&[0xbe], tag as i32) // mov esi, tag
            .call_builtin(Builtin::ExceptionNew)
            .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
            .disp(&[0x48, 0x8b, 0x8f], global) // mov rcx, [rdi + global]
            .raw(&[0x48, 0x89, 0x48, 0x10]) // mov [rax + 16], rcx
            .disp(&[0x48, 0x89, 0x87], global) // mov [rdi + global], rax
            .raw(&[0xff, 0x4d, 0xf8]) // dec dword [rbp - 8]
            .raw(&[0x75, 0xd3]) // jne to the mov esi
            .raw(&[0x48, 0x89, 0xec]) // mov rsp, rbp
    })
}

/// Length of the chain in the global.
fn length(global: i32) -> Code {
    Code::framed(|c| {
        c.raw(&[0x31, 0xc0]) // xor eax, eax
            .disp(&[0x48, 0x8b, 0x8f], global) // mov rcx, [rdi + global]
            .raw(&[0x48, 0x85, 0xc9, 0x74, 0x08]) // test rcx, rcx; je to the end
            .raw(&[0xff, 0xc0]) // inc eax
            .raw(&[0x48, 0x8b, 0x49, 0x10, 0xeb, 0xf3]) // mov rcx, [rcx + 16]; jmp to the test
    })
}

/// Keeps an exception with the parameter in one register while it makes 5000
/// others, then throws it.
fn keep(tag: u32, save: [u8; 3], take: [u8; 3]) -> Code {
    Code::framed(|c| {
        new(c.raw(&[0x56, 0x57]), tag) // push rsi; push rdi
            .raw(&[0x48, 0x8b, 0x75, 0xf8]) // mov rsi, [rbp - 8]
            .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
            .raw(&save) // mov register, rax
            .disp(&[0xc7, 0x45, 0xf8], 5000) // mov dword [rbp - 8], 5000
            .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
            .disp(&[0xbe], tag as i32) // mov esi, tag
            .call_builtin(Builtin::ExceptionNew)
            .raw(&[0xff, 0x4d, 0xf8]) // dec dword [rbp - 8]
            .raw(&[0x75, 0xe5]) // jne to the mov rdi
            .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
            .raw(&take) // mov rsi, register
            .call_builtin(Builtin::Throw)
            .raw(&[0x0f, 0x0b]) // ud2
    })
}

/// Tag 0 with an `i32`, tag 1 without values; `throw`, `throw_other`, and on
/// top of them `pass`, `catch` and `catch_other`.
fn thrower() -> Mock {
    let mut m = Mock::new("thrower");
    let carries = m.ty(&[I32], &[]);
    let ty = m.ty(&[I32], &[I32]);
    let empty = m.ty(&[], &[]);
    m.tag(carries, false);
    m.tag(empty, false);
    m.export("tag", ExportKind::Tag, 0);
    m.export("other", ExportKind::Tag, 1);
    let own = |layout: &ContextLayout, record| {
        let record = layout.funcref(record);
        move |c: Code| c.call_own(record)
    };
    m.func("throw", ty, |_| throw(0));
    m.func("throw_other", empty, |_| {
        Code::framed(|c| {
            new(c.raw(&[0x57, 0x57]), 1) // push rdi; push rdi
                .raw(&[0x5f, 0x48, 0x89, 0xc6]) // pop rdi; mov rsi, rax
                .raw(&[0x57]) // push rdi
                .call_builtin(Builtin::Throw)
        })
    });
    m.func("pass", ty, move |layout| pass(own(layout, FuncrefIndex::new(0))));
    m.func("catch", ty, move |layout| {
        catch(layout.tag(TagIndex::new(0)), own(layout, FuncrefIndex::new(2)))
    });
    m.func("catch_twice", ty, move |layout| {
        catch(layout.tag(TagIndex::new(0)), own(layout, FuncrefIndex::new(3)))
    });
    m.func("catch_other", empty, move |layout| {
        catch(layout.tag(TagIndex::new(0)), own(layout, FuncrefIndex::new(1)))
    });
    m.func("throw_ref", ty, |_| throw_ref());
    m
}

/// Imports the tag `env.tag` and the function `env.f`, which `call` calls, and
/// catches the tag's exceptions in `catch`.
fn importer() -> Mock {
    let mut m = Mock::new("importer");
    let carries = m.ty(&[I32], &[]);
    let ty = m.ty(&[I32], &[I32]);
    m.import("env", "tag", ImportKind::Tag);
    m.tag(carries, true);
    m.import_func("env", "f", ty);
    let import = |layout: &ContextLayout| {
        let slot = layout.import(FuncIndex::new(0));
        move |c: Code| c.call_import(slot)
    };
    m.func("call", ty, move |layout| pass(import(layout)));
    m.func("catch", ty, move |layout| catch(layout.tag(TagIndex::new(0)), import(layout)));
    m.func("throw", ty, |_| throw(0));
    // Makes an exception, calls the import, throws the exception.
    m.func("hold", ty, |layout| {
        Code::framed(|c| {
            new(c.raw(&[0x56, 0x57]), 0) // push rsi; push rdi
                .raw(&[0x48, 0x8b, 0x75, 0xf8]) // mov rsi, [rbp - 8]
                .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
                .raw(&[0x50, 0x50]) // push rax; push rax
                .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
                .call_import(layout.import(FuncIndex::new(0)))
                .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
                .raw(&[0x5e, 0x5e]) // pop rsi; pop rsi
                .call_builtin(Builtin::Throw)
        })
    });
    // The same with the exception nowhere but in a register.
    for (name, save, take) in REGISTERS {
        m.func(name, ty, move |layout| {
            Code::framed(|c| {
                new(c.raw(&[0x56, 0x57]), 0) // push rsi; push rdi
                    .raw(&[0x48, 0x8b, 0x75, 0xf8]) // mov rsi, [rbp - 8]
                    .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
                    .raw(&save) // mov register, rax
                    .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
                    .call_import(layout.import(FuncIndex::new(0)))
                    .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
                    .raw(&take) // mov rsi, register
                    .call_builtin(Builtin::Throw)
            })
        });
    }
    // Makes 5000 exceptions, with nothing in the registers that callees
    // preserve but for rbx, which the entry stub has saved.
    m.func("litter", ty, |_| {
        Code::framed(|c| {
            c.raw(&[0x45, 0x31, 0xe4, 0x45, 0x31, 0xed]) // xor r12d, r12d; xor r13d, r13d
                .raw(&[0x45, 0x31, 0xf6, 0x45, 0x31, 0xff]) // xor r14d, r14d; xor r15d, r15d
                .raw(&[0x56, 0x57]) // push rsi; push rdi
                .disp(&[0xc7, 0x45, 0xf8], 5000) // mov dword [rbp - 8], 5000
                .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
                .disp(&[0xbe], 0) // mov esi, 0
                .call_builtin(Builtin::ExceptionNew)
                .raw(&[0xff, 0x4d, 0xf8]) // dec dword [rbp - 8]
                .raw(&[0x75, 0xe5]) // jne to the mov rdi
                .raw(&[0x48, 0x89, 0xec]) // mov rsp, rbp
        })
    });
    m.export("tag", ExportKind::Tag, 0);
    m
}

/// `chain`, `length`, `forget`, `make`, `throw_ref`; `put`, which makes an
/// exception and puts it into a table, and `take`, which throws it; and `keep`
/// with the name of each register that callees preserve.
fn keeper() -> Mock {
    let mut m = Mock::new("keeper");
    let carries = m.ty(&[I32], &[]);
    let nested = m.ty(&[EXNREF], &[]);
    let ty = m.ty(&[I32], &[I32]);
    let take = m.ty(&[I32], &[]);
    let give = m.ty(&[], &[I32]);
    let nothing = m.ty(&[], &[]);
    let make = m.ty(&[I32], &[EXNREF]);
    m.tag(carries, false);
    m.tag(nested, false);
    m.export("tag", ExportKind::Tag, 0);
    m.export("nested", ExportKind::Tag, 1);
    m.global(EXNREF, true, false);
    m.export("global", ExportKind::Global, 0);
    m.func("chain", take, |layout| chain(1, layout.global(GlobalIndex::new(0))));
    m.func("length", give, |layout| length(layout.global(GlobalIndex::new(0))));
    m.func("forget", nothing, |layout| {
        let global = layout.global(GlobalIndex::new(0));
        // xor eax, eax; mov [rdi + global], rax
        Code::framed(|c| c.raw(&[0x31, 0xc0]).disp(&[0x48, 0x89, 0x87], global))
    });
    m.func("make", make, |_| {
        Code::framed(|c| {
            new(c.raw(&[0x56, 0x57]), 0) // push rsi; push rdi
                .raw(&[0x48, 0x8b, 0x75, 0xf8]) // mov rsi, [rbp - 8]
                .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
                .raw(&[0x48, 0x89, 0xec]) // mov rsp, rbp
        })
    });
    m.func("throw_ref", nested, |_| throw_ref());
    m.table(EXN, 1, None, TableKind::Public);
    m.func("put", ty, |layout| {
        let base = layout.table(TableIndex::new(0)) + DEFINITION_BASE;
        Code::framed(|c| {
            new(c.raw(&[0x56, 0x57]), 0) // push rsi; push rdi
                .raw(&[0x48, 0x8b, 0x75, 0xf8]) // mov rsi, [rbp - 8]
                .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
                .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
                .disp(&[0x48, 0x8b, 0x8f], base) // mov rcx, [rdi + base]
                .raw(&[0x48, 0x89, 0x01]) // mov [rcx], rax
                .raw(&[0x48, 0x89, 0xec]) // mov rsp, rbp
        })
    });
    m.func("take", ty, |layout| {
        let base = layout.table(TableIndex::new(0)) + DEFINITION_BASE;
        Code::framed(|c| {
            c.disp(&[0x48, 0x8b, 0x8f], base) // mov rcx, [rdi + base]
                .raw(&[0x48, 0x8b, 0x31]) // mov rsi, [rcx]
                .call_builtin(Builtin::Throw)
        })
    });
    for (name, save, take) in REGISTERS {
        m.func(name, ty, move |_| keep(0, save, take));
    }
    m
}

fn instance(mock: Mock, limits: Limits) -> (Store<()>, Instance) {
    let artifact = crate::opened(&mock.build()).unwrap();
    let mut store = Store::with_limits((), limits);
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    (store, instance)
}

fn call(store: &mut Store<()>, instance: Instance, name: &str, x: i32) -> Result<i32, Error> {
    let func = instance.get_typed_func::<i32, i32>(store, name).unwrap();
    func.call(store, x)
}

fn tag(store: &Store<()>, instance: Instance, name: &str) -> Tag {
    instance.get_export(store, name).and_then(|export| export.tag()).unwrap()
}

/// The value of an exception with one `i32`.
#[track_caller]
fn thrown(error: &Error) -> (Tag, i32) {
    let exception = error.exception().unwrap_or_else(|| panic!("{error:?}"));
    let [Val::I32(value)] = exception.fields() else { panic!("{exception:?}") };
    (exception.tag(), *value)
}

#[test]
fn handlers_are_found_through_frames_without_any() {
    let (mut store, instance) = instance(thrower(), Limits::default());
    for x in [0, 7, 42] {
        assert_eq!(call(&mut store, instance, "catch", x).unwrap(), 1000 + x);
        assert_eq!(call(&mut store, instance, "catch_twice", x).unwrap(), 1000 + x);
    }
}

#[test]
fn uncaught_exceptions_come_out_of_the_call() {
    let (mut store, instance) = instance(thrower(), Limits::default());
    let [one, other] = ["tag", "other"].map(|name| tag(&store, instance, name));
    for (name, x) in [("throw", 7), ("pass", -8)] {
        let error = call(&mut store, instance, name, x).unwrap_err();
        assert_eq!(thrown(&error), (one, x));
        assert_eq!(error.to_string(), format!("uncaught exception (i32 {x})"));
    }
    // Handled, but by a handler that wants another tag.
    for name in ["throw_other", "catch_other"] {
        let throw = instance.get_func(&store, name).unwrap();
        let error = throw.call(&mut store, &[]).unwrap_err();
        assert_eq!(error.exception().unwrap().tag(), other);
        assert_eq!(error.to_string(), "uncaught exception");
    }
    assert_eq!(call(&mut store, instance, "catch", 1).unwrap(), 1001);
}

#[test]
fn null_is_not_thrown() {
    let (mut store, instance) = instance(thrower(), Limits::default());
    let error = call(&mut store, instance, "throw_ref", 0).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::NullReference));
    assert_eq!(error.trap().unwrap().frames().len(), 1);
}

#[test]
fn tags_are_the_same_in_all_modules() {
    let plan = |module, links| InstancePlan { module, links };
    let links = vec![link(0, 0, "tag"), link(1, 0, "pass")];
    let instances = vec![plan(ModuleIndex::new(0), Vec::new()), plan(ModuleIndex::new(1), links)];
    let bytes = mock::build(vec![thrower(), importer()], instances);
    let artifact = crate::opened(&bytes).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    assert_eq!(call(&mut store, instance, "catch", 3).unwrap(), 1003);
    let error = call(&mut store, instance, "call", 4).unwrap_err();
    assert_eq!(thrown(&error), (tag(&store, instance, "tag"), 4));
}

#[test]
fn sweeps_see_the_frames_of_all_activations() {
    let (mut store, instance, tag) = with_host(|mut caller, _, x| {
        // Each level keeps one and goes down, the last makes many others.
        let name = if x == 0 { "litter" } else { "hold" };
        let next = caller.get_export(name).and_then(|export| export.func()).unwrap();
        let next = next.typed::<i32, i32>(&caller)?;
        let thrown = next.call(&mut caller, x - 1).err();
        let fields = thrown.as_ref().and_then(Error::exception).map(Exception::fields);
        assert_eq!(fields.and_then(|fields| fields[0].i32()), (x != 0).then_some(x - 1));
        Ok(0)
    });
    let error = call(&mut store, instance, "hold", 10).unwrap_err();
    assert_eq!(thrown(&error), (tag, 10));
}

/// An importer whose function is `f`, and its tag, which the host made.
fn with_host(
    f: impl Fn(Caller<'_, ()>, Tag, i32) -> Result<i32, Error> + Send + Sync + 'static,
) -> (Store<()>, Instance, Tag) {
    let artifact = crate::opened(&importer().build()).unwrap();
    let mut store = Store::new(());
    let ty = FuncType { params: vec![I32], results: Vec::new() };
    let tag = Tag::new(&mut store, &ty).unwrap();
    let mut linker = Linker::new();
    linker.define("env", "tag", tag);
    linker.func_wrap("env", "f", move |caller: Caller<'_, ()>, x: i32| f(caller, tag, x));
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    (store, instance, tag)
}

#[test]
fn host_functions_throw() {
    let (mut store, instance, tag) = with_host(|caller, tag, x| match x {
        0 => Err(Error::Exit(3)),
        1 => Ok(1),
        _ => Err(Exception::new(&caller, tag, vec![Val::I32(x * 2)])?.into()),
    });
    for x in [2, 10] {
        assert_eq!(call(&mut store, instance, "catch", x).unwrap(), 1000 + 2 * x);
        let error = call(&mut store, instance, "call", x).unwrap_err();
        assert_eq!(thrown(&error), (tag, 2 * x));
    }
    assert_eq!(call(&mut store, instance, "catch", 1).unwrap(), 1);
    // Only exceptions are caught.
    let error = call(&mut store, instance, "catch", 0).unwrap_err();
    assert!(matches!(error, Error::Exit(3)));
}

#[test]
fn exceptions_pass_through_the_host() {
    let (mut store, instance, tag) = with_host(|mut caller, _, x| {
        // Down by one activation at a time; the last throws.
        let name = if x == 0 { "throw" } else { "call" };
        let next = caller.get_export(name).and_then(|export| export.func()).unwrap();
        let next = next.typed::<i32, i32>(&caller)?;
        next.call(&mut caller, x - 1)
    });
    for depth in [0, 1, 20] {
        assert_eq!(call(&mut store, instance, "catch", depth).unwrap(), 999);
        let error = call(&mut store, instance, "call", depth).unwrap_err();
        assert_eq!(thrown(&error), (tag, -1));
    }
}

#[test]
fn exceptions_have_the_types_of_their_tags() {
    let (mut store, instance, tag) = with_host(|_, tag, _| {
        let other = Store::new(());
        assert!(matches!(Exception::new(&other, tag, vec![Val::I32(0)]), Err(Error::Usage(_))));
        let mut other = Store::new(());
        let ty = FuncType { params: vec![], results: Vec::new() };
        let strange = Tag::new(&mut other, &ty).unwrap();
        Err(Exception::new(&other, strange, Vec::new())?.into())
    });
    let message = |fields| Exception::new(&store, tag, fields).unwrap_err().to_string();
    assert_eq!(message(vec![]), "0 fields given, the tag's type has 1");
    assert_eq!(message(vec![Val::I64(1)]), "i64 given where i32 is expected");
    let exception = Exception::new(&store, tag, vec![Val::I32(1)]).unwrap();
    assert_eq!(exception.tag().ty(&store), FuncType { results: Vec::new(), ..ints(1, 0) });
    // One of another store does not get in.
    let error = call(&mut store, instance, "catch", 0).unwrap_err();
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
}

#[test]
fn sweeps_see_what_guests_keep_in_registers_across_host_calls() {
    // Of rbx, entry stubs put a copy on the guest stack.
    for (register, ..) in &REGISTERS[1..] {
        let (mut store, instance, _) = with_host(|mut caller, _, _| {
            let litter = caller.get_export("litter").and_then(|export| export.func()).unwrap();
            litter.typed::<i32, i32>(&caller)?.call(&mut caller, 0)
        });
        let error = call(&mut store, instance, register, 77).unwrap_err();
        assert_eq!(thrown(&error).1, 77, "{register}");
    }
}

#[test]
fn sweeps_keep_what_is_alive() {
    let (mut store, instance) = instance(keeper(), Limits::default());
    let chain = instance.get_typed_func::<i32, ()>(&store, "chain").unwrap();
    let length = instance.get_typed_func::<(), i32>(&store, "length").unwrap();
    chain.call(&mut store, 10_000).unwrap();
    assert_eq!(length.call(&mut store, ()).unwrap(), 10_000);
    call(&mut store, instance, "put", 99).unwrap();
    for register in ["rbx", "r12", "r13", "r14", "r15"] {
        let error = call(&mut store, instance, register, 77).unwrap_err();
        assert_eq!(thrown(&error).1, 77, "{register}");
    }
    assert_eq!(thrown(&call(&mut store, instance, "take", 0).unwrap_err()).1, 99);
    assert_eq!(length.call(&mut store, ()).unwrap(), 10_000);
}

#[test]
fn the_host_holds_what_it_was_given() {
    let (mut store, instance) = instance(keeper(), Limits::default());
    let make = instance.get_typed_func::<i32, Option<ExnRef>>(&store, "make").unwrap();
    let throw = instance.get_typed_func::<Option<ExnRef>, ()>(&store, "throw_ref").unwrap();
    let chain = instance.get_typed_func::<i32, ()>(&store, "chain").unwrap();
    let forget = instance.get_typed_func::<(), ()>(&store, "forget").unwrap();
    let held = make.call(&mut store, 5).unwrap();
    let global = instance.get_global(&store, "global").unwrap();
    assert!(matches!(global.get(&store), Val::ExnRef(None)));
    chain.call(&mut store, 3).unwrap();
    let Val::ExnRef(Some(last)) = global.get(&store) else { panic!("{:?}", global.get(&store)) };
    for _ in 0..3 {
        forget.call(&mut store, ()).unwrap();
        chain.call(&mut store, 5000).unwrap();
    }
    assert_eq!(thrown(&throw.call(&mut store, held).unwrap_err()).1, 5);
    global.set(&mut store, Val::ExnRef(Some(last))).unwrap();
    let length = instance.get_typed_func::<(), i32>(&store, "length").unwrap();
    assert_eq!(length.call(&mut store, ()).unwrap(), 3);
    let error = throw.call(&mut store, Some(last)).unwrap_err();
    let [Val::ExnRef(Some(_))] = error.exception().unwrap().fields() else { panic!("{error:?}") };
    assert_eq!(error.to_string(), "uncaught exception (exnref)");
    assert!(global.set(&mut store, Val::FuncRef(None)).is_err());
    let (mut other, _) = self::instance(keeper(), Limits::default());
    assert!(matches!(throw.func().call(&mut other, &[]), Err(Error::Usage(_))));
}

#[test]
fn the_limit_counts_what_is_alive() {
    let mut limits = Limits::default();
    limits.exception_bytes = 2000 * 32;
    let (mut store, instance) = instance(keeper(), limits);
    let chain = instance.get_typed_func::<i32, ()>(&store, "chain").unwrap();
    let forget = instance.get_typed_func::<(), ()>(&store, "forget").unwrap();
    for _ in 0..5 {
        chain.call(&mut store, 1900).unwrap();
        forget.call(&mut store, ()).unwrap();
    }
    chain.call(&mut store, 1900).unwrap();
    let error = chain.call(&mut store, 200).unwrap_err();
    assert_eq!(
        error.to_string(),
        "32 bytes of exceptions wanted, 64000 in use, and the limit is 64000"
    );
    forget.call(&mut store, ()).unwrap();
    chain.call(&mut store, 1900).unwrap();
}
