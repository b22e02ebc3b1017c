//! Loops that compare bytes look at eight of them at once, and end where they did, with all
//! that they did.

use precast_compiler::{Optimisation, Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::is_changed_by;
use precast_tests::random::Numbers;

/// `$l` and `$r` are at rows of bytes, `$n` is how many there are, `$c` is what the first
/// byte of each is; `$a`, `$b`, `$i` are 0, and `$e` where the first row ends. Before `body`,
/// the byte `$p` of the second row becomes another one, and byte `$z` of both becomes 0. All
/// bytes are from 1 to 16, and the same every 16 bytes.
fn module(body: &str) -> Vec<u8> {
    let text = format!(
        r#"(module (memory 1)
        (func $fill (local $at i32)
            (loop $again
                (i32.store8 (local.get $at)
                    (i32.add (i32.and (local.get $at) (i32.const 15)) (i32.const 1)))
                (br_if $again (i32.lt_u
                    (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 65536)))))
        (start $fill)
        (func $set (param $at i32) (param $byte i32)
            (if (i32.lt_u (local.get $at) (i32.const 65536))
                (then (i32.store8 (local.get $at) (local.get $byte)))))
        (func (export "run") (param $l i32) (param $r i32) (param $n i32) (param $p i32)
            (param $z i32) (result i32)
            (local $a i32) (local $b i32) (local $i i32) (local $e i32) (local $c i32)
            (call $set (i32.add (local.get $r) (local.get $p)) (i32.const 0x99))
            (call $set (i32.add (local.get $l) (local.get $z)) (i32.const 0))
            (call $set (i32.add (local.get $r) (local.get $z)) (i32.const 0))
            (local.set $e (i32.add (local.get $l) (local.get $n)))
            (local.set $c (i32.load8_u (local.get $l)))
            (block $end {body})
            (i32.mul (i32.const 31) (i32.add (local.get $l)
            (i32.mul (i32.const 37) (i32.add (local.get $r)
            (i32.mul (i32.const 41) (i32.add (local.get $n)
            (i32.mul (i32.const 43) (i32.add (local.get $a)
            (i32.mul (i32.const 47) (i32.add (local.get $b) (local.get $i)))))))))))))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn options(on: bool) -> Options {
    let disabled = (!on).then_some(Optimisation::ByteLoops).into_iter().collect();
    Options { disabled, ..Options::default() }
}

fn is_changed(wasm: &[u8]) -> bool {
    is_changed_by(Optimisation::ByteLoops, wasm, &options(true))
}

/// What the function gives for rows in the midst and at the end of memory, of all lengths up
/// to 40, which differ or end anywhere or nowhere; none where it traps.
fn results(wasm: &[u8], on: bool) -> Vec<Option<i32>> {
    let artifact = precast_embed::compile(wasm, &options(on)).unwrap();
    let linker = Linker::<()>::new();
    let call = |l: i32, r: i32, n: i32, p: i32, z: i32| {
        let mut store = Store::new(());
        let instance = linker.instantiate(&mut store, &artifact).unwrap();
        let run = instance.get_typed_func::<(i32, i32, i32, i32, i32), i32>(&store, "run");
        run.unwrap().call(&mut store, (l, r, n, p, z)).ok()
    };
    let mut all = Vec::new();
    for at in 0..40 {
        all.push(call(1000, 2008, 40, at, 1 << 20));
        all.push(call(1000, 1032, 1 << 20, 1 << 20, at));
        all.push(call(1003, 3003, at, 1 << 20, 1 << 20));
        all.push(call(1000, 2008, 33, at, 20));
        all.push(call(1000, 2008, 33, 20, at));
        // Up to the end of memory, and past it.
        let near = 65536 - 24;
        all.push(call(1000, near, at, 1 << 20, 1 << 20));
        all.push(call(near, 1000, 1 << 20, at, 1 << 20));
        all.push(call(near - 16, near, -1, 1 << 20, at));
        all.push(call(near - 16, near, -1, at, 1 << 20));
        // Bytes that are equal by chance alone; the same row; the end of all indices.
        all.push(call(1000, 2000 + at, 40, 1 << 20, 1 << 20));
        all.push(call(1000, 1000, at, 1 << 20, 1 << 20));
        all.push(call(-3, 1000, at, 1 << 20, 1 << 20));
    }
    all
}

const A: &str = "(local.tee $a (i32.load8_u (local.get $l)))";
const B: &str = "(local.tee $b (i32.load8_u (local.get $r)))";
const NEXT: &str = "(local.set $l (i32.add (local.get $l) (i32.const 1)))
    (local.set $r (i32.add (local.get $r) (i32.const 1)))";
const FEWER: &str = "(local.tee $n (i32.sub (local.get $n) (i32.const 1)))";

/// Puts the pieces above in their places.
fn body(text: &str) -> String {
    text.replace("A;", A).replace("B;", B).replace("NEXT;", NEXT).replace("FEWER;", FEWER)
}

#[test]
fn comparisons_end_where_they_did() {
    for text in [
        // memcmp
        "(br_if $end (i32.eqz (local.get $n)))
         (loop $again (br_if $end (i32.ne A; B;)) NEXT; (br_if $again FEWER;))",
        // The same, with the question at the top.
        "(loop $again (br_if $end (i32.eqz (local.get $n)))
            (if (i32.eq A; B;) (then NEXT; (drop FEWER;) (br $again))))",
        // strcmp
        "(loop $again (drop B;) (br_if $end (i32.eqz A;)) NEXT;
            (br_if $again (i32.eq (local.get $a) (i32.and (local.get $b) (i32.const 255)))))",
        // strncmp, which takes a byte along to the next round, and one that begins with
        // what no byte is.
        "(local.set $a (local.get $c)) HELD;",
        "(local.set $a (i32.add (local.get $c) (i32.const 256))) HELD;",
        // Up to an end.
        "(loop $again (br_if $end (i32.ge_u (local.get $l) (local.get $e)))
            (br_if $end (i32.ne A; B;)) NEXT; (br $again))",
        "(loop $again (br_if $end (i32.eq (local.get $e) (local.get $l)))
            (br_if $end (i32.ne A; B;)) NEXT; (br $again))",
        // A number that is added to both, and compared with signs.
        "(loop $again (br_if $end (i32.ne
            (local.tee $a (i32.load8_u offset=3 (i32.add (local.get $l) (local.get $i))))
            (local.tee $b (i32.load8_u offset=19 (i32.add (local.get $i) (local.get $r))))))
            (br_if $again (i32.lt_s
                (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))",
        // Until both are 7, or what the first byte is, or larger numbers.
        "(loop $again (br_if $end (i32.eq A; (i32.const 7)))
            (br_if $end (i32.ne (local.get $a) B;)) NEXT; (br_if $again FEWER;))",
        "(loop $again NEXT; (br_if $end (i32.eq A; (local.get $c)))
            (br_if $again (i32.eq (local.get $a) B;)))",
        // A row whose bytes are all the same as another's, and as the one before.
        "(loop $again (br_if $end (i32.ne A; B;))
            (br_if $end (i32.eq (local.get $a) (i32.load8_u (i32.sub (local.get $r) (i32.const 1)))))
            NEXT; (br_if $again FEWER;))",
    ] {
        let held = "(loop $again (br_if $end (i32.eqz B;)) (br_if $end (i32.eqz (local.get $n)))
            (br_if $end (i32.ne (i32.and (local.get $a) (i32.const 255)) (local.get $b)))
            (drop FEWER;) NEXT; (br_if $again A;))";
        let text = body(&text.replace("HELD;", held));
        let wasm = module(&text);
        assert!(is_changed(&wasm), "{text}");
        let [with, without] = [true, false].map(|on| results(&wasm, on));
        assert_eq!(with, without, "{text}");
        let traps = with.iter().filter(|result| result.is_none()).count();
        assert!(traps < with.len() / 2, "{traps} of {} trap: {text}", with.len());
    }
}

