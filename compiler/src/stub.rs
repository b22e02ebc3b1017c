//! Stubs: code that is no function of the source.

use crate::function::CompiledFunction;
use precast_artifact::index::{CanonicalTypeIndex, FuncIndex, ModuleIndex};

/// A stub and what it is for.
#[derive(Clone)]
pub(crate) struct Stub {
    /// The module whose types and imports it is for.
    pub module: ModuleIndex,
    pub kind: StubKind,
    pub function: CompiledFunction,
}

/// Kinds of stubs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StubKind {
    /// Host to guest, for a type.
    Entry(CanonicalTypeIndex),
    /// Guest to host, for a type.
    Host(CanonicalTypeIndex),
    /// Forwards to an imported function, for entries of private tables.
    Import(FuncIndex),
}
