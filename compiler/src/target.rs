//! Targets: which machine the code is for, and which of its features may be
//! used.

use crate::cpu::{ARCHITECTURES, Architecture, Feature};
use crate::error::{Error, Result};
use crate::explain::explain;
use crate::features::Features;
use crate::near::suggestion;
use crate::optimisation::Optimisation;
use crate::options::{OptLevel, Options};
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use target_lexicon::{
    Aarch64Architecture, Architecture as TripleArchitecture, Environment, OperatingSystem,
    Riscv64Architecture, Triple,
};

/// The code generator for one machine, and what linking must know of it.
pub(crate) struct Target {
    pub isa: OwnedTargetIsa,
    /// The same without optimisation, and with registers allocated in one pass:
    /// for functions that anything else would take too long for.
    pub fast_isa: OwnedTargetIsa,
    pub triple: Triple,
    /// Features that the code may use, by their Linux names, sorted.
    pub cpu_features: Vec<String>,
    /// What may take fewer bytes than the code generator gives it, if anything.
    pub shorter: Option<Shorter>,
    /// Whether functions begin where it suits their loops.
    pub align_loops: bool,
    /// Whether functions lie as close as they may, whatever that does to their speed.
    pub dense: bool,
    pub link: LinkTarget,
}

/// What may take fewer bytes than the code generator gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shorter {
    /// Branches, where they reach.
    pub branches: bool,
    /// Accesses of a function's frame.
    pub frame_accesses: bool,
    /// What has an encoding of fewer bytes.
    pub encodings: bool,
}

impl Shorter {
    fn new(options: &Options) -> Option<Self> {
        let shorter = Self {
            branches: options.enabled(Optimisation::ShortBranches),
            frame_accesses: options.enabled(Optimisation::ShortFrameAccesses),
            encodings: options.enabled(Optimisation::ShortEncodings),
        };
        let Self { branches, frame_accesses, encodings } = shorter;
        (branches || frame_accesses || encodings).then_some(shorter)
    }
}

/// The part of the target that placing and writing depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkTarget {
    /// `e_machine`.
    pub machine: u16,
    /// `e_flags`.
    pub flags: u32,
    /// Alignment of segments: the largest page size the target may have.
    pub page_size: u64,
}

/// What code can be made for, as `precast targets` lists it.
#[derive(Clone, Debug)]
pub struct TargetDescription {
    /// Name of the architecture.
    pub architecture: &'static str,
    /// Its triples.
    pub triples: &'static [&'static str],
    /// Names that stand for the first of them.
    pub aliases: &'static [&'static str],
    /// CPUs with their features; the first is the baseline.
    pub cpus: Vec<(&'static str, Vec<&'static str>)>,
    /// Features that can be added: the name in Linux, and that in compilers.
    pub features: Vec<(&'static str, &'static str)>,
}

/// Everything that code can be made for.
pub fn targets() -> Vec<TargetDescription> {
    let describe = |architecture: &'static Architecture| TargetDescription {
        architecture: architecture.name,
        triples: architecture.triples,
        aliases: architecture.aliases,
        cpus: architecture.cpus.iter().map(|cpu| (cpu.name, cpu.features.concat())).collect(),
        features: architecture.features.iter().map(|f| (f.name, f.alias)).collect(),
    };
    ARCHITECTURES.map(describe).into()
}

impl Target {
    /// Looks up the triple and CPUs of `options`: one target for each CPU, the
    /// least demanding first.
    pub(crate) fn all(options: &Options) -> Result<Vec<Self>> {
        let cpus = options.cpu.split(',').map(|cpu| Self::new(options, cpu.trim()));
        let mut targets = cpus.collect::<Result<Vec<_>>>()?;
        targets.sort_by_key(|target| target.cpu_features.len());
        if targets.windows(2).any(|pair| pair[0].cpu_features == pair[1].cpu_features) {
            return Err(Error::Option(format!(
                "`--cpu {}` names CPUs that code cannot tell apart",
                options.cpu
            )));
        }
        if targets.len() > 1 && options.debug_info {
            return Err(Error::Option(
                "debug information describes one text: `-g` takes one CPU".to_owned(),
            ));
        }
        Ok(targets)
    }

