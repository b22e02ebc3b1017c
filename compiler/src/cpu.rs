//! CPUs and their features: names, and what each means to code generation.
//!
//! A new CPU is a row in the list of its architecture. A new feature is a row
//! here and one in [`precast_artifact::cpu`], where loaders look it up.

mod native;
#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::near::suggestion;

/// An architecture that code can be made for.
#[derive(Debug)]
pub(crate) struct Architecture {
    pub name: &'static str,
    /// Triples, as [`targets`](crate::targets) lists them; the vendor may be
    /// any.
    pub triples: &'static [&'static str],
    /// Names that stand for the first triple, the longer before those that they
    /// begin with.
    pub aliases: &'static [&'static str],
    /// Everything that code generation knows.
    pub features: &'static [Feature],
    /// The baseline first.
    pub cpus: &'static [Cpu],
}

/// A CPU feature.
#[derive(Debug)]
pub(crate) struct Feature {
    /// Its name in Linux, under which artifacts record it.
    pub name: &'static str,
    /// Its name in compilers; the same where it is.
    pub alias: &'static str,
    /// The code generator's setting for it.
    pub setting: &'static str,
    /// Features that come with it.
    pub needs: &'static [&'static str],
    /// Whether code generation cannot do without.
    pub required: bool,
}

/// A CPU, or a level that many have.
#[derive(Debug)]
pub(crate) struct Cpu {
    pub name: &'static str,
    /// Its features, each by its name in Linux, in parts that others share.
    pub features: &'static [&'static [&'static str]],
}

const fn feature(
    name: &'static str,
    alias: &'static str,
    setting: &'static str,
    needs: &'static [&'static str],
) -> Feature {
    Feature { name, alias, setting, needs, required: false }
}

const fn required(name: &'static str, alias: &'static str, setting: &'static str) -> Feature {
    Feature { name, alias, setting, needs: &[], required: true }
}

const fn cpu(name: &'static str, features: &'static [&'static [&'static str]]) -> Cpu {
    Cpu { name, features }
}

/// The lowest level is v2 (psABI, section 3.1.1): below it, rounding and byte
/// shuffles would be library calls.
const X86_64: Architecture = Architecture {
    name: "x86_64",
    triples: &["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"],
    aliases: &["x86_64", "x86-64", "amd64", "x64"],
    features: &[
        feature("cx16", "cmpxchg16b", "has_cmpxchg16b", &[]),
        required("pni", "sse3", "has_sse3"),
        required("ssse3", "ssse3", "has_ssse3"),
        required("sse4_1", "sse4.1", "has_sse41"),
        required("sse4_2", "sse4.2", "has_sse42"),
        feature("popcnt", "popcnt", "has_popcnt", &[]),
        feature("avx", "avx", "has_avx", &[]),
        feature("avx2", "avx2", "has_avx2", &["avx"]),
        feature("fma", "fma", "has_fma", &["avx"]),
        feature("bmi1", "bmi", "has_bmi1", &[]),
        feature("bmi2", "bmi2", "has_bmi2", &[]),
        feature("abm", "lzcnt", "has_lzcnt", &[]),
        feature("avx_vnni", "avxvnni", "has_avx_vnni", &["avx2"]),
        feature("avx512f", "avx512f", "has_avx512f", &["avx2", "fma"]),
        feature("avx512dq", "avx512dq", "has_avx512dq", &["avx512f"]),
        feature("avx512vl", "avx512vl", "has_avx512vl", &["avx512f"]),
        feature("avx512vbmi", "avx512vbmi", "has_avx512vbmi", &["avx512f"]),
        feature("avx512_bitalg", "avx512bitalg", "has_avx512bitalg", &["avx512f"]),
        feature("avx512_vnni", "avx512vnni", "has_avx512vnni", &["avx512f"]),
    ],
    cpus: &[
        cpu("x86-64-v2", X86_64_V2),
        cpu("x86-64-v3", X86_64_V3),
        cpu("x86-64-v4", X86_64_V4),
        cpu("nehalem", X86_64_V2),
        cpu("sandybridge", &[V2, &["avx"]]),
        cpu("haswell", X86_64_V3),
        cpu("broadwell", X86_64_V3),
        cpu("skylake", X86_64_V3),
        cpu("alderlake", ALDER_LAKE),
        cpu("skylake-avx512", X86_64_V4),
        cpu("cascadelake", CASCADE_LAKE),
        cpu("icelake-server", ICE_LAKE),
        cpu("sapphirerapids", SAPPHIRE_RAPIDS),
        cpu("znver1", X86_64_V3),
        cpu("znver2", X86_64_V3),
        cpu("znver3", X86_64_V3),
        cpu("znver4", ICE_LAKE),
        cpu("znver5", SAPPHIRE_RAPIDS),
    ],
};

