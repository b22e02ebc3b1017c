//! Core dumps of the process, by gdb and by the system.

use crate::session::{
    MOVED, SMALL, Waiting, artifact, artifact_with, debug, in_order, link_base, moved, occupier,
    split,
};
use precast_tests::outcome::run;
use precast_tests::{binaries, fixture, need, need_debugger, need_permission, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What both debuggers show of a dump of the waiting guest.
fn looks_like_the_live_session(core: &Path, artifact: &Path, gdb: &Path, lldb: &Path) {
    let core = core.display().to_string();
    let host = binaries::folder().join("precast-run").display().to_string();
    let options = ["--core", &core, "--host", &host];
    let gdb_options = [&["--gdb"], options.as_slice()].concat();
    let commands = ["backtrace", "frame function price", "print *order"];
    let outcome = debug(gdb, &gdb_options, &commands, artifact).exits(0);
    assert!(!outcome.stderr.contains("truncated"), "{}", outcome.stderr);
    let text = outcome.text();
    in_order(&text, &["price", "handle", "main", "{id = 42, customer = 0x", "\"Ada\""]);
    let find = "script exec(\"t = lldb.thread\\nfor f in t:\\n  if f.GetFunctionName() == 'price': \
                t.SetSelectedFrame(f.GetFrameID())\")";
    let commands = ["thread backtrace", find, "frame variable *order"];
    let text = debug(lldb, &options, &commands, artifact).exits(0).text();
    in_order(&text, &["price", "handle", "main", "id = 42", "\"Ada\"", "total = 12.5"]);
}

/// A dump of the guest by gdb, or why there is none.
fn dumped(guest: &Waiting, gdb: &Path, folder: &Path) -> Result<PathBuf, String> {
    let core = folder.join("core.gcore");
    let mut command = Command::new(gdb);
    command.args(["-batch", "-nx", "-p", &guest.pid(), "-ex"]);
    let outcome = run(command.arg(format!("generate-core-file {}", core.display())));
    let saved = outcome.text().contains("Saved corefile");
    assert!(saved || !core.exists(), "gdb wrote a part of the dump: {}", outcome.stderr);
    if saved { Ok(core) } else { Err(outcome.stderr) }
}

/// What both debuggers find of sources that lie elsewhere, once they are told.
fn sources_are_found(core: &Path, debug_file: &Path, gdb: &Path, lldb: &Path) {
    let core = core.display().to_string();
    let host = binaries::folder().join("precast-run").display().to_string();
    let options = ["--core", &core, "--host", &host];
    let gdb_options = [&["--gdb"], options.as_slice()].concat();
    let sources = fixture("debug").display().to_string();
    let line = "double price(const struct order *order, int factor) {";
    let list = |debugger, options: &[&str], commands: &[&str]| {
        debug(debugger, options, commands, debug_file).exits(0).text()
    };
    let map = format!("set substitute-path {MOVED} {sources}");
    let lost = list(gdb, &gdb_options, &["list price"]);
    assert!(!lost.contains(line), "{lost}");
    in_order(&list(gdb, &gdb_options, &[&map, "list price"]), &[line]);
    let map = format!("settings set target.source-map {MOVED} {sources}");
    let show = "source list --name price";
    let lost = list(lldb, &options, &[show]);
    assert!(!lost.contains(line), "{lost}");
    in_order(&list(lldb, &options, &[&map, show]), &[line]);
}

#[test]
fn a_core_dump_made_by_gdb() {
    need!("clang-19");
    let (gdb, lldb) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    let artifact = artifact(folder.path(), "production/orders.c");
    let guest = Waiting::start(&artifact);
    let core = dumped(&guest, &gdb, folder.path());
    need_permission!(core.is_ok(), "needs permission to attach: {}", core.unwrap_err());
    let core = core.unwrap_or_default();
    looks_like_the_live_session(&core, &artifact, &gdb, &lldb);
}

#[test]
fn a_core_dump_of_an_image_away_from_its_base() {
    need!("clang-19");
    need!("cc");
    let (gdb, lldb) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    let artifact = artifact_with(folder.path(), "production/orders.c", &SMALL);
    let library = occupier(folder.path());
    let host = [("OCCUPIED", link_base(&artifact).into()), ("LD_PRELOAD", library.into())];
    let guest = Waiting::start_with(&artifact, &host);
    let core = dumped(&guest, &gdb, folder.path());
    need_permission!(core.is_ok(), "needs permission to attach: {}", core.unwrap_err());
    let core = core.unwrap_or_default();
    looks_like_the_live_session(&core, &artifact, &gdb, &lldb);
}

#[test]
fn a_stripped_artifact_in_production() {
    need!("clang-19");
    let (gdb, lldb) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    let (artifact, debug) = split(folder.path(), "production/orders.c", &[&moved()]);
    let guest = Waiting::start(&artifact);
    let core = dumped(&guest, &gdb, folder.path());
    need_permission!(core.is_ok(), "needs permission to attach: {}", core.unwrap_err());
    let core = core.unwrap_or_default();
    looks_like_the_live_session(&core, &debug, &gdb, &lldb);
    sources_are_found(&core, &debug, &gdb, &lldb);
}

#[test]
fn a_core_dump_of_the_system() {
    need!("clang-19");
    let (gdb, lldb, sh) = (need_debugger!("gdb", 13), need_debugger!("lldb", 16), need!("sh"));
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let plain = !pattern.starts_with(['|', '/']) && !pattern.trim().is_empty();
    need_permission!(plain, "needs core dumps in the working directory, not `{}`", pattern.trim());
    let folder = scratch();
    let (artifact, debug) = split(folder.path(), "production/orders.c", &[&moved()]);
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
    let core = core.unwrap_or_default();
    looks_like_the_live_session(&core, &debug, &gdb, &lldb);
    sources_are_found(&core, &debug, &gdb, &lldb);
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
