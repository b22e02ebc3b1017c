//! What machine code and the loader both see: values, types, layouts.

pub(crate) mod layout;
pub(crate) mod matching;
pub(crate) mod types;
pub(crate) mod value;