/// Levels as the psABI has them; CPUs as LLVM knows them, without what is of no
/// use here.
const X86_64_V2: &[&[&str]] = &[V2];
const X86_64_V3: &[&[&str]] = &[V2, V3];
const ALDER_LAKE: &[&[&str]] = &[V2, V3, &["avx_vnni"]];
const X86_64_V4: &[&[&str]] = &[V2, V3, V4];
const CASCADE_LAKE: &[&[&str]] = &[V2, V3, V4, &["avx512_vnni"]];
const ICE_LAKE: &[&[&str]] = &[V2, V3, V4, ICE_LAKE_MORE];
const SAPPHIRE_RAPIDS: &[&[&str]] = &[V2, V3, V4, ICE_LAKE_MORE, &["avx_vnni"]];

/// What each level adds to the one before.
const V2: &[&str] = &["cx16", "pni", "ssse3", "sse4_1", "sse4_2", "popcnt"];
const V3: &[&str] = &["avx", "avx2", "fma", "bmi1", "bmi2", "abm"];
const V4: &[&str] = &["avx512f", "avx512dq", "avx512vl"];
const ICE_LAKE_MORE: &[&str] = &["avx512_vnni", "avx512vbmi", "avx512_bitalg"];

/// What Armv8.0-A leaves open. CPUs as LLVM knows them.
const AARCH64: Architecture = Architecture {
    name: "aarch64",
    triples: &["aarch64-unknown-linux-gnu", "aarch64-unknown-linux-musl"],
    aliases: &["aarch64", "arm64"],
    features: &[
        feature("atomics", "lse", "has_lse", &[]),
        feature("asimdhp", "fp16", "has_fp16", &[]),
        feature("asimddp", "dotprod", "has_dotprod", &[]),
        feature("i8mm", "i8mm", "has_i8mm", &[]),
    ],
    cpus: &[
        cpu("generic", &[]),
        cpu("cortex-a53", &[]),
        cpu("cortex-a72", &[]),
        cpu("cortex-a55", ARMV8_2),
        cpu("cortex-a76", ARMV8_2),
        cpu("cortex-a78", ARMV8_2),
        cpu("neoverse-n1", ARMV8_2),
        cpu("neoverse-n2", ARMV8_6),
        cpu("neoverse-v1", ARMV8_6),
        cpu("neoverse-v2", ARMV8_6),
        cpu("graviton2", ARMV8_2),
        cpu("graviton3", ARMV8_6),
        cpu("graviton4", ARMV8_6),
        cpu("ampere1", ARMV8_6),
        cpu("apple-m1", ARMV8_2),
        cpu("apple-m2", ARMV8_6),
        cpu("apple-m3", ARMV8_6),
        cpu("apple-m4", ARMV8_6),
    ],
};

const ARMV8_2: &[&[&str]] = &[&["atomics", "asimdhp", "asimddp"]];
const ARMV8_6: &[&[&str]] = &[&["atomics", "asimdhp", "asimddp"], &["i8mm"]];

/// Over `rv64g`. Profiles as the RISC-V profiles specification has them: what
/// is mandatory there and of use here.
const RISCV64: Architecture = Architecture {
    name: "riscv64",
    triples: &["riscv64gc-unknown-linux-gnu", "riscv64gc-unknown-linux-musl"],
    aliases: &["riscv64gc", "riscv64"],
    features: &[
        feature("c", "c", "has_c", &[]),
        feature("v", "v", "has_v", &[]),
        feature("zba", "zba", "has_zba", &[]),
        feature("zbb", "zbb", "has_zbb", &[]),
        feature("zbs", "zbs", "has_zbs", &[]),
        feature("zbc", "zbc", "has_zbc", &[]),
        feature("zbkb", "zbkb", "has_zbkb", &[]),
        feature("zvbb", "zvbb", "has_zvbb", &["v"]),
        feature("zfa", "zfa", "has_zfa", &[]),
        feature("zicond", "zicond", "has_zicond", &[]),
        feature("zcb", "zcb", "has_zcb", &["c"]),
    ],
    cpus: &[
        cpu("rv64gc", &[&["c"]]),
        cpu("rva20u64", &[&["c"]]),
        cpu("rva22u64", &[&["c", "zba", "zbb", "zbs"]]),
        cpu("rva23u64", &[&["c", "v", "zba", "zbb", "zbs", "zcb", "zfa", "zicond", "zvbb"]]),
        cpu("sifive-u74", &[&["c", "zba", "zbb"]]),
        cpu("spacemit-x60", &[&["c", "v", "zba", "zbb", "zbc", "zbs", "zbkb", "zicond"]]),
    ],
};

