//! The commands under test: found, or built first.

use crate::child;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The wasmtime that the comparison is made with.
const WASMTIME: &str = "48.0.8";

/// What a fully static `precast-run` is built with.
const STATIC_FLAGS: &str = "-C target-feature=+crt-static -C relocation-model=static";
const STATIC_TARGET: &str = "x86_64-unknown-linux-gnu";

pub(crate) struct Tools {
    pub(crate) precast: PathBuf,
    pub(crate) precast_run: PathBuf,
    pub(crate) precast_run_static: Option<PathBuf>,
    pub(crate) wasmtime: PathBuf,
    /// What `wasmtime --version` says.
    pub(crate) wasmtime_version: String,
}

impl Tools {
    /// Builds Precast with a profile of the workspace, and finds wasmtime.
    pub(crate) fn build(profile: &str) -> Result<Self, String> {
        let wasmtime_version = wasmtime_version()?;
        let folder = target_folder()?;
        let cargo = |features: &[&str], binary: &str| {
            let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
            cargo.current_dir(crate::root()).args(["build", "--quiet", "--profile", profile]);
            cargo.args(["--package", "precast-cli", "--bin", binary]).args(features);
            cargo.arg("--target-dir").arg(&folder);
            cargo
        };
        eprintln!("building precast with the profile {profile}");
        build(&mut cargo(&[], "precast"))?;
        let alone = ["--no-default-features"];
        build(&mut cargo(&alone, "precast-run"))?;
        let mut fixed = cargo(&alone, "precast-run");
        fixed.args(["--target", STATIC_TARGET]).env("RUSTFLAGS", STATIC_FLAGS);
        let linked = match build(&mut fixed) {
            Ok(()) => Some(folder.join(STATIC_TARGET).join(profile).join("precast-run")),
            Err(why) => {
                eprintln!("no static precast-run: {why}");
                None
            }
        };
        let built = folder.join(profile);
        Ok(Self {
            precast: built.join("precast"),
            precast_run: built.join("precast-run"),
            precast_run_static: linked,
            wasmtime: "wasmtime".into(),
            wasmtime_version,
        })
    }

    /// Takes what is there, in one folder, `precast-run-static` perhaps too.
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, String> {
        let linked = folder.join("precast-run-static");
        Ok(Self {
            precast: folder.join("precast"),
            precast_run: folder.join("precast-run"),
            precast_run_static: linked.exists().then_some(linked),
            wasmtime: "wasmtime".into(),
            wasmtime_version: wasmtime_version()?,
        })
    }
}

/// Where this run keeps what it makes.
pub(crate) fn scratch() -> Result<PathBuf, String> {
    let folder = target_folder()?.join("precast-benches");
    std::fs::create_dir_all(&folder).map_err(|why| format!("{}: {why}", folder.display()))?;
    Ok(folder)
}

/// The target folder that this program was built in.
fn target_folder() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let folder = this.parent().and_then(Path::parent).ok_or("this program lies in no folder")?;
    Ok(folder.to_owned())
}

fn build(cargo: &mut Command) -> Result<(), String> {
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{cargo:?}: {status}")),
        Err(why) => Err(format!("{cargo:?}: {why}")),
    }
}

fn wasmtime_version() -> Result<String, String> {
    let install = format!("cargo install wasmtime-cli --version {WASMTIME} --locked");
    if let Some(script) = wasmtime_script() {
        return Err(format!(
            "{} is a script, and its start would be measured too: put the folder of the command \
             that it starts before it on the path",
            script.display()
        ));
    }
    let usage = child::run(Command::new("wasmtime").arg("--version"))
        .map_err(|why| format!("{why}\nto install the peer: {install}"))?;
    let version = usage.stdout.trim().to_owned();
    if !version.contains(WASMTIME) {
        eprintln!("note: the peer is {version}; for the one of the table: {install}");
    }
    Ok(version)
}

/// What the path has as `wasmtime`, if that is a script, as packages of Python have it.
fn wasmtime_script() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join("wasmtime"));
    let first = found.into_iter().find(|file| file.is_file())?;
    let mut start = [0; 2];
    std::fs::File::open(&first).and_then(|mut file| file.read_exact(&mut start)).ok()?;
    (start == *b"#!").then_some(first)
}
