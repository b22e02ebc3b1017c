//! Exceptions where guest and host alternate.

use precast_compiler::{Options, text_to_binary};
use precast_loader::{Caller, Error, Linker, Store};

/// The outer call holds an exception in a register while the host lets the
/// guest throw so many others that unused records are freed.
#[test]
fn a_reference_held_across_a_host_call_stays_alive() {
    let wasm = text_to_binary(
        br#"(module
          (import "host" "churn" (func $churn))
          (tag $t (param i64))
          (func $make (param i64) (result exnref) (local $made exnref)
            (block $caught (result i64 exnref)
              (try_table (result i64 exnref) (catch_ref $t $caught) (throw $t (local.get 0))))
            (local.set $made) (drop) (local.get $made))
          (func $get (param exnref) (result i64)
            (block $caught (result i64)
              (try_table (result i64) (catch $t $caught) (throw_ref (local.get 0)))))
          (func (export "inner") (param i32)
            (loop $again
              (drop (call $make (i64.const -1)))
              (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
          (func (export "outer") (param i64) (result i64) (local $held exnref)
            (local.set $held (call $make (local.get 0)))
            (call $churn)
            (call $get (local.get $held))))"#,
    )
    .unwrap();
    let artifact = precast_embed::compile(&wasm, &Options::default()).unwrap();
    let mut linker = Linker::<()>::new();
    linker.func_wrap("host", "churn", |mut caller: Caller<'_, ()>| -> Result<(), Error> {
        let inner = caller.get_export("inner").unwrap().func().unwrap();
        inner.typed::<i32, ()>(&caller)?.call(&mut caller, 20_000)
    });
    let mut store = Store::new(());
    let instance = linker.instantiate(&mut store, &artifact).unwrap();
    let outer = instance.get_typed_func::<i64, i64>(&store, "outer").unwrap();
    for value in 0..20 {
        assert_eq!(outer.call(&mut store, value).unwrap(), value);
    }
}
