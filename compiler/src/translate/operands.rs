//! Operands that debug information names: variables that never were in a local.

use super::options::Debug;
use super::translator::Translator;
use crate::function::DebugVariable;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use precast_artifact::index::{BodyOffset, OperandIndex};

impl Translator<'_, '_> {
    /// Takes note of the operands that debug information uses from `offset` on,
    /// which is that of the next operator.
    pub(super) fn note_operands(&mut self, offset: BodyOffset) {
        while let Some((used, rest)) = self.operands.split_first()
            && used.from <= offset
        {
            self.operands = rest;
            let Some(value) = self.stack.get(used.operand.index()).copied() else { continue };
            if !self.reachable || used.to <= offset {
                continue;
            }
            let variable = DebugVariable::Operand(used.operand);
            match self.module.options.debug {
                Debug::Off => {}
                // Before the operator, at which a debugger may stop.
                Debug::Slots => self.keep_operand(used.operand, value),
                Debug::Values => self.tracker.assign(variable, value, offset..used.to),
            }
        }
    }

    /// Stores an operand to its slot, numbers as 64 bits: of which type it is
    /// differs from time to time.
    fn keep_operand(&mut self, operand: OperandIndex, value: Value) {
        let slot = match self.operand_slots.get(&operand) {
            Some(slot) => *slot,
            None => {
                let slot = self.slot(DebugVariable::Operand(operand), types::I8X16.bytes());
                self.operand_slots.insert(operand, slot);
                slot
            }
        };
        let value = match self.b.func.dfg.value_type(value) {
            types::I32 => self.b.ins().uextend(types::I64, value),
            _ => value,
        };
        self.b.ins().stack_store(types::I64, value, slot, 0);
    }
}
