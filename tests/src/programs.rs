//! Programs for the commands under test: found, written, compiled, run.

use crate::binaries::precast;
use crate::outcome::{Outcome, run};
use crate::{fixture, scratch};
use std::fs;
use std::path::PathBuf;

/// A program of `fixtures/programs`.
pub fn program(name: &str) -> PathBuf {
    fixture(&format!("programs/{name}"))
}

/// Writes a file into a folder.
pub fn file(folder: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a writable folder");
    path
}

/// Compiles a program of `fixtures/programs` into a folder.
pub fn compiled(folder: &tempfile::TempDir, name: &str, options: &[&str]) -> PathBuf {
    let artifact = folder.path().join(name).with_extension("cwasm");
    let mut command = precast();
    command.arg("compile").args(options).arg(program(name)).arg("-o").arg(&artifact);
    run(&mut command).exits(0);
    artifact
}

/// Runs a module given as text.
pub fn run_text(text: &str, options: &[&str], args: &[&str]) -> Outcome {
    let folder = scratch();
    let module = file(&folder, "module.wat", text);
    run(precast().arg("run").args(options).arg(module).args(args))
}
