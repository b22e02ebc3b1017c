//! Parameters that every call passes the same constant are known where the function
//! is compiled: results stay, and functions that others reach keep their parameters.

use precast_compiler::{Optimisation, Options, passes, text_to_binary};
use precast_loader::{Linker, Store};

const PASS: Optimisation = Optimisation::ConstantArguments;

/// No inlining, which would leave no call.
fn options() -> Options {
    let (enabled, disabled) = ([PASS].into(), [Optimisation::Inline].into());
    Options { enabled, disabled, ..Options::default() }
}

/// How many parameters are found.
fn found(text: &str) -> u64 {
    let wasm = text_to_binary(text.as_bytes()).unwrap();
    let all = passes(&wasm, &options()).unwrap();
    all.iter().find(|pass| pass.optimisation == PASS).unwrap().changed
}

/// What `run` gives, with the pass and without.
fn results(text: &str, argument: i32) -> [i32; 2] {
    let mut without = options();
    without.disabled.insert(PASS);
    [options(), without].map(|options| {
        let wasm = text_to_binary(text.as_bytes()).unwrap();
        let artifact = precast_embed::compile(&wasm, &options).unwrap();
        let mut store = Store::new(());
        let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&store, "run").unwrap();
        run.call(&mut store, argument).unwrap()
    })
}

/// A function of two parameters, which is called with (3, x), and something else.
fn module(rest: &str) -> String {
    format!(
        "(module (table 2 funcref) (elem declare func $other)
            (func $f (param i32 i32) (result i32)
                (local.set 0 (i32.mul (local.get 0) (local.get 1)))
                (if (i32.eq (local.get 0) (i32.const 12)) (then (return (i32.const 99))))
                (local.get 0))
            (func $other)
            (func (export \"run\") (param i32) (result i32)
                (i32.add (call $f (i32.const 3) (local.get 0))
                         (call $f (i32.const 3) (i32.const 5))))
            {rest})"
    )
}

#[test]
fn constants_take_the_place_of_parameters() {
    let text = module("");
    assert_eq!(found(&text), 1);
    assert_eq!(results(&text, 7), [36, 36]);
    assert_eq!(results(&text, 4), [114, 114], "the parameter is written");
}

#[test]
fn functions_that_others_reach_keep_their_parameters() {
    for rest in [
        "(export \"f\" (func $f))",
        "(elem (i32.const 0) $f)",
        "(func (export \"g\") (result funcref) (ref.func $f)) (elem declare func $f)",
        "(global (export \"h\") funcref (ref.func $f))",
        "(func (export \"t\") (result i32) (return_call $f (i32.const 3) (i32.const 1)))",
        "(func (export \"u\") (result i32) (call $f (i32.const 4) (i32.const 1)))",
        "(func (export \"v\") (param i32) (result i32) (call $f (local.get 0) (i32.const 1)))",
    ] {
        let text = module(rest);
        assert_eq!(found(&text), 0, "{rest}");
        assert_eq!(results(&text, 7), [36, 36], "{rest}");
    }
}

/// Functions with the same body are compiled once only if they are given the same.
#[test]
fn the_same_body_with_another_constant_is_another_function() {
    let text = "(module
        (func $a (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
        (func $b (param i32) (result i32) (i32.mul (local.get 0) (local.get 0)))
        (func (export \"run\") (param i32) (result i32)
            (i32.add (call $a (i32.const 3)) (call $b (i32.const 10)))))";
    assert_eq!(found(text), 2);
    assert_eq!(results(text, 0), [109, 109]);
}
