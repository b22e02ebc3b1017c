//! CPU features: the names under which artifacts record them, and how a loader
//! finds out whether its machine has them.
//!
//! Names are those of Linux' `/proc/cpuinfo`. On x86-64 and aarch64 the
//! standard library asks the machine, by CPUID and hardware capabilities; this
//! module knows its name for each. On riscv64 it does not know them all, so
//! the table holds what `riscv_hwprobe` and the hardware capabilities say.
//!
//! A feature that the compiler may use is a row here and one in the compiler's
//! table; the loader needs no change.

/// Defines the list of an architecture's features and, there, their detection.
macro_rules! features {
    ($(#[$doc:meta])* $list:ident, $arch:literal, $detected:ident, $($name:literal: $std:tt,)*) => {
        $(#[$doc])*
        pub const $list: &[&str] = &[$($name),*];

        /// Whether this machine and its operating system have a feature;
        /// `None` for a name that is not in the list.
        #[cfg(target_arch = $arch)]
        pub fn detected(name: &str) -> Option<bool> {
            match name {
                $($name => Some(std::arch::$detected!($std)),)*
                _ => None,
            }
        }
    };
}

features! {
    /// Features of x86-64.
    X86_64, "x86_64", is_x86_feature_detected,
    "cx16": "cmpxchg16b",
    "pni": "sse3",
    "ssse3": "ssse3",
    "sse4_1": "sse4.1",
    "sse4_2": "sse4.2",
    "popcnt": "popcnt",
    "avx": "avx",
    "avx2": "avx2",
    "fma": "fma",
    "bmi1": "bmi1",
    "bmi2": "bmi2",
    "abm": "lzcnt",
    "avx_vnni": "avxvnni",
    "avx512f": "avx512f",
    "avx512dq": "avx512dq",
    "avx512vl": "avx512vl",
    "avx512vbmi": "avx512vbmi",
    "avx512_bitalg": "avx512bitalg",
    "avx512_vnni": "avx512vnni",
}

features! {
    /// Features of aarch64.
    AARCH64, "aarch64", is_aarch64_feature_detected,
    "atomics": "lse",
    "asimdhp": "fp16",
    "asimddp": "dotprod",
    "i8mm": "i8mm",
}

/// A feature of riscv64, and where its presence is told. A machine has it if
/// either place says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiscvFeature {
    /// Its name, as in the `isa` line.
    pub name: &'static str,
    /// Bit of the key `RISCV_HWPROBE_KEY_IMA_EXT_0` (Linux,
    /// `arch/riscv/include/uapi/asm/hwprobe.h`).
    pub hwprobe: u32,
    /// Whether it also has its letter's bit in `AT_HWCAP`.
    pub letter: bool,
}

const fn riscv(name: &'static str, hwprobe: u32) -> RiscvFeature {
    RiscvFeature { name, hwprobe, letter: name.len() == 1 }
}

/// Features of riscv64, over `rv64g`.
pub const RISCV64: &[RiscvFeature] = &[
    riscv("c", 1),
    riscv("v", 2),
    riscv("zba", 3),
    riscv("zbb", 4),
    riscv("zbs", 5),
    riscv("zbc", 7),
    riscv("zbkb", 8),
    riscv("zvbb", 17),
    riscv("zfa", 32),
    riscv("zicond", 35),
    riscv("zcb", 44),
];

/// What on a riscv64 machine says which features it has.
#[derive(Clone, Copy, Debug, Default)]
pub struct RiscvMachine {
    /// `AT_HWCAP`.
    pub hwcap: u64,
    /// Value of `RISCV_HWPROBE_KEY_IMA_EXT_0`; zero where the kernel does not
    /// know the call, which came with Linux 6.4.
    pub hwprobe: u64,
}

impl RiscvMachine {
    /// Whether it has a feature; `None` for a name that is not in the list.
    pub fn has(&self, name: &str) -> Option<bool> {
        let feature = RISCV64.iter().find(|feature| feature.name == name)?;
        let letter = name.as_bytes()[0] - b'a';
        let by_letter = feature.letter && self.hwcap >> letter & 1 != 0;
        Some(by_letter || self.hwprobe >> feature.hwprobe & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn riscv_machines_tell_by_letter_or_by_probe() {
        let old = RiscvMachine { hwcap: 1 << 21 | 1 << 2, hwprobe: 0 };
        assert_eq!(["v", "c", "zba"].map(|name| old.has(name).unwrap()), [true, true, false]);
        let new = RiscvMachine { hwcap: 0, hwprobe: 1 << 3 | 1 << 1 };
        assert_eq!(["v", "c", "zba"].map(|name| new.has(name).unwrap()), [false, true, true]);
        assert_eq!(new.has("b"), None);
        // A name of several letters has no bit of its first letter.
        assert_eq!(RiscvMachine { hwcap: u64::MAX, hwprobe: 0 }.has("zbb"), Some(false));
    }

    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[test]
    fn names_are_detected_and_others_are_not() {
        let here = if cfg!(target_arch = "x86_64") { X86_64 } else { AARCH64 };
        assert!(here.iter().all(|name| detected(name).is_some()));
        assert_eq!(detected("no-such-feature"), None);
    }
}
