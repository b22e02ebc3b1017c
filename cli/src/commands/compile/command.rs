//! The command line of `precast compile`.

use super::messages::{About, Format, Messages};
use crate::commands::codegen::{CodegenOptions, most_threads};
use crate::commands::jobserver;
use crate::commands::profile::ProfileOptions;
use crate::commands::store::{Functions, ResultStore};
use crate::commands::store_folder;
use crate::exit::{Failure, Result};
use clap::Args;
use precast_compiler::{Options, Report, Session};
use std::path::PathBuf;
use std::sync::Arc;

/// `precast compile`.
#[derive(Args, Debug)]
pub struct CompileCommand {
    #[command(flatten)]
    pub(super) codegen: CodegenOptions,

    #[command(flatten)]
    pub(super) profile: ProfileOptions,

    /// Have the code count its work, so that `run --fuel` and programs can limit it;
    /// it runs slower
    #[arg(long)]
    pub(super) fuel: bool,

    /// Where to write the artifact; `-` is standard output. By default the
    /// input's name with .cwasm (.o for an object, .clif for IR), in the
    /// current folder
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    pub(super) output: Option<PathBuf>,

    /// The folder for what is made of several inputs, or for several targets:
    /// DIR/app.cwasm, or DIR/TARGET/app.cwasm. Inputs of one name keep the
    /// folders that tell them apart
    #[arg(long, value_name = "DIR")]
    pub(super) out_dir: Option<PathBuf>,

    /// What to write: an artifact to run; a program, which is the artifact with
    /// the loader; or an object that a system linker makes part of a program,
    /// together with libprecast.a; or what the compiler makes of functions on
    /// the way
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    pub(super) emit: Emit,

    /// With `--emit obj`: also write a C header for the module's exports
    #[arg(long, value_name = "FILE")]
    pub(super) header: Option<PathBuf>,

    /// With `--emit obj`: what C names begin with; by default the name of the
    /// output, or of the input
    #[arg(long, value_name = "NAME")]
    pub(super) name: Option<String>,

    /// With `--emit exe`: the loader, a precast-run for the target, or a folder
    /// with TARGET/precast-run; by default PRECAST_LOADERS, then what is
    /// installed with this program
    #[arg(long, value_name = "PATH")]
    pub(super) loader: Option<PathBuf>,

    /// With `--emit exe`: an option of `precast run` that the program is started
    /// with, such as --run-option=--dir=data
    #[arg(long = "run-option", value_name = "OPTION", allow_hyphen_values = true)]
    pub(super) run_options: Vec<String>,

    /// Show neither progress nor notes
    #[arg(short, long)]
    pub(super) quiet: bool,

    /// Also write what the outputs were made of, as rules for make and ninja
    #[arg(long, value_name = "FILE")]
    pub(super) depfile: Option<PathBuf>,

    /// Only check that the module can be compiled: write nothing
    #[arg(long, conflicts_with_all = ["output", "out_dir", "header", "depfile", "split_debug"])]
    pub(super) check: bool,

    /// Write debug information to a file of its own: the artifact's name with
    /// .debug
    #[arg(long)]
    pub(super) split_debug: bool,

    /// Print the time that each stage took
    #[arg(long)]
    pub(super) timings: bool,

    /// Of several inputs, compile what can be compiled whatever becomes of the
    /// others: the default
    #[arg(long, conflicts_with = "fail_fast")]
    pub(super) keep_going: bool,

    /// Of several inputs, begin no other once one has failed
    #[arg(long)]
    pub(super) fail_fast: bool,

    /// Of several inputs, compile no more at once than takes about so much
    /// memory, such as 2GiB; what needs more alone is compiled alone
    #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
    pub(super) mem_limit: Option<u64>,

    /// Take from this folder what was compiled before, and leave there what is
    /// compiled now; by default PRECAST_CACHE, if that is set
    #[arg(long, value_name = "DIR")]
    pub(super) cache: Option<PathBuf>,

    /// How messages are written to standard error
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(super) message_format: Format,

    /// Print something that a build asks for, and write nothing
    #[arg(long, value_name = "WHAT")]
    pub(super) print: Option<Print>,

    /// The modules, .wasm or .wat; `-` is standard input. @FILE stands for the
    /// arguments in a file
    #[arg(value_name = "INPUT", required_unless_present = "print")]
    pub(super) inputs: Vec<PathBuf>,
}

