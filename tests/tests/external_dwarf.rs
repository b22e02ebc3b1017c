//! Debug information that is not in the module: in a module beside it, in
//! files of split DWARF, in packages of those; and types in units of their
//! own. Debuggers show what they show where all is in the module.

use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, need, need_debugger, scratch};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles the program of two files in `folder`. Its module.
fn build(folder: &Path, options: &[&str]) -> PathBuf {
    for unit in ["shapes", "sum"] {
        let mut clang = Command::new("clang-19");
        clang.args(["--target=wasm32-wasi", "-c", "-O0", "-fno-exceptions", "-g"]).args(options);
        clang.arg(fixture("debug/split").join(unit).with_extension("cc"));
        run(clang.arg("-o").arg(format!("{unit}.o")).current_dir(folder)).exits(0);
    }
    let mut link = Command::new("clang-19");
    link.args(["--target=wasm32-wasi", "-nostdlib++", "shapes.o", "sum.o", "-o", "split.wasm"]);
    run(link.current_dir(folder)).exits(0);
    folder.join("split.wasm")
}

/// Moves the files that are left of the compilation out of reach.
fn remove_objects(folder: &Path) {
    for unit in ["shapes", "sum"] {
        std::fs::remove_file(folder.join(unit).with_extension("dwo")).expect("a split object");
    }
}

fn compile(module: &Path) -> (PathBuf, String) {
    let artifact = module.with_extension("cwasm");
    let mut command = precast();
    command.args(["compile", "-q", "-g", "-O0"]).arg(module).arg("-o").arg(&artifact);
    (artifact, run(&mut command).exits(0).stderr)
}

/// What gdb shows of the program, without addresses.
fn shown_by_gdb(gdb: &Path, module: &Path) -> String {
    let (artifact, warnings) = compile(module);
    assert_eq!(warnings, "");
    let commands = [
        "set debuginfod enabled off",
        "break area",
        "break sum.cc:7",
        "run",
        "print *n",
        "backtrace",
        "delete 2",
        "continue",
        "print by_value",
        "up",
        "info locals",
        "print total",
        "print *first.next",
        "ptype p",
        "ptype b",
    ];
    let mut command = precast();
    command.args(["debug", "--batch", "--debugger"]).arg(gdb).arg("--gdb");
    command.args(commands.iter().map(|command| format!("--command={command}")));
    let text = run(command.arg(&artifact).env_remove("LD_LIBRARY_PATH")).exits(0).text();
    let start = text.find("$1 =").unwrap_or_else(|| panic!("no value:\n{text}"));
    let of_guest = |line: &&str| {
        let host = line.starts_with('#') && !line.contains(".cc:");
        !host && !line.starts_with("__precast_memory")
    };
    let text = text[start..].lines().filter(of_guest).map(without_addresses);
    text.collect::<Vec<_>>().join("\n")
}

