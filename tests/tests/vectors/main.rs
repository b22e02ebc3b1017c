//! Loops over arrays become loops of vectors, only where these do what the loops did:
//! the same bytes in memory, the same result, the same trap after the same stores; at
//! every distance of the arrays, for every number of rounds, wherever memory ends.

mod narrow;
mod random;

use precast_compiler::{MemoryModel, OptLevel, Optimisation, Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::is_changed_by;
use std::fmt::Write as _;

const PASS: Optimisation = Optimisation::Vectors;

/// A module of one page of bytes that look random; `run` takes the addresses of two or
/// three arrays and a number, and gives its local `$sum`.
fn module(body: &str) -> Vec<u8> {
    let byte = |at: u32| format!("\\{:02x}", at.wrapping_mul(0x9e37_79b9) >> 20 & 0xff);
    let data: String = (0..2048u32).map(byte).collect();
    let text = format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "{data}")
            (data (i32.const 63488) "{data}")
            (func (export "run") (param $p i32) (param $q i32) (param $n i32) (result i32)
                (local $i i32) (local $j i32) (local $k i32) (local $sum i32) (local $old i32)
                (local $next i32)
                (local $old_i32 i32) (local $old_i64 i64) (local $old_f32 f32) (local $old_f64 f64)
                {body}
                (local.get $sum)))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn options(on: bool) -> Options {
    let enabled = on.then_some(PASS).into_iter().collect();
    Options { enabled, ..Options::default() }
}

fn changes(body: &str) -> bool {
    is_changed_by(PASS, &module(body), &options(true))
}

/// What a call gave, and the pieces of memory that it changed.
type Ran = (Option<i32>, Vec<(usize, Vec<u8>)>);

/// Bytes of a piece.
const PIECE: usize = 256;

fn outcomes(wasm: &[u8], options: &Options, arguments: &[[i32; 3]]) -> Vec<Ran> {
    let artifact = precast_embed::compile(wasm, options).unwrap();
    let mut store = Store::new(());
    let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
    let run = instance.get_typed_func::<(i32, i32, i32), i32>(&store, "run").unwrap();
    let memory = instance.get_memory(&store, "memory").unwrap();
    let mut before = vec![0; 65536];
    memory.read(&store, 0, &mut before).unwrap();
    let mut bytes = before.clone();
    let outcome = |[p, q, n]: &[i32; 3]| {
        memory.write(&mut store, 0, &before).unwrap();
        let given = run.call(&mut store, (*p, *q, *n)).ok();
        memory.read(&store, 0, &mut bytes).unwrap();
        let pieces = before.chunks(PIECE).zip(bytes.chunks(PIECE)).enumerate();
        let changed = pieces.filter(|(_, (before, after))| before != after);
        (given, changed.map(|(number, (_, after))| (number, after.to_vec())).collect())
    };
    arguments.iter().map(outcome).collect()
}

/// Two arrays at all small distances, in the middle and at the end of memory and
/// beyond, with rounds from none to some.
fn arguments() -> Vec<[i32; 3]> {
    let mut all = Vec::new();
    for distance in -40..=40 {
        for rounds in [1, 2, 3, 4, 5, 8, 9, 17, 31, 64] {
            all.push([500, 500 + distance, rounds]);
        }
    }
    for place in [65528, 65520, 65504, 65400, 65100, -8, -64, -128, 0, 8, 24] {
        for rounds in [1, 4, 7, 12, 16, 33, 80] {
            for other in [900, place - 64, place, place + 4] {
                all.extend([[place, other, rounds], [other, place, rounds]]);
            }
        }
    }
    all
}

/// The pass changes the function, and nothing of what it does.
fn same(body: &str) {
    assert!(changes(body), "{body}");
    let (wasm, all) = (module(body), arguments());
    let with = outcomes(&wasm, &options(true), &all);
    let without = outcomes(&wasm, &options(false), &all);
    for (arguments, outcomes) in all.iter().zip(with.iter().zip(&without)) {
        assert!(outcomes.0 == outcomes.1, "{arguments:?}: {body}");
    }
    assert!(without.iter().any(|(given, _)| given.is_some()), "{body}");
    assert!(without.iter().any(|(given, _)| given.is_none()), "{body}");
}

