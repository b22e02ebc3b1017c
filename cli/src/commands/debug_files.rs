//! Finds the files that hold a module's debug information beside it:
//!
//! | what | where |
//! |-|-|
//! | the module that `external_debug_info` names | at that path, from the module's folder; in that folder; then there as `app.wasm.debug.wasm`, `app.debug.wasm` and `app.wasm.debug` |
//! | split DWARF in a package | beside either module: `app.wasm.dwp`, `app.dwp` |
//! | split DWARF, `.dwo` | at the path that the DWARF has; in the module's folder |
//!
//! A path that leads out of the module's folder is followed only into folders of
//! `--debug-path`: modules come from others. Nothing is fetched: of a URL, the
//! last part is looked for in the folder.

use crate::exit;
use precast_compiler::{Options, debug_files_named};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Adds to the options what there is for the module `wasm` at `path`, and gives
/// the paths of what was read. What is missing, the compiler's warnings name.
/// `allowed` are folders besides the module's.
pub fn find(path: &Path, wasm: &[u8], allowed: &[PathBuf], options: &mut Options) -> Vec<PathBuf> {
    let mut read = Vec::new();
    if !options.debug_info {
        return read;
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let allowed: Vec<PathBuf> = [folder_of(folder)]
        .into_iter()
        .chain(allowed.iter().cloned())
        .filter_map(|folder| folder.canonicalize().ok())
        .collect();
    let first = |places: &[PathBuf]| first(places, &allowed);
    let files = &mut options.debug_files;
    let mut packages = beside(path, &["wasm.dwp", "dwp"]);
    if let Some(name) = debug_files_named(wasm, files).module {
        let mut places = named(&name, folder);
        places.extend(beside(path, &["wasm.debug.wasm", "debug.wasm", "wasm.debug"]));
        if let Some((place, bytes)) = first(&places) {
            packages.extend(beside(&place, &["wasm.dwp", "dwp"]));
            files.module = Some(bytes);
            read.push(place);
        }
    }
    if !debug_files_named(wasm, files).objects.is_empty()
        && let Some((place, bytes)) = first(&packages)
    {
        files.package = Some(bytes);
        read.push(place);
    }
    for name in debug_files_named(wasm, files).objects {
        if let Some((place, bytes)) = first(&named(&name, folder)) {
            files.objects.insert(name, bytes);
            read.push(place);
        }
    }
    read
}

/// Where a file of this name may be.
fn named(name: &str, folder: &Path) -> Vec<PathBuf> {
    let path = name.strip_prefix("file://").unwrap_or(name);
    let last = path.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
    let last = last.filter(|last| !last.is_empty() && *last != "..");
    [Some(path), last].into_iter().flatten().map(|name| folder.join(name)).collect()
}

/// The module's path with other endings in place of `wasm`.
fn beside(module: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let ending = |ending: &&str| {
        let mut name: OsString = module.with_extension("").into();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    };
    endings.iter().map(ending).collect()
}

/// A folder as it can be opened: that of a bare file name is this one.
fn folder_of(folder: &Path) -> PathBuf {
    if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder.to_owned() }
}

/// Bytes of the largest file that is read.
const MOST_BYTES: u64 = 4 << 30;

/// The first that is a file in one of the allowed folders.
fn first(places: &[PathBuf], allowed: &[PathBuf]) -> Option<(PathBuf, Arc<[u8]>)> {
    // What a module names may be a device without an end.
    let place = places.iter().find(|place| {
        let there = place.canonicalize().ok();
        let inside = there.is_some_and(|there| allowed.iter().any(|a| there.starts_with(a)));
        let file = inside.then(|| place.metadata().ok()).flatten();
        file.is_some_and(|meta| meta.is_file() && meta.len() <= MOST_BYTES)
    })?;
    match std::fs::read(place) {
        Ok(bytes) => Some((place.clone(), bytes.into())),
        Err(why) => {
            exit::warn(format_args!("cannot read {}: {why}", place.display()));
            None
        }
    }
}
