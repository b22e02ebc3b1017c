//! What the host works with: handles into a store, and functions with Rust
//! types.

pub(crate) mod caller;
pub(crate) mod externs;
pub(crate) mod func;
pub(crate) mod global;
pub(crate) mod instance;
pub(crate) mod memory;
pub(crate) mod table;
pub(crate) mod typed;
