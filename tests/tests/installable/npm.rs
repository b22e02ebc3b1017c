//! The npm packages: one that finds the programs, and one with those of this
//! machine.

use crate::{clean, commands_work};
use precast_tests::outcome::run;
use precast_tests::{binaries, need, root, scratch};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Installs packages into a folder, without a registry.
fn install(folder: &Path, packages: &[&Path]) {
    fs::write(folder.join("package.json"), "{ \"private\": true }").expect("a file");
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args(["install", "--offline", "--no-audit", "--no-fund"]);
    run(npm.args(packages)).exits(0);
}

#[test]
fn npm_packages_are_built_and_installed() {
    need!("npm");
    let packed = scratch();
    let mut node = Command::new("node");
    node.arg(root().join("packages/npm/pack.js")).arg(binaries::folder()).arg(packed.path());
    run(&mut node).succeeds();
    let made = fs::read_dir(packed.path()).expect("a folder").flatten();
    let mut made: Vec<_> = made.map(|entry| entry.path()).collect();
    made.sort();
    let [main, machine] = &made[..] else { panic!("{made:?}") };
    let folder = scratch();
    install(folder.path(), &[main, machine]);
    let bin = folder.path().join("node_modules/.bin");
    commands_work(&bin);
    let mut node = clean("node", &bin, folder.path());
    node.args(["-p", "require('precast').path('precast-run')"]);
    let path = run(&mut node).succeeds().text();
    assert!(Path::new(path.trim_end()).starts_with(folder.path()), "{path}");
    // A signal ends both.
    let mut node = clean("sh", &bin, folder.path());
    fs::write(folder.path().join("spin.wat"), SPIN).expect("a file");
    let script = "precast run spin.wat & sleep 1; kill -TERM $!; wait $!; echo $?";
    run(node.args(["-c", script])).prints("143\n");

    // Without the programs it says what is missing.
    let alone = scratch();
    install(alone.path(), &[main]);
    let bin = alone.path().join("node_modules/.bin");
    let mut node = clean(bin.join("precast"), &bin, alone.path());
    run(&mut node).exits(1).complains(&["@precast/linux-", "is not installed"]);
}

const SPIN: &str = "(module (func (export \"_start\") (loop (br 0))))";
