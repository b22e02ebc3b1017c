//! Which value of the optimised code each local has, and between which
//! positions in the source: for `-g -O`.
//!
//! Code is followed in the order of the source. Where control flows together
//! and a local may have been written since the paths parted, its value is not
//! known; the next `local.get` makes it known again. What is never known is
//! shown as optimised out, so nothing here may guess.

use crate::function::{DebugVariable, ValueAssignment};
use crate::recorded::Recorded;
use cranelift_codegen::ir::{self, InstructionData, Opcode, Value, ValueDef, ValueLabel};
use cranelift_codegen::ir::{RelSourceLoc, ValueLabelAssignments, ValueLabelStart};
use precast_artifact::index::{BodyOffset, LocalIndex, ValueIndex};
use std::collections::BTreeMap;
use std::ops::Range;

/// What is known of the function so far.
#[derive(Default)]
pub(crate) struct VariableTracker {
    /// Finished assignments.
    assignments: Vec<ValueAssignment>,
    /// What Cranelift calls each value.
    values: Vec<Value>,
    /// The value of each local now, and since where; absent if not known.
    now: BTreeMap<DebugVariable, (ValueIndex, BodyOffset)>,
    /// Per open block, the locals written since it was entered and the value
    /// that each had then.
    written: Vec<BTreeMap<DebugVariable, Option<ValueIndex>>>,
}

impl VariableTracker {
    /// The local has this value after the operator at `offset`; from the start
    /// of the body where that is zero.
    pub(super) fn define(&mut self, variable: DebugVariable, value: Value, offset: BodyOffset) {
        let from = if offset == BodyOffset::START { offset } else { after(offset) };
        let before = self.end(variable, from);
        for block in self.written.iter_mut().rev() {
            // What an outer block knows, it knows since before this one.
            if block.contains_key(&variable) {
                break;
            }
            block.insert(variable, before);
        }
        let number = self.number(value);
        self.begin(variable, number, from);
    }

    /// The local was found to have this value at the operator at `offset`.
    pub(super) fn found(&mut self, variable: DebugVariable, value: Value, offset: BodyOffset) {
        if !self.now.contains_key(&variable) {
            let number = self.number(value);
            self.begin(variable, number, offset);
        }
    }

    /// Something that is no local has this value between two offsets.
    pub(super) fn assign(
        &mut self,
        variable: DebugVariable,
        value: Value,
        offsets: Range<BodyOffset>,
    ) {
        let value = self.number(value);
        let Range { start: from, end: to } = offsets;
        self.assignments.push(ValueAssignment { variable, from, to, value });
    }

    /// A block is entered.
    pub(super) fn enter(&mut self) {
        self.written.push(BTreeMap::new());
    }

    /// A loop is entered that writes these locals.
    pub(super) fn enter_loop(&mut self, writes: &[LocalIndex], offset: BodyOffset) {
        for local in writes {
            let variable = DebugVariable::Local(*local);
            let before = self.end(variable, after(offset));
            for block in self.written.iter_mut().rev() {
                if block.contains_key(&variable) {
                    break;
                }
                block.insert(variable, before);
            }
        }
        self.enter();
    }

    /// The `else` part begins: everything is as before the `if`.
    pub(super) fn otherwise(&mut self, offset: BodyOffset) {
        let written = self.written.last().cloned().unwrap_or_default();
        for (variable, before) in written {
            self.end(variable, after(offset));
            if let Some(number) = before {
                self.begin(variable, number, after(offset));
            }
        }
    }

    /// A block ends. Where control flow joins there, what was written inside
    /// may have either value.
    pub(super) fn leave(&mut self, offset: BodyOffset, joins: bool) {
        let written = self.written.pop().unwrap_or_default();
        for (variable, _) in written.into_iter().filter(|_| joins) {
            self.end(variable, after(offset));
        }
    }

    /// Labels the values in the finished function.
    pub(super) fn attach(self, func: &mut ir::Function, end: BodyOffset) -> Recorded {
        if self.values.is_empty() {
            return Recorded::default();
        }
        let (assignments, values) = self.finish(end);
        func.collect_debug_info();
        let mut labels: BTreeMap<Value, Vec<ValueLabelStart>> = BTreeMap::new();
        let mut constants = Vec::new();
        for (number, value) in ValueIndex::enumerate(values) {
            let value = func.dfg.resolve_aliases(value);
            if let Some(bits) = constant(func, value) {
                constants.push((number, bits));
                continue;
            }
            let (from, label) = (RelSourceLoc::default(), ValueLabel::from_u32(number.get()));
            labels.entry(value).or_default().push(ValueLabelStart { from, label });
        }
        let labels = labels.into_iter();
        func.dfg.values_labels = Some(
            labels.map(|(value, list)| (value, ValueLabelAssignments::Starts(list))).collect(),
        );
        Recorded { assignments, constants }
    }

