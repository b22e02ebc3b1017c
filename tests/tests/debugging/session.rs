//! What the debugging tests share: programs, `precast debug`, guests that wait.

use precast_artifact::container::Container;
use precast_tests::binaries::{precast, precast_run};
use precast_tests::fixture;
use precast_tests::outcome::{Outcome, run};
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A program of `fixtures/debug/`, as WebAssembly.
pub(crate) fn module(folder: &Path, source: &str) -> PathBuf {
    let source = fixture("debug").join(source);
    let module = folder.join(source.file_name().unwrap_or_default()).with_extension("wasm");
    let mut clang = Command::new("clang-19");
    clang.args(["--target=wasm32-wasi", "-g", "-O0"]).arg(source).arg("-o").arg(&module);
    run(&mut clang).exits(0);
    module
}

/// The same, compiled for debugging.
pub(crate) fn artifact(folder: &Path, source: &str) -> PathBuf {
    artifact_with(folder, source, &[])
}

pub(crate) fn artifact_with(folder: &Path, source: &str, options: &[&str]) -> PathBuf {
    let module = module(folder, source);
    let artifact = module.with_extension("cwasm");
    let mut compile = precast();
    compile.args(["compile", "-g", "-O0"]).args(options).arg(module).arg("-o").arg(&artifact);
    run(&mut compile).exits(0);
    artifact
}

/// Keeps linear memory small, of which gdb dumps all, reserved or not.
pub(crate) const SMALL: [&str; 3] = ["--memory-model=bounds", "--memory-reservation", "16MiB"];

/// `precast debug` with commands for the debugger, as far as its end.
pub(crate) fn debug(
    debugger: &Path,
    options: &[&str],
    commands: &[&str],
    artifact: &Path,
) -> Outcome {
    let mut command = precast();
    command.args(["debug", "--batch", "--debugger"]).arg(debugger).args(options);
    command.args(commands.iter().map(|command| format!("--command={command}")));
    run(command.arg(artifact).env_remove("LD_LIBRARY_PATH"))
}

/// Asserts that the parts come one after another.
#[track_caller]
pub(crate) fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no `{part}` in its place in\n{text}");
        };
        rest = after;
    }
}

/// A guest that has said that it waits for its input, and is ended with this.
pub(crate) struct Waiting(pub(crate) Child);

impl Waiting {
    pub(crate) fn start(artifact: &Path) -> Self {
        Self::start_with(artifact, &[])
    }

    /// With variables of the host.
    pub(crate) fn start_with(artifact: &Path, host: &[(&str, OsString)]) -> Self {
        let mut command = precast_run();
        command.arg(artifact).stdin(Stdio::piped()).stdout(Stdio::piped());
        host.iter().for_each(|(name, value)| _ = command.env(name, value));
        let mut child = command.spawn().expect("precast-run starts");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("the guest's output");
        assert_eq!(line, "ready\n");
        Self(child)
    }

    pub(crate) fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Frames from the host's read through the guest to the host's entry.
pub(crate) const CHAIN: [&str; 6] =
    ["read", "price", "handle", "main", "precast_entry_stub", "invoke"];

/// As gdb shows them: the stub's frame has no name there.
pub(crate) const GDB_CHAIN: [&str; 5] = ["read", "price", "handle", "main", "invoke"];

/// A library that takes an address before the program starts.
pub(crate) fn occupier(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("occupy.c"), folder.join("occupy.so"));
    let text = r#"#include <stdlib.h>
        #include <sys/mman.h>
        __attribute__((constructor)) static void occupy(void) {
            void *at = (void *)strtoull(getenv("OCCUPIED"), 0, 0);
            int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
            if (mmap(at, 4096, PROT_READ, flags, -1, 0) != at) abort();
        }"#;
    std::fs::write(&source, text).expect("a writable folder");
    run(Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source)).exits(0);
    library
}

/// The address that an artifact is linked at.
pub(crate) fn link_base(artifact: &Path) -> String {
    let file = std::fs::read(artifact).expect("an artifact");
    format!("{:#x}", Container::open(&file).expect("an artifact").base)
}

/// Where debug information says that sources are which are elsewhere.
pub(crate) const MOVED: &str = "/built/elsewhere";

/// An option by which it says so.
pub(crate) fn moved() -> String {
    format!("--remap-path-prefix={}={MOVED}", fixture("debug").display())
}

/// A stripped artifact, and its debug file in another folder.
pub(crate) fn split(folder: &Path, source: &str, options: &[&str]) -> (PathBuf, PathBuf) {
    let module = module(folder, source);
    let artifact = module.with_extension("cwasm");
    let mut command = precast();
    command.args(["compile", "-g", "-O0", "--split-debug"]).args(SMALL).args(options);
    run(command.arg("-o").arg(&artifact).arg(&module)).exits(0);
    let elsewhere = folder.join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a writable folder");
    let debug = elsewhere.join("symbols.debug");
    let beside = artifact.with_extension("cwasm.debug");
    std::fs::rename(beside, &debug).expect("the debug file beside the artifact");
    (artifact, debug)
}
