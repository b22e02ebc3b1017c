//! Functions of the loader that machine code calls.

use crate::trap::TrapCode;

/// Functions of the loader that machine code calls through the builtin table.
/// Every argument and result is one 64-bit integer unless noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Builtin {
    /// `(host context, values)`: the call that a host-call stub forwards.
    HostCall = 0,
    /// `(ctx, memory, pages) -> old size in pages, or -1`.
    MemoryGrow,
    /// `(ctx, destination memory << 32 | source memory, destination, source, length)`.
    MemoryCopy,
    /// `(ctx, memory, address, byte, length)`.
    MemoryFill,
    /// `(ctx, memory << 32 | data segment, address, source offset, length)`.
    MemoryInit,
    /// `(ctx, data segment)`.
    DataDrop,
    /// `(ctx, table, elements, value) -> old size, or -1`.
    TableGrow,
    /// `(ctx, table, index, value, length)`.
    TableFill,
    /// `(ctx, destination table << 32 | source table, destination, source, length)`.
    TableCopy,
    /// `(ctx, table << 32 | element segment, index, source offset, length)`.
    TableInit,
    /// `(ctx, element segment)`.
    ElemDrop,
    /// `(ctx, tag) -> exnref`: a record for an exception of this tag of the
    /// module, its value slots zero.
    ExceptionNew,
    /// `(ctx, exnref)`: unwinds to a handler; does not return. Traps when the
    /// reference is null.
    Throw,
}

impl Builtin {
    /// Every builtin, in table order.
    pub const ALL: [Self; 13] = [
        Self::HostCall,
        Self::MemoryGrow,
        Self::MemoryCopy,
        Self::MemoryFill,
        Self::MemoryInit,
        Self::DataDrop,
        Self::TableGrow,
        Self::TableFill,
        Self::TableCopy,
        Self::TableInit,
        Self::ElemDrop,
        Self::ExceptionNew,
        Self::Throw,
    ];

    /// Offset of its code address in the builtin table.
    pub fn offset(self) -> i32 {
        self as i32 * 8
    }

    /// Number of arguments, the context included.
    pub fn arguments(self) -> usize {
        match self {
            Self::HostCall | Self::DataDrop | Self::ElemDrop | Self::ExceptionNew | Self::Throw => {
                2
            }
            Self::MemoryGrow => 3,
            Self::TableGrow => 4,
            Self::MemoryCopy
            | Self::MemoryFill
            | Self::MemoryInit
            | Self::TableFill
            | Self::TableCopy
            | Self::TableInit => 5,
        }
    }
}

/// What a builtin gives back to its stub, in the two System V return
/// registers: the result, and [how it came back](crate::abi#builtins-come-back-in-five-ways).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct BuiltinReturn {
    /// The result; meaningless unless `status` is zero.
    pub value: u64,
    /// Zero, or how the stub goes on instead of returning to the guest.
    pub status: u64,
}

impl BuiltinReturn {
    /// Status of a host function that failed; the error waits in the store.
    pub const HOST_ERROR: u64 = 256;

    /// Status when the call does not end, but goes on at an exception handler;
    /// the value is the address of what the stub needs for that.
    pub const HANDLER: u64 = 257;

    /// Status when the result comes later: the guest is left, and suspended.
    pub const PENDING: u64 = 258;

    /// The builtin came back with a result.
    pub fn ok(value: u64) -> Self {
        Self { value, status: 0 }
    }

    /// The builtin trapped.
    pub fn trap(code: TrapCode) -> Self {
        Self { value: 0, status: code as u64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builtins_are_numbered_in_table_order() {
        for (index, builtin) in Builtin::ALL.iter().enumerate() {
            assert_eq!(*builtin as usize, index);
        }
    }
}
