//! Fuel: the work of a guest, counted as it is done, with
//! [`Options::fuel`](crate::Options::fuel).
//!
//! Every operator takes one unit, but for those that only give code its structure:
//! `nop`, `block`, `loop`, `else`, `end` and `try_table` take none. They are paid for
//! [in stretches](super::payments), where each begins. An operator that works on a
//! range takes one more for every 64 bytes of memory or 8 elements of a table, which
//! is paid before it works. So the count follows from the module and its input alone:
//! what the code generator makes of a function, for which machine, and whether it is
//! inlined, changes nothing.
//!
//! The counter is in the store block, negative as long as all is paid for: one's
//! complement of what is left. Paying is an addition, of which the code generator makes
//! one of several. The sign is looked at where [a stretch is checked](super::payments),
//! before it is paid for, and before an operator works on a range; and by the loader,
//! before a function of the host is called and when a call from the host returns. So a
//! call ends well if its fuel is enough and not else, and what is not paid for does not
//! leave the guest.
//!
//! A function keeps the count in a variable from where it pays first. The store block
//! has it too whenever another function may look at it, at calls and when a body ends.
//! That holds for inlined bodies as well, lest a trap in one leave another count than in
//! a function of its own. Where control meets, the count is in the variable, or in the
//! store block after the last payment of a body: then nothing reads it here any more.

use super::payments::{Payment, is_call};
use super::state::{FrameKind, FuelCounter, FuelPlace};
use super::translator::Translator;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_frontend::Variable;
use precast_artifact::abi;
use precast_artifact::index::LabelIndex;
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
        if self.module.options.fuel {
            let variable = self.b.declare_var(types::I64);
            self.fuel = Some(FuelCounter { variable, place: FuelPlace::STORE });
        }
    }

    /// Pays for the stretch that begins with an operator, if one does, before that is
    /// translated.
    pub(super) fn count_fuel(&mut self, op: &Op<'_>) {
        if self.fuel.is_none() {
            return;
        }
        let offset = self.body_offset();
        let body = self.bodies.last_mut().expect("the function's own body is open");
        let due = body.payments.due_at(offset);
        if !self.reachable {
            return;
        }
        if let Some(payment) = due {
            self.pay(payment);
        }
        match op {
            Op::Throw { .. } | Op::ThrowRef => self.place_fuel(FuelPlace::STORE),
            op if is_call(op) => self.place_fuel(FuelPlace::STORE),
            Op::MemoryFill { .. } | Op::MemoryCopy { .. } | Op::MemoryInit { .. } => {
                self.pay_range(BYTES_LOG2);
            }
            Op::TableFill { .. } | Op::TableCopy { .. } | Op::TableInit { .. } => {
                self.pay_range(ELEMENTS_LOG2);
            }
            _ => {}
        }
    }

    /// Pays for the open body as a whole, which has no branches.
    pub(super) fn pay_whole(&mut self) {
        let body = self.bodies.last().expect("the function's own body is open");
        let payment = body.payments.whole();
        if self.fuel.is_some() && payment.units != 0 {
            self.pay(payment);
        }
    }

    /// Checks what was paid before, so that this addition can be one with the next.
    fn pay(&mut self, payment: Payment) {
        if payment.checked {
            self.check_fuel();
        }
        let units = self.b.ins().iconst(types::I64, payment.units);
        self.pay_units(units);
    }

    /// Pays for a range whose length is on top of the operand stack.
    fn pay_range(&mut self, unit_log2: i64) {
        let length = *self.stack.last().expect("validated code does not underflow the stack");
        let length = self.index64(length);
        let units = self.b.ins().ushr_imm_u(length, unit_log2);
        self.pay_units(units);
        self.check_fuel();
    }

    fn pay_units(&mut self, units: Value) {
        let Some((variable, count)) = self.fuel_count() else { return };
        let count = self.b.ins().iadd(count, units);
        self.b.def_var(variable, count);
        self.fuel_is_in(FuelPlace::VARIABLE);
    }

    /// Ends the guest if more was done than was paid for.
    fn check_fuel(&mut self) {
        let Some((_, count)) = self.fuel_count() else { return };
        let unpaid = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, count, 0);
        self.trap_if(unpaid, TrapCode::OutOfFuel);
    }

    /// The count, and the variable that it is in from here on.
    fn fuel_count(&mut self) -> Option<(Variable, Value)> {
        self.place_fuel(FuelPlace::VARIABLE);
        let FuelCounter { variable, .. } = self.fuel?;
        Some((variable, self.b.use_var(variable)))
    }

    /// Has the count where it is wanted, wherever else it is.
    pub(super) fn place_fuel(&mut self, wanted: FuelPlace) {
        let Some(FuelCounter { variable, place }) = self.fuel else { return };
        let flags = self.flags.fuel();
        if wanted.store && !place.store {
            let store = self.store_block();
            let count = self.b.use_var(variable);
            self.b.ins().store(flags, count, store, abi::STORE_FUEL);
        }
        if wanted.variable && !place.variable {
            let store = self.store_block();
            let count = self.b.ins().load(types::I64, flags, store, abi::STORE_FUEL);
            self.b.def_var(variable, count);
        }
        self.fuel_is_in(place.and(wanted));
    }

    /// Where the count is.
    pub(super) fn fuel_place(&self) -> FuelPlace {
        self.fuel.map_or(FuelPlace::default(), |counter| counter.place)
    }

    /// Control comes from elsewhere, where it is there.
    pub(super) fn fuel_is_in(&mut self, place: FuelPlace) {
        if let Some(counter) = &mut self.fuel {
            counter.place = place;
        }
    }

    /// Where those that branch to an open block leave the count.
    pub(super) fn fuel_at(&self, label: LabelIndex) -> FuelPlace {
        let frame = &self.control[self.control.len() - 1 - label.index()];
        match frame.kind {
            FrameKind::Loop => FuelPlace::VARIABLE,
            _ => frame.fuel_at_end,
        }
    }

    /// Whether the count must be moved for that.
    pub(super) fn moves_fuel(&self, wanted: FuelPlace) -> bool {
        self.fuel.is_some_and(|counter| counter.place.and(wanted) != counter.place)
    }

    /// Where the count is after the block that is opened next.
    pub(super) fn fuel_after_next(&mut self) -> FuelPlace {
        let body = self.bodies.last_mut().expect("the function's own body is open");
        match body.payments.next_is_last() {
            true => FuelPlace::STORE,
            false => FuelPlace::VARIABLE,
        }
    }

    /// Where the count is after a call in whose place bodies stand: all of them that
    /// it may reach, or a call for the others.
    pub(super) fn fuel_after_guess(&self, all: bool) -> FuelPlace {
        match all {
            true => FuelPlace::BOTH,
            false => FuelPlace::STORE,
        }
    }

    fn store_block(&mut self) -> Value {
        let flags = self.flags.context();
        self.b.ins().load(types::I64, flags, self.ctx, abi::CTX_STORE)
    }
}