/// A line with what differs from one build to the next taken out.
fn without_addresses(line: &str) -> String {
    let word = |word: &str| {
        match word.contains("0x") {
            true if word.ends_with('}') => "...}",
            true => "...",
            false => word,
        }
        .to_owned()
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The same of lldb.
fn shown_by_lldb(lldb: &Path, module: &Path) -> String {
    let (artifact, warnings) = compile(module);
    assert_eq!(warnings, "");
    let commands = [
        "breakpoint set -n area",
        "run",
        "frame variable by_value",
        "up",
        "frame variable p k b first.next->value total",
        "breakpoint set -f sum.cc -l 7",
        "process launch",
        "frame variable n->value here",
    ];
    let mut command = precast();
    command.args(["debug", "--batch", "--debugger"]).arg(lldb);
    command.args(commands.iter().map(|command| format!("--command={command}")));
    let text = run(command.arg(&artifact).env_remove("LD_LIBRARY_PATH")).exits(0).text();
    let shown = text.lines().filter(|line| line.starts_with('(') && line.contains(" = "));
    shown.collect::<Vec<_>>().join("\n")
}

/// Everything that a debugger was asked for is there.
#[track_caller]
fn is_whole(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
}

const BY_GDB: [&str; 8] = [
    "$1 = {value = 2, next = ...}",
    "in main (argc=1, ... at ",
    "$2 = {x = 63, y = 2.5, name = \"origin",
    "k = shapes::kind::square",
    "b = {held = {x = 7, y = 2.5, name = \"origin",
    "$3 = 48",
    "$4 = {value = 3, next = ...}",
    "    T get(void) const;",
];

const BY_LLDB: [&str; 5] = [
    "(shapes::point) by_value = (x = 63, y = 2.5, name = \"origin\")",
    "(shapes::kind) k = square",
    "(int) first.next->value = 3",
    "total = 48",
    "(int) n->value = 2",
];

/// All forms that a compiler writes DWARF in show the same.
fn forms_show_the_same(version: &str, expected: &[&str], show: impl Fn(&Path) -> String) {
    let folder = scratch();
    let plain = show(&build(folder.path(), &[version]));
    is_whole(&plain, expected);
    let types = build(folder.path(), &[version, "-fdebug-types-section"]);
    assert_eq!(show(&types), plain, "types in units of their own");
    let split = ["-gsplit-dwarf", "-fdebug-types-section", version];
    let module = build(folder.path(), &split);
    assert_eq!(show(&module), plain, "split");
    let mut dwp = Command::new("llvm-dwp-19");
    dwp.args(["shapes.dwo", "sum.dwo", "-o", "split.dwp"]);
    run(dwp.current_dir(folder.path())).exits(0);
    remove_objects(folder.path());
    assert_eq!(show(&module), plain, "in a package");
}

#[test]
fn gdb_shows_every_form_of_dwarf_4() {
    need!("clang-19");
    need!("llvm-dwp-19");
    let gdb = need_debugger!("gdb", 13);
    forms_show_the_same("-gdwarf-4", &BY_GDB, |module| shown_by_gdb(&gdb, module));
}

#[test]
fn gdb_shows_every_form_of_dwarf_5() {
    need!("clang-19");
    need!("llvm-dwp-19");
    let gdb = need_debugger!("gdb", 13);
    forms_show_the_same("-gdwarf-5", &BY_GDB, |module| shown_by_gdb(&gdb, module));
}

#[test]
fn lldb_shows_every_form_of_dwarf_5() {
    need!("clang-19");
    need!("llvm-dwp-19");
    let lldb = need_debugger!("lldb", 16);
    forms_show_the_same("-gdwarf-5", &BY_LLDB, |module| shown_by_lldb(&lldb, module));
}

/// Strips a module of its debug information, and says that it is at `place`.
fn strip(module: &Path, place: &str) -> PathBuf {
    let stripped = module.with_file_name("app.wasm");
    let url = module.with_file_name("url");
    std::fs::write(&url, [&[place.len() as u8], place.as_bytes()].concat()).expect("written");
    let mut objcopy = Command::new("llvm-objcopy-19");
    objcopy.arg("--strip-debug");
    objcopy.arg(format!("--add-section=external_debug_info={}", url.display()));
    run(objcopy.arg(module).arg(&stripped)).exits(0);
    stripped
}

#[test]
fn a_module_beside_the_module_has_its_debug_information() {
    need!("clang-19");
    need!("llvm-objcopy-19");
    let gdb = need_debugger!("gdb", 13);
    let folder = scratch();
    let module = build(folder.path(), &["-gdwarf-4"]);
    let plain = shown_by_gdb(&gdb, &module);
    is_whole(&plain, &BY_GDB);

    let debug = folder.path().join("debug/all.wasm");
    std::fs::create_dir(folder.path().join("debug")).expect("a folder");
    std::fs::copy(&module, &debug).expect("copied");
    assert_eq!(shown_by_gdb(&gdb, &strip(&module, "debug/all.wasm")), plain);

    // Without the code, and where it is looked for by convention.
    std::fs::remove_file(&debug).expect("there");
    let by_convention = folder.path().join("app.wasm.debug.wasm");
    let mut objcopy = Command::new("llvm-objcopy-19");
    objcopy.arg("--only-keep-debug").arg(&module).arg(&by_convention);
    run(&mut objcopy).exits(0);
    assert_eq!(shown_by_gdb(&gdb, &strip(&module, "https://example.org/all.wasm")), plain);
}

#[test]
fn what_is_not_there_or_of_another_build_is_a_warning() {
    need!("clang-19");
    need!("llvm-objcopy-19");
    let folder = scratch();
    let module = build(folder.path(), &["-gdwarf-5"]);
    let stripped = strip(&module, "gone.wasm");
    let (_, warning) = compile(&stripped);
    let expected =
        "debug information: `gone.wasm`, where the module says that it is, was not found";
    assert!(warning.contains(expected), "{warning}");

    let other = folder.path().join("other.wasm");
    let mut clang = Command::new("clang-19");
    clang.args(["--target=wasm32-wasi", "-g"]).arg(fixture("debug/scalars.c"));
    run(clang.arg("-o").arg(&other)).exits(0);
    let (_, warning) = compile(&strip(&module, "other.wasm"));
    assert!(warning.contains("`other.wasm` belongs to another build of the module"), "{warning}");

    let split = build(folder.path(), &["-gsplit-dwarf", "-gdwarf-5"]);
    remove_objects(folder.path());
    let (artifact, warning) = compile(&split);
    for part in ["files of split DWARF were not found", "shapes.dwo", "sum.dwo"] {
        assert!(warning.contains(part), "{warning}");
    }
    run(precast().arg("run").arg(artifact)).exits(0);
}