/// Loops that compare rows anywhere in them, with steps, counts and other questions between;
/// `PRECAST_LONG=1` makes many more.
#[test]
fn loops_made_at_random_end_where_they_did() {
    let kinds = if std::env::var_os("PRECAST_LONG").is_some() { 3000 } else { 40 };
    let mut numbers = Numbers::new(16);
    let mut changed = 0;
    for _ in 0..kinds {
        let text = random_loop(&mut numbers);
        let wasm = module(&text);
        changed += usize::from(is_changed(&wasm));
        let [with, without] = [true, false].map(|on| results(&wasm, on));
        assert_eq!(with, without, "{text}");
    }
    assert!(changed > kinds / 4, "{changed} of {kinds} are changed");
}

/// A loop over both rows. Either their starts or a number that is added to them counts, so
/// that it ends, if only where memory does.
fn random_loop(numbers: &mut Numbers) -> String {
    let counted = numbers.below(3) == 0;
    let byte = |numbers: &mut Numbers, row: &str| {
        let offset = [0, 0, 1, 8, 500][numbers.below(5)];
        let index = match counted {
            true => format!("(i32.add (local.get $i) (local.get {row}))"),
            false => format!("(local.get {row})"),
        };
        let load = format!("(i32.load8_u offset={offset} {index})");
        match (row, numbers.below(3)) {
            (_, 0) => load,
            ("$l", _) => format!("(local.tee $a {load})"),
            _ => format!("(local.tee $b {load})"),
        }
    };
    let either = |numbers: &mut Numbers| ["$l", "$r"][numbers.below(2)];
    let mut pieces =
        vec![format!("(br_if $end (i32.ne {} {}))", byte(numbers, "$l"), byte(numbers, "$r"))];
    for _ in 0..numbers.below(3) {
        let row = either(numbers);
        let one = byte(numbers, row);
        let question = match numbers.below(6) {
            0 => format!("(i32.eqz {one})"),
            1 => format!("(i32.eq {one} (i32.const {}))", numbers.below(20)),
            2 => format!("(i32.eq {one} (local.get $c))"),
            3 => "(i32.eqz (local.get $n))".to_owned(),
            4 => "(i32.ge_u (local.get $l) (local.get $e))".to_owned(),
            _ => format!("(i32.eq (local.get $a) {one})"),
        };
        pieces.push(format!("(br_if $end {question})"));
    }
    let step = |local: &str, by: i32| {
        format!("(local.set {local} (i32.add (local.get {local}) (i32.const {by})))")
    };
    match counted {
        true => pieces.push(step("$i", 1)),
        false => pieces.extend([step("$l", 1), step("$r", 1)]),
    }
    if numbers.below(2) == 0 {
        pieces.push(step("$n", -1));
    }
    for last in (1..pieces.len()).rev() {
        pieces.swap(last, numbers.below(last + 1));
    }
    pieces.push(match numbers.below(6) {
        0 => "(br_if $again (local.get $n))".to_owned(),
        1 => "(br_if $again (i32.gt_s (local.get $n) (i32.const 0)))".to_owned(),
        2 => "(br_if $again (i32.lt_s (local.get $i) (local.get $n)))".to_owned(),
        3 => "(br_if $again (i32.ne (local.get $l) (local.get $e)))".to_owned(),
        4 => format!("(br_if $again (i32.eq {} {}))", byte(numbers, "$l"), byte(numbers, "$r")),
        _ => "(br $again)".to_owned(),
    });
    format!("(loop $again {})", pieces.join(" "))
}

