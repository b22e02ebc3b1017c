//! What relocations are called in objects: numbers of the psABIs.

use crate::function::CodeRelocKind;
use crate::place::Machine;
use object::elf;

/// `R_RISCV_32_PCREL`, which `object` has no name for.
const R_RISCV_32_PCREL: u32 = 57;

/// An address in 64 bits: `S + A`.
pub(super) fn absolute(machine: Machine) -> u32 {
    match machine {
        Machine::X86_64 => elf::R_X86_64_64,
        Machine::Aarch64 => elf::R_AARCH64_ABS64,
        Machine::Riscv64 => elf::R_RISCV_64,
    }
}

/// An address in 32 bits: in debug sections, which start at zero, an offset.
pub(super) fn absolute32(machine: Machine) -> u32 {
    match machine {
        Machine::X86_64 => elf::R_X86_64_32,
        Machine::Aarch64 => elf::R_AARCH64_ABS32,
        Machine::Riscv64 => elf::R_RISCV_32,
    }
}

/// A distance in 32 bits: `S + A - P`.
pub(super) fn relative(machine: Machine) -> u32 {
    match machine {
        Machine::X86_64 => elf::R_X86_64_PC32,
        Machine::Aarch64 => elf::R_AARCH64_PREL32,
        Machine::Riscv64 => R_RISCV_32_PCREL,
    }
}

/// A reference in code.
pub(super) fn code(kind: CodeRelocKind) -> u32 {
    match kind {
        CodeRelocKind::X86PcRel32 => elf::R_X86_64_PC32,
        CodeRelocKind::Aarch64Call26 => elf::R_AARCH64_CALL26,
        CodeRelocKind::Aarch64AdrPage21 => elf::R_AARCH64_ADR_PREL_PG_HI21,
        CodeRelocKind::Aarch64AddLow12 => elf::R_AARCH64_ADD_ABS_LO12_NC,
        CodeRelocKind::RiscvCall => elf::R_RISCV_CALL_PLT,
        CodeRelocKind::RiscvPcRelHigh20 => elf::R_RISCV_PCREL_HI20,
        CodeRelocKind::RiscvPcRelLow12 => elf::R_RISCV_PCREL_LO12_I,
    }
}

/// The kind of a reference in code that has this number.
pub(super) fn code_kind(machine: Machine, number: u32) -> Option<CodeRelocKind> {
    let kinds: &[CodeRelocKind] = match machine {
        Machine::X86_64 => &[CodeRelocKind::X86PcRel32],
        Machine::Aarch64 => &[CodeRelocKind::Aarch64AdrPage21, CodeRelocKind::Aarch64AddLow12],
        Machine::Riscv64 => &[CodeRelocKind::RiscvPcRelHigh20, CodeRelocKind::RiscvPcRelLow12],
    };
    kinds.iter().copied().find(|kind| code(*kind) == number)
}
