//! What linking must know of each machine. A new one is a variant here and its
//! relocation kinds in `emit::relocate`.

use super::error::LinkError;
use object::elf;
use std::ops::Range;

/// A machine that code can be linked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    X86_64,
    Aarch64,
    Riscv64,
}

/// The call-frame rules of a function's first instruction, in DWARF's terms.
pub(crate) struct EntryFrame {
    /// Unit of the advances between rules: the smallest instruction.
    pub code_align: u32,
    /// Column of the return address.
    pub return_address: u16,
    /// Register that the CFA is relative to.
    pub cfa_register: u16,
    /// The CFA's offset from it.
    pub cfa_offset: u32,
    /// Where the return address is saved, relative to the CFA, if it is not in
    /// its register.
    pub saved_at: Option<i32>,
}

impl Machine {
    /// The machine with this `e_machine`.
    pub(crate) fn new(number: u16) -> Result<Self, LinkError> {
        match number {
            elf::EM_X86_64 => Ok(Self::X86_64),
            elf::EM_AARCH64 => Ok(Self::Aarch64),
            elf::EM_RISCV => Ok(Self::Riscv64),
            other => Err(LinkError::Machine(other)),
        }
    }

    /// Calls reach less than this many bytes, if less than `.text` may have.
    pub(crate) fn call_reach(self) -> Option<u64> {
        match self {
            Self::Aarch64 => Some(128 << 20),
            Self::X86_64 | Self::Riscv64 => None,
        }
    }

    /// What fills the gaps between functions: `int3`, or zeros, which are
    /// `udf #0` on aarch64 and the defined illegal instruction on riscv64.
    pub(crate) fn padding(self) -> u8 {
        match self {
            Self::X86_64 => 0xcc,
            Self::Aarch64 | Self::Riscv64 => 0,
        }
    }

    /// Addresses among which images with debug information find their
    /// link base: user space on every kernel configuration of
    /// the machine, and away from where Linux puts programs, libraries, stacks
    /// and heaps.
    ///
    /// x86-64: 47 bits; the low 16 TiB are left to sanitizers' shadows and to
    /// heaps that ask for them, programs lie from 0x5555_5555_0000 upwards.
    /// aarch64 and riscv64 may have as little as 39 and 38 bits, with programs
    /// from two thirds of that upwards.
    pub(crate) fn base_region(self) -> Range<u64> {
        match self {
            Self::X86_64 => 0x1100_0000_0000..0x5000_0000_0000,
            Self::Aarch64 | Self::Riscv64 => 0x8_0000_0000..0x20_0000_0000,
        }
    }

    /// Register numbers are those of the machine's psABI.
    pub(crate) fn entry_frame(self) -> EntryFrame {
        let (code_align, return_address, cfa_register, cfa_offset, saved_at) = match self {
            Self::X86_64 => (1, 16, 7, 8, Some(-8)),
            Self::Aarch64 => (4, 30, 31, 0, None),
            Self::Riscv64 => (2, 1, 2, 0, None),
        };
        EntryFrame { code_align, return_address, cfa_register, cfa_offset, saved_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(u16, Machine); 3] = [
        (elf::EM_X86_64, Machine::X86_64),
        (elf::EM_AARCH64, Machine::Aarch64),
        (elf::EM_RISCV, Machine::Riscv64),
    ];

    #[test]
    fn machines_are_known_by_their_numbers() {
        for (number, machine) in ALL {
            assert_eq!(Machine::new(number).unwrap(), machine);
        }
        let refused = Machine::new(elf::EM_386).unwrap_err().to_string();
        assert_eq!(refused, "ELF machine 3 is not supported");
    }

    #[test]
    fn calls_reach_further_than_text_or_there_are_veneers() {
        for (_, machine) in ALL {
            let reach = machine.call_reach().unwrap_or(crate::place::MAX_DISTANCE);
            assert!((1 << 27..1 << 31).contains(&reach), "{machine:?}");
        }
    }

    #[test]
    fn link_bases_are_of_pages_in_user_space() {
        for (_, machine) in ALL {
            let Range { start, end } = machine.base_region();
            let bits = if machine == Machine::X86_64 { 47 } else { 38 };
            assert!(start < end && end < 1 << bits, "{machine:?}");
            assert!(start.is_multiple_of(64 << 10) && end.is_multiple_of(64 << 10));
        }
    }

    #[test]
    fn return_addresses_are_where_calls_leave_them() {
        // On the stack, below the CFA; in registers elsewhere.
        let saved = ALL.map(|(_, machine)| machine.entry_frame().saved_at);
        assert_eq!(saved, [Some(-8), None, None]);
    }
}