    /// The assignments, ordered, and what Cranelift calls each value.
    fn finish(mut self, end: BodyOffset) -> (Vec<ValueAssignment>, Vec<Value>) {
        for variable in self.now.keys().copied().collect::<Vec<_>>() {
            self.end(variable, end);
        }
        self.assignments.sort_by_key(|assignment| (assignment.variable, assignment.from));
        (self.assignments, self.values)
    }

    fn number(&mut self, value: Value) -> ValueIndex {
        let number = ValueIndex::from_index(self.values.len());
        self.values.push(value);
        number
    }

    fn begin(&mut self, variable: DebugVariable, number: ValueIndex, from: BodyOffset) {
        self.now.insert(variable, (number, from));
    }

    /// Ends what is known of a variable; gives the value it had.
    fn end(&mut self, variable: DebugVariable, to: BodyOffset) -> Option<ValueIndex> {
        let (value, from) = self.now.remove(&variable)?;
        if from < to {
            self.assignments.push(ValueAssignment { variable, from, to, value });
        }
        Some(value)
    }
}

/// What an operator at `offset` does is done from there on.
fn after(offset: BodyOffset) -> BodyOffset {
    BodyOffset::new(offset.get() + 1)
}

/// The bits of a value that is a constant.
fn constant(func: &ir::Function, value: Value) -> Option<u64> {
    let ValueDef::Result(inst, 0) = func.dfg.value_def(value) else { return None };
    match func.dfg.insts[inst] {
        InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => Some(imm.bits() as u64),
        InstructionData::UnaryIeee32 { opcode: Opcode::F32const, imm } => Some(imm.bits().into()),
        InstructionData::UnaryIeee64 { opcode: Opcode::F64const, imm } => Some(imm.bits()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cranelift_codegen::entity::EntityRef;

    const X: DebugVariable = DebugVariable::Local(LocalIndex::new(0));

    fn value(number: usize) -> Value {
        Value::new(number)
    }

    /// `(from, to, value)` of every span.
    fn assignments(tracker: VariableTracker) -> Vec<(u32, u32, usize)> {
        let (assignments, values) = tracker.finish(at(100));
        let value = |assignment: &ValueAssignment| values[assignment.value.index()].index();
        assignments.iter().map(|s| (s.from.get(), s.to.get(), value(s))).collect()
    }

    fn at(offset: u32) -> BodyOffset {
        BodyOffset::new(offset)
    }

    #[test]
    fn an_if_that_writes_leaves_the_value_unknown() {
        let mut tracker = VariableTracker::default();
        tracker.define(X, value(1), at(0));
        tracker.enter();
        tracker.define(X, value(2), at(10));
        tracker.otherwise(at(20));
        tracker.define(X, value(3), at(25));
        tracker.leave(at(30), true);
        tracker.found(X, value(4), at(40));
        assert_eq!(
            assignments(tracker),
            [(0, 11, 1), (11, 21, 2), (21, 26, 1), (26, 31, 3), (40, 100, 4)]
        );
    }

    #[test]
    fn a_block_that_does_not_write_keeps_the_value() {
        let mut tracker = VariableTracker::default();
        tracker.define(X, value(1), at(0));
        tracker.enter();
        tracker.leave(at(30), true);
        assert_eq!(assignments(tracker), [(0, 100, 1)]);
    }

    #[test]
    fn a_loop_that_writes_begins_unknown() {
        let mut tracker = VariableTracker::default();
        tracker.define(X, value(1), at(0));
        tracker.enter_loop(&[LocalIndex::new(0)], at(10));
        tracker.found(X, value(5), at(12));
        tracker.define(X, value(6), at(14));
        tracker.leave(at(20), false);
        // After the loop its last value is known.
        assert_eq!(assignments(tracker), [(0, 11, 1), (12, 15, 5), (15, 100, 6)]);
    }
}
