//! `precast strip`, and debug information in files of its own.

use super::output;
use crate::exit::{Failure, Result};
use clap::Args;
use std::path::{Path, PathBuf};

/// `precast strip`.
#[derive(Args, Debug)]
pub struct StripCommand {
    /// Where to write the stripped artifact; in place by default
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write what is taken away to a file, which debuggers find by build id or
    /// by the name that the artifact keeps
    #[arg(long, value_name = "FILE")]
    debug_file: Option<PathBuf>,

    /// The artifact
    input: PathBuf,
}

impl StripCommand {
    pub(super) fn run(&self) -> Result {
        let failed = Failure::while_doing(self.input.display());
        let whole = std::fs::read(&self.input).map_err(failed)?;
        let output = self.output.as_ref().unwrap_or(&self.input);
        if let Some(debug_file) = &self.debug_file {
            let input = ("the input", self.input.as_path());
            output::check_distinct(&[input, ("the debug file", debug_file)])?;
            output::check_distinct(&[("the output", output), ("the debug file", debug_file)])?;
        }
        apart(&whole, output, self.debug_file.as_deref())
    }
}

/// Writes an artifact without its debug information, which goes to `debug_file`
/// if there is one.
pub fn apart(whole: &[u8], output: &Path, debug_file: Option<&Path>) -> Result {
    let Some(path) = debug_file else {
        return output::write_bytes(output, &precast_compiler::strip(whole, None)?);
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.ok_or_else(|| Failure::Usage(format!("{} is no file", path.display())))?;
    let debug = precast_compiler::debug_file(whole)?;
    let stripped = precast_compiler::strip(whole, Some((&name, &debug)))?;
    output::write_bytes(path, &debug)?;
    output::write_bytes(output, &stripped)
}

/// The usual name of an artifact's debug file: `app.cwasm.debug`.
pub fn debug_name(artifact: &Path) -> PathBuf {
    let mut name = artifact.as_os_str().to_owned();
    name.push(".debug");
    name.into()
}
