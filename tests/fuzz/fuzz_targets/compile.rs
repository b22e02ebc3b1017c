//! Any bytes: compiled, or refused, but no panic.
//!
//! ```sh
//! cd tests && RUSTC_BOOTSTRAP=1 cargo fuzz run compile
//! ```
#![no_main]

use libfuzzer_sys::fuzz_target;
use precast_compiler::{Options, compile};

fuzz_target!(|bytes: &[u8]| {
    let _ = compile(bytes, &Options { threads: Some(1), debug_info: true, ..Options::default() });
});
