//! Which files a compilation with `-g` opens: none outside the module's folder
//! that `--debug-path` does not allow.

use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{need, scratch};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A module that says where its debug information is.
fn module_naming(path: &str) -> Vec<u8> {
    let name = b"external_debug_info";
    let mut section = vec![name.len() as u8];
    section.extend(name);
    section.push(path.len() as u8);
    section.extend(path.as_bytes());
    let mut module = b"\0asm\x01\0\0\0\0".to_vec();
    module.push(section.len() as u8);
    module.extend(section);
    module
}

/// A folder with a module in `app/`, and what it names beside that folder.
fn stage(named: &str) -> tempfile::TempDir {
    let folder = scratch();
    for name in ["app", "symbols", "secret"] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    let debug = b"\0asm\x01\0\0\0";
    fs::write(folder.path().join("symbols/app.debug.wasm"), debug).expect("a file");
    fs::write(folder.path().join("secret/file"), "secret").expect("a file");
    fs::write(folder.path().join("app/app.wasm"), module_naming(named)).expect("a file");
    folder
}

/// Compiles under `strace`; the outcome, and the files that were opened.
fn traced(strace: &Path, folder: &Path, options: &[&str]) -> (Outcome, String) {
    let trace = folder.join("trace");
    let mut command = Command::new(strace);
    command.args(["-f", "-e", "trace=open,openat,openat2", "-o"]).arg(&trace);
    command.arg(precast().get_program()).args(["compile", "-g", "-O0", "-o", "/dev/null"]);
    command.args(options).arg("app/app.wasm").current_dir(folder);
    let outcome = run(&mut command);
    (outcome, fs::read_to_string(trace).expect("a trace"))
}

#[test]
fn only_folders_that_are_allowed_are_read() {
    let strace = need!("strace");
    let folder = stage("../symbols/app.debug.wasm");
    let (outcome, trace) = traced(&strace, folder.path(), &[]);
    outcome.exits(0).complains(&["warning: ", "app.debug.wasm"]);
    assert!(!trace.contains("app.debug.wasm"), "{trace}");
    let (outcome, trace) = traced(&strace, folder.path(), &["--debug-path", "symbols"]);
    let outcome = outcome.exits(0);
    assert!(trace.contains("app.debug.wasm"), "{trace}");
    assert!(!outcome.stderr.contains("cannot read"), "{}", outcome.stderr);
    // Another folder allows nothing else.
    let (_, trace) = traced(&strace, folder.path(), &["--debug-path", "secret"]);
    assert!(!trace.contains("app.debug.wasm"), "{trace}");
}

/// Paths from a module that lead to files of the system, plainly and by links.
#[test]
fn no_path_of_a_module_leads_out_of_its_folder() {
    let strace = need!("strace");
    for named in ["/etc/shadow", "../../../../../../../../etc/shadow", "file:///etc/shadow"] {
        let folder = stage(named);
        let (outcome, trace) = traced(&strace, folder.path(), &[]);
        outcome.exits(0);
        assert!(!trace.contains("shadow"), "{named}: {trace}");
    }
    let folder = stage("link");
    std::os::unix::fs::symlink("../secret/file", folder.path().join("app/link")).expect("a link");
    let (outcome, trace) = traced(&strace, folder.path(), &[]);
    outcome.exits(0);
    assert!(!trace.contains("app/link\"") && !trace.contains("secret/file"), "{trace}");
    // A device has no end.
    let folder = stage("zero");
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("app/zero")).expect("a link");
    let (outcome, trace) = traced(&strace, folder.path(), &["--debug-path", "/dev"]);
    outcome.exits(0);
    assert!(!trace.contains("zero\""), "{trace}");
}

/// Nor is what has no end, or more bytes than memory.
#[test]
fn files_without_bounds_are_not_read() {
    let strace = need!("strace");
    let folder = stage("app.debug.wasm");
    let path = folder.path().join("app/app.debug.wasm");
    let refused = || {
        let (outcome, trace) = traced(&strace, folder.path(), &[]);
        outcome.exits(0).complains(&["warning: ", "app.debug.wasm"]);
        assert!(!trace.contains("app.debug.wasm"), "{trace}");
    };
    let file = fs::File::create(&path).expect("a file");
    file.set_len((4 << 30) + 1).expect("a file with a hole");
    refused();
    fs::remove_file(&path).expect("it was there");
    std::os::unix::fs::symlink("/dev/zero", &path).expect("a link");
    refused();
    fs::remove_file(&path).expect("it was there");
    fs::write(&path, b"\0asm\x01\0\0\0").expect("a file");
    let (_, trace) = traced(&strace, folder.path(), &[]);
    assert!(trace.contains("app.debug.wasm"), "{trace}");
}
