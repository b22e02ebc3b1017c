//! Fuel: the work of a guest, counted as it is done, with
//! [`Options::fuel`](crate::Options::fuel).
//!
//! Every operator that is executed takes one unit, but for those that only give
//! code its structure: `nop`, `block`, `loop`, `else`, `end` and `try_table` take
//! none. An operator that works on a range takes one more for every 64 bytes of
//! memory or 8 elements of a table. So the count follows from the module and its
//! input alone: what the code generator makes of a function, for which machine, and
//! whether it is inlined, changes nothing.
//!
//! The counter is in the store block. It is negative while there is fuel left, so
//! that adding to it is all that is done. A function keeps it in a variable, and
//! adds what a stretch of operators takes at its end, where control may part or
//! meet. It is looked at where work may go on without end: at the start of every
//! body and loop, and after an operator that works on a range.
//!
//! The store block has the true count whenever another function may look at it:
//! at calls, and when a body ends. That holds for inlined bodies too, lest a trap in
//! one leave another count than in a function of its own.

use super::state::FuelCounter;
use super::translator::Translator;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types};
use precast_artifact::abi;
use precast_artifact::trap::TrapCode;
use wasmparser::Operator as Op;

/// log2 of the bytes that take a unit, of an operator that works on a range.
const BYTES_LOG2: i64 = 6;
/// log2 of the elements.
const ELEMENTS_LOG2: i64 = 3;

impl Translator<'_, '_> {
    /// Begins the function's own body: its count goes on where that of the caller
    /// stands.
    pub(super) fn begin_fuel(&mut self) {
        if !self.module.options.fuel {
            return;
        }
        let variable = self.b.declare_var(types::I64);
        self.fuel = Some(FuelCounter { variable, pending: 0 });
        // Behind the number of declarations of locals: no position is no place.
        self.b.set_srcloc(ir::SourceLoc::new(1));
        self.reload_fuel();
        self.check_fuel();
    }

    /// Counts an operator that can be reached, before it is translated.
    pub(super) fn count_fuel(&mut self, op: &Op<'_>) {
        let Some(counter) = &mut self.fuel else { return };
        match op {
            Op::Nop | Op::Block { .. } => {}
            Op::Loop { .. } | Op::Else | Op::End | Op::TryTable { .. } => self.add_fuel(),
            _ => {
                counter.pending += 1;
                self.count_effect(op);
            }
        }
    }

    /// Adds, or writes back, what the operator is not the only one to need.
    fn count_effect(&mut self, op: &Op<'_>) {
        match op {
            Op::If { .. }
            | Op::Br { .. }
            | Op::BrIf { .. }
            | Op::BrTable { .. }
            | Op::BrOnNull { .. }
            | Op::BrOnNonNull { .. } => self.add_fuel(),
            Op::Return if self.is_inlined() => self.add_fuel(),
            Op::Call { .. }
            | Op::CallIndirect { .. }
            | Op::CallRef { .. }
            | Op::ReturnCall { .. }
            | Op::ReturnCallIndirect { .. }
            | Op::ReturnCallRef { .. }
            | Op::Return
            | Op::Throw { .. }
            | Op::ThrowRef
            | Op::Unreachable => self.save_fuel(),
            Op::MemoryFill { .. } | Op::MemoryCopy { .. } | Op::MemoryInit { .. } => {
                self.count_range(BYTES_LOG2);
            }
            Op::TableFill { .. } | Op::TableCopy { .. } | Op::TableInit { .. } => {
                self.count_range(ELEMENTS_LOG2);
            }
            _ => {}
        }
    }

    /// Counts a range whose length is on top of the operand stack.
    fn count_range(&mut self, unit_log2: i64) {
        self.add_fuel();
        let length = *self.stack.last().expect("validated code does not underflow the stack");
        let length = self.index64(length);
        let units = self.b.ins().ushr_imm_u(length, unit_log2);
        self.add_units(units);
        self.check_fuel();
    }

    /// Adds what was executed to the variable.
    fn add_fuel(&mut self) {
        let Some(counter) = &mut self.fuel else { return };
        let pending = std::mem::take(&mut counter.pending);
        if pending != 0 {
            let units = self.b.ins().iconst(types::I64, pending);
            self.add_units(units);
        }
    }

    fn add_units(&mut self, units: Value) {
        let Some(FuelCounter { variable, .. }) = self.fuel else { return };
        let count = self.b.use_var(variable);
        let count = self.b.ins().iadd(count, units);
        self.b.def_var(variable, count);
    }

    /// Writes the count back.
    pub(super) fn save_fuel(&mut self) {
        self.add_fuel();
        let Some(FuelCounter { variable, .. }) = self.fuel else { return };
        let (flags, store) = (self.flags.fuel(), self.store_block());
        let count = self.b.use_var(variable);
        self.b.ins().store(flags, count, store, abi::STORE_FUEL);
    }

    /// Reads the count that another function left.
    pub(super) fn reload_fuel(&mut self) {
        let Some(FuelCounter { variable, .. }) = self.fuel else { return };
        let (flags, store) = (self.flags.fuel(), self.store_block());
        let count = self.b.ins().load(types::I64, flags, store, abi::STORE_FUEL);
        self.b.def_var(variable, count);
    }

    /// Traps if no fuel is left. What a loop or a body takes that was begun with
    /// the last unit is counted, though it is more than there was.
    pub(super) fn check_fuel(&mut self) {
        let Some(FuelCounter { variable, .. }) = self.fuel else { return };
        let count = self.b.use_var(variable);
        let over = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 0);
        let (empty, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(empty);
        self.b.ins().brif(over, empty, &[], next, &[]);
        self.b.seal_block(empty);
        self.b.seal_block(next);
        self.b.switch_to_block(empty);
        self.save_fuel();
        self.b.ins().trap(super::flags::code(TrapCode::OutOfFuel));
        self.b.switch_to_block(next);
    }

    fn store_block(&mut self) -> Value {
        let flags = self.flags.context();
        self.b.ins().load(types::I64, flags, self.ctx, abi::CTX_STORE)
    }
}
