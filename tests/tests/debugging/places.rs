//! Images that are not what or where their file says: mapped away from their base,
//! or stripped.

use crate::session::{
    CHAIN, GDB_CHAIN, Waiting, artifact, debug, in_order, link_base, module, occupier,
};
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{binaries, fixture, need, need_debugger, need_permission, scratch, tools};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What gdb is told to stop in a linked list and look at it.
const IN_GDB: [&str; 10] = [
    "set debuginfod enabled off",
    "break list.c:31",
    "run",
    "backtrace 4",
    "print head->next->name",
    "info breakpoints",
    "break length",
    "continue",
    "print n->name",
    "finish",
];

/// The same for lldb.
const IN_LLDB: [&str; 9] = [
    "breakpoint set -f list.c -l 31",
    "run",
    "thread backtrace",
    "frame variable head->next->name",
    "breakpoint list",
    "breakpoint set -n length",
    "continue",
    "frame variable n->name",
    "finish",
];

/// Stops in a linked list, whole or stripped, in both debuggers; `host` is how
/// they are told of the guest's environment.
fn follows_the_list(artifact: &Path, options: &[&str], host: &[(&str, String)], places: &str) {
    let (gdb, lldb) = (tools::find("gdb"), tools::find("lldb"));
    let (gdb, lldb) = (gdb.expect("asked for"), lldb.expect("asked for"));
    let set = |debugger: &str| -> Vec<String> {
        let one = |(name, value): &(&str, String)| match debugger {
            "gdb" => format!("set environment {name} {value}"),
            _ => format!("settings append target.env-vars {name}={value}"),
        };
        host.iter().map(one).collect()
    };
    let session = |debugger: &Path, flags: &[&str], setup: Vec<String>, commands: &[&str]| {
        let commands: Vec<&str> =
            setup.iter().map(String::as_str).chain(commands.iter().copied()).collect();
        let options = [flags, options].concat();
        debug(debugger, &options, &commands, artifact).exits(0).text()
    };
    let text = session(&gdb, &["--gdb"], set("gdb"), &IN_GDB);
    in_order(
        &text,
        &[
            "Breakpoint 1",
            ", main () at ",
            "#1  0x",
            "_start",
            "precast_entry_stub",
            "= 0x400 \"two\"",
            "breakpoint already hit 1 time",
            "length (n=0x",
            "\"three\"",
            "Value returned is $3 = 3",
        ],
    );
    let text = session(&lldb, &[], set("lldb"), &IN_LLDB);
    let [locations, resolved] = ["locations", "resolved"].map(|what| format!("{what} = {places}"));
    in_order(
        &text,
        &[
            "main at list.c:31",
            "_start",
            "precast_entry_stub",
            "precast_loader_enter",
            "head->next->name = 0x00000400 \"two\"",
            &locations,
            &resolved,
            "length(n=0x",
            "n->name = 0x",
            "\"three\"",
            "Return value: (int) $0 = 3",
        ],
    );
}

#[test]
fn images_away_from_their_base() {
    need!("clang-19");
    need!("cc");
    need_debugger!("gdb", 13);
    need_debugger!("lldb", 16);
    let folder = scratch();
    let artifact = artifact(folder.path(), "list.c");
    // Opened before, by another name.
    let preload = format!("--preload=again={}", artifact.display());
    follows_the_list(&artifact, &[&preload], &[], "2");

    let library = occupier(folder.path()).display().to_string();
    let host = [("OCCUPIED", link_base(&artifact)), ("LD_PRELOAD", library)];
    follows_the_list(&artifact, &[], &host, "1");

    let debug = PathBuf::from(format!("{}.debug", artifact.display()));
    let mut strip = precast();
    run(strip.arg("strip").arg(&artifact).arg("--debug-file").arg(&debug)).exits(0);
    follows_the_list(&artifact, &[], &host, "1");
}

