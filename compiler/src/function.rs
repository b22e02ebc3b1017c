//! [`CompiledFunction`]: what code generation hands on. Plain data of our own,
//! free of code-generator types, so that it can be folded, cached and moved
//! between machines.

mod codec;
pub(crate) mod moved;

use precast_artifact::address_map::Site;
use precast_artifact::handlers::Handler;
use precast_artifact::index::{
    BodyOffset, FuncIndex, FunctionOffset, LocalIndex, ModuleIndex, OperandIndex, StubIndex,
    TableIndex, ValueIndex,
};
use std::ops::Range;

/// The machine code of one function or stub, not yet placed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CompiledFunction {
    /// Machine code, constants and jump tables included.
    pub code: Box<[u8]>,
    /// Parts of the code that are no instructions, in order.
    pub data: Box<[Range<FunctionOffset>]>,
    /// Alignment that the code needs, in bytes, a power of two.
    pub alignment: u32,
    /// Where it should begin for the sake of its loops: bit `i` stands for
    /// addresses of `16 i` modulo 64; none is set if it is all the same.
    pub starts: u8,
    /// References to other code and to private tables, ordered by offset.
    pub relocs: Box<[CodeReloc]>,
    /// Return addresses and instructions that may trap, ordered by offset,
    /// each offset once.
    pub sites: Box<[CodeSite]>,
    /// Calls out of which an exception is handled here, ordered by key.
    pub handlers: Box<[Handler<FunctionOffset>]>,
    /// Call-frame changes of the prologue, ordered by offset.
    pub unwind: Box<[(FunctionOffset, UnwindOp)]>,
    /// Where the frame holds references while calls are out, ordered by
    /// offset; empty without garbage collection.
    pub stack_maps: Box<[StackMap]>,
    /// The bodies that were inlined, ordered by `start`.
    pub inlined: Box<[InlinedBody]>,
    /// What debug information needs to know; only with `-g`.
    pub debug: Option<Box<CodeDebug>>,
    /// Whether registers were allocated the fast way, lest it take too long:
    /// the code is slower than it could be.
    pub hasty: bool,
    /// What takes fewer bytes than the code generator gave it.
    pub shortened: Shortened,
}

/// How many instructions take fewer bytes than the code generator gave them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Shortened {
    /// Branches with a distance of 8 bits.
    pub branches: u32,
    /// Accesses of the frame by its other end.
    pub frame_accesses: u32,
    /// Others.
    pub encodings: u32,
}

/// Which slots of a frame hold references that are alive after a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StackMap {
    /// The return address of the call.
    pub offset: FunctionOffset,
    /// The slots: distances in bytes from the stack pointer, ascending.
    pub slots: Box<[u32]>,
}

/// Where the code of one function came from, and where its values are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct CodeDebug {
    /// Pieces of the code and where each came from: start in the code,
    /// ordered; each piece ends at the next. [`Position::NONE`] stands for the
    /// prologue.
    pub positions: Box<[(FunctionOffset, Position)]>,
    /// Which value each variable has where: ordered by variable and `from`.
    pub assignments: Box<[ValueAssignment]>,
    /// Where each value is while the code runs: ordered by value and `start`.
    pub live_ranges: Box<[LiveRange]>,
}

/// Where code came from, independent of where its function stands in the
/// module: bytes from the start of the function's body. After its end follow
/// the bodies that were inlined into it, one after the other as
/// [`CompiledFunction::inlined`] says, so that an inlined operator costs no
/// more than another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position(u32);

impl Position {
    /// Of code that is from no operator: bodies begin with their locals.
    pub(crate) const NONE: Self = Self(0);

    /// So many bytes from the start of the body.
    pub(crate) const fn new(bytes: u32) -> Self {
        Self(bytes)
    }

    /// Bytes from the start of the body.
    pub(crate) const fn get(self) -> u32 {
        self.0
    }

    /// The position of an operator of a body that begins here.
    ///
    /// # Panics
    ///
    /// If that is more than 32 bits can count: what is inlined is small.
    pub(crate) fn operator(self, offset: BodyOffset) -> Self {
        Self(self.0.checked_add(offset.get()).expect("what is inlined is small"))
    }

    /// The offset in its body of an operator here, if that begins at `start`,
    /// which is not after it.
    pub(crate) const fn in_body(self, start: Self) -> BodyOffset {
        BodyOffset::new(self.0 - start.0)
    }
}

/// A body that was inlined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct InlinedBody {
    /// Where its positions begin; they go on to the next one's.
    pub start: Position,
    /// The function that it is the body of, and its module.
    pub module: ModuleIndex,
    pub function: FuncIndex,
    /// The call that it stands in place of: in the function itself, or in a
    /// body before this one.
    pub call: Position,
}

/// Where an operator stands in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceOperator {
    /// The function whose body has it; none for that which was compiled.
    pub function: Option<(ModuleIndex, FuncIndex)>,
    /// Where in that body.
    pub offset: BodyOffset,
    /// The call that it was inlined at.
    pub inlined_at: Option<Position>,
}

