//! Coreutils in Rust, by their own tests: natively and as a guest, each test
//! ends the same but for the lines in `fixtures/coreutils/differences`.
//!
//! It takes ten minutes to build them:
//!
//!     fixtures/fetch.sh coreutils
//!     PRECAST_LONG=1 tests/run --test coreutils

use precast_tests::binaries::{self, precast};
use precast_tests::differences::Table;
use precast_tests::outcome::run;
use precast_tests::{fixture, root, scratch};
use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The tools whose own authors run their tests in WASI.
const TOOLS: [&str; 37] = [
    "base32", "base64", "basenc", "basename", "cat", "comm", "cp", "cut", "dirname", "echo",
    "expand", "expr", "factor", "false", "fold", "head", "link", "ln", "mktemp", "nl", "numfmt",
    "od", "paste", "printf", "shuf", "sum", "tail", "tee", "test", "touch", "tr", "true",
    "truncate", "unexpand", "unlink", "wc", "yes",
];

/// Runs cargo on the sources. What it says of the executables that it made.
fn cargo(arguments: &[&str], last: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(arguments).args(["--locked", "--no-default-features", "--manifest-path"]);
    command.arg(fixture("real/coreutils/Cargo.toml"));
    command.args(["--features", "feat_wasm", "--message-format", "json"]);
    command.arg("--target-dir").arg(root().join("target/coreutils"));
    run(command.args(last).env_remove("RUSTFLAGS")).exits(0).text()
}

/// The executable of this name in cargo's messages.
fn executable(name: &str, messages: &str) -> PathBuf {
    let lines = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
    let mut named = lines.filter(|line: &serde_json::Value| line["target"]["name"] == name);
    let path = named.find_map(|line| line["executable"].as_str().map(PathBuf::from));
    path.expect("an executable")
}

/// Runs the tests with the given tool. What came of each, by name.
fn results(
    tests: &Path,
    options: &[&str],
    variables: &[(&str, &Path)],
) -> BTreeMap<String, String> {
    let mut command = Command::new(tests);
    command.args(TOOLS.map(|tool| format!("test_{tool}::"))).args(options);
    command.current_dir(fixture("real/coreutils")).env("RUST_BACKTRACE", "0");
    command.envs(variables.iter().copied()).process_group(0).stdin(Stdio::null());
    // Into a file: what is left behind has it open, and would keep a pipe so.
    let folder = scratch();
    let written = folder.path().join("results");
    let file = File::create(&written).expect("a writable folder");
    let mut child = command.stdout(file).stderr(Stdio::null()).spawn().expect("a process");
    let group = Pid::from_child(&child);
    // That some fail, and so the run, is for the comparison to tell.
    child.wait().expect("it ends");
    // Tests that give up waiting leave what they waited for.
    let _ = kill_process_group(group, Signal::KILL);
    let text = fs::read_to_string(written).expect("text");
    let lines = text.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
    lines.map(|(name, result)| (name.to_owned(), result.to_owned())).collect()
}

fn lines(results: BTreeMap<String, String>) -> Vec<String> {
    results.iter().map(|(name, result)| format!("{name}: {result}")).collect()
}

#[test]
fn their_own_tests_end_as_natively() {
    if std::env::var_os("PRECAST_LONG").is_none() {
        return;
    }
    let fetched = fixture("real/coreutils").exists();
    assert!(fetched, "needs coreutils: fixtures/fetch.sh coreutils");
    let native = executable("coreutils", &cargo(&["build", "--bin", "coreutils"], &[]));
    let tests =
        executable("tests", &cargo(&["rustc", "--test", "tests"], &["--", "--cfg", "wasi_runner"]));
    let guest = ["build", "--bin", "coreutils", "--release", "--target", "wasm32-wasip1"];
    let guest = executable("coreutils", &cargo(&guest, &[]));
    let artifact = scratch();
    let artifact = artifact.path().join("coreutils.cwasm");
    run(precast().arg("compile").arg(guest).arg("-o").arg(&artifact)).exits(0);
    let runner = binaries::folder().join("precast-run");

    let binary = "UUTESTS_BINARY_PATH";
    let native = results(&tests, &["--include-ignored"], &[(binary, &native)]);
    let variables = [(binary, &*artifact), ("UUTESTS_WASM_RUNNER", &runner)];
    let mut guest = results(&tests, &[], &variables);
    // What their authors leave out in WASI, with the reason, is tried all the
    // same: much of it is for want of something that guests here have.
    let tried = results(&tests, &["--ignored"], &variables);
    guest.extend(tried.into_iter().filter(|(_, result)| result == "ok"));
    let (native, guest) = (lines(native), lines(guest));
    let same = native.iter().zip(&guest).filter(|(native, guest)| native == guest).count();
    let mut table = Table::of("coreutils/differences", "coreutils");
    table.compare("", &native, &guest);
    table.end(2400, rustix::process::geteuid().is_root());
    assert!(same >= 2170, "only {same} of {} tests end the same", native.len());
}
