//! A runner that found no failures would prove nothing: directives that must
//! fail, and why.

use super::{Script, ScriptReport, Settings, run_scripts};
use precast_compiler::{Features, Options};

fn run(text: &str) -> ScriptReport {
    let options = Options { features: Features::WASM2, ..Options::default() };
    let leave_out = |wasm: &[u8]| wasm.windows(8).any(|bytes| bytes == b"left out");
    let settings = Settings { options, jobs: 2, print: false, runner: Vec::new(), leave_out };
    let scripts = [Script { name: "test".to_owned(), text: text.to_owned() }];
    let mut reports = Vec::new();
    run_scripts(&scripts, &settings, &mut |_, report| reports.push(report));
    reports.pop().expect("one script, one report")
}

/// What failed in a script, with lines.
fn failures(text: &str) -> Vec<String> {
    run(text).failures.into_iter().map(|f| format!("{}: {}", f.line, f.message)).collect()
}

const MODULE: &str = r#"(module $m
    (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1)))
    (func (export "nan") (result f32) (f32.const nan:0x200000))
    (func (export "lanes") (result v128) (v128.const i32x4 1 2 3 4))
    (func (export "null") (result externref) (ref.null extern))
    (func (export "same") (param externref) (result externref) (local.get 0))
    (func (export "divide") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
    (func $deep (export "deep") (call $deep))
    (global (export "g") i64 (i64.const 7)))
"#;

/// Runs one directive after [`MODULE`]; it fails with this message.
#[track_caller]
fn fails(directive: &str, message: &str) {
    let report = run(&format!("{MODULE}{directive}"));
    assert_eq!(report.passed, 1, "{directive}");
    let messages: Vec<_> = report.failures.into_iter().map(|failure| failure.message).collect();
    assert_eq!(messages, [message], "{directive}");
}

#[track_caller]
fn passes(directive: &str) {
    let report = run(&format!("{MODULE}{directive}"));
    assert!(report.failures.is_empty(), "{directive}: {:?}", report.failures);
    assert_eq!(report.passed, 2);
}

