//! Modules with more code than a call reaches.

use precast_tests::binaries::precast;
use precast_tests::cross::need_cross;
use precast_tests::outcome::run;
use precast_tests::{root, scratch};
use std::process::Command;

/// 140 MiB of aarch64 code, calls across all of it, and a trap in the innermost
/// of 1,837 frames:
///
/// ```sh
/// tests/run --test large -- --ignored
/// ```
#[test]
#[ignore = "compiles and emulates 140 MiB of code: 5 minutes, 2 GiB"]
fn calls_cross_veneers() {
    let machine = need_cross!("aarch64");
    let folder = scratch();
    let (module, artifact) = (folder.path().join("large.wasm"), folder.path().join("large.cwasm"));
    let mut generate = Command::new(env!("CARGO"));
    generate.current_dir(root()).args(["run", "--quiet", "--package", "precast-tests"]);
    generate.args(["--example", "large_module", "--"]).arg(&module).arg("140");
    let expected = run(&mut generate).succeeds().text();
    let mut compile = precast();
    compile.args(["compile", "--quiet", "-O0", "--target", machine.target]).arg(&module);
    run(compile.arg("-o").arg(&artifact)).succeeds();

    let bytes = std::fs::read(&artifact).expect("the artifact");
    assert!(bytes.len() > 130 << 20, "{} bytes", bytes.len());
    let veneers = bytes.windows(8).filter(|window| window == b"_veneer\0").count();
    assert!(veneers > 100, "{veneers} veneers");
    let mut compute = machine.precast_run();
    run(compute.args(["--invoke", "run"]).arg(&artifact).arg("1")).exits(0).prints(expected);
    let mut trap = machine.precast_run();
    run(trap.args(["--invoke", "trap"]).arg(&artifact).arg("1")).exits(134).complains(&[
        "0: wasm[918] ",
        "99: wasm[868] ",
        "... and 1737 more frames",
    ]);
}
