//! `precast symbolize`: names and source lines for the report of a stripped
//! artifact's trap.

use super::output;
use crate::exit::{Failure, Result};
use crate::names;
use clap::Args;
use std::io::Read;
use std::path::PathBuf;

/// `precast symbolize`.
#[derive(Args, Debug)]
pub struct SymbolizeCommand {
    /// The file with the debug information, if the artifact has none itself
    #[arg(long, value_name = "FILE")]
    debug: Option<PathBuf>,

    /// The artifact whose guest trapped
    artifact: PathBuf,

    /// The report; standard input if absent
    report: Option<PathBuf>,
}

impl SymbolizeCommand {
    pub(super) fn run(&self) -> Result {
        let read =
            |path: &PathBuf| std::fs::read(path).map_err(Failure::while_doing(path.display()));
        let artifact = read(&self.artifact)?;
        let debug = self.debug.as_ref().map(read).transpose()?;
        let report = match &self.report {
            Some(path) => read(path)?,
            None => {
                let mut report = Vec::new();
                let failed = Failure::while_doing("standard input");
                std::io::stdin().read_to_end(&mut report).map_err(failed)?;
                report
            }
        };
        let report = String::from_utf8_lossy(&report);
        let debug = debug.as_ref().unwrap_or(&artifact);
        let named = |why| Failure::Error(format!("{}: {why}", self.artifact.display()));
        let report = precast_loader::symbolize(&report, &artifact, debug).map_err(named)?;
        output::print(&names::readable(&report))
    }
}
