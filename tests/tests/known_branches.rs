//! Branches go past those that a constant decides, only where that follows, and
//! what is computed is the same.

use precast_compiler::{Optimisation, Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::{ir, is_changed_by};

const THREAD: Optimisation = Optimisation::ThreadBranches;

/// A module with a function that reads memory, in which some text lies.
fn module(locals: &str, body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (memory 1)
            (data (i32.const 0) "12,34.5,\22a \22\22b\22\22\22,word,,7\n8.25,\22\22,x\n,,\n99.9,\22q\22,w")
            (func $one (param i32) (result i32) (i32.and (local.get 0) (i32.const 1)))
            (func (export "run") (param $p i32) (result i32) {locals} {body}))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn options(on: bool) -> Options {
    let disabled = (!on).then_some(THREAD).into_iter().collect();
    Options { disabled, ..Options::default() }
}

fn changes(wasm: &[u8]) -> bool {
    is_changed_by(THREAD, wasm, &options(true))
}

/// What the function gives, where it does not trap.
fn results(wasm: &[u8], options: &Options) -> Vec<Option<i32>> {
    let artifact = precast_embed::compile(wasm, options).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
    let arguments = (0..64).chain([100, 255, 65535, 65536, i32::MAX, i32::MIN, -1, -8]);
    arguments.map(|argument| run.call(&mut store, argument).ok()).collect()
}

/// Threads the body's branches, and computes the same.
#[track_caller]
fn threads(locals: &str, body: &str) {
    let wasm = module(locals, body);
    assert!(changes(&wasm), "{body}");
    same(&wasm);
}

#[track_caller]
fn same(wasm: &[u8]) {
    let found = results(wasm, &options(true));
    assert_eq!(found, results(wasm, &options(false)));
    let values: std::collections::BTreeSet<_> = found.iter().flatten().collect();
    assert!(values.len() > 1, "{found:?}");
}

#[track_caller]
fn stays(locals: &str, body: &str) {
    let wasm = module(locals, body);
    assert!(!changes(&wasm), "{body}");
    same(&wasm);
}

/// A state machine over the first `$p` bytes: `cases` are its states, which leave
/// to `$next` with the next state in `$s`.
fn machine(cases: [&str; 6]) -> String {
    let [zero, one, two, three, four, other] = cases;
    format!(
        "(if (i32.eqz (local.get $p)) (then (return (i32.const -1))))
        (local.set $p (i32.and (local.get $p) (i32.const 63)))
        (loop $again
          (local.set $c (i32.load8_u (local.get $at)))
          (block $next (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
            (br_table $0 $1 $2 $3 $4 $5 (local.get $s)))
            {zero} (br $next))
            {one} (br $next))
            {two} (br $next))
            {three} (br $next))
            {four} (br $next))
            {other})
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $at) (local.get $p))))
        (i32.add (i32.mul (local.get $x) (i32.const 1000)) (i32.add (local.get $s) (local.get $y)))"
    )
}

const LOCALS: &str = "(local $s i32) (local $at i32) (local $c i32) (local $x i32) (local $y i32)";
const X: &str = "(local.set $x (i32.add (local.get $x) (i32.const 1)))";
const Y: &str = "(local.set $y (i32.add (local.get $c) (i32.mul (local.get $y) (i32.const 3))))";

fn to(state: i32) -> String {
    format!("(local.set $s (i32.const {state}))")
}

/// Goes to a state if this is the byte.
fn on(byte: char, state: i32) -> String {
    let byte = u32::from(byte);
    format!("(if (i32.eq (local.get $c) (i32.const {byte})) (then {} (br $next)))", to(state))
}

#[test]
fn states_go_to_the_next() {
    let zero = format!("{}{}{X}{}", on(',', 0), on('"', 3), to(1));
    let one = format!("{}{Y}", on(',', 2));
    let two = format!("{X}{}", to(0));
    let three = format!("{}{Y}{}", on('"', 4), to(3));
    let four = format!("{}{}{X}", on('"', 3), on(',', 0));
    threads(LOCALS, &machine([&zero, &one, &two, &three, &four, "(unreachable)"]));
}

#[test]
fn choices_become_branches() {
    let choice = "(local.set $s (select (i32.const 3) (i32.const 1)
        (i32.eq (local.get $c) (i32.const 44))))";
    let zero = format!("{X}{choice}");
    let one = format!("{Y}{choice}");
    let three = format!("{X}{}", to(0));
    threads(LOCALS, &machine([&zero, &one, X, &three, X, Y]));
}

#[test]
fn states_beyond_the_table_are_the_default() {
    let zero = format!("{X}{}", to(77));
    let other = format!("{Y}{}", to(-1));
    threads(LOCALS, &machine([&zero, X, X, X, X, &other]));
}

#[test]
fn machines_within_machines() {
    // The outer state is set by the inner one, and both loops use all locals.
    let inner = "(local.set $t (i32.const 0))
        (loop $inner
          (block $leave (block $b2 (block $b1 (block $b0
            (br_table $b0 $b1 $b2 $leave $b0 $b1 (local.get $t)))
            (local.set $y (i32.xor (local.get $y) (local.get $c)))
            (local.set $t (i32.const 2)) (br $inner))
            (local.set $x (i32.add (local.get $x) (i32.const 7)))
            (local.set $t (i32.const 3)) (br $inner))
            (local.set $y (i32.add (local.get $y) (local.get $at)))
            (local.set $t (i32.const 1)) (br $inner)))";
    let zero = format!("{inner}{}", to(1));
    let one = format!("{}{X}", on(',', 0));
    let locals = format!("{LOCALS} (local $t i32)");
    threads(&locals, &machine([&zero, &one, X, Y, X, Y]));
}

