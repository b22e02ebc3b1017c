//! Comparisons of floats that are denied, as compilers write branches that NaN takes: no
//! number is made of them, and they decide as before.

use precast_compiler::{Options, text_to_binary};
use precast_loader::{Linker, Store};
use precast_tests::passes::ir;

const CONDITIONS: [&str; 6] = ["eq", "ne", "lt", "gt", "le", "ge"];
const NUMBERS: [f64; 7] = [0.0, -0.0, 1.0, -1.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];

/// Functions that decide by a comparison that is denied: by a branch, by a choice, by
/// denying it twice; and one that gives the number.
fn module(ty: &str, condition: &str) -> Vec<u8> {
    let compared = format!("({ty}.{condition} (local.get 0) (local.get 1))");
    let text = format!(
        r#"(module
            (func (export "branch") (param {ty} {ty}) (result i32)
                (block (br_if 0 (i32.eqz {compared})) (return (i32.const 1)))
                (i32.const 0))
            (func (export "choice") (param {ty} {ty}) (result i32)
                (select (i32.const 0) (i32.const 1) (i32.eqz {compared})))
            (func (export "twice") (param {ty} {ty}) (result i32)
                (if (result i32) (i32.eqz (i32.eqz {compared}))
                    (then (i32.const 1)) (else (i32.const 0))))
            (func (export "number") (param {ty} {ty}) (result i32)
                (i32.sub (i32.const 1) (i32.eqz {compared}))))"#
    );
    text_to_binary(text.as_bytes()).unwrap()
}

fn expected(condition: &str, a: f64, b: f64) -> bool {
    match condition {
        "eq" => a == b,
        "ne" => a != b,
        "lt" => a < b,
        "gt" => a > b,
        "le" => a <= b,
        _ => a >= b,
    }
}

#[test]
fn a_denied_comparison_holds_for_nan_where_it_did_not() {
    for (condition, wide) in CONDITIONS.into_iter().flat_map(|c| [(c, true), (c, false)]) {
        let wasm = module(if wide { "f64" } else { "f32" }, condition);
        let artifact = precast_embed::compile(&wasm, &Options::default()).unwrap();
        let mut store = Store::new(());
        let instance = Linker::<()>::new().instantiate(&mut store, &artifact).unwrap();
        for (a, b) in NUMBERS.into_iter().flat_map(|a| NUMBERS.map(|b| (a, b))) {
            for name in ["branch", "choice", "twice", "number"] {
                let found = match wide {
                    true => {
                        let run = instance.get_typed_func::<(f64, f64), i32>(&store, name).unwrap();
                        run.call(&mut store, (a, b)).unwrap()
                    }
                    false => {
                        let run = instance.get_typed_func::<(f32, f32), i32>(&store, name).unwrap();
                        run.call(&mut store, (a as f32, b as f32)).unwrap()
                    }
                };
                let holds = expected(condition, a, b);
                assert_eq!(found, i32::from(holds), "{name} {condition} {a} {b} {wide}");
            }
        }
    }
}

#[test]
fn no_number_is_made_of_it() {
    for (condition, opposite) in
        CONDITIONS.into_iter().zip(["ne", "eq", "uge", "ule", "ugt", "ult"])
    {
        let ir = ir(&module("f64", condition), &Options::default());
        assert!(!ir.contains("icmp"), "{ir}");
        assert_eq!(ir.matches(&format!("fcmp {opposite} ")).count(), 4, "{ir}");
    }
}
