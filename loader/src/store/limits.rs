//! What a store may use.

/// What the instances of a [`Store`](crate::Store) may use, all together.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory. Growing beyond fails as the specification
    /// says: `memory.grow` gives -1.
    pub memory_bytes: u64,
    /// Elements of tables; as for memories. By default ten million.
    pub table_elements: u64,
    /// Bytes of stack for guest code, taken as they are touched. By default
    /// 8 MiB.
    pub stack_bytes: usize,
    /// Calls from host to guest inside one another, through host functions;
    /// beyond, a call traps with a stack overflow. By default 256; every level
    /// takes some of the host's stack.
    pub nested_calls: u32,
    /// Exceptions alive at the same time; beyond, the call that throws one
    /// fails with [`Error::Limit`](crate::Error::Limit). By default a million.
    pub exceptions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: u64::MAX,
            table_elements: 10_000_000,
            stack_bytes: 8 << 20,
            nested_calls: 256,
            exceptions: 1_000_000,
        }
    }
}
