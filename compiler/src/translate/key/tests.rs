//! What the key of a function depends on.

use super::*;
use crate::function::{DebugUses, OperandUse};
use crate::plan::Constant;
use crate::translate::Debug;
use crate::translate::testing::with_module;
use precast_artifact::index::{BodyOffset, LocalIndex, OperandIndex};
use wasmparser::BranchHint;

/// The key of the last function of a module, with options changed by `change`.
fn key_with(text: &str, change: impl Fn(&mut TranslateOptions)) -> [u8; 32] {
    let wasm = wat::parse_str(text).expect("a module's text");
    with_input(&wasm, change, |input| input.key().expect("a valid body"))
}

fn key(text: &str) -> [u8; 32] {
    key_with(text, |_| {})
}

fn with_input<T>(
    wasm: &[u8],
    change: impl Fn(&mut TranslateOptions),
    then: impl Fn(&FunctionInput<'_>) -> T,
) -> T {
    with_module(wasm, change, |module| {
        let last = module.parsed.bodies.last().expect("a function");
        then(&module.input(last, &[]))
    })
}

/// A module whose last function uses one of everything.
fn module(declarations: &str) -> String {
    format!(
        r#"(module {declarations}
            (func (export "last") (param i32) (result i32)
                (call 0)
                (call_indirect (type 0) (i32.const 0))
                (block (try_table (catch 0 0) (throw 0)))
                (i32.store offset=4 (local.get 0) (global.get 0))
                (i32.load (i32.const 8))))"#
    )
}

const DECLARATIONS: &str = "(type (func)) (func (type 0)) (table 3 funcref) (memory 1)
    (global i32 (i32.const 7)) (tag)";

#[test]
fn equal_inputs_have_equal_keys() {
    assert_eq!(key(&module(DECLARATIONS)), key(&module(DECLARATIONS)));
}

#[test]
fn where_the_function_stands_is_not_in_its_key() {
    // Another name of the function before, another data segment, and a longer
    // body before move the last one in the file.
    let moved = DECLARATIONS.replace("(func (type 0))", "(func $a_name (type 0) nop nop nop)")
        + r#" (data (i32.const 0) "abc") (export "before" (memory 0))"#;
    assert_eq!(key(&module(DECLARATIONS)), key(&module(&moved)));
}

#[test]
fn each_fact_that_the_body_uses_is_in_the_key() {
    let base = key(&module(DECLARATIONS));
    for (from, to) in [
        ("i32.const 7", "i32.const 8"),
        ("(global i32", "(global (export \"g\") (mut i32)"),
        ("(table 3", "(table 4"),
        ("(table 3", "(table (export \"t\") 3"),
        ("(memory 1)", "(memory 2)"),
        ("(memory 1)", "(import \"a\" \"m\" (memory 1))"),
        ("(type (func)) (func", "(type (func)) (type (func (param i64))) (type (func)) (func"),
        ("(tag)", "(tag (export \"e\")) (global i64 (i64.const 0))"),
    ] {
        // Imports come first.
        let (import, declarations) = match to.starts_with("(import") {
            true => (to, DECLARATIONS.replace(from, "")),
            false => ("", DECLARATIONS.replace(from, to)),
        };
        let changed = key(&module(&format!("{import} {declarations}")));
        match from {
            // A type that the body does not name changes nothing; nor does
            // what an export says of a tag.
            "(type (func)) (func" => assert_eq!(base, changed, "{to}"),
            "(tag)" => assert_ne!(base, changed, "{to}: the context is laid out anew"),
            _ => assert_ne!(base, changed, "{from} became {to}"),
        }
    }
}

#[test]
fn facts_that_the_body_does_not_use_are_not() {
    let text = |value: u32| {
        format!(
            "(module (global i32 (i32.const 1)) (global i32 (i32.const {value}))
                (func (result i32) (global.get 0)))"
        )
    };
    assert_eq!(key(&text(2)), key(&text(3)));
}

#[test]
fn options_are_in_the_key() {
    let text = module(DECLARATIONS);
    let changes: [fn(&mut TranslateOptions); 16] = [
        |options| options.br_table_chain = false,
        |options| options.carries = false,
        |options| options.byte_loops = false,
        |options| options.vectors = false,
        |options| options.fold_addresses = false,
        |options| options.loop_addresses = false,
        |options| options.loop_compares = false,
        |options| options.chosen_steps = false,
        |options| options.sum_order = false,
        |options| options.wide_indices = false,
        |options| options.thread_branches = false,
        |options| options.argument_copies = false,
        |options| options.widest_copy = 0,
        |options| options.precise_stores = true,
        |options| options.fuel = true,
        |options| options.debug = Debug::Values,
    ];
    for change in changes {
        assert_ne!(key(&text), key_with(&text, change));
    }
}

#[test]
fn hints_and_what_debug_information_uses_are_in_the_key() {
    let wasm = wat::parse_str(module(DECLARATIONS)).expect("a module's text");
    with_input(
        &wasm,
        |_| {},
        |input| {
            let hint = BranchHint { func_offset: 3, taken: true };
            let hints = [hint];
            let hinted = FunctionInput { hints: &hints, ..*input };
            assert_ne!(input.key().unwrap(), hinted.key().unwrap());
            let (from, to) = (BodyOffset::new(1), BodyOffset::new(2));
            let cold = [from..to];
            let heeded = FunctionInput { cold: &cold, ..*input };
            assert_ne!(input.key().unwrap(), heeded.key().unwrap());
            let constants = [(LocalIndex::new(0), Constant::Bits32(7))];
            let given = FunctionInput { constants: &constants, ..*input };
            assert_ne!(input.key().unwrap(), given.key().unwrap());
            let dense = FunctionInput { never_runs: true, ..*input };
            assert_ne!(input.key().unwrap(), dense.key().unwrap());
            let operand = OperandUse { operand: OperandIndex::new(0), from, to };
            let uses = DebugUses { locals: Vec::new(), operands: vec![operand] };
            let used = FunctionInput { debug_uses: Some(&uses), ..*input };
            assert_ne!(input.key().unwrap(), used.key().unwrap());
        },
    );
}
