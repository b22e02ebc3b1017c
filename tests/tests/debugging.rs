//! Debugging a guest as people do: `precast debug`, a process that runs
//! already, core dumps, an editor's debug adapter, and what a trap leaves.

use precast_artifact::container::Container;
use precast_tests::binaries::{self, precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, need_permission, scratch, tools};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A program of `fixtures/debug/`, as WebAssembly.
fn module(folder: &Path, source: &str) -> PathBuf {
    let source = fixture("debug").join(source);
    let module = folder.join(source.file_name().unwrap_or_default()).with_extension("wasm");
    let mut clang = Command::new("clang-19");
    clang.args(["--target=wasm32-wasi", "-g", "-O0"]).arg(source).arg("-o").arg(&module);
    run(&mut clang).exits(0);
    module
}

/// The same, compiled for debugging.
fn artifact(folder: &Path, source: &str) -> PathBuf {
    artifact_with(folder, source, &[])
}

fn artifact_with(folder: &Path, source: &str, options: &[&str]) -> PathBuf {
    let module = module(folder, source);
    let artifact = module.with_extension("cwasm");
    let mut compile = precast();
    compile.args(["compile", "-g", "-O0"]).args(options).arg(module).arg("-o").arg(&artifact);
    run(&mut compile).exits(0);
    artifact
}

/// Keeps linear memory small, of which gdb dumps all, reserved or not.
const SMALL: [&str; 3] = ["--memory-model=bounds", "--memory-reservation", "16MiB"];

/// `precast debug` with commands for the debugger, as far as its end.
fn debug(debugger: &Path, options: &[&str], commands: &[&str], artifact: &Path) -> Outcome {
    let mut command = precast();
    command.args(["debug", "--batch", "--debugger"]).arg(debugger).args(options);
    command.args(commands.iter().map(|command| format!("--command={command}")));
    run(command.arg(artifact).env_remove("LD_LIBRARY_PATH"))
}

/// Asserts that the parts come one after another.
#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no `{part}` in its place in\n{text}");
        };
        rest = after;
    }
}

/// A guest that has said that it waits for its input, and is ended with this.
struct Waiting(Child);

impl Waiting {
    fn start(artifact: &Path) -> Self {
        Self::start_with(artifact, &[])
    }

