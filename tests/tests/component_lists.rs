//! Lists between components arrive as they were, copied at once or element by
//! element.

use precast_compiler::{Optimisation, Options, text_to_binary};
use precast_loader::Store;
use precast_loader::component::{Component, ComponentLinker, Value};

/// Elements of the list.
const COUNT: usize = 9;

/// A component gives a list of elements of type `ty` and of `size` bytes to
/// another, whose `run` gives a sum over all of their bytes.
fn two(ty: &str, size: usize, data: &[u8]) -> Vec<u8> {
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(component
  (component $taker
    (core module $m
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 4096)
      (func (export "take") (param $at i32) (param $count i32) (result i32)
        (local $end i32) (local $sum i32)
        (local.set $end
          (i32.add (local.get $at) (i32.mul (local.get $count) (i32.const {size}))))
        (block (loop
          (br_if 1 (i32.ge_u (local.get $at) (local.get $end)))
          (local.set $sum (i32.add
            (i32.mul (local.get $sum) (i32.const 31)) (i32.load8_u (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br 0)))
        (local.get $sum)))
    (core instance $i (instantiate $m))
    (func (export "take") (param "l" (list {ty})) (result u32)
      (canon lift (core func $i "take") (memory (core memory $i "memory"))
        (realloc (core func $i "realloc")))))
  (component $giver
    (import "take" (func $take (param "l" (list {ty})) (result u32)))
    (core module $libc (memory (export "memory") 1) (data (i32.const 64) "{data}"))
    (core instance $libc (instantiate $libc))
    (core func $take (canon lower (func $take) (memory (core memory $libc "memory"))))
    (core module $m
      (import "x" "take" (func $take (param i32 i32) (result i32)))
      (func (export "run") (param i32) (result i32) i32.const 64 local.get 0 call $take))
    (core instance $i (instantiate $m (with "x" (instance (export "take" (func $take))))))
    (func (export "run") (param "count" u32) (result u32) (canon lift (core func $i "run"))))
  (instance $one (instantiate $taker))
  (instance $other (instantiate $giver (with "take" (func $one "take"))))
  (export "run" (func $other "run")))"#
    );
    text_to_binary(text.as_bytes()).expect("a component's text")
}

#[test]
fn lists_arrive_as_they_were() {
    for (ty, size) in [
        ("u8", 1),
        ("s8", 1),
        ("u16", 2),
        ("s16", 2),
        ("u32", 4),
        ("s64", 8),
        ("f32", 4),
        ("f64", 8),
        ("(tuple u64 u32 u16 u8 u8)", 16),
    ] {
        let data: Vec<u8> = (0..COUNT * size).map(|at| (at * 37 + 11) as u8).collect();
        let wasm = two(ty, size, &data);
        let slow = Options { disabled: [Optimisation::ListCopies].into(), ..Options::default() };
        for options in [Options::default(), slow] {
            let artifact = precast_embed::compile(&wasm, &options).expect("a component");
            let component = Component::new(artifact).expect("a component");
            let mut store = Store::new(());
            let instance = ComponentLinker::new().instantiate(&mut store, &component);
            let run =
                instance.expect("an instance").get_func(&store, &["run"]).expect("a function");
            for count in [COUNT, 1, 0] {
                let add = |sum: u32, byte: &u8| sum.wrapping_mul(31).wrapping_add((*byte).into());
                let expected = data[..count * size].iter().fold(0, add);
                let sum = run.call(&mut store, &[Value::U32(count as u32)]).expect("no trap");
                assert_eq!(sum, Some(Value::U32(expected)), "{count} of {ty}, {options:?}");
            }
            // More than the memory holds.
            let trap = run.call(&mut store, &[Value::U32(u32::MAX / size as u32)]).unwrap_err();
            assert!(trap.trap_code().is_some(), "{trap}");
        }
    }
}
