//! Calls in both directions.

use crate::code::{self, Code};
use crate::mock::Mock;
use crate::{I32, ints};
use precast_artifact::index::FuncIndex;
use precast_loader::{Artifact, Caller, Error, Func, Linker, Store, TrapCode, Val};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Imports `env.f` and exports `call`, which passes its parameter on.
pub fn caller() -> Mock {
    let mut m = Mock::new("caller");
    let ty = m.ty(&[I32], &[I32]);
    m.import_func("env", "f", ty);
    m.func("call", ty, |layout| {
        let slot = layout.import(FuncIndex::new(0));
        Code::framed(|c| c.call_import(slot))
    });
    m
}

fn adder() -> Artifact {
    let mut m = Mock::new("adder");
    let ty = m.ty(&[I32, I32], &[I32]);
    m.func("add", ty, |_| code::add());
    crate::opened(&m.build()).unwrap()
}

#[test]
fn typed_and_untyped_calls_agree() {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &adder()).unwrap();
    let add = instance.get_func(&store, "add").unwrap();
    assert_eq!(add.ty(&store), ints(2, 1));
    let result = add.call(&mut store, &[Val::I32(40), Val::I32(2)]).unwrap();
    assert_eq!(result[0].i32(), Some(42));
    let typed = instance.get_typed_func::<(u32, i32), i32>(&store, "add").unwrap();
    assert_eq!(typed.call(&mut store, (u32::MAX, 1)).unwrap(), 0);
}

#[test]
fn wrong_types_and_stores_are_usage_errors() {
    let mut store = Store::new(());
    let instance = Linker::new().instantiate(&mut store, &adder()).unwrap();
    let add = instance.get_func(&store, "add").unwrap();
    let usage = |result: Result<Vec<Val>, Error>| match result {
        Err(Error::Usage(message)) => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(usage(add.call(&mut store, &[])), "0 parameters given, the function has 2");
    let message = usage(add.call(&mut store, &[Val::I32(1), Val::I64(2)]));
    assert_eq!(message, "i64 given where i32 is expected");
    let mut other = Store::new(());
    usage(add.call(&mut other, &[Val::I32(1), Val::I32(2)]));
    let typed = instance.get_typed_func::<i32, i32>(&store, "add");
    let message = typed.err().unwrap().to_string();
    assert_eq!(
        message,
        "export `add`: the function's type is (i32, i32) -> (i32), not (i32) -> (i32)"
    );
    assert!(instance.get_typed_func::<(), ()>(&store, "sub").is_err());
}

#[test]
fn host_functions_are_called_with_their_store() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "f", |mut caller: Caller<'_, Vec<i32>>, x: i32| {
        caller.data_mut().push(x);
        x * 2
    });
    let mut store = Store::new(Vec::new());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert_eq!(call.call(&mut store, 21).unwrap(), 42);
    assert_eq!(call.call(&mut store, -1).unwrap(), -2);
    assert_eq!(store.into_data(), [21, -1]);
}

#[test]
fn untyped_and_raw_host_functions() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut store = Store::new(());
    let mut linker = Linker::new();
    linker
        .func_new("env", "f", ints(1, 1), |_, params, results| {
            results[0] = Val::I32(params[0].i32().unwrap() + 1);
            Ok(())
        })
        .unwrap();
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert_eq!(call.call(&mut store, 1).unwrap(), 2);
    // SAFETY: no slot is a reference.
    let raw = unsafe {
        linker.func_raw("env", "f", ints(1, 1), |_, slots| {
            slots[0] = (slots[0].u32() + 10).into();
            Ok(())
        })
    };
    raw.unwrap();
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert_eq!(call.call(&mut store, 1).unwrap(), 11);
    linker
        .func_new("env", "f", ints(1, 1), |_, _, results| {
            results[0] = Val::I64(0);
            Ok(())
        })
        .unwrap();
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert!(matches!(call.call(&mut store, 1), Err(Error::Usage(_))));
}

/// Calls `call` of the calling instance again, until the parameter is zero.
fn nested(mut caller: Caller<'_, u32>, x: i32) -> Result<i32, Error> {
    *caller.data_mut() += 1;
    if x == 0 {
        return Ok(100);
    }
    let call = caller.get_export("call").and_then(|e| e.func()).unwrap();
    let call = call.typed::<i32, i32>(&caller)?;
    Ok(call.call(&mut caller, x - 1)? + 1)
}

