//! Decisions about small modules.

use super::{Constant, Plan};
use crate::facts::testing::facts_of;
use crate::features::Features;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::{self, Parsed};
use precast_artifact::abi::TableKind;
use precast_artifact::index::{CanonicalTypeIndex, FuncIndex};
use precast_artifact::module::InitStep;

fn with_plan(text: &str, options: &Options, then: impl FnOnce(&Parsed<'_>, &Plan<'_>)) {
    let wasm = wat::parse_str(text).expect("a module's text");
    let parsed = parse::parse(&wasm, Features::ALL).expect("a module");
    then(&parsed, &Plan::new(&parsed, &facts_of(&parsed).module, options).expect("a plan"));
}

fn tables(text: &str, options: &Options) -> Vec<TableKind> {
    let mut kinds = Vec::new();
    with_plan(text, options, |_, plan| kinds.clone_from(&plan.tables));
    kinds
}

fn without(optimisation: Optimisation) -> Options {
    Options { disabled: [optimisation].into(), ..Options::default() }
}

#[test]
fn a_table_is_private_unless_something_else_can_reach_it() {
    use TableKind::{Imported, Private, Public};
    let kind = |table: &str, body: &str| {
        let text = format!(
            "(module (type (func)) {table} (elem (i32.const 0) func 0)
                (func {body}) (export \"e\" (func 0)))"
        );
        tables(&text, &Options::default())[0]
    };
    let call = "(call_indirect (type 0) (i32.const 0))";
    assert_eq!(kind("(table 2 funcref)", call), Private);
    assert_eq!(kind("(table (export \"t\") 2 funcref)", call), Public);
    assert_eq!(kind("(table 2 funcref)", "(drop (table.get 0 (i32.const 0)))"), Public);
    // Large and all but empty.
    assert_eq!(kind("(table 5000 funcref)", call), Public);
    let imported = "(module (import \"h\" \"t\" (table 2 funcref)))";
    assert_eq!(tables(imported, &Options::default()), [Imported]);
    let off = without(Optimisation::PrivateTables);
    assert_eq!(tables("(module (table 2 funcref))", &off), [Public]);
}

#[test]
fn only_globals_that_nothing_can_write_are_constants() {
    let text = r#"(module
        (global i32 (i32.const 1))
        (global (mut i32) (i32.const 2))
        (global (mut i32) (i32.const 3))
        (global (export "g") (mut i32) (i32.const 4))
        (func (global.set 2 (i32.const 9))))"#;
    let one = Some(Constant::Bits32(1));
    with_plan(text, &Options::default(), |_, plan| {
        assert_eq!(plan.constants, [one, Some(Constant::Bits32(2)), None, None]);
    });
    with_plan(text, &without(Optimisation::ConstantGlobals), |_, plan| {
        assert_eq!(plan.constants, [one, None, None, None]);
    });
}

#[test]
fn data_is_laid_out_up_to_the_first_segment_that_may_trap() {
    let text = r#"(module (import "h" "g" (global i32)) (memory 1)
        (data (i32.const 8) "ab") (data (global.get 0) "cd") (data (i32.const 16) "ef"))"#;
    with_plan(text, &Options::default(), |_, plan| {
        assert_eq!(plan.data, [&b""[..], b"cd", b"ef"]);
        assert_eq!(plan.memory.len(), 1);
        assert_eq!((plan.memory[0].address, plan.memory[0].bytes), (8, &b"ab"[..]));
        assert!(matches!(plan.init[..], [InitStep::Data { .. }, InitStep::Data { .. }]));
    });
    with_plan(text, &without(Optimisation::MemoryImage), |_, plan| {
        assert_eq!((plan.memory.len(), plan.init.len()), (0, 3));
    });
}

#[test]
fn data_far_apart_is_not_laid_out() {
    let segments = |distance: u32| -> String {
        let segment = |number: u32| format!("(data (i32.const {}) \"x\")", number * distance);
        (0..1000).map(segment).collect()
    };
    let laid_out = |segments: &str, expected: usize| {
        let text = format!("(module (memory 1024) {segments})");
        with_plan(&text, &Options::default(), |parsed, plan| {
            assert_eq!(plan.memory.len(), expected);
            assert_eq!(plan.init.len(), parsed.data.len() - expected);
        });
    };
    laid_out(&segments(16 << 10), 1000);
    // 16 MiB of blocks of 64 KiB.
    laid_out(&segments(64 << 10), 256);
    // A large segment makes up for some.
    let large = format!("(data (i32.const 0) \"{}\")", "y".repeat(1 << 20));
    laid_out(&(large + &segments(64 << 10)), 1 + 256 + 64);
}

#[test]
fn functions_have_records_where_references_of_them_can_be_held() {
    let text = r#"(module (type (func))
        (func $exported (export "e") (call $private))
        (func $private)
        (func $referred (drop (ref.func $declared)))
        (func $declared) (elem declare func $declared)
        (func $in_table) (table 1 funcref) (elem (i32.const 0) func $in_table)
        (func $started) (start $started))"#;
    with_plan(text, &Options::default(), |_, plan| {
        assert_eq!(plan.funcrefs, [0, 3, 5].map(FuncIndex::new))
    });
    // A table that is no longer private holds references.
    with_plan(text, &without(Optimisation::PrivateTables), |_, plan| {
        assert_eq!(plan.funcrefs, [0, 3, 4, 5].map(FuncIndex::new));
    });
}

#[test]
fn stubs_are_planned_for_the_types_that_cross() {
    let text = r#"(module (import "h" "f" (func (param i32)))
        (type $called (func (param i64))) (table (export "t") 1 funcref)
        (func (export "e") (param f32) (call_indirect (type $called) (i64.const 0) (i32.const 0)))
        (func (param f64)))"#;
    let wasm = wat::parse_str(text).expect("a module's text");
    let parsed = parse::parse(&wasm, Features::ALL).expect("a module");
    let facts = facts_of(&parsed);
    let plan = Plan::new(&parsed, &facts.module, &Options::default()).expect("a plan");
    let params = |ty: CanonicalTypeIndex| format!("{:?}", parsed.types.get(ty).params);
    let entries: Vec<_> = plan.entry_types(&parsed).into_iter().map(params).collect();
    assert_eq!(entries, ["[F32]"]);
    let mut hosts: Vec<_> =
        plan.host_types(&parsed, &facts.module).into_iter().map(params).collect();
    hosts.sort();
    assert_eq!(hosts, ["[I32]", "[I64]"]);
}

#[test]
fn imports_in_private_tables_are_forwarded() {
    let text = r#"(module (import "h" "f" (func)) (import "h" "g" (func))
        (table 2 funcref) (elem (i32.const 0) func 1 2) (func))"#;
    with_plan(text, &Options::default(), |parsed, plan| {
        assert_eq!(
            plan.forwarded_imports(parsed).into_iter().collect::<Vec<_>>(),
            [FuncIndex::new(1)]
        );
    });
}
