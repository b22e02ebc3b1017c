//! Stores, and all that lives in them.

pub(crate) mod contents;
pub(crate) mod elements;
pub(crate) mod exceptions;
pub(crate) mod guest;
pub(crate) mod host;
pub(crate) mod linear;
pub(crate) mod segments;
