//! Making instances: what guests may import, whether it matches, and putting
//! everything in its place.

pub(crate) mod imports;
pub(crate) mod instantiate;
pub(crate) mod linker;
pub(crate) mod wasi;
