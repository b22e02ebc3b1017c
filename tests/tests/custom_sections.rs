//! Custom sections that the compiler honours: branch hints, producers, names.

use precast_compiler::{Options, compile, text_to_binary};
use precast_tests::binaries::precast;
use precast_tests::outcome::run;
use precast_tests::scratch;

/// Of the constants that two ways through a function return, whether the
/// first comes first in the code.
fn in_order(body: &str) -> bool {
    let text = format!("(module (func (export \"f\") (param i32) (result i32) {body}))");
    let wasm = text_to_binary(text.as_bytes()).expect("a module");
    let target = Some("x86_64-unknown-linux-gnu".to_owned());
    let artifact = compile(&wasm, &Options { target, ..Options::default() }).expect("valid");
    let place = |constant: u32| {
        let bytes = constant.to_le_bytes();
        artifact.windows(4).position(|window| window == bytes).expect("an immediate")
    };
    place(0x1111_2222) < place(0x3333_4444)
}

const FIRST: &str = "(i32.const 0x11112222)";
const SECOND: &str = "(i32.const 0x33334444)";

fn if_else(hint: &str) -> bool {
    in_order(&format!("(local.get 0) {hint} (if (result i32) (then {FIRST}) (else {SECOND}))"))
}

/// The branch leads to the first constant.
fn br_if(hint: &str) -> bool {
    in_order(&format!("(block $out (local.get 0) {hint} (br_if $out) (return {SECOND})) {FIRST}"))
}

const LIKELY: &str = "(@metadata.code.branch_hint \"\\01\")";
const UNLIKELY: &str = "(@metadata.code.branch_hint \"\\00\")";

#[test]
fn unlikely_code_stands_at_the_end() {
    assert!(if_else(LIKELY));
    assert!(!if_else(UNLIKELY));
    assert!(br_if(LIKELY));
    assert!(!br_if(UNLIKELY));
    // Neither would prove much if there were only one order without hints.
    assert!(if_else("") != if_else(LIKELY) || if_else("") != if_else(UNLIKELY));
}

#[test]
fn producers_are_told_to_tools() {
    let folder = scratch();
    let module = folder.path().join("module.wat");
    let text = "(module (@producers (language \"C11\" \"\") (processed-by \"clang\" \"19.1.7\")))";
    std::fs::write(&module, text).expect("a writable folder");
    let artifact = folder.path().join("module.cwasm");
    run(precast().arg("compile").arg(&module).arg("-o").arg(&artifact)).succeeds();
    let ours = concat!("precast ", env!("CARGO_PKG_VERSION"));
    let bytes = std::fs::read(&artifact).expect("the artifact");
    let comment = format!("{ours}\0language C11\0processed-by clang 19.1.7\0");
    assert!(bytes.windows(comment.len()).any(|window| window == comment.as_bytes()));
    let report = run(precast().args(["inspect", "--json"]).arg(&artifact)).succeeds();
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    let expected = serde_json::json!([ours, "language C11", "processed-by clang 19.1.7"]);
    assert_eq!(report["producers"], expected);
}

#[test]
fn damaged_custom_sections_are_no_error() {
    for name in ["name", "producers", "metadata.code.branch_hint"] {
        for contents in [&b"\x01"[..], b"\xff\xff\xff\xff\x0f", b"\x01\x05names\xff", b"\x00\x01"] {
            let mut wasm = b"\0asm\x01\0\0\0\0".to_vec();
            wasm.push((1 + name.len() + contents.len()) as u8);
            wasm.push(name.len() as u8);
            wasm.extend(name.as_bytes());
            wasm.extend(contents);
            compile(&wasm, &Options::default()).expect("valid");
        }
    }
}
