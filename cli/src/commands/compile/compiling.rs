//! Compiling with a progress bar, and errors that name the file.

use crate::commands::progress::CompileProgress;
use crate::exit::{Failure, Result};
use precast_compiler::{Error, Options, Report};
use std::io::Write;
use std::path::Path;

/// Compiles with a progress bar; errors name the file.
pub fn to_writer(
    path: &Path,
    wasm: &[u8],
    options: &Options,
    quiet: bool,
    out: &mut dyn Write,
) -> Result<Report> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let progress = CompileProgress::new(&name, quiet);
    let compiled = precast_compiler::compile_to(wasm, options, out, &progress);
    compiled.map_err(|error| named(path, error))
}

/// An error of the compiler, with the name of the file.
pub(super) fn named(path: &Path, error: Error) -> Failure {
    match Failure::from(error) {
        Failure::Error(message) => Failure::Error(format!("{}: {message}", path.display())),
        other => other,
    }
}

/// As [`to_writer`], into memory.
pub fn to_bytes(path: &Path, wasm: &[u8], options: &Options, quiet: bool) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    to_writer(path, wasm, options, quiet, &mut bytes)?;
    Ok(bytes)
}
