//! `precast wit`: the interface of a component.

use super::contents::Contents;
use super::{input, output};
use crate::exit::{Failure, Result};
use clap::Args;
use precast_artifact::component::WIT_SECTION;
use precast_artifact::container;
use std::path::PathBuf;

/// `precast wit`.
#[derive(Args, Debug)]
pub struct WitCommand {
    /// The component, or an artifact of one
    file: PathBuf,
}

impl WitCommand {
    pub(super) fn run(&self) -> Result {
        let failed = |why: &str| Failure::Error(format!("{}: {why}", self.file.display()));
        if input::is_artifact(&self.file) {
            let contents = Contents::open(&self.file)?;
            if contents.container.note.component.size == 0 {
                return Err(failed("the artifact is of a core module, which has no WIT"));
            }
            let text = container::section(&contents.bytes, WIT_SECTION).ok_or_else(|| {
                failed("the artifact has no WIT: it was stripped, or WIT cannot say its interface")
            })?;
            return output::print(&String::from_utf8_lossy(text));
        }
        let text = precast_compiler::component_wit(&input::module(&self.file)?)
            .ok_or_else(|| failed("the file is no component, or WIT cannot say its interface"))?;
        output::print(&text)
    }
}
