//! Components of several languages, and of two at once: what they print is what
//! wasmtime 49 prints of them.

use precast_tests::binaries::{precast, precast_run};
use precast_tests::outcome::{run, run_with_input};
use precast_tests::{fixture, run_file, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs what a program's `.run` file says with it as a component.
fn follow(name: &str, component: &Path) {
    let start = || {
        let mut command = precast();
        command.arg("run");
        command
    };
    run_file::follow(&fixture(&format!("programs/{name}.run")), component, &start);
}

/// Programs in C, C++ and Rust, by the adapter.
#[test]
fn commands_in_c_and_rust() {
    let folder = scratch();
    for name in ["hello", "words", "shapes", "inventory"] {
        let module = fs::read(fixture(&format!("programs/{name}.wasm"))).expect("a program");
        let file = folder.path().join(format!("{name}.wasm"));
        fs::write(&file, super::command(&module)).expect("a file");
        follow(name, &file);
    }
}

fn made(name: &str) -> PathBuf {
    let file = fixture(&format!("real/components/{name}.wasm"));
    assert!(file.is_file(), "run fixtures/components/make.sh, which makes {}", file.display());
    file
}

/// A component as an artifact, ready to run with these options.
fn compiled(name: &str, folder: &Path, options: &[&str]) -> Command {
    let artifact = folder.join(format!("{name}.cwasm"));
    run(precast().arg("compile").arg(made(name)).arg("-o").arg(&artifact)).succeeds();
    let mut command = precast_run();
    command.args(options).arg(artifact);
    command
}

/// JavaScript on two engines, and Python.
#[test]
#[ignore = "components that fixtures/components/make.sh makes"]
fn libraries_of_many_languages() {
    let folder = scratch();
    for name in ["quickjs", "spidermonkey", "python"] {
        for (given, greeting) in [
            ("{first: \"Ada\", last: \"Lovelace\"}", "\"Hello, Ada Lovelace!\"\n"),
            ("{last: \"\u{2603}\", first: \"\u{c9}va\"}", "\"Hello, \u{c9}va \u{2603}!\"\n"),
        ] {
            let call = format!("greet({given})");
            run(&mut compiled(name, folder.path(), &["--invoke", &call]))
                .succeeds()
                .prints(greeting);
        }
    }
}

#[test]
#[ignore = "components that fixtures/components/make.sh makes"]
fn commands_of_many_languages() {
    for name in ["hello", "words", "shapes", "inventory"] {
        follow(name, &made(name));
    }
    let folder = scratch();
    let mut go = compiled("go", folder.path(), &[]);
    let outcome = run_with_input(go.args(["one", "two"]), b"a line\nanother");
    outcome.exits(2).prints("Hello from Go, [one two]\n\"a line\"\n\"another\"\n");
}

/// C calls JavaScript and Python: strings between encodings, resources that one
/// side makes, and the other owns and lends.
#[test]
#[ignore = "components that fixtures/components/make.sh makes"]
fn compositions_of_two_languages() {
    const UTF8: &str = "20: 48 65 6c 6c 6f 2c 20 41 64 61 20 4c 6f 76 65 6c 61 63 65 21\n\
        21: 48 65 6c 6c 6f 2c 20 c3 89 76 61 20 e2 98 83 20 f0 9f 98 80 21\n\
        9: 48 65 6c 6c 6f 2c 20 20 21\n";
    const UTF16: &str = "20: 48 65 6c 6c 6f 2c 20 41 64 61 20 4c 6f 76 65 6c 61 63 65 21\n\
        16: 48 65 6c 6c 6f 2c 20 c9 76 61 20 2603 20 d83d de00 21\n\
        9: 48 65 6c 6c 6f 2c 20 20 21\n";
    let folder = scratch();
    let start =
        |name: &str| run(&mut compiled(name, folder.path(), &["--report-handles"])).exits(0);
    start("c-quickjs-utf8").prints(UTF8);
    start("c-quickjs-utf16").prints(UTF16);
    let resources = "15 107\ntotal 122\nnone 0\nnext 16\n";
    start("c-python").prints([UTF8, resources].concat());
}
