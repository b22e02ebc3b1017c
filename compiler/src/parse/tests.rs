//! What parsing makes of small modules.

use super::{Parsed, parse};
use crate::error::{Error, Location};
use crate::features::Features;

fn module(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a module's text")
}

/// Where `wasm` is refused, and for what.
fn refused(wasm: &[u8], features: Features) -> (Location, String) {
    match parse(wasm, features).map(|_: Parsed<'_>| ()) {
        Err(Error::Unsupported { at, what }) => (at, what),
        Err(Error::Invalid { at, message }) => (at, message),
        other => panic!("refused for what it needs, not {other:?}"),
    }
}

/// Where these bytes begin in a module.
fn offset_of(bytes: &[u8], wasm: &[u8]) -> Option<u64> {
    wasm.windows(bytes.len()).position(|window| window == bytes).map(|at| at as u64)
}

#[test]
fn a_shared_memory_is_refused_where_it_is_defined() {
    let wasm = module("(module (type (func)) (memory 1) (memory 2 7 shared))");
    let (at, what) = refused(&wasm, Features::ALL);
    assert_eq!(what, "memories shared between threads");
    assert_eq!(at.offset, offset_of(&[3, 2, 7], &wasm));
}

#[test]
fn a_shared_memory_is_refused_where_it_is_imported() {
    let wasm =
        module(r#"(module (import "a" "f" (func)) (import "host" "m" (memory 2 7 shared)))"#);
    let (at, what) = refused(&wasm, Features::ALL);
    assert_eq!(what, "memories shared between threads");
    assert_eq!(at.offset, offset_of(b"\x04host", &wasm));
}

#[test]
fn what_needs_a_feature_that_is_off_is_refused_where_it_stands() {
    let wasm = module("(module (type (func (param i32))) (type (func (param v128))))");
    let without = "all,-simd,-relaxed-simd".parse().expect("features");
    let (at, what) = refused(&wasm, without);
    assert!(what.contains("SIMD"), "{what}");
    assert_eq!(at.offset, offset_of(&[0x60, 1, 0x7b, 0], &wasm));
}
