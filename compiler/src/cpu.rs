//! CPUs and their features: names, and what each means to code generation.
//!
//! A new CPU is a row in the list of its architecture. A new feature is a row
//! here and one in [`precast_artifact::cpu`], where loaders look it up.

use crate::error::{Error, Result};
use precast_artifact::cpu as contract;

/// An architecture that code can be made for.
#[derive(Debug)]
pub(crate) struct Architecture {
    pub name: &'static str,
    /// Triples, as [`targets`](crate::targets) lists them; the vendor may be
    /// any.
    pub triples: &'static [&'static str],
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
    /// Its features, each by its name in Linux.
    pub features: &'static [&'static str],
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

/// The lowest level is v2 (psABI, section 3.1.1): below it, rounding and byte
/// shuffles would be library calls.
const X86_64: Architecture = Architecture {
    name: "x86_64",
    triples: &["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl"],
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
        Cpu {
            name: "x86-64-v2",
            features: &["cx16", "pni", "ssse3", "sse4_1", "sse4_2", "popcnt"],
        },
        Cpu {
            name: "x86-64-v3",
            features: &[
                "cx16", "pni", "ssse3", "sse4_1", "sse4_2", "popcnt", "avx", "avx2", "fma", "bmi1",
                "bmi2", "abm",
            ],
        },
        Cpu {
            name: "x86-64-v4",
            features: &[
                "cx16", "pni", "ssse3", "sse4_1", "sse4_2", "popcnt", "avx", "avx2", "fma", "bmi1",
                "bmi2", "abm", "avx512f", "avx512dq", "avx512vl",
            ],
        },
    ],
};

/// What Armv8.0-A leaves open. CPUs as LLVM knows them.
const AARCH64: Architecture = Architecture {
    name: "aarch64",
    triples: &["aarch64-unknown-linux-gnu", "aarch64-unknown-linux-musl"],
    features: &[
        feature("atomics", "lse", "has_lse", &[]),
        feature("asimdhp", "fp16", "has_fp16", &[]),
        feature("asimddp", "dotprod", "has_dotprod", &[]),
        feature("i8mm", "i8mm", "has_i8mm", &[]),
    ],
    cpus: &[
        Cpu { name: "generic", features: &[] },
        Cpu { name: "cortex-a53", features: &[] },
        Cpu { name: "cortex-a72", features: &[] },
        Cpu { name: "cortex-a76", features: &["atomics", "asimdhp", "asimddp"] },
        Cpu { name: "neoverse-n1", features: &["atomics", "asimdhp", "asimddp"] },
        Cpu { name: "neoverse-n2", features: &["atomics", "asimdhp", "asimddp", "i8mm"] },
        Cpu { name: "neoverse-v1", features: &["atomics", "asimdhp", "asimddp", "i8mm"] },
        Cpu { name: "neoverse-v2", features: &["atomics", "asimdhp", "asimddp", "i8mm"] },
        Cpu { name: "apple-m1", features: &["atomics", "asimdhp", "asimddp"] },
        Cpu { name: "apple-m2", features: &["atomics", "asimdhp", "asimddp", "i8mm"] },
    ],
};

