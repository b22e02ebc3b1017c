//! Stock tools read artifacts unaided: no complaint, and Wasm function names
//! where functions are.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, need_debugger, need_permission, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every artifact that tools are tried on: names in and out of the ordinary,
/// large and nearly empty ones.
fn artifacts(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let odd =
        "(module (func $\"a name with spaces\" (export \"a\")) (func $\"größe\" (export \"b\")))";
    std::fs::write(folder.path().join("odd.wat"), odd).expect("a writable folder");
    std::fs::write(folder.path().join("empty.wat"), "(module)").expect("a writable folder");
    let programs = ["words.wasm", "shapes.wasm", "inventory.wasm", "library.wat"];
    let programs = programs.iter().map(|name| fixture(&format!("programs/{name}")));
    let own = ["odd.wat", "empty.wat"].iter().map(|name| folder.path().join(name));
    programs.chain(own).map(|module| compiled(folder, &module, &[])).collect()
}

fn compiled(folder: &tempfile::TempDir, module: &Path, options: &[&str]) -> PathBuf {
    let name = module.file_stem().expect("a name").to_string_lossy();
    let artifact = folder.path().join(format!("{name}{}.cwasm", options.concat()));
    run(precast().arg("compile").args(options).arg(module).arg("-o").arg(&artifact)).exits(0);
    artifact
}

fn words(folder: &tempfile::TempDir) -> PathBuf {
    compiled(folder, &fixture("programs/words.wasm"), &[])
}

/// Success without a word of warning, on either stream.
fn without_complaint(command: &mut Command) -> Outcome {
    let outcome = run(command).succeeds();
    let text = outcome.text();
    let complaint = |line: &&str| {
        let line = line.to_lowercase();
        ["warning", "error:", "corrupt", "unknown", "invalid"]
            .iter()
            .any(|word| line.contains(word))
    };
    // Functions may be called so, and readelf explains a letter so.
    let names = |line: &&str| ["FUNC", "<", "x (unknown)"].iter().any(|part| line.contains(part));
    let complaints: Vec<&str> =
        text.lines().filter(complaint).filter(|line| !names(line)).collect();
    assert_eq!(complaints, [""; 0], "of {command:?}");
    outcome
}

#[test]
fn readelf() {
    let readelf = need!("readelf");
    let folder = scratch();
    for artifact in artifacts(&folder) {
        without_complaint(Command::new(&readelf).args(["-a", "-W"]).arg(&artifact));
    }
    let report = without_complaint(Command::new(&readelf).args(["-a", "-W"]).arg(words(&folder)));
    let report = report.text();
    for part in [
        "DYN (",
        ".note.precast",
        ".eh_frame_hdr",
        "Build ID: ",
        "There are no relocations in this file",
        " by_count",
        "precast_entry_stub",
    ] {
        assert!(report.contains(part), "{part} in\n{report}");
    }
    // No segment is writable and executable.
    let segments = report.lines().filter(|line| line.trim_start().starts_with("LOAD"));
    let flags: Vec<String> =
        segments.map(|line| line.split_whitespace().skip(6).collect()).collect();
    assert!(flags.len() >= 2, "{report}");
    assert!(flags.iter().all(|flags| !flags.contains('W')), "{flags:?}");
}

#[test]
fn readelf_for_other_machines() {
    let readelf = need!("readelf");
    let folder = scratch();
    for target in ["aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"] {
        let module = fixture("programs/words.wasm");
        let artifact = compiled(&folder, &module, &["--target", target]);
        without_complaint(Command::new(&readelf).args(["-a", "-W"]).arg(artifact));
    }
}

#[test]
fn objdump() {
    let objdump = need!("objdump");
    let folder = scratch();
    for artifact in artifacts(&folder) {
        without_complaint(Command::new(&objdump).arg("-d").arg(artifact));
    }
    let listing = without_complaint(Command::new(&objdump).arg("-d").arg(words(&folder))).text();
    for name in ["<by_count>:", "<main>:", "<qsort>:"] {
        assert!(listing.contains(name), "{name}");
    }
    let odd = compiled(&folder, &folder.path().join("odd.wat"), &["-O0"]);
    let listing = run(Command::new(&objdump).arg("-d").arg(odd)).succeeds().text();
    assert!(listing.contains("<a name with spaces>:") && listing.contains("<größe>:"), "{listing}");
}

