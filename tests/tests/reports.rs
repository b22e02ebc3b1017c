//! What commands tell: timings, notes, `inspect`, completions, `wast`.

use precast_tests::binaries::precast;
use precast_tests::outcome::{run, run_with_input};
use precast_tests::programs::{compiled, file, program};
use precast_tests::scratch;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn timings_name_every_stage() {
    let outcome =
        run(precast().args(["compile", "--timings", "-o", "-"]).arg(program("hello.wat")));
    outcome.exits(0).complains(&[
        "parse",
        "facts",
        "plan",
        "compile",
        "place",
        "emit",
        " ms",
        "1 functions",
    ]);
}

#[test]
fn a_note_says_what_a_portable_baseline_costs() {
    let folder = scratch();
    let vectors = "(module (func (export \"f\") (param v128) (result v128) \
                   (i32x4.add (local.get 0) (v128.const i32x4 1 2 3 4))))";
    let vectors = file(&folder, "vectors.wat", vectors);
    let compile = |options: &[&str]| {
        let mut command = precast();
        command.args(["compile", "--target", "x86_64-unknown-linux-gnu", "-o", "-"]);
        run(command.args(options).arg(&vectors)).exits(0).stderr
    };
    assert!(compile(&[]).contains("--cpu x86-64-v3"));
    assert_eq!(compile(&["--quiet"]), "");
    assert_eq!(compile(&["--cpu", "x86-64-v3"]), "");
    let scalars = run(precast().args(["compile", "-o", "-"]).arg(program("hello.wasm")));
    scalars.succeeds();
}

#[test]
fn inspect_describes_an_artifact() {
    let folder = scratch();
    let artifact = compiled(&folder, "client.wat", &["--target", "riscv64gc-unknown-linux-gnu"]);
    let report = run(precast().args(["inspect", "--json"]).arg(&artifact)).succeeds();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(report["target"], "riscv64gc-unknown-linux-gnu");
    assert_eq!(report["size"], fs::metadata(&artifact).expect("the artifact").len());
    assert_eq!(report["source_sha256"].as_str().map(str::len), Some(64));
    let module = &report["modules"][0];
    let list = |key: &str| -> Vec<String> {
        let items = module[key].as_array().expect("a list").iter();
        items
            .map(|i| format!("{} {}", i["name"].as_str().unwrap(), i["type"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(
        list("imports"),
        [
            "apply function (i32, i32) -> (i32)",
            "sum function (i64, i64) -> (i64)",
            "memory memory 1.. pages",
            "operations table 4.. funcref",
            "version global i32",
            "calls global mut i32",
        ]
    );
    let may_block = |import: &serde_json::Value| import["may_block"].as_bool();
    let blocking: Vec<_> = module["imports"].as_array().unwrap().iter().map(may_block).collect();
    assert_eq!(blocking, [Some(true), Some(true), None, None, None, None]);
    let exports = list("exports");
    assert!(exports.contains(&"sum function (i64, i64) -> (i64)".to_owned()), "{exports:?}");
    assert_eq!(exports.len(), 7);
    let sections = report["sections"].as_array().expect("sections");
    let size: u64 = sections.iter().map(|s| s["size"].as_u64().expect("a size")).sum();
    assert!(size < fs::metadata(&artifact).expect("the artifact").len());
    assert!(sections.iter().any(|s| s["name"] == ".text" && s["mapped"] == true));
    let largest = report["largest_functions"].as_array().expect("functions");
    assert!(largest.is_sorted_by(|a, b| a["size"].as_u64() >= b["size"].as_u64()));
    assert_eq!(largest.len(), 8);
    // The same for people.
    let text = run(precast().args(["inspect", "--largest", "2"]).arg(&artifact)).succeeds().text();
    for part in [
        "riscv64gc",
        "library sum: function (i64, i64) -> (i64), may block",
        "export letter:",
        ".text",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn inspect_refuses_what_is_no_artifact() {
    let folder = scratch();
    run(precast().arg("inspect").arg(program("hello.wasm"))).exits(1).complains(&["hello.wasm"]);
    let artifact = fs::read(compiled(&folder, "hello.wasm", &[])).expect("the artifact");
    let cut = file(&folder, "cut.cwasm", &artifact[..5000]);
    run(precast().arg("inspect").arg(cut)).exits(1).complains(&["cut.cwasm"]);
}

#[test]
fn completions_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(precast().args(["completions", shell])).succeeds().text();
        for word in ["compile", "inspect", "argv0"] {
            assert!(script.contains(word), "{word} for {shell}");
        }
    }
    let script = run(precast().args(["completions", "bash"])).succeeds();
    run_with_input(Command::new("bash").args(["-n"]), &script.stdout).succeeds();
}

#[test]
fn wast_counts_assertions_and_fails_with_them() {
    let folder = scratch();
    let module = "(module (func (export \"one\") (result i32) (i32.const 1)))\n";
    let good = "(assert_return (invoke \"one\") (i32.const 1))\n\
                (assert_invalid (module (func (result i32))) \"type mismatch\")\n";
    let bad = "(assert_return (invoke \"one\") (i32.const 2))\n";
    let good_file = file(&folder, "good.wast", format!("{module}{good}"));
    let bad_file = file(&folder, "bad.wast", format!("{module}{good}{bad}"));
    let wast = |files: &[&PathBuf]| run(precast().current_dir(&folder).arg("wast").args(files));
    let text = wast(&[&good_file]).succeeds().text();
    assert!(text.ends_with("total: 3 passed, 0 failed\n"), "{text}");
    let text = wast(&[&good_file, &bad_file]).exits(1).text();
    for part in ["good.wast: 3 passed, 0 failed", "bad.wast: 3 passed, 1 failed", "bad.wast:4:"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(text.ends_with("total: 6 passed, 1 failed\n"), "{text}");
}
