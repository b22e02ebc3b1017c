//! The cache of `precast run`: artifacts of modules that were run before,
//! under the user's cache folder, named by everything that shapes them.
//!
//! The folder is `$PRECAST_CACHE`, else `$XDG_CACHE_HOME/precast`, else
//! `~/.cache/precast`. It can be deleted at any time.

use super::{compile, output};
use crate::exit::Result;
use crate::run::Source;
use precast_compiler::Options;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The artifact of a module, from the cache if it is there, else compiled
/// into it. Without a usable cache folder it is compiled into memory.
pub fn compiled(path: &Path, wasm: &[u8], options: &Options, quiet: bool) -> Result<Source> {
    let Some(folder) = folder() else {
        return compile::to_bytes(path, wasm, options, quiet).map(Source::Bytes);
    };
    let artifact = folder.join(format!("{}.cwasm", key(wasm, options)?));
    if artifact.exists() {
        return Ok(Source::Cached(artifact));
    }
    if std::fs::create_dir_all(&folder).is_err() {
        return compile::to_bytes(path, wasm, options, quiet).map(Source::Bytes);
    }
    output::write(&artifact, |out| compile::to_writer(path, wasm, options, quiet, out))?;
    Ok(Source::Cached(artifact))
}

/// Where the cache is.
pub fn folder() -> Option<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    variable("PRECAST_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|dir| dir.join("precast")))
        .or_else(|| variable("HOME").map(|dir| dir.join(".cache/precast")))
}

/// Hash of the module, of every option that shapes code, of the CPU features
/// those resolve to, and of the compiler itself.
fn key(wasm: &[u8], options: &Options) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(wasm);
    for part in precast_compiler::fingerprint(options)? {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    // Another build of the same version may generate other code.
    if let Ok(meta) = std::env::current_exe().and_then(std::fs::metadata) {
        hash.update(meta.len().to_le_bytes());
        if let Ok(time) = meta.modified().map(|t| t.duration_since(std::time::UNIX_EPOCH)) {
            hash.update(time.unwrap_or_default().as_nanos().to_le_bytes());
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