#[test]
fn gdb() {
    let gdb = need_debugger!("gdb", 13);
    let folder = scratch();
    let artifact = words(&folder);
    let mut command = Command::new(gdb);
    command.args(["-nx", "-batch", "-ex", "info symbol by_count", "-ex", "disassemble by_count"]);
    command.args(["-ex", "info functions ^qsort$", "-ex", "info scope main"]).arg(&artifact);
    let outcome = run(&mut command).exits(0);
    let text = outcome.text();
    for part in
        ["by_count in section .text", "Dump of assembler code for function by_count", "qsort"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let complaints = |line: &&str| line.contains("warning") || line.contains("Error");
    let complaints: Vec<&str> =
        outcome.stderr.lines().chain(text.lines()).filter(complaints).collect();
    assert_eq!(complaints, [""; 0]);
}

#[test]
fn lldb() {
    let lldb = need_debugger!("lldb", 16);
    let folder = scratch();
    let artifact = words(&folder);
    let mut command = Command::new(lldb);
    command.args(["--no-lldbinit", "--batch", "-o", "image lookup -n by_count"]);
    command.args(["-o", "disassemble -n by_count", "-o", "image dump sections"]).arg(&artifact);
    let outcome = run(&mut command).exits(0);
    let text = outcome.text();
    for part in ["1 match found", "`by_count", ".precast.memory"] {
        assert!(text.contains(part), "{part} in\n{text}\n{}", outcome.stderr);
    }
    assert!(
        !text.contains("warning:") && !outcome.stderr.contains("error:"),
        "{text}\n{}",
        outcome.stderr
    );
}

/// A program that only computes, long enough to be sampled.
const BUSY: &str = "(module (func $a_busy_function (export \"_start\") (local $i i64) (local $x i64)
    (loop $again
        (local.set $x (i64.mul (i64.add (local.get $x) (local.get $i)) (i64.const 0x9e3779b97f4a7c15)))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br_if $again (i64.lt_u (local.get $i) (i64.const 500000000))))
    (if (i64.eq (local.get $x) (i64.const 1)) (then unreachable))))";

/// A call chain from the guest's innermost function to the host that called
/// it, by the fields of `perf script`, for artifacts with debug information
/// and without: no agent, no options at run time.
#[test]
fn perf_call_chains() {
    let perf = need!("perf");
    let folder = scratch();
    let module = folder.path().join("busy.wat");
    let start = "(func $start (export \"_start\") (call $a_busy_function))";
    let text = BUSY.replace(" (export \"_start\")", "");
    let text = text.strip_suffix(')').expect("a module").to_owned() + start + ")";
    std::fs::write(&module, text).expect("a writable folder");
    for options in [&[][..], &["-g"]] {
        let artifact = compiled(&folder, &module, options);
        let data = folder.path().join("chains.data");
        let mut record = Command::new(&perf);
        record.args(["record", "-q", "-e", "cpu-clock", "--call-graph", "fp", "-o"]).arg(&data);
        let runner = precast_run();
        let recorded = run(record.arg(runner.get_program()).arg(&artifact));
        // Kernels may forbid it (perf_event_paranoid, seccomp).
        need_permission!(
            recorded.code == Some(0),
            "needs permission for perf: {}",
            recorded.stderr
        );
        let mut script = Command::new(&perf);
        script.args(["script", "-F", "ip,sym,dso", "-i"]).arg(&data);
        let script = run(&mut script).exits(0).text();
        let chains = script.split("\n\n").filter(|chain| chain.contains("a_busy_function"));
        let whole = |chain: &&str| {
            let wanted = ["a_busy_function", "start", "precast_entry_stub", "precast_loader_enter"];
            let mut lines = chain.lines();
            wanted.iter().all(|name| lines.any(|line| line.contains(name)))
        };
        let (all, whole) = (chains.clone().count(), chains.filter(whole).count());
        assert!(all > 0, "no sample in the function:\n{script}");
        // At the first instructions of a function the frame is not there yet.
        assert!(whole * 10 >= all * 9, "{whole} of {all} chains are whole:\n{script}");
    }
}

#[test]
fn perf() {
    let perf = need!("perf");
    let folder = scratch();
    let module = folder.path().join("busy.wat");
    std::fs::write(&module, BUSY).expect("a writable folder");
    let artifact = compiled(&folder, &module, &["-g"]);
    let data = folder.path().join("perf.data");
    let mut record = Command::new(&perf);
    record.args(["record", "-q", "-e", "cpu-clock", "-o"]).arg(&data);
    let mut runner = precast_run();
    runner.arg(&artifact);
    record.arg(runner.get_program()).args(runner.get_args());
    let recorded = run(&mut record);
    // Kernels may forbid it (perf_event_paranoid, seccomp).
    need_permission!(recorded.code == Some(0), "needs permission for perf: {}", recorded.stderr);
    let mut report = Command::new(&perf);
    report.args(["report", "--stdio", "--sort", "dso,symbol,srcline", "-i"]).arg(&data);
    let report = run(&mut report).exits(0).text();
    let line = report.lines().find(|line| line.contains("a_busy_function"));
    let line = line.unwrap_or_else(|| panic!("the function is not in the report:\n{report}"));
    assert!(line.contains("busy-g.cwasm"), "{line}");
    // A line of the module's text.
    assert!(line.contains("busy-g.cwasm.wat:"), "{line}");
}

/// Its tools translate programs as they run, which the kernel would refuse to
/// `precast-run`.
#[test]
fn valgrind() {
    let valgrind = need!("valgrind");
    let folder = scratch();
    let artifact = compiled(&folder, &fixture("programs/hello.wasm"), &[]);
    let mut command = Command::new(valgrind);
    command.args(["--quiet", "--tool=none"]).arg(precast_run().get_program());
    run(command.arg(artifact)).exits(0).prints("hello, world\n");
}
