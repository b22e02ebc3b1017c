//! Tables, references, and the bulk instructions.

use crate::I32;
use crate::code::{self, Code};
use crate::mock::Mock;
use precast_artifact::abi::{Builtin, TableKind};
use precast_artifact::index::{FuncIndex, TableIndex};
use precast_artifact::module::{
    ConstExpr, ConstOp, ElementItems, ElementSegment, ExportKind, InitStep,
};
use precast_loader::{
    Error, ExternRef, Func, Instance, Linker, RefType, Store, TrapCode, Val, ValType,
};

const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);

/// A builtin that takes a constant and up to three parameters:
/// `(ctx, constant, a, b, c)`.
fn builtin(builtin: Builtin, constant: u64) -> Code {
    Code::framed(|c| {
        c.raw(&[0x49, 0x89, 0xc8, 0x48, 0x89, 0xd1, 0x48, 0x89, 0xf2]) // r8 = rcx, rcx = rdx, rdx = rsi
            .raw(&[0x48, 0xbe]) // mov rsi, constant
            .raw(&constant.to_le_bytes())
            .call_builtin(builtin)
    })
}

fn bulk() -> (Store<()>, Instance) {
    let mut m = Mock::new("bulk");
    let ternary = m.ty(&[I32, I32, I32], &[]);
    let none = m.ty(&[], &[]);
    let add_ty = m.ty(&[I32, I32], &[I32]);
    let grow_ty = m.ty(&[I32, I32], &[I32]);
    m.memory(1, None, false);
    m.memory(1, None, false);
    m.table(RefType::FUNCREF, 8, Some(16), TableKind::Public);
    m.table(RefType::FUNCREF, 8, None, TableKind::Public);
    let add = m.func("add", add_ty, |_| code::add());
    for (name, number, constant) in [
        ("memory.copy 0 0", Builtin::MemoryCopy, 0),
        ("memory.copy 1 0", Builtin::MemoryCopy, 1 << 32),
        ("memory.fill 1", Builtin::MemoryFill, 1),
        ("memory.init 0 0", Builtin::MemoryInit, 0),
        ("table.copy 0 0", Builtin::TableCopy, 0),
        ("table.copy 1 0", Builtin::TableCopy, 1 << 32),
        ("table.init 0 1", Builtin::TableInit, 1),
        ("table.fill 1", Builtin::TableFill, 1),
    ] {
        m.func(name, ternary, move |_| builtin(number, constant));
    }
    m.func("data.drop 0", none, |_| builtin(Builtin::DataDrop, 0));
    m.func("elem.drop 1", none, |_| builtin(Builtin::ElemDrop, 1));
    m.func("table.grow 0", grow_ty, |_| builtin(Builtin::TableGrow, 0));
    m.export("m0", ExportKind::Memory, 0);
    m.export("m1", ExportKind::Memory, 1);
    m.export("t0", ExportKind::Table, 0);
    m.export("t1", ExportKind::Table, 1);
    m.data(b"abcdef");
    let of = |items| ElementSegment { ty: precast_artifact::types::RefType::FUNCREF, items };
    let expr = |op| ConstExpr { ops: vec![op] };
    m.module.elements = vec![
        of(ElementItems::Functions(vec![FuncIndex::new(add)])),
        of(ElementItems::Expressions(vec![
            expr(ConstOp::RefNull),
            expr(ConstOp::RefFunc(FuncIndex::new(add))),
        ])),
    ];
    m.module.init = vec![InitStep::TableFill {
        table: TableIndex::new(1),
        value: expr(ConstOp::RefFunc(FuncIndex::new(add))),
    }];
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    (store, instance)
}

fn run(
    store: &mut Store<()>,
    instance: Instance,
    name: &str,
    a: i32,
    b: i32,
    c: i32,
) -> Result<(), TrapCode> {
    let func = instance.get_typed_func::<(i32, i32, i32), ()>(store, name).unwrap();
    func.call(store, (a, b, c)).map_err(|error| error.trap_code().unwrap())
}

