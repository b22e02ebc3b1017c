//! The same input and options give the same bytes, whatever the number of
//! threads and whatever machine compiles.

use precast_tests::binaries::precast;
use precast_tests::fixture;
use precast_tests::outcome::run;

const TARGETS: [&str; 3] =
    ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"];

/// The artifact of the largest committed program.
fn compiled(options: &[&str]) -> Vec<u8> {
    let mut command = precast();
    command.args(["compile", "-o", "-", "--quiet"]).args(options);
    let bytes = run(command.arg(fixture("programs/inventory.wasm"))).succeeds().stdout;
    assert!(bytes.starts_with(b"\x7fELF"));
    bytes
}

fn same_bytes_for(target: &str) {
    for level in ["-O", "-O0"] {
        let one = compiled(&["--target", target, level, "-j1"]);
        for threads in ["-j2", "-j7"] {
            let other = compiled(&["--target", target, level, threads]);
            assert!(one == other, "{target} {level}: {threads} differs from -j1");
        }
    }
}

#[test]
fn for_x86_64() {
    same_bytes_for(TARGETS[0]);
}

#[test]
fn for_aarch64() {
    same_bytes_for(TARGETS[1]);
}

#[test]
fn for_riscv64() {
    same_bytes_for(TARGETS[2]);
}

/// Otherwise the tests above would prove nothing.
#[test]
fn options_do_change_the_bytes() {
    let plain = compiled(&["--target", TARGETS[0]]);
    assert!(plain != compiled(&["--target", TARGETS[0], "-O0"]));
    assert!(plain != compiled(&["--target", TARGETS[0], "--cpu", "x86-64-v3"]));
    assert!(plain != compiled(&["--target", TARGETS[1]]));
    assert!(plain != compiled(&["--target", TARGETS[0], "--disable", "fold-functions"]));
}

/// Nothing of the place, the time, or the environment gets in.
#[test]
fn the_surroundings_do_not_show() {
    let folder = precast_tests::scratch();
    let copy = folder.path().join("renamed.wasm");
    std::fs::copy(fixture("programs/inventory.wasm"), &copy).expect("a writable folder");
    let mut command = precast();
    command.env_clear().env("LANG", "tr_TR.UTF-8").env("TZ", "Asia/Kathmandu");
    command.current_dir(&folder).args(["compile", "-o", "-", "renamed.wasm"]);
    let elsewhere = run(command.args(["--target", TARGETS[0]])).succeeds().stdout;
    assert!(elsewhere == compiled(&["--target", TARGETS[0]]));
}
