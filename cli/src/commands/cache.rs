//! The cache of `precast run`: artifacts of modules that were run before,
//! under the user's cache folder, named by everything that shapes them.
//!
//! The folder is `$PRECAST_CACHE`, else `$XDG_CACHE_HOME/precast`, else
//! `~/.cache/precast`. It can be deleted at any time, and is used only if
//! nobody else can write to it: what is in it is run. Beyond
//! `$PRECAST_CACHE_SIZE`, by default 4 GiB, the entries that were not used the
//! longest are removed. What `compile` keeps is [beside them](super::store).

use super::store::{ResultStore, StoreSize, own_folder};
use super::store_folder::{self, most_bytes};
use super::{compile, output};
use crate::exit::{self, Failure, Result};
use crate::run::ArtifactSource;
use clap::{Args, Subcommand};
use precast_compiler::Options;
use precast_loader::Artifact;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// `precast cache`.
#[derive(Args, Debug)]
pub struct CacheCommand {
    /// The cache; by default that of `run`
    #[arg(long, value_name = "DIR", global = true)]
    cache: Option<PathBuf>,

    /// Remove every entry
    #[arg(long)]
    clear: bool,

    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Subcommand, Debug)]
enum Act {
    /// Show how much there is: the default
    Stats,
    /// Remove every entry
    Clear,
    /// Remove what was not used the longest
    Prune {
        /// Leave so much of artifacts that run, and so much of results of
        /// `compile`; by default PRECAST_CACHE_SIZE, or 4 GiB
        #[arg(long, value_name = "SIZE", value_parser = crate::size::parse)]
        size: Option<u64>,
    },
}

impl CacheCommand {
    pub(super) fn run(&self) -> Result {
        let none = || Failure::Error("there is no cache folder: $HOME is not set".to_owned());
        let folder = self.cache.clone().or_else(store_folder::folder).ok_or_else(none)?;
        let store = ResultStore::exists(&folder).then(|| store_folder::open(&folder)).transpose();
        let store = store.map_err(Failure::while_doing(folder.display()))?;
        let before = total(&folder, store.as_ref());
        match &self.act {
            Some(Act::Prune { size }) => {
                remove(&folder, store.as_ref(), size.unwrap_or_else(most_bytes))
            }
            Some(Act::Clear) => remove(&folder, store.as_ref(), 0),
            _ if self.clear => remove(&folder, store.as_ref(), 0),
            _ => return output::print(&stats(&folder, store.as_ref())),
        }
        let after = total(&folder, store.as_ref());
        let (entries, bytes) = (before.entries - after.entries, before.bytes - after.bytes);
        output::print(&format!("removed {entries} entries, {bytes} bytes\n"))
    }
}

/// What there is, as text.
fn stats(folder: &Path, store: Option<&ResultStore>) -> String {
    let artifacts = artifacts(folder);
    let results = store.map(ResultStore::size).unwrap_or_default();
    let most = most_bytes();
    format!(
        "folder: {}\nentries: {}\nbytes: {} of {most}\nresults of compile: {}\nbytes: {} of {most}\n",
        folder.display(),
        artifacts.entries,
        artifacts.bytes,
        results.entries,
        results.bytes,
    )
}

fn artifacts(folder: &Path) -> StoreSize {
    let entries = entries(folder);
    let bytes = entries.iter().map(|entry| entry.bytes).sum();
    StoreSize { entries: entries.len() as u64, bytes }
}

fn total(folder: &Path, store: Option<&ResultStore>) -> StoreSize {
    let (artifacts, results) =
        (artifacts(folder), store.map(ResultStore::size).unwrap_or_default());
    StoreSize {
        entries: artifacts.entries + results.entries,
        bytes: artifacts.bytes + results.bytes,
    }
}

/// Removes what was not used the longest until so many bytes of each kind are
/// left.
fn remove(folder: &Path, store: Option<&ResultStore>, most: u64) {
    prune(folder, None, most);
    if let Some(store) = store {
        store.prune(most);
    }
}

/// The artifact of a module, from the cache if it is there, else compiled
/// into it. Without a usable cache folder it is compiled into memory.
pub fn compiled(
    path: &Path,
    wasm: &[u8],
    options: &Options,
    quiet: bool,
) -> Result<ArtifactSource> {
    let key = store_folder::key(wasm, options)?;
    let in_memory = |why: Option<String>| {
        let compiled = compile::to_bytes(path, wasm, options, quiet)?;
        if let Some(why) = why {
            exit::note(format_args!("the cache is not used: {why}"));
        }
        Ok(ArtifactSource::Bytes(compiled))
    };
    let Some(folder) = store_folder::folder() else { return in_memory(None) };
    if let Err(why) = own_folder(&folder) {
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
                return Ok(ArtifactSource::Cached(artifact));
            }
            Err(why @ precast_loader::Error::Untrusted(..)) => {
                return in_memory(Some(why.to_string()));
            }
            Err(why) => exit::note(format_args!("compiling again: {why}")),
        }
    }
    let bytes = compile::to_bytes(path, wasm, options, quiet)?;
    if let Err(why) = output::write_bytes(&artifact, &bytes) {
        if let Failure::Error(why) = why {
            exit::note(format_args!("the cache is not used: {why}"));
        }
        return Ok(ArtifactSource::Bytes(bytes));
    }
    prune(&folder, Some(&artifact), most_bytes());
    match Artifact::open_owned(&artifact) {
        Err(why @ precast_loader::Error::Untrusted(..)) => {
            exit::note(format_args!("the cache is not used: {why}"));
            Ok(ArtifactSource::Bytes(bytes))
        }
        _ => Ok(ArtifactSource::Cached(artifact)),
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

/// Removes what was not used the longest until the rest is small enough; never
/// the entry that was just made. One that runs stays mapped.
fn prune(folder: &Path, made: Option<&Path>, most: u64) {
    let mut entries = entries(folder);
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
    let mut bytes = 0;
    for CachedArtifact { path, bytes: its, .. } in entries {
        bytes += its;
        if bytes > most && made != Some(&*path) {
            let _ = fs::remove_file(path);
        }
    }
}
