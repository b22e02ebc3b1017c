//! Modules that are made to be costly compile with time, memory and artifacts
//! in proportion to their size.

use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::scratch;
use std::path::Path;
use std::process::Command;

/// Seconds of processor time: many times of what is needed, and a fraction of
/// what the square of the input takes.
const SECONDS: u32 = 60;
const KIB_OF_MEMORY: u32 = 3 << 20;
/// The fast code of a function is larger than other code; images may have
/// 16 MiB of zeros, and as many where pages are filled up.
const ARTIFACT: u64 = 40 << 20;

/// Compiles a module, within limits, to an artifact in `folder`.
fn compile(module: &str, folder: &Path) -> Outcome {
    let (source, artifact) = (folder.join("module.wat"), folder.join("module.cwasm"));
    std::fs::write(&source, module).expect("a writable folder");
    let limits = format!("ulimit -t {SECONDS}; ulimit -v {KIB_OF_MEMORY}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, "sh"]).arg(precast().get_program());
    command.args(["compile", "--jobs", "1", "-o"]).arg(&artifact).arg(&source);
    let outcome = run(&mut command).exits(0);
    let size = std::fs::metadata(&artifact).expect("an artifact").len();
    assert!(size < ARTIFACT, "{size} bytes");
    outcome
}

/// Calls the export `f` of the compiled module with an argument.
fn call(folder: &Path, argument: u32) -> Outcome {
    let mut command = precast();
    command.args(["run", "--invoke", "f"]).arg(folder.join("module.cwasm"));
    run(command.arg(argument.to_string()))
}

#[test]
fn jump_tables_with_many_targets() {
    let folder = scratch();
    // Eight blocks; each ends by returning its number.
    let depths = "0 1 2 3 4 5 6 7 ".repeat(32_768);
    let blocks = "(block ".repeat(8);
    let ends: String = (0..8).map(|number| format!(") (return (i32.const {number}))")).collect();
    let body = format!("{blocks} (br_table {depths} 7 (local.get 0)) {ends}");
    let module = format!("(module (func (export \"f\") (param i32) (result i32) {body}))");
    compile(&module, folder.path());
    call(folder.path(), 262_141).succeeds().prints("5\n");
    call(folder.path(), 300_000).succeeds().prints("7\n");
}

#[test]
fn jump_tables_whose_targets_take_many_values() {
    let folder = scratch();
    let results = "i32 ".repeat(1000);
    let values = "(local.get 0) ".repeat(1000);
    let tables = format!("(br_table {} (local.get 0))", "0 ".repeat(2000));
    let block = format!("(block (result {results}) {values} {tables})");
    let body = format!("{block} {}", "i32.add ".repeat(999));
    let module = format!("(module (func (export \"f\") (param i32) (result i32) {body}))");
    compile(&module, folder.path());
    call(folder.path(), 7).succeeds().prints("7000\n");
}

#[test]
fn data_far_apart() {
    let folder = scratch();
    // A byte in each page of 2 GiB.
    let segment = |page: u32| format!("(data (i32.const {}) \"\\09\")", page << 16);
    let segments: String = (0..32_768).map(segment).collect();
    let load = "(func (export \"f\") (param i32) (result i32) (i32.load8_u (local.get 0)))";
    compile(&format!("(module (memory 32768) {segments} {load})"), folder.path());
    for address in [0, 255 << 16, 32_767 << 16] {
        call(folder.path(), address).succeeds().prints("9\n");
    }
}

#[test]
fn sums_of_many_loads() {
    let folder = scratch();
    let ones = "\\01\\00\\00\\00".repeat(100_000);
    let adds: String = (1..100_000)
        .map(|index| format!("(i32.add (i32.load offset={} (local.get 0)))", 4 * index))
        .collect();
    let body = format!("(i32.load (local.get 0)) {adds}");
    let function = format!("(func $sum (export \"f\") (param i32) (result i32) {body})");
    let module = format!("(module (memory 7) (data (i32.const 0) \"{ones}\") {function})");
    let outcome = compile(&module, folder.path());
    outcome.complains(&["function 0 `sum` has so many values alive at once"]);
    call(folder.path(), 0).succeeds().prints("100000\n");
    call(folder.path(), 4).succeeds().prints("99999\n");
}

#[test]
fn many_nested_ifs() {
    let folder = scratch();
    let step = "(local.set 0 (i32.add (local.get 0) (i32.const 1)))";
    let open = format!("local.get 0 if {step} ").repeat(16_000);
    let body = format!("{open} {} local.get 0", "end ".repeat(16_000));
    let module = format!("(module (func (export \"f\") (param i32) (result i32) {body}))");
    compile(&module, folder.path()).succeeds();
    call(folder.path(), 1).succeeds().prints("16001\n");
    call(folder.path(), 0).succeeds().prints("0\n");
}
