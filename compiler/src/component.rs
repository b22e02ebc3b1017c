//! Components: taken apart into core modules and what connects them.
//!
//! | rank | modules |
//! |-|-|
//! | other crates' panics | [`panics`] |
//! | a component as plain data | [`mod@flatten`] |
//! | what its parts are called, adapters that copy at once, WIT | [`mod@labels`], [`copies`], [`mod@wit`] |

mod copies;
mod flatten;
mod labels;
mod panics;
mod wit;

use crate::error::Result;
pub(crate) use flatten::{Flat, FlatModule, flatten};
pub(crate) use labels::ModuleLabel;
pub use panics::mute_caught_panics;
use std::borrow::Cow;
use std::collections::HashMap;

/// Whether a file is a component, by its header.
pub(crate) fn is_component(wasm: &[u8]) -> bool {
    wasm.starts_with(&[0, b'a', b's', b'm', 0x0d, 0, 1, 0])
}

/// Has the adapters of a component copy lists of plain numbers at once.
pub(crate) fn copy_lists(flat: &mut Flat<'_>) -> Result<()> {
    for module in flat.modules.iter_mut().filter(|module| module.offset.is_none()) {
        if let Some(copying) = copies::with_copies(&module.wasm)? {
            module.wasm = Cow::Owned(copying);
        }
    }
    Ok(())
}

/// The interface of a component as WIT; none if it cannot be said so.
#[must_use]
pub fn component_wit(component: &[u8]) -> Option<String> {
    wit::wit(component)
}

/// What the core modules of a component are called, by where they begin.
pub(crate) fn module_labels(component: &[u8]) -> Result<HashMap<u64, ModuleLabel>> {
    labels::labels(component)
}
