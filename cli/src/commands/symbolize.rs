//! `precast symbolize`: names and source lines for the report of a stripped
//! artifact's trap.

use super::{debug_files, input, output};
use crate::exit::{Failure, Result};
use crate::names;
use crate::run::BUILD_ID;
use clap::Args;
use precast_artifact::container::Container;
use precast_artifact::debug::debug_file::build_id;
use precast_compiler::{OptLevel, Options};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};

/// `precast symbolize`.
#[derive(Args, Debug)]
pub struct SymbolizeCommand {
    /// The file with the debug information, if the artifact has none itself: its
    /// debug file, or the module that it was made of
    #[arg(long, value_name = "FILE")]
    debug: Option<PathBuf>,

    /// The artifact whose guest trapped
    artifact: PathBuf,

    /// The report; standard input if absent
    report: Option<PathBuf>,
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(Failure::while_doing(path.display()))
}

impl SymbolizeCommand {
    pub(super) fn run(&self) -> Result {
        let artifact = read(&self.artifact)?;
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
        self.check(&report, &artifact)?;
        let named = |why| Failure::Error(format!("{}: {why}", self.artifact.display()));
        let symbolized = match &self.debug {
            None => precast_loader::symbolize(&report, &artifact, &artifact),
            Some(file) => match input::peek(file)? {
                input::InputKind::Artifact => {
                    let debug = self.debug_file(file, &artifact)?;
                    precast_loader::symbolize(&report, &artifact, &debug)
                }
                // Reports count in bytes of the module, as any artifact of it does.
                input::InputKind::Module(wasm) => {
                    let made = self.compiled(file, &wasm, &artifact)?;
                    precast_loader::symbolize(&report, &made, &made)
                }
            },
        };
        output::print(&names::readable(&symbolized.map_err(named)?))
    }

    /// Fails if the report says that it is of another artifact.
    fn check(&self, report: &str, artifact: &[u8]) -> Result {
        let Some(id) = build_id(artifact).map(hex::encode) else { return Ok(()) };
        let of = report.lines().find_map(|line| line.strip_prefix(BUILD_ID));
        match of.map(str::trim) {
            Some(of) if of != id => Err(Failure::Error(format!(
                "{}: the report is of another artifact: of the one with build id {of}, and this \
                 one has {id}",
                self.artifact.display()
            ))),
            _ => Ok(()),
        }
    }

    /// The debug file of the artifact.
    fn debug_file(&self, file: &Path, artifact: &[u8]) -> Result<Vec<u8>> {
        let debug = read(file)?;
        let [has, needed] = [&debug, artifact].map(build_id);
        if has == needed {
            return Ok(debug);
        }
        let shown = |id: Option<&[u8]>| id.map_or("none".to_owned(), hex::encode);
        Err(Failure::Error(format!(
            "{}: not the debug file of {}: its build id is {}, not {}",
            file.display(),
            self.artifact.display(),
            shown(has),
            shown(needed)
        )))
    }

    /// An artifact with debug information, of the module that `artifact` was
    /// made of.
    fn compiled(&self, file: &Path, wasm: &[u8], artifact: &[u8]) -> Result<Vec<u8>> {
        let failed =
            |path: &Path, why: String| Failure::Error(format!("{}: {why}", path.display()));
        let opened = Container::open(artifact);
        let note = opened.map_err(|why| failed(&self.artifact, why.to_string()))?.note;
        if note.source_hash[..] != Sha256::digest(wasm)[..] {
            let made = format!("not the module that {} was made of", self.artifact.display());
            return Err(failed(file, made));
        }
        let opt_level = OptLevel::None;
        let mut options = Options { debug_info: true, opt_level, ..Options::default() };
        debug_files::find(file, wasm, &[], &mut options);
        precast_compiler::compile(wasm, &options).map_err(|why| failed(file, why.to_string()))
    }
}
