//! Debuggers show a program that runs as WebAssembly as they show the same
//! program compiled natively: the same stops, lines and values, under gdb and
//! lldb, for C, C++ and Rust.
//!
//! `PRECAST_TRANSCRIPTS=all tests/run --test transcripts -- --nocapture`
//! reports the share of right values also, where it is installed, of wasmtime,
//! with everything that differs.

use precast_tests::binaries::{self, precast};
use precast_tests::outcome::run;
use precast_tests::transcript::{Comparison, Debugger, Program, compare, programs, record};
use precast_tests::{fixture, need, need_debugger, need_that, root, scratch, tools};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of both compilers, native and for WebAssembly.
const OPTIONS: [&str; 2] = ["-g", "-O0"];

fn compile(program: &Program, target: &[&str], output: &Path) {
    let mut clang = Command::new("clang-19");
    clang.args(OPTIONS).args(target);
    if program.cxx() {
        clang.args(["-fno-exceptions", "-fno-rtti"]);
        clang.arg(if program.library() { "-stdlib=libc++" } else { "-nostdlib++" });
    }
    clang.arg(&program.source).arg("-o").arg(output);
    if program.library() {
        clang.args(["-lc++", "-lc++abi", "-lm"]);
    }
    run(&mut clang).exits(0);
}

/// Builds the native programs. Their command lines.
fn native(programs: &[Program], folder: &Path) -> impl Fn(&Program) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    cargo.args(["build", "--quiet", "--offline", "--manifest-path"]);
    cargo.arg(fixture("debug/rust/Cargo.toml")).arg("--target-dir").arg(folder);
    run(cargo.env_remove("RUSTFLAGS").env_remove("CARGO_TARGET_DIR")).exits(0);
    let folder = folder.to_owned();
    for program in programs.iter().filter(|program| !program.rust()) {
        compile(program, &[], &folder.join(&program.name));
    }
    move |program| match program.argument() {
        Some(argument) => vec![text(&folder.join("debug/rust")), argument],
        None => vec![text(&folder.join(&program.name))],
    }
}

/// Builds the same as WebAssembly. Their modules.
fn modules(programs: &[Program], folder: &Path) -> Vec<PathBuf> {
    let mut modules = vec![fixture("debug/rust.wasm")];
    for program in programs.iter().filter(|program| !program.rust()) {
        let module = folder.join(format!("{}.wasm", program.name));
        compile(program, &["--target=wasm32-wasi"], &module);
        modules.push(module);
    }
    modules
}

fn module_name(program: &Program) -> &str {
    if program.rust() { "rust" } else { &program.name }
}

/// Compiles the modules to artifacts. Their command lines.
fn artifacts(modules: &[PathBuf], level: &str, folder: &Path) -> impl Fn(&Program) -> Vec<String> {
    for module in modules {
        let name = module.file_stem().unwrap_or_default().to_string_lossy();
        let artifact = folder.join(format!("{name}{level}.cwasm"));
        run(precast().args(["compile", "-g", level, "-q"]).arg(module).arg("-o").arg(artifact))
            .exits(0);
    }
    let (folder, level) = (folder.to_owned(), level.to_owned());
    move |program| {
        let artifact = folder.join(format!("{}{level}.cwasm", module_name(program)));
        let command = [text(&binaries::folder().join("precast-run")), text(&artifact)];
        command.into_iter().chain(program.argument()).collect()
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What shows guests' pointers, as `precast debug` installs it.
fn formatters(debugger: Debugger, folder: &Path) -> String {
    let (name, script, command) = match debugger {
        Debugger::Gdb => ("precast_gdb.py", precast_debuggers::GDB, "source"),
        Debugger::Lldb => ("precast_lldb.py", precast_debuggers::LLDB, "command script import"),
    };
    let file = folder.join(name);
    std::fs::write(&file, script).expect("a writable folder");
    format!("{command} {}", file.display())
}

fn long_form() -> bool {
    std::env::var_os("PRECAST_TRANSCRIPTS").is_some()
}

fn as_natively(debugger: Debugger, tool: &Path) {
    let folder = scratch();
    let folder = folder.path();
    let programs = programs();
    assert!(programs.len() >= 20, "{} programs", programs.len());
    let setup = [formatters(debugger, folder)];
    let expected = record(debugger, tool, folder, &setup, &programs, &native(&programs, folder));
    let expected = expected.expect("the debugger survives native programs");
    let modules = modules(&programs, folder);
    let share = |name: &str, command: &dyn Fn(&Program) -> Vec<String>| {
        let Some(found) = record(debugger, tool, folder, &setup, &programs, command) else {
            println!("{debugger:?}, {name}: the debugger did not survive");
            return Comparison::default();
        };
        let mut total = Comparison::default();
        for ((program, expected), (same, found)) in expected.iter().zip(&found) {
            assert_eq!(program, same);
            total.add(compare(program, expected, found));
        }
        let Comparison { stops, values, differences } = &total;
        if long_form() {
            println!("{}", differences.join("\n"));
        }
        println!(
            "{debugger:?}, {name}: {} of {} stops, {} of {} values, {:.1} %",
            stops.1,
            stops.0,
            values.1,
            values.0,
            100.0 * values.1 as f64 / values.0 as f64
        );
        total
    };
    let total = share("-O0", &artifacts(&modules, "-O0", folder));
    let optimised = share("-O", &artifacts(&modules, "-O2", folder));
    if long_form()
        && let Some(wasmtime) = tools::find("wasmtime")
    {
        let directory = folder.to_owned();
        share("wasmtime -O0", &|program| {
            let module = match program.rust() {
                true => fixture("debug/rust.wasm"),
                false => directory.join(format!("{}.wasm", program.name)),
            };
            let command = [&text(&wasmtime), "run", "-D", "debug-info", "-O", "opt-level=0"];
            let command = command.iter().map(|part| (*part).to_owned());
            command.chain([text(&module)]).chain(program.argument()).collect()
        });
    }
    assert!(total.values.0 >= 600, "only {} values", total.values.0);
    assert!(total.differences.is_empty(), "{}", total.differences.join("\n"));
    // What optimised code still holds depends on the code generator too.
    let (values, right) = optimised.values;
    assert!(right * 100 >= values * 95, "{}", optimised.differences.join("\n"));
}

#[test]
fn gdb_shows_guests_as_natively() {
    need!("clang-19");
    as_natively(Debugger::Gdb, &need_debugger!("gdb", 13));
}

/// The one that users of Debian 12 have, unpacked beside the system's.
#[test]
fn lldb_19_shows_guests_as_natively() {
    need!("clang-19");
    let lldb = root().join("target/lldb-19/lldb");
    need_that!(lldb.exists(), "needs lldb 19: tests/debuggers/older");
    as_natively(Debugger::Lldb, &lldb);
}

#[test]
fn lldb_shows_guests_as_natively() {
    need!("clang-19");
    as_natively(Debugger::Lldb, &need_debugger!("lldb", 16));
}
