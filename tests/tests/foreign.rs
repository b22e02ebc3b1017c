//! Files that are not what a command takes: each is named, with what to do.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{Outcome, run};
use precast_tests::programs::file;
use precast_tests::{fixture, scratch};
use std::path::{Path, PathBuf};

fn hello() -> PathBuf {
    fixture("programs/hello.wasm")
}

fn compile(input: &Path, options: &[&str]) -> Outcome {
    run(precast().args(["compile", "-q", "-o", "/dev/null"]).args(options).arg(input))
}

/// The sections that tell wasmtime's artifacts, as `wasmtime compile` writes
/// them: an ELF object of 64 bits with a name table.
fn wasmtime_artifact() -> Vec<u8> {
    let names = b"\0.wasmtime.engine\0.shstrtab\0";
    let mut elf = b"\x7fELF\x02\x01\x01\xc8".to_vec();
    elf.resize(16, 0);
    let header: [(u64, usize); 13] = [
        (1, 2),
        (62, 2),
        (1, 4),
        (0, 8),
        (0, 8),
        (64 + names.len() as u64, 8),
        (1, 4),
        (64, 2),
        (0, 2),
        (0, 2),
        (64, 2),
        (3, 2),
        (2, 2),
    ];
    for (value, size) in header {
        elf.extend(&value.to_le_bytes()[..size]);
    }
    elf.extend(names);
    let mut section = |name: u64, kind: u64, offset: u64, size: u64| {
        let fields = [
            (name, 4),
            (kind, 4),
            (0, 8),
            (0, 8),
            (offset, 8),
            (size, 8),
            (0, 4),
            (0, 4),
            (1, 8),
            (0, 8),
        ];
        fields.iter().for_each(|(value, size)| elf.extend(&value.to_le_bytes()[..*size]));
    };
    section(0, 0, 0, 0);
    section(1, 1, 64, 0);
    section(18, 3, 64, names.len() as u64);
    elf
}

#[test]
fn files_of_other_formats_are_named_with_what_to_do() {
    let folder = scratch();
    let page = b"\n<!DOCTYPE html>\n<title>404</title>".to_vec();
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n".to_vec();
    for (name, content, says, help) in [
        ("a.wasm", b"\x1f\x8b\x08\0\0".to_vec(), "a compressed file", "help: unpack it first"),
        ("b.wasm", b"PK\x03\x04\0".to_vec(), "a ZIP archive", "unzip"),
        ("c.wasm", page, "a web page", "fetch the file again"),
        ("d.wasm", pointer, "Git LFS", "help: fetch the file with `git lfs pull`"),
        ("e.bc", b"BC\xc0\xde\0".to_vec(), "LLVM bitcode", "wasm-ld"),
        ("f.a", b"!<arch>\n".to_vec(), "a static library", "wasm-ld"),
        ("g.cwasm", wasmtime_artifact(), "an artifact of wasmtime", "`precast compile`"),
    ] {
        let path = file(&folder, name, content);
        let parts = [name, says, help, "\nhelp: "];
        compile(&path, &[]).exits(1).complains(&parts);
        run(precast_run().arg(&path)).exits(1).complains(&parts);
    }
    let program = std::env::current_exe().expect("this test");
    compile(&program, &[]).exits(1).complains(&["a program of the operating system"]);
    let artifact = folder.path().join("hello.cwasm");
    run(precast().args(["compile", "-q", "-o"]).arg(&artifact).arg(hello())).exits(0);
    let again = compile(&artifact, &[]).exits(1);
    again.complains(&["compiled already", "help: `precast run` runs it"]);
}

/// What `clang -c` writes: a section for linkers, and a memory that only linking
/// provides.
#[test]
fn relocatable_objects_are_to_be_linked() {
    let folder = scratch();
    let text = "(module (import \"env\" \"__linear_memory\" (memory 0))
        (@custom \"linking\" \"\\02\") (func (export \"f\")))";
    let object = file(&folder, "object.wat", text);
    compile(&object, &[])
        .exits(1)
        .complains(&["relocatable object", "help: link it with `wasm-ld`"]);
    // A linked module may keep the section.
    let text = "(module (memory 1) (@custom \"linking\" \"\\02\"))";
    compile(&file(&folder, "linked.wat", text), &[]).exits(0);
}

#[test]
fn what_is_not_supported_is_said_with_what_to_do() {
    let folder = scratch();
    // `try` with `catch_all`, of the proposal before the one that became part
    // of WebAssembly.
    let legacy =
        b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x08\x01\x06\0\x06\x40\x19\x0b\x0b";
    let gc = "(module (type (struct (field i32))))";
    let subtypes = "(module (type (sub (func))))";
    for (name, content, says, help) in [
        ("legacy.wasm", &legacy[..], "the legacy proposal", "wasm-opt --translate-to-exnref"),
        ("gc.wat", gc.as_bytes(), "garbage-collected types (the GC proposal)", "linear memory"),
        ("sub.wat", subtypes.as_bytes(), "types with subtypes", "linear memory"),
        ("i31.wat", b"(module (func (param i31ref)))", "references to I31", "linear memory"),
        (
            "shared.wat",
            b"(module (memory 1 2 shared))",
            "shared between threads",
            "without threads",
        ),
    ] {
        let outcome = compile(&file(&folder, name, content), &[]).exits(1);
        let outcome =
            outcome.complains(&[name, "not supported", "at offset 0x", says, help, "\nhelp: "]);
        assert!(!outcome.stderr.contains("--features"), "no option helps\n{}", outcome.stderr);
    }
    let component = file(&folder, "component.wasm", b"\0asm\x0d\0\x01\0\0\0\0\0");
    compile(&component, &[]).exits(1).complains(&["component"]);
}

/// The offset in an error is that of the operator in the file.
#[test]
fn offsets_are_those_of_the_file_and_options_those_that_exist() {
    let folder = scratch();
    let simd = "(module (func (drop (v128.const i64x2 0 0))))";
    let path = file(&folder, "simd.wat", simd);
    let outcome = compile(&path, &["--features", "all,-simd,-relaxed-simd"]).exits(1);
    outcome.complains(&["SIMD support is not enabled", "help: `--features +simd` allows it"]);
    compile(&path, &["--features", "all,-simd,-relaxed-simd,+simd"]).exits(0);
    // Header, type, function and code sections; the body's size and locals.
    let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x06\x01\x04\0\x41\0\x0b";
    let path = file(&folder, "left.wasm", module);
    let outcome = compile(&path, &[]).exits(1);
    // The value is left over at the function's end.
    outcome.complains(&["left.wasm", "function 0", &format!("at offset {:#x}", module.len() - 1)]);
}

#[test]
fn errors_in_text_name_the_file() {
    let folder = scratch();
    let text = file(&folder, "wrong.wat", "(module\n  (func (bogus)))");
    for command in ["compile", "run"] {
        let outcome = run(precast().current_dir(&folder).arg(command).arg("wrong.wat")).exits(1);
        let outcome = outcome.complains(&["wrong.wat:2:10"]);
        assert!(!outcome.stderr.contains("<anon>"), "{}", outcome.stderr);
    }
    drop(text);
}
