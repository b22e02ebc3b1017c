//! Clang 22 with its linker and tools, as one artifact, on this machine or an
//! emulated one. What it does depends on its argument 0.

use crate::binaries::{kept, precast, precast_run};
use crate::cross::Machine;
use crate::outcome::{Outcome, run};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Clang as it was fetched.
#[derive(Debug)]
pub struct Module {
    module: PathBuf,
    resources: PathBuf,
}

/// Clang, compiled ahead of time.
#[derive(Debug)]
pub struct Clang {
    artifact: PathBuf,
    /// The folder that guests see as `/usr`.
    usr: PathBuf,
    machine: Option<&'static Machine>,
}

/// Clang's [`Module`]. Ends the test when it was not fetched.
#[macro_export]
macro_rules! need_clang {
    () => {{
        let module = $crate::clang::Module::find();
        $crate::need_that!(module.is_some(), "needs clang: fixtures/fetch.sh clang");
        module.expect("was found")
    }};
}
pub use need_clang;

impl Module {
    /// Looks for it in `fixtures/real`.
    pub fn find() -> Option<Self> {
        let folder = crate::fixture("real/clang/gen");
        let module = folder.join("llvm.core.wasm");
        module.exists().then(|| Self { module, resources: folder.join("llvm-resources.tar") })
    }

    /// Compiled for this machine.
    pub fn here(&self) -> Clang {
        self.compiled("clang", &[], None)
    }

    /// Compiled for another.
    pub fn on(&self, machine: &'static Machine) -> Clang {
        self.compiled(machine.arch, &["--target", machine.target], Some(machine))
    }

    /// Compiles clang, which takes a minute, unless this compiler has done it
    /// before. Tests that need it at the same time wait for the first.
    fn compiled(&self, name: &str, options: &[&str], machine: Option<&'static Machine>) -> Clang {
        let folder = kept();
        let lock = File::create(folder.join("clang.lock")).expect("a writable folder");
        lock.lock().expect("a file lock");
        let (artifact, usr) = (folder.join(format!("{name}.cwasm")), folder.join("usr"));
        if !usr.exists() {
            fs::create_dir_all(&usr).expect("a writable folder");
            run(Command::new("tar").arg("xf").arg(&self.resources).arg("-C").arg(&usr)).succeeds();
        }
        if !artifact.exists() {
            let mut compile = precast();
            compile.arg("compile").args(options).arg(&self.module).arg("-o").arg(&artifact);
            run(&mut compile).succeeds();
        }
        Clang { artifact, usr, machine }
    }
}

impl Clang {
    /// Runs one of the tools in a folder that it sees as `/work`.
    pub fn tool(&self, name: &str, work: &Path, args: &[&str]) -> Outcome {
        let mut command = self.machine.map_or_else(precast_run, Machine::precast_run);
        command.args(["--argv0", name]);
        command.arg("--dir").arg(format!("{}::/usr:ro", self.usr.display()));
        command.arg("--dir").arg(format!("{}::/work", work.display()));
        run(command.arg(&self.artifact).args(args))
    }

    /// Compiles a source file of `fixtures/programs` and links it.
    pub fn build(&self, driver: &str, source: &str, options: &[&str], work: &Path) -> PathBuf {
        let from = crate::fixture("programs").join(source);
        fs::copy(from, work.join(source)).expect("a writable folder");
        let source = format!("/work/{source}");
        let compile = [&["-c", "-O2", &source, "-o", "/work/program.o"], options].concat();
        self.tool(driver, work, &compile).succeeds();
        // What the driver would ask of the linker, were it able to start one.
        let link = [
            "-L/usr/lib/wasm32-wasip1",
            "/usr/lib/wasm32-wasip1/crt1-command.o",
            "/work/program.o",
            "-lc++",
            "-lc++abi",
            "-lc",
            "/usr/lib/wasm32-unknown-wasip1/libclang_rt.builtins.a",
            "-o",
            "/work/program.wasm",
        ];
        self.tool("wasm-ld", work, &link).succeeds();
        work.join("program.wasm")
    }
}
