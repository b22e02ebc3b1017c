//! What is proved, and what is refused.

use super::{Product, recognise};
use crate::features::Features;
use crate::parse::parse;

/// compiler-rt's function, as clang 19 compiles it at -O2, with one line
/// changed.
fn changed(from: &str, to: &str) -> Option<Product> {
    changed_in(MULTI3, from, to)
}

fn changed_in(text: &str, from: &str, to: &str) -> Option<Product> {
    let original = text;
    let text = original.replacen(from, to, 1);
    assert!(from == to || text != original, "the line is there");
    let wasm = wat::parse_str(text).expect("a module's text");
    let parsed = parse(&wasm, Features::ALL).expect("a module");
    recognise(&parsed.bodies[0]).expect("a valid body")
}

const MULTI3: &str = "(module (memory 1) (global $g (mut i64) (i64.const 0))
    (func (param i32 i64 i64 i64 i64) (local i64)
        local.get 0
        local.get 4 local.get 1 i64.mul
        local.get 2 local.get 3 i64.mul
        i64.add
        local.get 3 i64.const 32 i64.shr_u local.tee 2
        local.get 1 i64.const 32 i64.shr_u local.tee 4
        i64.mul i64.add
        local.get 3 i64.const 4294967295 i64.and local.tee 3
        local.get 1 i64.const 4294967295 i64.and local.tee 1
        i64.mul local.tee 5 i64.const 32 i64.shr_u
        local.get 3 local.get 4 i64.mul
        i64.add local.tee 3
        i64.const 32 i64.shr_u
        i64.add
        local.get 3 i64.const 4294967295 i64.and
        local.get 2 local.get 1 i64.mul
        i64.add local.tee 1
        i64.const 32 i64.shr_u
        i64.add
        i64.store offset=8
        local.get 0
        local.get 1 i64.const 32 i64.shl
        local.get 5 i64.const 4294967295 i64.and
        i64.or
        i64.store))";

/// The same as Rust's and Zig's compilers have it, which compare sums with what
/// was added to know the carries.
const CARRIES: &str = "(module (memory 1)
    (func (param i32 i64 i64 i64 i64) (local i64 i64 i64 i64 i64 i64)
        local.get 0
        local.get 3 i64.const 4294967295 i64.and local.tee 5
        local.get 1 i64.const 4294967295 i64.and local.tee 6
        i64.mul local.tee 7
        local.get 3 i64.const 32 i64.shr_u local.tee 8
        local.get 6 i64.mul local.tee 6
        local.get 5
        local.get 1 i64.const 32 i64.shr_u local.tee 9
        i64.mul
        i64.add local.tee 5
        i64.const 32 i64.shl
        i64.add local.tee 10
        i64.store
        local.get 0
        local.get 8 local.get 9 i64.mul
        local.get 5 local.get 6 i64.lt_u i64.extend_i32_u
        i64.const 32 i64.shl
        local.get 5 i64.const 32 i64.shr_u
        i64.or
        i64.add
        local.get 10 local.get 7 i64.lt_u i64.extend_i32_u
        i64.add
        local.get 4 local.get 1 i64.mul
        local.get 3 local.get 2 i64.mul
        i64.add
        i64.add
        i64.store offset=8))";