/// The address of an element: `$i` bytes and some from `$p` or `$q`.
fn at(array: char, offset: i64) -> String {
    format!("(i32.add (i32.add (local.get ${array}) (local.get $i)) (i32.const {offset}))")
}

/// A load of a type, or by an operator.
fn load(op: &str, array: char, offset: i64) -> String {
    let load = if op.contains('.') { "" } else { ".load" };
    format!("({op}{load} {})", at(array, offset))
}

/// A store, as a load is told.
fn store(op: &str, array: char, offset: i64, value: &str) -> String {
    let store = if op.contains('.') { "" } else { ".store" };
    format!("({op}{store} {} {value})", at(array, offset))
}

/// `$n` rounds, in which `$i` grows by `step`.
fn counted(work: &str, step: i64) -> String {
    format!(
        "(loop $again
            {work}
            (local.set $i (i32.add (local.get $i) (i32.const {step})))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $again (local.get $n)))"
    )
}

/// `elements` of `size` bytes a round, each stored after it was loaded.
fn unrolled(ty: &str, size: i64, elements: i64, value: impl Fn(i64) -> String) -> String {
    let mut work = String::new();
    for element in 0..elements {
        work += &store(ty, 'p', element * size, &value(element * size));
    }
    counted(&work, elements * size)
}

const SIZES: [(&str, i64); 4] = [("i32", 4), ("i64", 8), ("f32", 4), ("f64", 8)];

#[test]
fn sums_of_two_arrays() {
    for (ty, size) in SIZES {
        for elements in [1, 2, 3, 4, 8] {
            same(&unrolled(ty, size, elements, |at| {
                format!("({ty}.add {} {})", load(ty, 'p', at), load(ty, 'q', at))
            }));
        }
    }
}

#[test]
fn every_operator() {
    for op in ["and", "or", "xor", "sub"] {
        for (ty, size) in [("i32", 4), ("i64", 8)] {
            same(&unrolled(ty, size, 2, |at| {
                format!("({ty}.{op} {} {})", load(ty, 'q', at), load(ty, 'p', at))
            }));
        }
    }
    for op in ["shl", "shr_u", "shr_s", "mul"] {
        same(&unrolled("i32", 4, 1, |at| {
            format!("(i32.{op} {} (local.get $q))", load("i32", 'q', at))
        }));
        same(&unrolled("i32", 4, 4, |at| {
            format!("(i32.{op} {} (i32.const 35))", load("i32", 'q', at))
        }));
    }
    for op in ["shl", "shr_u"] {
        same(&unrolled("i64", 8, 2, |at| {
            format!("(i64.{op} {} (i64.const 67))", load("i64", 'q', at))
        }));
    }
    for op in ["add", "sub", "mul", "div"] {
        for (ty, size) in [("f32", 4), ("f64", 8)] {
            same(&unrolled(ty, size, 2, |at| {
                format!("({ty}.{op} {} {})", load(ty, 'q', at), load(ty, 'p', at))
            }));
        }
    }
    for op in ["neg", "abs", "sqrt"] {
        for (ty, size) in [("f32", 4), ("f64", 8)] {
            same(&unrolled(ty, size, 1, |at| format!("({ty}.{op} {})", load(ty, 'q', at))));
        }
    }
}

#[test]
fn neighbours_and_constants() {
    for (ty, size) in SIZES {
        // What lies behind what is stored would be another value by then.
        for neighbours in [[0, 1], [1, 2], [-3, 5]] {
            same(&unrolled(ty, size, 1, |at| {
                let [one, other] = neighbours.map(|n| load(ty, 'q', at + n * size));
                format!("({ty}.add ({ty}.mul {one} ({ty}.const 3)) {other})")
                    .replace("i64.mul", "i64.sub")
            }));
        }
        same(&unrolled(ty, size, 4, |_| format!("({ty}.const 7)")));
    }
}

