//! Artifacts for other machines, compiled here and run there, under QEMU: the
//! programs and WASI guests of `fixtures/`, page sizes, and the refusals of
//! machines that an artifact does not fit.

use precast_tests::binaries::precast;
use precast_tests::cross::{Machine, need_cross};
use precast_tests::outcome::run;
use precast_tests::{fixture, run_file, scratch};
use std::fs;
use std::path::{Path, PathBuf};

/// Compiles a program of `fixtures/` for a machine.
fn compile(machine: &Machine, module: &Path, options: &[&str], folder: &Path) -> PathBuf {
    let name = module.file_stem().expect("a name");
    let artifact = folder.join(name).with_extension("cwasm");
    let mut command = precast();
    command.args(["compile", "--quiet", "--target", machine.target]).args(options);
    run(command.arg(module).arg("-o").arg(&artifact)).exits(0);
    artifact
}

/// A guest's report, but for the errno with which a path is refused: QEMU lacks
/// `openat2`, and where paths are resolved without it, some are others, and
/// dots do not count for the length.
fn refusals(report: &str) -> String {
    let refusal = |line: &str| match line.rsplit_once(" -> ") {
        Some((what, "inval" | "isdir" | "loop" | "perm")) => format!("{what} -> refused\n"),
        _ => format!("{line}\n"),
    };
    let lines = report.lines().filter(|line| !line.contains("5000-bytes-of-dots"));
    lines.map(refusal).collect()
}

/// Runs everything in a folder of `fixtures/` that says how.
fn follow_all(machine: &Machine, folder: &str, options: &[&str]) {
    let scratch = scratch();
    let files = fs::read_dir(fixture(folder)).expect("the fixtures");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("a file").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "run"));
    files.sort();
    assert!(files.len() >= 4);
    for file in files {
        let wasm = file.with_extension("wasm");
        let artifact = compile(machine, &wasm, options, scratch.path());
        let start = || machine.precast_run();
        run_file::follow_loosely(&file, &artifact, &start, &refusals);
    }
}

#[test]
fn programs_on_aarch64() {
    let machine = need_cross!("aarch64");
    follow_all(machine, "programs", &[]);
    follow_all(machine, "programs", &["-O0"]);
    follow_all(machine, "programs", &["--cpu", "neoverse-n1"]);
}

#[test]
fn programs_on_riscv64() {
    let machine = need_cross!("riscv64");
    follow_all(machine, "programs", &[]);
    follow_all(machine, "programs", &["-O0"]);
    follow_all(machine, "programs", &["--cpu-feature", "-c"]);
}

#[test]
fn wasi_on_aarch64() {
    follow_all(need_cross!("aarch64"), "wasi", &[]);
}

#[test]
fn wasi_on_riscv64() {
    follow_all(need_cross!("riscv64"), "wasi", &[]);
}

/// Calls that are suspended and resumed, by the loader's example.
fn suspend(machine: &Machine) {
    let folder = scratch();
    let features = machine.cpu_features.iter().flat_map(|f| ["--cpu-feature", f]);
    let features: Vec<&str> = features.collect();
    let artifact = compile(machine, &fixture("suspend/guest.wat"), &features, folder.path());
    let expected = fs::read_to_string(fixture("suspend/expected.txt")).expect("the fixture");
    run(machine.example("suspend").arg(artifact)).exits(0).prints(&expected);
}

#[test]
fn suspended_calls_on_aarch64() {
    suspend(need_cross!("aarch64"));
}

#[test]
fn suspended_calls_on_riscv64() {
    suspend(need_cross!("riscv64"));
}

/// The same artifact where pages have 4, 16 and 64 KiB.
#[test]
fn page_sizes_of_aarch64() {
    let machine = need_cross!("aarch64");
    let folder = scratch();
    for name in ["shapes", "inventory"] {
        let file = fixture(&format!("programs/{name}.run"));
        let artifact = compile(machine, &file.with_extension("wasm"), &[], folder.path());
        for size in ["4096", "16384", "65536"] {
            run_file::follow(&file, &artifact, &|| machine.precast_run_on(&["-p", size]));
        }
    }
}

#[test]
fn artifacts_for_other_machines_are_refused() {
    let folder = scratch();
    let wasm = fixture("programs/hello.wasm");
    for machine in [need_cross!("aarch64"), need_cross!("riscv64")] {
        for other in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-musl"] {
            if other.starts_with(machine.arch) {
                continue;
            }
            let artifact = folder.path().join("other.cwasm");
            let mut command = precast();
            command.args(["compile", "--target", other, "-o"]).arg(&artifact).arg(&wasm);
            run(&mut command).exits(0);
            let refused = run(machine.precast_run().arg(&artifact)).exits(1).prints("");
            refused.complains(&["other.cwasm", other, machine.arch, "--target"]);
        }
    }
}

/// A CPU that lacks something says what, and what to do.
#[test]
fn missing_features_are_named_with_the_remedy() {
    let folder = scratch();
    let wasm = fixture("programs/hello.wasm");
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str], &'a [&'a str]);
    let cases: [Case<'_>; 3] = [
        (
            "aarch64",
            &["--cpu", "neoverse-n1"],
            &["-cpu", "cortex-a53"],
            &["asimddp, asimdhp, atomics", "--cpu baseline", "--cpu-feature -asimddp,-asimdhp,"],
        ),
        ("aarch64", &["--cpu-feature", "+i8mm"], &["-cpu", "neoverse-n1"], &["i8mm"]),
        ("riscv64", &["--cpu-feature", "+v"], &["-cpu", "rv64"], &["lacks: v:", "-v`"]),
    ];
    for (arch, options, cpu, parts) in cases {
        let machine = need_cross!(arch);
        let artifact = compile(machine, &wasm, options, folder.path());
        let refused = run(machine.precast_run_on(cpu).arg(&artifact)).exits(1).prints("");
        refused.complains(parts);
        // The remedy is one.
        let artifact = compile(machine, &wasm, &["--cpu", "baseline"], folder.path());
        run(machine.precast_run_on(cpu).arg(&artifact)).exits(0).prints("hello, world\n");
    }
}

/// Sv39, which most riscv64 machines have, leaves programs 256 GiB: room for 31
/// memories in the guard model.
#[test]
fn five_hundred_instances_in_39_bits() {
    use std::fmt::Write;

    let machine = need_cross!("riscv64");
    let folder = scratch();
    let script = folder.path().join("many.wast");
    let mut text = String::new();
    for number in 0..500 {
        writeln!(
            text,
            "(module $m{number} (memory 1) (data (i32.const 8) \"\\07\")
                (func (export \"load\") (param i32) (result i32) (i32.load8_u (local.get 0))))"
        )
        .expect("a string");
    }
    for number in 0..500 {
        writeln!(text, "(assert_return (invoke $m{number} \"load\" (i32.const 8)) (i32.const 7))")
            .expect("a string");
        writeln!(
            text,
            "(assert_trap (invoke $m{number} \"load\" (i32.const 65536)) \"out of bounds\")"
        )
        .expect("a string");
    }
    fs::write(&script, text).expect("a writable folder");
    let mut runner = machine.command("precast-script-host");
    runner.splice(3..3, ["-R".to_owned(), "256G".to_owned()]);
    for model in ["guard", "bounds"] {
        let mut wast = precast();
        wast.args(["wast", "--target", machine.target, "--memory-model", model]);
        wast.args(["--memory-reservation", "64MiB", "--runner", &runner.join(" ")]);
        let text = run(wast.arg(&script)).exits(0).text();
        assert!(text.contains("1500 passed, 0 failed"), "{text}");
    }
}
