//! Files, pipes and devices behave for a guest as for the same program
//! natively: the programs of `fixtures/posix`, in C, Rust and Go, built for this
//! machine and as guests, run in folders made alike; what they print, a line per
//! call, is the same but for the lines in `fixtures/posix/differences`. With
//! `PRECAST_LONG` set, all of them also on the file system of temporary files,
//! which takes minutes where that is a disk.

mod programs;

use precast_tests::binaries::precast;
use precast_tests::differences::Table;
use precast_tests::outcome::run;
use precast_tests::{need, need_that, scratch};
use programs::{ComparedProgram, Language, Setting};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The table.
const DIFFERENCES: &str = "posix/differences";

/// A file system in memory.
const MEMORY: &str = "/dev/shm";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Root and an ordinary user, where we may choose.
fn users() -> &'static [&'static [&'static str]] {
    if is_root() { &[&[], &["user"]] } else { &[&[]] }
}

/// Runs a program as everybody, with and without `openat2`, in memory and, if
/// it needs few folders or there is time, where temporary files are.
fn everywhere(program: &ComparedProgram, few: bool, table: &mut Table, options: &[&str]) {
    let both = few || std::env::var_os("PRECAST_LONG").is_some() || !Path::new(MEMORY).exists();
    let mut places = vec![PathBuf::from(MEMORY)];
    if both {
        places.push(std::env::temp_dir());
    }
    for place in places.iter().filter(|place| place.exists()) {
        for user in users() {
            let lines = |guest, old: &[&str]| {
                let options = [*user, old, options].concat();
                program.lines(guest, &Setting { options: &options, place }, None)
            };
            let native = lines(false, &[]);
            for old in [&[][..], &["no-openat2"]] {
                let setting = format!("{user:?} {old:?} in {}", place.display());
                table.compare(&setting, &native, &lines(true, old));
            }
        }
    }
}

fn c_program(name: &'static str, few: bool, least: usize, options: &[&str]) {
    let program = ComparedProgram::build(name, Language::C);
    let mut table = Table::of(DIFFERENCES, name);
    everywhere(&program, few, &mut table, options);
    table.end(least, is_root());
}

#[test]
fn calls_with_paths() {
    need!("cc");
    need!("clang-19");
    c_program("paths", false, 2 * 2700, &[]);
}

#[test]
fn calls_of_descriptors() {
    need!("cc");
    need!("clang-19");
    c_program("descriptors", true, 4 * 840, &[]);
}

/// The limit of file sizes is an error for the guest, as for a program that
/// ignores the signal, and so is a pipe that nobody reads. Neither ends the
/// host, to which nobody said that it should ignore them.
#[test]
fn limits_of_files_and_pipes() {
    need!("cc");
    need!("clang-19");
    c_program("limits", true, 4 * 20, &["limit=100"]);
}

#[test]
fn rusts_library() {
    need!("cc");
    let program = ComparedProgram::build("rustfiles", Language::Rust);
    let mut table = Table::of(DIFFERENCES, "rustfiles");
    everywhere(&program, false, &mut table, &[]);
    table.end(2 * 1190, is_root());
}

#[test]
fn gos_library() {
    need!("cc");
    need_that!(programs::go().exists(), "needs Go: fixtures/fetch.sh go");
    let program = ComparedProgram::build("gofiles", Language::Go);
    let mut table = Table::of(DIFFERENCES, "gofiles");
    everywhere(&program, false, &mut table, &[]);
    table.end(2 * 1180, is_root());
}

#[test]
fn standard_streams() {
    need!("cc");
    need!("clang-19");
    let program = ComparedProgram::build("streams", Language::C);
    let mut table = Table::of(DIFFERENCES, "streams");
    let kinds =
        ["pipe", "ended", "socket", "terminal", "w0/f", "/dev/null", "/dev/full", "/dev/zero"];
    let place = &std::env::temp_dir();
    for kind in kinds {
        let (input, output) = (format!("0={kind}"), format!("1={kind}"));
        for user in users() {
            let options = [*user, &[&input, &output]].concat();
            let lines = |guest| -> Vec<String> {
                let setting = Setting { options: &options, place };
                let lines = program.lines(guest, &setting, Some("w0/lines"));
                lines.iter().map(|line| format!("{kind} {line}")).collect()
            };
            let (native, guest) = (lines(false), lines(true));
            table.compare(&format!("{options:?}"), &native, &guest);
        }
    }
    table.end(kinds.len() * 36, is_root());
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
