//! The same modules for three targets, byte for byte, from however many threads,
//! from separate runs, from another folder and user, with and without a cache.
//!
//! 36 files; with `PRECAST_LONG` set, 600.

use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, need_permission, root, scratch};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 3] =
    ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"];

/// The modules, in a folder: small ones of this repository in turns, each with
/// a custom section of its own.
fn modules(folder: &Path) -> Vec<PathBuf> {
    let few = std::env::var_os("PRECAST_LONG").is_none();
    let mut found = Vec::new();
    for place in [fixture("programs"), fixture("wasi"), root().join("benches/programs")] {
        let entries = fs::read_dir(place).expect("a folder").flatten().map(|entry| entry.path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "wasm")));
    }
    found.retain(|path| {
        fs::metadata(path).expect("a module").len() < if few { 50_000 } else { 400_000 }
    });
    // Vectors are no part of riscv64's baseline.
    found.retain(|path| {
        let mut check = precast();
        run(check.args(["compile", "-q", "--check", "--target", TARGETS[2]]).arg(path)).code
            == Some(0)
    });
    found.sort();
    fs::create_dir_all(folder).expect("a folder");
    let numbered = found.iter().cycle().take(if few { 12 } else { 200 }).enumerate();
    let write = |(number, from): (usize, &PathBuf)| {
        let to = folder.join(format!("{number}.wasm"));
        let mut bytes = fs::read(from).expect("a module");
        bytes.extend([0, 3, 1, b'n', number as u8]);
        fs::write(&to, bytes).expect("a file");
        to
    };
    numbered.map(write).collect()
}

/// The files below a folder, by their paths there.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let list = run(Command::new("find").args([".", "-type", "f"]).current_dir(folder)).succeeds();
    let list = list.text();
    let read = |name: &str| (PathBuf::from(name), fs::read(folder.join(name)).expect("a file"));
    list.lines().map(read).collect()
}

/// Compiles all modules for all targets into a folder `name`.
fn build(
    folder: &Path,
    modules: &[PathBuf],
    name: &str,
    args: &[&str],
) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut command = precast();
    command.current_dir(folder).args(["compile", "-q", "--target", &TARGETS.join(",")]);
    run(command.args(["--out-dir", name]).args(args).args(modules)).exits(0);
    files(&folder.join(name))
}

#[test]
fn the_bytes_follow_from_modules_and_options_alone() {
    let folder = scratch();
    let at = folder.path();
    let modules = modules(&at.join("src"));
    let first = build(at, &modules, "one", &["-j1"]);
    assert_eq!(first.len(), modules.len() * TARGETS.len());
    let options: [(&str, &[&str]); 4] = [
        ("two", &["-j2"]),
        ("again", &[]),
        ("filling", &["--cache", "cache"]),
        ("filled", &["--cache", "cache", "-j1"]),
    ];
    for (name, args) in options {
        assert!(build(at, &modules, name, args) == first, "{name}: {args:?}");
    }
    // One process each, as builds without many inputs start them.
    for (number, module) in modules.iter().enumerate().step_by(modules.len() / 6) {
        for target in TARGETS {
            let mut command = precast();
            command.args(["compile", "-q", "--target", target, "-o", "-"]).arg(module);
            let path = PathBuf::from(format!("./{target}/{number}.cwasm"));
            assert!(run(&mut command).exits(0).stdout == first[&path], "{}", path.display());
        }
    }
}

#[test]
fn folder_and_user_do_not_show() {
    let folder = scratch();
    let at = folder.path();
    let here = build(at, &modules(&at.join("src")), "out", &[]);
    // By other names of the folders, of the user, and of the modules' folder.
    let away = at.join("elsewhere/and deeper");
    modules(&away.join("modules"));
    let copy = away.join("compiler");
    fs::copy(precast().get_program(), &copy).expect("a copy");
    fs::create_dir(away.join("results")).expect("a folder");
    for open in [at, &at.join("elsewhere"), &away] {
        fs::set_permissions(open, fs::Permissions::from_mode(0o755)).expect("allowed");
    }
    let given = std::os::unix::fs::chown(away.join("results"), Some(65534), Some(65534));
    need_permission!(given.is_ok(), "the system lets nobody become another user");
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        "env",
        "-i",
        "LANG=tr_TR.UTF-8",
    ]);
    command.args([
        "sh",
        "-c",
        "cd results && exec ../compiler compile -q --out-dir . --target $0 ../modules/*.wasm",
    ]);
    run(command.current_dir(&away).arg(TARGETS.join(","))).exits(0);
    assert!(files(&away.join("results")) == here);
}
