//! The limits of `run`: whatever is used up is named, with the option that sets
//! its limit.

use precast_tests::programs::run_text;

/// A module whose `_start` uses more than the option allows.
#[track_caller]
fn limited(text: &str, option: &str) {
    let name = option.split('=').next().unwrap();
    let complaint = format!("see `{name}`");
    let outcome = run_text(text, &[option], &[]);
    assert_ne!(outcome.code, Some(0), "{option}: {text}");
    outcome.complains(&["the limit on", &complaint]);
}

#[test]
fn time() {
    let text = "(module (func $spin (export \"_start\") (loop (br 0))))";
    let expected = ["wasm trap: interrupted: the deadline has passed", "spin"];
    run_text(text, &["--timeout", "300ms"], &[]).exits(134).complains(&expected);
    limited(text, "--timeout=10ms");
    let text = "(module (func $spin (loop (br 0))) (start $spin))";
    run_text(text, &["--timeout", "0.02"], &[]).exits(134).complains(&expected[..1]);
    run_text(text, &["--timeout", "soon"], &[]).exits(2).complains(&["--timeout", "unknown unit"]);
    let text = "(module (func (export \"_start\")))";
    run_text(text, &["--timeout", "1h"], &[]).succeeds();
}

#[test]
fn growth_that_fails() {
    let memory = "(module (memory 1) (func (export \"_start\")
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then unreachable))))";
    limited(memory, "--max-memory=1MiB");
    let table = "(module (table 1 funcref) (func (export \"_start\")
        (if (i32.eq (table.grow (ref.null func) (i32.const 10)) (i32.const -1))
            (then unreachable))))";
    limited(table, "--max-table-elements=10");
}

#[test]
fn what_an_instance_has() {
    let has = |what: &str| format!("(module {what} (func (export \"_start\")))");
    limited(&has(""), "--max-instances=0");
    limited(&has("(memory 17)"), "--max-memory=1MiB");
    limited(&has("(memory 1) (memory 1)"), "--max-memories=1");
    limited(&has("(memory 1)"), "--max-address-space=1GiB");
    limited(&has("(type (func (param i64)))"), "--max-types=1");
    limited(&has("(table (export \"t\") 1 funcref)"), "--max-tables=0");
    limited(&has("(global (export \"g\") (mut i32) (i32.const 0))"), "--max-globals=0");
}

#[test]
fn stack() {
    limited("(module (func $f (export \"_start\") (call $f) (call $f)))", "--stack-size=64KiB");
}

#[test]
fn exceptions() {
    let throw = "(module (tag $e) (table $kept (export \"t\") 1000 exnref)
        (func (export \"_start\") (local i32)
            (loop (table.set $kept (local.get 0) (block $caught (result exnref)
                    (try_table (result exnref) (catch_all_ref $caught) (throw $e))))
                (br_if 0 (i32.ne (i32.const 1000)
                    (local.tee 0 (i32.add (local.get 0) (i32.const 1))))))))";
    run_text(throw, &["--max-exceptions=1MiB"], &[]).succeeds();
    limited(throw, "--max-exceptions=4KiB");
}

#[test]
fn output() {
    let write = "(module (import \"wasi_snapshot_preview1\" \"fd_write\"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export \"memory\") 1)
        (func (export \"_start\") (i32.store (i32.const 4) (i32.const 1000))
            (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (br 0))))";
    limited(write, "--max-output=10KiB");
    let written = run_text(write, &["--max-output=10KiB"], &[]);
    assert_eq!(written.stdout.len(), 10 << 10);
}
