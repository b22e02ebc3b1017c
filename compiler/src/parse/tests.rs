//! What parsing makes of small modules.

use super::{Parsed, parse};
use crate::error::{Error, Location};
use crate::features::Features;
use precast_artifact::index::{FuncIndex, TypeIndex};

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
    assert!(what.starts_with("memories shared between threads\nhelp: "), "{what}");
    assert_eq!(at.offset, offset_of(&[3, 2, 7], &wasm));
}

#[test]
fn a_shared_memory_is_refused_where_it_is_imported() {
    let wasm =
        module(r#"(module (import "a" "f" (func)) (import "host" "m" (memory 2 7 shared)))"#);
    let (at, what) = refused(&wasm, Features::ALL);
    assert!(what.starts_with("memories shared between threads\nhelp: "), "{what}");
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

#[test]
fn equal_types_share_an_index() {
    let wasm = module(
        "(module (type $a (func (param i32))) (type $b (func)) (type $c (func (param i32)))
            (import \"h\" \"f\" (func (type $c))) (func (type $b)) (func (type $a)))",
    );
    let parsed = parse(&wasm, Features::ALL).expect("a module");
    assert_eq!(parsed.types.section().len(), 2);
    assert_eq!(canonical(&parsed), [0, 1, 0]);
    let functions: Vec<_> = parsed.functions.iter().map(|ty| ty.get()).collect();
    assert_eq!((functions, parsed.imported_functions), (vec![0, 1, 0], 1));
}

/// The canonical indices of a module's types.
fn canonical(parsed: &Parsed<'_>) -> Vec<u32> {
    let all = (0..).map(TypeIndex::new).take(parsed.types.declared());
    all.map(|ty| parsed.types.canonical(ty).get()).collect()
}

#[test]
fn recursion_groups_are_equal_as_a_whole() {
    let canonical = |types: &str| {
        let wasm = module(&format!("(module {types})"));
        canonical(&parse(&wasm, Features::ALL).expect("a module"))
    };
    // The same under other names, and what the groups refer to is equal.
    let pair = |leaf: &str, a: &str, b: &str| {
        format!(
            "(rec (type ${a} (func (param (ref null ${b}))))
                  (type ${b} (func (param (ref ${a}) {leaf}))))"
        )
    };
    let two = pair("i32", "a", "b") + &pair("i32", "c", "d");
    assert_eq!(canonical(&two), [0, 1, 0, 1]);
    assert_eq!(canonical(&(pair("i32", "a", "b") + &pair("i64", "c", "d"))), [0, 1, 2, 3]);
    // Positions and sizes of groups count, even where nothing refers to them.
    let alone = "(type (func)) (rec (type (func)) (type (func))) (rec (type (func)))";
    assert_eq!(canonical(alone), [0, 1, 2, 0]);
    let outside = "(type $x (func)) (type $y (func))
        (rec (type $p (func (param (ref $x)))) (type (func (param (ref $p)))))
        (rec (type $q (func (param (ref $y)))) (type (func (param (ref $q)))))";
    assert_eq!(canonical(outside), [0, 0, 1, 2, 1, 2]);
}

#[test]
fn what_groups_do_not_hold_yet_is_refused_where_it_stands() {
    let refusal = |types: &str| {
        let wasm = module(&format!("(module (type (func)) {types})"));
        let (at, what) = refused(&wasm, Features::ALL);
        // The header, the section's, its count, and the first type.
        (at.offset, what.split(" (").next().unwrap_or_default().to_owned())
    };
    assert_eq!(refusal("(type (struct))"), (Some(14), "garbage-collected types".into()));
    let sub = refusal("(rec (type (func)) (type (sub (func))))");
    assert_eq!(
        sub,
        (Some(14), "types with subtypes, which are part of garbage-collected types".into())
    );
}

#[test]
fn recursion_groups_need_references_to_functions() {
    let wasm = module("(module (rec (type (func)) (type (func))))");
    let without = "all,-function-references".parse().expect("features");
    let (_, what) = refused(&wasm, without);
    assert!(what.contains("gc"), "{what}");
}

#[test]
fn imported_things_come_before_defined_ones() {
    let wasm = module(
        r#"(module (import "h" "m" (memory 1)) (import "h" "t" (table 2 funcref))
            (import "h" "g" (global i64)) (import "h" "e" (tag))
            (table 3 externref) (global (mut f32) (f32.const 0)) (tag (param i32)))"#,
    );
    let parsed = parse(&wasm, Features::ALL).expect("a module");
    let tables: Vec<_> = parsed.tables.iter().map(|t| (t.imported, t.ty.limits.min)).collect();
    assert_eq!(tables, [(true, 2), (false, 3)]);
    let globals: Vec<_> = parsed.globals.iter().map(|g| (g.imported, g.ty.mutable)).collect();
    assert_eq!(globals, [(true, false), (false, true)]);
    assert!(parsed.globals[0].init.is_none() && parsed.globals[1].init.is_some());
    assert_eq!(parsed.tags.iter().map(|t| t.imported).collect::<Vec<_>>(), [true, false]);
    assert!(parsed.memories[0].imported);
}

/// A module with custom sections after its own sections: names and contents.
fn with_sections(text: &str, sections: &[(&str, &[u8])]) -> Vec<u8> {
    let mut wasm = module(text);
    for (name, contents) in sections {
        let size = 1 + name.len() + contents.len();
        assert!(size < 128, "sizes of one byte");
        wasm.extend([0, size as u8, name.len() as u8]);
        wasm.extend(name.as_bytes());
        wasm.extend(*contents);
    }
    wasm
}

#[test]
fn names_before_damage_count() {
    // Functions 0 and 1 are named, and then something is cut off.
    let names: &[u8] = &[1, 9, 2, 0, 2, b'a', b'a', 1, 2, b'b', b'b', 2, 50];
    let wasm = with_sections("(module (func) (func) (func))", &[("name", names)]);
    let parsed = parse(&wasm, Features::ALL).expect("damage there is no error");
    assert_eq!(parsed.names, ["aa", "bb", ""]);
    let name = |function| parsed.name_of(FuncIndex::new(function));
    assert_eq!((name(1), name(2)), (Some("bb"), None));
}

#[test]
fn names_of_functions_that_do_not_exist_are_left_out() {
    let names: &[u8] = &[1, 5, 1, 9, 2, b'a', b'a'];
    let wasm = with_sections("(module (func))", &[("name", names)]);
    assert_eq!(parse(&wasm, Features::ALL).expect("a module").names, [""]);
}

#[test]
fn debug_sections_and_producers_are_kept() {
    let producers: &[u8] = &[1, 3, b's', b'd', b'k', 1, 1, b'x', 1, b'2'];
    let sections: [(&str, &[u8]); 3] =
        [(".debug_info", &[1, 2]), ("other", &[3]), ("producers", producers)];
    let wasm = with_sections("(module)", &sections);
    let parsed = parse(&wasm, Features::ALL).expect("a module");
    assert_eq!(parsed.debug_sections, [(".debug_info", &[1, 2][..])]);
    assert_eq!(parsed.producers, ["sdk x 2"]);
}

#[test]
fn files_that_are_no_modules_are_named() {
    let complaint = |bytes: &[u8]| match parse(bytes, Features::ALL) {
        Err(Error::NotWasm(what)) => what,
        _ => panic!("{bytes:?} is no module"),
    };
    assert_eq!(complaint(b""), "the file is empty");
    assert!(complaint(b"\x7fELF\x02").contains("a program of the operating system"));
    assert!(complaint(b"\0asm\x0d\0\x01\0").contains("component"));
    assert!(complaint(b"#!/bin/sh").contains("a program of the operating system"));
    assert!(complaint(b"hello").contains("not a WebAssembly module"));
}
