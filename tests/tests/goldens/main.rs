//! Golden files: what becomes of a function, for every target, so that a change
//! of the compiler shows what it changes.
//!
//! Each file below `goldens/` is a module in text form. Lines that begin with
//! `;;!` say how it is compiled and what of it is shown:
//!
//! ```text
//! ;;! options: --memory-model bounds       for every target
//! ;;! options riscv64: --cpu-feature +v    for one
//! ;;! targets: x86_64 aarch64 riscv64      these are the default
//! ;;! functions: load store                by default all of the module
//! ;;! show: ir                             what they are translated to, too
//! ```
//!
//! The IR is that of the first target, without the offsets that it is marked
//! with.
//!
//! What is expected follows the module, from the first line with `;;=` on, as
//! comments. After a change that is meant,
//!
//! ```sh
//! PRECAST_BLESS=1 cargo test -p precast-tests --test goldens
//! ```
//!
//! writes it anew, and `git diff` shows the change to whoever reviews it.
//! `PRECAST_GOLDEN=NAME` looks at files with NAME in their name only.

mod golden;
mod instruction;
mod listing;

use golden::Golden;
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{need, root, scratch};
use std::path::{Path, PathBuf};

/// The golden files, or those that were asked for.
fn files() -> Vec<PathBuf> {
    let folder = root().join("tests/goldens");
    let entries = std::fs::read_dir(&folder).expect("the folder of golden files");
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    assert!(files.len() >= 30, "{} golden files", files.len());
    if let Some(name) = std::env::var_os("PRECAST_GOLDEN") {
        let name = name.to_string_lossy().into_owned();
        files.retain(|file| file.to_string_lossy().contains(&name));
    }
    files
}

/// What becomes of a module: a part for each target.
fn compile(objdump: &Path, file: &Path, golden: &Golden) -> String {
    let folder = scratch();
    let artifact = folder.path().join("golden.cwasm");
    let mut text = String::new();
    if golden.shows_ir() {
        text += &format!("\n;;= ir\n{}", ir(file, golden));
    }
    for target in golden.targets() {
        let mut command = precast();
        command.args(["compile", "-q", "--target", &target.triple()]);
        command.args(golden.options(target)).arg(file).arg("-o").arg(&artifact);
        run(&mut command).exits(0);
        text += &format!("\n;;= {}\n", target.name());
        for function in listing::functions(objdump, &artifact, target) {
            if golden.shows(&function.name) {
                text += &function.text;
            }
        }
    }
    // As comments, without spaces at the ends of lines.
    let comment = |line: &str| match line {
        "" => "\n".to_owned(),
        line if line.starts_with(";;=") => format!("{line}\n"),
        line => format!(";; {}\n", line.trim_end()),
    };
    text.lines().map(comment).collect()
}

/// What the functions that are shown are translated to.
fn ir(file: &Path, golden: &Golden) -> String {
    let mut command = precast();
    let target = golden.targets()[0];
    command.args(["compile", "-q", "--emit", "clif", "--target", &target.triple()]);
    command.args(golden.options(target)).arg(file).args(["-o", "-"]);
    let text = run(&mut command).succeeds().stdout;
    let text = String::from_utf8(text).expect("IR is text");
    let mut shown = String::new();
    for function in text.split_inclusive("\n}\n") {
        // `; name (index)`; after the last there is an empty line.
        let Some(name) = function.trim_start().split(' ').nth(1) else { continue };
        if golden.shows(name) {
            shown.extend(function.lines().filter_map(ir_line));
        }
    }
    shown
}

/// A line of IR as it is shown: without the offset that it is marked with, as
/// in `@0023`, and the names of regions, which all functions have.
fn ir_line(line: &str) -> Option<String> {
    let line = match line.strip_prefix('@').and_then(|marked| marked.split_once(' ')) {
        Some((_, instruction)) => instruction.trim(),
        None => line.trim(),
    };
    match line {
        "" => None,
        line if line.starts_with("region") => None,
        line if line.starts_with(['f', ';', '}']) && !line.starts_with("fn") => {
            Some(format!("{line}\n"))
        }
        line if line.starts_with("block") => Some(format!("  {line}\n")),
        line => Some(format!("    {line}\n")),
    }
}

#[test]
fn code_is_as_it_was() {
    let objdump = need!("llvm-objdump-19");
    let bless = std::env::var_os("PRECAST_BLESS").is_some();
    let mut changed = Vec::new();
    for file in files() {
        let golden = Golden::read(&file);
        let found = compile(&objdump, &file, &golden);
        if found == golden.expected {
            continue;
        }
        match bless {
            true => golden.write(&file, &found),
            false => changed.push(golden.difference(&file, &found)),
        }
    }
    assert!(
        changed.is_empty(),
        "{}\n\nIf that is meant, PRECAST_BLESS=1 cargo test -p precast-tests --test goldens\n\
         writes it into the files.",
        changed.join("\n\n")
    );
}
