//! Where results are kept, how much of them, and what they depend on besides
//! the compiler's input.

use super::store::ResultStore;
use crate::exit::Result;
use crate::size;
use etcetera::{BaseStrategy, choose_base_strategy};
use object::Object;
use precast_compiler::Options;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Bytes that results may take, unless the user says otherwise.
const SIZE: u64 = 4 << 30;

/// Where the cache of `run` is: `$PRECAST_CACHE`, else `$XDG_CACHE_HOME/precast`,
/// else `~/.cache/precast`.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("PRECAST_CACHE").filter(|folder| !folder.is_empty());
    named.map(PathBuf::from).or_else(|| {
        // Of the standard's variables only absolute paths count.
        Some(choose_base_strategy().ok()?.cache_dir().join("precast"))
    })
}

/// The store in the folder of a cache.
///
/// # Errors
///
/// As [`ResultStore::open`].
pub fn open(folder: &Path) -> io::Result<ResultStore> {
    ResultStore::open(folder, build_id().to_vec(), most_bytes())
}

/// How many bytes a cache may take: `$PRECAST_CACHE_SIZE`.
pub fn most_bytes() -> u64 {
    let wanted = std::env::var("PRECAST_CACHE_SIZE").ok();
    wanted.and_then(|text| size::parse(&text).ok()).unwrap_or(SIZE)
}

/// Digest of the module, of every option that shapes code, of the CPU features
/// those resolve to, and of the compiler itself: what an artifact's bytes
/// depend on.
pub fn key(wasm: &[u8], options: &Options) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(wasm);
    for part in precast_compiler::fingerprint(options)? {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(build_id());
    Ok(hex::encode(hash.finalize()))
}

/// What tells builds of one version apart, if the linker has noted it: another
/// may generate other code. Else the program's own bytes do.
fn build_id() -> &'static [u8] {
    static ID: OnceLock<Vec<u8>> = OnceLock::new();
    ID.get_or_init(|| noted().or_else(digest).unwrap_or_default())
}

fn noted() -> Option<Vec<u8>> {
    let program = object::ReadCache::new(File::open("/proc/self/exe").ok()?);
    let program = object::read::elf::ElfFile64::<object::Endianness, _>::parse(&program).ok()?;
    Some(program.build_id().ok()??.to_vec())
}

fn digest() -> Option<Vec<u8>> {
    let program = std::fs::read("/proc/self/exe").ok()?;
    Some(Sha256::digest(program).to_vec())
}
