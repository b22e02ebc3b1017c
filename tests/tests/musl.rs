//! The loader with musl instead of glibc, as one file that needs no library.

use precast_tests::binaries::precast;
use precast_tests::cross::PATHS;
use precast_tests::outcome::run;
use precast_tests::{fixture, need, need_that, root, run_file, scratch};
use std::path::PathBuf;
use std::process::Command;

#[test]
fn programs_run_with_musl() {
    need!("cc");
    let (source, remedy) = PATHS[1];
    need_that!(std::path::Path::new(source).exists(), "needs {source}: {remedy}");
    let musl = std::path::Path::new("/usr/lib/x86_64-linux-musl/libc.a");
    need_that!(cfg!(target_arch = "x86_64"), "the test knows x86-64 alone");
    need_that!(musl.exists(), "needs musl: apt-get install musl-dev");

    let mut build = Command::new(root().join("tests/cross"));
    let folder = run(build.args(["musl", "x86_64"])).exits(0).text();
    let program = PathBuf::from(folder.trim_end()).join("precast-run");
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
