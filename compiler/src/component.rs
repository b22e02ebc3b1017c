//! Components: taken apart into core modules and what connects them.
//!
//! | rank | modules |
//! |-|-|
//! | a component as plain data | [`mod@flatten`] |

mod flatten;

pub(crate) use flatten::{Flat, FlatModule, flatten};

/// Whether a file is a component, by its header.
pub(crate) fn is_component(wasm: &[u8]) -> bool {
    wasm.starts_with(&[0, b'a', b's', b'm', 0x0d, 0, 1, 0])
}
