//! The builds of `fixtures/pipelines`, each with its own tool: a second build
//! does nothing, and after one input has changed one module is compiled.

mod bazel;
mod cargo;
mod docker;
mod makefiles;
mod scripts;

use precast_tests::outcome::{Outcome, run};
use precast_tests::{binaries, fixture, scratch};
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// The builds, in a folder of their own.
fn staged() -> tempfile::TempDir {
    let folder = scratch();
    let mut copy = Command::new("cp");
    run(copy.arg("-r").arg(fixture("pipelines/.")).arg(folder.path())).succeeds();
    folder
}

/// A tool there, with the commands under test in `PATH`.
fn command(folder: &Path, program: impl AsRef<Path>) -> Command {
    let path = std::env::var("PATH").expect("a path");
    let mut command = Command::new(program.as_ref());
    command.current_dir(folder);
    command.env("PATH", format!("{}:{path}", binaries::folder().display()));
    for variable in ["MAKEFLAGS", "CARGO_MAKEFLAGS", "PRECAST_CACHE", "NO_COLOR"] {
        command.env_remove(variable);
    }
    command
}

/// Runs a tool there.
fn tool(folder: &Path, program: &str, args: &[&str]) -> Outcome {
    run(command(folder, program).args(args)).exits(0)
}

/// Lets a file be newer than all that was made of it.
fn touch(path: &Path) {
    std::thread::sleep(Duration::from_millis(20));
    let file = File::options().append(true).open(path).expect("a file");
    file.set_modified(SystemTime::now()).expect("a time");
}

/// Changes a module.
fn edit(path: &Path) {
    let text = fs::read_to_string(path).expect("a module");
    fs::write(path, text.replace("(call", "(drop (i32.const 7)) (call")).expect("a file");
    touch(path);
}
