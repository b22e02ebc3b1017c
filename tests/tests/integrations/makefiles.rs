//! GNU make, and CMake with Ninja.

use super::{edit, staged, tool, touch};
use precast_tests::need;
use std::fs;

#[test]
fn make_compiles_what_has_changed() {
    need!("make");
    let folder = staged();
    let at = folder.path().join("make");
    let compiled = |args: &[&str]| tool(&at, "make", args).text().matches("compile -q").count();
    assert_eq!(compiled(&["-j2"]), 3);
    assert_eq!(compiled(&[]), 0);
    touch(&folder.path().join("src/two.wat"));
    assert_eq!(compiled(&[]), 1);
    // What precast has not written again counts as made all the same.
    assert_eq!(compiled(&[]), 0);
    fs::remove_file(at.join("out/one.cwasm")).expect("removed");
    assert_eq!(compiled(&[]), 1);
}

#[test]
fn cmake_and_ninja_compile_what_has_changed() {
    let (_, _) = (need!("cmake"), need!("ninja"));
    let folder = staged();
    let at = folder.path().join("cmake");
    tool(&at, "cmake", &["-G", "Ninja", "-B", "build"]);
    let build = || tool(&at, "cmake", &["--build", "build", "-v"]).text();
    assert_eq!(build().matches("compile -q").count(), 6);
    assert!(build().contains("no work to do"));
    edit(&folder.path().join("src/two.wat"));
    // For two targets.
    assert_eq!(build().matches("compile -q").count(), 2);
    assert!(build().contains("no work to do"));
    touch(&folder.path().join("src/one.wat"));
    assert_eq!(build().matches("compile -q").count(), 2);
    assert!(build().contains("no work to do"));
    let made = at.join("build/modules/aarch64-unknown-linux-gnu/two.cwasm");
    assert!(fs::read(made).expect("an artifact").starts_with(b"\x7fELF"));
}
