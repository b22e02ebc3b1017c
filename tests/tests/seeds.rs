//! What the fuzz targets have found to lead to different places of the compiler
//! is compiled, or refused; see `fixtures/fuzz`.

use precast_compiler::{Options, compile};
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, scratch};

/// What a component begins with.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The inputs that are kept for a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = fixture("fuzz").join(target);
    let entries = folder.read_dir().unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let read = |path| std::fs::read(path).expect("a readable file");
    entries.map(|entry| read(entry.expect("a readable folder").path())).collect()
}

/// How many of a target's inputs are compiled, and how many are refused.
fn outcomes(target: &str, header: &[u8]) -> [usize; 2] {
    let mut outcomes = [0; 2];
    for seed in seeds(target) {
        let options = Options { threads: Some(1), debug_info: true, ..Options::default() };
        let compiled = compile(&[header, &seed].concat(), &options);
        outcomes[usize::from(compiled.is_err())] += 1;
    }
    outcomes
}

#[test]
fn modules() {
    let [compiled, refused] = outcomes("compile", b"");
    assert!(compiled >= 10 && refused >= 10, "{compiled} compiled, {refused} refused");
}

/// What `wit-parser` cannot print as WIT is no fault of the component's.
#[test]
fn a_component_whose_interface_is_not_printed() {
    let folder = scratch();
    let (component, out) = (folder.path().join("c.wasm"), folder.path().join("c.cwasm"));
    let seed = std::fs::read(fixture("fuzz/component/wit-names")).expect("a readable file");
    std::fs::write(&component, [COMPONENT, &seed].concat()).expect("a writable folder");
    run(precast().args(["compile", "-q"]).arg(&component).arg("-o").arg(&out)).succeeds();
    run(precast().arg("wit").arg(&out)).exits(1).complains(&["error: "]);
}

#[test]
fn components() {
    let [compiled, refused] = outcomes("component", COMPONENT);
    assert!(compiled >= 5 && refused >= 10, "{compiled} compiled, {refused} refused");
}
