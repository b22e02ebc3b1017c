//! The commands under test.
//!
//! They are built by the first test that asks, with the profile that the test
//! itself was built with. `PRECAST_BIN_DIR` names a folder with others.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

/// `precast`, with a cache of its own for what it runs. What it compiles is
/// compiled, each time.
pub fn precast() -> Command {
    let mut command = command("precast");
    command.env("XDG_CACHE_HOME", kept().join("cache"));
    command
}

/// `precast-run`.
pub fn precast_run() -> Command {
    command("precast-run")
}

fn command(name: &str) -> Command {
    let mut command = Command::new(folder().join(name));
    for variable in ["PRECAST_CACHE", "MAKEFLAGS", "CARGO_MAKEFLAGS", "MFLAGS"] {
        command.env_remove(variable);
    }
    command.stdin(std::process::Stdio::null());
    command
}

/// What makes the commands. The tests are asked for as well, which are there
/// already: alone, the commands would select fewer features of what Cranelift
/// depends on, and all of it would be built a second time.
const COMMANDS: [&str; 6] =
    ["--package", "precast-cli", "--bins", "--package", "precast-tests", "--tests"];

/// Where the commands lie.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os("PRECAST_BIN_DIR") {
        Some(folder) => crate::root().join(folder),
        None => build(&COMMANDS),
    })
}

/// A folder for what is expensive to make and may be kept as long as the
/// commands stay the same.
pub fn kept() -> PathBuf {
    let meta = std::fs::metadata(folder().join("precast")).expect("precast was built");
    let time = meta.modified().expect("a modification time");
    let time = time.duration_since(UNIX_EPOCH).expect("a time after 1970");
    let all = folder().join("precast-tests");
    let ours = all.join(format!("{:x}-{:x}", meta.len(), time.as_nanos()));
    if !ours.exists() {
        std::fs::create_dir_all(&ours).expect("the target folder is writable");
        // What older commands made is of no use any more.
        for entry in all.read_dir().into_iter().flatten().flatten() {
            if entry.path() != ours {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
    ours
}

/// `libprecast.a`, the loader for C programs.
pub fn library() -> PathBuf {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let find = || match std::env::var_os("PRECAST_BIN_DIR") {
        Some(folder) => crate::root().join(folder),
        None => build(&["--package", "precast-capi"]),
    };
    LIBRARY.get_or_init(|| find().join("libprecast.a")).clone()
}

/// Builds into the folder that this test was built into.
fn build(what: &[&str]) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test
        .ancestors()
        .find(|path| path.ends_with("deps"))
        .and_then(Path::parent)
        .expect("tests lie in target/PROFILE/deps");
    let target = folder.parent().expect("the profile's folder lies in the target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(crate::root()).args(["build", "--quiet"]).args(what);
    cargo.args(["--profile", profile, "--target-dir"]).arg(target);
    let status = cargo.status().expect("cargo can be started");
    assert!(status.success(), "building the commands failed: {cargo:?}");
    folder.to_owned()
}
