//! Programs that clang has optimised: debuggers show the variables of which it
//! still knows where they are.

use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, need, need_debugger, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The artifact of `operands.c`, optimised by clang, and by us or not.
fn artifact(folder: &Path, level: &str) -> PathBuf {
    let module = folder.join("operands.wasm");
    let mut clang = Command::new("clang-19");
    clang.args(["--target=wasm32-wasi", "-g", "-O2"]).arg(fixture("debug/optimised/operands.c"));
    run(clang.arg("-o").arg(&module)).exits(0);
    let artifact = module.with_extension("cwasm");
    let mut compile = precast();
    compile.args(["compile", "-q", "-g", level]).arg(module).arg("-o").arg(&artifact);
    run(&mut compile).succeeds();
    artifact
}

/// The lines of what the debugger prints that begin with one of these.
fn lines(debugger: &Path, commands: &[&str], artifact: &Path, starts: &[&str]) -> Vec<String> {
    let mut command = precast();
    command.args(["debug", "--batch", "--debugger"]).arg(debugger);
    if debugger.ends_with("gdb") {
        command.args(["--gdb", "--command=set debuginfod enabled off"]);
    }
    command.args(commands.iter().map(|command| format!("--command={command}")));
    let text = run(command.arg(artifact).env_remove("LD_LIBRARY_PATH")).exits(0).text();
    let shown = text.lines().filter(|line| starts.iter().any(|start| line.starts_with(start)));
    shown.map(str::to_owned).collect()
}

const LEVELS: [&str; 2] = ["-O0", "-O"];

#[test]
fn gdb_shows_variables_that_are_operands() {
    need!("clang-19");
    let gdb = need_debugger!("gdb", 13);
    let commands = [
        "break operands.c:23",
        "break operands.c:25",
        "break operands.c:27",
        "run",
        "print s",
        "continue",
        "print l",
        "continue",
        "print d",
    ];
    for level in LEVELS {
        let folder = scratch();
        let shown = lines(&gdb, &commands, &artifact(folder.path(), level), &["$"]);
        assert_eq!(shown, ["$1 = 7", "$2 = 10000000000", "$3 = 5000000000"], "{level}");
    }
}

#[test]
fn lldb_shows_variables_that_are_operands() {
    need!("clang-19");
    let lldb = need_debugger!("lldb", 16);
    let commands = [
        "breakpoint set -f operands.c -l 23",
        "breakpoint set -f operands.c -l 25",
        "breakpoint set -f operands.c -l 27",
        "run",
        "frame variable s",
        "continue",
        "frame variable l",
        "continue",
        "frame variable d",
    ];
    for level in LEVELS {
        let folder = scratch();
        let artifact = artifact(folder.path(), level);
        let shown = lines(&lldb, &commands, &artifact, &["(int)", "(long long)", "(double)"]);
        let expected = ["(int) s = 7", "(long long) l = 10000000000", "(double) d = 5.0E+9"];
        assert_eq!(shown, expected, "{level}");
    }
}
