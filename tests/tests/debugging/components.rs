//! From a Rust component through the adapter into the C one that it is composed
//! with, and back, with variables on both sides.

use crate::session::{debug, in_order};
use precast_compiler::text_to_binary;
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::{fixture, need, need_debugger, scratch};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Sections of a component that hold a core module, and another component.
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;

/// The component, with the core modules that its text only outlines.
fn composed(folder: &Path) -> PathBuf {
    let source = fixture("debug/component");
    let scales = folder.join("scales.wasm");
    let mut clang = Command::new("clang-19");
    clang.args(["--target=wasm32", "-nostdlib", "-Wl,--no-entry", "-g", "-O0"]);
    run(clang.arg(source.join("scales.c")).arg("-o").arg(&scales)).exits(0);
    let read = |path: PathBuf| fs::read(path).expect("a module");
    let mut modules = vec![read(source.join("caller.wasm")), read(scales)];
    let text = fs::read(source.join("app.wat")).expect("a text");
    let outline = text_to_binary(&text).expect("a component");
    let wasm = filled(&outline, &mut modules);
    assert!(modules.is_empty());
    let (component, artifact) = (folder.join("app.wasm"), folder.join("app.cwasm"));
    fs::write(&component, wasm).expect("a writable folder");
    let mut compile = precast();
    compile.args(["compile", "-q", "-g", "-O0"]).arg(component).arg("-o").arg(&artifact);
    run(&mut compile).exits(0);
    artifact
}

/// A component whose core modules are these, the last first.
fn filled(outline: &[u8], modules: &mut Vec<Vec<u8>>) -> Vec<u8> {
    let (header, mut rest) = outline.split_at(8);
    let mut filled = header.to_vec();
    while let Some((&id, after)) = rest.split_first() {
        let (size, after) = number(after);
        let (body, after) = after.split_at(size);
        rest = after;
        let body = match id {
            CORE_MODULE => modules.pop().expect("as many modules as are outlined"),
            COMPONENT => self::filled(body, modules),
            _ => body.to_vec(),
        };
        filled.push(id);
        let mut size = body.len();
        while size >= 0x80 {
            filled.push(size as u8 | 0x80);
            size >>= 7;
        }
        filled.push(size as u8);
        filled.extend(body);
    }
    filled
}

/// A number in LEB128, and what comes after it.
fn number(bytes: &[u8]) -> (usize, &[u8]) {
    let last = bytes.iter().position(|byte| byte & 0x80 == 0).expect("a number ends");
    let (number, rest) = bytes.split_at(last + 1);
    let number = number.iter().rev().fold(0, |all, byte| all << 7 | usize::from(byte & 0x7f));
    (number, rest)
}

#[test]
fn gdb_goes_through_the_adapter_and_back() {
    need!("clang-19");
    let gdb = need_debugger!("gdb", 13);
    let folder = scratch();
    let commands = [
        "set debuginfod enabled off",
        "break caller.rs:18",
        "run",
        "info locals",
        "step",
        "backtrace 2",
        "step",
        "backtrace 4",
        "next",
        "next",
        "step",
        "print *fruit",
        "finish",
        "print green",
        "finish",
        "finish",
        "next",
        "print grams",
        "print basket",
    ];
    let text = debug(&gdb, &["--gdb"], &commands, &composed(folder.path())).exits(0).text();
    in_order(
        &text,
        &[
            "caller::run () at /rust/caller.rs:18",
            "basket = caller::Basket {apples: 3, pears: 5}",
            "#0  ",
            "app.cwasm.wat:1",
            "#1  0x",
            "in caller::run () at /rust/caller.rs:18",
            "#0  weigh (apples=3, pears=5) at ",
            "scales.c:13",
            "#1  0x",
            "#2  0x",
            "in caller::run () at /rust/caller.rs:18",
            "of (fruit=0x",
            "scales.c:8",
            "$1 = {each = 150, count = 3}",
            "Value returned is $2 = 450",
            "$3 = {each = 180, count = 5}",
            "Value returned is $4 = 1350",
            "in caller::run () at /rust/caller.rs:18",
            "$5 = 1350",
            "$6 = caller::Basket {apples: 3, pears: 5}",
        ],
    );
}

#[test]
fn lldb_goes_through_the_adapter_and_back() {
    need!("clang-19");
    let lldb = need_debugger!("lldb", 16);
    let folder = scratch();
    let commands = [
        "breakpoint set -f caller.rs -l 18",
        "run",
        "frame variable basket",
        "thread step-in",
        "thread backtrace -c 2",
        "thread step-in",
        "thread backtrace -c 3",
        "thread step-over",
        "thread step-over",
        "thread step-in",
        "frame variable *fruit",
        "thread step-out",
        "frame variable green",
        "thread step-out",
        "thread step-out",
        "thread step-over",
        "frame variable basket grams",
    ];
    let text = debug(&lldb, &[], &commands, &composed(folder.path())).exits(0).text();
    in_order(
        &text,
        &[
            "run at caller.rs:18",
            "(caller::Basket) basket = (apples = 3, pears = 5)",
            "stop reason = step in",
            "frame #0: ",
            "app.cwasm.wat:1",
            "frame #1: ",
            "run at caller.rs:18",
            "weigh(apples=3, pears=5) at scales.c:13",
            "frame #1: ",
            "frame #2: ",
            "run at caller.rs:18",
            "of(fruit=0x",
            "scales.c:8",
            "(each = 150, count = 3)",
            "stop reason = step out",
            "green = (each = 180, count = 5)",
            "run at caller.rs:18",
            "run at caller.rs:19",
            "(caller::Basket) basket = (apples = 3, pears = 5)",
            "grams = 1350",
        ],
    );
}
