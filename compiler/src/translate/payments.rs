//! When a body pays for its work, which its structure alone decides.
//!
//! A *stretch* is what is executed as often as its first operator, but for what a trap
//! or an exception cuts off: operators that follow each other, and what comes after a
//! block that nothing leaves but by its end. It is paid for as a whole where it begins.
//!
//! ```text
//! local.get 0    3 units
//! if
//!   i32.const 1  2 units
//!   local.set 1
//! end
//! local.get 1    of the first stretch
//! ```
//!
//! Blocks that a branch may leave for one further out end a stretch, and so do
//! conditional branches. Each round of a loop has stretches of its own.
//!
//! Whether the fuel was enough is *checked* at the first stretch of each round of a
//! loop, and at that of a body that calls: what is done without being paid for is no
//! more than the code of two bodies.

use crate::error::Result;
use precast_artifact::index::{BodyOffset, LabelIndex};
use std::collections::VecDeque;
use wasmparser::{FunctionBody, Operator as Op, TryTable};

/// What a stretch costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Payment {
    /// Offset in the body of the operator that it begins with.
    at: BodyOffset,
    pub(super) units: i64,
    /// Whether the guest ends here if its fuel was not enough for what came before.
    pub(super) checked: bool,
}

/// What a body pays, and where.
#[derive(Debug, Default)]
pub(super) struct Payments {
    /// Of each stretch, ascending by where it begins.
    due: VecDeque<Payment>,
    /// Of each block, in the order of their starts: whether nothing is paid after it,
    /// nor in another round of a loop around it.
    last: VecDeque<bool>,
}

impl Payments {
    /// Those of a body.
    pub(super) fn of(body: &FunctionBody<'_>) -> Result<Self> {
        let start = body.range().start;
        let mut scan = Scan { reachable: true, begins: true, ..Scan::default() };
        scan.open(Kind::Block);
        let mut operators = body.get_operators_reader()?;
        while !operators.eof() {
            let (op, offset) = operators.read_with_offset()?;
            scan.operator(&op, BodyOffset::new((offset - start) as u32))?;
        }
        Ok(scan.finish())
    }

    /// What is due at the operator at `offset`; each is asked for once, in order.
    pub(super) fn due_at(&mut self, offset: BodyOffset) -> Option<Payment> {
        self.due.pop_front_if(|payment| payment.at == offset)
    }

    /// That of a body without branches, as a whole.
    pub(super) fn whole(&self) -> Payment {
        let units = self.due.iter().map(|payment| payment.units).sum();
        Payment {
            at: BodyOffset::START,
            units,
            checked: self.due.iter().any(|payment| payment.checked),
        }
    }

    /// Whether the block that is opened next is the last to pay.
    pub(super) fn next_is_last(&mut self) -> bool {
        self.last.pop_front().unwrap_or(false)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Block,
    Loop,
    If,
    Else,
}

/// An open block.
struct Open {
    kind: Kind,
    /// The stretch that it begins in, and that goes on after its end if nothing escapes.
    stretch: Option<usize>,
    entered: bool,
    /// Whether something branches to its end.
    branched: bool,
    /// Whether something branches out of it.
    escaped: bool,
    number: usize,
}

#[derive(Default)]
struct Scan {
    stretches: Vec<Payment>,
    /// The one that the next operator belongs to.
    stretch: Option<usize>,
    /// Whether the next one is the first of the body, or of a round.
    begins: bool,
    /// Whether the body calls.
    calls: bool,
    reachable: bool,
    open: Vec<Open>,
    /// How many stretches have begun at the end of each block; none for one in a loop.
    ends: Vec<Option<usize>>,
}

impl Scan {
    fn operator(&mut self, op: &Op<'_>, offset: BodyOffset) -> Result<()> {
        if self.reachable && is_paid(op) {
            let stretch = self.begin(offset);
            self.stretches[stretch].units += 1;
            self.calls |= is_call(op);
        }
        match op {
            Op::Block { .. } | Op::Loop { .. } | Op::If { .. } | Op::TryTable { .. } => {
                self.structure(op, offset);
            }
            Op::Else => self.otherwise(),
            Op::End => self.end(),
            _ if self.reachable => self.leave(op)?,
            _ => {}
        }
        Ok(())
    }

    /// The stretch that what is at `offset` belongs to.
    fn begin(&mut self, offset: BodyOffset) -> usize {
        *self.stretch.get_or_insert_with(|| {
            let checked = std::mem::take(&mut self.begins);
            self.stretches.push(Payment { at: offset, units: 0, checked });
            self.stretches.len() - 1
        })
    }

