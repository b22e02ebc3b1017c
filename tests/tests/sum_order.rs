//! Sums in loops add last what the rounds before give, where that makes it wait for
//! less, and are what they were.

use precast_compiler::{OptLevel, Optimisation, Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::is_changed_by;

/// A loop of `n` rounds over `$x`, which `body` gives each round; `$i` counts, `$a`
/// is a number of the round's own, `$b` one of the caller's.
fn module(ty: &str, body: &str) -> Vec<u8> {
    let count = if ty == "i64" { "(i64.extend_i32_u (local.get $i))" } else { "(local.get $i)" };
    let text = format!(
        r#"(module (memory 1) (func (export "run") (param $x {ty}) (param $b {ty}) (result {ty})
            (local $a {ty}) (local $y {ty}) (local $i i32)
            (loop $again
                (local.set $a ({ty}.mul {count} ({ty}.const 77)))
                (local.set $x {body})
                (br_if $again (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9))))
            ({ty}.add (local.get $x) (local.get $y))))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn options(on: bool) -> Options {
    let disabled = (!on).then_some(Optimisation::SumOrder).into_iter().collect();
    Options { opt_level: OptLevel::Aggressive, disabled, ..Options::default() }
}

fn changes(wasm: &[u8]) -> bool {
    is_changed_by(Optimisation::SumOrder, wasm, &options(true))
}

const INTERESTING: [i64; 8] =
    [0, 1, -1, 0x1234_5678_9abc, i32::MAX as i64, i32::MIN as i64, i64::MAX, i64::MIN];

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
fn what_the_round_before_gives_is_added_last() {
    for body in [
        "(T.add (T.add (local.get $x) (local.get $a)) (local.get $b))",
        "(T.add (local.get $a) (T.add (local.get $b) (local.get $x)))",
        "(T.xor (local.get $a) (T.xor (T.xor (local.get $x) (local.get $b)) (T.const 5)))",
        "(T.and (T.and (local.get $x) (local.get $a)) (local.get $b))",
        "(T.or (T.or (local.get $x) (local.get $a)) (local.get $b))",
        "(T.mul (T.mul (local.get $x) (local.get $a)) (local.get $b))",
        // The same number several times, and numbers that are there at different times.
        "(T.add (T.add (T.add (local.get $x) (local.get $a)) (local.get $a)) (local.get $a))",
        "(T.add (T.add (T.shr_u (local.get $x) (T.const 3)) (local.get $a)) (T.add (local.get $x) (local.get $b)))",
        // With a carry, as in a product of many digits.
        "(T.shr_u (T.add (T.add (local.get $x) (local.get $a)) (T.mul (local.get $a) (local.get $b))) (T.const 16))",
        // Where a branch is taken in some rounds only.
        "(if (result T) (i32.and (local.get $i) (i32.const 1))
            (then (T.add (T.add (local.get $x) (local.get $a)) (local.get $b)))
            (else (T.rotl (local.get $x) (T.const 7))))",
    ] {
        for (ty, wide) in [("i32", false), ("i64", true)] {
            let body =
                body.replace("T.", &format!("{ty}.")).replace("result T", &format!("result {ty}"));
            let wasm = module(ty, &body);
            assert!(changes(&wasm), "{body}");
            assert_eq!(results(&wasm, true, wide), results(&wasm, false, wide), "{body}");
        }
    }
}

#[test]
fn other_sums_stay() {
    for body in [
        // It is last already.
        "(i32.add (i32.add (local.get $a) (local.get $b)) (local.get $x))",
        // Two numbers and a constant; no sum; differences; two kinds of operators.
        "(i32.add (i32.add (local.get $x) (local.get $a)) (i32.const 7))",
        "(i32.add (local.get $x) (local.get $a))",
        "(i32.sub (i32.sub (local.get $x) (local.get $a)) (local.get $b))",
        "(i32.xor (i32.add (local.get $x) (local.get $a)) (local.get $b))",
        // Something else needs a sum on the way.
        "(i32.add (local.tee $y (i32.add (local.get $x) (local.get $a))) (local.get $b))",
        // Floats have an order.
        "(i32.reinterpret_f32 (f32.add (f32.add (f32.reinterpret_i32 (local.get $x))
            (f32.convert_i32_u (local.get $a))) (f32.convert_i32_u (local.get $b))))",
        // Nothing waits for the round before: the sum is not carried.
        "(block (result i32) (i32.store (i32.const 0)
            (i32.add (i32.add (local.get $i) (local.get $a)) (local.get $b))) (i32.const 1))",
    ] {
        let wasm = module("i32", body);
        assert!(!changes(&wasm), "{body}");
    }
    // Without a loop.
    let text = "(module (func (export \"run\") (param i32 i32 i32) (result i32)
        (i32.add (i32.add (local.get 0) (local.get 1)) (local.get 2))))";
    assert!(!changes(&text_to_binary(text.as_bytes()).unwrap()));
}
