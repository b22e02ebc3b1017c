//! Artifacts: opened, checked, mapped, and known to who looks for code.

mod fit;
pub(crate) mod image;
pub(crate) mod info;
mod linked;
pub(crate) mod registry;
mod symbol_file;
