//! `precast compile`, and the options that shape code.

mod compiling;

use super::{debug_files, depfile, input, output, strip};
use crate::exit::{Failure, Result};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use compiling::with_progress;
pub use compiling::{to_bytes, to_writer};
use precast_compiler::{
    DebugFiles, Features, MemoryModel, OptLevel, Optimisation, Options, Report,
};
use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};

/// Options that shape the code.
#[derive(Args, Debug, Default)]
pub struct CodegenOptions {
    /// Optimisation level: 0 (none), 1 and 2 (the default), 3 (calls are
    /// inlined too), or s (the same for size)
    #[arg(short = 'O', value_name = "LEVEL", value_parser = parse_level)]
    opt_level: Option<OptLevel>,

    /// Include debug information, for debuggers and reports; with -O0 every
    /// variable can be read and written at every line. What is not in the module
    /// is looked for beside it: the file that it names, .dwo files, .dwp. A
    /// module without any is printed, to be debugged as text, beside the
    /// artifact with .wat added
    #[arg(short = 'g')]
    debug_info: bool,

    /// Another folder that debug information may be read from, besides the
    /// module's
    #[arg(long, value_name = "DIR")]
    pub debug_path: Vec<PathBuf>,

    /// Write another path in place of a prefix into debug information
    #[arg(long, value_name = "FROM=TO", value_parser = parse_remap)]
    remap_path_prefix: Vec<(String, String)>,

    /// Target triple, such as aarch64-unknown-linux-gnu
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,

    /// CPU that the code may rely on: baseline, native, x86-64-v3, ...;
    /// `precast targets` lists them. With several, the artifact has code for
    /// each, and the best is chosen where it runs
    #[arg(long, value_name = "NAME[,NAME...]")]
    pub cpu: Option<String>,

    /// CPU features to add to the CPU's, as +NAME, and to take away, as -NAME
    #[arg(
        long = "cpu-feature",
        value_name = "LIST",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    cpu_features: Vec<String>,

    /// Whether a store across the end of memory writes nothing before it traps,
    /// where the machine may store piece by piece; true by default on riscv64
    #[arg(long, value_name = "BOOL")]
    precise_stores: Option<bool>,

    /// WebAssembly features to allow: all or wasm2, then +NAME and -NAME to
    /// add and take away
    #[arg(long, value_name = "LIST")]
    features: Option<Features>,

    /// What keeps accesses inside linear memories: guard (page protection
    /// behind large reservations of address space) or bounds (a comparison at
    /// each access, for little address space; memories then end at 1 GiB unless
    /// --memory-reservation says otherwise)
    #[arg(long, value_name = "MODEL", value_parser = parse_memory_model)]
    memory_model: Option<MemoryModel>,

    /// Address space for each memory, which is how far it can grow, such as
    /// 64MiB
    #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
    memory_reservation: Option<u64>,

    /// Leave out an optimisation, by name
    #[arg(long = "disable", value_name = "NAME", value_parser = optimisations())]
    disabled: Vec<Optimisation>,

    /// Make an optimisation that the level leaves out, by name
    #[arg(long = "enable", value_name = "NAME", value_parser = optimisations())]
    enabled: Vec<Optimisation>,

    /// Number of threads; by default as many as this process may use processors,
    /// and never more than four times as many
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
}

/// More threads than this, four for each processor that this process may use,
/// only cost memory.
fn most_threads() -> usize {
    4 * std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// `precast compile`.
#[derive(Args, Debug)]
pub struct CompileCommand {
    #[command(flatten)]
    codegen: CodegenOptions,

    /// Where to write the artifact; `-` is standard output. By default the
    /// input's name with .cwasm (.o for an object, .clif for IR), in the
    /// current folder
    #[arg(short, value_name = "FILE")]
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

fn parse_level(text: &str) -> Result<OptLevel, String> {
    match text {
        "0" => Ok(OptLevel::None),
        "1" => Ok(OptLevel::Less),
        "2" => Ok(OptLevel::Speed),
        "3" => Ok(OptLevel::Aggressive),
        "s" | "z" => Ok(OptLevel::Size),
        other => Err(format!("unknown level `{other}`; known are 0, 1, 2, 3 and s")),
    }
}

fn parse_memory_model(text: &str) -> Result<MemoryModel, String> {
    match text {
        "guard" => Ok(MemoryModel::Guard),
        "bounds" => Ok(MemoryModel::Bounds),
        other => Err(format!("unknown memory model `{other}`; known are guard and bounds")),
    }
}

/// Reads names of optimisations, and lists them in help and errors.
fn optimisations() -> impl TypedValueParser<Value = Optimisation> {
    PossibleValuesParser::new(Optimisation::ALL.map(Optimisation::name))
        .try_map(|name| name.parse::<Optimisation>())
}

fn parse_remap(text: &str) -> Result<(String, String), String> {
    // The last one, as compilers have it: paths may hold the sign.
    let parts = text.rsplit_once('=').ok_or("expected FROM=TO")?;
    Ok((parts.0.to_owned(), parts.1.to_owned()))
}

impl CodegenOptions {
    /// The compiler's options.
    pub fn options(&self) -> Options {
        let defaults = Options::default();
        Options {
            target: self.target.clone(),
            cpu: self.cpu.clone().unwrap_or(defaults.cpu),
            cpu_features: self.cpu_features.clone(),
            precise_stores: self.precise_stores,
            opt_level: self.opt_level.unwrap_or_default(),
            features: self.features.unwrap_or_default(),
            memory_model: self.memory_model.unwrap_or_default(),
            memory_reservation: self.memory_reservation,
            threads: self.jobs.map(|jobs| jobs.min(most_threads())),
            disabled: self.disabled.iter().copied().collect(),
            enabled: self.enabled.iter().copied().collect(),
            debug_info: self.debug_info,
            remap_path_prefix: self.remap_path_prefix.clone(),
            text_path: None,
            debug_files: DebugFiles::default(),
        }
    }

    /// The compiler's options for a module that is compiled to be debugged
    /// here and now.
    pub fn debug_options(&self) -> Options {
        let mut options = self.options();
        options.debug_info = true;
        if self.opt_level.is_none() {
            options.opt_level = OptLevel::None;
        }
        if self.cpu.is_none() && self.target.is_none() {
            options.cpu = "native".to_owned();
        }
        options
    }
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
            eprintln!("warning: {}: {warning}", self.input.display());
        }
        if let Some(jobs) = self.codegen.jobs.filter(|jobs| *jobs > most_threads() && !self.quiet) {
            let most = most_threads();
            eprintln!("note: {most} threads in place of {jobs}: more would only cost memory");
        }
        if self.timings {
            print_timings(report);
        }
        let portable = !self.quiet && self.codegen.cpu.is_none();
        if portable && precast_compiler::gains_from_cpu(report, options) {
            eprintln!(
                "note: the module uses SIMD and was compiled for x86-64-v2, which any machine \
                 has; `--cpu x86-64-v3` or `--cpu native` can make it faster"
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
