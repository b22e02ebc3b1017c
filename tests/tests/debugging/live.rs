//! Guests that a debugger starts, or attaches to.

use crate::session::{CHAIN, GDB_CHAIN, Waiting, artifact, debug, in_order, module};
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{binaries, fixture, need, need_debugger, need_permission, scratch};
use std::process::Command;

#[test]
fn lldb_stops_steps_and_writes() {
    need!("clang-19");
    let lldb = need_debugger!("lldb", 16);
    let folder = scratch();
    let artifact = artifact(folder.path(), "scopes.c");
    let commands = [
        "breakpoint set -f scopes.c -l 55",
        "breakpoint set -n search",
        "run",
        "thread backtrace",
        "finish",
        "continue",
        "frame variable a x",
        "expression a = 5",
        "watchpoint set variable x",
        "continue",
        "frame variable a x",
    ];
    let text = debug(&lldb, &[], &commands, &artifact).exits(0).text();
    in_order(
        &text,
        &[
            "stop reason = breakpoint 2",
            "search(limit=6) at scopes.c:",
            "main at scopes.c:54",
            "precast_entry_stub",
            "invoke",
            "stop reason = step out",
            "Return value: (int) $0 = 5",
            "(int) a = 322",
            "(int) x = 1000",
            "= 5",
            "stop reason = watchpoint 1",
            "(int) a = 5",
            "(int) x = 337",
        ],
    );
}

#[test]
fn gdb_stops_steps_and_writes() {
    need!("clang-19");
    let gdb = need_debugger!("gdb", 13);
    let folder = scratch();
    let artifact = artifact(folder.path(), "scopes.c");
    let commands = [
        "set debuginfod enabled off",
        "break scopes.c:55",
        "break search",
        "run",
        "backtrace",
        "finish",
        "continue",
        "print a",
        "print a = 5",
        "watch x",
        "continue",
        "print x",
    ];
    let text = debug(&gdb, &["--gdb"], &commands, &artifact).exits(0).text();
    in_order(
        &text,
        &[
            "search (limit=6)",
            "main () at ",
            "scopes.c:54",
            "precast_entry_stub",
            "invoke",
            "Value returned is $1 = 5",
            "scopes.c:55",
            "$2 = 322",
            "$3 = 5",
            "Old value = 1000",
            "New value = 337",
            "$4 = 337",
        ],
    );
}

#[test]
fn function_pointers_show_functions() {
    need!("clang-19");
    let (gdb, lldb) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    let module = module(folder.path(), "callbacks.c");
    let artifact = module.with_extension("cwasm");
    // The table can be changed, or not.
    for level in ["-O0", "-O2"] {
        let mut compile = precast();
        run(compile.args(["compile", "-g", level]).arg(&module).arg("-o").arg(&artifact)).exits(0);
        let commands = ["set debuginfod enabled off", "break compare", "run", "print commands"];
        let text = debug(&gdb, &["--gdb"], &commands, &artifact).exits(0).text();
        in_order(&text, &["compare", "\"add\", run = 0x1 <add>}", "\"multiply\", run = 0x"]);
        in_order(&text, &["run = 0x1 <add>}", "<multiply>}"]);
        let commands = ["breakpoint set -n compare", "run", "target variable commands"];
        let text = debug(&lldb, &[], &commands, &artifact).exits(0).text();
        in_order(&text, &["\"add\"", "run = 0x00000001 (add)", "\"multiply\"", "(multiply)"]);
    }
}

#[test]
fn debuggers_stop_at_traps() {
    need!("clang-19");
    let (gdb, lldb) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    let artifact = artifact(folder.path(), "trap_unreachable.c");
    let text = debug(&lldb, &[], &["run", "frame variable *a"], &artifact).exits(0).text();
    in_order(&text, &["signal SIGILL", "require", "trap_unreachable.c:8", "Ada", "balance = 40"]);
    let commands = ["set debuginfod enabled off", "run", "print *a"];
    let text = debug(&gdb, &["--gdb"], &commands, &artifact).exits(0).text();
    in_order(&text, &["SIGILL", "require", "trap_unreachable.c:8", "Ada", "balance = 40"]);
}

#[test]
fn a_module_is_compiled_to_be_debugged() {
    need!("clang-19");
    let lldb = need_debugger!("lldb", 16);
    let folder = scratch();
    let module = module(folder.path(), "list.c");
    let commands = ["breakpoint set -f list.c -l 31", "run", "frame variable head->next->name"];
    let text = debug(&lldb, &["-q"], &commands, &module).exits(0).text();
    in_order(&text, &["main at list.c:31", "head->next->name = 0x", "\"two\""]);
}

