//! Any bytes after the header of a component: compiled, or refused, but no panic.
//! Best begun with the components that `fixtures/components/make.sh` makes, without
//! their first eight bytes.
//!
//! ```sh
//! cd tests && RUSTC_BOOTSTRAP=1 cargo fuzz run component
//! ```
#![no_main]

use libfuzzer_sys::fuzz_target;
use precast_compiler::{Options, compile, mute_caught_panics};

// What compiling catches of others' panics is an error, and no crash.
fuzz_target!(init: mute_caught_panics(), |bytes: &[u8]| {
    let component = [b"\0asm\x0d\0\x01\0", bytes].concat();
    let _ =
        compile(&component, &Options { threads: Some(1), debug_info: true, ..Options::default() });
});
