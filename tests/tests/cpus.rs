//! `--cpu` and `--cpu-feature`: what artifacts record, the choice among several
//! texts, and what is refused.

use precast_tests::binaries::{folder, precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, need_that, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const X86_64: &str = "x86_64-unknown-linux-gnu";

fn compile(options: &[&str]) -> Outcome {
    let mut command = precast();
    command.args(["compile", "-q", "-o", "-"]).args(options).arg(fixture("programs/shapes.wasm"));
    run(&mut command)
}

fn compiled(options: &[&str], folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, compile(options).succeeds().stdout).expect("a writable folder");
    path
}

fn inspected(artifact: &Path) -> serde_json::Value {
    let report = run(precast().args(["inspect", "--json"]).arg(artifact)).succeeds();
    serde_json::from_slice(&report.stdout).expect("JSON")
}

fn features(artifact: &Path) -> String {
    let report = inspected(artifact);
    let names = report["cpu_features"].as_array().expect("a list");
    names.iter().map(|name| name.as_str().expect("a name")).collect::<Vec<_>>().join(" ")
}

#[test]
fn features_are_recorded() {
    let folder = scratch();
    let recorded = |options: &[&str]| features(&compiled(options, folder.path(), "artifact.cwasm"));
    let v2 = "cx16 pni popcnt sse4_1 sse4_2 ssse3";
    assert_eq!(recorded(&["--target", X86_64]), v2);
    assert_eq!(recorded(&["--target", X86_64, "--cpu", "x86-64-v2"]), v2);
    let changed = ["--target", X86_64, "--cpu-feature", "+avx2,-cmpxchg16b"];
    assert_eq!(recorded(&changed), "avx avx2 pni popcnt sse4_1 sse4_2 ssse3");
    let arm = "aarch64-unknown-linux-musl";
    assert_eq!(recorded(&["--target", arm]), "");
    let n1 = ["--target", arm, "--cpu", "neoverse-n1", "--cpu-feature", "+i8mm"];
    assert_eq!(recorded(&n1), "asimddp asimdhp atomics i8mm");
    let riscv = ["--target", "riscv64gc-unknown-linux-gnu", "--cpu", "rva22u64"];
    assert_eq!(recorded(&riscv), "c zba zbb zbs");
}

#[test]
fn what_cannot_be_had_is_refused() {
    let refused = |options: &[&str], parts: &[&str]| {
        compile(options).exits(2).complains(parts);
    };
    let arm = "aarch64-unknown-linux-gnu";
    refused(&["--target", arm, "--cpu", "x86-64-v3"], &["unknown CPU", "apple-m1"]);
    refused(&["--target", arm, "--cpu-feature", "+avx2"], &["unknown CPU feature `avx2`", "i8mm"]);
    refused(&["--target", X86_64, "--cpu-feature", "-ssse3"], &["needs the CPU feature ssse3"]);
    refused(&["--target", "aarch64-apple-darwin"], &["not supported", arm]);
    refused(&["--target", X86_64, "--cpu", "baseline,x86-64-v2"], &["cannot tell apart"]);
    let several = ["--target", X86_64, "--cpu", "baseline,x86-64-v3"];
    refused(&[&several[..], &["-g"]].concat(), &["`-g` takes one CPU"]);
    refused(&[&several[..], &["--emit", "obj"]].concat(), &["takes one `--cpu`"]);
}

#[test]
fn vectors_on_riscv64_need_an_option() {
    let folder = scratch();
    let module = folder.path().join("v.wat");
    let text = "(module (func (export \"f\") (param v128) (result v128) local.get 0))";
    fs::write(&module, text).expect("a writable folder");
    let compile = |options: &[&str]| {
        let mut command = precast();
        command.args(["compile", "-q", "-o", "-", "--target", "riscv64gc-unknown-linux-gnu"]);
        run(command.args(options).arg(&module))
    };
    compile(&[]).exits(1).complains(&["not supported", "vectors on riscv64", "--cpu-feature +v"]);
    compile(&["--cpu-feature", "+v"]).succeeds();
    compile(&["--cpu", "rva23u64"]).succeeds();
}

#[test]
fn targets_are_listed() {
    let listed = run(precast().arg("targets")).succeeds();
    let text = String::from_utf8(listed.stdout).expect("text");
    for part in [X86_64, "riscv64gc-unknown-linux-musl", "neoverse-n1", "x86-64-v4", "sse4_1"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

/// Several texts in one artifact share everything else.
#[test]
fn variants_share_all_but_code() {
    let folder = scratch();
    let size = |cpu: &str| {
        let options = ["--target", X86_64, "--cpu", cpu];
        let artifact = compiled(&options, folder.path(), "artifact.cwasm");
        fs::metadata(artifact).expect("the artifact").len()
    };
    let (baseline, v3, both) = (size("baseline"), size("x86-64-v3"), size("x86-64-v3,baseline"));
    assert!(both < (baseline + v3) * 9 / 10, "{both} of {baseline} and {v3}");
    let options = ["--target", X86_64, "--cpu", "baseline,x86-64-v3"];
    let one = compile(&[&options[..], &["-j1"]].concat()).succeeds().stdout;
    assert!(one == compile(&[&options[..], &["-j2"]].concat()).succeeds().stdout);
}

/// The loader maps the most demanding text that its machine has: with that one
/// overwritten, the program still runs on a CPU that lacks its features, and
/// on others it does not.
#[cfg(target_arch = "x86_64")]
#[test]
fn the_best_variant_is_chosen() {
    let emulator = need!("qemu-x86_64-static");
    need_that!(
        std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("bmi2"),
        "needs a CPU of the level x86-64-v3"
    );
    let scratch = scratch();
    let artifact = compiled(&["--cpu", "baseline,x86-64-v3"], scratch.path(), "both.cwasm");
    let old_cpu = |artifact: &Path| {
        let mut command = Command::new(&emulator);
        command.args(["-cpu", "Nehalem"]).arg(folder().join("precast-run")).arg(artifact);
        run(&mut command)
    };
    let here = |artifact: &Path| run(precast_run().arg(artifact));
    let expected = here(&artifact).succeeds().stdout;
    assert!(old_cpu(&artifact).succeeds().stdout == expected);

    let report = inspected(&artifact);
    let range = |name: &str| {
        let sections = report["sections"].as_array().expect("sections").iter();
        let section = sections.rev().find(|section| section["name"] == name).expect("it is there");
        let number = |key: &str| section[key].as_u64().expect("a number") as usize;
        number("offset")..number("offset") + number("size")
    };
    let mut bytes = fs::read(&artifact).expect("the artifact");
    let start = range(".precast.variants").start;
    bytes[start..start + range(".text").len()].fill(0xcc);
    let broken = scratch.path().join("broken.cwasm");
    fs::write(&broken, bytes).expect("a writable folder");
    assert!(old_cpu(&broken).succeeds().stdout == expected);
    assert_ne!(here(&broken).code, Some(0));
}
