//! `fixtures/formats` keeps an artifact of every format there ever was:
//! whether one loads depends on its numbers, not on the version that wrote it.
#![cfg(target_arch = "x86_64")]

use precast_tests::binaries::{precast, precast_run};
use precast_tests::fixture;
use precast_tests::outcome::run;
use std::path::{Path, PathBuf};

/// The format of artifacts that are written today, as `1.1.1`.
fn present_format() -> String {
    let folder = precast_tests::scratch();
    let artifact = folder.path().join("new.cwasm");
    let module = fixture("programs/hello.wat");
    run(precast().arg("compile").arg(module).arg("-o").arg(&artifact)).succeeds();
    let report = run(precast().args(["inspect", "--json"]).arg(&artifact)).succeeds();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    report["format"].as_str().expect("a format").to_owned()
}

fn format_of(artifact: &Path) -> String {
    artifact.file_stem().expect("a name").to_str().expect("text").to_owned()
}

fn kept() -> Vec<PathBuf> {
    let entries = fixture("formats").read_dir().expect("the fixtures");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths.filter(|path| path.extension().is_some_and(|e| e == "cwasm")).collect()
}

#[test]
fn the_present_format_is_kept() {
    let present = present_format();
    let formats: Vec<String> = kept().iter().map(|path| format_of(path)).collect();
    assert!(
        formats.contains(&present),
        "there is no artifact of format {present}: call fixtures/formats/record.sh"
    );
}

#[test]
fn every_kept_artifact_loads_or_says_why_not() {
    let present = present_format();
    for artifact in kept() {
        let outcome = run(precast_run().arg(&artifact));
        let format = format_of(&artifact);
        if format == present {
            outcome.succeeds().prints("hello from text\n");
        } else {
            let file = format!("{format}.cwasm");
            let parts = [&file, "made for format", &format, &present, "compile the module again"];
            outcome.exits(1).prints("").complains(&parts);
        }
    }
}