    fn new(options: &Options, cpu: &str) -> Result<Self> {
        let triple = options.target.as_deref().map_or_else(|| Ok(Triple::host()), triple)?;
        let architecture = architecture(&triple)?;
        let features = architecture.features(cpu, &options.cpu_features)?;
        let mut builder = isa::lookup(triple.clone()).map_err(|_| unsupported(&triple))?;
        for setting in settings_of(&features) {
            builder.enable(setting).map_err(|why| Error::Option(why.to_string()))?;
        }
        let finish = |level, allocator| {
            builder
                .finish(flags(options, level, allocator))
                .map_err(|why| Error::Option(format!("target {triple}: {why}")))
        };
        let (isa, fast_isa) =
            (finish(options.opt_level, "backtracking")?, finish(OptLevel::None, "single_pass")?);
        let cpu_features: Vec<String> = features.iter().map(|f| f.name.to_owned()).collect();
        let link = link_target(architecture, &cpu_features);
        let x86 = triple.architecture == TripleArchitecture::X86_64;
        let align_loops = x86 && options.enabled(Optimisation::AlignLoops);
        let shorter = if x86 { Shorter::new(options) } else { None };
        let dense = options.opt_level == OptLevel::Size;
        Ok(Self { isa, fast_isa, triple, cpu_features, shorter, align_loops, dense, link })
    }

    /// Whether there are instructions for vectors: riscv64 has them with an
    /// extension only.
    fn has_vectors(&self) -> bool {
        !matches!(self.triple.architecture, TripleArchitecture::Riscv64(_))
            || self.cpu_features.iter().any(|name| name == "v")
    }

    /// Whether a store across two pages may write to one of them and then
    /// fault. RISC-V allows it, and simple cores do it, by emulation in
    /// firmware (unprivileged ISA, section 2.6). Arm's architecture leaves it
    /// open too; there it is for the user to ask.
    pub(crate) fn stores_may_tear(&self) -> bool {
        matches!(self.triple.architecture, TripleArchitecture::Riscv64(_))
    }

    /// Bytes of the widest register that every CPU of the architecture has.
    pub(crate) fn widest_copy(&self) -> u8 {
        match self.triple.architecture {
            TripleArchitecture::Riscv64(_) => 8,
            _ => 16,
        }
    }

    /// The features of a set that this target can have.
    pub(crate) fn allowed(&self, features: Features) -> Features {
        if self.has_vectors() { features } else { features.without_simd() }
    }

    /// An error as it is, unless the module needs what this target lacks, or
    /// a feature that is not among these.
    pub(crate) fn explain(&self, error: Error, features: Features) -> Error {
        match error {
            Error::Invalid { at, message }
                if !self.has_vectors() && message.to_lowercase().contains("simd support") =>
            {
                let what = "vectors on riscv64, unless with `--cpu-feature +v` for machines that \
                            have the V extension"
                    .to_owned();
                Error::Unsupported { at, what }
            }
            other => explain(other, features),
        }
    }
}

