//! The loader with musl instead of glibc, as one file that needs no library.

use precast_tests::binaries::precast;
use precast_tests::cross::need_musl;
use precast_tests::outcome::run;
use precast_tests::{fixture, run_file, scratch};
use std::process::Command;

#[test]
fn programs_run_with_musl() {
    let program = need_musl!();
    let bytes = std::fs::read(&program).expect("was built");
    assert!(!bytes.windows(8).any(|window| window == b"ld-linux"), "needs a dynamic linker");

    let scratch = scratch();
    for name in ["programs/words", "programs/shapes", "wasi/path", "wasi/trap"] {
        let file = fixture(name);
        let artifact = scratch.path().join("guest.cwasm");
        let mut compile = precast();
        compile.args(["compile", "--quiet", "--target", "x86_64-unknown-linux-musl", "-o"]);
        run(compile.arg(&artifact).arg(file.with_extension("wasm"))).exits(0);
        run_file::follow(&file.with_extension("run"), &artifact, &|| Command::new(&program));
    }
}
