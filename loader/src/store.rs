//! Stores, and all that lives in them.
//!
//! | rank | modules |
//! |-|-|
//! | what a store may use | `limits` |
//! | tables | `elements` |
//! | exception records | `exceptions` |
//! | linear memories | `linear` |
//! | host functions | `host` |
//! | instances | `instance` |
//! | all of them together | `contents` |
//! | data and element segments | `segments` |
//! | the store as the host has it | `access` |

pub(crate) mod access;
pub(crate) mod contents;
pub(crate) mod elements;
pub(crate) mod exceptions;
pub(crate) mod host;
pub(crate) mod instance;
pub(crate) mod limits;
pub(crate) mod linear;
pub(crate) mod segments;
