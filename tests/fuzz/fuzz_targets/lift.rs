//! Any bytes in the memory of a component that gives them as values: values, or a
//! trap, but no panic. The property of the test `hostile`, by its own code.
//!
//! ```sh
//! cd tests && RUSTC_BOOTSTRAP=1 cargo fuzz run lift
//! ```
#![no_main]

#[path = "../../tests/hostile/lifting.rs"]
mod lifting;

use libfuzzer_sys::fuzz_target;
use precast_loader::component::Component;
use std::sync::LazyLock;

static GUEST: LazyLock<Component> = LazyLock::new(lifting::guest);

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = lifting::lift(&GUEST, bytes) {
        assert!(error.trap_code().is_some(), "{error}");
    }
});