#[test]
fn what_a_constant_decides_after_a_block_is_known() {
    threads(
        "(local $y i32)",
        "(local.set $y (i32.mul (local.get $p) (i32.const 3)))
        (if (block $end (result i32)
                (drop (br_if $end (i32.const 1) (i32.gt_s (local.get $p) (i32.const 20))))
                (local.set $y (i32.add (local.get $y) (i32.const 1)))
                (drop (br_if $end (i32.const 0) (call $one (local.get $p))))
                (i32.popcnt (local.get $p)))
            (then (local.set $y (i32.sub (local.get $y) (local.get $p)))))
        (local.get $y)",
    );
}

#[test]
fn what_traps_still_does_and_stores_are_made_once() {
    let zero = format!(
        "(i32.store8 offset=512 (local.get $at) (i32.div_u (i32.const 600) (local.get $p))){}",
        to(1)
    );
    let one = format!(
        "(i32.store offset=1020 (i32.mul (local.get $p) (i32.const 3000)) (local.get $x)){X}{}",
        to(0)
    );
    threads(LOCALS, &machine([&zero, &one, X, Y, X, "(unreachable)"]));
}

/// A machine whose first two states leave to one that is not known.
fn unknown([two, three, four, other]: [&str; 4]) -> String {
    let zero = format!("{X}(local.set $s (i32.rem_u (local.get $c) (i32.const 6)))");
    machine([&zero, &zero, two, three, four, other]).replace(
        "(loop $again",
        "(local.set $s (i32.and (local.get $p) (i32.const 1))) (loop $again",
    )
}

#[test]
fn unknown_states_of_few_operators_stay() {
    let leave = "(return (local.get $x))";
    stays(LOCALS, &unknown([leave, leave, leave, Y]));
}

#[test]
fn operators_look_whether_there_is_a_next_one() {
    let body = unknown([Y, X, Y, X]);
    threads(LOCALS, &body);
    let wasm = module(LOCALS, &body);
    let tables = |on| ir(&wasm, &options(on)).matches("br_table").count();
    assert!(tables(false) == 1 && tables(true) >= 6, "{}", tables(true));
}

#[test]
fn what_lies_before_the_table_may_be_too_much() {
    let long = X.repeat(40);
    let zero = to(1);
    let body = machine([&zero, &zero, X, X, X, Y])
        .replace("(br_if $again", &format!("{long} (br_if $again"));
    let body = body.replace(
        "(loop $again",
        "(local.set $s (i32.and (local.get $p) (i32.const 1))) (loop $again",
    );
    stays(LOCALS, &body);
}

#[test]
fn calls_are_not_copied() {
    let call = "(memory.fill (i32.const 9000) (local.get $x) (local.get $at))";
    let body = machine([&to(1), &to(2), X, X, X, Y])
        .replace("(br_if $again", &format!("{call} (br_if $again"));
    let body = body.replace(
        "(loop $again",
        "(local.set $s (i32.and (local.get $p) (i32.const 1))) (loop $again",
    );
    stays(LOCALS, &body);
}

#[test]
fn lower_levels_keep_the_table() {
    let wasm = module(LOCALS, &machine([&to(1), &to(2), &to(0), X, X, Y]));
    for opt_level in [
        precast_compiler::OptLevel::None,
        precast_compiler::OptLevel::Less,
        precast_compiler::OptLevel::Size,
    ] {
        let level = |on| Options { opt_level, ..options(on) };
        assert_eq!(ir(&wasm, &level(true)), ir(&wasm, &level(false)));
    }
    same(&wasm);
}

/// An interpreter: operators are bytes from `$at` on, one more way out of each
/// than there are.
#[test]
fn operators_look_at_the_next_one_themselves() {
    let next = "(br $again)";
    let body = format!(
        "(local.set $at (i32.rem_u (local.get $p) (i32.const 23)))
        (loop $again
          (local.set $c (i32.load8_u (local.get $at)))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (block $end (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
            (br_table $0 $1 $2 $3 $4 $5 $end (i32.rem_u (local.get $c) (i32.const 7))))
            {X} {next})
            {Y} {next})
            (local.set $x (i32.xor (local.get $x) (local.get $y))) {next})
            (local.set $s (i32.rotl (local.get $y) (i32.const 3))) {next})
            (i32.store offset=100 (i32.const 0) (local.get $s)) {next})
            (local.set $y (i32.load offset=100 (i32.const 0))) {next}))
        (i32.add (i32.mul (local.get $x) (i32.const 1000)) (i32.add (local.get $s) (local.get $y)))"
    );
    threads(LOCALS, &body);
    let wasm = module(LOCALS, &body);
    let tables = |on| ir(&wasm, &options(on)).matches("br_table").count();
    assert!(tables(false) == 1 && tables(true) >= 6, "{}", tables(true));
}

#[test]
fn who_knows_more_on_the_way_has_a_copy_of_its_own() {
    // After the jump ahead it is known that the loop goes on.
    let zero = format!("{X}{}", to(1));
    let one = format!("{Y}{}", to(0));
    let body = machine([&zero, &one, X, X, X, Y])
        .replace(
            "(i32.lt_u (local.get $at) (local.get $p))",
            "(i32.ne (local.get $at) (i32.const 40))",
        )
        .replace(
            "(loop $again",
            "(local.set $s (i32.and (local.get $p) (i32.const 1))) (loop $again",
        );
    threads(LOCALS, &body);
    let body = body.replace(&zero, &format!(
        "(if (i32.eq (local.get $at) (i32.const 9)) (then (local.set $at (i32.const 30)) (local.set $s (i32.const 1)) (br $next))) {zero}"
    ));
    threads(LOCALS, &body);
}
