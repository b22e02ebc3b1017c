//! Constants move into accesses only where the sum cannot wrap around, indices
//! are widened only where that adds nothing, comparisons stay only where they
//! end loops, and what is read is the same.

use precast_compiler::{OptLevel, Optimisation, Options, text_to_binary, write_ir};
use precast_loader::{Linker, Store};

/// Memory in which every byte tells where it is, and a function that reads.
fn module(body: &str) -> Vec<u8> {
    let byte = |at: u32| format!("\\{:02x}", at.wrapping_mul(0x9e37) >> 8 & 0xff);
    let data: String = (0..8192u32).map(byte).collect();
    let text = format!(
        r#"(module (memory 1) (data (i32.const 0) "{data}")
            (func (export "run") (param $p i32) (result i32)
                (local $i i32) (local $q i32) (local $sum i32)
                {body}))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

const FOLD: Optimisation = Optimisation::FoldAddresses;
const WIDEN: Optimisation = Optimisation::WideIndices;
const STEP: Optimisation = Optimisation::ChosenSteps;
const COMPARE: Optimisation = Optimisation::LoopCompares;

fn options(what: Optimisation, on: bool) -> Options {
    let disabled = (!on).then_some(what).into_iter().collect();
    Options { disabled, ..Options::default() }
}

fn ir(wasm: &[u8], options: &Options) -> String {
    let target = Some("x86_64-unknown-linux-gnu".to_owned());
    let mut ir = Vec::new();
    write_ir(wasm, &Options { target, ..options.clone() }, &mut ir).unwrap();
    String::from_utf8(ir).unwrap()
}

/// Whether an optimisation changes anything.
fn changes(what: Optimisation, body: &str) -> bool {
    let wasm = module(body);
    ir(&wasm, &options(what, true)) != ir(&wasm, &options(what, false))
}

fn moves(body: &str) -> bool {
    changes(FOLD, body)
}

/// What the function gives, where it does not trap.
fn results(wasm: &[u8], options: &Options) -> Vec<Option<i32>> {
    let artifact = precast_embed::compile(wasm, options).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let arguments = [0, 1, 7, 100, 255, 5000, 65535, 65536, i32::MAX, i32::MIN, -1, -8, -4096];
    arguments.map(|argument| run.call(&mut store, argument).ok()).into()
}

fn same(body: &str) {
    let wasm = module(body);
    let found = results(&wasm, &options(FOLD, true));
    for what in [FOLD, WIDEN, COMPARE, STEP] {
        assert_eq!(found, results(&wasm, &options(what, false)), "{what}: {body}");
    }
    assert!(found.iter().any(Option::is_some), "{body}");
}

/// A loop from `start` that adds up what it reads, with a second count beside.
fn counted(start: &str, reads: &str, step: &str, again: &str) -> String {
    format!(
        "(local.set $i {start}) (local.set $q (i32.const 512))
        (loop $again
            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) {reads}))
            (local.set $q (i32.add (local.get $q) (i32.const 16)))
            {step}
            (br_if $again {again}))
        (local.get $sum)"
    )
}

const READ: &str = "(i32.load8_u (i32.add (local.get $i) (i32.const 1000)))";
const UP: &str = "(local.set $i (i32.add (local.get $i) (i32.const 1)))";
const ZERO: &str = "(i32.const 0)";
const NOT_100: &str = "(i32.ne (local.get $i) (i32.const 100))";

#[test]
fn sums_in_a_known_range_are_moved() {
    for body in [
        "(i32.load8_u (i32.add (i32.and (local.get $p) (i32.const 255)) (i32.const 1024)))",
        "(i32.load8_u (i32.add (i32.const 1024) (i32.shr_u (local.get $p) (i32.const 20))))",
        "(i32.load (i32.add (i32.load8_u (i32.and (local.get $p) (i32.const 63))) (i32.const 96)))",
        "(i32.load8_u offset=8 (i32.add (i32.rem_u (local.get $p) (i32.const 77)) (i32.const 5)))",
        // The sign is extended where the index may be negative, but not the sum.
        "(i32.load8_u (i32.add (i32.const 128)
            (i32.load8_s (i32.and (local.get $p) (i32.const 255)))))",
        "(i32.load8_u (i32.add (i32.const 4096) (i32.shr_s (local.get $p) (i32.const 20))))",
        "(i32.load8_u (i32.add (i32.const 9)
            (select (i32.const -9) (i32.const 6) (i32.eqz (local.get $p)))))",
        // The sum of two, where two accesses share it.
        "(local.set $i (i32.add
            (i32.and (local.get $p) (i32.const 15)) (i32.shr_u (local.get $p) (i32.const 24))))
        (i32.sub (i32.load8_u (i32.add (local.get $i) (i32.const 8)))
            (i32.load8_u (i32.sub (local.get $i) (i32.const -9))))",
    ] {
        assert!(moves(body), "{body}");
        same(body);
    }
}

