//! Guests in machine code that throw, catch and keep exceptions.

use crate::I32;
use crate::code::Code;
use crate::mock::Mock;
use precast_artifact::abi::{Builtin, ContextLayout, DEFINITION_BASE, TableKind};
use precast_artifact::index::{FuncIndex, FuncrefIndex, GlobalIndex, TableIndex, TagIndex};
use precast_artifact::module::{ExportKind, ImportKind};
use precast_loader::{HeapType, RefType, ValType};

const EXN: RefType = RefType { nullable: true, heap: HeapType::Exn };
const EXNREF: ValType = ValType::Ref(EXN);

/// Registers that callees preserve: `mov register, rax`, `mov rsi, register`.
pub const REGISTERS: [(&str, [u8; 3], [u8; 3]); 5] = [
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
pub fn thrower() -> Mock {
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

/// Makes an exception with the parameter, calls the import, throws the
/// exception, which is in a register meanwhile.
fn hold(import: i32, save: [u8; 3], take: [u8; 3]) -> Code {
    Code::framed(|c| {
        new(c.raw(&[0x56, 0x57]), 0) // push rsi; push rdi
            .raw(&[0x48, 0x8b, 0x75, 0xf8]) // mov rsi, [rbp - 8]
            .raw(&[0x48, 0x89, 0x70, 0x10]) // mov [rax + 16], rsi
            .raw(&save) // mov register, rax
            .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
            .call_import(import)
            .raw(&[0x48, 0x8b, 0x7d, 0xf0]) // mov rdi, [rbp - 16]
            .raw(&take) // mov rsi, register
            .call_builtin(Builtin::Throw)
    })
}

/// Makes 5000 exceptions, with nothing in the registers that callees preserve
/// but for rbx, which the entry stub has saved.
fn litter() -> Code {
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
}

/// Imports the tag `env.tag` and the function `env.f`, which `call` calls, and
/// catches the tag's exceptions in `catch`.
pub fn importer() -> Mock {
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
        m.func(name, ty, move |layout| hold(layout.import(FuncIndex::new(0)), save, take));
    }
    m.func("litter", ty, |_| litter());
    m.export("tag", ExportKind::Tag, 0);
    m
}

/// `chain`, `length`, `forget`, `make`, `throw_ref`; `put`, which makes an
/// exception and puts it into a table, and `take`, which throws it; and `keep`
/// with the name of each register that callees preserve.
pub fn keeper() -> Mock {
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
