//! Clang 22, 75 MB of WebAssembly, compiled ahead of time; then it builds C
//! and C++ programs, which are compiled ahead of time, and run. No other
//! compiler is in the chain.
//!
//! `fixtures/fetch.sh clang` fetches it. One artifact is all the tools: what
//! it does depends on its argument 0.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::clang::need_clang;
use precast_tests::outcome::run;
use precast_tests::{fixture, run_file, scratch};
use std::fs;
use std::path::Path;

/// Compiles a module and follows a `.run` file with it.
fn compile_and_follow(module: &Path, name: &str) {
    let artifact = module.with_extension("cwasm");
    run(precast().arg("compile").arg(module).arg("-o").arg(&artifact)).exits(0);
    run_file::follow(&fixture("programs").join(name), &artifact, &precast_run);
}

#[test]
fn tells_its_version() {
    let clang = need_clang!().here();
    let folder = scratch();
    let version = clang.tool("clang", folder.path(), &["--version"]).succeeds().text();
    assert!(version.starts_with("clang version 22."), "{version}");
    assert!(version.contains("Target: wasm32-unknown-wasip1"), "{version}");
    let linker = clang.tool("wasm-ld", folder.path(), &["--version"]).succeeds().text();
    assert!(linker.starts_with("LLD 22."), "{linker}");
}

#[test]
fn builds_a_c_program_that_runs() {
    let clang = need_clang!().here();
    let folder = scratch();
    let options = ["-std=gnu17", "-Wall", "-Wextra", "-Werror"];
    let module = clang.build("clang", "words.c", &options, folder.path());
    let symbols = clang.tool("llvm-nm", folder.path(), &["/work/program.o"]).succeeds().text();
    assert!(symbols.lines().any(|line| line.ends_with(" t by_count")), "{symbols}");
    compile_and_follow(&module, "words.run");
}

#[test]
fn builds_a_cpp_program_that_runs() {
    let clang = need_clang!().here();
    let folder = scratch();
    let options = ["-std=gnu++20", "-fno-exceptions"];
    let module = clang.build("clang++", "shapes.cpp", &options, folder.path());
    compile_and_follow(&module, "shapes.run");
}

#[test]
fn complains_about_a_wrong_program() {
    let clang = need_clang!().here();
    let folder = scratch();
    fs::write(folder.path().join("wrong.c"), "int main(void) { return x; }").expect("writable");
    let outcome =
        clang.tool("clang", folder.path(), &["-c", "/work/wrong.c", "-o", "/work/wrong.o"]);
    outcome.exits(1).complains(&["wrong.c:1:25", "undeclared identifier 'x'", "1 error generated"]);
    assert!(!folder.path().join("wrong.o").exists());
}
