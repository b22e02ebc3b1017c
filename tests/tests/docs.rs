//! Every command that README.md and the pages of `docs/` show is run.
//!
//! A block that is marked `sh` is a script of its own, and must succeed; in one
//! marked `sh trap` the guest traps with each command. The blocks of a page run
//! in order, in one folder that looks like this repository's root, with the
//! commands under test in `PATH`. What builds the project or runs its tests is
//! not run again: it must name packages and tests that exist.

use precast_tests::binaries::{self, library};
use precast_tests::outcome::run;
use precast_tests::{clang, fixture, need, need_debugger, need_permission, root, scratch};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

/// One fenced block of shell commands.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// Line of the fence, from 1.
    line: usize,
    /// Whether the guest traps with each command.
    trap: bool,
    text: String,
}

/// The shell blocks of a page, in order.
fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Option<Block>> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let block = |trap| Block { line: number + 1, trap, text: String::new() };
                open = Some(match info {
                    "sh" => Some(block(false)),
                    "sh trap" => Some(block(true)),
                    _ => None,
                });
            }
            (Some(_), Some(_)) => blocks.extend(open.take().flatten()),
            (Some(Some(block)), None) => block.text.extend([line, "\n"]),
            (_, None) => {}
        }
    }
    blocks
}

/// The commands of a block, each on one line, without comments.
fn commands(block: &Block) -> Vec<String> {
    let joined = block.text.replace("\\\n", " ");
    let bare = joined.lines().map(|line| line.split("  #").next().unwrap_or_default().trim());
    bare.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The names that follow an option in a command.
fn named<'c>(command: &'c str, option: &str) -> Vec<&'c str> {
    let words: Vec<&str> = command.split_whitespace().collect();
    words.windows(2).filter(|pair| pair[0] == option).map(|pair| pair[1]).collect()
}

/// What to run for a command, if it is not one of building and testing, whose
/// names are checked instead.
fn runnable(command: &str) -> Option<String> {
    if let Some(arguments) = command.strip_prefix("cargo run --release --") {
        return Some(format!("precast {arguments}"));
    }
    let program = command.split_whitespace().find(|word| !word.contains('='))?;
    match program {
        "cargo" => {
            for package in named(command, "-p") {
                let folder = package.strip_prefix("precast-").expect("a package of ours");
                assert!(root().join(folder).join("Cargo.toml").exists(), "no package {package}");
            }
            None
        }
        "tests/run" | "tests/cross" => {
            assert!(root().join(program).exists(), "no {program}");
            for test in named(command, "--test") {
                let file = root().join("tests/tests").join(test);
                assert!(file.is_dir() || file.with_extension("rs").exists(), "no test {test}");
            }
            None
        }
        _ => Some(command.to_owned()),
    }
}

/// A folder in which commands find what they find in the repository's root,
/// and `target/release` holds what is under test.
fn stage(folder: &Path) {
    for name in ["fixtures", "capi", "tests", "benches"] {
        symlink(root().join(name), folder.join(name)).expect("a link");
    }
    let release = folder.join("target/release");
    fs::create_dir_all(&release).expect("a folder");
    for name in ["precast", "precast-run"] {
        symlink(binaries::folder().join(name), release.join(name)).expect("a link");
    }
}

/// Runs the blocks of a page in a folder.
fn run_page(page: &str, folder: &Path) {
    let text = fs::read_to_string(root().join(page)).expect("a page");
    let blocks = blocks(&text);
    assert!(!blocks.is_empty(), "{page} has no commands");
    let path = format!(
        "{}:{}",
        folder.join("target/release").display(),
        std::env::var("PATH").expect("a path")
    );
    let shell = |script: &str| {
        let mut bash = Command::new("bash");
        bash.args(["-e", "-o", "pipefail", "-c", script]).current_dir(folder);
        bash.env("PATH", &path).env("HOME", folder).env("PRECAST_CACHE", folder.join("cache"));
        bash.env("DEBUGINFOD_URLS", "").stdin(Stdio::null());
        run(&mut bash)
    };
    for block in blocks {
        let commands: Vec<String> =
            commands(&block).iter().filter_map(|command| runnable(command)).collect();
        match block.trap {
            false => drop(shell(&commands.join("\n")).exits(0)),
            // By a signal where the system is to write a dump.
            true => commands.iter().for_each(|command| {
                let outcome = shell(command);
                assert!(matches!(outcome.code, Some(134) | None), "{page}: {command}: no trap");
            }),
        }
    }
}

