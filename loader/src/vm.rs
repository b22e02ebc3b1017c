//! What machine code and the loader both see: values, types, layouts.
//!
//! | rank | modules |
//! |-|-|
//! | types, interned for the process | `types` |
//! | import matching | `matching` |
//! | slots in which values cross | `raw` |
//! | calls into guests | `activation` |
//! | what machine code reads, as Rust sees it | `layout` |
//! | handles into a store | `handle` |
//! | values and exceptions | `value` |

pub(crate) mod activation;
pub(crate) mod handle;
pub(crate) mod layout;
pub(crate) mod matching;
pub(crate) mod raw;
pub(crate) mod types;
pub(crate) mod value;
