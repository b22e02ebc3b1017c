//! Commands of WASI preview 1 that an adapter made components of.

use super::component;
use precast_compiler::Options;
use precast_loader::component::Value;
use precast_loader::{Error, ProgramBuilder};
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, run_file, scratch};
use std::fs;
use std::path::{Path, PathBuf};

/// A component of a command, in a file.
fn command(module: &Path, folder: &Path) -> PathBuf {
    let component = super::command(&fs::read(module).expect("a module"));
    let file = folder.join(module.file_name().expect("a name"));
    fs::write(&file, component).expect("a file");
    file
}

/// A guest does as a component what it does as a module: to the last byte.
fn behaves_as_the_module(name: &str) {
    let folder = scratch();
    let component = command(&fixture(&format!("wasi/{name}.wasm")), folder.path());
    for model in ["guard", "bounds"] {
        let start = || {
            let mut command = precast();
            command.args(["run", "--memory-model", model]);
            command
        };
        run_file::follow(&fixture(&format!("wasi/{name}.run")), &component, &start);
    }
}

macro_rules! guests {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            behaves_as_the_module(stringify!($name));
        })*

        const GUESTS: &[&str] = &[$(stringify!($name)),*];
    };
}

guests!(
    args, escape, exit, fd, file, misc, open, path, poll, readdir, readonly, ruststd, sock, trap,
);

#[test]
fn every_guest_of_preview_1_is_listed() {
    let entries = fs::read_dir(fixture("wasi")).expect("the fixtures");
    let names = entries.map(|entry| entry.expect("a readable folder").path());
    let mut runs: Vec<String> = names
        .filter(|path| path.extension().is_some_and(|e| e == "run"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        // There is no adapter for preview 0.
        .filter(|name| name != "preview0")
        .collect();
    runs.sort();
    assert_eq!(runs, GUESTS);
}

/// What the adapter does by itself: every code but 0 becomes 1. So it is where the
/// loader's own preview 1 is not wanted.
#[test]
fn an_adapter_that_is_not_replaced_does_what_it_does_elsewhere() {
    let folder = scratch();
    let component = command(&fixture("wasi/exit.wasm"), folder.path());
    let run = |options: &[&str], code: &str| {
        run(precast().arg("run").args(options).arg(&component).arg(code))
    };
    run(&[], "3").exits(3);
    run(&["--disable", "direct-preview1"], "3").exits(1);
    run(&["--disable", "direct-preview1"], "0").exits(0);
}

/// Of a function that is imported twice, as Go does, the second has another name in
/// a component.
#[test]
fn a_function_that_is_imported_twice_is_the_same() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "fd_write"
            (func $one (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $two (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "\10\00\00\00\02\00\00\00")
        (data (i32.const 16) "x\n")
        (func (export "_start")
            (drop (call $one (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (drop (call $two (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $exit (i32.const 3))))"#;
    let wasm = precast_compiler::text_to_binary(text.as_bytes()).expect("a module");
    let folder = scratch();
    let module = folder.path().join("twice.wasm");
    fs::write(&module, wasm).expect("a file");
    fs::create_dir(folder.path().join("command")).expect("a folder");
    let component = command(&module, &folder.path().join("command"));
    let bytes = fs::read(&component).expect("a component");
    assert!(bytes.windows(13).any(|name| name == b"fd_write [v2]"));
    for file in [&module, &component] {
        run(precast().arg("run").arg(file)).exits(3).prints("x\nx\n");
    }
}

/// A host that has functions of its own for WASI 0.2 is asked by the adapter.
#[test]
fn a_host_with_functions_of_its_own_is_asked() {
    let wasm = super::command(&fs::read(fixture("wasi/exit.wasm")).expect("a guest"));
    let artifact = precast_embed::compile(&wasm, &Options::default()).expect("an artifact");
    let program = || {
        let mut builder = ProgramBuilder::new();
        builder.wasi().args(["exit", "3"]);
        builder.build()
    };
    assert_eq!(program().run(&artifact).expect("an end"), 3);
    let mut with_own = program();
    let exit = ["wasi:cli/exit@0.2.12", "exit"];
    with_own.component_linker_mut().func_new(&exit, |_, arguments| {
        assert_eq!(arguments, [Value::Result(Err(None))]);
        Err(Error::Exit(77))
    });
    assert_eq!(with_own.run(&artifact).expect("an end"), 77);
}

/// An adapter that asks for no files gives none, whatever is granted: here, that
/// of components that answer requests.
#[test]
fn what_a_component_does_not_ask_for_it_does_not_get() {
    let folder = scratch();
    fs::write(folder.path().join("secret"), "text").expect("a file");
    let text = r#"(module
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (data (i32.const 8) "secret")
        (func (export "_start")
            (if (call $open (i32.const 3) (i32.const 0) (i32.const 8) (i32.const 6)
                    (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0))
                (then (call $exit (i32.const 5))))
            (call $exit (i32.const 4))))"#;
    let wasm = precast_compiler::text_to_binary(text.as_bytes()).expect("a module");
    let module = folder.path().join("opens.wasm");
    fs::write(&module, wasm).expect("a file");
    let opens = |component: &Path| {
        let mut command = precast();
        command.args(["run", "--dir"]).arg(folder.path());
        run(command.arg(component)).code
    };
    assert_eq!(opens(&module), Some(4));
    fs::create_dir(folder.path().join("command")).expect("a folder");
    assert_eq!(opens(&command(&module, &folder.path().join("command"))), Some(4));
    // The same, of a component whose adapter has no files: its exit is none of a
    // command's either.
    let narrow = narrow(&fs::read(&module).expect("a module"));
    let file = folder.path().join("narrow.wasm");
    fs::write(&file, narrow).expect("a file");
    assert_eq!(opens(&file), Some(1));
}

/// A component with an adapter of its own that refuses every file, and asks its
/// host for nothing but to exit.
fn narrow(module: &[u8]) -> Vec<u8> {
    let text = r#"(module
        (import "wasi:cli/exit@0.2.3" "exit" (func $exit (param i32)))
        (import "__main_module__" "_start" (func $start))
        (import "env" "memory" (memory 0))
        (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)
            (i32.const 2))
        (func (export "proc_exit") (param i32) (call $exit (i32.const 1)))
        (func (export "wasi:cli/run@0.2.3#run") (result i32) (call $start) (i32.const 0)))"#;
    let mut adapter = precast_compiler::text_to_binary(text.as_bytes()).expect("an adapter");
    let wit = "package test:narrow;
        world narrow { import wasi:cli/exit@0.2.3; export wasi:cli/run@0.2.3; }
        package wasi:cli@0.2.3 {
            interface exit { exit: func(status: result); }
            interface run { run: func() -> result; }
        }";
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("narrow.wit", wit).expect("WIT");
    let world = resolve.select_world(&[package], None).expect("a world");
    let utf8 = wit_component::StringEncoding::UTF8;
    wit_component::embed_component_metadata(&mut adapter, &resolve, world, utf8, false)
        .expect("metadata");
    component(module, &adapter)
}