    fn structure(&mut self, op: &Op<'_>, offset: BodyOffset) {
        if self.reachable {
            self.begin(offset);
        }
        match op {
            Op::Loop { .. } => self.open(Kind::Loop),
            Op::If { .. } => self.open(Kind::If),
            Op::TryTable { try_table } => self.try_table(try_table),
            _ => self.open(Kind::Block),
        }
    }

    /// Exceptions are no branches: what they cut off has been paid for.
    fn try_table(&mut self, table: &TryTable) {
        if self.reachable {
            for catch in &table.catches {
                let (wasmparser::Catch::One { label, .. }
                | wasmparser::Catch::OneRef { label, .. }
                | wasmparser::Catch::All { label }
                | wasmparser::Catch::AllRef { label }) = *catch;
                self.reach(self.target(LabelIndex::new(label)));
            }
        }
        self.open(Kind::Block);
    }

    fn open(&mut self, kind: Kind) {
        let (stretch, entered) = (self.stretch, self.reachable);
        let number = self.ends.len();
        self.ends.push(None);
        self.open.push(Open { kind, stretch, entered, branched: false, escaped: false, number });
        if kind != Kind::Block {
            self.stretch = None;
        }
        self.begins |= kind == Kind::Loop && entered;
    }

    fn otherwise(&mut self) {
        let open = self.open.last_mut().expect("validated: else belongs to an if");
        open.branched |= self.reachable;
        open.kind = Kind::Else;
        self.reachable = open.entered;
        self.stretch = None;
    }

    fn end(&mut self) {
        let open = self.open.pop().expect("validated: a block is open");
        let passed = open.kind == Kind::If && open.entered;
        let falls_through = matches!(open.kind, Kind::Block | Kind::Loop) && !open.branched;
        self.reachable |= open.branched || passed;
        self.stretch = match open.escaped {
            false => open.stretch,
            true if falls_through => self.stretch,
            true => None,
        };
        if !self.open.iter().any(|outer| outer.kind == Kind::Loop) {
            self.ends[open.number] = Some(self.stretches.len());
        }
    }

    /// What may go on elsewhere than after the operator.
    fn leave(&mut self, op: &Op<'_>) -> Result<()> {
        let goes_on = match op {
            Op::BrIf { relative_depth }
            | Op::BrOnNull { relative_depth }
            | Op::BrOnNonNull { relative_depth } => {
                self.branch(LabelIndex::new(*relative_depth));
                true
            }
            Op::Br { relative_depth } => {
                self.branch(LabelIndex::new(*relative_depth));
                false
            }
            Op::BrTable { targets } => {
                for label in targets.targets().chain([Ok(targets.default())]) {
                    self.branch(LabelIndex::new(label?));
                }
                false
            }
            Op::Return
            | Op::ReturnCall { .. }
            | Op::ReturnCallIndirect { .. }
            | Op::ReturnCallRef { .. } => {
                self.branch(LabelIndex::from_index(self.open.len() - 1));
                false
            }
            Op::Unreachable | Op::Throw { .. } | Op::ThrowRef => false,
            _ => return Ok(()),
        };
        self.reachable = goes_on;
        self.stretch = None;
        Ok(())
    }

    /// Which of the open blocks a label stands for.
    fn target(&self, label: LabelIndex) -> usize {
        self.open.len() - 1 - label.index()
    }

    fn branch(&mut self, label: LabelIndex) {
        let target = self.target(label);
        self.open[target + 1..].iter_mut().for_each(|inner| inner.escaped = true);
        self.reach(target);
    }

    fn reach(&mut self, target: usize) {
        let open = &mut self.open[target];
        open.branched |= open.kind != Kind::Loop;
    }

