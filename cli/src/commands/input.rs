//! Reading input files.
//!
//! They are read, not mapped. A mapping shows what anybody writes into the file
//! while it is compiled: then what was validated is not what is translated, and a
//! file that becomes shorter ends the process by SIGBUS; no safe code can promise
//! otherwise, and this crate has no other. Little is lost: every page of a module
//! is touched, so its bytes are resident either way, and reading clang's 75 MB takes
//! 50 ms of the 20 s that it compiles.

use crate::exit::{Failure, Result};
use std::io::Read;
use std::path::Path;

/// What a file to be run is.
pub enum InputKind {
    /// ELF: an artifact, to be opened by its path.
    Artifact,
    /// Anything else: to be compiled. The binary module.
    Module(Vec<u8>),
}

/// Whether a file is an artifact, or another ELF file. One that cannot be read
/// is none; whoever opens it says so.
pub fn is_artifact(path: &Path) -> bool {
    let mut start = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *b"\x7fELF"
}

/// Reads a file's first bytes, and the rest if it is no artifact.
pub fn peek(path: &Path) -> Result<InputKind> {
    let failed = || Failure::while_doing(path.display());
    let mut file = std::fs::File::open(path).map_err(failed())?;
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start).map_err(failed())?;
    if start == b"\x7fELF" {
        return Ok(InputKind::Artifact);
    }
    file.read_to_end(&mut start).map_err(failed())?;
    binary(path, start).map(InputKind::Module)
}

/// Refuses an option that shapes code, if one was `given`, for an artifact: it
/// would change nothing.
pub fn refuse_options(artifact: &Path, given: Option<&str>) -> Result {
    let Some(option) = given else { return Ok(()) };
    let name = artifact.display();
    Err(Failure::Usage(format!(
        "`{option}` shapes code, and {name} is compiled already\n\
         help: leave it out, or compile the module again with it"
    )))
}

/// Reads a module, `-` being standard input; the text format is converted.
pub fn module(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(Failure::while_doing("standard input"))?;
    } else {
        bytes = std::fs::read(path).map_err(Failure::while_doing(path.display()))?;
    }
    binary(path, bytes)
}

/// Text is only looked for where it can be: in a `.wat`, or in what begins
/// like it. A truncated binary is reported as such, not as bad text.
fn binary(path: &Path, bytes: Vec<u8>) -> Result<Vec<u8>> {
    let trimmed = bytes.trim_ascii_start();
    let text = path.extension().is_some_and(|e| e == "wat")
        || trimmed.starts_with(b"(")
        || trimmed.starts_with(b";;");
    if !text {
        return Ok(bytes);
    }
    precast_compiler::text_of_file_to_binary(&bytes, Some(path))
        .map_err(|why| Failure::Error(format!("{}: {why}", path.display())))
}
