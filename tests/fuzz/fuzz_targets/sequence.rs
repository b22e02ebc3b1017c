//! Sequences of calls of the loader's interface, beside a model: the property of the
//! test `pools`, by its own code.
//!
//! ```sh
//! cd tests && RUSTC_BOOTSTRAP=1 cargo fuzz run sequence
//! ```
#![no_main]

#[path = "../../tests/pools/sequence.rs"]
mod sequence;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| sequence::follow(bytes));