#[test]
fn blocks_are_found() {
    let page = "a\n```sh\nx \\\n  y   # why\n```\n```rust\nz\n```\n```sh trap\n\nw\n```\n";
    let found = blocks(page);
    assert_eq!(found.iter().map(|b| (b.line, b.trap)).collect::<Vec<_>>(), [(2, false), (9, true)]);
    assert_eq!(commands(&found[0]), ["x    y"]);
    assert_eq!(commands(&found[1]), ["w"]);
}

/// Every page is run by a test here, and README names each.
#[test]
fn no_page_is_forgotten() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README");
    let tests = fs::read_to_string(root().join("tests/tests/docs.rs")).expect("this file");
    assert!(readme.lines().count() <= 120, "README has {} lines", readme.lines().count());
    let mut pages = 0;
    for entry in fs::read_dir(root().join("docs")).expect("docs/") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        assert!(tests.contains(&format!("run_page(\"docs/{name}\"")), "docs/{name} is not run");
        assert!(readme.contains(&format!("(docs/{name})")), "README does not name docs/{name}");
        pages += 1;
    }
    assert!(pages >= 4);
}

#[test]
fn readme() {
    let folder = scratch();
    let path = folder.path();
    stage(path);
    fs::create_dir(path.join("data")).expect("a folder");
    fs::copy(fixture("programs/hello.wasm"), path.join("app.wasm")).expect("a copy");
    let library = r#"(module (func (export "add") (param i32 i32) (result i32)
        (i32.add (local.get 0) (local.get 1))))"#;
    let plugin = r#"(module (import "library" "add" (func $add (param i32 i32) (result i32)))
        (func (export "sum") (param i32 i32) (result i32)
            (call $add (local.get 0) (local.get 1))))"#;
    for (name, text) in [("lib.wasm", library), ("plugin.wasm", plugin)] {
        let binary = precast_compiler::text_to_binary(text.as_bytes()).expect("a module");
        fs::write(path.join(name), binary).expect("a file");
    }
    run_page("README.md", path);
}

#[test]
fn machines() {
    let folder = scratch();
    stage(folder.path());
    fs::copy(fixture("programs/hello.wasm"), folder.path().join("app.wasm")).expect("a copy");
    run_page("docs/machines.md", folder.path());
}

#[test]
fn pipelines() {
    let folder = scratch();
    stage(folder.path());
    for name in ["one.wat", "two.wat"] {
        let from = fixture("pipelines/src").join(name);
        fs::copy(from, folder.path().join(name)).expect("a copy");
    }
    fs::write(folder.path().join("args.txt"), "one.wat two.wat --out-dir listed").expect("a file");
    run_page("docs/pipelines.md", folder.path());
}

#[test]
fn embedding() {
    need!("cc");
    let folder = scratch();
    stage(folder.path());
    symlink(library(), folder.path().join("target/release/libprecast.a")).expect("a link");
    run_page("docs/embedding.md", folder.path());
}

#[test]
fn debugging() {
    let (_, _, _) = (need!("clang-19"), need_debugger!("gdb", 13), need_debugger!("lldb", 16));
    let folder = scratch();
    stage(folder.path());
    run_page("docs/debugging.md", folder.path());
}

#[test]
fn profiling() {
    let mut probe = Command::new(need!("perf"));
    probe.args(["record", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let permitted = probe.status().is_ok_and(|status| status.success());
    need_permission!(permitted, "the system lets nobody record with perf");
    let folder = scratch();
    stage(folder.path());
    // One that runs for long enough to be seen.
    fs::copy(fixture("profiles/busy.wat"), folder.path().join("app.wasm")).expect("a copy");
    run_page("docs/profiling.md", folder.path());
}

#[test]
fn clang_compiles() {
    let _ = clang::need_clang!();
    let folder = scratch();
    stage(folder.path());
    run_page("docs/clang.md", folder.path());
}