#[test]
fn wrong_results_are_found() {
    passes(r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 3))"#);
    fails(
        r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i32.const 4))"#,
        "`add`: expected i32 4, got i32 3",
    );
    fails(
        r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)))"#,
        "`add`: expected nothing, got i32 3",
    );
    fails(
        r#"(assert_return (invoke "add" (i32.const 1) (i32.const 2)) (i64.const 3))"#,
        "`add`: expected i64 3, got i32 3",
    );
    passes(r#"(assert_return (get $m "g") (i64.const 7))"#);
    fails(r#"(assert_return (get "g") (i64.const 8))"#, "global `g`: expected i64 8, got i64 7");
}

#[test]
fn wrong_patterns_are_found() {
    fails(
        r#"(assert_return (invoke "nan") (f32.const nan:canonical))"#,
        "`nan`: expected f32 a canonical NaN, got f32 NaN (0x7fa00000)",
    );
    passes(
        r#"(assert_return (invoke "lanes") (v128.const i64x2 0x0000000200000001 0x0000000400000003))"#,
    );
    fails(
        r#"(assert_return (invoke "lanes") (v128.const i32x4 1 2 3 5))"#,
        "`lanes`: expected v128 0x00000005000000030000000200000001, \
         got v128 0x00000004000000030000000200000001",
    );
    passes(r#"(assert_return (invoke "null") (ref.null extern))"#);
    fails(
        r#"(assert_return (invoke "null") (ref.extern 1))"#,
        "`null`: expected RefExtern(Some(1)), got null host value",
    );
    passes(r#"(assert_return (invoke "same" (ref.extern 1)) (ref.extern 1))"#);
    passes(r#"(assert_return (invoke "same" (ref.extern 1)) (either (ref.null) (ref.extern 1)))"#);
    fails(
        r#"(assert_return (invoke "same" (ref.extern 1)) (ref.extern 2))"#,
        "`same`: expected RefExtern(Some(2)), got host value 1",
    );
}

#[test]
fn wrong_traps_are_found() {
    passes(r#"(assert_trap (invoke "divide" (i32.const 0)) "integer divide by zero")"#);
    fails(
        r#"(assert_trap (invoke "divide" (i32.const 1)) "integer divide by zero")"#,
        "expected a trap `integer divide by zero`, got i32 1",
    );
    let report = run(&format!(
        "{MODULE}(assert_trap (invoke \"divide\" (i32.const 0)) \"integer overflow\")"
    ));
    let expected =
        "expected a trap `integer overflow`, got error: wasm trap: integer divide by zero";
    assert!(report.failures[0].message.starts_with(expected), "{:?}", report.failures);
    passes(r#"(assert_exhaustion (invoke "deep") "call stack exhausted")"#);
    fails(
        r#"(assert_exhaustion (invoke "divide" (i32.const 1)) "call stack exhausted")"#,
        "expected a trap `call stack exhausted`, got i32 1",
    );
}

#[test]
fn missing_exceptions_are_found() {
    fails(
        r#"(assert_exception (invoke "add" (i32.const 1) (i32.const 2)))"#,
        "`add`: expected an exception, got i32 3",
    );
    let directive = r#"(assert_exception (invoke "divide" (i32.const 0)))"#;
    let report = run(&format!("{MODULE}{directive}"));
    let expected = "`divide`: expected an exception, got error: wasm trap: integer divide by zero";
    assert!(report.failures[0].message.starts_with(expected), "{:?}", report.failures);
}

#[test]
fn accepted_modules_that_must_not_be_are_found() {
    fails(
        r#"(assert_invalid (module (func (result i32) (i32.const 1))) "type mismatch")"#,
        "expected `type mismatch`, but it compiled",
    );
    fails(
        r#"(assert_malformed (module quote "(func)") "unexpected token")"#,
        "expected `unexpected token`, but it compiled",
    );
    passes(r#"(assert_malformed (module quote "(func") "unexpected token")"#);
    passes(r#"(assert_unlinkable (module (import "m" "f" (func))) "unknown import")"#);
    fails(
        r#"(assert_unlinkable (module (import "spectest" "print" (func))) "unknown import")"#,
        "expected `unknown import`, but it linked",
    );
    let message = r#"expected `unknown import`, got imports are not satisfied:
    spectest.print: function (i32) -> (): found function () -> ()"#;
    fails(
        r#"(assert_unlinkable (module (import "spectest" "print" (func (param i32)))) "unknown import")"#,
        message,
    );
}

#[test]
fn a_module_that_fails_is_not_replaced_by_the_one_before() {
    let text = format!(
        "{MODULE}(module (import \"nowhere\" \"f\" (func)))\n(invoke \"add\" (i32.const 1) (i32.const 2))"
    );
    let found = failures(&text);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1], "12: there is no instance");
}

#[test]
fn instances_are_imported_from_by_their_names() {
    let user = r#"(module (import "m" "add" (func $add (param i32 i32) (result i32)))
        (func (export "five") (result i32) (call $add (i32.const 2) (i32.const 3))))"#;
    let call = r#"(assert_return (invoke "five") (i32.const 5))"#;
    assert_eq!(failures(&format!("{MODULE}{user}{call}")), [""; 0]);
    // A registered instance hides one whose name in the script is the same.
    let other = r#"(module $other (func (export "f"))) (register "m" $other)"#;
    let found = failures(&format!("{MODULE}{other}{user}"));
    assert!(found.len() == 1 && found[0].contains("m.add"), "{found:?}");
    let left_out = r#"(module $m (func (export "left out")))
        (module (import "m" "left out" (func)))"#;
    assert_eq!(run(left_out).left_out, 2);
}

#[test]
fn spectest_has_a_table_for_each_kind_of_index() {
    let text = r#"(module (import "spectest" "table64" (table i64 10 20 funcref))
        (func (export "size") (result i64) (table.size 0)))
        (assert_return (invoke "size") (i64.const 10))"#;
    let options = Options::default();
    let leave_out = |_: &[u8]| false;
    let settings = Settings { options, jobs: 1, print: false, runner: Vec::new(), leave_out };
    let scripts = [Script { name: "test".to_owned(), text: text.to_owned() }];
    run_scripts(&scripts, &settings, &mut |_, report| {
        assert!(report.failures.is_empty() && report.passed == 2, "{:?}", report.failures);
    });
}

#[test]
fn scripts_that_do_not_parse_fail_with_their_line() {
    assert_eq!(failures("(module)\n(assert_nothing)").len(), 1);
    assert!(failures("(module)\n(assert_nothing)")[0].starts_with("2: "));
}

#[test]
fn what_is_not_supported_fails() {
    fails("(thread $t)", "`thread` is not supported");
    fails("(wait $t)", "`wait` is not supported");
}

#[test]
fn what_depends_on_a_module_left_out_is_left_out() {
    let report = run(r#"(module $a (func (export "left out")))
        (assert_return (invoke "left out"))
        (register "a")
        (module $b (import "a" "left out" (func)))
        (assert_return (invoke $a "left out"))
        (module (func (export "f")))
        (assert_return (invoke "f"))
        (assert_return (invoke $c "f"))"#);
    assert_eq!((report.left_out, report.passed, report.failures.len()), (5, 2, 1));
}
