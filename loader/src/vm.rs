//! What machine code and the loader both see: values, types, layouts.
//!
//! | rank | modules |
//! |-|-|
//! | types, interned for the process | `types` |
//! | import matching | `matching` |
//! | what machine code reads, as Rust sees it | `layout` |
//! | slots in which values cross | `raw` |
//! | handles into a store | `handle` |
//! | values and exceptions | `value` |

pub(crate) mod handle;
pub(crate) mod layout;
pub(crate) mod matching;
pub(crate) mod raw;
pub(crate) mod types;
pub(crate) mod value;
