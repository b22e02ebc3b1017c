//! Profiles, in functions and offsets of the module.

use crate::error::{Error, Result};
use precast_artifact::index::{FuncIndex, WasmOffset};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Where earlier runs of a module spent their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// SHA-256 of the module.
    pub(super) module: [u8; 32],
    /// Every function that had code of its own.
    pub(super) functions: BTreeMap<FuncIndex, FunctionSamples>,
}

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
    /// The functions that had code of their own, by index.
    pub(crate) fn functions(&self) -> &BTreeMap<FuncIndex, FunctionSamples> {
        &self.functions
    }

    /// Number of samples.
    pub fn samples(&self) -> u64 {
        self.functions.values().map(|function| function.samples).sum()
    }

    /// Number of functions with samples.
    pub fn sampled_functions(&self) -> usize {
        self.functions.values().filter(|function| function.samples != 0).count()
    }

    /// SHA-256 of its text, which artifacts record.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.to_string()))
    }

    /// Adds a profile of other runs.
    ///
    /// # Errors
    ///
    /// When it is of another module.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        if self.module != other.module {
            return Err(Error::Profile(format!(
                "the profiles are of two modules, whose SHA-256 are {} and {}; give those of one",
                hex::encode(self.module),
                hex::encode(other.module)
            )));
        }
        for (index, more) in &other.functions {
            let function = self.functions.entry(*index).or_default();
            function.samples += more.samples;
            for (at, span) in &more.spans {
                let sum = function.spans.entry(*at).or_default();
                sum.bytes += span.bytes;
                sum.samples += span.samples;
            }
        }
        Ok(())
    }

    /// Fails if it is not of the module with this SHA-256.
    pub(crate) fn check(&self, module: &[u8; 32]) -> Result<()> {
        if self.module == *module {
            return Ok(());
        }
        Err(Error::Profile(format!(
            "the profile is of another module: of the one with SHA-256 {}, and this one has {}; \
             take samples of an artifact of this module",
            hex::encode(self.module),
            hex::encode(module)
        )))
    }
}