#[test]
fn counted_loops_bound_what_they_count() {
    let by_three = "(local.set $i (i32.add (local.get $i) (i32.const 3)))";
    let down = "(local.set $i (i32.sub (local.get $i) (i32.const 1)))";
    let by_four = "(local.set $i (i32.add (local.get $i) (i32.const 4)))";
    let beside = "(i32.load (i32.add (local.get $q) (i32.const 64)))";
    let scaled = "(i32.load (i32.add (i32.shl (local.get $i) (i32.const 2)) (i32.const 400)))";
    let masked = "(i32.and (local.get $p) (i32.const 31))";
    for body in [
        counted(ZERO, READ, UP, NOT_100),
        counted("(i32.const 1)", READ, by_three, NOT_100),
        counted(masked, READ, UP, NOT_100),
        counted("(i32.const 60)", READ, down, "(local.get $i)"),
        counted("(i32.const -100)", READ, by_four, "(local.get $i)"),
        counted(ZERO, beside, UP, NOT_100),
        counted(ZERO, scaled, UP, NOT_100),
    ] {
        assert!(moves(&body), "{body}");
        same(&body);
    }
}

#[test]
fn the_condition_may_come_before_the_step() {
    let body = "(block $out
            (loop $again
                (local.set $sum (i32.add (local.get $sum)
                    (i32.load8_u (i32.add (local.get $i) (i32.const 1000)))))
                (br_if $out (i32.eq (local.get $i) (i32.const 50)))
                (if (i32.eqz (local.get $p)) (then (return (i32.const 3))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br $again)))
        (local.get $sum)";
    assert!(moves(body));
    same(body);
}

#[test]
fn inner_loops_begin_where_outer_ones_are() {
    let body = "(loop $rows
            (local.set $q (local.get $i))
            (loop $row
                (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 7))
                    (i32.load8_u (i32.add (local.get $q) (i32.const 2000)))))
                (br_if $row (i32.ne (i32.const 640)
                    (local.tee $q (i32.add (local.get $q) (i32.const 1))))))
            (br_if $rows (i32.ne (i32.const 512)
                (local.tee $i (i32.add (local.get $i) (i32.const 64))))))
        (local.get $sum)";
    assert!(moves(body));
    same(body);
}

#[test]
fn sums_that_may_wrap_stay() {
    for body in [
        "(i32.load8_u (i32.add (local.get $p) (i32.const 8)))",
        "(i32.load8_u (i32.add (i32.load (i32.const 9000)) (i32.const 8)))",
        // Negative together, or too large.
        "(i32.load8_u (i32.add (i32.and (local.get $p) (i32.const 255)) (i32.const -1)))",
        "(i32.load8_u (i32.add (i32.const 127)
            (i32.load8_s (i32.and (local.get $p) (i32.const 255)))))",
        "(i32.load8_u (i32.add (i32.const 0x1000000)
            (i32.shl (i32.and (local.get $p) (i32.const 255)) (i32.const 24))))",
        "(i32.load8_u (i32.add (i32.const 8)
            (i32.mul (i32.shr_u (local.get $p) (i32.const 1)) (i32.const 3))))",
        "(i32.load8_u (i32.add (i32.const 2047) (i32.shr_s (local.get $p) (i32.const 20))))",
    ] {
        assert!(!moves(body), "{body}");
        same(body);
    }
}

#[test]
fn loops_that_may_miss_their_end_bound_nothing() {
    let by_three = "(local.set $i (i32.add (local.get $i) (i32.const 3)))";
    let below = "(i32.and (i32.ne (local.get $i) (i32.const 100))
        (i32.lt_u (local.get $i) (i32.const 5000)))";
    let to_parameter = "(i32.ne (local.get $i) (local.get $p))";
    // Two ways back, of which one asks for nothing, or for something else.
    let unasked = "(local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $again (i32.and (local.get $q) (i32.const 16)))";
    let another = "(local.set $i (i32.add (local.get $i) (i32.const 1)))
        (if (i32.and (local.get $q) (i32.const 16))
            (then (br_if $again (i32.ne (local.get $i) (i32.const 90)))))";
    let unlike = "(local.set $i (i32.add (local.get $i) (i32.const 1)))
        (if (i32.and (local.get $q) (i32.const 16))
            (then (local.set $i (i32.add (local.get $i) (i32.const 2)))
                (br_if $again (i32.ne (local.get $i) (i32.const 100)))))";
    for (start, step, again) in [
        (ZERO, UP, to_parameter),
        ("(local.get $p)", UP, NOT_100),
        ("(i32.const 101)", UP, NOT_100),
        (ZERO, by_three, NOT_100),
        ("(i32.and (local.get $p) (i32.const 31))", by_three, NOT_100),
        ("(i32.and (local.get $p) (i32.const 127))", UP, NOT_100),
        (ZERO, UP, "(i32.eq (local.get $i) (i32.const 100))"),
        (ZERO, UP, below),
        (ZERO, "(local.set $i (i32.load (local.get $i)))", NOT_100),
        (ZERO, "(local.set $i (i32.mul (local.get $i) (i32.const 3)))", NOT_100),
        (ZERO, UP, "(i32.ne (local.get $q) (i32.load (i32.const 8)))"),
        (ZERO, unasked, NOT_100),
        (ZERO, another, NOT_100),
        (ZERO, unlike, NOT_100),
    ] {
        let body = counted(start, READ, step, again);
        assert!(!moves(&body), "{body}");
    }
}

