//! What translation records of a function's values for debug information, and
//! how stack slots name the values that they hold.

use crate::function::{ValueSpan, Watched};
use cranelift_codegen::ir::StackSlotKey;

/// What was found while translating.
#[derive(Default)]
pub(crate) struct Recorded {
    /// Ordered by variable and place.
    pub spans: Vec<ValueSpan>,
    /// Values that are constants: number and bits, ordered.
    pub constants: Vec<(u32, u64)>,
}

/// Marks keys of operands.
const OPERANDS: u64 = 1 << 40;

/// Key of the stack slot of a watched value, which Cranelift carries to the
/// frame layout.
pub(crate) fn slot_key(variable: Watched) -> StackSlotKey {
    StackSlotKey::new(match variable {
        Watched::Context => 0,
        Watched::Local(index) => u64::from(index) + 1,
        Watched::Operand(place) => OPERANDS | u64::from(place),
    })
}

/// What [`slot_key`] was made from.
pub(crate) fn slot_variable(key: StackSlotKey) -> Watched {
    match key.bits() {
        0 => Watched::Context,
        operand if operand & OPERANDS != 0 => Watched::Operand(operand as u32),
        local => Watched::Local((local - 1) as u32),
    }
}