/// Functions start on this boundary, but where code is to be small and loops want no
/// place. Processors fetch code in blocks of 16 bytes or more, so a function's first
/// fetch is a whole one.
pub(crate) const FUNCTION_ALIGNMENT: u32 = 16;

impl CompiledFunction {
    /// The first offset from `end` on where the function may begin. Text begins
    /// with the first function, which readers of artifacts rely on.
    pub(crate) fn start_from(&self, end: u64) -> u64 {
        if end == 0 {
            return 0;
        }
        let step = u64::from(self.alignment.max(1));
        let start = end.next_multiple_of(step);
        let places = (0..4).map(|number| start + number * step);
        let fits = |place: &u64| self.starts >> (place / 16 % 4) & 1 != 0;
        places.into_iter().find(fits).unwrap_or(start)
    }

    /// Whether it is well placed where text begins, which may be its first place
    /// whatever its loops want.
    pub(crate) fn may_begin_text(&self) -> bool {
        self.starts == 0 || self.starts & 1 != 0
    }

    /// The operator at a position; none at [`Position::NONE`].
    pub(crate) fn operator_at(&self, position: Position) -> Option<SourceOperator> {
        if position == Position::NONE {
            return None;
        }
        let after = self.inlined.partition_point(|body| body.start <= position);
        let body = after.checked_sub(1).map(|body| &self.inlined[body]);
        let start = body.map_or(Position::NONE, |body| body.start);
        Some(SourceOperator {
            function: body.map(|body| (body.module, body.function)),
            offset: position.in_body(start),
            inlined_at: body.map(|body| body.call),
        })
    }
}

/// Something of the source whose value debug information can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum DebugVariable {
    /// The local with this index.
    Local(LocalIndex),
    /// The address of the context.
    Context,
    /// What is there on the operand stack.
    Operand(OperandIndex),
}

/// What debug information uses of one function's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DebugUses {
    /// Locals that optimised code keeps in the frame too, in order.
    pub locals: Vec<LocalIndex>,
    /// Operands, ordered by `from`; of one index none overlap.
    pub operands: Vec<OperandUse>,
}

/// Between two offsets of the body an operand is a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OperandUse {
    pub operand: OperandIndex,
    pub from: BodyOffset,
    pub to: BodyOffset,
}

impl DebugUses {
    /// Brings what was collected into order.
    pub(crate) fn normalise(&mut self) {
        self.locals.sort_unstable();
        self.locals.dedup();
        self.operands.sort_unstable();
        // Two variables that are one operand at one time have the same value.
        for next in 1..self.operands.len() {
            let (before, after) = self.operands.split_at_mut(next);
            let (last, next) = (&mut before[next - 1], &mut after[0]);
            if last.operand == next.operand && last.to > next.from {
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
    /// First and end offset in the body.
    pub from: BodyOffset,
    pub to: BodyOffset,
    pub value: ValueIndex,
}

impl ValueAssignment {
    /// In the whole body.
    pub(crate) const ALWAYS: Range<BodyOffset> = BodyOffset::START..BodyOffset::new(u32::MAX);
}

/// Between two positions in the code a value is in one location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LiveRange {
    pub value: ValueIndex,
    /// First and end offset in the code.
    pub start: FunctionOffset,
    pub end: FunctionOffset,
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
    /// Where the patched field is.
    pub offset: FunctionOffset,
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
    /// A stub of a text.
    Stub(StubIndex),
    /// A private table of a module.
    PrivateTable(ModuleIndex, TableIndex),
    /// An offset in the same function's code.
    Local(FunctionOffset),
}

/// A return address or an instruction that may trap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct CodeSite {
    /// Where it is: the byte before a return address, or the trapping
    /// instruction.
    pub offset: FunctionOffset,
    /// What stands there.
    pub site: Site,
    /// Where it came from.
    pub position: Position,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_beyond_the_body_are_in_inlined_ones() {
        let module = ModuleIndex::new(0);
        let (outer, inner) = (FuncIndex::new(7), FuncIndex::new(9));
        // A body of 100 bytes that calls `outer` at 40, which calls `inner` at
        // its own 5.
        let inlined = [
            InlinedBody {
                start: Position::new(100),
                module,
                function: outer,
                call: Position::new(40),
            },
            InlinedBody {
                start: Position::new(120),
                module,
                function: inner,
                call: Position::new(105),
            },
        ];
        let function = CompiledFunction { inlined: inlined.into(), ..Default::default() };
        let at = |position| function.operator_at(Position::new(position));
        let operator = |function, offset, inlined_at: Option<u32>| {
            let inlined_at = inlined_at.map(Position::new);
            Some(SourceOperator { function, offset: BodyOffset::new(offset), inlined_at })
        };
        assert_eq!(at(0), None);
        assert_eq!(at(99), operator(None, 99, None));
        assert_eq!(at(105), operator(Some((module, outer)), 5, Some(40)));
        assert_eq!(at(123), operator(Some((module, inner)), 3, Some(105)));
    }
}