#[test]
fn the_level_decides() {
    let wasm = module(&counted(ZERO, READ, UP, NOT_100));
    let moved = |opt_level| {
        let on = Options { opt_level, ..options(FOLD, true) };
        ir(&wasm, &on) != ir(&wasm, &Options { opt_level, ..options(FOLD, false) })
    };
    let levels = [OptLevel::None, OptLevel::Less, OptLevel::Speed].map(moved);
    assert_eq!(levels, [false, false, true]);
}

#[test]
fn indices_that_loops_carry_are_widened() {
    let plain = "(i32.load8_u (local.get $i))";
    let down = "(local.set $i (i32.sub (local.get $i) (i32.const 1)))";
    let next = "(local.set $i (i32.load8_u (local.get $i)))";
    let loaded = "(local.set $i (i32.and (i32.load (local.get $i)) (i32.const 1023)))";
    // Through 2^32, where an index of 33 bits would be wrong.
    let around = format!(
        "(local.set $i (i32.const -3))
        (loop $again
            (if (i32.lt_u (local.get $i) (i32.const 64))
                (then (local.set $sum (i32.add {plain}
                    (i32.mul (local.get $sum) (i32.const 31))))))
            {UP}
            (br_if $again {NOT_100}))
        (local.get $sum)"
    );
    for body in [
        counted(ZERO, plain, UP, NOT_100),
        counted("(local.get $p)", plain, UP, "(i32.lt_u (local.get $i) (i32.const 64))"),
        counted("(i32.const 60)", plain, down, "(local.get $i)"),
        counted("(i32.const 9)", plain, next, "(i32.lt_u (local.get $q) (i32.const 900))"),
        counted("(i32.const 9)", plain, loaded, "(i32.lt_u (local.get $q) (i32.const 900))"),
        around,
    ] {
        assert!(changes(WIDEN, &body), "{body}");
        same(&body);
    }
}

#[test]
fn what_loads_give_is_extended_once() {
    let body = "(local.set $i (i32.and (i32.load (i32.const 64)) (i32.const 0xffff)))
        (local.set $q (i32.load8_u (local.get $i)))
        (i32.add (local.get $q) (i32.load8_u (local.get $q)))";
    assert!(changes(WIDEN, body));
    same(body);
}

#[test]
fn indices_stay_where_a_copy_would_come_of_it() {
    let plain = "(i32.load8_u (local.get $i))";
    let chosen = "(local.set $i (select (i32.const 3) (i32.const 5) (local.get $q)))";
    let signed = "(local.set $i (i32.shr_s (local.get $i) (local.get $q)))";
    let rotated = "(local.set $i (i32.rotl (local.get $i) (i32.const 3)))";
    for body in [
        counted(ZERO, plain, chosen, NOT_100),
        counted(ZERO, plain, signed, NOT_100),
        counted(ZERO, plain, rotated, NOT_100),
        // Nothing is an address; or the function is given it.
        counted(ZERO, "(i32.mul (local.get $i) (i32.const 3))", UP, NOT_100),
        "(i32.load8_u (local.get $p))".to_owned(),
    ] {
        assert!(!changes(WIDEN, &body), "{body}");
    }
}

#[test]
fn comparisons_of_counts_stay() {
    let plain = "(i32.load8_u (local.get $i))";
    let down = "(local.set $i (i32.sub (local.get $i) (i32.const 1)))";
    let reversed = "(i32.eqz (i32.eq (i32.const 100) (local.get $i)))";
    for body in [
        counted(ZERO, plain, UP, NOT_100),
        counted(ZERO, plain, UP, reversed),
        counted("(i32.const 60)", plain, down, "(i32.ne (local.get $i) (i32.const 3))"),
        // Through 2^32.
        counted(
            "(i32.const -7)",
            "(i32.load8_u (i32.and (local.get $i) (i32.const 255)))",
            UP,
            "(i32.ne (local.get $i) (i32.const 2))",
        ),
    ] {
        assert!(changes(COMPARE, &body), "{body}");
        same(&body);
    }
    let below_zero =
        counted("(i32.const 60)", plain, down, "(i32.ne (i32.const -1) (local.get $i))");
    assert!(!changes(COMPARE, &below_zero), "no instruction compares 64 bits with that");
    same(&below_zero);
}

#[test]
fn other_comparisons_are_left_alone() {
    let plain = "(i32.load8_u (local.get $i))";
    for body in [
        counted(ZERO, plain, UP, "(i32.lt_u (local.get $i) (i32.const 100))"),
        counted(ZERO, plain, UP, "(i32.ne (local.get $i) (local.get $p))"),
        counted(ZERO, plain, UP, "(i32.ne (i32.add (local.get $i) (i32.const 1)) (i32.const 9))"),
        "(i32.eq (i32.add (local.get $p) (i32.const 1)) (i32.const 100))".to_owned(),
    ] {
        assert!(!changes(COMPARE, &body), "{body}");
    }
}
