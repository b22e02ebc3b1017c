//! What can be limited, by name.

use std::fmt;

/// What a guest can use up: a field of [`Limits`](crate::Limits), the deadline of
/// its store, or what [`WasiCtxBuilder`](crate::wasi::WasiCtxBuilder) bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitKind {
    /// Bytes of linear memory.
    MemoryBytes,
    /// Elements of tables.
    TableElements,
    /// Instances.
    Instances,
    /// Memories.
    Memories,
    /// Bytes of address space that memories reserve.
    AddressSpace,
    /// Tables.
    Tables,
    /// Globals.
    Globals,
    /// Types.
    Types,
    /// Bytes of stack.
    StackBytes,
    /// Calls from host to guest inside one another.
    NestedCalls,
    /// Bytes of exceptions.
    ExceptionBytes,
    /// Calls that are suspended.
    SuspendedCalls,
    /// Bytes written to standard output and error.
    OutputBytes,
    /// Open descriptors.
    Descriptors,
    /// Bytes of directory listings that are held open.
    ListingBytes,
    /// Time: the deadline.
    Time,
    /// Units of fuel, which code that was compiled with it takes as it works.
    Fuel,
}

impl fmt::Display for LimitKind {
    /// What is counted, such as `bytes of linear memory`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MemoryBytes => "bytes of linear memory",
            Self::TableElements => "table elements",
            Self::Instances => "instances",
            Self::Memories => "memories",
            Self::AddressSpace => "bytes of address space",
            Self::Tables => "tables",
            Self::Globals => "globals",
            Self::Types => "types",
            Self::StackBytes => "bytes of stack",
            Self::NestedCalls => "nested calls",
            Self::ExceptionBytes => "bytes of exceptions",
            Self::SuspendedCalls => "suspended calls",
            Self::OutputBytes => "bytes of output",
            Self::Descriptors => "open descriptors",
            Self::ListingBytes => "bytes of directory listings",
            Self::Time => "time",
            Self::Fuel => "units of fuel",
        })
    }
}
