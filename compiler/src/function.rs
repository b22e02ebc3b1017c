//! [`CompiledFunction`]: what code generation hands on. Plain data of our own,
//! free of code-generator types, so that it can be folded, cached and moved
//! between machines.

use precast_artifact::address_map::Site;
use precast_artifact::handlers::Handler;
use precast_artifact::index::{FuncIndex, ModuleIndex, TableIndex};
use std::ops::Range;

/// The machine code of one function or stub, not yet placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CompiledFunction {
    /// Machine code, constants and jump tables included.
    pub code: Box<[u8]>,
    /// Parts of the code that are no instructions, in order.
    pub data: Box<[Range<u32>]>,
    /// Alignment that the code needs, in bytes, a power of two.
    pub alignment: u32,
    /// References to other code and to private tables, ordered by offset.
    pub relocs: Box<[CodeReloc]>,
    /// Return addresses and instructions that may trap, ordered by offset,
    /// each offset once.
    pub sites: Box<[CodeSite]>,
    /// Calls out of which an exception is handled here, ordered by key.
    pub handlers: Box<[Handler]>,
    /// Call-frame changes of the prologue, ordered by offset.
    pub unwind: Box<[(u32, UnwindOp)]>,
    /// What debug information needs to know; only with `-g`.
    pub debug: Option<Box<CodeDebug>>,
}

/// Where the code of one function came from, and where its values are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CodeDebug {
    /// Pieces of the code and the offset in the Wasm module that each came
    /// from: start in the code, ordered; each piece ends at the next. Zero
    /// stands for the prologue.
    pub positions: Box<[(u32, u32)]>,
    /// Which value each variable has where: ordered by variable and `from`.
    pub assignments: Box<[ValueAssignment]>,
    /// Where each value is while the code runs: ordered by label and `start`.
    pub live_ranges: Box<[LiveRange]>,
}

/// Something of the source whose value debug information can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum DebugVariable {
    /// The local with this index.
    Local(u32),
    /// The address of the context.
    Context,
    /// What is at this depth of the operand stack, counted from its bottom.
    Operand(u32),
}

/// What debug information uses of one function's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DebugUses {
    /// Locals that optimised code keeps in the frame too, in order.
    pub locals: Vec<u32>,
    /// Operands, ordered by `from`; at one depth none overlap.
    pub operands: Vec<OperandUse>,
}

/// Between two offsets of the module an operand is a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OperandUse {
    /// Its depth in the operand stack, counted from the bottom.
    pub depth: u32,
    pub from: u32,
    pub to: u32,
}

impl DebugUses {
    /// Brings what was collected into order.
    pub(crate) fn normalise(&mut self) {
        self.locals.sort_unstable();
        self.locals.dedup();
        self.operands.sort_unstable();
        // Two variables at one depth at one time have the same value.
        for next in 1..self.operands.len() {
            let (before, after) = self.operands.split_at_mut(next);
            let (last, next) = (&mut before[next - 1], &mut after[0]);
            if last.depth == next.depth && last.to > next.from {
                next.to = next.to.max(last.to);
                last.to = next.from;
            }
        }
        self.operands.retain(|operand| operand.from < operand.to);
        self.operands.sort_by_key(|operand| operand.from);
    }
}

/// Between two positions in the source a variable has one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ValueAssignment {
    pub variable: DebugVariable,
    /// First and end offset in the Wasm module.
    pub from: u32,
    pub to: u32,
    /// Label of the value, a number of its own in each function.
    pub label: u32,
}

/// Between two positions in the code a value is in one location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LiveRange {
    /// Label of the value.
    pub label: u32,
    /// First and end offset in the code.
    pub start: u32,
    pub end: u32,
    pub location: ValueLocation,
}

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ValueLocation {
    /// In the register with this DWARF number.
    Register(u16),
    /// In memory at this distance from the CFA.
    Frame(i32),
    /// Nowhere: it is known, as bits.
    Constant(u64),
}

/// Distance of the CFA above the frame pointer in every function's call-frame
/// information: the saved frame pointer and the return address.
pub(crate) const CFA_ABOVE_FRAME_POINTER: i32 = 16;

/// A reference from code to a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CodeReloc {
    /// Offset of the patched field in the code.
    pub offset: u32,
    /// How the field is computed.
    pub kind: CodeRelocKind,
    /// What is referred to.
    pub target: Symbol,
    /// Added to the symbol's address.
    pub addend: i32,
}

/// Relocation kinds, each as its psABI defines it. `S` is the symbol's
/// address, `A` the addend, `P` the address of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CodeRelocKind {
    /// `S + A - P` in 32 bits (`R_X86_64_PC32`, `R_X86_64_PLT32`).
    X86PcRel32,
    /// `S + A - P`, 28 bits, in `b` or `bl` (`R_AARCH64_CALL26`).
    Aarch64Call26,
    /// Page of `S + A` minus page of `P`, in `adrp` (`R_AARCH64_ADR_PREL_PG_HI21`).
    Aarch64AdrPage21,
    /// Low 12 bits of `S + A`, in `add` (`R_AARCH64_ADD_ABS_LO12_NC`).
    Aarch64AddLow12,
    /// `S + A - P` in `auipc` and `jalr` (`R_RISCV_CALL_PLT`).
    RiscvCall,
    /// High 20 bits of `S + A - P`, in `auipc` (`R_RISCV_PCREL_HI20`).
    RiscvPcRelHigh20,
    /// Low 12 bits of the distance of the `auipc` at the code offset `S`
    /// (always [`Symbol::Local`]), in an I-type instruction
    /// (`R_RISCV_PCREL_LO12_I`).
    RiscvPcRelLow12,
}

/// What a relocation or table entry refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Symbol {
    /// A function that a module defines.
    Function(ModuleIndex, FuncIndex),
    /// The stub with this position among the stubs of a text.
    Stub(u32),
    /// A private table of a module.
    PrivateTable(ModuleIndex, TableIndex),
    /// An offset in the same function's code.
    Local(u32),
}

/// A return address or an instruction that may trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CodeSite {
    /// Offset in the code: of the byte before a return address, or of the
    /// trapping instruction.
    pub offset: u32,
    /// What stands there.
    pub site: Site,
    /// Offset in the Wasm module that it came from.
    pub wasm: u32,
}

/// A change of the call-frame rules, in DWARF's terms (DWARF 5 section 6.4);
/// register numbers are those of the target's psABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum UnwindOp {
    /// The CFA's offset changes, its register stays.
    CfaOffset(u32),
    /// The CFA's register changes, its offset stays.
    CfaRegister(u16),
    /// The caller's value of a register is saved at CFA + offset.
    Saved {
        /// DWARF register number.
        register: u16,
        /// Offset from the CFA in bytes, negative.
        offset: i32,
    },
}
