//! The component model's test suite, through the code of `precast wast`: every
//! component is compiled ahead of time, loaded, linked and called.
//!
//! `cargo test -p precast-tests --test component_scripts -- --nocapture` shows how
//! many directives of each file passed, and those that did not, with the reason.

use precast_cli::commands::wast::{Script, ScriptReport, Settings, run_scripts};
use precast_compiler::{MemoryModel, Options};
use precast_tests::fixture;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// Directives that do not do what the suite says, as they need something that is
/// not here: the file, the lines, how many they are, and why. Whatever is not here
/// passes.
const EXCEPTIONS: [(&str, RangeInclusive<usize>, usize, &str); 17] = [
    ("binary.wast", 557..=557, 1, ASYNC),
    ("binary.wast", 743..=743, 1, ASYNC),
    ("binary.wast", 755..=755, 1, ASYNC),
    // A subtype, which nothing uses.
    ("binary.wast", 892..=892, 1, "gc proposal must be enabled"),
    ("binary.wast", 974..=974, 1, ASYNC),
    ("indicies.wast", 236..=236, 1, ASYNC),
    ("indicies.wast", 251..=251, 1, ASYNC),
    ("indicies.wast", 267..=267, 1, ASYNC),
    ("max-value-size.wast", 6..=6, 1, ASYNC),
    // Types of 256 MiB and more that nothing uses: the validator has no limit yet.
    ("max-value-size.wast", 25..=63, 7, "but it compiled"),
    // A component with streams, and its instances.
    ("post-return.wast", 4..=4, 1, ASYNC),
    ("post-return.wast", 201..=256, 56, MISSING),
    ("post-return.wast", 260..=260, 1, ASYNC),
    ("post-return.wast", 292..=293, 2, MISSING),
    ("post-return.wast", 334..=334, 1, ASYNC),
    ("post-return.wast", 358..=358, 1, MISSING),
    // The first is asynchronous; the others call it.
    ("variants.wast", 83..=186, 5, ""),
];

/// It is refused, with the reason.
const ASYNC: &str = "asynchronous components: ";
/// What it speaks of was refused before.
const MISSING: &str = "there is no instance";

/// All scripts of the synchronous part.
fn scripts(folder: &Path) -> Vec<Script> {
    let mut found = Vec::new();
    for entry in folder.read_dir().expect("a folder of the suite") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(scripts(&path));
        } else if path.extension().is_some_and(|extension| extension == "wast") {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a file of the suite");
            found.push(Script { name, text });
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn run(memory_model: MemoryModel) {
    let settings = Settings {
        options: Options { memory_model, ..Options::default() },
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        print: false,
        runner: Vec::new(),
        leave_out: |_| false,
    };
    let scripts = scripts(&fixture("component-model"));
    let (mut passed, mut failed) = (0, Vec::new());
    run_scripts(&scripts, &settings, &mut |script, report: ScriptReport| {
        println!("{}: {}", script.name, report.counts());
        passed += report.passed;
        let name = script.name.clone();
        failed.extend(report.failures.into_iter().map(|found| (name.clone(), found)));
    });
    let (count, exceptions) = (scripts.len(), failed.len());
    println!("{count} files, {passed} directives passed, {exceptions} did not:");
    let mut met = [0; EXCEPTIONS.len()];
    let mut unexpected = Vec::new();
    for (name, found) in &failed {
        let line = format!("{name}:{}: {}", found.line, found.message);
        println!("{line}");
        let missing = found.message.contains("no such module definition");
        let known = EXCEPTIONS.iter().position(|(file, lines, _, why)| {
            let same = found.message.contains(why) || missing && *why == MISSING;
            file == name && lines.contains(&found.line) && same
        });
        match known {
            Some(known) => met[known] += 1,
            None => unexpected.push(line),
        }
    }
    assert_eq!(unexpected, [""; 0]);
    assert_eq!(met, EXCEPTIONS.map(|(_, _, count, _)| count), "some of these pass now");
    assert_eq!(count, 29);
}

#[test]
fn with_guard_regions() {
    run(MemoryModel::Guard);
}

#[test]
fn with_bounds_checks() {
    run(MemoryModel::Bounds);
}
