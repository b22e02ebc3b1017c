//! Functions that were compiled before.

use crate::error::Result;
use crate::function::CompiledFunction;
use crate::target::Target;
use crate::translate::FunctionInput;
use precast_artifact::abi::Versions;
use precast_artifact::wire::{Reader, Writer};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Where compiled functions are kept, by a digest of all that their code
/// follows from. Keys of another build of this crate must not lead to what
/// this one has stored: versions are in them, changes within one are not.
pub trait FunctionCache: Send + Sync {
    /// What was stored under a key, whole and unchanged; nothing otherwise.
    fn get(&self, key: &[u8; 32]) -> Option<Vec<u8>>;

    /// Stores this under a key; or does not, if that fails.
    fn put(&self, key: &[u8; 32], value: &[u8]);
}

/// The functions of a cache for one target.
pub(super) struct Cached<'c> {
    cache: &'c dyn FunctionCache,
    /// Digest of what else shapes code than a function's input.
    settings: [u8; 32],
    hits: AtomicUsize,
}

impl<'c> Cached<'c> {
    pub(super) fn new(cache: &'c dyn FunctionCache, target: &Target) -> Self {
        let mut w = Writer::new();
        w.str(env!("CARGO_PKG_VERSION"));
        w.str(cranelift_codegen::VERSION);
        w.str(&format!("{:?}", Versions::CURRENT));
        w.str(&target.triple.to_string());
        w.str(&target.isa.flags().to_string());
        w.str(&format!("{:?}", target.shorter));
        w.u8(target.align_loops.into());
        w.u8(target.dense.into());
        w.list(&target.isa.isa_flags(), |w, flag| w.str(&flag.to_string()));
        Self { cache, settings: Sha256::digest(w.finish()).into(), hits: AtomicUsize::new(0) }
    }

    /// The function's code as it was compiled before, else as `compile` gives
    /// it.
    pub(super) fn compiled(
        &self,
        input: &FunctionInput<'_>,
        compile: impl FnOnce() -> Result<CompiledFunction>,
    ) -> Result<CompiledFunction> {
        let mut hash = Sha256::new();
        hash.update(self.settings);
        hash.update(input.key()?);
        let key = hash.finalize().into();
        if let Some(function) = self.cache.get(&key).and_then(|bytes| decode(&bytes)) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(function);
        }
        let function = compile()?;
        let mut w = Writer::new();
        function.encode(&mut w);
        self.cache.put(&key, &w.finish());
        Ok(function)
    }

    /// How many functions were there.
    pub(super) fn hits(&self) -> usize {
        self.hits.load(Ordering::Relaxed)
    }
}

fn decode(bytes: &[u8]) -> Option<CompiledFunction> {
    let mut r = Reader::new("cached function", bytes);
    let function = CompiledFunction::decode(&mut r).ok()?;
    r.finish().ok()?;
    Some(function)
}
