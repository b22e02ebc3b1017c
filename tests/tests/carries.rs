//! Sums and differences of halves that become one give the same bits, and only
//! those do that carry.

use precast_compiler::{OptLevel, Optimisation, Options, text_to_binary, write_ir};
use precast_loader::{Linker, Store};

const PASS: Optimisation = Optimisation::Carries;

fn options(on: bool) -> Options {
    let disabled = (!on).then_some(PASS).into_iter().collect();
    Options { disabled, ..Options::default() }
}

/// A function of four numbers, and locals for more, that gives two.
fn module(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (memory (export "memory") 1)
            (func (export "run") (param $a i64) (param $x i64) (param $b i64) (param $y i64)
                (result i64 i64) (local $l i64) (local $h i64) (local $m i64)
                {body}))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

/// How many sums of 128 bits there are on a machine.
fn wide(wasm: &[u8], target: &str, options: &Options) -> usize {
    let options = Options { target: Some(target.to_owned()), ..options.clone() };
    let mut ir = Vec::new();
    write_ir(wasm, &options, &mut ir).unwrap();
    String::from_utf8(ir).unwrap().matches("isplit").count()
}

const X86: &str = "x86_64-unknown-linux-gnu";

/// Numbers with carries in all places, then arbitrary ones.
fn numbers() -> Vec<u64> {
    let mut numbers = vec![0, 1, 2, u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1];
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..5 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        numbers.push(state ^ (state >> 29));
    }
    numbers
}

/// Calls with all choices of four numbers; gives the results and what is in
/// memory after each.
fn results(wasm: &[u8], options: &Options) -> Vec<[u64; 3]> {
    let artifact = precast_embed::compile(wasm, options).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    let run = instance.get_typed_func::<(i64, i64, i64, i64), (i64, i64)>(&store, "run").unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let mut found = Vec::new();
    for (a, x, b, y) in choices() {
        let args = [a, x, b, y].map(|number| number as i64);
        let (low, high) = run.call(&mut store, args.into()).unwrap();
        let mut bytes = [0; 8];
        memory.read(&store, 0, &mut bytes).unwrap();
        found.push([low as u64, high as u64, u64::from_le_bytes(bytes)]);
    }
    found
}

fn choices() -> Vec<(u64, u64, u64, u64)> {
    let numbers = numbers();
    let pick = |at: usize| numbers[at % numbers.len()];
    let pairs = (0..numbers.len()).flat_map(|a| (0..numbers.len()).map(move |b| (a, b)));
    pairs.map(|(a, b)| (pick(a), pick(3 * a + b + 1), pick(b), pick(a + 5 * b + 2))).collect()
}

/// Checks a body that becomes so many sums against numbers of 128 bits.
fn is(body: &str, sums: usize, wanted: impl Fn(u128, u128) -> u128) {
    let wasm = module(body);
    assert_eq!(wide(&wasm, X86, &options(true)), sums, "{body}");
    assert_eq!(wide(&wasm, "aarch64-unknown-linux-gnu", &options(true)), sums, "{body}");
    assert_eq!(wide(&wasm, "riscv64gc-unknown-linux-gnu", &options(true)), 0, "{body}");
    assert_eq!(wide(&wasm, X86, &options(false)), 0, "{body}");
    let found = results(&wasm, &options(true));
    assert_eq!(found, results(&wasm, &options(false)), "{body}");
    for ((a, x, b, y), [low, high, _]) in choices().into_iter().zip(found) {
        let whole = |low: u64, high: u64| u128::from(high) << 64 | u128::from(low);
        assert_eq!(whole(low, high), wanted(whole(a, x), whole(b, y)), "{body}");
    }
}

/// Checks that a body is left alone.
fn is_left(body: &str) {
    let wasm = module(body);
    assert_eq!(wide(&wasm, X86, &options(true)), 0, "{body}");
}

const LOW: &str = "(local.set $l (i64.add (local.get $a) (local.get $b)))";
const SUM: &str = "(i64.add (local.get $x) (local.get $y))";

fn carry(compared: &str) -> String {
    format!("(i64.extend_i32_u {compared})")
}

#[test]
fn sums_carry() {
    for compared in [
        "(i64.lt_u (local.get $l) (local.get $a))",
        "(i64.lt_u (local.get $l) (local.get $b))",
        "(i64.gt_u (local.get $a) (local.get $l))",
        "(i64.gt_u (local.get $b) (local.get $l))",
    ] {
        let carry = carry(compared);
        for high in [
            format!("(i64.add {SUM} {carry})"),
            format!("(i64.add {carry} {SUM})"),
            format!("(i64.add (local.get $x) (i64.add {carry} (local.get $y)))"),
        ] {
            is(&format!("{LOW} (local.get $l) {high}"), 1, u128::wrapping_add);
        }
    }
}

#[test]
fn differences_borrow() {
    let borrow = carry("(i64.lt_u (local.get $a) (local.get $b))");
    let low = "(i64.sub (local.get $a) (local.get $b))";
    let high = format!("(i64.sub (i64.sub (local.get $x) (local.get $y)) {borrow})");
    is(&format!("{low} {high}"), 1, u128::wrapping_sub);
    // The low half may come last.
    is(&format!("(local.set $h {high}) {low} (local.get $h)"), 1, u128::wrapping_sub);
}

