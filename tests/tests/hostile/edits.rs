//! Random edits of components while they are compiled: an artifact or an error,
//! never a panic. `PRECAST_EDITS=100000` makes as many of each component.

use precast_artifact::container::Container;
use precast_compiler::{OptLevel, Options, compile, text_to_binary};
use precast_tests::fixture;
use precast_tests::random::Numbers;
use std::fs;

/// Two components, one of which calls the other with values of many types.
const COMPOSED: &str = r#"(component
    (component $a
        (type $r' (resource (rep i32)))
        (core func $new (canon resource.new $r'))
        (core module $m
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8))
            (func (export "f") (param i32 i32) (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (export $r "r" (type $r'))
        (type $v' (variant (case "a" string) (case "b" (list (option u16))) (case "c")))
        (export $v "v" (type $v'))
        (func (export "f") (param "x" (list (tuple string u64))) (result (list string))
            (canon lift (core func $i "f") (memory (core memory $i "memory"))
                (realloc (core func $i "realloc")))))
    (component $b
        (import "f" (func $f (param "x" (list (tuple string u64))) (result (list string))))
        (core module $l
            (memory (export "memory") 1)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8)))
        (core instance $l (instantiate $l))
        (core func $f (canon lower (func $f) (memory (core memory $l "memory"))
            (realloc (core func $l "realloc")) string-encoding=utf16))
        (core module $m
            (import "" "f" (func $f (param i32 i32 i32)))
            (func (export "g") (call $f (i32.const 0) (i32.const 0) (i32.const 16))))
        (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
        (func (export "g") (canon lift (core func $i "g"))))
    (instance $a (instantiate $a))
    (instance $b (instantiate $b (with "f" (func $a "f"))))
    (export "g" (func $b "g")))"#;

fn components() -> Vec<Vec<u8>> {
    let texts = ["values", "exit", "leaks", "calls-back"].map(|name| {
        fs::read_to_string(fixture(&format!("components/{name}.wat"))).expect("a fixture")
    });
    let texts = texts.iter().map(String::as_str).chain([COMPOSED]);
    texts.map(|text| text_to_binary(text.as_bytes()).expect("a component")).collect()
}

/// Changes a few bytes, removes some, or puts some elsewhere.
fn edited(sound: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = 8 + numbers.below(bytes.len() - 8);
        match numbers.below(5) {
            0 => bytes[at] = numbers.below(256) as u8,
            1 => bytes[at] ^= 1 << numbers.below(8),
            2 => bytes[at] = bytes[at].wrapping_add(1),
            3 => drop(bytes.remove(at)),
            _ => {
                let from = 8 + numbers.below(bytes.len() - 8);
                bytes[at] = bytes[from];
            }
        }
    }
    bytes
}

#[test]
fn edits_of_components_give_artifacts_or_errors() {
    let wanted = std::env::var("PRECAST_EDITS").ok().and_then(|text| text.parse().ok());
    let options = Options { opt_level: OptLevel::None, threads: Some(1), ..Options::default() };
    let (mut compiled, mut refused) = (0, 0);
    for (number, sound) in components().into_iter().enumerate() {
        let mut numbers = Numbers::new(number as u64 + 1);
        for _ in 0..wanted.unwrap_or(300) {
            match compile(&edited(&sound, &mut numbers), &options) {
                Ok(artifact) => {
                    Container::open(&artifact).expect("what was compiled is an artifact");
                    compiled += 1;
                }
                Err(why) => {
                    assert!(!why.to_string().is_empty());
                    refused += 1;
                }
            }
        }
    }
    println!("{compiled} compiled, {refused} refused");
    assert!(compiled > 10 && refused > 100, "{compiled} compiled, {refused} refused");
}
