//! Artifacts: opened, checked, mapped, and known to who looks for code.
//!
//! | rank, lowest first | modules |
//! |-|-|
//! | what is derived from a module's description | `info` |
//! | does a file fit this machine | `fit` |
//! | images that are linked into the program | `linked` |
//! | which image an address belongs to | `registry` |
//! | what debuggers are told | `symbol_file` |
//! | opening, and the image itself | `image` |

mod fit;
pub(crate) mod image;
pub(crate) mod info;
mod linked;
mod registry;
mod symbol_file;
