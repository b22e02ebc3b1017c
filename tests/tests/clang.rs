//! Clang 22, 75 MB of WebAssembly, compiled ahead of time; then it builds C
//! and C++ programs, which are compiled ahead of time, and run. No other
//! compiler is in the chain.
//!
//! `fixtures/fetch.sh clang` fetches it. One artifact is all the tools: what
//! it does depends on its argument 0.

use precast_tests::binaries::{kept, precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, run_file, scratch};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The artifact, and the folder that guests see as `/usr`.
struct Clang {
    artifact: PathBuf,
    usr: PathBuf,
}

/// Ends the test when clang was not fetched.
macro_rules! need_clang {
    () => {{
        let module = fixture("real/clang/gen/llvm.core.wasm");
        precast_tests::need_that!(module.exists(), "needs clang: fixtures/fetch.sh clang");
        Clang::new(&module)
    }};
}

impl Clang {
    /// Compiles clang, which takes a minute, unless this compiler has done it
    /// before. Tests that need it at the same time wait for the first.
    fn new(module: &Path) -> Self {
        let folder = kept();
        let lock = File::create(folder.join("clang.lock")).expect("a writable folder");
        lock.lock().expect("a file lock");
        let (artifact, usr) = (folder.join("clang.cwasm"), folder.join("usr"));
        if !artifact.exists() {
            fs::create_dir_all(&usr).expect("a writable folder");
            let resources = fixture("real/clang/gen/llvm-resources.tar");
            run(Command::new("tar").arg("xf").arg(resources).arg("-C").arg(&usr)).succeeds();
            run(precast().arg("compile").arg(module).arg("-o").arg(&artifact)).exits(0);
        }
        Self { artifact, usr }
    }

    /// Runs one of the tools in a folder that it sees as `/work`.
    fn tool(&self, name: &str, work: &Path, args: &[&str]) -> Outcome {
        let mut command = precast();
        command.args(["run", "--argv0", name]);
        command.arg("--dir").arg(format!("{}::/usr:ro", self.usr.display()));
        command.arg("--dir").arg(format!("{}::/work", work.display()));
        run(command.arg(&self.artifact).args(args))
    }

    /// Compiles a source file of `fixtures/programs` and links it.
    fn build(&self, driver: &str, source: &str, options: &[&str], work: &Path) -> PathBuf {
        let from = fixture("programs").join(source);
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

/// Compiles a module and follows a `.run` file with it.
fn compile_and_follow(module: &Path, name: &str) {
    let artifact = module.with_extension("cwasm");
    run(precast().arg("compile").arg(module).arg("-o").arg(&artifact)).exits(0);
    run_file::follow(&fixture("programs").join(name), &artifact, &precast_run);
}

#[test]
fn tells_its_version() {
    let clang = need_clang!();
    let folder = scratch();
    let version = clang.tool("clang", folder.path(), &["--version"]).succeeds().text();
    assert!(version.starts_with("clang version 22."), "{version}");
    assert!(version.contains("Target: wasm32-unknown-wasip1"), "{version}");
    let linker = clang.tool("wasm-ld", folder.path(), &["--version"]).succeeds().text();
    assert!(linker.starts_with("LLD 22."), "{linker}");
}

#[test]
fn builds_a_c_program_that_runs() {
    let clang = need_clang!();
    let folder = scratch();
    let options = ["-std=gnu17", "-Wall", "-Wextra", "-Werror"];
    let module = clang.build("clang", "words.c", &options, folder.path());
    let symbols = clang.tool("llvm-nm", folder.path(), &["/work/program.o"]).succeeds().text();
    assert!(symbols.lines().any(|line| line.ends_with(" t by_count")), "{symbols}");
    compile_and_follow(&module, "words.run");
}

#[test]
fn builds_a_cpp_program_that_runs() {
    let clang = need_clang!();
    let folder = scratch();
    let options = ["-std=gnu++20", "-fno-exceptions"];
    let module = clang.build("clang++", "shapes.cpp", &options, folder.path());
    compile_and_follow(&module, "shapes.run");
}

#[test]
fn complains_about_a_wrong_program() {
    let clang = need_clang!();
    let folder = scratch();
    fs::write(folder.path().join("wrong.c"), "int main(void) { return x; }").expect("writable");
    let outcome =
        clang.tool("clang", folder.path(), &["-c", "/work/wrong.c", "-o", "/work/wrong.o"]);
    outcome.exits(1).complains(&["wrong.c:1:25", "undeclared identifier 'x'", "1 error generated"]);
    assert!(!folder.path().join("wrong.o").exists());
}
