//! Ruby, 17 MB of WebAssembly, as a library that another module drives, with
//! stubs for its JavaScript host: all of them preloaded. The expected output
//! is Ruby's under wasmtime 48.
//!
//! `fixtures/fetch.sh ruby` fetches it.

use precast_tests::binaries::{kept, precast};
use precast_tests::fixture;
use precast_tests::outcome::run;

#[test]
fn a_script_runs() {
    let module = fixture("real/ruby/dist/ruby.wasm");
    precast_tests::need_that!(module.exists(), "needs ruby: fixtures/fetch.sh ruby");
    let ruby = kept().join("ruby.cwasm");
    if !ruby.exists() {
        run(precast().arg("compile").arg(module).arg("-o").arg(&ruby)).succeeds();
    }
    let bridge = fixture("programs/ruby-bridge.wat");
    let mut command = precast();
    command.arg("run").arg("--dir").arg(format!("{}::/scripts:ro", fixture("scripts").display()));
    for name in ["rb-js-abi-host", "canonical_abi"] {
        command.arg("--preload").arg(format!("{name}={}", bridge.display()));
    }
    command.arg("--preload").arg(format!("ruby={}", ruby.display()));
    command.args(["--env", "SCRIPT=/scripts/inventory.rb"]);
    let expected = fixture("scripts/inventory.expected");
    let expected = std::fs::read_to_string(expected).expect("what is expected");
    run(command.arg(fixture("programs/ruby-main.wat"))).exits(0).prints(expected);
}