#[test]
fn carries_are_followed() {
    let product = changed_in(CARRIES, "", "").expect("a proof");
    assert_eq!(product.stores.map(|store| store.high), [false, true]);
    // The other way round.
    let other = ("local.get 5 local.get 6 i64.lt_u", "local.get 6 local.get 5 i64.gt_u");
    assert!(changed_in(CARRIES, other.0, other.1).is_some());
    for (from, to) in [
        ("local.get 5 local.get 6 i64.lt_u", "local.get 6 local.get 5 i64.lt_u"),
        ("local.get 5 local.get 6 i64.lt_u", "local.get 5 local.get 7 i64.lt_u"),
        ("local.get 5 local.get 6 i64.lt_u", "local.get 5 local.get 6 i64.lt_s"),
        ("local.get 5 local.get 6 i64.lt_u", "local.get 5 local.get 6 i64.le_u"),
        ("local.get 10 local.get 7 i64.lt_u", "local.get 10 local.get 6 i64.lt_u"),
        ("local.get 10 local.get 7 i64.lt_u", "local.get 7 local.get 10 i64.lt_u"),
        ("local.get 10 local.get 7 i64.lt_u i64.extend_i32_u\n        i64.add", ""),
        ("local.get 5 i64.const 32 i64.shr_u\n        i64.or", "local.get 5 i64.or"),
        (
            "i64.const 32 i64.shl\n        i64.add local.tee 10",
            "i64.const 31 i64.shl i64.add local.tee 10",
        ),
        ("i64.const 32 i64.shl\n        local.get 5", "i64.const 33 i64.shl local.get 5"),
        ("i64.store\n", "i64.store offset=1\n"),
        ("i64.mul local.tee 7", "i64.mul i64.const 1 i64.add local.tee 7"),
    ] {
        assert_eq!(changed_in(CARRIES, from, to), None, "`{from}` replaced by `{to}`");
    }
}

#[test]
fn the_librarys_function_is_a_product() {
    let product = changed("", "").expect("a proof");
    let halves: Vec<bool> = product.stores.iter().map(|store| store.high).collect();
    assert_eq!(halves, [true, false]);
    assert!(product.stores[0].at < product.stores[1].at);
}

#[test]
fn other_ways_to_the_same_are_products() {
    // The sum of the halves, and the low half at once.
    assert!(changed("i64.or", "i64.add").is_some());
    let low = "local.get 1 i64.const 32 i64.shl
        local.get 5 i64.const 4294967295 i64.and
        i64.or";
    assert!(
        changed(
            low,
            "local.get 1 i64.const 32 i64.shl local.get 5 i64.const 4294967295 i64.and i64.add"
        )
        .is_some()
    );
    assert!(
        changed("local.get 4 local.get 1 i64.mul", "local.get 1 local.get 4 i64.mul").is_some()
    );
}

#[test]
fn what_is_nearly_a_product_is_refused() {
    for (from, to) in [
        // One product too few, one of other values, one twice.
        ("local.get 2 local.get 3 i64.mul\n        i64.add", ""),
        ("local.get 4 local.get 1 i64.mul", "local.get 4 local.get 3 i64.mul"),
        ("local.get 2 local.get 3 i64.mul", "local.get 4 local.get 1 i64.mul"),
        // A carry lost, or counted twice.
        (
            "i64.add local.tee 3\n        i64.const 32 i64.shr_u\n        i64.add",
            "i64.add local.set 3",
        ),
        (
            "i64.add local.tee 1\n        i64.const 32 i64.shr_u",
            "i64.add local.tee 1 i64.const 31 i64.shr_u",
        ),
        (
            "local.get 3 i64.const 4294967295 i64.and\n        local.get 2",
            "local.get 3\n        local.get 2",
        ),
        // Other halves.
        (
            "local.get 3 i64.const 32 i64.shr_u local.tee 2",
            "local.get 3 i64.const 32 i64.shr_s local.tee 2",
        ),
        ("local.get 1 i64.const 4294967295 i64.and", "local.get 1 i64.const 2147483647 i64.and"),
        ("i64.const 32 i64.shl", "i64.const 33 i64.shl"),
        ("local.get 5 i64.const 4294967295 i64.and", "local.get 5"),
        ("i64.or", "i64.xor"),
        ("i64.or", "i64.mul"),
        // Elsewhere, or something besides.
        ("i64.store offset=8", "i64.store offset=16"),
        ("i64.store offset=8", "i64.store offset=4"),
        ("i64.or\n        i64.store", "i64.or\n        i64.store offset=8"),
        ("i64.or\n        i64.store", "i64.or\n        i64.store32"),
        ("i64.store offset=8", "i64.store offset=8 (global.set $g (local.get 1))"),
        (
            "i64.store offset=8",
            "i64.store offset=8 (i64.store offset=8 (local.get 0) (local.get 1))",
        ),
        ("i64.store offset=8", "i64.store offset=8 (if (i32.eqz (local.get 0)) (then (return)))"),
    ] {
        assert_eq!(changed(from, to), None, "`{from}` replaced by `{to}`");
    }
}
