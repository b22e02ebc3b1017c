//! Inlined bodies, in IR that Cranelift's verifier accepts.

use crate::function::{InlinedBody, Position};
use crate::parse::Body;
use crate::translate::input::{FunctionInput, InlineCall};
use crate::translate::testing::with_module;
use crate::translate::translate;
use cranelift_codegen::ir::{Function, Opcode};
use cranelift_frontend::FunctionBuilderContext;
use precast_artifact::index::{BodyOffset, FuncIndex};
use wasmparser::Operator;

/// Every call in a body of the function with this index.
fn calls_of(body: &Body<'_>, callee: u32) -> Vec<BodyOffset> {
    let start = body.body.range().start;
    let mut reader = body.body.get_operators_reader().unwrap();
    let mut found = Vec::new();
    while !reader.eof() {
        match reader.read_with_offset().unwrap() {
            (
                Operator::Call { function_index } | Operator::ReturnCall { function_index },
                offset,
            ) if function_index == callee => {
                found.push(BodyOffset::new((offset - start) as u32));
            }
            _ => {}
        }
    }
    found
}

/// Translates function 0 of a module with every call of function 1 inlined,
/// into which every call of function 2 is.
fn inlined(text: &str) -> (Function, Vec<InlinedBody>) {
    let wasm = wat::parse_str(text).expect("a module's text");
    with_module(
        &wasm,
        |_| {},
        |module| {
            let all = |caller: &Body<'_>, callee| -> Vec<InlineCall<'_>> {
                let FunctionInput { function, .. } = callee;
                let calls = calls_of(caller, function.get()).into_iter();
                calls.map(|call| InlineCall { call, guess: None, callee }).collect()
            };
            let [first, second, third] = &module.parsed.bodies[..] else {
                panic!("three functions")
            };
            let third = module.input(third, &[]);
            let inner = all(second, third);
            let second = module.input(second, &inner);
            let outer = all(first, second);
            let first = module.input(first, &outer);
            let mut func = Function::new();
            let translated = translate(&first, &mut func, &mut FunctionBuilderContext::new());
            let translated = translated.expect("a translation");
            if let Err(errors) = cranelift_codegen::verify_function(&func, &*module.target.isa) {
                panic!("{errors}\n{func}");
            }
            (func, translated.inlined)
        },
    )
}

/// How many instructions there are of each of these.
fn count<const N: usize>(func: &Function, opcodes: [Opcode; N]) -> [usize; N] {
    let instructions = || func.layout.blocks().flat_map(|block| func.layout.block_insts(block));
    opcodes.map(|opcode| instructions().filter(|i| func.dfg.insts[*i].opcode() == opcode).count())
}

#[test]
fn what_returns_from_an_inlined_body_goes_on_after_the_call() {
    let (func, inlined) = inlined(
        r#"(module
            (func (param i32) (result i32) (local i64)
                (i32.add (i32.const 1) (call 1 (local.get 0) (i64.const 5))))
            (func (param i32 i64) (result i32) (local i32)
                (block (br_if 0 (local.get 0)) (return (i32.const 3)))
                (loop (br_if 1 (i32.const 4) (i64.eqz (local.get 1))) (drop)
                    (local.set 2 (i32.add (local.get 2) (local.get 0)))
                    (br_if 0 (local.get 2)))
                (local.get 2))
            (func))"#,
    );
    // One way out of the function, though the body that is inlined has three.
    assert_eq!(count(&func, [Opcode::Call, Opcode::Return]), [0, 1], "{func}");
    let [InlinedBody { start, function, call, .. }] = inlined[..] else { panic!("{inlined:?}") };
    assert_eq!(function, FuncIndex::new(1));
    assert!(call < start, "the call is in the function's own body");
    let positions = func.srclocs.values().filter(|at| !at.is_default());
    let base = func.params.base_srcloc();
    let inside = positions.filter(|at| at.expand(base).bits() > start.get()).count();
    assert!(inside > 0, "operators of the inlined body have positions beyond the own one");
}

#[test]
fn bodies_are_inlined_into_inlined_ones_each_time_anew() {
    let (func, inlined) = inlined(
        r#"(module
            (func (result i32) (i32.add (call 1 (i32.const 1)) (call 1 (i32.const 2))))
            (func (param i32) (result i32) (i32.mul (call 2 (local.get 0)) (local.get 0)))
            (func (param i32) (result i32) (local i32)
                (local.set 1 (local.get 0)) (local.get 1)))"#,
    );
    assert_eq!(count(&func, [Opcode::Call, Opcode::Imul]), [0, 2], "{func}");
    let functions: Vec<u32> = inlined.iter().map(|body| body.function.get()).collect();
    assert_eq!(functions, [1, 2, 1, 2]);
    // The call of an inner one is in the outer one before it.
    for pair in inlined.chunks(2) {
        assert!(pair[0].start < pair[1].call && pair[1].call < pair[1].start);
    }
    assert!(inlined.is_sorted_by_key(|body| body.start));
    assert_ne!(inlined[0].start, Position::NONE);
}

#[test]
fn a_tail_call_in_an_inlined_body_comes_back_to_the_caller() {
    let (func, _) = inlined(
        r#"(module
            (func (result i32) (i32.add (call 1) (i32.const 1)))
            (func (result i32) (return_call 0))
            (func))"#,
    );
    assert_eq!(count(&func, [Opcode::Call, Opcode::ReturnCall, Opcode::Return]), [1, 0, 1]);
}

#[test]
fn a_tail_call_that_is_inlined_returns() {
    let (func, _) = inlined(
        r#"(module
            (func (param i32) (result i32)
                (if (local.get 0) (then (return_call 1 (i32.const 4)))) (i32.const 9))
            (func (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
            (func))"#,
    );
    assert_eq!(count(&func, [Opcode::Call, Opcode::ReturnCall, Opcode::Return]), [0, 0, 2]);
}

#[test]
fn exceptions_of_an_inlined_body_go_to_the_handler_around_the_call() {
    let (func, _) = inlined(
        r#"(module
            (tag)
            (func (block (try_table (catch_all 0) (call 1))))
            (func (call 0) (throw 0))
            (func))"#,
    );
    assert_eq!(count(&func, [Opcode::Call, Opcode::TryCall]), [0, 1], "{func}");
}

#[test]
fn an_inlined_body_that_never_returns_ends_the_block() {
    let (func, _) = inlined(
        "(module
            (func (result i32) (call 1) (i32.const 1))
            (func (loop (br 0)))
            (func))",
    );
    assert_eq!(count(&func, [Opcode::Return]), [0]);
}
