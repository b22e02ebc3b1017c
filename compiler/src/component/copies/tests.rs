//! Loops that are copies, and loops that are none.

use super::with_copies;
use wasmparser::{Validator, WasmFeatures};

/// A module with a loop that copies elements of `size` bytes by `moves`.
fn adapter(moves: &str, size: i32, step: i32) -> Vec<u8> {
    let text = format!(
        "(module
           (import \"a\" \"m\" (memory $from 1)) (import \"b\" \"m\" (memory $to 1))
           (func (export \"f\") (param $left i32) (param $from i32) (param $to i32)
             block
               local.get $left
               i32.eqz
               br_if 0
               loop
                 {moves}
                 local.get $from i32.const {size} i32.add local.set $from
                 local.get $to i32.const {size} i32.add local.set $to
                 local.get $left i32.const {step} i32.add local.tee $left
                 br_if 0
               end
             end)
           (func (result i32) i32.const 7))"
    );
    wat::parse_str(text).expect("a module's text")
}

fn moved(load: &str, store: &str, offset: u32) -> String {
    format!(
        "local.get $to local.get $from {load} $from offset={offset} {store} $to offset={offset}\n"
    )
}

/// How many copies stand in the module in place of loops; proves that it is valid.
fn copies(adapter: &[u8]) -> usize {
    let Some(edited) = with_copies(adapter).expect("a module") else { return 0 };
    Validator::new_with_features(WasmFeatures::all()).validate_all(&edited).expect("valid");
    let text = wasmprinter::print_bytes(&edited).expect("a module");
    assert_eq!(text.matches("loop").count(), 0, "{text}");
    assert!(text.contains("i32.const 7"), "{text}");
    // To the second memory, from the first.
    text.matches("memory.copy $to $from").count()
}

#[test]
fn numbers_without_gaps_are_copied_at_once() {
    let byte = moved("i32.load8_u", "i32.store8", 0);
    assert_eq!(copies(&adapter(&byte, 1, -1)), 1);
    for (load, store, size) in [
        ("i32.load16_s", "i32.store16", 2),
        ("i32.load", "i32.store", 4),
        ("f32.load", "f32.store", 4),
        ("i64.load", "i64.store", 8),
        ("f64.load", "f64.store", 8),
    ] {
        assert_eq!(copies(&adapter(&moved(load, store, 0), size, -1)), 1, "{load}");
    }
    let record = [
        moved("i64.load", "i64.store", 0),
        moved("i32.load", "i32.store", 8),
        moved("i32.load16_u", "i32.store16", 12),
        moved("i32.load8_u", "i32.store8", 14),
        moved("i32.load8_u", "i32.store8", 15),
    ];
    assert_eq!(copies(&adapter(&record.concat(), 16, -1)), 1);
}

#[test]
fn other_loops_stay() {
    let (byte, word) = (moved("i32.load8_u", "i32.store8", 0), moved("i32.load", "i32.store", 0));
    let gap = [word.clone(), moved("i32.load", "i32.store", 8)].concat();
    let elsewhere = "local.get $to local.get $from i32.load8_u $from i32.store8 $to offset=1";
    let same_memory = "local.get $to local.get $from i32.load8_u $from i32.store8 $from";
    let masked =
        "local.get $to local.get $from i32.load8_u $from i32.const 1 i32.and i32.store8 $to";
    let wider = "local.get $to local.get $from i32.load8_u $from i32.store $to";
    let turned = "local.get $from local.get $to i32.load8_u $to i32.store8 $from";
    let twice = [byte.clone(), turned.to_owned()].concat();
    for (moves, size, step) in [
        (gap.as_str(), 12, -1),
        (&word, 8, -1),
        (&byte, 1, -2),
        (&byte, 2, -1),
        (elsewhere, 1, -1),
        (masked, 1, -1),
        (wider, 4, -1),
        (&twice, 1, -1),
        ("", 0, -1),
    ] {
        assert!(with_copies(&adapter(moves, size, step)).unwrap().is_none(), "{moves}");
    }
    // One memory will do: there the list is read before it is written.
    let edited = with_copies(&adapter(same_memory, 1, -1)).unwrap().expect("a copy");
    assert!(wasmprinter::print_bytes(edited).unwrap().contains("memory.copy\n"));
}