/// Every architecture.
pub(crate) const ARCHITECTURES: [&Architecture; 3] = [&X86_64, &AARCH64, &RISCV64];

impl Architecture {
    /// By its name.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        ARCHITECTURES.into_iter().find(|architecture| architecture.name == name)
    }

    /// The features of a CPU, with those of `changes` (`+x`, `-y`, in order)
    /// added and taken away; sorted by name.
    pub(crate) fn features(&self, cpu: &str, changes: &[String]) -> Result<Vec<&'static Feature>> {
        let mut chosen: Vec<bool> = match cpu {
            "native" => self.native()?,
            "baseline" | "generic" => self.marks(self.cpus[0].features),
            name => match self.cpus.iter().find(|cpu| cpu.name == name) {
                Some(cpu) => self.marks(cpu.features),
                None => return Err(self.unknown_cpu(name)),
            },
        };
        for change in changes {
            match (change.strip_prefix('+'), change.strip_prefix('-')) {
                (Some(name), _) => self.add(&mut chosen, self.index(name)?),
                (_, Some(name)) => self.take_away(&mut chosen, self.index(name)?),
                _ => {
                    return Err(Error::Option(format!(
                        "CPU feature `{change}` has neither + nor - before it"
                    )));
                }
            }
        }
        let marked = self.features.iter().zip(&chosen);
        if let Some((lacking, _)) = marked.clone().find(|(f, chosen)| f.required && !**chosen) {
            return Err(Error::Option(format!(
                "code for {} needs the CPU feature {}",
                self.name, lacking.name
            )));
        }
        let mut features: Vec<_> = marked.filter(|(_, chosen)| **chosen).map(|(f, _)| f).collect();
        features.sort_by_key(|feature| feature.name);
        Ok(features)
    }

    fn marks(&self, names: &[&[&str]]) -> Vec<bool> {
        let has = |feature: &Feature| names.iter().any(|part| part.contains(&feature.name));
        self.features.iter().map(has).collect()
    }

    fn add(&self, chosen: &mut [bool], index: usize) {
        chosen[index] = true;
        for name in self.features[index].needs {
            let needed = self.features.iter().position(|feature| feature.name == *name);
            self.add(chosen, needed.expect("needed features are in the list"));
        }
    }

    fn take_away(&self, chosen: &mut [bool], index: usize) {
        chosen[index] = false;
        let name = self.features[index].name;
        for (other, feature) in self.features.iter().enumerate() {
            if chosen[other] && feature.needs.contains(&name) {
                self.take_away(chosen, other);
            }
        }
    }

    fn index(&self, name: &str) -> Result<usize> {
        let names = |feature: &Feature| feature.name == name || feature.alias == name;
        self.features.iter().position(names).ok_or_else(|| {
            let known: Vec<_> = self.features.iter().map(|feature| feature.name).collect();
            Error::Option(format!(
                "unknown CPU feature `{name}` of {}{}; known are {}",
                self.name,
                suggestion(name, self.features.iter().flat_map(|f| [f.name, f.alias])),
                known.join(", ")
            ))
        })
    }

    fn unknown_cpu(&self, name: &str) -> Error {
        let known: Vec<_> = self.cpus.iter().map(|cpu| cpu.name).collect();
        Error::Option(format!(
            "unknown CPU `{name}` of {}{}; known are baseline, native, {}",
            self.name,
            suggestion(name, known.iter().copied()),
            known.join(", ")
        ))
    }

    /// What this machine's CPU has.
    fn native(&self) -> Result<Vec<bool>> {
        if self.name != std::env::consts::ARCH {
            return Err(Error::Option(format!(
                "`--cpu native` means this machine's CPU, which is no {}",
                self.name
            )));
        }
        let has = native::detector();
        Ok(self.features.iter().map(|feature| has(feature.name)).collect())
    }
}
