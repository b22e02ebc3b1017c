//! Hand-written functions for each machine.

use crate::function::{
    CodeReloc, CodeRelocKind, CodeSite, CompiledFunction, Position, Symbol, UnwindOp,
};
use object::elf::{EM_AARCH64, EM_X86_64};
use precast_artifact::address_map::Site;
use precast_artifact::index::{FunctionOffset, ModuleIndex, TableIndex};
use precast_artifact::trap::TrapCode;

fn words(words: &[u32]) -> Box<[u8]> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn relocs<const N: usize>(relocs: [(u32, CodeRelocKind, Symbol, i32); N]) -> Box<[CodeReloc]> {
    let reloc = |(at, kind, target, addend)| CodeReloc {
        offset: FunctionOffset::new(at),
        kind,
        target,
        addend,
    };
    relocs.map(reloc).into()
}

/// A function with a frame that calls `callee`, its only site.
///
/// A table: of the instructions of each machine.
pub(super) fn caller(machine: u16, callee: Symbol) -> CompiledFunction {
    let saved = |register, offset| UnwindOp::Saved { register, offset };
    let (code, reloc, after, unwind) = match machine {
        EM_X86_64 => (
            // push rbp; mov rbp, rsp; call; pop rbp; ret
            Box::from([0x55, 0x48, 0x89, 0xe5, 0xe8, 0, 0, 0, 0, 0x5d, 0xc3]),
            (5, CodeRelocKind::X86PcRel32, callee, -4),
            9,
            vec![(1, UnwindOp::CfaOffset(16)), (1, saved(6, -16)), (4, UnwindOp::CfaRegister(6))],
        ),
        EM_AARCH64 => (
            // stp x29, x30, [sp, #-16]!; mov x29, sp; bl; ldp x29, x30, [sp], #16; ret
            words(&[0xa9bf_7bfd, 0x9100_03fd, 0x9400_0000, 0xa8c1_7bfd, 0xd65f_03c0]),
            (8, CodeRelocKind::Aarch64Call26, callee, 0),
            12,
            vec![
                (4, UnwindOp::CfaOffset(16)),
                (4, saved(29, -16)),
                (4, saved(30, -8)),
                (8, UnwindOp::CfaRegister(29)),
            ],
        ),
        _ => (
            // addi sp, sp, -16; sd ra, 8(sp); sd s0, 0(sp); mv s0, sp; auipc ra; jalr ra;
            // ld ra, 8(sp); ld s0, 0(sp); addi sp, sp, 16; ret
            words(&[
                0xff01_0113,
                0x0011_3423,
                0x0081_3023,
                0x0001_0413,
                0x0000_0097,
                0x0000_80e7,
                0x0081_3083,
                0x0001_3403,
                0x0101_0113,
                0x0000_8067,
            ]),
            (16, CodeRelocKind::RiscvCall, callee, 0),
            24,
            vec![
                (4, UnwindOp::CfaOffset(16)),
                (12, saved(1, -8)),
                (12, saved(8, -16)),
                (16, UnwindOp::CfaRegister(8)),
            ],
        ),
    };
    CompiledFunction {
        code,
        alignment: 16,
        starts: 0,
        relocs: relocs([reloc]),
        sites: Box::new([CodeSite {
            offset: FunctionOffset::new(after - 1),
            site: Site::Call,
            position: Position::new(900),
        }]),
        handlers: Box::default(),
        unwind: unwind.into_iter().map(|(at, op)| (FunctionOffset::new(at), op)).collect(),
        stack_maps: Box::default(),
        inlined: Box::default(),
        debug: None,
        hasty: false,
        shortened: Default::default(),
        data: Box::default(),
    }
}

/// A leaf that returns the address of private table 0, or traps in its first
/// instruction.
pub(super) fn leaf(machine: u16, position: u32) -> CompiledFunction {
    let table = Symbol::PrivateTable(ModuleIndex::new(0), TableIndex::new(0));
    let (code, relocs) = match machine {
        // lea rax, [rip + table]; ret
        EM_X86_64 => (
            Box::from([0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3]),
            relocs([(3, CodeRelocKind::X86PcRel32, table, -4)]),
        ),
        // adrp x0, table; add x0, x0, :lo12:table; ret
        EM_AARCH64 => (
            words(&[0x9000_0000, 0x9100_0000, 0xd65f_03c0]),
            relocs([
                (0, CodeRelocKind::Aarch64AdrPage21, table, 0),
                (4, CodeRelocKind::Aarch64AddLow12, table, 0),
            ]),
        ),
        // auipc a0, %hi; addi a0, a0, %lo; ret
        _ => (
            words(&[0x0000_0517, 0x0005_0513, 0x0000_8067]),
            relocs([
                (0, CodeRelocKind::RiscvPcRelHigh20, table, 0),
                (4, CodeRelocKind::RiscvPcRelLow12, Symbol::Local(FunctionOffset::START), 0),
            ]),
        ),
    };
    let trap = Site::Trap(TrapCode::Unreachable);
    let (offset, position) = (FunctionOffset::START, Position::new(position));
    let sites = Box::new([CodeSite { offset, site: trap, position }]);
    CompiledFunction { code, alignment: 16, relocs, sites, ..Default::default() }
}
