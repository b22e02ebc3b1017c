//! `precast link`: an object to an artifact.

use super::output;
use crate::exit::{Failure, Result};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};

/// `precast link`.
#[derive(Args, Debug)]
pub struct LinkCommand {
    /// Where to write the artifact; `-` is standard output. By default the
    /// input's name with .cwasm, in the current folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The object, which `compile --emit obj` has written
    input: PathBuf,
}

impl LinkCommand {
    pub(super) fn run(&self) -> Result {
        let input = self.input.display();
        let object = std::fs::read(&self.input)
            .map_err(Failure::while_doing(format!("cannot read {input}")))?;
        let fill = |out: &mut dyn Write| {
            precast_compiler::link_object(&object, out)
                .map_err(|error| Failure::Error(format!("{input}: {error}")))
        };
        let name = self.input.with_extension("cwasm");
        let default = name.file_name().map_or(&*name, Path::new);
        let output = self.output.as_deref().unwrap_or(default);
        if output == Path::new("-") {
            return output::write_stdout(fill);
        }
        output::check_distinct(&[("the input", &self.input), ("the output", output)])?;
        output::write(output, fill)
    }
}
