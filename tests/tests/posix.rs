//! Files, pipes and devices behave for a guest as for the same program
//! natively: the programs of `fixtures/posix`, built for this machine and as
//! guests, run in folders made alike; what they print, a line per call, is the
//! same but for the lines in `fixtures/posix/differences`. With `PRECAST_LONG`
//! set, all of them also on the file system of temporary files, which takes
//! minutes where that is a disk.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::run;
use precast_tests::{fixture, need, scratch};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A line of the table: `PROGRAM CALL(STATE) = WHAT THE GUEST GETS # WHY`, where
/// a `*` stands for anything.
struct Difference {
    text: String,
    program: String,
    line: String,
}

fn differences() -> Vec<Difference> {
    let text = fs::read_to_string(fixture("posix/differences")).expect("a table");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parse = |line: &str| {
        let (pattern, why) = line.split_once(" # ").expect("every line has a reason");
        assert!(!why.is_empty(), "{line}");
        let (program, pattern) = pattern.split_once(' ').expect("a program and a pattern");
        let (text, line) = (line.to_owned(), pattern.trim().to_owned());
        Difference { text, program: program.to_owned(), line }
    };
    lines.map(parse).collect()
}

/// Whether `text` is `pattern`, where a `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|after| {
            (0..=after.len()).any(|at| after.is_char_boundary(at) && matches(rest, &after[at..]))
        }),
    }
}

/// The programs as they were built.
struct Programs {
    folder: tempfile::TempDir,
}

impl Programs {
    fn build(names: &[&str]) -> Self {
        let folder = scratch();
        let programs = Self { folder };
        let source = |name: &str| fixture(&format!("posix/{name}.c"));
        let cc = |name: &str| {
            run(Command::new("cc").arg("-O1").arg(source(name)).arg("-o").arg(programs.at(name)))
        };
        for helper in ["world", "start"] {
            cc(helper).exits(0);
        }
        for name in names {
            cc(name).exits(0);
            let module = programs.at(&format!("{name}.wasm"));
            let mut clang = Command::new("clang-19");
            clang.args(["--target=wasm32-wasi", "-O1"]).arg(source(name)).arg("-o").arg(&module);
            run(&mut clang).exits(0);
            let artifact = programs.at(&format!("{name}.cwasm"));
            run(precast().arg("compile").arg(&module).arg("-o").arg(artifact)).exits(0);
        }
        // Where every user may start it.
        fs::copy(precast_run().get_program(), programs.at("precast-run")).expect("a copy");
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(programs.folder.path(), open).expect("our own folder");
        programs
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command that `start` starts with these options, in a folder.
    fn start(&self, options: &[&str], program: &str, folder: &Path) -> Command {
        let mut command = Command::new(self.at("start"));
        command.args(options).arg("--").arg(self.at(program)).current_dir(folder);
        command
    }

    /// What a program prints, natively or as a guest, in fresh folders below
    /// `place`.
    fn lines(&self, name: &str, guest: bool, options: &[&str], place: &Path) -> Vec<String> {
        let folder = tempfile::tempdir_in(place).expect("a place for folders");
        let open = fs::Permissions::from_mode(0o777);
        fs::set_permissions(folder.path(), open).expect("our own folder");
        let count = run(Command::new(self.at(name)).arg("count")).succeeds().text();
        run(self.start(options, "world", folder.path()).arg(count.trim())).succeeds();
        let mut command = match guest {
            false => self.start(options, name, folder.path()),
            true => {
                let mut command = self.start(options, "precast-run", folder.path());
                command
                    .args(["--dir", ".", "--dir", "/dev"])
                    .arg(self.at(&format!("{name}.cwasm")));
                command
            }
        };
        let text = run(&mut command).succeeds().text();
        // What may not be entered cannot be removed by its owner either.
        run(Command::new("chmod").args(["-R", "u+rwX"]).arg(folder.path())).exits(0);
        text.lines().map(str::to_owned).collect()
    }
}

/// Compares a guest's lines with the native ones; how many there were.
fn compare(
    name: &str,
    setting: &str,
    native: &[String],
    guest: &[String],
    table: &[Difference],
    used: &mut BTreeSet<usize>,
) -> usize {
    assert_eq!(native.len(), guest.len(), "{name}, {setting}: as many lines");
    let mut wrong = Vec::new();
    for (native, guest) in native.iter().zip(guest) {
        if native == guest {
            continue;
        }
        let known =
            table.iter().position(|known| known.program == name && matches(&known.line, guest));
        match known {
            Some(index) => drop(used.insert(index)),
            None => wrong.push(format!("native: {native}\nguest:  {guest}")),
        }
    }
    let shown = wrong.join("\n");
    assert!(wrong.is_empty(), "{name}, {setting}:\n{shown}");
    native.len()
}

#[test]
fn guests_get_what_native_programs_get() {
    need!("cc");
    need!("clang-19");
    let names = ["paths", "descriptors"];
    let programs = Programs::build(&names);
    let table = differences();
    let mut used = BTreeSet::new();
    let long = std::env::var_os("PRECAST_LONG").is_some();
    let root = rustix::process::geteuid().is_root();
    let users: &[&[&str]] = if root { &[&[], &["user"]] } else { &[&[]] };
    let places: Vec<PathBuf> = [std::env::temp_dir(), "/dev/shm".into()]
        .into_iter()
        .filter(|place| place.exists())
        .collect();
    let mut lines = 0;
    for name in names {
        for user in users {
            for place in &places {
                // A disk is slow to fill: the paths are tried in memory.
                let disk = *place != Path::new("/dev/shm");
                if disk && name == "paths" && places.len() > 1 && !long {
                    continue;
                }
                let native = programs.lines(name, false, user, place);
                for old in [&[][..], &["no-openat2"]] {
                    let options = [*user, old].concat();
                    let guest = programs.lines(name, true, &options, place);
                    let setting = format!("{options:?} in {}", place.display());
                    lines += compare(name, &setting, &native, &guest, &table, &mut used);
                }
            }
        }
    }
    assert!(lines >= 2 * 3600, "only {lines} lines were compared");
    let stale: Vec<_> = (0..table.len()).filter(|index| !used.contains(index)).collect();
    let stale: Vec<_> = stale.into_iter().map(|index| &table[index].text).collect();
    assert!(stale.is_empty() || !root, "no difference any more: {stale:#?}");
}

#[test]
fn patterns() {
    assert!(matches("a*c", "abbc") && matches("*", "") && matches("a(b) = *", "a(b) = 1"));
    assert!(!matches("a*c", "abb") && !matches("a", "ab"));
}

#[test]
fn the_hosts_own_memory_is_not_the_guests() {
    need!("clang-19");
    let folder = scratch();
    let source = folder.path().join("mem.c");
    let text = "#include <errno.h>\n#include <fcntl.h>\n#include <stdio.h>\n\
                int main(void) { \
                    int own = open(\"/host/proc/self/mem\", O_RDWR), why = errno; \
                    int other = open(\"/host/proc/version\", O_RDONLY); \
                    printf(\"%d %d %d\\n\", own, why == EPERM, other >= 0); }";
    fs::write(&source, text).expect("a writable folder");
    let module = folder.path().join("mem.wasm");
    run(Command::new("clang-19").arg("--target=wasm32-wasi").arg(&source).arg("-o").arg(&module))
        .exits(0);
    let outcome = run(precast().args(["run", "--dir", "/::/host"]).arg(&module)).exits(0);
    outcome.prints("-1 1 1\n").complains(&["note: --dir / grants /proc"]);
}