#[test]
fn other_loops_stay() {
    for text in [
        // Something is stored, or called, or loaded that is no byte.
        "(loop $again (i32.store8 (i32.const 9) (i32.const 9)) (br_if $end (i32.ne A; B;)) NEXT;
            (br_if $again FEWER;))",
        "(loop $again (call $set (i32.const 9) (i32.const 9)) (br_if $end (i32.ne A; B;)) NEXT;
            (br_if $again FEWER;))",
        "(loop $again (local.set $c (i32.load (local.get $l))) (br_if $end (i32.ne A; B;)) NEXT;
            (br_if $again FEWER;))",
        "(loop $again (br_if $end (i32.ne (local.tee $a (i32.load16_u (local.get $l))) B;)) NEXT;
            (br_if $again FEWER;))",
        // Something may trap.
        "(loop $again (local.set $c (i32.div_u (local.get $c) (local.get $n)))
            (br_if $end (i32.ne A; B;)) NEXT; (br_if $again FEWER;))",
        // Rows that skip bytes or go back, numbers that do not count by one.
        "(loop $again (br_if $end (i32.ne A; B;)) NEXT; NEXT; (br_if $again FEWER;))",
        "(loop $again (br_if $end (i32.ne A; B;))
            (local.set $l (i32.sub (local.get $l) (i32.const 1)))
            (local.set $r (i32.sub (local.get $r) (i32.const 1))) (br_if $again FEWER;))",
        "(loop $again (br_if $end (i32.ne A; B;)) NEXT;
            (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 3)))))",
        // A sum of what was seen, which each round makes larger.
        "(loop $again (br_if $end (i32.ne A; B;)) NEXT;
            (local.set $i (i32.add (local.get $i) (local.get $a))) (br_if $again FEWER;))",
        // Other questions: which is less, bytes with signs, one row only, while they differ.
        "(loop $again (br_if $end (i32.lt_u A; B;)) NEXT; (br_if $again FEWER;))",
        "(loop $again (br_if $end (i32.ne (local.tee $a (i32.load8_s (local.get $l))) B;)) NEXT;
            (br_if $again FEWER;))",
        "(loop $again (br_if $end (i32.eqz A;)) NEXT; (br_if $again FEWER;))",
        "(loop $again (br_if $end (i32.eq A; B;)) NEXT; (br_if $again FEWER;))",
        // Two ways through the loop.
        "(loop $again (br_if $end (i32.ne A; B;)) NEXT;
            (if (i32.and (local.get $a) (i32.const 1)) (then (local.set $c (local.get $b))))
            (br_if $again FEWER;))",
    ] {
        let text = body(text);
        assert!(!is_changed(&module(&text)), "{text}");
    }
}

#[test]
fn loops_over_other_memories_stay() {
    let compares = |memory: &str, index: &str| {
        let text = format!(
            "(module {memory} (func (export \"run\") (param $l {index}) (param $r {index})
                (loop $again
                    (local.set $l ({index}.add (local.get $l) ({index}.const 1)))
                    (local.set $r ({index}.add (local.get $r) ({index}.const 1)))
                    (br_if $again (i32.eq
                        (i32.load8_u (local.get $l)) (i32.load8_u (local.get $r)))))))"
        );
        is_changed(&text_to_binary(text.as_bytes()).unwrap())
    };
    assert!(compares("(memory 1)", "i32"));
    assert!(!compares("(import \"host\" \"memory\" (memory 1))", "i32"));
    assert!(!compares("(memory i64 1)", "i64"));
}
