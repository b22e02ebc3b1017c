//! Artifacts: opened, checked, mapped, and known to who looks for code.
//!
//! | rank | modules |
//! |-|-|
//! | what is derived from a module's description | `info` |
//! | does a file fit this machine | `fit` |
//! | images that are linked into the program | `linked` |
//! | which image an address belongs to | `registry` |
//! | what debuggers are told | `symbol_file` |
//! | signatures | `trust` |
//! | the image in memory | `image` |
//! | opening it | `open` |

mod fit;
pub(crate) mod image;
pub(crate) mod info;
mod linked;
pub(crate) mod open;
mod registry;
mod symbol_file;
pub(crate) mod trust;