#[test]
fn the_other_direction() {
    for (ty, size) in SIZES {
        for elements in [1, 2, 4] {
            let mut work = String::new();
            for element in (0..elements).rev() {
                let value = format!(
                    "({ty}.add {} {})",
                    load(ty, 'q', element * size),
                    load(ty, 'p', element * size)
                );
                work += &store(ty, 'p', element * size, &value);
            }
            same(&counted(&work, -elements * size));
            // Downwards within a round, upwards from round to round.
            same(&counted(&work, elements * size));
        }
    }
}

#[test]
fn several_stores_and_exchanges() {
    for elements in [1, 2, 4] {
        let mut work = String::new();
        for element in 0..elements {
            let at = element * 4;
            write!(work, "(local.set $old {})", load("i32", 'p', at)).unwrap();
            work += &store("i32", 'p', at, &load("i32", 'q', at));
            work += &store("i32", 'q', at, "(local.get $old)");
        }
        same(&counted(&work, elements * 4));
    }
}

#[test]
fn elements_before() {
    for (ty, size) in SIZES {
        for elements in [1, 2, 3, 4] {
            let work = |element| {
                let (old, next) = (format!("$old_{ty}"), load(ty, 'q', element * size));
                let value = format!("({ty}.add (local.get {old}) (local.tee {old} {next}))");
                store(ty, 'p', element * size, &value)
            };
            let rows: String = (0..elements).map(work).collect();
            let after = "(local.set $sum (i32.add (local.get $sum) (local.get $old_i32)))";
            same(&format!("{}{after}", counted(&rows, elements * size)));
            // What lies higher would be made before.
            let rows: String = (0..elements).rev().map(work).collect();
            assert!(!changes(&counted(&rows, -elements * size)));
        }
    }
}

/// A sum of `elements` a round, of what `value` gives.
fn summed(op: &str, elements: i64, value: impl Fn(i64) -> String) -> String {
    let mut work = String::new();
    for element in 0..elements {
        let value = value(element * 4);
        write!(work, "(local.set $sum (i32.{op} (local.get $sum) {value}))").unwrap();
    }
    format!("(local.set $sum (i32.const 77)) {}", counted(&work, elements * 4))
}

#[test]
fn reductions() {
    for op in ["add", "sub", "and", "or", "xor"] {
        for elements in [1, 2, 4] {
            same(&summed(op, elements, |at| load("i32", 'p', at)));
        }
    }
    same(&summed("add", 4, |at| {
        format!("(i32.mul {} {})", load("i32", 'p', at), load("i32", 'q', at))
    }));
    // With a store of what is summed up.
    let work = format!(
        "{} (local.set $sum (i32.add (local.get $sum) {}))",
        store("i32", 'q', 0, &load("i32", 'p', 0)),
        load("i32", 'p', 0)
    );
    same(&counted(&work, 4));
}

#[test]
fn what_is_used_after_the_loop() {
    let work = format!(
        "(local.set $old {}) {}",
        load("i32", 'q', 0),
        store("i32", 'p', 0, "(i32.add (local.get $old) (local.get $n))").replace("$n", "$q")
    );
    let after = "(local.set $sum (i32.add (i32.mul (local.get $old) (i32.const 7))
        (i32.add (local.get $i) (i32.mul (local.get $n) (i32.const 5)))))";
    same(&format!("{}{after}", counted(&work, 4)));
}

/// None of these loops is changed.
fn left_alone(loops: &[(&str, String)]) {
    for (what, body) in loops {
        assert!(!changes(body), "{what}: {body}");
    }
}

