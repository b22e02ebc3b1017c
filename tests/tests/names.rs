//! Names of modules in what commands print: readable, and without power over the
//! terminal.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::scratch;
use std::fs;

/// `core::panicking::panic` and a method, as Rust compilers encode them.
const LEGACY: &str = "_ZN4core9panicking5panic17h0123456789abcdefE";
const V0: &str = "_RNvNtCs1234_7mycrate3foo3bar";

#[test]
fn control_characters_of_names_reach_no_terminal() {
    let folder = scratch();
    let (module, artifact) = (folder.path().join("m.wat"), folder.path().join("m.cwasm"));
    let text = "(module (@name \"mod\\u{1b}[2J\")
        (import \"env\\u{1b}[31m\" \"f\\u{202e}\" (func))
        (func (@name \"evil\\u{9b}1m\") (export \"run\\u{7}\") unreachable))";
    fs::write(&module, text).expect("a file");
    run(precast().args(["compile", "-q", "-o"]).arg(&artifact).arg(&module)).succeeds();
    let shown = run(precast().arg("inspect").arg(&artifact)).succeeds().text();
    assert!(shown.contains("run\\u{7}") && shown.contains("evil\\u{9b}1m"), "{shown}");
    let ran = run(precast_run().arg("--unknown-imports=zero").arg(&artifact));
    let other = folder.path().join("other.cwasm");
    run(precast().args(["compile", "-q", "-O0", "-o"]).arg(&other).arg(&module)).succeeds();
    let differ = run(precast().arg("diff").arg(&artifact).arg(&other)).exits(1);
    for text in [shown, ran.stderr, differ.text()] {
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.chars().any(acts), "{text:?}");
    }
}

/// Also with `-g`, where symbols stay as debuggers want them.
#[test]
fn names_of_rust_are_readable_in_reports() {
    let folder = scratch();
    let (module, artifact) = (folder.path().join("m.wat"), folder.path().join("m.cwasm"));
    let text = format!(
        "(module (global $g (export \"g\") (mut i32) (i32.const 0))
            (func ${LEGACY} (export \"kept\") unreachable)
            (func ${V0} (export \"_start\")
                (global.set $g (i32.const 1)) (call ${LEGACY})))"
    );
    fs::write(&module, text).expect("a file");
    for options in [&["-q"][..], &["-q", "-g", "-O0"], &["-q", "-g"]] {
        run(precast().args(["compile", "-o"]).arg(&artifact).args(options).arg(&module)).exits(0);
        for mut command in [precast(), precast_run()] {
            let outcome = run(command.arg(&artifact)).exits(134);
            let outcome = outcome.complains(&["core::panicking::panic (", "mycrate::foo::bar ("]);
            assert!(!outcome.stderr.contains("_ZN") && !outcome.stderr.contains("_RN"));
        }
        let shown = run(precast().arg("inspect").arg(&artifact)).succeeds().text();
        assert!(shown.contains("] core::panicking::panic\n"), "{options:?}\n{shown}");
    }
}

#[test]
fn frames_of_modules_without_a_name_name_the_file() {
    let folder = scratch();
    let text = "(module (func (export \"_start\") unreachable))";
    let (module, artifact) = (folder.path().join("plain.wat"), folder.path().join("plain.cwasm"));
    fs::write(&module, text).expect("a file");
    run(precast().arg("run").arg(&module)).exits(134).complains(&["0: wasm[0] (plain.wat)"]);
    run(precast().args(["compile", "-q", "-o"]).arg(&artifact).arg(&module)).succeeds();
    let mut whole = precast();
    whole.arg("run");
    for mut command in [whole, precast_run()] {
        run(command.arg(&artifact)).exits(134).complains(&["0: wasm[0] (plain.cwasm)"]);
    }
    let named = text.replace("(module", "(module $shown");
    fs::write(&module, named).expect("a file");
    run(precast().arg("run").arg(&module)).exits(134).complains(&["0: wasm[0] (shown)"]);
}
