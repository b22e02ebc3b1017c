//! Trap codes, as they stand in the code-site table and in trap reports.

use std::fmt;

/// Why a guest was stopped. The numbers are part of the container format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TrapCode {
    /// The guest stack was exhausted.
    StackOverflow = 1,
    /// A linear-memory access out of bounds.
    MemoryOutOfBounds = 2,
    /// A table access out of bounds.
    TableOutOfBounds = 3,
    /// An indirect call through a null table element.
    IndirectCallToNull = 4,
    /// An indirect call to a function of another type.
    BadSignature = 5,
    /// Signed division overflow, or a conversion out of range.
    IntegerOverflow = 6,
    /// Integer division or remainder by zero.
    IntegerDivisionByZero = 7,
    /// A NaN converted to an integer.
    BadConversionToInteger = 8,
    /// The `unreachable` instruction.
    Unreachable = 9,
    /// A null reference where a non-null one is needed.
    NullReference = 10,
    /// The host asked the guest to stop, or its deadline passed.
    Interrupt = 11,
    /// The fuel given to the store ran out.
    OutOfFuel = 12,
    /// An atomic access at an address that is not aligned.
    UnalignedAtomic = 13,
    /// A reference cast failed.
    CastFailure = 14,
    /// An array access out of bounds.
    ArrayOutOfBounds = 15,
    /// `memory.atomic.wait` on a memory that is not shared.
    WaitOnUnsharedMemory = 16,
    /// A component instance was entered while it ran, or after a trap.
    CannotEnterComponent = 17,
    /// A component instance called out while its values were passed.
    CannotLeaveComponent = 18,
    /// A `char` that is no Unicode scalar value.
    InvalidChar = 19,
    /// A string of a component beyond its memory.
    StringOutOfBounds = 20,
    /// A list of a component beyond its memory.
    ListOutOfBounds = 21,
    /// A variant of a component without such a case.
    InvalidDiscriminant = 22,
    /// A pointer of a component that is not aligned.
    UnalignedPointer = 23,
    /// An exception that would leave a component.
    UncaughtException = 24,
    /// The code between two components found itself to be wrong.
    AdapterFault = 25,
    /// A handle of a component that does not exist, is of another type, or is
    /// lent.
    InvalidHandle = 26,
    /// A string of a component that is not in its encoding.
    InvalidString = 27,
    /// Memory that a component gave for values of a call, and that does not do.
    InvalidAllocation = 28,
}

impl TrapCode {
    /// Every code, in order of its number.
    pub const ALL: [Self; 28] = [
        Self::StackOverflow,
        Self::MemoryOutOfBounds,
        Self::TableOutOfBounds,
        Self::IndirectCallToNull,
        Self::BadSignature,
        Self::IntegerOverflow,
        Self::IntegerDivisionByZero,
        Self::BadConversionToInteger,
        Self::Unreachable,
        Self::NullReference,
        Self::Interrupt,
        Self::OutOfFuel,
        Self::UnalignedAtomic,
        Self::CastFailure,
        Self::ArrayOutOfBounds,
        Self::WaitOnUnsharedMemory,
        Self::CannotEnterComponent,
        Self::CannotLeaveComponent,
        Self::InvalidChar,
        Self::StringOutOfBounds,
        Self::ListOutOfBounds,
        Self::InvalidDiscriminant,
        Self::UnalignedPointer,
        Self::UncaughtException,
        Self::AdapterFault,
        Self::InvalidHandle,
        Self::InvalidString,
        Self::InvalidAllocation,
    ];

    /// The code with this number, if there is one.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }

    /// The wording of the specification's test suite, which users of other
    /// runtimes know too.
    pub fn message(self) -> &'static str {
        match self {
            Self::StackOverflow => "call stack exhausted",
            Self::MemoryOutOfBounds => "out of bounds memory access",
            Self::TableOutOfBounds => "undefined element: out of bounds table access",
            Self::IndirectCallToNull => "uninitialized element",
            Self::BadSignature => "indirect call type mismatch",
            Self::IntegerOverflow => "integer overflow",
            Self::IntegerDivisionByZero => "integer divide by zero",
            Self::BadConversionToInteger => "invalid conversion to integer",
            Self::Unreachable => "unreachable instruction executed",
            Self::NullReference => "null reference",
            Self::Interrupt => "interrupted",
            Self::OutOfFuel => "all fuel consumed",
            Self::UnalignedAtomic => "unaligned atomic",
            Self::CastFailure => "cast failure",
            Self::ArrayOutOfBounds => "out of bounds array access",
            Self::WaitOnUnsharedMemory => "expected shared memory",
            Self::CannotEnterComponent => "cannot enter component instance",
            Self::CannotLeaveComponent => "cannot leave component instance",
            Self::InvalidChar => "invalid `char` bit pattern",
            Self::StringOutOfBounds => "string content out-of-bounds",
            Self::ListOutOfBounds => "list content out-of-bounds",
            Self::InvalidDiscriminant => "invalid variant discriminant",
            Self::UnalignedPointer => "unaligned pointer",
            Self::UncaughtException => "uncaught exception propagated out of component",
            Self::AdapterFault => "fault in an adapter between components",
            Self::InvalidHandle => "invalid handle",
            Self::InvalidString => "invalid string",
            Self::InvalidAllocation => "invalid result of a component's `realloc`",
        }
    }
}

impl fmt::Display for TrapCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::TrapCode;

    #[test]
    fn numbers_round_trip() {
        for code in TrapCode::ALL {
            assert_eq!(TrapCode::from_u8(code as u8), Some(code));
        }
        assert_eq!(TrapCode::from_u8(0), None);
        assert_eq!(TrapCode::from_u8(29), None);
    }
}
