//! Loops that count get copies with addresses made before them, only where that
//! gains something, and what they read, write and trap at is the same: where
//! indices wrap around, where the count misses its limit, at every distance from
//! the end of memory.

use precast_compiler::{MemoryModel, OptLevel, Optimisation, Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::is_changed_by;

const PASS: Optimisation = Optimisation::LoopAddresses;

/// A module of one page in which every byte tells where it is; `run` takes a
/// start and a limit, and its local `$sum` is a digest.
fn module(body: &str) -> Vec<u8> {
    let byte = |at: u32| format!("\\{:02x}", at.wrapping_mul(0x9e37) >> 8 & 0xff);
    let data: String = (0..4096u32).map(byte).collect();
    let text = format!(
        r#"(module (memory (export "memory") 1) (data (i32.const 0) "{data}")
            (data (i32.const 61440) "{data}")
            (global $g (mut i32) (i32.const 0))
            (func (export "run") (param $p i32) (param $n i32) (result i32)
                (local $i i32) (local $j i32) (local $sum i32) (local $k i32)
                (local.set $i (local.get $p))
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

/// What a call gave, and what memory held after it.
type RunOutcome = (Option<i32>, u64);

fn outcomes(wasm: &[u8], on: bool, arguments: &[(i32, i32)]) -> Vec<RunOutcome> {
    let artifact = precast_embed::compile(wasm, &options(on)).unwrap();
    let outcome = |(p, n): &(i32, i32)| {
        let mut store = Store::new(());
        let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
        let run = instance.get_typed_func::<(i32, i32), i32>(&store, "run").unwrap();
        let given = run.call(&mut store, (*p, *n)).ok();
        let memory = instance.get_memory(&store, "memory").unwrap();
        let mut bytes = vec![0; 65536];
        memory.read(&store, 0, &mut bytes).unwrap();
        let digest = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        (given, bytes.iter().fold(0xcbf2_9ce4_8422_2325, digest))
    };
    arguments.iter().map(outcome).collect()
}

/// Starts and limits: near nothing, near the end of memory, around 2^31 and 2^32.
fn arguments() -> Vec<(i32, i32)> {
    let places = [0, 4, 7, 64, 4000, 65400, 65532, 65540, i32::MAX - 15, i32::MIN, -64, -16, -4];
    let distances = [0, 1, 4, 8, 12, 16, 48, 64, 160, 4096, -4, -48, -64];
    let mut all = Vec::new();
    for place in places {
        all.extend(distances.map(|distance: i32| (place, place.wrapping_add(distance))));
    }
    all
}

/// The pass changes the function, and nothing of what it does.
fn same(body: &str) {
    assert!(changes(body), "{body}");
    let wasm = module(body);
    let all = arguments();
    let (with, without) = (outcomes(&wasm, true, &all), outcomes(&wasm, false, &all));
    for (arguments, outcomes) in all.iter().zip(with.iter().zip(&without)) {
        assert_eq!(outcomes.0, outcomes.1, "{arguments:?}: {body}");
    }
    assert!(without.iter().any(|(given, _)| given.is_some()), "{body}");
    assert!(without.iter().any(|(given, _)| given.is_none()), "{body}");
}

/// A loop over `$i`, which grows by `step`. Beyond some rounds it gives up, so
/// that those that wrap around end.
fn counted(work: &str, step: i32, again: &str) -> String {
    format!(
        "(loop $again
            {work}
            (local.set $i (i32.add (local.get $i) (i32.const {step})))
            (br_if $again {again}))"
    )
}

fn read(offset: i32) -> String {
    format!(
        "(local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31))
            (i32.load8_u (i32.add (local.get $i) (i32.const {offset})))))"
    )
}

const NOT_LIMIT: &str = "(i32.ne (local.get $i) (local.get $n))";

/// Reads at several places, and a store behind them.
fn work(offsets: [i32; 3]) -> String {
    let reads: String = offsets.map(read).concat();
    let [offset, ..] = offsets;
    format!(
        "{reads} (i32.store8 offset=2 (i32.add (local.get $i) (i32.const {offset})) (local.get $sum))"
    )
}

#[test]
fn unit_strides() {
    same(&counted(&work([0, 1, 2]), 1, NOT_LIMIT));
    same(&counted(&work([1, -1, 300]), 1, NOT_LIMIT));
    same(&counted(&work([-8, 8, 60000]), 1, NOT_LIMIT));
    same(&counted(&work([60000, 8, 30000]), 1, NOT_LIMIT));
}

#[test]
fn other_strides_and_directions() {
    for step in [4, 8, 24, -1, -4, -12] {
        same(&counted(&work([0, 1, 2]), step, NOT_LIMIT));
        same(&counted(&work([12, -4, 3]), step, NOT_LIMIT));
    }
}

#[test]
fn loops_that_go_on_while_less() {
    let work = work([0, 5, 2]);
    for again in [
        "(i32.lt_u (local.get $i) (local.get $n))",
        "(i32.lt_s (local.get $i) (local.get $n))",
        "(i32.gt_u (local.get $n) (local.get $i))",
        "(i32.gt_s (local.get $n) (local.get $i))",
    ] {
        for step in [1, 4, 12] {
            same(&counted(&work, step, again));
        }
    }
}

#[test]
fn a_count_beside_the_indices() {
    // Two indices of different strides, one of them scaled; the count is a third.
    let body = format!(
        "(local.set $k (i32.and (i32.sub (local.get $n) (local.get $p)) (i32.const 127)))
        (loop $again
            {} {}
            (local.set $sum (i32.xor (local.get $sum) (i32.load8_u offset=3
                (i32.add (i32.shl (local.get $j) (i32.const 3)) (local.get $p)))))
            (i32.store16 (i32.add (i32.mul (local.get $j) (i32.const 2)) (i32.const 1001))
                (local.get $sum))
            (local.set $i (i32.add (local.get $i) (i32.const 4)))
            (local.set $j (i32.add (local.get $j) (i32.const 1)))
            (local.set $k (i32.sub (local.get $k) (i32.const 1)))
            (br_if $again (local.get $k)))",
        read(1),
        read(2)
    );
    same(&body);
}

#[test]
fn values_that_are_used_after_the_loop() {
    let after = "(local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 7))
        (i32.add (local.get $i) (i32.mul (local.get $j) (i32.const 5)))))";
    let old = "(local.set $j (i32.add (local.get $i) (i32.const 3)))";
    same(&format!("{}{after}", counted(&format!("{old}{}", work([0, 1, 2])), 1, NOT_LIMIT)));
    same(&format!("{}{after}", counted(&format!("{}{old}", work([4, 1, 2])), -4, NOT_LIMIT)));
}

