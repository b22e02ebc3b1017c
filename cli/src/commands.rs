//! The commands of `precast` that need the compiler, and its command line.
//!
//! | rank | modules |
//! |-|-|
//! | options | [`codegen`] |
//! | files and the terminal | [`input`], [`output`], [`progress`], [`debug_files`], [`depfile`], [`contents`], [`response`], [`profile`] |
//! | what was made before, and who else makes something | [`store`], [`store_folder`], [`jobserver`] |
//! | commands that others need | [`strip`], [`compile`], [`cache`] |
//! | other commands | [`debug`], [`diff`], [`inspect`], [`link`], [`sign`], [`symbolize`], [`targets`], [`verify`], [`wast`], [`wit`] |
//!
//! A module uses only those in rows above its own, or before it in its row.

pub mod cache;
pub mod codegen;
pub mod compile;
pub mod contents;
pub mod debug;
pub mod debug_files;
pub mod depfile;
pub mod diff;
pub mod input;
pub mod inspect;
pub mod jobserver;
pub mod link;
pub mod output;
pub mod profile;
pub mod progress;
pub mod response;
pub mod sign;
pub mod store;
pub mod store_folder;
pub mod strip;
pub mod symbolize;
pub mod targets;
pub mod verify;
pub mod wast;
pub mod wit;

