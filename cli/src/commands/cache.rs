//! The cache of `precast run`: artifacts of modules that were run before,
//! under the user's cache folder, named by everything that shapes them.
//!
//! The folder is `$PRECAST_CACHE`, else `$XDG_CACHE_HOME/precast`, else
//! `~/.cache/precast`. It can be deleted at any time, and is used only if
//! nobody else can write to it: what is in it is run. Beyond
//! `$PRECAST_CACHE_SIZE`, by default 4 GiB, the entries that were not used the
//! longest are removed.

use super::{compile, output};
use crate::exit::{self, Failure, Result};
use crate::run::Source;
use crate::size;
use clap::Args;
use etcetera::{BaseStrategy, choose_base_strategy};
use object::Object;
use precast_compiler::Options;
use precast_loader::Artifact;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes that the entries may take, unless the user says otherwise.
const SIZE: u64 = 4 << 30;

/// `precast cache`.
#[derive(Args, Debug)]
pub struct CacheCommand {
    /// Remove every entry
    #[arg(long)]
    clear: bool,
}

impl CacheCommand {
    pub(super) fn run(&self) -> Result {
        let none = || Failure::Error("there is no cache folder: $HOME is not set".to_owned());
        let folder = folder().ok_or_else(none)?;
        let entries = entries(&folder);
        let bytes: u64 = entries.iter().map(|entry| entry.bytes).sum();
        if self.clear {
            for CachedArtifact { path, .. } in &entries {
                fs::remove_file(path).map_err(Failure::while_doing(path.display()))?;
            }
            let count = entries.len();
            return output::print(&format!("removed {count} entries, {bytes} bytes\n"));
        }
        output::print(&format!(
            "folder: {}\nentries: {}\nbytes: {bytes} of {}\n",
            folder.display(),
            entries.len(),
            most_bytes()
        ))
    }
}

/// The artifact of a module, from the cache if it is there, else compiled
/// into it. Without a usable cache folder it is compiled into memory.
pub fn compiled(path: &Path, wasm: &[u8], options: &Options, quiet: bool) -> Result<Source> {
    let key = key(wasm, options)?;
    let in_memory = |why: Option<String>| {
        let compiled = compile::to_bytes(path, wasm, options, quiet)?;
        if let Some(why) = why {
            exit::note(format_args!("the cache is not used: {why}"));
        }
        Ok(Source::Bytes(compiled))
    };
    let Some(folder) = folder() else { return in_memory(None) };
    if let Err(why) = prepare(&folder) {
        return in_memory(Some(format!("{}: {why}", folder.display())));
    }
    let artifact = folder.join(format!("{key}.cwasm"));
    if artifact.exists() {
        match Artifact::open_owned(&artifact) {
            Ok(_) => {
                // When it was last used; a folder that cannot be written has no
                // need to be pruned.
                let used = File::open(&artifact).and_then(|f| f.set_modified(SystemTime::now()));
                let _ = used;
                return Ok(Source::Cached(artifact));
            }
            Err(why @ precast_loader::Error::Untrusted(..)) => {
                return in_memory(Some(why.to_string()));
            }
            Err(why) => exit::note(format_args!("compiling again: {why}")),
        }
    }
    match output::write(&artifact, |out| compile::to_writer(path, wasm, options, quiet, out)) {
        Ok(_) => {}
        Err(Failure::Error(why)) => return in_memory(Some(why)),
        Err(other) => return Err(other),
    }
    prune(&folder, &artifact);
    match Artifact::open_owned(&artifact) {
        Err(why @ precast_loader::Error::Untrusted(..)) => in_memory(Some(why.to_string())),
        _ => Ok(Source::Cached(artifact)),
    }
}

/// Where the cache is.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("PRECAST_CACHE").filter(|folder| !folder.is_empty());
    named.map(PathBuf::from).or_else(|| {
        // Of the standard's variables only absolute paths count.
        Some(choose_base_strategy().ok()?.cache_dir().join("precast"))
    })
}

/// Makes the folder, for this user alone, and sees that it belongs to them.
fn prepare(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let meta = fs::metadata(folder)?;
    let (owner, me) = (meta.uid(), rustix::process::geteuid().as_raw());
    if owner != me {
        return Err(io::Error::other(format!("it belongs to user {owner}")));
    }
    match meta.mode() & 0o022 {
        0 => Ok(()),
        _ => Err(io::Error::other("others can write to it")),
    }
}

/// An artifact of the cache.
struct CachedArtifact {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

fn entries(folder: &Path) -> Vec<CachedArtifact> {
    let entry = |item: io::Result<fs::DirEntry>| {
        let item = item.ok()?;
        let meta = item.metadata().ok().filter(fs::Metadata::is_file)?;
        let path = item.path();
        let ours = path.extension().is_some_and(|extension| extension == "cwasm");
        ours.then_some(CachedArtifact { path, bytes: meta.len(), used: meta.modified().ok()? })
    };
    fs::read_dir(folder).into_iter().flatten().filter_map(entry).collect()
}

fn most_bytes() -> u64 {
    let wanted = std::env::var("PRECAST_CACHE_SIZE").ok();
    wanted.and_then(|text| size::parse(&text).ok()).unwrap_or(SIZE)
}

/// Removes what was not used the longest until the rest is small enough; never
/// the entry that was just made. One that runs stays mapped.
fn prune(folder: &Path, made: &Path) {
    let mut entries = entries(folder);
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
    let (mut bytes, most) = (0, most_bytes());
    for CachedArtifact { path, bytes: its, .. } in entries {
        bytes += its;
        if bytes > most && path != made {
            let _ = fs::remove_file(path);
        }
    }
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
    hash.update(build_id().unwrap_or_default());
    Ok(hex::encode(hash.finalize()))
}

/// What tells builds of one version apart, if the linker has noted it: another
/// may generate other code.
fn build_id() -> Option<Vec<u8>> {
    let program = object::ReadCache::new(File::open("/proc/self/exe").ok()?);
    let program = object::read::elf::ElfFile64::<object::Endianness, _>::parse(&program).ok()?;
    Some(program.build_id().ok()??.to_vec())
}