/// The commands that `precast debug` gives for a debugger's init file.
fn init(debugger: &str) -> String {
    run(precast().args(["debug", "--init", debugger])).exits(0).text()
}

#[test]
fn gdb_started_by_itself() {
    need!("clang-19");
    let gdb = need_debugger!("gdb", 13);
    let folder = scratch();
    let artifact = artifact(folder.path(), "list.c");
    let program = binaries::folder().join("precast-run");
    let session = |setup: &[&str]| {
        let mut command = Command::new(&gdb);
        command.args(["-batch", "-nx", "-iex", "set debuginfod enabled off"]);
        command.args(["-iex", "set breakpoint pending on"]);
        setup.iter().for_each(|setup| _ = command.args(["-iex", setup]));
        command.args(["-ex", "break list.c:31", "-ex", "run", "-ex", "print head->next->name"]);
        run(command.arg("--args").arg(&program).arg(&artifact)).text()
    };
    let followed = "= 0x400 \"two\"";
    assert!(!session(&[]).contains(followed));
    let trusted = format!("add-auto-load-safe-path {}", program.display());
    in_order(&session(&[&trusted]), &["list.c:31", followed]);
    let init = init("gdb");
    in_order(&session(&init.lines().collect::<Vec<_>>()), &["list.c:31", followed]);

    // The file itself.
    let mut command = Command::new(&gdb);
    command.args(["-batch", "-nx", "-iex"]);
    command.arg(format!("add-auto-load-safe-path {}", folder.path().display()));
    let text = run(command.args(["-ex", "info auto-load python-scripts"]).arg(&artifact)).text();
    in_order(&text, &["Yes", "precast_gdb.py"]);
}

#[test]
fn lldb_started_by_itself() {
    need!("clang-19");
    let lldb = need_debugger!("lldb", 16);
    let folder = scratch();
    let artifact = artifact(folder.path(), "list.c");
    std::fs::write(folder.path().join(".lldbinit"), init("lldb")).expect("a writable folder");
    let mut command = Command::new(&lldb);
    command.env("HOME", folder.path()).arg("--batch");
    command.args(["-o", "breakpoint set -f list.c -l 31", "-o", "run"]);
    command.args(["-o", "frame variable head->next->name", "--"]);
    let command = command.arg(binaries::folder().join("precast-run")).arg(&artifact);
    in_order(&run(command).text(), &["main at list.c:31", "head->next->name = 0x", "\"two\""]);

    // What the artifact itself tells, to those that look.
    need_debugger!("lldb", 20);
    let artifact = folder.path().join("rust.cwasm");
    let mut compile = precast();
    compile.args(["compile", "-g", "-O0", "-o"]).arg(&artifact).arg(fixture("debug/rust.wasm"));
    run(&mut compile).exits(0);
    let mut command = Command::new(&lldb);
    command.args(["--no-lldbinit", "--batch", "-o", "breakpoint set -f collections.rs -l 30"]);
    command.args(["-o", "run", "-o", "frame variable empty", "--"]);
    command.arg(binaries::folder().join("precast-run")).arg(&artifact).arg("collections");
    in_order(&run(&mut command).text(), &["collections.rs:30", "empty = size=0"]);
}

#[test]
fn processes_that_run_already() {
    need!("clang-19");
    let (gdb, lldb) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    let artifact = artifact(folder.path(), "production/orders.c");
    let guest = Waiting::start(&artifact);
    let outcome = debug(
        &gdb,
        &["--gdb", "--pid", &guest.pid()],
        &["backtrace", "up-silently", "frame function price", "print *order", "print handled"],
        &artifact,
    );
    let refused = ["ptrace: Operation not permitted", "Could not attach", "Inappropriate ioctl"];
    let refused = refused.iter().find(|why| outcome.stderr.contains(**why));
    need_permission!(refused.is_none(), "needs permission to attach: {}", outcome.stderr);
    in_order(&outcome.text(), &GDB_CHAIN);
    in_order(&outcome.text(), &["{id = 42, customer = 0x", "\"Ada\"", "total = 12.5}", "= 1"]);

    let frame = "frame select -r 1";
    let commands = ["thread backtrace", "breakpoint set -n handle", frame, "detach"];
    let text = debug(&lldb, &["--pid", &guest.pid()], &commands, &artifact).exits(0).text();
    in_order(&text, &CHAIN);
}