use crate::exit::{Failure, Result};
use crate::run::{self, ArtifactSource};
use crate::run_options::RunOptions;
use crate::version;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Compile WebAssembly ahead of time, and run it natively
///
/// Precast turns a WebAssembly module into an artifact: a file of native code,
/// with everything needed to run it. `precast compile app.wasm` writes app.cwasm;
/// `precast run app.cwasm`, or the small `precast-run` alone, runs it with WASI.
/// No code is generated where the program runs.
#[derive(Parser, Debug)]
#[command(
    name = "precast",
    version,
    long_version = version::long(env!("CARGO_PKG_VERSION"), &version::targets()),
    about,
    args_override_self = true,
    after_help = "`precast FILE [ARGS]` is short for `precast run FILE [ARGS]`.\n\n\
        Exit codes: the guest's own; 1 for an error; 2 for wrong usage; 134 when the guest traps or throws."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Compile a module to an artifact
    Compile(compile::CompileCommand),
    /// Make an artifact of an object that `compile --emit obj` has written
    Link(link::LinkCommand),
    /// Run an artifact, or a module, compiling it into a cache first
    Run(RunCommand),
    /// Debug an artifact, or a module, with LLDB or GDB
    Debug(debug::DebugCommand),
    /// Take debug information out of an artifact
    Strip(strip::StripCommand),
    /// Show what an artifact holds
    Inspect(inspect::InspectCommand),
    /// Show how two artifacts differ; the exit code is 1 if they do
    Diff(diff::DiffCommand),
    /// Check that an artifact is what a module compiles to, with the options
    /// that it records
    Verify(verify::VerifyCommand),
    /// Sign artifacts, for `run --trust`
    Sign(sign::SignCommand),
    /// Make a pair of keys: to sign with, and to trust
    Keygen(sign::KeygenCommand),
    /// Put names and source lines into the report of a trap
    Symbolize(symbolize::SymbolizeCommand),
    /// List what can be compiled for: targets, CPUs, CPU features
    Targets(targets::TargetsCommand),
    /// Show what was compiled before and is kept, or remove it
    Cache(cache::CacheCommand),
    /// Run specification scripts, compiling each module ahead of time
    Wast(wast::WastCommand),
    /// Print the interface of a component, or of an artifact of one
    Wit(wit::WitCommand),
    /// Print the manual page, or that of a command
    Man {
        /// The command
        command: Option<String>,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// `precast run`.
#[derive(Args, Debug)]
pub struct RunCommand {
    #[command(flatten)]
    codegen: codegen::CodegenOptions,

    /// Do not use the cache: compile anew, keep nothing
    #[arg(long)]
    no_cache: bool,

    /// Show no progress
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    run: RunOptions,
}

/// Parses the arguments of this process and runs the command.
pub fn main() -> Result {
    let args = arguments(std::env::args_os().collect())?;
    if asks_for_versions(&args) {
        return output::print(&compile::version());
    }
    let cli = Cli::parse_from(args);
    match cli.command {
        Command::Compile(command) => command.run(),
        Command::Link(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Debug(command) => command.run(),
        Command::Strip(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Diff(command) => command.run(),
        Command::Verify(command) => command.run(),
        Command::Sign(command) => command.run(),
        Command::Keygen(command) => command.run(),
        Command::Symbolize(command) => command.run(),
        Command::Targets(command) => command.run(),
        Command::Cache(command) => command.run(),
        Command::Wast(command) => command.run(),
        Command::Wit(command) => command.run(),
        Command::Man { command } => print_manual(command.as_deref()),
        Command::Completions { shell } => {
            let mut command = Cli::command();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "precast", &mut script);
            output::print(&String::from_utf8_lossy(&script))
        }
    }
}

/// Prints a manual page, for `man -l -`.
fn print_manual(command: Option<&str>) -> Result {
    let mut all = Cli::command();
    all.build();
    let wanted = match command {
        None => &all,
        Some(name) => all
            .find_subcommand(name)
            .ok_or_else(|| Failure::Usage(format!("there is no command `{name}`")))?,
    };
    let mut page = Vec::new();
    let failed = Failure::while_doing("cannot write the manual page");
    clap_mangen::Man::new(wanted.clone()).render(&mut page).map_err(failed)?;
    output::print(&String::from_utf8_lossy(&page))
}

/// Whether the arguments are `--version --verbose`, in any order and form.
fn asks_for_versions(args: &[OsString]) -> bool {
    let has = |long: &str, short: &str| args.iter().skip(1).any(|arg| arg == long || arg == short);
    args.len() == 3 && has("--version", "-V") && has("--verbose", "-v")
}

/// Puts `run` before arguments that begin with a file or an option, reads
/// those of `compile` that are in files, and gives a bare `-O` its level, lest
/// it take the next argument for one.
fn arguments(mut args: Vec<OsString>) -> Result<Vec<OsString>> {
    let Some(first) = args.get(1).filter(|_| !asks_for_versions(&args)) else { return Ok(args) };
    if first == "compile" || first == "wast" {
        if first == "compile" {
            args = response::expand(args)?;
        }
        args.iter_mut().filter(|arg| *arg == "-O").for_each(|arg| *arg = "-O2".into());
        return Ok(args);
    }
    let known = |name: &str| {
        matches!(name, "help" | "-h" | "--help" | "-V" | "--version")
            || Cli::command().get_subcommands().any(|command| command.get_name() == name)
    };
    let Some(text) = first.to_str() else {
        args.insert(1, "run".into());
        return Ok(args);
    };
    // A word that is neither a command nor a file is a mistyped command, for
    // which clap has the better answer.
    let file = text.starts_with('-') || text.contains(['.', '/']) || PathBuf::from(text).exists();
    if !known(text) && file {
        args.insert(1, "run".into());
    }
    Ok(args)
}

impl RunCommand {
    fn run(&self) -> Result {
        let files = self.run.files();
        let compiled = |path: &&std::path::Path| input::is_artifact(path);
        if files.iter().all(compiled) {
            input::refuse_options(self.run.file(), self.codegen.given())?;
        }
        if let (Some(module), false) =
            (files.iter().find(|f| !compiled(f)), self.run.trust.is_empty())
        {
            return Err(Failure::Error(format!(
                "{}: not signed by anybody who is trusted: it is compiled here; with `--trust`, \
                 run the artifact that was signed",
                module.display()
            )));
        }
        run::run(&self.run, &mut |path| self.artifact(path))
    }

    /// The artifact of a file: the file itself, or what it compiles to.
    fn artifact(&self, path: &std::path::Path) -> Result<ArtifactSource> {
        let bytes = match input::peek(path)? {
            input::InputKind::Artifact => return Ok(ArtifactSource::Path(path.to_owned())),
            input::InputKind::Module(bytes) => bytes,
        };
        let mut options = self.codegen.options();
        options.fuel = self.run.limits.fuel.is_some();
        // It runs here and now, so it may use all that this machine has.
        if self.codegen.cpu.is_none() && self.codegen.target.is_none() {
            options.cpu = "native".to_owned();
        }
        debug_files::find(path, &bytes, &self.codegen.debug_path, &mut options);
        if self.no_cache {
            let compiled = compile::to_bytes(path, &bytes, &options, self.quiet)?;
            return Ok(ArtifactSource::Bytes(compiled));
        }
        cache::compiled(path, &bytes, &options, self.quiet)
    }
}

impl From<precast_compiler::Error> for Failure {
    fn from(error: precast_compiler::Error) -> Self {
        match error {
            precast_compiler::Error::Option(message) => Self::Usage(message),
            other => Self::Error(other.to_string()),
        }
    }
}
