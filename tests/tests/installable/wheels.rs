//! The packages for Python: the commands, packed by maturin, and the library with
//! the bindings, packed by setuptools.

use crate::{clean, commands_work};
use precast_tests::outcome::run;
use precast_tests::{binaries, fixture, need, need_that, root, scratch};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Stands for cargo when maturin asks it for a command: gives a copy of the one
/// under test, since maturin moves what it is given. Alone, the command would select
/// other features, and Cranelift be built anew.
const CARGO: &str = r#"#!/bin/bash
[ "$1" = rustc ] || exec "$REAL_CARGO" "$@"
while [ "$1" != --bin ]; do shift; done
cp "$BUILT/$2" "$COPIES/$2"
"$REAL_CARGO" build --package precast-cli --bins --package precast-tests --tests --offline \
    --manifest-path "$MANIFEST" --profile "$PROFILE" --target-dir "$(dirname "$BUILT")" \
    --message-format json | grep -F "\"executable\":\"$BUILT/$2\"" |
    sed "s,\"$BUILT/$2\",\"$COPIES/$2\",g"
echo '{"reason":"build-finished","success":true}'
"#;

/// Packs the commands.
fn pack_commands(maturin: &Path, out: &Path) {
    let work = scratch();
    let cargo = work.path().join("cargo");
    fs::write(&cargo, CARGO).expect("a file");
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).expect("allowed");
    let built = binaries::folder();
    let profile = if built.ends_with("debug") { "dev" } else { "release" };
    let mut command = Command::new(maturin);
    command.current_dir(root().join("packages/python")).args(["build", "--profile", profile]);
    command.args(["--offline", "--compatibility", "linux", "--auditwheel", "skip"]);
    command.arg("--target-dir").arg(work.path().join("target")).arg("-o").arg(out);
    command.env("CARGO", &cargo).env("REAL_CARGO", env!("CARGO")).env("PROFILE", profile);
    command.env("BUILT", built).env("COPIES", work.path());
    command.env("MANIFEST", root().join("Cargo.toml")).env("MATURIN_STRIP", "false");
    run(&mut command).exits(0);
}

/// Packs the bindings, from a copy: setuptools writes beside its sources.
fn pack_bindings(setuptools: &Path, out: &Path) {
    let copy = scratch();
    let mut cp = Command::new("cp");
    run(cp.arg("-r").arg(root().join("bindings/python/.")).arg(copy.path())).succeeds();
    let mut pip = Command::new("python3");
    pip.current_dir(&copy).args(["-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]);
    pip.args(["--disable-pip-version-check", "--no-index", "-q", "-w"]).arg(out).arg(".");
    pip.env("PYTHONPATH", setuptools);
    let library = binaries::library().with_extension("so");
    run(pip.env("PRECAST_LIBRARY", library)).exits(0);
}

/// A Python of its own with the wheels of a folder installed; its programs.
fn environment(at: &Path, wheels: &Path) -> PathBuf {
    let mut venv = Command::new("python3");
    run(venv.args(["-m", "venv", "--without-pip"]).arg(at)).exits(0);
    let wheels = fs::read_dir(wheels).expect("a folder").flatten().map(|entry| entry.path());
    let wheels: Vec<_> = wheels.filter(|w| w.extension().is_some_and(|e| e == "whl")).collect();
    assert_eq!(wheels.len(), 2, "{wheels:?}");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "--python"]).arg(at.join("bin/python"));
    pip.args(["--disable-pip-version-check", "install", "-q", "--no-index", "--no-deps"]);
    run(pip.args(wheels).env("PIP_ROOT_USER_ACTION", "ignore")).exits(0);
    at.join("bin")
}

/// A plugin that is compiled and run in one program.
const PROGRAM: &str = r#"
import pathlib, precast, sys

text = b'(module (func (export "double") (param i64) (result i64) \
    (i64.add (local.get 0) (local.get 0))))'
pathlib.Path("plugin.wat").write_bytes(text)
for module in (text, "plugin.wat", pathlib.Path("plugin.wat")):
    code = precast.compile(module, options=["-O1"])
    assert precast.Artifact.from_bytes(code).instantiate().double(21) == 42
other = precast.compile(text, target="aarch64-unknown-linux-gnu")
assert other[18:20] == b"\xb7\x00" and other != code
try:
    precast.compile(b"\0asm\x01\0\0\0\x0a\x05")
except precast.CompileError as error:
    print(error.offset, error)
try:
    precast.compile(text, cpu="nonsense")
except precast.CompileError as error:
    print(error)
assert pathlib.Path(precast.__file__).is_relative_to(sys.prefix)
"#;

#[test]
fn wheels_are_built_and_installed() {
    need!("python3");
    let (maturin, setuptools) = (fixture("real/maturin/bin/maturin"), fixture("real/setuptools"));
    need_that!(maturin.exists(), "needs maturin: fixtures/fetch.sh maturin");
    need_that!(setuptools.exists(), "needs setuptools: fixtures/fetch.sh setuptools");
    let folder = scratch();
    let wheels = folder.path().join("wheels");
    fs::create_dir(&wheels).expect("a folder");
    pack_commands(&maturin, &wheels);
    pack_bindings(&setuptools, &wheels);
    let bin = environment(&folder.path().join("environment"), &wheels);
    commands_work(&bin);
    let home = scratch();
    let mut python = clean(bin.join("python"), &bin, home.path());
    let said = run(python.args(["-c", PROGRAM])).succeeds().text();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("1"), "{said}");
    assert!(said.contains("nonsense"), "{said}");
}
