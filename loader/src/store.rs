//! Stores, and all that lives in them.
//!
//! | rank | modules |
//! |-|-|
//! | what a store may use | `limits` |
//! | tables | `elements` |
//! | exception records | `exceptions` |
//! | linear memories | `linear` |
//! | requests to stop | `interrupts` |
//! | calls in progress, and their stacks | `activations` |
//! | host functions | `host` |
//! | instances | `instance` |
//! | all of them together | `contents` |
//! | data and element segments | `segments` |
//! | a store made as new | `reset` |
//! | the store as the host has it | `access` |

pub(crate) mod access;
pub(crate) mod activations;
pub(crate) mod contents;
pub(crate) mod elements;
pub(crate) mod exceptions;
pub(crate) mod host;
pub(crate) mod instance;
pub(crate) mod interrupts;
pub(crate) mod limits;
pub(crate) mod linear;
pub(crate) mod reset;
pub(crate) mod segments;
