//! Operands that debug information names: variables that never were in a local.

use super::{Debug, Translator};
use crate::function::Watched;
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Translator<'_, '_> {
    /// Takes note of the operands that are wanted from `offset` on, which is
    /// that of the next operator.
    pub(super) fn note_operands(&mut self, offset: u32) {
        while let Some((wanted, rest)) = self.operands.split_first()
            && wanted.from <= offset
        {
            self.operands = rest;
            let Some(value) = self.stack.get(wanted.place as usize).copied() else { continue };
            if !self.reachable || wanted.to <= offset {
                continue;
            }
            let variable = Watched::Operand(wanted.place);
            match self.env.debug {
                Debug::Off => {}
                // Before the operator, at which a debugger may stop.
                Debug::Slots => self.keep_operand(wanted.place, value),
                Debug::Values => self.watch.span(variable, value, offset..wanted.to),
            }
        }
    }

    /// Stores an operand to its slot, numbers as 64 bits: of which type it is
    /// differs from time to time.
    fn keep_operand(&mut self, place: u32, value: Value) {
        let slot = match self.operand_slots.get(&place) {
            Some(slot) => *slot,
            None => {
                let slot = self.slot(Watched::Operand(place), types::I8X16.bytes());
                self.operand_slots.insert(place, slot);
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
