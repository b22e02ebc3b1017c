//! What translation records of a function's values for debug information, and
//! how stack slots name the values that they hold.

use crate::function::{DebugVariable, ValueAssignment};
use cranelift_codegen::ir::StackSlotKey;
use precast_artifact::index::{LocalIndex, OperandIndex, ValueIndex};

/// What was found while translating.
#[derive(Default)]
pub(crate) struct Recorded {
    /// Ordered by variable and position.
    pub assignments: Vec<ValueAssignment>,
    /// Values that are constants, and their bits, ordered.
    pub constants: Vec<(ValueIndex, u64)>,
}

/// Marks keys of operands.
const OPERANDS: u64 = 1 << 40;

/// Key of the stack slot of a variable, which Cranelift carries to the
/// frame layout.
pub(crate) fn slot_key(variable: DebugVariable) -> StackSlotKey {
    StackSlotKey::new(match variable {
        DebugVariable::Context => 0,
        DebugVariable::Local(index) => u64::from(index.get()) + 1,
        DebugVariable::Operand(operand) => OPERANDS | u64::from(operand.get()),
    })
}

/// What [`slot_key`] was made from.
pub(crate) fn slot_variable(key: StackSlotKey) -> DebugVariable {
    match key.bits() {
        0 => DebugVariable::Context,
        operand if operand & OPERANDS != 0 => {
            DebugVariable::Operand(OperandIndex::new(operand as u32))
        }
        local => DebugVariable::Local(LocalIndex::new((local - 1) as u32)),
    }
}
