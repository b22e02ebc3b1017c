//! Other machines: loaders built for them by `tests/cross`, run under QEMU.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A machine other than this one, emulated.
#[derive(Debug)]
pub struct Machine {
    /// Its architecture.
    pub arch: &'static str,
    /// Triple of its artifacts.
    pub target: &'static str,
    /// CPU features that artifacts may use besides the baseline's.
    pub cpu_features: &'static [&'static str],
    programs: OnceLock<PathBuf>,
    library: OnceLock<PathBuf>,
    compiler: OnceLock<PathBuf>,
}

/// Every machine.
pub static MACHINES: [Machine; 2] = [
    Machine {
        arch: "aarch64",
        target: "aarch64-unknown-linux-gnu",
        cpu_features: &[],
        programs: OnceLock::new(),
        library: OnceLock::new(),
        compiler: OnceLock::new(),
    },
    Machine {
        arch: "riscv64",
        target: "riscv64gc-unknown-linux-gnu",
        // Vectors are no part of the baseline.
        cpu_features: &["+v"],
        programs: OnceLock::new(),
        library: OnceLock::new(),
        compiler: OnceLock::new(),
    },
];

/// A machine by its architecture. Ends the test where the tools to build for
/// it or to emulate it are missing.
#[macro_export]
macro_rules! need_cross {
    ($arch:expr) => {{
        for tool in $crate::cross::tools($arch) {
            $crate::need!(&tool);
        }
        for (path, remedy) in $crate::cross::PATHS {
            $crate::need_that!(std::path::Path::new(path).exists(), "needs {path}: {remedy}");
        }
        $crate::cross::machine($arch)
    }};
}
pub use need_cross;

/// A `precast-run` for this machine that needs no library, with musl. Ends the
/// test where what it is built of is missing.
#[macro_export]
macro_rules! need_musl {
    () => {{
        $crate::need!("cc");
        let (source, remedy) = $crate::cross::PATHS[1];
        $crate::need_that!(std::path::Path::new(source).exists(), "needs {source}: {remedy}");
        let musl = std::path::Path::new("/usr/lib/x86_64-linux-musl/libc.a");
        $crate::need_that!(cfg!(target_arch = "x86_64"), "the test knows x86-64 alone");
        $crate::need_that!(musl.exists(), "needs musl: apt-get install musl-dev");
        $crate::cross::musl()
    }};
}
pub use need_musl;

/// The loader that [`need_musl!`] gives.
pub fn musl() -> PathBuf {
    build("musl", "x86_64", &[]).join("precast-run")
}

/// What is needed besides tools, and how to get it.
pub const PATHS: [(&str, &str); 2] = [
    (
        "/usr/lib/rustlib/aarch64-unknown-linux-gnu",
        "dpkg --add-architecture arm64; apt-get update; apt-get install libstd-rust-web-dev:arm64",
    ),
    ("/usr/lib/rustlib/src/rust/library/std", "apt-get install rust-web-src"),
];

/// Tools that building for an architecture and emulating it takes.
pub fn tools(arch: &str) -> Vec<String> {
    vec![format!("qemu-{arch}-static"), format!("{arch}-linux-gnu-gcc")]
}

/// A machine by its architecture.
pub fn machine(arch: &str) -> &'static Machine {
    MACHINES.iter().find(|machine| machine.arch == arch).expect("a known architecture")
}

impl Machine {
    /// The emulator's command for one of our programs. CPUs have everything
    /// that the emulator knows.
    pub fn command(&self, program: &str) -> Vec<String> {
        let program = self.programs().join(program);
        let script = crate::root().join("tests/cross");
        let parts = [script.as_path(), Path::new("run"), Path::new(self.arch), &program];
        parts.map(|part| part.to_str().expect("paths are UTF-8").to_owned()).into()
    }

    /// `precast-run`, under the emulator.
    pub fn precast_run(&self) -> Command {
        let parts = self.command("precast-run");
        let mut command = Command::new(&parts[0]);
        command.args(&parts[1..]).stdin(std::process::Stdio::null());
        command
    }

    /// As [`Machine::precast_run`], with options of the emulator's.
    pub fn precast_run_on(&self, options: &[&str]) -> Command {
        let mut command = self.emulator(options);
        command.arg(self.programs().join("precast-run"));
        command
    }

    /// The emulator, with options of its own, for a program of this machine.
    pub fn emulator(&self, options: &[&str]) -> Command {
        let mut command = Command::new(crate::root().join("tests/cross"));
        command.args(["run", self.arch]).args(options).stdin(std::process::Stdio::null());
        command
    }

    /// `precast`, under the emulator. Built with optimisations by the first who
    /// asks, which takes minutes.
    pub fn precast(&self) -> Command {
        let build = || self.build(&["precast", "--release"]).join("precast");
        let mut command = self.emulator(&[]);
        command.arg(self.compiler.get_or_init(build));
        command
    }

    /// `libprecast.a`, built by the first who asks.
    pub fn library(&self) -> &Path {
        self.library.get_or_init(|| self.build(&["library"]).join("libprecast.a"))
    }

    /// The emulator's command for an example of the loader's, which is built.
    pub fn example(&self, name: &str) -> Command {
        let mut command = self.emulator(&[]);
        command.arg(self.build(&["examples"]).join(name));
        command
    }

    /// The folder of programs, built by the first who asks.
    fn programs(&self) -> &Path {
        self.programs.get_or_init(|| self.build(&["build"]))
    }

    /// Builds something, with options of cargo's, and gives its folder.
    fn build(&self, what: &[&str]) -> PathBuf {
        build(what[0], self.arch, &what[1..])
    }
}

/// Builds something for an architecture, and gives its folder.
fn build(what: &str, arch: &str, options: &[&str]) -> PathBuf {
    let mut build = Command::new(crate::root().join("tests/cross"));
    let output = build.args([what, arch]).args(options).output().expect("a shell");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "building for {arch} failed:\n{text}");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end())
}
