//! What a store may use.

use crate::error::Error;
use crate::limit::LimitKind;

/// What the instances of a [`Store`](crate::Store) may use, all together. What a
/// guest asks of WASI is limited by
/// [`WasiCtxBuilder`](crate::wasi::WasiCtxBuilder), its time by
/// [`Store::set_deadline`](crate::Store::set_deadline).
///
/// An error that comes of a limit says so: [`Error::limit`](crate::Error::limit).
/// Where the specification has the guest told instead, because `memory.grow` or
/// `table.grow` gives -1, [`Store::limit_reached`](crate::Store::limit_reached)
/// remembers it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of linear memory. Growing beyond fails as the specification
    /// says: `memory.grow` gives -1.
    pub memory_bytes: u64,
    /// Elements of tables; as for memories. By default ten million.
    pub table_elements: u64,
    /// Instances, of all artifacts. By default ten thousand.
    pub instances: u64,
    /// Memories; each takes address space, of 4 GiB or more unless it was
    /// compiled otherwise. By default ten thousand.
    pub memories: u64,
    /// Bytes of address space that memories reserve, with the guards behind them.
    pub address_space: u64,
    /// Tables that code of one module alone does not own. By default ten
    /// thousand.
    pub tables: u64,
    /// Globals. By default ten million.
    pub globals: u64,
    /// Types of the modules of all instances. By default ten million.
    pub types: u64,
    /// Bytes of stack for guest code, taken as they are touched. By default
    /// 8 MiB.
    pub stack_bytes: usize,
    /// Calls from host to guest inside one another, through host functions;
    /// beyond, a call traps with a stack overflow. By default 256; every level
    /// takes some of the host's stack.
    pub nested_calls: u32,
    /// Bytes of exceptions that are alive at the same time; beyond, the call that
    /// throws one fails with [`Error::Limit`]. By default
    /// 64 MiB.
    pub exception_bytes: u64,
    /// Calls that are suspended at the same time; beyond, the call that would be
    /// fails. Each has a stack. By default a hundred thousand.
    pub suspended_calls: u64,
    /// Units of fuel that a store begins with: one for each operator that is
    /// executed, see [`Store::set_fuel`](crate::Store::set_fuel). By default work is
    /// not limited.
    pub fuel: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: u64::MAX,
            table_elements: 10_000_000,
            instances: 10_000,
            memories: 10_000,
            address_space: u64::MAX,
            tables: 10_000,
            globals: 10_000_000,
            types: 10_000_000,
            stack_bytes: 8 << 20,
            nested_calls: 256,
            exception_bytes: 64 << 20,
            suspended_calls: 100_000,
            fuel: None,
        }
    }
}

/// Fails when `more` would exceed a limit.
#[inline]
pub(crate) fn allow(kind: LimitKind, used: u64, more: u64, limit: u64) -> Result<(), Error> {
    match used.checked_add(more).is_some_and(|total| total <= limit) {
        true => Ok(()),
        false => Err(exceeded(kind, used, more, limit)),
    }
}

#[cold]
fn exceeded(kind: LimitKind, used: u64, more: u64, limit: u64) -> Error {
    let message = format!("{more} {kind} wanted, {used} in use, and the limit is {limit}");
    Error::Limit(kind, message)
}
