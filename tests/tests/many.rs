//! Many modules, for several targets, in one process.

use precast_compiler::Optimisation;
use precast_tests::binaries::precast;
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, scratch};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 3] =
    ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"];

const PROGRAMS: [&str; 5] = ["hello", "words", "inventory", "shapes", "client"];

/// Runs `precast compile` in a folder.
fn compile(folder: &Path, args: &[&str]) -> Outcome {
    run(precast().current_dir(folder).arg("compile").args(args))
}

/// A folder with programs in it: their names there.
fn with_programs() -> (tempfile::TempDir, Vec<String>) {
    let folder = scratch();
    let mut names = Vec::new();
    for program in PROGRAMS {
        for extension in ["wasm", "wat"] {
            let from = fixture("programs").join(format!("{program}.{extension}"));
            if from.exists() {
                let name = format!("{program}.{extension}");
                fs::copy(from, folder.path().join(&name)).expect("a copy");
                names.push(name);
                break;
            }
        }
    }
    assert!(names.len() >= 3, "programs: {names:?}");
    (folder, names)
}

/// The files below a folder, by their paths there.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).expect("a file");
                found.insert(path.strip_prefix(folder).expect("below").to_owned(), bytes);
            }
        }
    }
    found
}

fn words<'w>(names: &'w [String], more: &[&'w str]) -> Vec<&'w str> {
    names.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

#[test]
fn the_bytes_are_those_of_single_runs() {
    let (folder, names) = with_programs();
    let targets = TARGETS.join(",");
    let mut single = BTreeMap::new();
    for name in &names {
        for target in TARGETS {
            let outcome = compile(folder.path(), &["-q", name, "--target", target, "-o", "-"]);
            let path = Path::new(target).join(name).with_extension("cwasm");
            single.insert(path, outcome.succeeds().stdout);
        }
    }
    for (at, jobs) in ["-j1", "-j2", "-j7"].into_iter().enumerate() {
        let out = format!("out{at}");
        let args = words(&names, &["-q", "--target", &targets, "--out-dir", &out, jobs]);
        compile(folder.path(), &args).succeeds();
        let made = files(&folder.path().join(&out));
        assert!(made.keys().eq(single.keys()), "{:?}", made.keys());
        for (path, bytes) in &made {
            assert!(*bytes == single[path], "{} with {jobs}", path.display());
        }
    }
    // One at a time, in little memory.
    let args = words(&names, &["-q", "--target", &targets, "--out-dir", "o", "--mem-limit", "1"]);
    compile(folder.path(), &args).succeeds();
    assert!(files(&folder.path().join("o")) == single);
}

#[test]
fn a_broken_module_fails_alone() {
    let (folder, mut names) = with_programs();
    let good = names.len();
    fs::write(folder.path().join("broken.wasm"), b"\0asm\x01\0\0\0\x0a\x05").expect("a file");
    names.push("broken.wasm".to_owned());
    names.push("absent.wasm".to_owned());
    let targets = TARGETS.join(",");
    for keep in [&[][..], &["--keep-going"]] {
        let args = [&["-q", "--target", &targets, "--out-dir", "out"], keep].concat();
        let outcome = compile(folder.path(), &words(&names, &args)).exits(1);
        assert_eq!(outcome.stderr.matches("broken.wasm").count(), 1, "{}", outcome.stderr);
        assert_eq!(outcome.stderr.matches("absent.wasm").count(), 1, "{}", outcome.stderr);
        outcome.complains(&["6 of ", "outputs were not made"]);
        let out = folder.path().join("out");
        assert_eq!(files(&out).len(), good * TARGETS.len());
        fs::remove_dir_all(out).expect("removed");
    }
    // One at a time, the broken one first: by its size.
    let mut padded = b"\0asm\x01\0\0\0\x0a\x05".to_vec();
    padded.resize(4 << 20, 0);
    fs::write(folder.path().join("broken.wasm"), padded).expect("a file");
    let args = words(&names, &["-q", "--out-dir", "out", "--fail-fast", "-j1"]);
    let outcome = compile(folder.path(), &args).exits(1);
    outcome.complains(&["broken.wasm", "not all of them were begun"]);
    assert_eq!(files(&folder.path().join("out")).len(), 0);
}

#[test]
fn a_target_that_lacks_what_a_module_needs_fails_alone() {
    let folder = scratch();
    let text = "(module (func (export \"f\") (result v128) (v128.const i64x2 0 0)))";
    fs::write(folder.path().join("v.wat"), text).expect("a file");
    let args = ["-q", "v.wat", "--out-dir", "out", "--target", &TARGETS.join(",")];
    let outcome = compile(folder.path(), &args).exits(1);
    outcome.complains(&["vectors on riscv64", "1 of 3 outputs"]);
    assert_eq!(files(&folder.path().join("out")).len(), 2);
}

#[test]
fn no_two_outputs_are_one_file() {
    let folder = scratch();
    let at = |name: &str| folder.path().join(name);
    for (place, value) in [("a", 1), ("b/c", 2)] {
        fs::create_dir_all(at(place)).expect("a folder");
        let text = format!("(module (func (export \"f\") (result i32) i32.const {value}))");
        fs::write(at(place).join("x.wat"), text).expect("a file");
    }
    compile(folder.path(), &["-q", "a/x.wat", "b/c/x.wat", "--out-dir", "out"]).succeeds();
    let names: Vec<PathBuf> = files(&at("out")).into_keys().collect();
    assert_eq!(names, ["a/x.cwasm", "b/c/x.cwasm"].map(PathBuf::from));
    let invoked = |name: &str| {
        let artifact = at("out").join(name);
        run(precast().args(["run", "--invoke", "f"]).arg(artifact)).succeeds().text()
    };
    assert_eq!((invoked("a/x.cwasm"), invoked("b/c/x.cwasm")), ("1\n".into(), "2\n".into()));
    fs::copy(at("a/x.wat"), at("a/x.wasm")).expect("a copy");
    let refused: [&[&str]; 5] = [
        &["a/x.wat", "a/x.wasm", "--out-dir", "out"],
        &["a/x.wat", "b/c/x.wat", "-o", "one.cwasm"],
        &["a/x.wat", "--out-dir", "out", "-o", "one.cwasm"],
        &["a/x.wat", "--target", "x86_64-unknown-linux-gnu,x86_64-unknown-linux-gnu"],
        &["a/x.wat", "--target", "x86_64-unknown-linux-gnu,vax", "--out-dir", "out"],
    ];
    for args in refused {
        compile(folder.path(), args).exits(2);
    }
}

#[test]
fn arguments_can_be_in_a_file() {
    let (folder, names) = with_programs();
    let list = format!("-q --out-dir 'the out'\n{}\n", names.join("\n"));
    fs::write(folder.path().join("args.txt"), list).expect("a file");
    compile(folder.path(), &["@args.txt"]).succeeds();
    assert_eq!(files(&folder.path().join("the out")).len(), names.len());
    compile(folder.path(), &["@absent.txt"]).exits(1).complains(&["absent.txt"]);
}

#[test]
fn outputs_are_told_as_json() {
    let (folder, mut names) = with_programs();
    fs::write(folder.path().join("broken.wasm"), b"\0asm\x01\0\0\0\x0a\x05").expect("a file");
    names.push("broken.wasm".to_owned());
    let args = ["--message-format", "json", "--out-dir", "out", "--target", TARGETS[1]];
    let outcome = compile(folder.path(), &words(&names, &args)).exits(1);
    let lines = outcome.stderr.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let messages: Vec<serde_json::Value> = lines.collect();
    let by = |reason: &str| -> Vec<_> {
        messages.iter().filter(|message| message["reason"] == reason).collect()
    };
    let outputs = by("output");
    assert_eq!(outputs.len(), names.len() - 1);
    for message in outputs {
        let path = folder.path().join(message["output"].as_str().expect("a path"));
        let size = fs::metadata(path).expect("the output").len();
        assert_eq!(message["bytes"].as_u64(), Some(size));
        assert_eq!(message["target"], TARGETS[1]);
        assert!(message["timings"]["compile"].as_f64().expect("a time") >= 0.0);
    }
    let [error] = &by("diagnostic")[..] else { panic!("{messages:?}") };
    assert_eq!((&error["level"], &error["input"]), (&"error".into(), &"broken.wasm".into()));
    assert!(error["offset"].as_u64().is_some(), "{error}");
    let [end] = &by("finished")[..] else { panic!("{messages:?}") };
    assert_eq!((&end["success"], &end["failed"]), (&false.into(), &1.into()));
    // And of one input.
    let args = ["broken.wasm", "--message-format", "json"];
    let outcome = compile(folder.path(), &args).exits(1);
    let first = outcome.stderr.lines().find(|line| line.contains("diagnostic")).expect("an error");
    let error: serde_json::Value = serde_json::from_str(first).expect("JSON");
    assert_eq!(error["input"], "broken.wasm");
}

#[test]
fn a_build_can_ask() {
    let (folder, names) = with_programs();
    let asked = |args: &[&str]| compile(folder.path(), args).succeeds().text();
    let version = asked(&["--print", "version"]);
    assert!(version.starts_with("precast ") && version.contains("\ncranelift: "), "{version}");
    assert_eq!(run(precast().args(["--version", "--verbose"])).succeeds().text(), version);
    let targets = asked(&["--print", "targets"]);
    assert!(TARGETS.iter().all(|target| targets.lines().any(|line| line == *target)), "{targets}");
    let cpus = asked(&["--print", "cpus", "--target", TARGETS[0]]);
    assert_eq!(cpus.lines().next(), Some("x86-64-v2"), "{cpus}");
    assert!(cpus.lines().any(|cpu| cpu == "x86-64-v3"), "{cpus}");
    let passes = asked(&["--print", "passes", "-O3", &names[0], "--disable", "fold-functions"]);
    for pass in Optimisation::ALL {
        let line = passes.lines().find(|line| line.starts_with(&format!("{pass} ")));
        let off = line.expect("each is there").ends_with(" off");
        assert_eq!(off, pass == Optimisation::FoldFunctions, "{passes}");
    }
    let key = |args: &[&str]| asked(&[&["--print", "cache-key"], args].concat());
    let (first, second) = (names[0].as_str(), names[1].as_str());
    let plain = key(&[first]);
    assert_eq!(plain, key(&[first, "-j1", "-q"]));
    assert_ne!(plain, key(&[second]));
    assert_ne!(plain, key(&[first, "-O0"]));
    let several = key(&[first, second, "--target", &TARGETS.join(",")]);
    let several: std::collections::BTreeSet<&str> = several.lines().collect();
    assert_eq!(several.len(), 6);
}

/// A recursive make: `-j2` is two processors for all that it starts.
#[test]
fn the_jobserver_of_make_is_obeyed() {
    need!("make");
    let (folder, names) = with_programs();
    let precast = precast();
    let program = precast.get_program().to_string_lossy();
    let makefile =
        format!("all: a b c\na b c:\n\t+{program} compile -q --out-dir $@ {}\n", names.join(" "));
    fs::write(folder.path().join("Makefile"), makefile).expect("a file");
    for jobs in ["-j1", "-j2", "-j4"] {
        let mut make = Command::new("make");
        make.current_dir(&folder).arg(jobs).env_remove("PRECAST_CACHE");
        make.env_remove("MAKEFLAGS");
        run(&mut make).succeeds();
        for out in ["a", "b", "c"] {
            assert_eq!(files(&folder.path().join(out)).len(), names.len());
            fs::remove_dir_all(folder.path().join(out)).expect("removed");
        }
    }
}

#[test]
fn a_depfile_has_a_rule_for_each_output() {
    let (folder, names) = with_programs();
    let targets = TARGETS[..2].join(",");
    let args = ["-q", "--out-dir", "out", "--target", &targets, "--depfile", "all.d"];
    compile(folder.path(), &words(&names, &args)).succeeds();
    let rules = fs::read_to_string(folder.path().join("all.d")).expect("the rules");
    for name in &names {
        for target in &TARGETS[..2] {
            let output = Path::new("out").join(target).join(name).with_extension("cwasm");
            assert!(rules.contains(&format!("{}: {name}\n", output.display())), "{rules}");
        }
    }
}
