//! Calls get copies of what they are the last to need, only where that frees a
//! register elsewhere, and get the same.

use precast_compiler::{OptLevel, Optimisation, Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::{ir, is_changed_by};
use std::sync::{Arc, Mutex};

const PASS: Optimisation = Optimisation::ArgumentCopies;

/// A module with a function, which can call two others, which call the host.
fn module(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (import "host" "note" (func $host_note (param i32 i64)))
            (import "host" "look" (func $host_look (param i32) (result i32)))
            (func $note (param i32 i64) (call $host_note (local.get 0) (local.get 1)))
            (func $look (param i32) (result i32) (call $host_look (local.get 0)))
            (memory 1)
            (data (i32.const 0) "\05\03\09\02\08\07\01\06")
            (func (export "run") (param $n i32) (param $length i32) (result i32)
                (local $i i32) (local $sum i32) {body}))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn options(on: bool) -> Options {
    let off = (!on).then_some(PASS);
    // The calls stay calls.
    let disabled = off.into_iter().chain([Optimisation::Inline]).collect();
    Options { opt_level: OptLevel::Aggressive, disabled, ..Options::default() }
}

type Noted = Vec<(i32, i64)>;

/// What the function gives, where it does not trap, and what the host was told.
fn results(wasm: &[u8], on: bool) -> (Vec<Option<i32>>, Noted) {
    let artifact = precast_embed::compile(wasm, &options(on)).unwrap();
    let noted = Arc::new(Mutex::new(Noted::new()));
    let mut linker = Linker::<()>::new();
    let to = noted.clone();
    let note = move |number: i32, wide: i64| to.lock().unwrap().push((number, wide));
    linker.func_wrap("host", "note", note);
    linker.func_wrap("host", "look", |number: i32| number.wrapping_mul(3));
    let mut found = Vec::new();
    for n in [0, 1, 3, 7, 8, 9, 1000, -1, i32::MIN, i32::MAX] {
        for length in [0, 1, 8, 300, -1, i32::MIN] {
            // A new one each: what trapped is not called again.
            let mut store = Store::new(());
            let instance = linker.instantiate(&mut store, &artifact).unwrap();
            let run = instance.get_typed_func::<(i32, i32), i32>(&store, "run").unwrap();
            found.push(run.call(&mut store, (n, length)).ok());
        }
    }
    let noted = noted.lock().unwrap().clone();
    (found, noted)
}

/// A sum of bytes, in a loop that asks whether each is within bounds; where not, the
/// host is told of it, and there is a trap.
const CHECKED: &str = "
    (block $out (loop $next
        (br_if $out (i32.ge_u (local.get $i) (local.get $n)))
        (if (i32.ge_u (local.get $i) (local.get $length)) (then
            (call $note (local.get $i) (i64.extend_i32_s (local.get $length)))
            (unreachable)))
        (local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (local.get $sum)";

#[test]
fn a_panic_gets_copies_of_what_a_loop_uses() {
    let wasm = module(CHECKED);
    assert!(is_changed_by(PASS, &wasm, &options(true)));
    let (found, noted) = results(&wasm, true);
    assert_eq!((found.clone(), noted.clone()), results(&wasm, false));
    assert!(noted.contains(&(8, 8)) && noted.contains(&(1, 1)), "{noted:?}");
    assert!(found.contains(&Some(41)) && found.contains(&None), "{found:?}");
}

/// How often a function copies a value of a type through a floating-point register.
fn copies(body: &str, ty: &str) -> usize {
    ir(&module(body), &options(true)).matches(&format!("= bitcast.{ty} ")).count()
}

#[test]
fn the_context_is_copied_where_it_outlives_other_calls() {
    // The call that is followed by a trap, and the last one.
    let body = |last: &str| format!("(local.set $n (call $look (local.get $n))) {CHECKED} {last}");
    assert_eq!(copies(&body(""), "i64"), 1);
    let twice = body("(call $look)");
    assert_eq!(copies(&twice, "i64"), 2);
    assert_eq!(results(&module(&twice), true), results(&module(&twice), false));
    // Nothing outlives a call where none comes back.
    assert_eq!(copies(CHECKED, "i64"), 0);
}

#[test]
fn what_gains_nothing_stays() {
    for body in [
        // A call that is not followed by a trap; in a loop, too.
        "(call $look (local.get $n))",
        "(loop $next
            (call $note (local.get $i) (i64.const 1))
            (br_if $next (i32.lt_u
                (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9))))
        (i32.load8_u (local.get $i))",
        // No loop uses it; it is made for the call; it is a constant.
        "(if (local.get $n) (then
            (call $note (local.get $length) (i64.const 1)) (unreachable)))
        (local.get $length)",
        "(loop $next
            (if (i32.gt_u (local.get $i) (local.get $n)) (then
                (call $note (i32.const 7) (i64.extend_i32_u (local.get $length)))
                (unreachable)))
            (br_if $next (i32.lt_u
                (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9))))
        (local.get $length)",
        // No call.
        "(i32.add (local.get $n) (local.get $length))",
    ] {
        assert!(!is_changed_by(PASS, &module(body), &options(true)), "{body}");
    }
}