/// Settings of the code generator for some features. The V extension has
/// registers of 128 bits or more.
fn settings_of(features: &[&'static Feature]) -> impl Iterator<Item = &'static str> {
    let vectors = features.iter().any(|feature| feature.name == "v").then_some("zvl128b");
    features.iter().map(|feature| feature.setting).chain(vectors)
}

/// The triple that a name stands for: a triple itself, perhaps without a vendor;
/// an architecture, by any of its names, for Linux with the GNU C library; or
/// `native`, which is this machine.
fn triple(name: &str) -> Result<Triple> {
    if matches!(name, "native" | "host") {
        return Ok(Triple::host());
    }
    let short = ARCHITECTURES.iter().find_map(|architecture| {
        let end = architecture.aliases.iter().find_map(|alias| name.strip_prefix(alias))?;
        let whole = end.is_empty() || end.starts_with('-');
        architecture.triples.iter().find(|triple| whole && triple.ends_with(end))
    });
    short.copied().unwrap_or(name).parse().map_err(|_| {
        Error::Option(format!("unknown target `{name}`{}; known are {}", near(name), known()))
    })
}

/// Suggests a target that is nearest to a name.
fn near(name: &str) -> String {
    let names = ARCHITECTURES.iter().flat_map(|a| a.triples.iter().chain(a.aliases));
    suggestion(name, names.copied())
}

fn known() -> String {
    let triples = ARCHITECTURES.iter().flat_map(|architecture| architecture.triples);
    triples.copied().collect::<Vec<_>>().join(", ")
}

/// The architecture of a triple: of one that has little-endian Linux.
fn architecture(triple: &Triple) -> Result<&'static Architecture> {
    let name = match triple.architecture {
        TripleArchitecture::X86_64 => "x86_64",
        TripleArchitecture::Aarch64(Aarch64Architecture::Aarch64) => "aarch64",
        TripleArchitecture::Riscv64(
            Riscv64Architecture::Riscv64gc | Riscv64Architecture::Riscv64,
        ) => "riscv64",
        _ => return Err(unsupported(triple)),
    };
    let linux = triple.operating_system == OperatingSystem::Linux
        && matches!(triple.environment, Environment::Gnu | Environment::Musl);
    match Architecture::find(name) {
        Some(architecture) if linux => Ok(architecture),
        _ => Err(unsupported(triple)),
    }
}

fn unsupported(triple: &Triple) -> Error {
    let name = triple.to_string();
    Error::Option(format!("target `{name}` is not supported{}; known are {}", near(&name), known()))
}

fn link_target(architecture: &Architecture, cpu_features: &[String]) -> LinkTarget {
    use object::elf;
    match architecture.name {
        "aarch64" => {
            // 64 KiB pages exist: the image must fit them.
            LinkTarget { machine: elf::EM_AARCH64, flags: 0, page_size: 64 << 10 }
        }
        "riscv64" => {
            let compressed = cpu_features.iter().any(|name| name == "c");
            let compressed = if compressed { elf::EF_RISCV_RVC } else { 0 };
            let flags = elf::EF_RISCV_FLOAT_ABI_DOUBLE | compressed;
            LinkTarget { machine: elf::EM_RISCV, flags, page_size: 4096 }
        }
        _ => LinkTarget { machine: elf::EM_X86_64, flags: 0, page_size: 4096 },
    }
}

/// The code generator's settings that do not depend on the machine.
fn flags(options: &Options, level: OptLevel, register_allocator: &str) -> settings::Flags {
    let mut flags = settings::builder();
    let mut set = |name: &str, value: &str| {
        flags.set(name, value).unwrap_or_else(|why| panic!("setting {name}={value}: {why}"));
    };
    set(
        "opt_level",
        match level {
            OptLevel::None => "none",
            OptLevel::Less | OptLevel::Speed | OptLevel::Aggressive => "speed",
            OptLevel::Size => "speed_and_size",
        },
    );
    set("enable_nan_canonicalization", if options.canonical_nans { "true" } else { "false" });
    set("regalloc_algorithm", register_allocator);
    set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" });
    set("use_colocated_libcalls", "true");
    // Where blocks start: the time for it is the square of the number of a
    // jump table's targets. Whoever needs it must ask for functions without
    // large ones only.
    set("machine_code_cfg_info", "false");
    set("unwind_info", "true");
    // Backtraces and the unwinder walk frame pointers, and tail calls need
    // them. On x86-64 every frame has one whatever the setting.
    set("preserve_frame_pointers", "true");
    // Results that do not fit registers go through memory of the caller.
    set("enable_multi_ret_implicit_sret", "true");
    // Frames larger than the guard probe, inline; functions carry no check.
    set("enable_probestack", "true");
    set("probestack_strategy", "inline");
    let guard = precast_artifact::abi::STACK_GUARD.ilog2().to_string();
    set("probestack_size_log2", &guard);
    settings::Flags::new(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_have_short_names() {
        let of = |name: &str| triple(name).map(|triple| triple.to_string());
        for (name, full) in [
            ("aarch64", "aarch64-unknown-linux-gnu"),
            ("arm64", "aarch64-unknown-linux-gnu"),
            ("arm64-linux-musl", "aarch64-unknown-linux-musl"),
            ("x86_64", "x86_64-unknown-linux-gnu"),
            ("amd64", "x86_64-unknown-linux-gnu"),
            ("x86_64-unknown-linux-musl", "x86_64-unknown-linux-musl"),
            ("riscv64", "riscv64gc-unknown-linux-gnu"),
            ("riscv64-linux-gnu", "riscv64gc-unknown-linux-gnu"),
            ("x86_64-pc-linux-gnu", "x86_64-pc-linux-gnu"),
        ] {
            assert_eq!(of(name).unwrap(), full, "{name}");
        }
        assert_eq!(of("native").unwrap(), Triple::host().to_string());
        let why = |name: &str| {
            let options = Options { target: Some(name.to_owned()), ..Options::default() };
            Target::all(&options).map(drop).unwrap_err().to_string()
        };
        assert!(why("aarhc64").contains("did you mean `aarch64`?"), "{}", why("aarhc64"));
        assert!(why("x86_64-unknown-linus-gnu").contains("mean `x86_64-unknown-linux-gnu`?"));
        assert!(why("wasm32-wasip1").contains("is not supported; known are x86_64-"));
    }
}
