//! Making instances: what guests may import, whether it matches, and putting
//! everything in its place.
//!
//! | rank | modules |
//! |-|-|
//! | what imports are satisfied with | `imports` |
//! | an instance in the making | `builder` |
//! | its initialisation plan | `initialise` |
//! | all of it in order | `instantiate` |
//! | linked once, for many instances | `prepared` |
//! | instances that are used again | `pool` |
//! | names for what guests may import | `linker` |
//! | WASI among them | `wasi` |

mod builder;
pub(crate) mod imports;
mod initialise;
pub(crate) mod instantiate;
pub(crate) mod linker;
pub(crate) mod pool;
pub(crate) mod prepared;
pub(crate) mod wasi;
