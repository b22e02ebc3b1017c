//! Modules from the fuzzer's bytes under Precast and under an interpreter: the
//! property of the test `differential`, by its own code.
//!
//! ```sh
//! cd tests && ulimit -s 1048576 && RUSTC_BOOTSTRAP=1 cargo fuzz run differential -- -len_control=0
//! ```
//!
//! The interpreter takes stack for every instruction where coverage is counted.
//! Best begun with files of some thousand random bytes: short ones make modules
//! without functions.
#![no_main]
// Parts of these serve the test alone.
#![allow(dead_code)]

#[path = "../../tests/differential/interpreter.rs"]
mod interpreter;
#[path = "../../tests/differential/module.rs"]
mod module;
#[path = "../../tests/differential/native.rs"]
mod native;
#[path = "../../tests/differential/trace.rs"]
mod trace;

use libfuzzer_sys::{Corpus, fuzz_target};
use std::hash::{DefaultHasher, Hash, Hasher};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some(wasm) = module::from_bytes(module::plain_config(true), bytes) else {
        return Corpus::Reject;
    };
    let expected = interpreter::run(&wasm, 0);
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    for options in native::ways(hasher.finish()) {
        if let Some(difference) = expected.difference(&native::run(&wasm, 0, &options)) {
            panic!("with {options:?}: {difference}");
        }
    }
    Corpus::Keep
});