/// Over `rv64g`. Profiles as the RISC-V profiles specification has them: what
/// is mandatory there and of use here.
const RISCV64: Architecture = Architecture {
    name: "riscv64",
    triples: &["riscv64gc-unknown-linux-gnu", "riscv64gc-unknown-linux-musl"],
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
        Cpu { name: "rv64gc", features: &["c"] },
        Cpu { name: "rva20u64", features: &["c"] },
        Cpu { name: "rva22u64", features: &["c", "zba", "zbb", "zbs"] },
        Cpu {
            name: "rva23u64",
            features: &["c", "v", "zba", "zbb", "zbs", "zcb", "zfa", "zicond", "zvbb"],
        },
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

    fn marks(&self, names: &[&str]) -> Vec<bool> {
        self.features.iter().map(|feature| names.contains(&feature.name)).collect()
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
                "unknown CPU feature `{name}` of {}; known are {}",
                self.name,
                known.join(", ")
            ))
        })
    }

    fn unknown_cpu(&self, name: &str) -> Error {
        let known: Vec<_> = self.cpus.iter().map(|cpu| cpu.name).collect();
        Error::Option(format!(
            "unknown CPU `{name}` of {}; known are baseline, native, {}",
            self.name,
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

/// Which features this machine has.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod native {
    pub(super) fn detector() -> impl Fn(&str) -> bool {
        |name| super::contract::detected(name) == Some(true)
    }
}

/// Which features this machine has: by the kernel's list, as the system call
/// that tells them is not to be had without unsafe code.
#[cfg(target_arch = "riscv64")]
mod native {
    pub(super) fn detector() -> impl Fn(&str) -> bool {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let harts: Vec<String> = cpuinfo.lines().filter_map(super::isa_line).collect();
        move |name| !harts.is_empty() && harts.iter().all(|isa| super::isa_has(isa, name))
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod native {
    pub(super) fn detector() -> impl Fn(&str) -> bool {
        |_| false
    }
}

/// The value of an `isa` line of `/proc/cpuinfo`.
#[cfg(any(target_arch = "riscv64", test))]
fn isa_line(line: &str) -> Option<String> {
    let (key, value) = line.split_once(':')?;
    (key.trim() == "isa").then(|| value.trim().to_owned())
}

/// Whether an ISA string, such as `rv64imafdc_zba_zbb`, holds an extension.
#[cfg(any(target_arch = "riscv64", test))]
fn isa_has(isa: &str, name: &str) -> bool {
    let (letters, others) = isa.split_once('_').unwrap_or((isa, ""));
    let letters = letters.strip_prefix("rv64").unwrap_or_default();
    match name.len() {
        1 => letters.contains(name),
        _ => others.split('_').any(|other| other == name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(architecture: &Architecture, cpu: &str, changes: &[&str]) -> Vec<&'static str> {
        let changes: Vec<String> = changes.iter().map(|&change| change.to_owned()).collect();
        let features = architecture.features(cpu, &changes).unwrap();
        features.iter().map(|feature| feature.name).collect()
    }

    #[test]
    fn loaders_know_every_feature() {
        let riscv: Vec<_> = contract::RISCV64.iter().map(|feature| feature.name).collect();
        let known = [contract::X86_64, contract::AARCH64, &riscv];
        for (architecture, known) in ARCHITECTURES.iter().zip(known) {
            for feature in architecture.features {
                assert!(known.contains(&feature.name), "{}", feature.name);
                assert!(feature.needs.iter().all(|name| known.contains(name)));
            }
            for cpu in architecture.cpus {
                let found = names(architecture, cpu.name, &[]);
                assert_eq!(found.len(), cpu.features.len(), "{}", cpu.name);
            }
        }
    }

    #[test]
    fn features_bring_what_they_need_and_take_it_along() {
        assert_eq!(names(&RISCV64, "baseline", &["+zvbb"]), ["c", "v", "zvbb"]);
        assert_eq!(names(&RISCV64, "baseline", &["+zvbb", "-v"]), ["c"]);
        assert_eq!(names(&AARCH64, "neoverse-n1", &["-lse"]), ["asimddp", "asimdhp"]);
        let v3 = names(&X86_64, "x86-64-v4", &["-avx512f"]);
        assert_eq!(v3, names(&X86_64, "x86-64-v3", &[]));
    }

    #[test]
    fn wrong_names_are_refused_with_the_right_ones() {
        let refused = |cpu: &str, change: &str| {
            let error = X86_64.features(cpu, &[change.to_owned()]).unwrap_err();
            error.to_string()
        };
        assert!(refused("8086", "+avx").contains("known are baseline, native, x86-64-v2"));
        assert!(refused("baseline", "+sve").contains("unknown CPU feature `sve` of x86_64"));
        assert!(refused("baseline", "avx").contains("neither + nor -"));
        assert!(refused("baseline", "-sse4.1").contains("needs the CPU feature sse4_1"));
        let error = RISCV64.features("native", &[]);
        assert_eq!(error.is_err(), !cfg!(target_arch = "riscv64"));
    }

    #[test]
    fn isa_strings_of_the_kernel() {
        let isa = isa_line("isa\t\t: rv64imafdcv_zba_zbb").unwrap();
        assert!(isa_has(&isa, "v") && isa_has(&isa, "zbb"));
        assert!(!isa_has(&isa, "zbs") && !isa_has(&isa, "b"));
        assert_eq!(isa_line("mmu\t\t: sv39"), None);
    }
}
