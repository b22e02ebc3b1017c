//! Sums with the result of a comparison become choices where nothing else needs
//! the result, and what is computed is the same.

use precast_compiler::{Optimisation, Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::is_changed_by;

fn module(ty: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (func (export "run") (param $a {ty}) (param $b {ty}) (result {ty})
            (local $c {ty}) (local $n i32) {body}))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn options(on: bool) -> Options {
    let disabled = (!on).then_some(Optimisation::ChosenSteps).into_iter().collect();
    Options { disabled, ..Options::default() }
}

fn changes(wasm: &[u8]) -> bool {
    is_changed_by(Optimisation::ChosenSteps, wasm, &options(true))
}

const INTERESTING: [i64; 9] =
    [0, 1, 2, -1, -2, i32::MAX as i64, i32::MIN as i64, i64::MAX, i64::MIN];

/// What the function gives for all pairs of interesting numbers.
fn results(wasm: &[u8], on: bool, wide: bool) -> Vec<i64> {
    let artifact = precast_embed::compile(wasm, &options(on)).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    let mut call = |a: i64, b: i64| match wide {
        true => {
            let run = instance.get_typed_func::<(i64, i64), i64>(&store, "run").unwrap();
            run.call(&mut store, (a, b)).unwrap()
        }
        false => {
            let run = instance.get_typed_func::<(i32, i32), i32>(&store, "run").unwrap();
            run.call(&mut store, (a as i32, b as i32)).unwrap().into()
        }
    };
    INTERESTING.into_iter().flat_map(|a| INTERESTING.map(|b| call(a, b))).collect()
}

#[test]
fn sums_with_comparisons_are_chosen() {
    for body in [
        "(i32.add (local.get $a) (i32.lt_u (local.get $a) (local.get $b)))",
        "(i32.add (i32.ge_s (local.get $a) (local.get $b)) (local.get $b))",
        "(i32.sub (local.get $a) (i32.gt_u (local.get $a) (local.get $b)))",
        "(i32.sub (i32.gt_s (local.get $a) (local.get $b)) (i32.lt_s (local.get $a) (local.get $b)))",
        "(i32.add (local.get $a) (i32.eqz (local.get $b)))",
        // A range in a loop: the count stays where it ends.
        "(local.set $c (i32.const 3))
        (loop $again
            (local.set $n (i32.add (local.get $n) (local.get $c)))
            (br_if $again (i32.lt_u
                (local.tee $c (i32.add (local.get $c) (i32.lt_u (local.get $c) (i32.const 9))))
                (i32.const 9))))
        (i32.add (local.get $n) (local.get $a))",
    ] {
        let wasm = module("i32", body);
        assert!(changes(&wasm), "{body}");
        assert_eq!(results(&wasm, true, false), results(&wasm, false, false), "{body}");
    }
    for body in [
        "(i64.add (local.get $a) (i64.extend_i32_u (i64.lt_u (local.get $a) (local.get $b))))",
        "(i64.sub (local.get $b) (i64.extend_i32_u (i64.le_s (local.get $a) (local.get $b))))",
    ] {
        let wasm = module("i64", body);
        assert!(changes(&wasm), "{body}");
        assert_eq!(results(&wasm, true, true), results(&wasm, false, true), "{body}");
    }
    // A carry comes in, and one goes out: the sums are joined to one of 128 bits,
    // whose step is left alone.
    let carries = "(local.set $c (i64.add (local.get $a)
            (i64.extend_i32_u (i64.lt_u (local.get $a) (local.get $b)))))
        (i64.xor (local.get $c) (i64.add (local.get $b)
            (i64.extend_i32_u (i64.lt_u (local.get $c) (local.get $a)))))";
    let wasm = module("i64", carries);
    assert_eq!(results(&wasm, true, true), results(&wasm, false, true));
}

#[test]
fn other_sums_stay() {
    for body in [
        // The comparison is taken from; something else needs it; a constant steps.
        "(i32.sub (i32.lt_u (local.get $a) (local.get $b)) (local.get $a))",
        "(i32.mul (local.tee $c (i32.lt_u (local.get $a) (local.get $b)))
            (i32.add (local.get $a) (local.get $c)))",
        "(i32.add (i32.const 7) (i32.lt_u (local.get $a) (local.get $b)))",
        "(i32.add (local.get $a) (i32.and (local.get $b) (i32.const 1)))",
        "(i32.or (local.get $a) (i32.lt_u (local.get $a) (local.get $b)))",
    ] {
        let wasm = module("i32", body);
        assert!(!changes(&wasm), "{body}");
    }
}
