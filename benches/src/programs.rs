//! The compute programs. Each prints what it computed, which has to be right.

use crate::child::{self, Usage};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program in `programs/`.
pub(crate) struct BenchProgram {
    pub(crate) name: &'static str,
    /// What it is made of.
    pub(crate) what: &'static str,
}

const fn program(name: &'static str, what: &'static str) -> BenchProgram {
    BenchProgram { name, what }
}

pub(crate) const PROGRAMS: [BenchProgram; 11] = [
    program("sort", "integers: quicksort, radix sort, hash table"),
    program("csv", "text: a state machine of `switch`es"),
    program("matrix", "floating point: matrices, n bodies"),
    program("sha256", "hashing: 32-bit rotations"),
    program("field", "128-bit products: 2^255-19"),
    program("bits", "bit counting: a sieve, Hamming distances, bit boards"),
    program("pixels", "integer vectors: blends and blurs"),
    program("waves", "floating-point vectors: a filter"),
    program("machine", "indirect calls: an interpreter"),
    program("queens", "direct calls: recursion"),
    program("throw", "exceptions: 400,000 through ten frames"),
];

impl BenchProgram {
    /// The module, as text or binary.
    pub(crate) fn module(&self) -> PathBuf {
        let text = self.file("wat");
        if text.exists() { text } else { self.file("wasm") }
    }

    /// Runs a command that has to print what the program should.
    pub(crate) fn checked(&self, command: Command) -> Result<Usage, String> {
        let path = self.file("expected");
        let expected =
            std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        checked(command, &expected)
    }

    fn file(&self, extension: &str) -> PathBuf {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("programs");
        folder.join(self.name).with_extension(extension)
    }
}

/// Runs a command that has to print what is expected.
pub(crate) fn checked(mut command: Command, expected: &str) -> Result<Usage, String> {
    let usage = child::run(&mut command)?;
    match usage.stdout == expected {
        true => Ok(usage),
        false => Err(format!("{command:?} printed `{}`, not `{expected}`", usage.stdout)),
    }
}