#[test]
fn bulk_memory() {
    let (mut store, instance) = bulk();
    let [m0, m1] = ["m0", "m1"].map(|name| instance.get_memory(&store, name).unwrap());
    const OUT: Result<(), TrapCode> = Err(TrapCode::MemoryOutOfBounds);
    assert_eq!(run(&mut store, instance, "memory.init 0 0", 10, 1, 4), Ok(()));
    assert_eq!(&m0.data(&store)[9..16], b"\0bcde\0\0");
    assert_eq!(run(&mut store, instance, "memory.init 0 0", 0, 3, 4), OUT);
    assert_eq!(run(&mut store, instance, "memory.init 0 0", 65535, 0, 2), OUT);
    assert_eq!(run(&mut store, instance, "memory.init 0 0", 65536, 6, 0), Ok(()));
    assert_eq!(run(&mut store, instance, "memory.init 0 0", 65537, 0, 0), OUT);
    assert_eq!(run(&mut store, instance, "memory.copy 0 0", 11, 10, 4), Ok(()));
    assert_eq!(&m0.data(&store)[10..15], b"bbcde");
    assert_eq!(run(&mut store, instance, "memory.copy 1 0", 65533, 10, 3), Ok(()));
    assert_eq!(&m1.data(&store)[65532..], b"\0bbc");
    assert_eq!(run(&mut store, instance, "memory.copy 1 0", 65534, 10, 3), OUT);
    assert_eq!(run(&mut store, instance, "memory.copy 1 0", 0, -1, 2), OUT);
    assert_eq!(run(&mut store, instance, "memory.fill 1", 0, 0x17e, 3), Ok(()));
    assert_eq!(&m1.data(&store)[..4], b"~~~\0");
    assert_eq!(run(&mut store, instance, "memory.fill 1", 65536, 0, 1), OUT);
    let drop = instance.get_typed_func::<(), ()>(&store, "data.drop 0").unwrap();
    drop.call(&mut store, ()).unwrap();
    drop.call(&mut store, ()).unwrap();
    assert_eq!(run(&mut store, instance, "memory.init 0 0", 0, 0, 0), Ok(()));
    assert_eq!(run(&mut store, instance, "memory.init 0 0", 0, 0, 1), OUT);
}

#[test]
fn bulk_tables() {
    let (mut store, instance) = bulk();
    let [t0, t1] = ["t0", "t1"].map(|name| instance.get_table(&store, name).unwrap());
    let add = instance.get_func(&store, "add");
    const OUT: Result<(), TrapCode> = Err(TrapCode::TableOutOfBounds);
    let func = |t: precast_loader::Table, store: &Store<()>, i| {
        t.get(store, i).and_then(|val| val.func_ref()).unwrap()
    };
    assert_eq!([func(t0, &store, 0), func(t1, &store, 7)], [None, add]);
    assert_eq!(run(&mut store, instance, "table.init 0 1", 2, 0, 2), Ok(()));
    assert_eq!([func(t0, &store, 2), func(t0, &store, 3)], [None, add]);
    assert_eq!(run(&mut store, instance, "table.init 0 1", 7, 0, 2), OUT);
    assert_eq!(run(&mut store, instance, "table.copy 0 0", 2, 3, 5), Ok(()));
    assert_eq!([func(t0, &store, 2), func(t0, &store, 3)], [add, None]);
    assert_eq!(run(&mut store, instance, "table.copy 1 0", 0, 2, 2), Ok(()));
    assert_eq!([func(t1, &store, 0), func(t1, &store, 1), func(t1, &store, 2)], [add, None, add]);
    assert_eq!(run(&mut store, instance, "table.copy 1 0", 7, 0, 2), OUT);
    assert_eq!(run(&mut store, instance, "table.fill 1", 6, 0, 2), Ok(()));
    assert_eq!([func(t1, &store, 5), func(t1, &store, 6)], [add, None]);
    assert_eq!(run(&mut store, instance, "table.fill 1", 6, 0, 3), OUT);
    let drop = instance.get_typed_func::<(), ()>(&store, "elem.drop 1").unwrap();
    drop.call(&mut store, ()).unwrap();
    assert_eq!(run(&mut store, instance, "table.init 0 1", 0, 0, 1), OUT);
    let grow = instance.get_typed_func::<(i32, i32), i32>(&store, "table.grow 0").unwrap();
    assert_eq!(grow.call(&mut store, (8, 0)).unwrap(), 8);
    assert_eq!(grow.call(&mut store, (1, 0)).unwrap(), -1);
    assert_eq!((t0.size(&store), func(t0, &store, 15)), (16, None));
    assert!(t0.get(&store, 16).is_none());
    assert!(matches!(t0.set(&mut store, 16, Val::FuncRef(None)), Err(Error::Usage(_))));
}

