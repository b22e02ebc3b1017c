//! What a caller can choose.

use crate::debug_files::DebugFiles;
use crate::features::Features;
use crate::optimisation::Optimisation;
use crate::profile::Profile;
pub use precast_artifact::module::MemoryModel;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How much effort code generation makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OptLevel {
    /// `-O0`: no optimisation, fastest compile.
    None,
    /// `-O1`: what the code generator does, and decisions that cost no time.
    Less,
    /// `-O2` (the default): what pays for its time.
    #[default]
    Speed,
    /// `-O3`: all that makes code faster.
    Aggressive,
    /// `-Os`: what makes code smaller.
    Size,
}

impl OptLevel {
    /// Whether the level makes an optimisation.
    fn makes(self, optimisation: Optimisation) -> bool {
        match self {
            Self::None => false,
            Self::Less => {
                let later = [
                    Optimisation::Inline,
                    Optimisation::InlineIndirect,
                    Optimisation::ConstantArguments,
                    Optimisation::Carries,
                    Optimisation::ByteLoops,
                    Optimisation::Vectors,
                    Optimisation::FoldAddresses,
                    Optimisation::LoopAddresses,
                    Optimisation::LoopCompares,
                    Optimisation::ChosenSteps,
                    Optimisation::SumOrder,
                    Optimisation::WideIndices,
                    Optimisation::ThreadBranches,
                    Optimisation::ArgumentCopies,
                    Optimisation::AlignLoops,
                ];
                !later.contains(&optimisation)
            }
            Self::Size => {
                let larger = [
                    Optimisation::SmallCopies,
                    Optimisation::InlineIndirect,
                    Optimisation::ConstantArguments,
                    Optimisation::ByteLoops,
                    Optimisation::Vectors,
                    Optimisation::LoopAddresses,
                    Optimisation::SumOrder,
                    Optimisation::WideIndices,
                    Optimisation::ThreadBranches,
                    Optimisation::ArgumentCopies,
                    Optimisation::AlignLoops,
                ];
                !larger.contains(&optimisation)
            }
            // They make few programs much faster, for larger code or more time.
            Self::Speed => !matches!(
                optimisation,
                Optimisation::LoopAddresses
                    | Optimisation::SumOrder
                    | Optimisation::ConstantArguments
                    | Optimisation::ArgumentCopies
            ),
            Self::Aggressive => true,
        }
    }
}

/// Options of a compilation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Target triple; this machine's when absent.
    pub target: Option<String>,
    /// CPU name: `baseline`, `native`, `x86-64-v3`, ...; or several, with
    /// commas between them, for a text for each, of which the loader takes the
    /// most demanding that its machine has.
    pub cpu: String,
    /// CPU features to add to it (`+avx2`) and to take away (`-avx2`), in
    /// order.
    pub cpu_features: Vec<String>,
    /// Whether stores that cross the end of memory write nothing before they
    /// trap, on machines that may store piece by piece; where absent, on
    /// riscv64.
    pub precise_stores: Option<bool>,
    /// Whether every NaN that arithmetic gives is the canonical one, so that no
    /// bit of a result depends on the machine.
    pub canonical_nans: bool,
    /// Whether the code counts its work and ends when the store that it runs in has
    /// no fuel left. What a unit is, and that the count is the same whatever the
    /// other options are: one for each operator that is executed, but for `nop` and
    /// those that only give structure, and one more for every 64 bytes or 8 elements
    /// that an operator works on at once.
    pub fuel: bool,
    /// Effort.
    pub opt_level: OptLevel,
    /// `-g`: whether the artifact has debug information.
    pub debug_info: bool,
    /// Where the text of a module without debug information will lie, or the outline
    /// of a component's adapters, see
    /// [`Report::text`](crate::Report::text). `module.wat` when absent.
    pub text_path: Option<String>,
    /// Prefixes of paths in debug information, and what to write instead; the
    /// last that fits counts.
    pub remap_path_prefix: Vec<(String, String)>,
    /// What is beside the module of its debug information.
    pub debug_files: DebugFiles,
    /// Feature set.
    pub features: Features,
    /// What keeps accesses inside linear memories.
    pub memory_model: MemoryModel,
    /// Address space for each memory, in bytes, which is how far it can grow;
    /// by the memory model when absent.
    pub memory_reservation: Option<u64>,
    /// Where earlier runs of the module spent their time.
    pub profile: Option<Arc<Profile>>,
    /// Number of threads; all processors when absent.
    pub threads: Option<usize>,
    /// Optimisations to leave out.
    pub disabled: BTreeSet<Optimisation>,
    /// Optimisations to make besides those of the level.
    pub enabled: BTreeSet<Optimisation>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            target: None,
            cpu: "baseline".to_owned(),
            cpu_features: Vec::new(),
            precise_stores: None,
            canonical_nans: false,
            fuel: false,
            opt_level: OptLevel::default(),
            debug_info: false,
            text_path: None,
            remap_path_prefix: Vec::new(),
            debug_files: DebugFiles::default(),
            features: Features::default(),
            memory_model: MemoryModel::default(),
            memory_reservation: None,
            profile: None,
            threads: None,
            disabled: BTreeSet::new(),
            enabled: BTreeSet::new(),
        }
    }
}

