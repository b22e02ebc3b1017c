//! `precast verify`: whether an artifact is what a module compiles to.

use super::codegen::{CodegenOptions, parse_remap};
use super::compile;
use super::contents::Contents;
use super::profile::ProfileOptions;
use super::{debug_files, input, output};
use crate::exit::{Failure, Result};
use clap::{Args, FromArgMatches};
use precast_artifact::note::{FUEL, Note, PROFILE};
use precast_artifact::{container, module::Range};
use precast_compiler::{Features, Profile};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use std::sync::Arc;

/// `precast verify`.
#[derive(Args, Debug)]
pub struct VerifyCommand {
    /// Number of threads
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,

    /// A folder besides the module's that files with debug information may lie
    /// in
    #[arg(long, value_name = "FOLDER")]
    debug_path: Vec<PathBuf>,

    /// The prefixes that were given to `compile`: artifacts do not record them
    #[arg(long, value_name = "FROM=TO", value_parser = parse_remap)]
    remap_path_prefix: Vec<(String, String)>,

    #[command(flatten)]
    profile: ProfileOptions,

    /// Show no progress, and print nothing if they agree
    #[arg(short, long)]
    quiet: bool,

    /// The artifact
    artifact: PathBuf,

    /// The module that it is said to be made of
    module: PathBuf,
}

impl VerifyCommand {
    /// Compiles the module with the options that the artifact records, and
    /// compares.
    pub(super) fn run(&self) -> Result {
        let contents = Contents::open(&self.artifact)?;
        let wasm = input::module(&self.module)?;
        let differs = |why: String| {
            let (artifact, module) = (self.artifact.display(), self.module.display());
            Failure::Error(format!("{artifact} is not what {module} compiles to: {why}"))
        };
        let note = &contents.container.note;
        if note.source_hash != <[u8; 32]>::from(Sha256::digest(&wasm)) {
            return Err(differs("it was made of another module, by its recorded SHA-256".into()));
        }
        let ours = env!("CARGO_PKG_VERSION");
        if note.compiler != ours {
            let theirs = &note.compiler;
            return Err(differs(format!("it was made by precast {theirs}; this is {ours}")));
        }
        let remapped = note.options.iter().filter(|option| *option == REMAP).count();
        if remapped != self.remap_path_prefix.len() {
            return Err(Failure::Usage(format!(
                "the artifact was compiled with {remapped} times `{REMAP}`, whose values it does \
                 not record: give the same ones here"
            )));
        }
        let profile = self.profile(note)?;
        let mut options = recorded(note)?.options();
        options.profile = profile;
        options.remap_path_prefix = self.remap_path_prefix.clone();
        options.threads = self.jobs;
        debug_files::find(&self.module, &wasm, &self.debug_path, &mut options);
        let text = compile::text_name(&self.artifact);
        options.text_path = text.map(|path| path.to_string_lossy().into_owned());
        let again = compile::to_bytes(&self.module, &wasm, &options, self.quiet)?;
        if let Some(why) = difference(&contents, &again) {
            return Err(differs(why));
        }
        if self.quiet {
            return Ok(());
        }
        let (artifact, module) = (self.artifact.display(), self.module.display());
        output::print(&format!("{artifact} is what {module} compiles to\n"))
    }
}

impl VerifyCommand {
    /// The profile that the artifact was compiled with.
    fn profile(&self, note: &Note) -> Result<Option<Arc<Profile>>> {
        let given = self.profile.read()?.map(|given| given.profile);
        let needed = note.options.iter().find_map(|option| profile_of(option));
        let has = given.as_ref().map(|profile| profile.digest());
        if needed == has.as_deref() {
            return Ok(given);
        }
        let shown = |digest: Option<&str>| match digest {
            Some(digest) => format!("the profile with SHA-256 {digest}"),
            None => "no profile".to_owned(),
        };
        Err(Failure::Usage(format!(
            "the artifact was compiled with {}, and given is {}: give the same with `--profile`",
            shown(needed),
            shown(has.as_deref())
        )))
    }
}

/// The digest of a profile, if that is what an option records.
fn profile_of(option: &str) -> Option<&str> {
    option.strip_prefix(PROFILE)?.strip_prefix('=')
}

/// What artifacts record in place of each prefix that was replaced.
const REMAP: &str = "--remap-path-prefix";

/// The options that an artifact records, as if they had been typed.
fn recorded(note: &Note) -> Result<CodegenOptions> {
    let command = CodegenOptions::augment_args(clap::Command::new("precast").no_binary_name(true));
    let without = Features::default().names();
    let without = without.filter(|name| note.wasm_features.iter().all(|known| known != name));
    let without: String = without.map(|name| format!(",-{name}")).collect();
    let features = format!("--features=all{without}");
    let target = format!("--target={}", note.target);
    let apart = |option: &str| [REMAP, FUEL].contains(&option) || profile_of(option).is_some();
    let options = note.options.iter().filter(|option| !apart(option)).cloned();
    let words = options.chain([target, features]);
    command
        .try_get_matches_from(words)
        .and_then(|matches| CodegenOptions::from_arg_matches(&matches))
        .map(|mut options| {
            options.fuel = note.counts_fuel();
            options
        })
        .map_err(|why| Failure::Error(format!("the artifact records options of its own: {why}")))
}

/// The first function or section that differs.
fn difference(contents: &Contents, again: &[u8]) -> Option<String> {
    if contents.bytes[..] == *again {
        return None;
    }
    for function in contents.functions() {
        let Range { offset, size } = function.code;
        let (start, end) = (offset as usize, (offset + size) as usize);
        if contents.bytes.get(start..end) != again.get(start..end) {
            return Some(format!("the code of {} differs", function.shown()));
        }
    }
    let theirs = contents.sections();
    let ours = container::sections(again);
    for ((name, bytes), (_, Range { offset, size }, _)) in theirs.iter().zip(&ours) {
        let again = again.get(*offset as usize..(*offset + *size) as usize);
        if again != Some(bytes) {
            return Some(format!("section {name} differs"));
        }
    }
    Some("its header differs".to_owned())
}