#[test]
fn host_functions_in_tables_are_called_by_guests() {
    let mut m = Mock::new("table");
    let ty = m.ty(&[I32, I32, I32], &[I32]);
    m.ty(&[I32, I32], &[I32]);
    m.table(RefType::FUNCREF, 2, None, TableKind::Public);
    m.func("call", ty, |layout| code::call_table(layout.table(TableIndex::new(0))));
    m.export("table", ExportKind::Table, 0);
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(7);
    // Made before any stub of its type is known.
    let early =
        Func::wrap(&mut store, |caller: precast_loader::Caller<'_, i32>, a: i32, b: i32| {
            a * b + caller.data()
        });
    // Of a type that no module has a stub for.
    let strange = Func::wrap(&mut store, |a: i64, _: i64| a);
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    let table = instance.get_table(&store, "table").unwrap();
    let call = instance.get_typed_func::<(i32, i32, i32), i32>(&store, "call").unwrap();
    table.set(&mut store, 0, Val::FuncRef(Some(early))).unwrap();
    table.set(&mut store, 1, Val::FuncRef(Some(strange))).unwrap();
    assert_eq!(call.call(&mut store, (0, 5, 7)).unwrap(), 42);
    let error = call.call(&mut store, (1, 5, 7)).unwrap_err().to_string();
    assert_eq!(
        error,
        "a host function of type (i64, i64) -> (i64) was called, \
         but no instance in the store can call one"
    );
    let late = Func::wrap(&mut store, |a: i32, b: i32| a - b);
    table.set(&mut store, 1, Val::FuncRef(Some(late))).unwrap();
    assert_eq!(call.call(&mut store, (1, 5, 7)).unwrap(), -2);
}

#[test]
fn host_values_pass_through_guests() {
    let mut m = Mock::new("externs");
    let ty = m.ty(&[EXTERNREF], &[EXTERNREF]);
    // mov rax, rsi
    m.func("same", ty, |_| Code::framed(|c| c.raw(&[0x48, 0x89, 0xf0])));
    let artifact = crate::opened(&m.build()).unwrap();
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
    type Ref = Option<ExternRef>;
    let same = instance.get_typed_func::<Ref, Ref>(&store, "same").unwrap();
    ExternRef::new(&mut store, 1u8);
    let value = ExternRef::new(&mut store, "a value of the host".to_owned());
    let back = same.call(&mut store, Some(value)).unwrap().unwrap();
    let text: &String = back.data(&store).downcast_ref().unwrap();
    assert_eq!(text, "a value of the host");
    assert_eq!(same.call(&mut store, None).unwrap(), None);
    let untyped = instance.get_func(&store, "same").unwrap();
    let result = untyped.call(&mut store, &[Val::ExternRef(Some(value))]).unwrap();
    assert_eq!(result[0].extern_ref(), Some(Some(value)));
    assert!(untyped.call(&mut store, &[Val::FuncRef(None)]).is_err());
    let mut other = Store::new(());
    let foreign = ExternRef::new(&mut other, ());
    assert!(matches!(same.call(&mut store, Some(foreign)), Err(Error::Usage(_))));
}