#[test]
fn loops_of_several_blocks_and_early_ends() {
    let body = format!(
        "(block $out
            (loop $again
                {}
                (if (i32.and (local.get $sum) (i32.const 1))
                    (then (local.set $sum (i32.add (local.get $sum)
                        (i32.load8_u (i32.add (local.get $i) (i32.const 9))))))
                    (else (i32.store8 (i32.add (local.get $i) (i32.const 7)) (local.get $sum))))
                (br_if $out (i32.eq (i32.and (local.get $sum) (i32.const 255)) (i32.const 77)))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $again {NOT_LIMIT}))
            (local.set $sum (i32.add (local.get $sum) (i32.const 100000))))
        (local.set $sum (i32.add (local.get $sum) (local.get $i)))",
        work([0, 1, 2])
    );
    same(&body);
}

#[test]
fn two_loops_after_one_another() {
    let first = counted(&work([0, 1, 2]), 1, NOT_LIMIT);
    let second = counted(&work([3, 1, 2]), 1, "(i32.ne (local.get $i) (i32.const 40))");
    let again = "(local.set $i (i32.const 8))";
    same(&format!("{first}{again}{second}"));
    // One follows at once, so that the copy of the first leads to the second.
    let twice = format!(
        "(loop $outer (local.set $i (local.get $p)) {} (local.set $i (local.get $p)) {}
            (local.set $k (i32.add (local.get $k) (i32.const 1)))
            (br_if $outer (i32.ne (local.get $k) (i32.const 3))))",
        counted(&work([0, 1, 2]), 1, NOT_LIMIT),
        counted(&work([9, 8, 2]), 1, NOT_LIMIT)
    );
    same(&twice);
}

#[test]
fn what_is_left_alone() {
    let plain = "(local.set $sum (i32.add (local.get $sum) (i32.load8_u (local.get $i))))";
    let masked = "(local.set $sum (i32.load8_u (i32.and (local.get $i) (i32.const 1023))))
        (local.set $sum (i32.load8_u (i32.and (local.get $i) (i32.const 511))))";
    let chased = "(local.set $i (i32.load8_u (i32.add (local.get $i) (i32.const 4))))
        (local.set $sum (i32.load8_u (i32.add (local.get $i) (i32.const 5))))";
    let pages = "(drop (memory.grow (i32.const 0)))";
    let moved = "(local.set $n (i32.load8_u (i32.const 0)))";
    for (what, body) in [
        ("nothing is gained", counted(plain, 1, NOT_LIMIT)),
        ("no stride", counted(masked, 1, NOT_LIMIT)),
        ("the index is loaded", counted(chased, 1, NOT_LIMIT)),
        ("a call", counted(&format!("{}{pages}", work([0, 1, 2])), 1, NOT_LIMIT)),
        ("the limit moves", counted(&format!("{}{moved}", work([0, 1, 2])), 1, NOT_LIMIT)),
        ("no count", counted(&work([0, 1, 2]), 1, "(i32.load8_u (local.get $i))")),
        ("equal", counted(&work([0, 1, 2]), 1, "(i32.eq (local.get $i) (local.get $n))")),
        (
            "less, downwards",
            counted(&work([0, 1, 2]), -1, "(i32.lt_u (local.get $i) (local.get $n))"),
        ),
        ("not above", counted(&work([0, 1, 2]), 1, "(i32.le_u (local.get $i) (local.get $n))")),
        (
            "the step is no constant",
            counted(
                &format!(
                    "{}(local.set $i (i32.add (local.get $i) (local.get $n)))",
                    work([0, 1, 2])
                ),
                1,
                "(i32.ne (local.get $i) (i32.const 0))",
            ),
        ),
    ] {
        assert!(!changes(&body), "{what}: {body}");
    }
}

#[test]
fn levels_and_memory_models() {
    let wasm = module(&counted(&work([0, 1, 2]), 1, NOT_LIMIT));
    let changed = |options: Options| is_changed_by(PASS, &wasm, &options);
    let at = |opt_level| changed(Options { opt_level, ..Options::default() });
    let levels =
        [OptLevel::None, OptLevel::Less, OptLevel::Size, OptLevel::Speed, OptLevel::Aggressive];
    assert_eq!(levels.map(at), [false, false, false, false, true]);
    let (memory_model, opt_level) = (MemoryModel::Bounds, OptLevel::Aggressive);
    let bounds = Options { memory_model, opt_level, ..Options::default() };
    assert!(!changed(bounds), "checks in each access");
}
