//! The options that shape code.

use crate::exit::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use precast_compiler::{DebugFiles, Features, MemoryModel, OptLevel, Optimisation, Options};
use std::num::NonZero;
use std::path::PathBuf;

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
    pub remap_path_prefix: Vec<(String, String)>,

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
    /// or as `make` lets it have, and never more than four times as many
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
}

/// More threads than this, four for each processor that this process may use,
/// only cost memory.
pub(super) fn most_threads() -> usize {
    4 * std::thread::available_parallelism().map_or(1, NonZero::get)
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

pub fn parse_remap(text: &str) -> Result<(String, String), String> {
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
