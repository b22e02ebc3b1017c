//! cargo: a build script that uses the compiler as a crate.

use super::{staged, touch};
use precast_tests::outcome::run;
use precast_tests::{binaries, root};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Builds the example, and gives how often its build script was run.
fn build(at: &Path, target: &Path) -> usize {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(at).args(["build", "--offline", "-v", "--target-dir"]).arg(target);
    let said = run(&mut cargo).exits(0).stderr;
    let script = |line: &&str| line.contains("/modules-") && line.ends_with("build-script-build`");
    said.lines().filter(script).count()
}

/// The compiler is built for it once and kept: a build script has it with other
/// features, and without optimisations.
#[test]
fn a_build_script_compiles_what_has_changed() {
    let folder = staged();
    let at = folder.path().join("cargo");
    let manifest = fs::read_to_string(at.join("Cargo.toml")).expect("the manifest");
    let ours = format!("\"{}/", root().display());
    fs::write(at.join("Cargo.toml"), manifest.replace("\"../../../", &ours)).expect("a file");
    // The versions that are here already.
    fs::copy(root().join("Cargo.lock"), at.join("Cargo.lock")).expect("a copy");
    let target = binaries::folder().join("precast-tests-cargo");
    build(&at, &target);
    // What an earlier run has left does not count.
    touch(&folder.path().join("src/one.wat"));
    assert_eq!(build(&at, &target), 1);
    assert_eq!(build(&at, &target), 0);
    let program = || run(&mut Command::new(target.join("debug/modules")));
    program().exits(1);
    let one = folder.path().join("src/one.wat");
    let text = fs::read_to_string(&one).expect("a module");
    fs::write(&one, text.replace("i32.const 1", "i32.const 11")).expect("a file");
    touch(&one);
    assert_eq!(build(&at, &target), 1);
    assert_eq!(build(&at, &target), 0);
    program().exits(11);
}
