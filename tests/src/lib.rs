//! Helpers shared by the suites under `tests/`.
//!
//! | module | for |
//! |-|-|
//! | [`binaries`] | the commands under test: built once, then driven as users drive them |
//! | [`mod@clang`] | Clang as an artifact, here or on an emulated machine |
//! | [`cross`] | other machines: loaders built for them, run under QEMU |
//! | [`programs`] | programs for them: found, written, compiled, run |
//! | [`outcome`] | how a command ended, and assertions about it |
//! | [`differences`] | what a guest gets otherwise than a native program: tables with reasons |
//! | [`run_file`] | `.run` files beside fixtures: how a program is run, and what must come out |
//! | [`tools`] | tools that may be missing: a test is skipped by name, and fails in CI |
//! | [`syscalls`] | what a system-call trace says of executable memory |
//! | [`transcript`] | what debuggers show of programs, written down and compared |
//! | [`imports`] | who uses whom, read off Rust sources |
//! | [`limits`] | how long files and functions are |
//! | [`packages`] | the packages of the workspace, and their sources |
//! | [`names`] | types of one name |
//! | [`passes`] | what the code generator is given, with an optimisation and without |
//! | [`random`] | random numbers that a seed determines |
//!
//! `tests/run` runs everything and ends with a summary.

pub mod binaries;
pub mod clang;
mod code;
pub mod cross;
pub mod differences;
pub mod imports;
pub mod limits;
pub mod names;
pub mod outcome;
pub mod packages;
pub mod passes;
pub mod programs;
pub mod random;
pub mod run_file;
pub mod syscalls;
pub mod tools;
pub mod transcript;

use std::path::{Path, PathBuf};

/// The program that docs/embedding.md shows is compiled and run as a doctest.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Embedding;

/// Root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the workspace")
}

/// A file below `fixtures/`.
pub fn fixture(path: &str) -> PathBuf {
    root().join("fixtures").join(path)
}

/// A fresh directory, deleted when the value is dropped.
pub fn scratch() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("precast-test-").tempdir().expect("a temporary directory")
}
