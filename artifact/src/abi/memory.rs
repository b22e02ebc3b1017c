//! Address space of memories.

/// Address space reserved from the base of a 32-bit memory: any 32-bit index
/// plus any 32-bit offset plus the widest access stays inside, so such
/// accesses carry no check.
pub const MEMORY32_RESERVATION: u64 = (8 << 30) + (64 << 10);
/// Address space reserved from the base of a 64-bit memory. Code compares
/// `index + offset + size` with it; beyond the current size protection traps.
pub const MEMORY64_RESERVATION: u64 = 64 << 30;
/// Inaccessible bytes after every reservation that code compares with, for
/// accesses at its very end.
pub const MEMORY_GUARD: u64 = 64 << 10;
/// Bytes from address zero where no process has anything mapped: where
/// accesses go that fail a comparison with a memory's length (see
/// [`MemoryModel::Bounds`](crate::module::MemoryModel)).
pub const NULL_GUARD: u64 = 4096;
