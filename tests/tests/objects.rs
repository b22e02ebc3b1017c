//! Objects: linked by the system linker into C programs, and by ours into
//! artifacts.

use precast_tests::binaries::{library, precast};
use precast_tests::cross::{Machine, need_cross};
use precast_tests::outcome::{Outcome, run};
use precast_tests::{fixture, need, need_debugger, root, scratch, syscalls};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

const TARGETS: [&str; 3] =
    ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "riscv64gc-unknown-linux-gnu"];

/// Compiles a module to `NAME.o` and `NAME.h` in a folder.
fn object(module: &Path, folder: &Path, options: &[&str]) -> PathBuf {
    let name = module.file_stem().expect("a name").to_string_lossy().into_owned();
    let object = folder.join(format!("{name}.o"));
    let mut command = precast();
    command.args(["compile", "--quiet", "--emit", "obj", "-o"]).arg(&object).args(options);
    command.arg("--header").arg(folder.join(format!("{name}.h"))).arg(module);
    run(&mut command).succeeds();
    object
}

/// Links a C program with an object and this machine's loader.
fn link(cc: &Path, source: &str, object: &Path, options: &[&str]) -> PathBuf {
    link_with(cc, &library(), source, object, options)
}

fn link_with(cc: &Path, library: &Path, source: &str, object: &Path, options: &[&str]) -> PathBuf {
    let program = object.with_extension("");
    let folder = object.parent().expect("a folder");
    let mut command = Command::new(cc);
    command.args(["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
    command.arg("-I").arg(root().join("capi/include")).arg("-I").arg(folder).args(options);
    command.arg(fixture(source)).arg(object).arg(library);
    command.args(["-lpthread", "-ldl", "-lm"]);
    run(&mut command).exits(0);
    program
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_c_program_calls_what_it_is_linked_with() {
    let cc = need!("cc");
    let folder = scratch();
    let object = object(&fixture("capi/app.wat"), folder.path(), &[]);
    let expected = std::fs::read_to_string(fixture("capi/app.expected")).expect("a fixture");
    for options in [&[][..], &["-no-pie"], &["-static-pie"], &["-Wl,--gc-sections"]] {
        let program = link(&cc, "capi/app.c", &object, options);
        run(&mut Command::new(program)).succeeds().prints(&expected);
    }
}

/// A module called `precast` shares the beginning of its names with
/// `precast.h`, even if it exports what is named there.
#[test]
#[cfg(target_arch = "x86_64")]
fn names_differ_from_those_of_the_library() {
    let cc = need!("cc");
    let folder = scratch();
    let header = std::fs::read_to_string(root().join("capi/include/precast.h")).expect("a header");
    let words = header.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let names: BTreeSet<&str> = words.filter_map(|word| word.strip_prefix("precast_")).collect();
    assert!(names.contains("image") && names.contains("call") && names.len() > 20, "{names:?}");
    let exports: String =
        names.iter().map(|name| format!("(export \"{name}\" (func $seven))")).collect();
    let module = folder.path().join("precast.wat");
    let text = format!("(module (func $seven (result i32) i32.const 7) {exports})");
    std::fs::write(&module, text).expect("a writable folder");
    let object = folder.path().join("module.o");
    let mut command = precast();
    command.args(["compile", "--quiet", "--emit", "obj", "--name", "precast", "-o"]).arg(&object);
    command.arg("--header").arg(folder.path().join("module.h")).arg(&module);
    run(&mut command).succeeds();
    let source = folder.path().join("main.c");
    let main = "#include \"module.h\"\nint main(void) {
        precast_instance *instance;
        int32_t result = 0;
        if (precast_instantiate(&precast_image_, NULL, NULL, 0, &instance) ||
            precast_call_(instance, &result)) {
            return 1;
        }
        precast_instance_delete(instance);
        return result;\n}\n";
    std::fs::write(&source, main).expect("a writable folder");
    let program = link(&cc, source.to_str().expect("UTF-8"), &object, &[]);
    run(&mut Command::new(program)).exits(7);
}

/// Null for every pointer, and an instance that is deleted by what it calls;
/// also under valgrind, which would see a use of what is freed.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_c_program_that_misuses_the_interface_gets_errors() {
    let cc = need!("cc");
    let valgrind = need!("valgrind");
    let folder = scratch();
    let object = object(&fixture("capi/app.wat"), folder.path(), &[]);
    let expected = std::fs::read_to_string(fixture("capi/misuse.expected")).expect("a fixture");
    let program = link(&cc, "capi/misuse.c", &object, &[]);
    run(&mut Command::new(&program)).succeeds().prints(&expected);
    let mut watched = Command::new(valgrind);
    watched.args(["-q", "--error-exitcode=99", "--leak-check=no"]).arg(program);
    run(&mut watched).exits(0).prints(&expected);
}

/// The WASI programs of `fixtures/programs`, with the folder that each needs.
#[cfg(target_arch = "x86_64")]
fn wasi_program(cc: &Path, name: &str, folder: &Path) -> PathBuf {
    let object = object(&fixture(&format!("programs/{name}.wasm")), folder, &[]);
    link(cc, "capi/wasi.c", &object, &[&format!("-DNAME={name}")])
}

#[test]
#[cfg(target_arch = "x86_64")]
fn wasi_programs_run_linked() {
    let cc = need!("cc");
    let folder = scratch();
    let artifact = |name: &str| {
        let mut command = precast();
        command.arg("run").arg("--dir").arg(format!("{}::/", folder.path().display()));
        command.arg(fixture(&format!("programs/{name}.wasm")));
        command
    };
    for (name, args) in [("hello", &["reader"][..]), ("shapes", &[]), ("words", &[])] {
        let program = wasi_program(&cc, name, folder.path());
        let mut linked = Command::new(program);
        let linked: Outcome = run(linked.args(args).env("DIR", folder.path()));
        let expected = run(artifact(name).args(args));
        assert_eq!(linked.code, expected.code, "{name}: {}", linked.stderr);
        assert_eq!(linked.text(), expected.text(), "{name}");
        assert!(linked.stderr.starts_with("main begins\n"), "{name}: {}", linked.stderr);
    }
}

/// What systems forbid that allow no new code: a program with a module in it
/// asks for none.
#[test]
#[cfg(target_arch = "x86_64")]
fn a_linked_program_makes_nothing_executable() {
    let (cc, strace) = (need!("cc"), need!("strace"));
    let folder = scratch();
    let program = wasi_program(&cc, "hello", folder.path());
    let log = folder.path().join("log");
    let mut command = Command::new(strace);
    let calls = "execve,mmap,mprotect,pkey_mprotect,mremap,munmap,write,prctl";
    command.args(["-f", "-y", "-A", "-e"]).arg(format!("trace={calls}")).arg("-o").arg(&log);
    run(command.arg(&program)).exits(0).complains(&["main begins"]);
    let trace = std::fs::read_to_string(&log).expect("the trace");
    assert_eq!(syscalls::check(&trace).violations, [""; 0]);
    let (before, after) = trace.split_once("main begins").expect("main writes");
    // Otherwise what follows would prove nothing: libraries were loaded.
    assert!(before.contains("PROT_EXEC"), "{before}");
    assert!(after.contains("mmap("), "{after}");
    assert!(!after.contains("PROT_EXEC"), "{after}");
}

/// A Rust program with debug information, linked into a C program that has
/// its own.
#[cfg(target_arch = "x86_64")]
fn program_with_lines(cc: &Path, folder: &Path) -> PathBuf {
    let object = object(&fixture("debug/rust.wasm"), folder, &["-g", "-O0"]);
    link(cc, "capi/wasi.c", &object, &["-g", "-DNAME=rust"])
}

/// The debugger is at line 10 of the guest, knows its variables, and sees it
/// called by the program's `main`.
#[cfg(target_arch = "x86_64")]
#[track_caller]
fn stands_in_the_guest(text: &str) {
    for part in ["scalars.rs:10", "sum = 59701", "scalars.rs:30", "wasi.c:"] {
        assert!(text.contains(part), "`{part}` is not there:\n{text}");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn gdb_stops_on_a_line_of_the_guest() {
    let (cc, gdb) = (need!("cc"), need_debugger!("gdb", 13));
    let folder = scratch();
    let program = program_with_lines(&cc, folder.path());
    let mut command = Command::new(gdb);
    command.args(["-nx", "-batch", "-ex", "break scalars.rs:10", "-ex", "run scalars"]);
    // Otherwise the guest's `main` would be the last frame shown.
    command.args(["-ex", "info locals", "-ex", "set backtrace past-main on", "-ex", "backtrace"]);
    command.arg(program);
    stands_in_the_guest(&run(&mut command).text());
}

#[test]
#[cfg(target_arch = "x86_64")]
fn gdb_follows_pointers_of_the_guest() {
    let (cc, gdb, clang) = (need!("cc"), need_debugger!("gdb", 13), need!("clang-19"));
    let folder = scratch();
    let module = folder.path().join("list.wasm");
    let mut clang = Command::new(clang);
    clang.args(["--target=wasm32-wasi", "-g", "-O0"]).arg(fixture("debug/list.c"));
    run(clang.arg("-o").arg(&module)).exits(0);
    let object = object(&module, folder.path(), &["-g", "-O0"]);
    let program = link(&cc, "capi/wasi.c", &object, &["-DNAME=list", "-Wl,--gc-sections"]);
    let mut command = Command::new(gdb);
    command.args(["-nx", "-batch", "-iex"]);
    command.arg(format!("add-auto-load-safe-path {}", program.display()));
    command.args(["-ex", "break list.c:31", "-ex", "run", "-ex", "print head->next->name"]);
    let text = run(command.arg(program)).text();
    assert!(text.contains("= 0x400 \"two\""), "{text}");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn lldb_stops_on_a_line_of_the_guest() {
    let (cc, lldb) = (need!("cc"), need_debugger!("lldb", 16));
    let folder = scratch();
    let program = program_with_lines(&cc, folder.path());
    let mut command = Command::new(lldb);
    command.args(["--no-lldbinit", "--batch", "-o", "breakpoint set -f scalars.rs -l 10"]);
    command.args(["-o", "run scalars", "-o", "frame variable", "-o", "bt"]).arg(program);
    stands_in_the_guest(&run(&mut command).text());
}

/// Elsewhere: a C program calls every export, traps and all; a WASI program
/// runs; and what happens after `main` begins makes nothing executable, as the
/// emulator tells.
fn runs_on(machine: &Machine) {
    let cc = need!(&format!("{}-linux-gnu-gcc", machine.arch));
    let folder = scratch();
    let features = machine.cpu_features.iter().flat_map(|feature| ["--cpu-feature", feature]);
    let options: Vec<&str> = ["--target", machine.target].into_iter().chain(features).collect();

    let calls = object(&fixture("capi/app.wat"), folder.path(), &options);
    let program = link_with(&cc, machine.library(), "capi/app.c", &calls, &[]);
    let expected = std::fs::read_to_string(fixture("capi/app.expected")).expect("a fixture");
    run(machine.emulator(&[]).arg(program)).succeeds().prints(expected);

    let hello = object(&fixture("programs/hello.wasm"), folder.path(), &options);
    let program = link_with(&cc, machine.library(), "capi/wasi.c", &hello, &["-DNAME=hello"]);
    let mut command = machine.emulator(&["-strace"]);
    let outcome = run(command.arg(program).arg("reader")).exits(0).prints("hello, reader\n");
    let (before, after) = outcome.stderr.split_once("main begins").expect("main writes");
    assert!(before.contains("PROT_EXEC"), "{before}");
    assert!(after.contains("mmap("), "{after}");
    assert!(!after.contains("PROT_EXEC"), "{after}");
}

#[test]
fn c_programs_run_on_aarch64() {
    runs_on(need_cross!("aarch64"));
}

#[test]
fn c_programs_run_on_riscv64() {
    runs_on(need_cross!("riscv64"));
}

#[test]
fn objects_become_the_artifacts_of_direct_compilation() {
    let folder = scratch();
    for target in TARGETS {
        for (program, options) in [
            ("programs/inventory", &["-O"][..]),
            ("programs/inventory", &["-O0"]),
            ("programs/shapes", &["-O"]),
            ("debug/rust", &["-g", "-O0"]),
            ("debug/rust", &["-g", "-O"]),
        ] {
            let module = fixture(&format!("{program}.wasm"));
            let options = [options, &["--target", target]].concat();
            let object = object(&module, folder.path(), &options);
            let mut direct = precast();
            direct.args(["compile", "--quiet", "-o", "-"]).args(&options).arg(&module);
            let direct = run(&mut direct).succeeds().stdout;
            let linked = run(precast().args(["link", "-o", "-"]).arg(&object)).succeeds().stdout;
            assert!(direct == linked, "{program} {options:?}");
        }
    }
}

#[test]
fn what_a_c_program_cannot_provide_is_refused() {
    let folder = scratch();
    let file = folder.path().join("needs.wat");
    for (import, reason) in [
        ("(import \"a\" \"b\" (memory 1))", "imports a memory, `a.b`"),
        ("(import \"a\" \"b\" (table 1 funcref))", "imports a table, `a.b`"),
        ("(import \"a\" \"b\" (global i32))", "imports a global, `a.b`"),
        ("(import \"a\" \"b\" (tag))", "imports an exception tag, `a.b`"),
        ("(import \"a\" \"b\" (func (param externref)))", "takes or gives references, `a.b`"),
    ] {
        std::fs::write(&file, format!("(module {import})")).expect("a writable folder");
        let object = folder.path().join("needs.o");
        let mut command = precast();
        command.args(["compile", "--emit", "obj", "-o"]).arg(&object).arg(&file);
        run(&mut command).exits(1).complains(&[reason, "compile to an artifact"]);
        assert!(!object.exists());
    }
}

#[test]
fn mistakes_have_answers() {
    let folder = scratch();
    let object = object(&fixture("capi/app.wat"), folder.path(), &[]);
    run(precast().arg("run").arg(&object)).exits(1).complains(&["`precast link` makes"]);
    let artifact = folder.path().join("app.cwasm");
    run(precast().arg("link").arg(&object).arg("-o").arg(&artifact)).succeeds();
    let again = run(precast().arg("link").arg(&artifact));
    again.exits(1).complains(&["app.cwasm", "not a relocatable object"]);
    let mut header = precast();
    header.args(["compile", "--header", "x.h"]).arg(fixture("capi/app.wat"));
    run(&mut header).exits(2).complains(&["--emit obj"]);
    let mut name = precast();
    name.args(["compile", "--emit", "obj", "-o", "-", "--name", "a b"])
        .arg(fixture("capi/app.wat"));
    run(&mut name).exits(2).complains(&["`a b` is no C identifier"]);
}
