//! Targets: which machine the code is for, and which of its features may be
//! used.

use crate::error::{Error, Result};
use crate::features::Features;
use crate::link::LinkTarget;
use crate::options::{OptLevel, Options};
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use target_lexicon::{Architecture, Triple};

/// The code generator for one machine, and what linking must know of it.
pub(crate) struct Target {
    pub isa: OwnedTargetIsa,
    pub triple: Triple,
    /// Features that the code may use, by their Linux names, sorted.
    pub cpu_features: Vec<String>,
    pub link: LinkTarget,
}

/// A CPU feature: its name in Linux and the code generator's settings for it.
struct Feature {
    name: &'static str,
    setting: &'static str,
    /// The level of x86-64 that first has it (psABI, section 3.1.1); 0 if none.
    level: u8,
}

const fn feature(name: &'static str, setting: &'static str, level: u8) -> Feature {
    Feature { name, setting, level }
}

/// Every x86-64 feature that code generation knows. The lowest level is v2:
/// below it, rounding and byte shuffles would be library calls.
const X86_FEATURES: [Feature; 17] = [
    feature("cx16", "has_cmpxchg16b", 2),
    feature("pni", "has_sse3", 2),
    feature("ssse3", "has_ssse3", 2),
    feature("sse4_1", "has_sse41", 2),
    feature("sse4_2", "has_sse42", 2),
    feature("popcnt", "has_popcnt", 2),
    feature("avx", "has_avx", 3),
    feature("avx2", "has_avx2", 3),
    feature("fma", "has_fma", 3),
    feature("bmi1", "has_bmi1", 3),
    feature("bmi2", "has_bmi2", 3),
    feature("abm", "has_lzcnt", 3),
    feature("avx512f", "has_avx512f", 4),
    feature("avx512dq", "has_avx512dq", 4),
    feature("avx512vl", "has_avx512vl", 4),
    feature("avx512vbmi", "has_avx512vbmi", 0),
    feature("avx512_bitalg", "has_avx512bitalg", 0),
];

impl Target {
    /// Looks up the triple and CPU of `options`.
    pub(crate) fn new(options: &Options) -> Result<Self> {
        let triple = match &options.target {
            Some(text) => text
                .parse::<Triple>()
                .map_err(|why| Error::Option(format!("unknown target `{text}`: {why}")))?,
            None => Triple::host(),
        };
        let mut features = cpu_features(&triple, &options.cpu)?;
        features.sort_by_key(|f| f.name);
        let mut builder =
            isa::lookup(triple.clone()).map_err(|_| Error::Option(unsupported_target(&triple)))?;
        for feature in &features {
            builder.enable(feature.setting).map_err(|why| Error::Option(why.to_string()))?;
        }
        let isa = builder
            .finish(flags(options))
            .map_err(|why| Error::Option(format!("target {triple}: {why}")))?;
        let link = link_target(&triple)?;
        let cpu_features = features.iter().map(|f| f.name.to_owned()).collect();
        Ok(Self { isa, triple, cpu_features, link })
    }

    /// The features of a set that this target can have: vectors need more than
    /// the baseline of riscv64.
    pub(crate) fn allowed(&self, features: Features) -> Features {
        match self.triple.architecture {
            Architecture::Riscv64(_) => features.without_simd(),
            _ => features,
        }
    }
}

fn unsupported_target(triple: &Triple) -> String {
    format!(
        "target `{triple}` is not supported; known are x86_64, aarch64 and riscv64gc, each `-unknown-linux-gnu` or `-musl`"
    )
}

fn link_target(triple: &Triple) -> Result<LinkTarget> {
    use object::elf;
    Ok(match triple.architecture {
        Architecture::X86_64 => LinkTarget { machine: elf::EM_X86_64, flags: 0, page_size: 4096 },
        // 64 KiB pages exist: the image must fit them.
        Architecture::Aarch64(_) => {
            LinkTarget { machine: elf::EM_AARCH64, flags: 0, page_size: 64 << 10 }
        }
        Architecture::Riscv64(_) => LinkTarget {
            machine: elf::EM_RISCV,
            flags: elf::EF_RISCV_RVC | elf::EF_RISCV_FLOAT_ABI_DOUBLE,
            page_size: 4096,
        },
        _ => return Err(Error::Option(unsupported_target(triple))),
    })
}

fn cpu_features(triple: &Triple, cpu: &str) -> Result<Vec<&'static Feature>> {
    if triple.architecture != Architecture::X86_64 {
        return match cpu {
            "baseline" | "generic" => Ok(Vec::new()),
            other => Err(Error::Option(format!(
                "unknown CPU `{other}` for {triple}; known are baseline, generic"
            ))),
        };
    }
    let up_to =
        |level: u8| Ok(X86_FEATURES.iter().filter(|f| f.level != 0 && f.level <= level).collect());
    match cpu {
        "baseline" | "generic" | "x86-64-v2" => up_to(2),
        "x86-64-v3" => up_to(3),
        "x86-64-v4" => up_to(4),
        "native" => native_features(),
        other => Err(Error::Option(format!(
            "unknown CPU `{other}`; known are baseline, native, x86-64-v2, x86-64-v3, x86-64-v4"
        ))),
    }
}

/// What this machine's CPU has.
#[cfg(target_arch = "x86_64")]
fn native_features() -> Result<Vec<&'static Feature>> {
    let has = |name: &str| match name {
        "cx16" => std::is_x86_feature_detected!("cmpxchg16b"),
        "pni" => std::is_x86_feature_detected!("sse3"),
        "ssse3" => std::is_x86_feature_detected!("ssse3"),
        "sse4_1" => std::is_x86_feature_detected!("sse4.1"),
        "sse4_2" => std::is_x86_feature_detected!("sse4.2"),
        "popcnt" => std::is_x86_feature_detected!("popcnt"),
        "avx" => std::is_x86_feature_detected!("avx"),
        "avx2" => std::is_x86_feature_detected!("avx2"),
        "fma" => std::is_x86_feature_detected!("fma"),
        "bmi1" => std::is_x86_feature_detected!("bmi1"),
        "bmi2" => std::is_x86_feature_detected!("bmi2"),
        "abm" => std::is_x86_feature_detected!("lzcnt"),
        "avx512f" => std::is_x86_feature_detected!("avx512f"),
        "avx512dq" => std::is_x86_feature_detected!("avx512dq"),
        "avx512vl" => std::is_x86_feature_detected!("avx512vl"),
        "avx512vbmi" => std::is_x86_feature_detected!("avx512vbmi"),
        "avx512_bitalg" => std::is_x86_feature_detected!("avx512bitalg"),
        _ => false,
    };
    Ok(X86_FEATURES.iter().filter(|f| has(f.name)).collect())
}

#[cfg(not(target_arch = "x86_64"))]
fn native_features() -> Result<Vec<&'static Feature>> {
    Err(Error::Option("`--cpu native` for x86_64 needs an x86_64 machine".to_owned()))
}

/// The code generator's settings that do not depend on the machine.
fn flags(options: &Options) -> settings::Flags {
    let mut flags = settings::builder();
    let mut set = |name: &str, value: &str| {
        flags.set(name, value).unwrap_or_else(|why| panic!("setting {name}={value}: {why}"));
    };
    set(
        "opt_level",
        match options.opt_level {
            OptLevel::None => "none",
            OptLevel::Speed => "speed",
        },
    );
    set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" });
    set("use_colocated_libcalls", "true");
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