/// Kinds of output.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Emit {
    /// `.cwasm`
    #[default]
    Artifact,
    /// No extension: a program, made of the artifact and a loader
    Exe,
    /// `.o`
    Obj,
    /// `.clif`: what each function is translated to, before Cranelift optimises it, to be read
    Clif,
}

/// What a build may ask for.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Print {
    /// This program, and what its outputs depend on of it
    Version,
    /// The targets, one a line
    Targets,
    /// The CPUs of the target, one a line, the baseline first
    Cpus,
    /// For each input and target a line: a digest of all that the output
    /// depends on
    CacheKey,
    /// For each input and target: what each optimisation did, and its time
    Passes,
    /// What `--profile` says, in a form that needs no artifact any more
    Profile,
}

impl Emit {
    /// How names of such outputs end.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Artifact => "cwasm",
            Self::Exe => "",
            Self::Obj => "o",
            Self::Clif => "clif",
        }
    }
}

/// What all outputs of a command are made with.
pub(super) struct Shared<'c> {
    pub(super) command: &'c CompileCommand,
    pub(super) session: Session,
    pub(super) store: Option<Arc<ResultStore>>,
}

impl CompileCommand {
    /// The targets, as they were given.
    pub(super) fn targets(&self) -> Vec<Option<&str>> {
        match &self.codegen.target {
            None => vec![None],
            Some(list) => list.split(',').map(|target| Some(target.trim())).collect(),
        }
    }

    /// The compiler's options for one of them.
    pub(super) fn options(&self, target: Option<&str>) -> Options {
        let (target, fuel) = (target.map(str::to_owned), self.fuel);
        Options { target, fuel, ..self.codegen.options() }
    }

    pub(super) fn messages(&self) -> Messages {
        Messages { format: self.message_format, quiet: self.quiet }
    }

    /// Threads and the cache.
    pub(super) fn shared(&self) -> Result<Shared<'_>> {
        let mut session = Session::new(self.codegen.options().threads)?;
        // As in make itself, a number of one's own comes before the build's.
        if let (None, Some(permits)) = (self.codegen.jobs, jobserver::inherited()) {
            session = session.with_permits(permits);
        }
        let store = self.store();
        if let Some(store) = &store {
            session = session.with_cache(Box::new(Functions(store.clone())));
        }
        Ok(Shared { command: self, session, store })
    }

    fn store(&self) -> Option<Arc<ResultStore>> {
        let variable = std::env::var_os("PRECAST_CACHE").filter(|value| !value.is_empty());
        let folder = self.cache.clone().or_else(|| variable.map(PathBuf::from))?;
        match store_folder::open(&folder) {
            Ok(store) => Some(Arc::new(store)),
            Err(why) => {
                let folder = folder.display();
                self.messages().note(None, &format!("the cache is not used: {folder}: {why}"));
                None
            }
        }
    }

    /// Warnings, and what is worth knowing of an output.
    pub(super) fn tell(&self, about: About<'_>, report: &Report, options: &Options) {
        let messages = self.messages();
        report.warnings.iter().for_each(|warning| messages.warning(about, warning));
        if self.codegen.cpu.is_none() && precast_compiler::gains_from_cpu(report, options) {
            messages.note(
                Some(about),
                "the module uses SIMD and was compiled for x86-64-v2, which any machine \
                 has; `--cpu x86-64-v3` or `--cpu native` can make it faster",
            );
        }
    }

    /// What is worth knowing of the command.
    pub(super) fn tell_jobs(&self) {
        let most = most_threads();
        if let Some(jobs) = self.codegen.jobs.filter(|jobs| *jobs > most) {
            let text = format!("{most} threads in place of {jobs}: more would only cost memory");
            self.messages().note(None, &text);
        }
    }

    /// Whether the options go together.
    pub(super) fn check_usage(&self) -> Result {
        let (artifact, program) = (self.emit == Emit::Artifact, self.emit == Emit::Exe);
        let debug_info = self.codegen.options().debug_info;
        let why = if self.emit != Emit::Obj && (self.header.is_some() || self.name.is_some()) {
            "`--header` and `--name` are for objects: add `--emit obj`"
        } else if self.split_debug && !(debug_info && artifact) {
            "`--split-debug` is for artifacts with debug information: add `-g`"
        } else if !program && (self.loader.is_some() || !self.run_options.is_empty()) {
            "`--loader` and `--run-option` are for programs: add `--emit exe`"
        } else {
            return Ok(());
        };
        Err(Failure::Usage(why.to_owned()))
    }
}