#[test]
fn sums_of_sums_carry_each() {
    // a + b + b, with the second carry added to what has the first.
    let first = carry("(i64.lt_u (local.get $l) (local.get $a))");
    let second = carry("(i64.lt_u (local.get $m) (local.get $l))");
    let more = format!(
        "(local.set $m (i64.add (local.get $l) (local.get $b)))
        (local.get $m)
        (i64.add (i64.add (i64.add {SUM} {first}) (local.get $y)) {second})"
    );
    let wanted = |a: u128, b: u128| a.wrapping_add(b).wrapping_add(b);
    is(&format!("{LOW} {more}"), 2, wanted);
    // Both carries first.
    let more = format!(
        "(local.set $m (i64.add (local.get $l) (local.get $b)))
        (local.get $m)
        (i64.add (i64.add {first} {second}) (i64.add {SUM} (local.get $y)))"
    );
    is(&format!("{LOW} {more}"), 1, wanted);
}

#[test]
fn low_halves_may_be_needed_earlier_and_later() {
    let carry = carry("(i64.lt_u (local.get $l) (local.get $a))");
    let store = "(i64.store (i32.const 0) (local.get $l))";
    is(&format!("{LOW} {store} (local.get $l) (i64.add {SUM} {carry})"), 1, u128::wrapping_add);
    // In another block, and around a loop.
    is(
        &format!(
            "(loop {LOW} (local.set $h (i64.add {SUM} {carry}))
                (local.set $m (i64.add (local.get $m) (i64.const 1)))
                {store}
                (br_if 0 (i64.lt_u (local.get $m) (i64.const 3))))
            (if (i64.eqz (local.get $h)) (then {store}))
            (local.get $l) (local.get $h)"
        ),
        1,
        u128::wrapping_add,
    );
}

#[test]
fn numbers_of_three_halves_are_right() {
    // The sum's high half carries in turn, into a third.
    let wasm = module(&format!(
        "{LOW}
        (local.set $m (i64.add (local.get $x) {}))
        (local.set $h (i64.add (local.get $m) (local.get $y)))
        (local.get $h)
        (i64.add (i64.add (local.get $b) {}) {})",
        carry("(i64.lt_u (local.get $l) (local.get $a))"),
        carry("(i64.lt_u (local.get $m) (local.get $x))"),
        carry("(i64.lt_u (local.get $h) (local.get $y))"),
    ));
    assert!(wide(&wasm, X86, &options(true)) > 0);
    assert_eq!(results(&wasm, &options(true)), results(&wasm, &options(false)));
}

#[test]
fn what_is_no_carry_is_left_alone() {
    let with = |compared: &str| format!("{LOW} (local.get $l) (i64.add {SUM} {})", carry(compared));
    for compared in [
        "(i64.lt_s (local.get $l) (local.get $a))",
        "(i64.le_u (local.get $l) (local.get $a))",
        "(i64.gt_u (local.get $l) (local.get $a))",
        "(i64.lt_u (local.get $l) (local.get $x))",
        "(i64.lt_u (local.get $a) (local.get $b))",
        "(i32.lt_u (i32.wrap_i64 (local.get $l)) (i32.wrap_i64 (local.get $a)))",
    ] {
        is_left(&with(compared));
    }
    // Signed extension of a carry is another number.
    is_left(&format!(
        "{LOW} (local.get $l) (i64.add {SUM} (i64.extend_i32_s
            (i32.sub (i32.const 0) (i64.lt_u (local.get $l) (local.get $a)))))"
    ));
    let carry = carry("(i64.lt_u (local.get $l) (local.get $a))");
    // A carry that is taken away, and one that is needed twice.
    is_left(&format!("{LOW} (local.get $l) (i64.sub {SUM} {carry})"));
    is_left(&format!("{LOW} (local.set $m {carry}) (local.get $m) (i64.add {SUM} (local.get $m))"));
    // A borrow that is added, and one that is taken from.
    let low = "(i64.sub (local.get $a) (local.get $b))";
    let borrow = self::carry("(i64.lt_u (local.get $a) (local.get $b))");
    is_left(&format!("{low} (i64.add {SUM} {borrow})"));
    is_left(&format!("{low} (i64.sub {borrow} {SUM})"));
    // A carry alone is what the comparison gives.
    is_left(&format!("{LOW} (local.get $l) (i64.add (i64.const 0) {carry})"));
}

#[test]
fn levels_and_debug_information_decide() {
    let carry = carry("(i64.lt_u (local.get $l) (local.get $a))");
    let wasm = module(&format!("{LOW} (local.get $l) (i64.add {SUM} {carry})"));
    let wanted = results(&wasm, &options(false));
    for (opt_level, sums) in
        [(OptLevel::Less, 0), (OptLevel::Speed, 1), (OptLevel::Aggressive, 1), (OptLevel::Size, 1)]
    {
        let options = Options { opt_level, ..Options::default() };
        assert_eq!(wide(&wasm, X86, &options), sums, "{opt_level:?}");
        assert_eq!(results(&wasm, &options), wanted, "{opt_level:?}");
    }
    let debug = Options { debug_info: true, ..Options::default() };
    assert_eq!(results(&wasm, &debug), wanted);
}
