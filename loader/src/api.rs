//! What the host works with: handles into a store, and functions with Rust
//! types.
//!
//! | rank | modules |
//! |-|-|
//! | memories | `memory` |
//! | tables | `table` |
//! | values as people write them | `text` |
//! | globals, tags, exceptions, host references | `global` |
//! | what is exported and imported | `externs` |
//! | what a host function is given | `caller` |
//! | functions | `func` |
//! | functions with Rust types | `typed` |
//! | calls that can be suspended | `suspend` |
//! | calls as futures | `future` |
//! | instances | `instance` |

pub(crate) mod caller;
pub(crate) mod externs;
pub(crate) mod func;
pub(crate) mod future;
pub(crate) mod global;
pub(crate) mod instance;
pub(crate) mod memory;
pub(crate) mod suspend;
pub(crate) mod table;
mod text;
pub(crate) mod typed;
