//! Which contract an artifact was made for.

/// The versions that an artifact was made for. Each covers one part of the
/// contract; a loader takes an artifact when all three are known to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Sections, the note, the module description, search tables.
    pub container: u32,
    /// Context layout, store block, funcrefs, tables, calling convention.
    pub context: u32,
    /// The builtin table: order, signatures, meaning.
    pub builtins: u32,
}

impl Versions {
    /// What this source tree writes, and the only thing it reads.
    pub const CURRENT: Self = Self { container: 9, context: 5, builtins: 1 };
}
