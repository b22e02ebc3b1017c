//! Operators that vectors have, by the bits of their lanes: those that give a lane the
//! lower bits of what they give for numbers, whatever the upper bits are.

use super::edges::definition;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Function, InstructionData, Opcode, Type, Value};

/// What lanes are shifted by.
#[derive(Clone, Copy, Debug)]
pub(super) enum ShiftedBy {
    /// As many bits as a number is shifted by, which has those of a lane.
    Value(Value),
    Bits(u32),
}

/// Whether lanes tell numbers whole, as unsigned and as signed ones.
#[derive(Clone, Copy)]
pub(super) struct Whole {
    pub unsigned: bool,
    pub signed: bool,
}

/// Operators with one argument.
pub(super) fn is_unary(opcode: Opcode, scalar: Type) -> bool {
    match opcode {
        Opcode::Fneg | Opcode::Fabs | Opcode::Sqrt => scalar.is_float(),
        Opcode::Bnot | Opcode::Ineg => scalar.is_int(),
        _ => false,
    }
}

/// Operators that vectors have an instruction or two for, which gives the same bits:
/// `fmin` and `fmax` of vectors give other NaNs.
pub(super) fn is_binary(opcode: Opcode, scalar: Type, bits: u32) -> bool {
    match opcode {
        Opcode::Fadd | Opcode::Fsub | Opcode::Fmul | Opcode::Fdiv => scalar.is_float(),
        Opcode::Iadd | Opcode::Isub => scalar.is_int(),
        Opcode::Band | Opcode::Bor | Opcode::Bxor => scalar.is_int(),
        Opcode::Imul => matches!(bits, 16 | 32),
        _ => false,
    }
}

/// Between integers and floats of as many bits.
pub(super) fn is_conversion(opcode: Opcode, from: Type, to: Type) -> bool {
    match opcode {
        Opcode::FcvtFromSint | Opcode::FcvtFromUint => from.bits() == 32 && to.bits() == 32,
        Opcode::Bitcast => from.bits() == to.bits(),
        _ => false,
    }
}

/// The shift of lanes of so many bits that is a shift of numbers, and what of the number
/// that is shifted the lanes tell.
pub(super) fn shifted(
    func: &Function,
    (opcode, scalar): (Opcode, Type),
    by: Value,
    whole: Whole,
    bits: u32,
) -> Option<(Opcode, ShiftedBy)> {
    if scalar.bits() == bits {
        let known = opcode != Opcode::Sshr || bits == 32;
        return known.then_some((opcode, ShiftedBy::Value(by)));
    }
    let by = constant_bits(func, by)?.1 as u32 & (scalar.bits() - 1);
    let inside = by < bits;
    match opcode {
        Opcode::Ishl if inside => Some((opcode, ShiftedBy::Bits(by))),
        Opcode::Ushr | Opcode::Sshr if inside && whole.unsigned => {
            Some((Opcode::Ushr, ShiftedBy::Bits(by)))
        }
        Opcode::Sshr if whole.signed => Some((opcode, ShiftedBy::Bits(by.min(bits - 1)))),
        _ => None,
    }
}

/// The operator that chooses the first side if it compares so with the second, or the
/// second if both are swapped.
pub(super) fn nearest(condition: IntCC, swapped: bool) -> Option<Opcode> {
    let (less, opcodes) = match condition {
        IntCC::SignedLessThan | IntCC::SignedLessThanOrEqual => {
            (true, [Opcode::Smin, Opcode::Smax])
        }
        IntCC::SignedGreaterThan | IntCC::SignedGreaterThanOrEqual => {
            (false, [Opcode::Smin, Opcode::Smax])
        }
        IntCC::UnsignedLessThan | IntCC::UnsignedLessThanOrEqual => {
            (true, [Opcode::Umin, Opcode::Umax])
        }
        IntCC::UnsignedGreaterThan | IntCC::UnsignedGreaterThanOrEqual => {
            (false, [Opcode::Umin, Opcode::Umax])
        }
        IntCC::Equal | IntCC::NotEqual => return None,
    };
    Some(opcodes[usize::from(less == swapped)])
}

/// The type and the bits of a constant, which can be made again anywhere.
pub(super) fn constant_bits(func: &Function, value: Value) -> Option<(Type, u64)> {
    let bits = match definition(func, value)? {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => imm.bits() as u64,
        InstructionData::UnaryIeee32 { imm, .. } => imm.bits().into(),
        InstructionData::UnaryIeee64 { imm, .. } => imm.bits(),
        _ => return None,
    };
    Some((func.dfg.value_type(value), bits))
}