#[test]
fn accesses_that_are_left_alone() {
    let last = unrolled("i32", 4, 1, |_| load("i32", 'p', -4));
    let copy = store("i32", 'p', 0, &load("i32", 'q', 0));
    let one_place = "(i32.store (local.get $p) (i32.load (local.get $i)))";
    let extended = format!("(i64.extend_i32_u {})", load("i32", 'q', 0));
    let grown = format!("{copy} (drop (memory.grow (i32.const 0)))");
    left_alone(&[
        ("the last element", last),
        ("every second element", counted(&copy, 8)),
        ("elements apart", counted(&copy, 12)),
        ("one place", counted(one_place, 4)),
        ("two sizes", counted(&store("i64", 'p', 0, &extended), 8)),
        ("a call", counted(&grown, 4)),
    ]);
}

#[test]
fn values_that_are_left_alone() {
    let (p, q) = (load("i32", 'p', 0), load("i32", 'q', 0));
    let put = |value: &str| store("i32", 'p', 0, value);
    let divided = put(&format!("(i32.div_u {p} {q})"));
    let min = |at| format!("(f32.min {0} {0})", load("f32", 'q', at));
    let float = load("f32", 'p', 0);
    let float = format!("(f32.add (f32.reinterpret_i32 (local.get $sum)) {float})");
    let float = format!("(local.set $sum (i32.reinterpret_f32 {float}))");
    let sum = format!("(local.set $sum (i32.add (local.get $sum) {q}))");
    let prefix = format!("{sum} {}", put("(local.get $sum)"));
    let mixed = format!("{sum} (local.set $sum (i32.xor (local.get $sum) {p}))");
    let differ = put(&format!("(i32.add {q} (i32.const 1))"));
    let differ = format!("{differ} {}", store("i32", 'p', 4, &q));
    left_alone(&[
        ("a trap", counted(&divided, 4)),
        ("other bits of NaN", unrolled("f32", 4, 1, min)),
        ("sums of floats", counted(&float, 4)),
        ("a sum that is stored", counted(&prefix, 4)),
        ("two operators", counted(&mixed, 4)),
        ("elements that differ", counted(&differ, 8)),
    ]);
}

#[test]
fn few_rounds_are_left_alone() {
    let work = store("i32", 'p', 0, &load("i32", 'q', 0));
    let rounds = |n| {
        let few = format!("(local.set $n (i32.and (local.get $n) (i32.const {n})))");
        format!("{few} {}", counted(&work, 4))
    };
    left_alone(&[("few rounds", rounds(3))]);
    assert!(changes(&rounds(31)));
}

#[test]
fn levels_memories_and_fuel() {
    let wasm = module(&unrolled("i32", 4, 1, |at| load("i32", 'q', at)));
    let changed = |wasm: &[u8], options: Options| is_changed_by(PASS, wasm, &options);
    let at = |opt_level| changed(&wasm, Options { opt_level, ..Options::default() });
    let levels =
        [OptLevel::None, OptLevel::Less, OptLevel::Size, OptLevel::Speed, OptLevel::Aggressive];
    assert_eq!(levels.map(at), [false, false, false, true, true]);
    let highest = Options { opt_level: OptLevel::Aggressive, ..Options::default() };
    let bounds = Options { memory_model: MemoryModel::Bounds, ..highest.clone() };
    assert!(!changed(&wasm, bounds), "checks in each access");
    assert!(!changed(&wasm, Options { fuel: true, ..highest.clone() }), "paid for by the round");
    for (what, memory) in
        [("imported", r#"(import "m" "m" (memory 1))"#), ("the second", "(memory 1) (memory $m 1)")]
    {
        let text = format!(
            "(module {memory} (func (export \"run\") (param $p i32) (param $n i32)
                (loop $again
                    (i32.store 0 (local.get $p) (i32.const 5))
                    (local.set $p (i32.add (local.get $p) (i32.const 4)))
                    (br_if $again (i32.ne (local.get $p) (local.get $n))))))"
        );
        let index = if what == "the second" { "1" } else { "0" };
        let text = text.replace("i32.store 0", &format!("i32.store {index}"));
        let wasm = text_to_binary(text.as_bytes()).unwrap();
        assert!(!changed(&wasm, highest.clone()), "{what}");
    }
}
