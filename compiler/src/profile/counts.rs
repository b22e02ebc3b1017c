//! Profiles, in functions of modules and offsets in these.

use crate::error::{Error, Result};
use precast_artifact::index::{FuncIndex, ModuleIndex, WasmOffset};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Where earlier runs of a module or of a component spent their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// What it is of.
    pub(super) kind: ProfileKind,
    /// SHA-256 of that.
    pub(super) source: [u8; 32],
    /// What is known of each module: of the only one, or of those of the component,
    /// adapters included.
    pub(super) modules: BTreeMap<ModuleIndex, ModuleSamples>,
}

/// What a profile is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ProfileKind {
    #[default]
    Module,
    Component,
}

/// Every function of a module that had code of its own.
pub(super) type ModuleSamples = BTreeMap<FuncIndex, FunctionSamples>;

/// The samples in the code of one function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FunctionSamples {
    /// All of them.
    pub samples: u64,
    /// Code by the operator that it came from, which may be in an inlined body; of
    /// functions with samples only.
    pub spans: BTreeMap<WasmOffset, SampleSpan>,
}

/// The code that came from an operator, and what follows it up to the next that
/// is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleSpan {
    /// Bytes of code.
    pub bytes: u64,
    /// Samples in them.
    pub samples: u64,
}

impl Profile {
    /// The functions of a module that had code of their own, by index.
    pub(crate) fn functions(
        &self,
        module: ModuleIndex,
    ) -> impl Iterator<Item = (FuncIndex, &FunctionSamples)> {
        self.modules.get(&module).into_iter().flatten().map(|(index, samples)| (*index, samples))
    }

    fn all(&self) -> impl Iterator<Item = &FunctionSamples> {
        self.modules.values().flat_map(BTreeMap::values)
    }

    /// Number of samples.
    pub fn samples(&self) -> u64 {
        self.all().map(|function| function.samples).sum()
    }

    /// Number of functions with samples.
    pub fn sampled_functions(&self) -> usize {
        self.all().filter(|function| function.samples != 0).count()
    }

    /// SHA-256 of its text, which artifacts record.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.to_string()))
    }

    /// Adds a profile of other runs.
    ///
    /// # Errors
    ///
    /// When it is of another module or component.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        if self.source != other.source {
            return Err(Error::Profile(format!(
                "the profiles are of two files, whose SHA-256 are {} and {}; give those of one",
                hex::encode(self.source),
                hex::encode(other.source)
            )));
        }
        for (module, functions) in &other.modules {
            let sums = self.modules.entry(*module).or_default();
            for (index, more) in functions {
                sums.entry(*index).or_default().add(more);
            }
        }
        Ok(())
    }

    /// Fails if it is not of the module or component with this SHA-256.
    pub(crate) fn check(&self, source: &[u8; 32]) -> Result<()> {
        if self.source == *source {
            return Ok(());
        }
        let what = self.kind.name();
        Err(Error::Profile(format!(
            "the profile is of another file: of the {what} with SHA-256 {}, and this one has {}; \
             take samples of an artifact of this one",
            hex::encode(self.source),
            hex::encode(source)
        )))
    }
}

impl ProfileKind {
    /// What it is called, in the profile too.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Module => "module",
            Self::Component => "component",
        }
    }
}

impl FunctionSamples {
    fn add(&mut self, other: &Self) {
        self.samples += other.samples;
        for (at, span) in &other.spans {
            let sum = self.spans.entry(*at).or_default();
            sum.bytes += span.bytes;
            sum.samples += span.samples;
        }
    }
}