impl Options {
    /// Whether an optimisation is on.
    ///
    /// Folding is off with debug information. An address has one line and is in
    /// one function, to debuggers as to DWARF: where functions share code, what
    /// is there would have the name, the lines and the variables of one of them
    /// whichever was called, and a breakpoint on one would stop in all.
    pub(crate) fn enabled(&self, optimisation: Optimisation) -> bool {
        // What stands in an inlined body has no frame, and so far no DWARF; a
        // widened value is another one than the variable's, and so is one that is
        // made in several places.
        let alone = [
            Optimisation::FoldFunctions,
            Optimisation::Inline,
            Optimisation::InlineIndirect,
            Optimisation::ConstantArguments,
            Optimisation::WideProducts,
            Optimisation::Carries,
            Optimisation::Vectors,
            Optimisation::LoopAddresses,
            Optimisation::WideIndices,
            Optimisation::ThreadBranches,
            Optimisation::AlignLoops,
            Optimisation::HotFunctions,
        ];
        let debuggable = !(self.debug_info && alone.contains(&optimisation));
        // Fewer operators are executed in place of others.
        let countable = !(self.fuel && optimisation == Optimisation::ListCopies);
        debuggable
            && countable
            && !self.disabled.contains(&optimisation)
            && (self.opt_level.makes(optimisation) || self.enabled.contains(&optimisation))
    }

    /// What [`Options::memory_reservation`] may be: at least a page, and no
    /// more than the user half of a 47-bit address space.
    pub const RESERVATIONS: std::ops::RangeInclusive<u64> = 64 << 10..=1 << 46;

    /// Checks numbers.
    pub(crate) fn check(&self) -> crate::Result<()> {
        if let Some(bytes) = self.memory_reservation.filter(|n| !Self::RESERVATIONS.contains(n)) {
            return Err(crate::Error::Option(format!(
                "a memory reservation of {bytes} bytes; it must be between {} and {}",
                Self::RESERVATIONS.start(),
                Self::RESERVATIONS.end()
            )));
        }
        Ok(())
    }

    /// The options that shape the code, as the note records them.
    pub(crate) fn recorded(&self) -> Vec<String> {
        let mut recorded = vec![match self.opt_level {
            OptLevel::None => "-O0".to_owned(),
            OptLevel::Less => "-O1".to_owned(),
            OptLevel::Speed => "-O2".to_owned(),
            OptLevel::Aggressive => "-O3".to_owned(),
            OptLevel::Size => "-Os".to_owned(),
        }];
        if self.debug_info {
            recorded.push("-g".to_owned());
            // Not the prefixes: they are what an artifact shall not tell.
            let remaps = self.remap_path_prefix.iter();
            recorded.extend(remaps.map(|_| "--remap-path-prefix".to_owned()));
        }
        recorded.push(format!("--cpu={}", self.cpu));
        recorded.extend(self.cpu_features.iter().map(|change| format!("--cpu-feature={change}")));
        recorded.extend(self.precise_stores.map(|on| format!("--precise-stores={on}")));
        if self.canonical_nans {
            recorded.push("--nan-canonicalization".to_owned());
        }
        if self.fuel {
            recorded.push(precast_artifact::note::FUEL.to_owned());
        }
        if self.memory_model == MemoryModel::Bounds {
            recorded.push("--memory-model=bounds".to_owned());
        }
        recorded.extend(self.memory_reservation.map(|n| format!("--memory-reservation={n}")));
        let profile = self.profile.iter();
        recorded
            .extend(profile.map(|profile| {
                format!("{}={}", precast_artifact::note::PROFILE, profile.digest())
            }));
        recorded.extend(self.enabled.iter().map(|name| format!("--enable={name}")));
        recorded.extend(self.disabled.iter().map(|name| format!("--disable={name}")));
        recorded
    }
}
