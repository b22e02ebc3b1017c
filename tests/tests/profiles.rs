//! Profiles change where code lies and how much of it there is, and nothing that a
//! program does.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::programs::{self, file};
use precast_tests::random::Numbers;
use precast_tests::{fixture, need, need_permission, run_file, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles the module that the recorded profiles are of.
fn compile(folder: &tempfile::TempDir, name: &str, options: &[&str]) -> (PathBuf, Outcome) {
    compile_source("busy.wat", folder, name, options)
}

/// Compiles a module or a component of `fixtures/profiles`.
fn compile_source(
    source: &str,
    folder: &tempfile::TempDir,
    name: &str,
    options: &[&str],
) -> (PathBuf, Outcome) {
    let artifact = folder.path().join(name);
    let mut command = precast();
    command.args(["compile", "-o"]).arg(&artifact).args(options);
    let outcome = run(command.arg(fixture("profiles").join(source)));
    (artifact, outcome)
}

fn profile(name: &str) -> String {
    fixture("profiles").join(name).display().to_string()
}

/// Names of an artifact's functions, in order of address.
fn order(artifact: &Path) -> Vec<String> {
    functions(artifact).into_iter().map(|(_, name)| name).collect()
}

/// Where each function begins in an artifact's file, and its name, in order.
fn functions(artifact: &Path) -> Vec<(u64, String)> {
    let bytes = fs::read(artifact).expect("an artifact");
    let mut symbols: Vec<(u64, String)> = (0..bytes.len() as u64)
        .step_by(16)
        .flat_map(|at| {
            let names = precast_artifact::container::symbols_at(&bytes, at);
            names.into_iter().map(move |name| (at, String::from_utf8_lossy(name).into_owned()))
        })
        .collect();
    symbols.retain(|(_, name)| !name.contains("stub") && !name.starts_with('.'));
    symbols.dedup_by(|next, before| next.1 == before.1);
    symbols
}

#[test]
fn functions_lie_by_heat() {
    let folder = scratch();
    let (plain, outcome) = compile(&folder, "plain.cwasm", &["-q", "--disable=inline"]);
    outcome.succeeds();
    assert_eq!(order(&plain), ["seldom", "never", "mix", "step", "start"]);
    for recorded in ["busy.profile", "busy.perf.txt", "busy.chains.txt"] {
        let given = format!("--profile={}", profile(recorded));
        let artifact = format!("--profile-artifact={}", plain.display());
        let options = ["--disable=inline", &given, &artifact];
        let (warm, outcome) = compile(&folder, "warm.cwasm", &options);
        let told = outcome.exits(0).stderr;
        assert!(told.contains("profile: ") && told.contains(" samples in 3 functions"), "{told}");
        assert_eq!(order(&warm), ["mix", "step", "start", "seldom", "never"], "{recorded}");
        run(precast_run().arg(&warm)).succeeds().prints("");
        let note = run(precast().arg("inspect").arg(&warm)).succeeds().text();
        assert!(note.contains("--profile="), "{note}");
    }
}

/// A function in a text of several.
fn function(ir: &str, name: &str) -> String {
    let ir = format!("\n{ir}");
    let mut bodies = ir.split("\n; ").filter(|body| body.starts_with(name));
    bodies.next().expect("the function").to_owned()
}

#[test]
fn calls_that_run_often_are_inlined() {
    let folder = scratch();
    let ir = |options: &[&str]| {
        let (ir, outcome) =
            compile(&folder, "ir.clif", &[&["-q", "--emit=clif"], options].concat());
        outcome.succeeds();
        fs::read_to_string(ir).expect("the code")
    };
    // Which of `seldom` and `mix` it calls.
    let calls = |ir: &str| {
        let step = function(ir, "step");
        ["colocated u0:0", "colocated u0:2"].map(|callee| step.contains(callee))
    };
    let given = format!("--profile={}", profile("busy.profile"));
    let (cold, hot) = (ir(&[]), ir(&[&given]));
    assert_eq!((calls(&cold), calls(&hot)), ([false, true], [true, false]), "{hot}");
    let off = ["--disable=hot-inlining", "--disable=cold-blocks", "--disable=cold-functions"];
    assert_eq!(ir(&[&[&*given][..], &off].concat()), cold);
}

/// What never ran of a function that did lies after the rest of it.
#[test]
fn blocks_that_never_ran_are_out_of_the_way() {
    let folder = scratch();
    let given = format!("--profile={}", profile("busy.profile"));
    let (ir, outcome) = compile(&folder, "ir.clif", &["-q", "--emit=clif", &given]);
    outcome.succeeds();
    let ir = fs::read_to_string(ir).expect("the code");
    let step = function(&ir, "step");
    let block = step.split("\n\n").find(|block| block.contains("call fn")).expect("a call");
    assert!(block.contains(" cold:"), "{block}");
}

/// Samples of a component count for the functions of each of its modules.
#[test]
fn functions_of_a_component_lie_by_heat() {
    let folder = scratch();
    let compile = |name: &str, options: &[&str]| {
        compile_source("parts.wat", &folder, name, &[&["--disable=inline"], options].concat())
    };
    let (plain, outcome) = compile("plain.cwasm", &["-q"]);
    outcome.succeeds();
    let known = functions(&plain);
    let names: Vec<&str> = known.iter().map(|(_, name)| name.as_str()).collect();
    let library = ["Library/unused", "Library/seldom", "Library/mix"];
    assert_eq!(names, [&library[..], &["Main/never", "Main/run"]].concat());
    let artifact = plain.display();
    let mut samples =
        format!("a 1 1.0: PERF_RECORD_MMAP2 1/1: [0x0(0x0) @ 0 00:1b 9 0]: r-xp {artifact}\n");
    for (function, count) in [("Main/run", 900), ("Library/mix", 400)] {
        let (start, _) = known.iter().find(|(_, name)| name == function).expect("the function");
        samples.push_str(&format!(" {:x} ({artifact})\n", start + 4).repeat(count));
    }
    let given = format!("--profile={}", file(&folder, "p.txt", &samples).display());
    let (warm, outcome) = compile("warm.cwasm", &[&given]);
    let told = outcome.exits(0).stderr;
    assert!(told.contains("profile: 1300 samples in 2 functions"), "{told}");
    let expected = ["Main/run", "Library/mix", library[0], library[1], "Main/never"];
    assert_eq!(order(&warm), expected);
    run(precast_run().arg(&warm)).succeeds().prints("");

    // The form in which it is kept says the same, and is of this component.
    let printed = run(precast().args(["compile", "--print=profile", &given])).succeeds().text();
    assert!(printed.contains("\ncomponent ") && printed.contains("\ncore-module 1\n"), "{printed}");
    let kept = format!("--profile={}", file(&folder, "kept.profile", &printed).display());
    let (again, outcome) = compile("again.cwasm", &["-q", "-j1", &kept]);
    outcome.succeeds();
    assert!(fs::read(&warm).expect("one") == fs::read(&again).expect("the other"));
    let source = fixture("profiles/parts.wat");
    run(precast().args(["verify", "-q", &kept]).arg(&warm).arg(&source)).succeeds();
    let both = [&*kept, &format!("--profile={}", profile("busy.profile"))];
    compile("no.cwasm", &both).1.exits(1).complains(&["the profiles are of two files"]);
    compile("no.cwasm", &both[1..]).1.exits(1).complains(&["parts.wat: the profile is of another"]);
}

#[test]
fn the_bytes_follow_from_the_profile() {
    let folder = scratch();
    let given = format!("--profile={}", profile("busy.profile"));
    let bytes = |options: &[&str]| {
        let (artifact, outcome) = compile(&folder, "a.cwasm", &[&["-q"], options].concat());
        outcome.succeeds();
        fs::read(artifact).expect("an artifact")
    };
    let first = bytes(&[&given, "-j1"]);
    assert!(first == bytes(&[&given, "-j3"]), "threads");
    let printed = run(precast().args(["compile", "--print=profile", &given])).succeeds().text();
    let again = file(&folder, "again.profile", &printed);
    assert!(first == bytes(&[&format!("--profile={}", again.display())]), "the printed form");
    assert!(first != bytes(&[&given, &given]), "twice as many samples");
    let cache = format!("--cache={}", folder.path().join("cache").display());
    assert!(bytes(&[&cache]) != first && bytes(&[&cache, &given]) == first, "the cache");
}

#[test]
fn artifacts_are_verified_with_their_profile() {
    let folder = scratch();
    let given = format!("--profile={}", profile("busy.profile"));
    let (artifact, outcome) = compile(&folder, "a.cwasm", &["-q", &given]);
    outcome.succeeds();
    let verify = |options: &[&str]| {
        let mut command = precast();
        command.args(["verify", "-q"]).args(options).arg(&artifact);
        run(command.arg(fixture("profiles/busy.wat")))
    };
    verify(&[&given]).succeeds();
    verify(&[]).exits(2).complains(&["with the profile with SHA-256", "and given is no profile"]);
}

#[test]
fn what_is_no_profile_of_the_module_is_refused() {
    let folder = scratch();
    let refused = |text: &str, options: &[&str], code: i32, why: &[&str]| {
        let given = format!("--profile={}", file(&folder, "p.txt", text).display());
        let (_, outcome) = compile(&folder, "a.cwasm", &[&["-q", &given], options].concat());
        outcome.exits(code).complains(why);
    };
    let recorded = fs::read_to_string(profile("busy.profile")).expect("a profile");
    refused(&format!("{recorded}function x 1\n"), &[], 1, &["p.txt:", "no number: `function x 1`"]);
    let hash = recorded.split_whitespace().nth(3).expect("the module's hash");
    let other = recorded.replace(hash, &"5a".repeat(32));
    refused(&other, &[], 1, &["busy.wat: the profile is of another file", "take samples"]);
    refused(" 7f12 f+0x1 (/x)\nnonsense\n", &[], 1, &["p.txt:2:", "`nonsense`"]);
    refused(" 7f12 f+0x1 (/x)\n", &[], 2, &["name no artifact", "(they name /x)"]);
    refused("PERFILE2", &[], 1, &["give what `perf script` prints"]);
    let words = programs::compiled(&folder, "words.wasm", &[]);
    let artifact = format!("--profile-artifact={}", words.display());
    refused(" 7f12 mix (/x/words.cwasm)\n", &[&artifact], 1, &["no place that the artifact has"]);
    refused(" 7f12 _start (/x/words.cwasm)\n", &[&artifact], 1, &["of another file"]);
}

/// Samples anywhere in a program's code, so that all of it is taken for hot or cold
/// at random.
#[test]
fn programs_do_the_same_whatever_a_profile_says() {
    let mut numbers = Numbers::new(7);
    for name in ["words", "inventory", "shapes"] {
        let (folder, other) = (scratch(), scratch());
        let module = format!("{name}.wasm");
        let first = programs::compiled(&folder, &module, &[]);
        for dense in [1, 40] {
            let mut text =
                "a 1 1.0: PERF_RECORD_MMAP2 1/1: [0x0(0x0) @ 0 00:1b 9 0]: r-xp ".to_owned();
            text.push_str(&format!("{}\n", first.display()));
            let size = fs::metadata(&first).expect("an artifact").len() as usize;
            // Lines of 64 bytes, of which one in so many has samples.
            let lines: Vec<usize> =
                (0..size / 64 / dense).map(|_| numbers.below(size) & !63).collect();
            for line in lines {
                for _ in 0..numbers.below(40) {
                    let at = line + numbers.below(64);
                    text.push_str(&format!(" {at:x} ({})\n", first.display()));
                }
            }
            let given = format!("--profile={}", file(&folder, "p.txt", &text).display());
            for level in ["-O2", "-O3"] {
                let warm = programs::compiled(&other, &module, &["-q", level, &given]);
                let file = fixture(&format!("programs/{name}.run"));
                run_file::follow(&file, &warm, &precast_run);
            }
        }
    }
}

/// What perf records here is a profile, of modules and of components.
#[test]
fn perf_records_profiles() {
    for source in ["busy.wat", "parts.wat"] {
        perf_records(source);
    }
}

fn perf_records(source: &str) {
    let perf = need!("perf");
    let folder = scratch();
    let (plain, outcome) = compile_source(source, &folder, "plain.cwasm", &["-q"]);
    outcome.succeeds();
    let data = folder.path().join("perf.data");
    let mut record = Command::new(&perf);
    record.args(["record", "-q", "-e", "cpu-clock", "-o"]).arg(&data);
    let recorded = run(record.arg(precast_run().get_program()).arg(&plain));
    need_permission!(recorded.code == Some(0), "needs permission for perf: {}", recorded.stderr);
    let fields: [&[&str]; 3] = [&[], &["--show-mmap-events"], &["-F", "ip,sym,symoff,dso"]];
    for fields in fields {
        let mut script = Command::new(&perf);
        let script = run(script.arg("script").args(fields).arg("-i").arg(&data)).exits(0).text();
        let given = format!("--profile={}", file(&folder, "samples.txt", script).display());
        let (_, outcome) = compile_source(source, &folder, "warm.cwasm", &[&given]);
        let told = outcome.exits(0).stderr;
        assert!(told.contains("profile: ") && !told.contains("at no known place"), "{told}");
    }
}
