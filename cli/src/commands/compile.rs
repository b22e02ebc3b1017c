//! `precast compile`.

mod compiling;

use super::codegen::{CodegenOptions, most_threads};
use super::{debug_files, depfile, input, output, strip};
use crate::exit::{self, Failure, Result};
use clap::Args;
use compiling::with_progress;
pub use compiling::{to_bytes, to_writer};
use precast_compiler::{Options, Report};
use std::io::Write;
use std::path::{Path, PathBuf};

/// `precast compile`.
#[derive(Args, Debug)]
pub struct CompileCommand {
    #[command(flatten)]
    codegen: CodegenOptions,

    /// Where to write the artifact; `-` is standard output. By default the
    /// input's name with .cwasm (.o for an object, .clif for IR), in the
    /// current folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// What to write: an artifact to run, or an object that a system linker
    /// makes part of a program, together with libprecast.a; or what the
    /// compiler makes of functions on the way
    #[arg(long, value_enum, default_value_t, value_name = "KIND")]
    emit: Emit,

    /// With `--emit obj`: also write a C header for the module's exports
    #[arg(long, value_name = "FILE")]
    header: Option<PathBuf>,

    /// With `--emit obj`: what C names begin with; by default the name of the
    /// output, or of the input
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Show neither progress nor notes
    #[arg(short, long)]
    quiet: bool,

    /// Also write what the output was made of, as a rule for make and ninja
    #[arg(long, value_name = "FILE")]
    depfile: Option<PathBuf>,

    /// Only check that the module can be compiled: write nothing
    #[arg(long, conflicts_with_all = ["output", "header", "depfile", "split_debug"])]
    check: bool,

    /// Write debug information to a file of its own: the artifact's name with
    /// .debug
    #[arg(long)]
    split_debug: bool,

    /// Print the time that each stage took
    #[arg(long)]
    timings: bool,

    /// The module, .wasm or .wat; `-` is standard input
    input: PathBuf,
}

/// Kinds of output.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Emit {
    /// `.cwasm`
    #[default]
    Artifact,
    /// `.o`
    Obj,
    /// `.clif`: what each function is translated to, before Cranelift optimises it, to be read
    Clif,
}

impl CompileCommand {
    pub(super) fn run(&self) -> Result {
        let bytes = input::module(&self.input)?;
        let mut options = self.codegen.options();
        let allowed = &self.codegen.debug_path;
        let read = debug_files::find(&self.input, &bytes, allowed, &mut options);
        let text_path = self.output().as_deref().and_then(text_name);
        options.text_path = text_path.as_ref().map(|path| path.to_string_lossy().into_owned());
        self.check_usage(&options)?;
        self.check_outputs()?;
        let mut header = String::new();
        let mut fill = |out: &mut dyn Write| match self.emit {
            Emit::Artifact => to_writer(&self.input, &bytes, &options, self.quiet, out),
            Emit::Obj => {
                let compiled = with_progress(&self.input, self.quiet, |progress| {
                    let name = self.c_name();
                    precast_compiler::compile_object_to(&bytes, &options, &name, out, progress)
                });
                let (report, made) = compiled?;
                header = made;
                Ok(report)
            }
            Emit::Clif => {
                precast_compiler::write_ir(&bytes, &options, out)?;
                Ok(Report::default())
            }
        };
        let report = match self.output() {
            _ if self.check => fill(&mut std::io::sink())?,
            Some(path) if self.split_debug => {
                let mut whole = Vec::new();
                let report = fill(&mut whole)?;
                strip::apart(&whole, &path, Some(&strip::debug_name(&path)))?;
                report
            }
            None => output::write_stdout(fill)?,
            Some(path) => output::write(&path, fill)?,
        };
        if let (Some(text), Some(path), false) = (&report.text, &text_path, self.check) {
            output::write_bytes(path, text.as_bytes())?;
        }
        if let Some(path) = &self.header {
            output::write_bytes(path, header.as_bytes())?;
        }
        if let (Some(path), Some(output)) = (&self.depfile, self.output()) {
            let inputs = std::iter::once(&self.input).chain(&read).map(PathBuf::as_path);
            let rule = depfile::rule(&output, &inputs.collect::<Vec<_>>());
            output::write_bytes(path, &rule)?;
        }
        self.tell(&report, &options);
        Ok(())
    }

