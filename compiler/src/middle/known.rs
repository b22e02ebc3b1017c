//! Arithmetic on integers that are known on a path, though not everywhere.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Function, Inst, InstructionData, Opcode, Type, Value, ValueDef};

/// What is known of values, beyond those that are constants.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// In the order in which they became known; zero above their own bits.
    values: Vec<(Value, u64)>,
}

impl Known {
    /// The bits of a value. Aliases are resolved.
    pub(super) fn get(&self, func: &Function, value: Value) -> Option<u64> {
        let value = func.dfg.resolve_aliases(value);
        if let Some((_, bits)) = self.values.iter().rev().find(|(known, _)| *known == value) {
            return Some(*bits);
        }
        let ValueDef::Result(inst, 0) = func.dfg.value_def(value) else { return None };
        let InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } = func.dfg.insts[inst] else {
            return None;
        };
        Some(imm.bits() as u64 & mask(func.dfg.value_type(value))?)
    }

    /// A value is found to have these bits.
    pub(super) fn set(&mut self, value: Value, bits: u64) {
        self.values.push((value, bits));
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// What an instruction gives, if it follows from what is known, and the
    /// instruction can do nothing else.
    pub(super) fn result(&self, func: &Function, inst: Inst) -> Option<u64> {
        let dfg = &func.dfg;
        let &[result] = dfg.inst_results(inst) else { return None };
        let all = mask(dfg.value_type(result))?;
        let get = |value| self.get(func, value);
        let bits = match dfg.insts[inst] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => imm.bits() as u64,
            InstructionData::Unary { opcode: Opcode::Uextend | Opcode::Ireduce, arg } => get(arg)?,
            InstructionData::Binary { opcode, args: [one, other] } => {
                let (one, other) = (get(one)?, get(other)?);
                match opcode {
                    Opcode::Iadd => one.wrapping_add(other),
                    Opcode::Isub => one.wrapping_sub(other),
                    Opcode::Band => one & other,
                    Opcode::Bor => one | other,
                    Opcode::Bxor => one ^ other,
                    Opcode::Ushr => one >> (other % u64::from(dfg.value_type(result).bits())),
                    _ => return None,
                }
            }
            InstructionData::IntCompare { cond, args: [one, other], .. } => {
                let ty = dfg.value_type(one);
                compare(cond, ty, get(one)?, get(other)?)?.into()
            }
            InstructionData::Ternary { opcode: Opcode::Select, args: [condition, one, other] } => {
                get(if get(condition)? != 0 { one } else { other })?
            }
            _ => return None,
        };
        Some(bits & all)
    }
}

/// The bits of a scalar integer of at most 64.
fn mask(ty: Type) -> Option<u64> {
    (ty.is_int() && ty.bits() <= 64).then(|| u64::MAX >> (64 - ty.bits()))
}

/// Whether a comparison holds.
fn compare(cond: IntCC, ty: Type, one: u64, other: u64) -> Option<bool> {
    mask(ty)?;
    let above = 64 - ty.bits();
    let signed = |bits: u64| (bits << above) as i64 >> above;
    let (signed_one, signed_other) = (signed(one), signed(other));
    Some(match cond {
        IntCC::Equal => one == other,
        IntCC::NotEqual => one != other,
        IntCC::UnsignedLessThan => one < other,
        IntCC::UnsignedLessThanOrEqual => one <= other,
        IntCC::UnsignedGreaterThan => one > other,
        IntCC::UnsignedGreaterThanOrEqual => one >= other,
        IntCC::SignedLessThan => signed_one < signed_other,
        IntCC::SignedLessThanOrEqual => signed_one <= signed_other,
        IntCC::SignedGreaterThan => signed_one > signed_other,
        IntCC::SignedGreaterThanOrEqual => signed_one >= signed_other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_codegen::ir::types;

    #[test]
    fn comparisons_see_the_bits_of_their_type() {
        let of = |cond, one, other| compare(cond, types::I32, one, other);
        assert_eq!(of(IntCC::SignedLessThan, 0xffff_ffff, 0), Some(true));
        assert_eq!(of(IntCC::UnsignedLessThan, 0xffff_ffff, 0), Some(false));
        assert_eq!(compare(IntCC::SignedLessThan, types::I64, 0xffff_ffff, 0), Some(false));
        assert_eq!(compare(IntCC::SignedLessThan, types::I8, 0x80, 0x7f), Some(true));
        assert_eq!(compare(IntCC::Equal, types::I128, 1, 1), None);
        assert_eq!(compare(IntCC::Equal, types::I32X4, 1, 1), None);
    }
}
