//! The packages of the workspace, and their sources.

use crate::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The packages, as cargo describes them.
pub fn all() -> Vec<serde_json::Value> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["metadata", "--format-version=1", "--no-deps", "--offline"]);
    let output = cargo.output().expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    metadata["packages"].as_array().expect("packages").clone()
}

/// Their names.
pub fn names() -> BTreeSet<String> {
    all().iter().filter_map(|package| package["name"].as_str()).map(str::to_owned).collect()
}

/// Their folders.
pub fn folders() -> Vec<PathBuf> {
    by_name().into_values().collect()
}

/// Their folders, by their names.
pub fn by_name() -> BTreeMap<String, PathBuf> {
    let named = |package: &serde_json::Value| {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        Some((package["name"].as_str()?.to_owned(), manifest.parent()?.to_owned()))
    };
    let folders: BTreeMap<String, PathBuf> = all().iter().filter_map(named).collect();
    assert!(folders.len() > 8, "{folders:?}");
    folders
}

/// The source files in a folder, and in those below it.
pub fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        match path.is_dir() {
            true if path.ends_with("target") => {}
            true => files.extend(sources(&path)),
            false => files.push(path),
        }
    }
    files.retain(|file| file.extension().is_some_and(|e| e == "rs"));
    files
}
