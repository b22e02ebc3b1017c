//! What was written.

use crate::place::ShortenedInAll;

/// What was written.
#[derive(Clone, Debug)]
pub(crate) struct EmitSummary {
    /// Name and size in bytes of every section, in file order.
    pub sections: Vec<(&'static str, u64)>,
    /// Size of the file in bytes.
    pub size: u64,
    /// Number of functions, folded ones included.
    pub functions: usize,
    /// Number of functions that share the code of another.
    pub folded: usize,
    /// Number of functions that begin where it suits their loops.
    pub aligned: usize,
    /// What takes fewer bytes than the code generator gave it.
    pub shortened: ShortenedInAll,
}