    /// With variables of the host.
    fn start_with(artifact: &Path, host: &[(&str, OsString)]) -> Self {
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

    fn pid(&self) -> String {
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
const CHAIN: [&str; 6] = ["read", "price", "handle", "main", "precast_entry_stub", "invoke"];
/// As gdb shows them: the stub's frame has no name there.
const GDB_CHAIN: [&str; 5] = ["read", "price", "handle", "main", "invoke"];

#[test]
fn lldb_stops_steps_and_writes() {
    need!("clang-19");
    let lldb = need!("lldb");
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
    let gdb = need!("gdb");
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
    let (gdb, lldb) = (need!("gdb"), need!("lldb"));
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
    let (gdb, lldb) = (need!("gdb"), need!("lldb"));
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
    let lldb = need!("lldb");
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
    let gdb = need!("gdb");
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
    let lldb = need!("lldb");
    let folder = scratch();
    let artifact = artifact(folder.path(), "list.c");
    std::fs::write(folder.path().join(".lldbinit"), init("lldb")).expect("a writable folder");
    let mut command = Command::new(&lldb);
    command.env("HOME", folder.path()).arg("--batch");
    command.args(["-o", "breakpoint set -f list.c -l 31", "-o", "run"]);
    command.args(["-o", "frame variable head->next->name", "--"]);
    let command = command.arg(binaries::folder().join("precast-run")).arg(&artifact);
    in_order(&run(command).text(), &["main at list.c:31", "head->next->name = 0x", "\"two\""]);

    // What the artifact itself tells.
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

/// A library that takes an address before the program starts.
fn occupier(folder: &Path) -> PathBuf {
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
    let commands = [
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
    let text = session(&gdb, &["--gdb"], set("gdb"), &commands);
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
    let commands = [
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
    let text = session(&lldb, &[], set("lldb"), &commands);
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

/// The address that an artifact is linked at.
fn link_base(artifact: &Path) -> String {
    let file = std::fs::read(artifact).expect("an artifact");
    format!("{:#x}", Container::open(&file).expect("an artifact").base)
}

#[test]
fn images_away_from_their_base() {
    need!("clang-19");
    need!("cc");
    need!("gdb");
    need!("lldb");
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
    let (gdb, lldb) = (need!("gdb"), need!("lldb"));
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

#[test]
fn processes_that_run_already() {
    need!("clang-19");
    let (gdb, lldb) = (need!("gdb"), need!("lldb"));
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

/// What both debuggers show of a dump of the waiting guest.
fn looks_like_the_live_session(core: &Path, artifact: &Path, gdb: &Path, lldb: &Path) {
    let core = core.display().to_string();
    let host = binaries::folder().join("precast-run").display().to_string();
    let options = ["--core", &core, "--host", &host];
    let gdb_options = [&["--gdb"], options.as_slice()].concat();
    let commands = ["backtrace", "frame function price", "print *order"];
    let text = debug(gdb, &gdb_options, &commands, artifact).exits(0).text();
    in_order(&text, &["price", "handle", "main", "{id = 42, customer = 0x", "\"Ada\""]);
    let find = "script exec(\"t = lldb.thread\\nfor f in t:\\n  if f.GetFunctionName() == 'price': \
                t.SetSelectedFrame(f.GetFrameID())\")";
    let commands = ["thread backtrace", find, "frame variable *order"];
    let text = debug(lldb, &options, &commands, artifact).exits(0).text();
    in_order(&text, &["price", "handle", "main", "id = 42", "\"Ada\"", "total = 12.5"]);
}

#[test]
fn a_core_dump_made_by_gdb() {
    need!("clang-19");
    let (gdb, lldb) = (need!("gdb"), need!("lldb"));
    let folder = scratch();
    let artifact = artifact(folder.path(), "production/orders.c");
    let guest = Waiting::start(&artifact);
    let core = folder.path().join("core.gcore");
    let mut command = Command::new(&gdb);
    command.args(["-batch", "-nx", "-p", &guest.pid(), "-ex"]);
    let outcome = run(command.arg(format!("generate-core-file {}", core.display())));
    need_permission!(core.exists(), "needs permission to attach: {}", outcome.stderr);
    looks_like_the_live_session(&core, &artifact, &gdb, &lldb);
}

#[test]
fn a_core_dump_of_an_image_away_from_its_base() {
    need!("clang-19");
    need!("cc");
    let (gdb, lldb) = (need!("gdb"), need!("lldb"));
    let folder = scratch();
    let artifact = artifact_with(folder.path(), "production/orders.c", &SMALL);
    let library = occupier(folder.path());
    let host = [("OCCUPIED", link_base(&artifact).into()), ("LD_PRELOAD", library.into())];
    let guest = Waiting::start_with(&artifact, &host);
    let core = folder.path().join("core.gcore");
    let mut command = Command::new(&gdb);
    command.args(["-batch", "-nx", "-p", &guest.pid(), "-ex"]);
    let outcome = run(command.arg(format!("generate-core-file {}", core.display())));
    need_permission!(core.exists(), "needs permission to attach: {}", outcome.stderr);
    looks_like_the_live_session(&core, &artifact, &gdb, &lldb);
}

/// A stripped artifact, and its debug file in another folder.
fn split(folder: &Path, source: &str) -> (PathBuf, PathBuf) {
    let module = module(folder, source);
    let artifact = module.with_extension("cwasm");
    let mut command = precast();
    command.args(["compile", "-g", "-O0", "--split-debug"]).args(SMALL);
    run(command.arg("-o").arg(&artifact).arg(&module)).exits(0);
    let elsewhere = folder.join("elsewhere");
    std::fs::create_dir(&elsewhere).expect("a writable folder");
    let debug = elsewhere.join("symbols.debug");
    let beside = artifact.with_extension("cwasm.debug");
    std::fs::rename(beside, &debug).expect("the debug file beside the artifact");
    (artifact, debug)
}

#[test]
fn a_stripped_artifact_in_production() {
    need!("clang-19");
    let (gdb, lldb) = (need!("gdb"), need!("lldb"));
    let folder = scratch();
    let (artifact, debug) = split(folder.path(), "production/orders.c");
    let guest = Waiting::start(&artifact);
    let core = folder.path().join("core.gcore");
    let mut command = Command::new(&gdb);
    command.args(["-batch", "-nx", "-p", &guest.pid(), "-ex"]);
    let outcome = run(command.arg(format!("generate-core-file {}", core.display())));
    need_permission!(core.exists(), "needs permission to attach: {}", outcome.stderr);
    looks_like_the_live_session(&core, &debug, &gdb, &lldb);
}

#[test]
fn a_report_of_a_stripped_artifact() {
    need!("clang-19");
    let (whole, stripped) = (scratch(), scratch());
    let report = |artifact: &Path| run(precast_run().arg(artifact)).exits(134).stderr;
    let expected = report(&artifact(whole.path(), "trap_divide.c"));
    let (artifact, debug) = split(stripped.path(), "trap_divide.c");
    let printed = report(&artifact);
    assert!(!printed.contains("trap_divide.c"), "{printed}");
    let mut symbolize = precast();
    symbolize.arg("symbolize").arg("--debug").arg(debug).arg(&artifact);
    let outcome = precast_tests::outcome::run_with_input(&mut symbolize, printed.as_bytes());
    outcome.succeeds().prints(expected);
}

#[test]
fn a_core_dump_of_the_system() {
    need!("clang-19");
    let (gdb, lldb, sh) = (need!("gdb"), need!("lldb"), need!("sh"));
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let plain = !pattern.starts_with(['|', '/']) && !pattern.trim().is_empty();
    need_permission!(plain, "needs core dumps in the working directory, not `{}`", pattern.trim());
    let folder = scratch();
    let artifact = artifact(folder.path(), "production/orders.c");
    let mut command = Command::new(sh);
    command.current_dir(folder.path()).args(["-c", "ulimit -c unlimited && exec \"$0\" \"$@\""]);
    command.arg(binaries::folder().join("precast-run")).arg("--on-trap=abort").arg(&artifact);
    let outcome = precast_tests::outcome::run_with_input(&mut command, b"x");
    assert_eq!(outcome.code, None, "ended by a signal");
    let cores = folder.path().read_dir().expect("a readable folder").flatten();
    let core = cores.map(|entry| entry.path()).find(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("core"))
    });
    need_permission!(core.is_some(), "needs permission to dump core (`ulimit -c`)");
    looks_like_the_live_session(&core.unwrap_or_default(), &artifact, &gdb, &lldb);
}

#[test]
fn a_crash_of_the_host_is_no_trap() {
    need!("clang-19");
    let folder = scratch();
    let artifact = artifact(folder.path(), "production/orders.c");
    for signal in [rustix::process::Signal::SEGV, rustix::process::Signal::BUS] {
        let mut guest = Waiting::start(&artifact);
        let pid = rustix::process::Pid::from_child(&guest.0);
        rustix::process::kill_process(pid, signal).expect("our own child");
        let status = guest.0.wait().expect("our own child");
        let ended = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(ended, Some(signal.as_raw()), "{status}");
    }
}

#[test]
fn a_core_dump_of_the_guest_is_a_module() {
    let folder = scratch();
    let module = folder.path().join("trap.wat");
    let text = r#"(module (memory 1) (global $g (mut i64) (i64.const -7)) (data (i32.const 70000) "x")
        (func $inner unreachable) (func (export "_start") (call $inner)))"#;
    let text = text.replace("memory 1", "memory 2");
    std::fs::write(&module, text).expect("a writable folder");
    let dump = folder.path().join("dump.wasm");
    let outcome = run(precast().arg("run").arg("--coredump").arg(&dump).arg(&module)).exits(134);
    outcome.complains(&["unreachable", "inner"]);
    let bytes = std::fs::read(&dump).expect("a core dump");
    assert!(bytes.starts_with(b"\0asm\x01\0\0\0"));
    for name in ["core", "coremodules", "coreinstances", "corestack"] {
        let name = [&[name.len() as u8], name.as_bytes()].concat();
        assert!(bytes.windows(name.len()).any(|part| part == name), "{name:?}");
    }
    // Two frames, in instance 0: functions 0 and 1.
    let stack = b"\x09corestack\0\x04main\x02\0\0\0";
    assert!(bytes.windows(stack.len()).any(|part| part == stack));
    // `i64.const -7`, and the page that holds the `x`.
    assert!(bytes.windows(5).any(|part| part == b"\x7e\x01\x42\x79\x0b"));
    assert!(bytes.len() > 4096 && bytes.len() < 5000, "{} bytes", bytes.len());
}

/// A guest that traps in a function that calls itself, with locals of all types.
const LOCALS: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
    (memory (export "memory") 1)
    (func $inner (param i32 i64) (local f32 f64 v128 i32)
        (local.set 2 (f32.const 1.5))
        (local.set 3 (f64.const -2.25))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (if (i64.eqz (local.get 1)) (then (drop (i32.load (i32.const -1)))))
        (call $inner (local.get 0) (i64.sub (local.get 1) (i64.const 1))))
    (func (export "_start") (local i32)
        (local.set 0 (i32.const -3))
        (call $inner (i32.const 40) (i64.const 1))))"#;

/// Offsets of the load and the calls in their functions.
fn offsets(module: &[u8]) -> Vec<u32> {
    let mut offsets = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let Ok(wasmparser::Payload::CodeSectionEntry(body)) = payload else { continue };
        for operator in body.get_operators_reader().expect("a body").into_iter_with_offsets() {
            let (operator, at) = operator.expect("an operator");
            if let wasmparser::Operator::I32Load { .. } | wasmparser::Operator::Call { .. } =
                operator
            {
                offsets.push((at - body.range().start) as u32);
            }
        }
    }
    offsets
}

/// The frames in a dump, decoded by others: function, offset, locals.
fn dumped_frames(dump: &Path) -> Vec<(u32, u32, Vec<String>)> {
    let bytes = std::fs::read(dump).expect("a core dump");
    let mut frames = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(&bytes) {
        let wasmparser::Payload::CustomSection(section) = payload.expect("a module") else {
            continue;
        };
        if let wasmparser::KnownCustom::CoreDumpStack(stack) = section.as_known() {
            frames.extend(stack.frames.into_iter().map(|frame| {
                assert_eq!((frame.instanceidx, frame.stack.len()), (0, 0));
                let shown = frame.locals.iter().map(|value| match value {
                    wasmparser::CoreDumpValue::Missing => "missing".to_owned(),
                    wasmparser::CoreDumpValue::I32(value) => format!("i32 {value}"),
                    wasmparser::CoreDumpValue::I64(value) => format!("i64 {value}"),
                    wasmparser::CoreDumpValue::F32(value) => format!("f32 {}", f32::from(*value)),
                    wasmparser::CoreDumpValue::F64(value) => format!("f64 {}", f64::from(*value)),
                });
                (frame.funcidx, frame.codeoffset, shown.collect())
            }));
        }
    }
    frames
}

#[test]
fn a_core_dump_of_the_guest_has_offsets_and_locals() {
    let folder = scratch();
    let module = folder.path().join("locals.wat");
    std::fs::write(&module, LOCALS).expect("a writable folder");
    let wasm = precast_compiler::text_to_binary(LOCALS.as_bytes()).expect("a module");
    let [load, again, first] = offsets(&wasm)[..] else { panic!("a load and two calls") };
    let dump = folder.path().join("dump.wasm");
    let artifact = folder.path().join("locals.cwasm");
    let frames = |options: &[&str]| {
        let mut compile = precast();
        compile.arg("compile").args(options).arg(&module).arg("-o").arg(&artifact);
        run(&mut compile).exits(0);
        run(precast_run().arg("--coredump").arg(&dump).arg(&artifact)).exits(134);
        dumped_frames(&dump)
    };
    let locals = |text: &str| text.split(", ").map(str::to_owned).collect::<Vec<_>>();
    let expected = [
        (1, load, locals("i32 42, i64 0, f32 1.5, f64 -2.25, missing, i32 0")),
        (1, again, locals("i32 41, i64 1, f32 1.5, f64 -2.25, missing, i32 0")),
        (2, first, locals("i32 -3")),
    ];
    assert_eq!(frames(&["-g", "-O0"]), expected);
    let offsets_only = expected.map(|(function, offset, _)| (function, offset, Vec::new()));
    assert_eq!(frames(&["-g"]), offsets_only);
    assert_eq!(frames(&[]), offsets_only);
    run(precast().arg("strip").arg(&artifact)).exits(0);
    run(precast_run().arg("--coredump").arg(&dump).arg(&artifact)).exits(134);
    assert_eq!(dumped_frames(&dump), [1, 1, 2].map(|function| (function, 0, Vec::new())));
}

#[test]
fn a_report_is_symbolized_later() {
    need!("clang-19");
    let folder = scratch();
    let artifact = artifact(folder.path(), "trap_divide.c");
    let report = run(precast_run().arg(&artifact)).exits(134).stderr;
    in_order(
        &report,
        &["divide", "trap_divide.c:4:", "average", "trap_divide.c:11:", "trap_divide.c:17:"],
    );
    // As a stripped artifact prints it: no names, no lines.
    let mut stripped = String::new();
    for line in report.lines().filter(|line| !line.trim_start().starts_with("at ")) {
        match line.split_once(" (") {
            Some((frame, rest)) if frame.contains(": ") => {
                let number = frame.split(": ").next().unwrap_or_default();
                stripped.push_str(&format!("{number}: function 9 ({rest}\n"));
            }
            _ => stripped.push_str(&format!("{line}\n")),
        }
    }
    let mut symbolize = precast();
    symbolize.arg("symbolize").arg(&artifact);
    let outcome = precast_tests::outcome::run_with_input(&mut symbolize, stripped.as_bytes());
    outcome.succeeds().prints(report);
}

#[test]
fn a_launch_file_for_editors() {
    let folder = scratch();
    let module = fixture("programs/hello.wasm");
    let write = || {
        let mut command = precast();
        command.current_dir(folder.path()).args(["debug", "--vscode", "-q"]).arg(&module);
        run(&mut command).succeeds().prints(".vscode/launch.json: Debug hello.wasm\n");
    };
    write();
    write();
    let text = std::fs::read_to_string(folder.path().join(".vscode/launch.json")).expect("written");
    let launch: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let configurations = launch["configurations"].as_array().expect("a list");
    assert_eq!(configurations.len(), 1);
    assert_eq!(configurations[0]["type"], "lldb-dap");
    assert_eq!(configurations[0]["args"][0], "run");
    let setup = configurations[0]["initCommands"].to_string();
    assert!(setup.contains("plugin.jit-loader.gdb.enable on") && setup.contains("precast_lldb.py"));
}

/// A conversation in the Debug Adapter Protocol.
struct Adapter {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    sequence: u64,
}

impl Adapter {
    fn start(program: &Path) -> Self {
        let mut command = Command::new(program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the adapter starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, out, sequence: 0 }
    }

    fn send(&mut self, request: &str, arguments: serde_json::Value) {
        self.sequence += 1;
        let message = serde_json::json!({
            "seq": self.sequence, "type": "request", "command": request, "arguments": arguments,
        });
        let message = message.to_string();
        let to = self.child.stdin.as_mut().expect("a pipe");
        write!(to, "Content-Length: {}\r\n\r\n{message}", message.len()).expect("it listens");
        to.flush().expect("it listens");
    }

    /// The next message that is wanted.
    fn wait(&mut self, wanted: &dyn Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                let read = self.out.read_line(&mut line).expect("the adapter's output");
                assert_ne!(read, 0, "the adapter ended");
                match line.trim().strip_prefix("Content-Length: ") {
                    Some(number) => length = number.parse().expect("a length"),
                    None if line.trim().is_empty() => break,
                    None => {}
                }
            }
            let mut body = vec![0; length];
            std::io::Read::read_exact(&mut self.out, &mut body).expect("a whole message");
            let message: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_ne!(message["event"], "terminated", "the guest ended");
            if wanted(&message) {
                return message;
            }
        }
    }

    fn ask(&mut self, request: &str, arguments: serde_json::Value) -> serde_json::Value {
        self.send(request, arguments);
        let answer = self.wait(&|m| m["type"] == "response" && m["command"] == request);
        assert_eq!(answer["success"], true, "{answer}");
        answer["body"].clone()
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_debug_adapter_shows_a_structure() {
    need!("clang-19");
    let dap = need!("lldb-dap");
    let folder = scratch();
    let module = module(folder.path(), "structs.c");
    let mut command = precast();
    command.current_dir(folder.path()).args(["debug", "--vscode", "-q"]).arg(&module);
    run(&mut command).succeeds();
    let launch = std::fs::read_to_string(folder.path().join(".vscode/launch.json"));
    let launch: serde_json::Value = serde_json::from_str(&launch.expect("written")).expect("JSON");
    let mut configuration = launch["configurations"][0].clone();
    configuration["cwd"] = folder.path().display().to_string().into();

    let mut adapter = Adapter::start(&dap);
    adapter.ask("initialize", serde_json::json!({ "adapterID": "lldb-dap" }));
    adapter.send("launch", configuration);
    adapter.wait(&|m| m["event"] == "initialized");
    let source = fixture("debug/structs.c").display().to_string();
    let breakpoint = serde_json::json!({
        "source": { "path": source }, "breakpoints": [{ "line": 28 }],
    });
    adapter.ask("setBreakpoints", breakpoint);
    adapter.send("configurationDone", serde_json::json!({}));
    let stopped = adapter.wait(&|m| m["event"] == "stopped");
    assert_eq!(stopped["body"]["reason"], "breakpoint", "{stopped}");
    let thread = stopped["body"]["threadId"].clone();
    let frames = adapter.ask("stackTrace", serde_json::json!({ "threadId": thread }));
    let frame = &frames["stackFrames"][0];
    assert_eq!(frame["name"], "move", "{frames}");
    assert_eq!(frame["line"], 28, "{frames}");
    let scopes = adapter.ask("scopes", serde_json::json!({ "frameId": frame["id"] }));
    let mut variables = |reference: &serde_json::Value| {
        let asked = serde_json::json!({ "variablesReference": reference });
        adapter.ask("variables", asked)["variables"].as_array().expect("a list").clone()
    };
    let named = |variables: &[serde_json::Value], name: &str| {
        let found = variables.iter().find(|variable| variable["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {variables:?}")).clone()
    };
    let locals = variables(&scopes["scopes"][0]["variablesReference"]);
    let pointer = variables(&named(&locals, "b")["variablesReference"]);
    let body = variables(&named(&pointer, "*b")["variablesReference"]);
    let speed = variables(&named(&body, "speed")["variablesReference"]);
    assert_eq!(named(&speed, "y")["value"], "0.5");
}