#[test]
fn host_and_guest_call_each_other_to_any_sane_depth() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "f", nested);
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert_eq!(call.call(&mut store, 200).unwrap(), 300);
    assert_eq!(*store.data(), 201);
    let error = call.call(&mut store, 1000).unwrap_err();
    assert_eq!(error.trap_code(), Some(TrapCode::StackOverflow));
    let trap = error.trap().unwrap();
    assert_eq!((trap.frames().len(), trap.omitted_frames()), (100, 156));
    assert_eq!(call.call(&mut store, 3).unwrap(), 103);
}

#[derive(Debug)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

#[test]
fn errors_of_host_functions_come_out_of_the_call() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::<()>::new();
    linker.func_wrap("env", "f", |_: i32| Err::<i32, Refused>(Refused));
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    for _ in 0..3 {
        let error = call.call(&mut store, 1).unwrap_err();
        assert!(error.downcast_ref::<Refused>().is_some(), "{error:?}");
    }
    linker.func_wrap("env", "f", |_: i32| Err::<i32, Error>(Error::Exit(7)));
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    assert!(matches!(call.call(&mut store, 1), Err(Error::Exit(7))));
}

#[test]
fn a_trap_from_the_host_has_the_guests_frames() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::<()>::new();
    linker.func_wrap("env", "f", |_: i32| Err::<i32, Error>(TrapCode::Interrupt.into()));
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    let error = call.call(&mut store, 1).unwrap_err();
    let expected = "wasm trap: interrupted\n    0: call (caller) at wasm offset 0x113";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_panic_of_the_host_passes_through_guests() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "f", |mut caller: Caller<'_, u32>, x: i32| -> Result<i32, Error> {
        if x == 0 {
            std::panic::panic_any("from the depth");
        }
        nested(caller.by_ref(), x)
    });
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    let result = catch_unwind(AssertUnwindSafe(|| call.call(&mut store, 5)));
    assert_eq!(result.unwrap_err().downcast_ref(), Some(&"from the depth"));
    assert_eq!(*store.data(), 5);
    let result = catch_unwind(AssertUnwindSafe(|| call.call(&mut store, 0)));
    assert!(result.is_err());
}

#[test]
fn host_functions_can_be_called_directly() {
    let mut store = Store::new(5);
    let add = Func::wrap(&mut store, |caller: Caller<'_, i32>, x: i32| x + caller.data());
    assert_eq!(add.call(&mut store, &[Val::I32(1)]).unwrap()[0].i32(), Some(6));
    let many = Func::wrap(
        &mut store,
        |a: i32, b: i64, c: f32, d: f64, e: u128, f: i32, g: i32, h: i32, i: i32| {
            (a, b, c, d, e, f + g + h + i)
        },
    );
    type Params = (i32, i64, f32, f64, u128, i32, i32, i32, i32);
    let many = many.typed::<Params, (i32, i64, f32, f64, u128, i32)>(&store).unwrap();
    let result = many.call(&mut store, (-1, -2, 0.5, 0.25, u128::MAX, 1, 2, 3, 4)).unwrap();
    assert_eq!(result, (-1, -2, 0.5, 0.25, u128::MAX, 10));
}

#[test]
fn stores_run_on_many_threads_at_once() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "f", nested);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for depth in 0..50 {
                    let mut store = Store::new(0);
                    let instance = linker.instantiate(&mut store, &artifact).unwrap();
                    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
                    assert_eq!(call.call(&mut store, depth).unwrap(), 100 + depth);
                }
            });
        }
    });
}

#[test]
fn a_store_moves_between_threads() {
    let artifact = crate::opened(&caller().build()).unwrap();
    let mut linker = Linker::new();
    linker.func_wrap("env", "f", nested);
    let mut store = Store::new(0);
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    drop(artifact);
    let call = instance.get_typed_func::<i32, i32>(&store, "call").unwrap();
    for _ in 0..3 {
        let call = call.clone();
        store = std::thread::spawn(move || {
            assert_eq!(call.call(&mut store, 3).unwrap(), 103);
            store
        })
        .join()
        .unwrap();
    }
}
