//! The options that shape code.

use crate::size;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use precast_compiler::{
    DebugFiles, Features, MemoryModel, OptLevel, Optimisation, Options, Profile,
};
use std::ffi::OsStr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

/// Options that shape the code.
#[derive(Args, Debug, Default)]
pub struct CodegenOptions {
    /// Optimisation level; 2 by default
    #[arg(short = 'O', value_name = "LEVEL", value_parser = levels())]
    opt_level: Option<OptLevel>,

    /// Include debug information, for debuggers and reports; with -O0 every
    /// variable can be read and written at every line. What is not in the module
    /// is looked for beside it: the file that it names, .dwo files, .dwp. A
    /// module without any is printed, to be debugged as text, beside the
    /// artifact with .wat added, where a component's adapters are outlined too
    #[arg(short = 'g')]
    debug_info: bool,

    /// Another folder that debug information may be read from, besides the
    /// module's
    #[arg(long, value_name = "DIR")]
    pub debug_path: Vec<PathBuf>,

    /// Write another path in place of a prefix into debug information
    #[arg(long, value_name = "FROM=TO", value_parser = parse_remap)]
    pub remap_path_prefix: Vec<(String, String)>,

    /// Machine to compile for: x86_64, aarch64, riscv64, or a whole triple such
    /// as aarch64-unknown-linux-musl; this one by default
    #[arg(long, value_name = "TARGET", value_parser = Suggested(target_names), hide_possible_values = true)]
    pub target: Option<String>,

    /// CPU that the code may rely on: baseline, native, x86-64-v3, haswell,
    /// graviton3, ...; `precast targets` lists them. With several, the artifact
    /// has code for each, and the best is chosen where it runs
    #[arg(long, value_name = "NAME[,NAME...]", value_parser = Suggested(cpu_names), hide_possible_values = true)]
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

    /// Make every NaN that arithmetic gives the canonical one, so that results
    /// are the same on every machine, bit by bit
    #[arg(long)]
    nan_canonicalization: bool,

    /// Whether the code counts its work. Each command has its own option for that:
    /// for `run` it is a number.
    #[arg(skip)]
    pub fuel: bool,

    /// Where earlier runs spent their time: read by the commands that take it.
    #[arg(skip)]
    pub known_profile: Option<Arc<Profile>>,

    /// WebAssembly features to allow: all or wasm2, then +NAME and -NAME to
    /// add and take away
    #[arg(long, value_name = "LIST", allow_hyphen_values = true)]
    features: Option<Features>,

    /// What keeps accesses inside linear memories
    #[arg(long, value_name = "MODEL", value_parser = memory_models())]
    memory_model: Option<MemoryModel>,

    /// Address space for each memory, which is how far it can grow, such as
    /// 64MiB
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
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
    pub jobs: Option<usize>,
}

/// More threads than this, four for each processor that this process may use,
/// only cost memory.
pub fn most_threads() -> usize {
    4 * std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Levels, with what each means in help and completions.
fn levels() -> impl TypedValueParser<Value = OptLevel> {
    let level = |name: &'static str, help: &'static str| PossibleValue::new(name).help(help);
    let levels = [
        level("0", "none: the fastest compile, and every variable in a debugger"),
        level("1", "what the code generator does"),
        level("2", "what pays for its time"),
        level("3", "all that makes code faster; calls are inlined"),
        level("s", "all that makes code smaller").alias("z"),
    ];
    PossibleValuesParser::new(levels).map(|name| match &*name {
        "0" => OptLevel::None,
        "1" => OptLevel::Less,
        "3" => OptLevel::Aggressive,
        "s" | "z" => OptLevel::Size,
        _ => OptLevel::Speed,
    })
}

/// Memory models, with what each means in help and completions.
fn memory_models() -> impl TypedValueParser<Value = MemoryModel> {
    let guard = "page protection after large reservations of address space";
    let bounds = "a comparison at each access, for little address space; memories then end at \
                  1 GiB unless --memory-reservation says otherwise";
    let models =
        [PossibleValue::new("guard").help(guard), PossibleValue::new("bounds").help(bounds)];
    PossibleValuesParser::new(models).map(|name| match &*name {
        "bounds" => MemoryModel::Bounds,
        _ => MemoryModel::Guard,
    })
}

/// Reads names of optimisations, and lists them in help and errors.
fn optimisations() -> impl TypedValueParser<Value = Optimisation> {
    PossibleValuesParser::new(Optimisation::ALL.map(Optimisation::name))
        .try_map(|name| name.parse::<Optimisation>())
}

/// Takes any text, and offers names for completion: what is right is for the
/// compiler to say.
#[derive(Clone)]
struct Suggested(fn() -> Vec<&'static str>);

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

fn target_names() -> Vec<&'static str> {
    let names = |target: precast_compiler::TargetDescription| {
        target.triples.iter().chain(target.aliases).copied()
    };
    precast_compiler::targets().into_iter().flat_map(names).collect()
}

fn cpu_names() -> Vec<&'static str> {
    let targets = precast_compiler::targets();
    let cpus = targets.into_iter().flat_map(|target| target.cpus).map(|(name, _)| name);
    ["baseline", "native"].into_iter().chain(cpus.filter(|name| *name != "generic")).collect()
}

/// Reads `FROM=TO`.
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
            canonical_nans: self.nan_canonicalization,
            fuel: self.fuel,
            opt_level: self.opt_level.unwrap_or_default(),
            features: self.features.unwrap_or_default(),
            memory_model: self.memory_model.unwrap_or_default(),
            memory_reservation: self.memory_reservation,
            profile: self.known_profile.clone(),
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

    /// An option that was given and that code which is compiled already cannot
    /// follow.
    pub fn given(&self) -> Option<&'static str> {
        let options = [
            ("-O", self.opt_level.is_some()),
            ("-g", self.debug_info),
            ("--remap-path-prefix", !self.remap_path_prefix.is_empty()),
            ("--target", self.target.is_some()),
            ("--cpu", self.cpu.is_some()),
            ("--cpu-feature", !self.cpu_features.is_empty()),
            ("--precise-stores", self.precise_stores.is_some()),
            ("--nan-canonicalization", self.nan_canonicalization),
            ("--features", self.features.is_some()),
            ("--memory-model", self.memory_model.is_some()),
            ("--memory-reservation", self.memory_reservation.is_some()),
            ("--disable", !self.disabled.is_empty()),
            ("--enable", !self.enabled.is_empty()),
        ];
        options.into_iter().find_map(|(name, given)| given.then_some(name))
    }
}