    /// Whether the options go together.
    fn check_usage(&self, options: &Options) -> Result {
        let artifact = self.emit == Emit::Artifact;
        let why = if self.emit != Emit::Obj && (self.header.is_some() || self.name.is_some()) {
            "`--header` and `--name` are for objects: add `--emit obj`"
        } else if self.split_debug && !(options.debug_info && artifact) {
            "`--split-debug` is for artifacts with debug information: add `-g`"
        } else if self.depfile.is_some() && self.output().is_none() {
            "`--depfile` needs a file that depends on something: add `-o FILE`"
        } else if self.depfile.is_some() && self.input == Path::new("-") {
            "`--depfile` needs an input with a name; standard input has none"
        } else if self.split_debug && self.output().is_none() {
            "`--split-debug` needs a file to write to: add `-o FILE`"
        } else {
            return Ok(());
        };
        Err(Failure::Usage(why.to_owned()))
    }

    /// Warnings, and what was asked for, on standard error.
    fn tell(&self, report: &Report, options: &Options) {
        for warning in &report.warnings {
            exit::warn(format_args!("{}: {warning}", self.input.display()));
        }
        if let Some(jobs) = self.codegen.jobs.filter(|jobs| *jobs > most_threads() && !self.quiet) {
            let most = most_threads();
            let why = "more would only cost memory";
            exit::note(format_args!("{most} threads in place of {jobs}: {why}"));
        }
        if self.timings {
            print_timings(report);
        }
        let portable = !self.quiet && self.codegen.cpu.is_none();
        if portable && precast_compiler::gains_from_cpu(report, options) {
            exit::note(
                "the module uses SIMD and was compiled for x86-64-v2, which any machine has; \
                 `--cpu x86-64-v3` or `--cpu native` can make it faster",
            );
        }
    }

    /// No output may be another, or the input.
    fn check_outputs(&self) -> Result {
        let output = self.output();
        let input = Some(&self.input).filter(|path| *path != Path::new("-"));
        let paths = [
            ("the input", input),
            ("the output", output.as_ref()),
            ("the header", self.header.as_ref()),
            ("the dependency file", self.depfile.as_ref()),
        ];
        let named = paths.iter().filter_map(|(what, path)| Some((*what, path.as_ref()?.as_path())));
        output::check_distinct(&named.collect::<Vec<_>>())
    }

    /// Where the artifact goes; nowhere for standard output.
    fn output(&self) -> Option<PathBuf> {
        match &self.output {
            Some(path) if path == Path::new("-") => None,
            Some(path) => Some(path.clone()),
            None if self.input == Path::new("-") => None,
            None => {
                let extension = match self.emit {
                    Emit::Artifact => "cwasm",
                    Emit::Obj => "o",
                    Emit::Clif => "clif",
                };
                let name = self.input.with_extension(extension);
                Some(name.file_name().map_or(name.clone(), PathBuf::from))
            }
        }
    }
}

impl CompileCommand {
    /// What C names begin with.
    fn c_name(&self) -> String {
        let named =
            |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = self.name.clone();
        let name = name.or_else(|| self.output().as_ref().and_then(named));
        let name = name.or_else(|| named(&self.input)).unwrap_or_default();
        match self.name {
            Some(_) => name,
            None => {
                let fits = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
                let digit = name.starts_with(|c: char| c.is_ascii_digit());
                let name: String = name.chars().map(fits).collect();
                if digit { format!("_{name}") } else { name }
            }
        }
    }
}

/// Where the text of a module without debug information goes: beside the
/// artifact, with .wat added to its name.
pub fn text_name(artifact: &Path) -> Option<PathBuf> {
    let mut path = std::path::absolute(artifact).ok()?.into_os_string();
    path.push(".wat");
    Some(path.into())
}

fn print_timings(report: &Report) {
    for (stage, time) in &report.stages {
        eprintln!("{stage:>10} {:>9.1} ms", time.as_secs_f64() * 1e3);
    }
    eprintln!(
        "{} functions, {} of them the same as another, {} bytes",
        report.functions, report.folded, report.size
    );
}