    fn finish(mut self) -> Payments {
        if let (Some(first), false) = (self.stretches.first_mut(), self.calls) {
            first.checked = false;
        }
        let all = self.stretches.len();
        let paid = |from: usize| self.stretches[from..].iter().any(|it| it.units != 0);
        let last = self.ends.iter().map(|end| !paid(end.map_or(0, |end| end.min(all))));
        let last = last.collect();
        let due = self.stretches.iter().copied().filter(|it| it.units != 0).collect();
        Payments { due, last }
    }
}

/// Whether an operator takes a unit: those that only give structure do not.
fn is_paid(op: &Op<'_>) -> bool {
    !matches!(
        op,
        Op::Nop | Op::Block { .. } | Op::Loop { .. } | Op::Else | Op::End | Op::TryTable { .. }
    )
}

/// Whether an operator runs another body, in which it may be recursive.
pub(super) fn is_call(op: &Op<'_>) -> bool {
    matches!(
        op,
        Op::Call { .. }
            | Op::CallIndirect { .. }
            | Op::CallRef { .. }
            | Op::ReturnCall { .. }
            | Op::ReturnCallIndirect { .. }
            | Op::ReturnCallRef { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The units of each stretch of a function.
    fn units(text: &str) -> Vec<i64> {
        payments(text).into_iter().map(|payment| payment.units).collect()
    }

    /// Whether the fuel is checked, at each stretch.
    fn checks(text: &str) -> Vec<bool> {
        payments(text).into_iter().map(|payment| payment.checked).collect()
    }

    fn payments(text: &str) -> VecDeque<Payment> {
        let text =
            format!("(module (func $f (param i32) (result i32) (local i32) {text} (local.get 1)))");
        let wasm = wat::parse_str(text).unwrap();
        let mut bodies = wasmparser::Parser::new(0).parse_all(&wasm);
        let body = bodies.find_map(|payload| match payload.unwrap() {
            wasmparser::Payload::CodeSectionEntry(body) => Some(body),
            _ => None,
        });
        Payments::of(&body.unwrap()).unwrap().due
    }

    #[test]
    fn what_follows_each_other_is_paid_at_once() {
        assert_eq!(units(""), [1]);
        assert_eq!(units("(nop) (block (nop)) (local.set 1 (call $f (local.get 0)))"), [4]);
    }

    #[test]
    fn what_comes_after_a_block_is_paid_before_it() {
        assert_eq!(units("(if (local.get 0) (then (local.set 1 (i32.const 1))))"), [3, 2]);
        assert_eq!(units("(block (br_if 0 (local.get 0)) (drop (i32.const 1)))"), [3, 2]);
        assert_eq!(units("(loop (br_if 0 (local.get 0)))"), [1, 2]);
        // One arm ends in a trap.
        assert_eq!(units("(if (local.get 0) (then unreachable))"), [3, 1]);
    }

    #[test]
    fn what_a_branch_may_pass_by_is_paid_for_itself() {
        let text = "(if (local.get 0) (then (return (i32.const 1))) (else nop))";
        assert_eq!(units(text), [2, 2, 1]);
        let text = "(block (block (br_if 1 (local.get 0)) (drop (i32.const 1))) nop)";
        assert_eq!(units(text), [3, 2]);
        let text = "(block (block (br_if 1 (local.get 0))) (drop (i32.const 1)))";
        assert_eq!(units(text), [3, 2]);
        let text = "(loop (if (local.get 0) (then (br 1))) (drop (i32.const 1)))";
        assert_eq!(units(text), [1, 2, 1, 2]);
        let text = "(block (loop (br_if 1 (local.get 0)) (br 0)))";
        assert_eq!(units(text), [1, 2, 1]);
    }

    #[test]
    fn rounds_and_bodies_that_call_are_checked() {
        assert_eq!(checks("(if (local.get 0) (then (local.set 1 (i32.const 1))))"), [false, false]);
        let call = "(if (local.get 0) (then (local.set 1 (call $f (i32.const 1)))))";
        assert_eq!(checks(call), [true, false]);
        assert_eq!(checks("(loop (br_if 0 (local.get 0)))"), [false, true]);
        // An outer round begins with what is before the inner one, if that takes units.
        let inner = "(loop (br_if 1 (local.get 0)) (br_if 0 (local.get 0)))";
        let text = format!("(loop (drop (local.get 0)) {inner})");
        assert_eq!(checks(&text), [false, true, true, false]);
        assert_eq!(checks("(loop (loop (br_if 1 (local.get 0)) (br 0)))"), [true, false]);
        // What cannot be reached begins nothing.
        assert_eq!(checks("(return (i32.const 1)) (loop (br 0))"), [false]);
    }

    #[test]
    fn what_cannot_be_reached_costs_nothing() {
        assert_eq!(units("(block (br 0) (drop (i32.const 1)))"), [2]);
        assert_eq!(units("(return (i32.const 1)) (if (i32.const 0) (then (nop)))"), [2]);
        assert_eq!(units("(loop (br 0)) (drop (i32.const 1))"), [1]);
    }
}