#[test]
fn a_stripped_artifact_live() {
    need!("clang-19");
    let (gdb, lldb) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    let module = module(folder.path(), "list.c");
    let artifact = module.with_extension("cwasm");
    let split = |module: &Path, artifact: &Path| {
        let mut command = precast();
        command.args(["compile", "-g", "-O0", "--split-debug", "-o"]).arg(artifact).arg(module);
        run(&mut command).exits(0);
    };
    split(&module, &artifact);
    follows_the_list(&artifact, &[], &[], "1");

    // One of another artifact is none.
    std::fs::rename(artifact.with_extension("cwasm.debug"), folder.path().join("list.debug"))
        .expect("a debug file");
    let orders = self::module(folder.path(), "production/orders.c");
    let running = orders.with_extension("cwasm");
    split(&orders, &running);
    let other = running.with_extension("cwasm.debug");
    std::fs::copy(&other, artifact.with_extension("cwasm.debug")).expect("a writable folder");
    let commands = ["set debuginfod enabled off", "break list.c:31", "break price", "run"];
    let text = debug(&gdb, &["--gdb"], &commands, &artifact).text();
    assert!(!text.contains("Breakpoint 1, ") && !text.contains("Breakpoint 2, "), "{text}");

    let guest = Waiting::start(&running);
    let commands = ["backtrace", "frame function price", "print *order"];
    let outcome = debug(&gdb, &["--gdb", "--pid", &guest.pid()], &commands, &running);
    let refused = ["ptrace: Operation not permitted", "Could not attach", "Inappropriate ioctl"];
    let refused = refused.iter().find(|why| outcome.stderr.contains(**why));
    need_permission!(refused.is_none(), "needs permission to attach: {}", outcome.stderr);
    in_order(&outcome.text(), &GDB_CHAIN);
    in_order(&outcome.text(), &["{id = 42, customer = 0x", "\"Ada\"", "total = 12.5}"]);
    let commands = ["thread backtrace", "detach"];
    let text = debug(&lldb, &["--pid", &guest.pid()], &commands, &running).exits(0).text();
    in_order(&text, &CHAIN);
}

#[test]
fn debug_files_are_looked_for_only_where_one_is_named() {
    let strace = need!("strace");
    let folder = scratch();
    let module = fixture("programs/hello.wasm");
    let path = |name: &str| folder.path().join(name);
    let compile = |options: &[&str], output: &str| {
        let mut compile = precast();
        compile.args(["compile", "-q"]).args(options).arg("-o").arg(path(output)).arg(&module);
        run(&mut compile).exits(0);
    };
    compile(&[], "plain.cwasm");
    compile(&["-g"], "whole.cwasm");
    compile(&["-g", "--split-debug"], "split.cwasm");
    let mut strip = precast();
    run(strip.arg("strip").arg(path("whole.cwasm")).arg("-o").arg(path("bare.cwasm"))).exits(0);
    let opened = |name: &str| -> Vec<String> {
        let log = path("log");
        let mut command = Command::new(&strace);
        command.args(["-f", "-e", "trace=open,openat", "-o"]).arg(&log);
        command.arg(binaries::folder().join("precast-run")).arg(path(name));
        run(&mut command).exits(0);
        let log = std::fs::read_to_string(log).expect("a log");
        log.lines().filter(|line| line.contains(".debug\"")).map(str::to_owned).collect()
    };
    for name in ["plain.cwasm", "whole.cwasm", "bare.cwasm"] {
        assert_eq!(opened(name), [""; 0], "{name}");
    }
    let [found] = &opened("split.cwasm")[..] else { panic!("{:?}", opened("split.cwasm")) };
    assert!(found.contains("split.cwasm.debug\"") && !found.contains("ENOENT"), "{found}");
    std::fs::remove_file(path("split.cwasm.debug")).expect("a debug file");
    // A pipe is nothing to wait for.
    rustix::fs::mkfifoat(rustix::fs::CWD, path("split.cwasm.debug"), rustix::fs::Mode::RWXU)
        .expect("a pipe");
    assert_eq!(opened("split.cwasm").len(), 2);
    std::fs::remove_file(path("split.cwasm.debug")).expect("a pipe");
    let tried = opened("split.cwasm");
    assert!(tried.iter().all(|line| line.contains("ENOENT")), "{tried:?}");
    assert!(tried.len() == 2 && tried[1].contains("/usr/lib/debug/.build-id/"), "{tried:?}");
}
