//! Bodies: the function's own, and those that are inlined into it.
//!
//! An inlined body is translated where its call stands. Its parameters are
//! locals after those of the caller, its outermost block takes the place of
//! the function's: what returns from it goes to that block's end, with the
//! results on the operand stack. Handlers around the call are around the body.

use super::calls::CallKind;
use super::input::{FunctionInput, InlineCall};
use super::options::Debug;
use super::payments::Payments;
use super::state::OpenBody;
use super::translator::Translator;
use crate::error::Result;
use crate::function::{InlinedBody, Position};
use crate::middle::product::{Product, ProductStore};
use cranelift_codegen::ir::{self, InstBuilder, types};
use precast_artifact::index::{BodyOffset, LocalIndex};
use std::ops::Range;

impl<'a> Translator<'a, '_> {
    /// Translates the function's own body. The parameters are declared.
    pub(super) fn function_body(&mut self, input: &'a FunctionInput<'a>) -> Result<()> {
        let start = Position::NONE;
        let payments = self.payments(input)?;
        self.bodies.push(OpenBody { input, locals: 0, outermost: 0, start, payments });
        self.positions = start.operator(input.end());
        self.body(input)
    }

    /// Translates the body of a function in place of a call of it, whose
    /// arguments are on the operand stack.
    pub(super) fn inline(&mut self, callee: &'a FunctionInput<'a>, kind: CallKind) -> Result<()> {
        debug_assert_eq!(self.module.options.debug, Debug::Off, "values are told apart by local");
        let ty = callee.ty();
        let arguments = self.pop_many(ty.params.len());
        let locals = self.locals.len();
        let start = self.positions;
        self.positions = start.operator(callee.end());
        let call = self.position();
        self.inlined.push(InlinedBody {
            start,
            module: callee.module.index,
            function: callee.function,
            call,
        });
        for (ty, argument) in ty.params.iter().zip(arguments) {
            self.declare_local(*ty, argument);
        }
        let outermost = self.control.len();
        let payments = self.payments(callee)?;
        self.bodies.push(OpenBody { input: callee, locals, outermost, start, payments });
        self.b.set_srcloc(ir::SourceLoc::new(start.get()));
        self.body(callee)?;
        self.bodies.pop();
        self.locals.truncate(locals);
        if kind == CallKind::Tail && self.reachable {
            self.return_();
        }
        Ok(())
    }

    /// What a body pays, with fuel.
    fn payments(&self, input: &FunctionInput<'_>) -> Result<Payments> {
        match self.module.options.fuel {
            true => Payments::of(input.body),
            false => Ok(Payments::default()),
        }
    }

    /// Declares the locals of the innermost open body, and translates its
    /// operators.
    fn body(&mut self, input: &'a FunctionInput<'a>) -> Result<()> {
        if let Some(product) = &input.product {
            self.product_body(product, input);
            return Ok(());
        }
        let mut locals = input.body.get_locals_reader()?;
        for _ in 0..locals.get_count() {
            let offset = locals.original_position();
            let (count, ty) = locals.read()?;
            self.declare_locals(count, self.module.types().value(ty, offset)?);
        }
        self.begin_body(input.ty());
        let in_module = input.body.range().start;
        let start = self.open_body().start;
        let mut reader = input.body.get_operators_reader()?;
        while !reader.eof() {
            let (op, offset) = reader.read_with_offset()?;
            let in_body = BodyOffset::new((offset - in_module) as u32);
            self.leave_cold(input.cold, in_body);
            self.note_operands(in_body);
            self.b.set_srcloc(ir::SourceLoc::new(start.operator(in_body).get()));
            let hint = input.hints.binary_search_by_key(&in_body.get(), |hint| hint.func_offset);
            self.hint = hint.ok().map(|at| input.hints[at].taken);
            self.operator(&op, offset)?;
        }
        Ok(())
    }

    /// Lays the open block out of the way if the operator at this offset never
    /// runs: no block is open both before and in such a piece.
    fn leave_cold(&mut self, cold: &[Range<BodyOffset>], at: BodyOffset) {
        if cold.is_empty() || !self.reachable {
            return;
        }
        let after = cold.partition_point(|piece| piece.start <= at);
        let inside = after.checked_sub(1).is_some_and(|piece| cold[piece].contains(&at));
        if let (true, Some(block)) = (inside, self.b.current_block()) {
            self.b.set_cold_block(block);
        }
    }

    /// In place of a body that is proved to be a product: its stores, of what
    /// the machine computes.
    fn product_body(&mut self, product: &Product, input: &FunctionInput<'_>) {
        self.begin_body(input.ty());
        let start = self.open_body().start;
        let at = |store: &ProductStore| ir::SourceLoc::new(start.operator(store.at).get());
        self.b.set_srcloc(at(&product.stores[0]));
        self.pay_whole();
        let [to, a, a_high, b, b_high] = [0, 1, 2, 3, 4].map(|local| {
            self.local_get(LocalIndex::new(local));
            self.pop()
        });
        // One instruction gives both halves.
        let [wide_a, wide_b] = [a, b].map(|half| self.b.ins().uextend(types::I128, half));
        let whole = self.b.ins().imul(wide_a, wide_b);
        let (low, carried) = self.b.ins().isplit(whole);
        let (left, right) = (self.b.ins().imul(a, b_high), self.b.ins().imul(a_high, b));
        let sum = self.b.ins().iadd(left, right);
        let high = self.b.ins().iadd(carried, sum);
        for store in &product.stores {
            self.b.set_srcloc(at(store));
            self.push(to);
            self.push(if store.high { high } else { low });
            self.store(&store.memarg);
        }
        self.end();
    }

    /// The body that the operator being translated is in.
    fn open_body(&self) -> &OpenBody<'a> {
        self.bodies.last().expect("the function's own body is open")
    }

    /// Whether the operator being translated is in an inlined body.
    pub(super) fn is_inlined(&self) -> bool {
        self.bodies.len() > 1
    }

    /// What to inline in place of the call being translated: nothing, a body, or
    /// those that a call through a table may reach.
    pub(super) fn to_inline(&self) -> &'a [InlineCall<'a>] {
        let inline = self.open_body().input.inline;
        let call = self.body_offset();
        let first = inline.partition_point(|inlined| inlined.call < call);
        let end = inline.partition_point(|inlined| inlined.call <= call);
        &inline[first..end]
    }

    /// Where the operator being translated is in its body; at the start before the
    /// first, where no body is open yet.
    pub(super) fn body_offset(&self) -> BodyOffset {
        let start = self.bodies.last().map_or(Position::NONE, |body| body.start);
        self.position().in_body(start)
    }

    /// A local of the open body, among those of all.
    pub(super) fn local_index(&self, local: LocalIndex) -> LocalIndex {
        LocalIndex::from_index(self.open_body().locals + local.index())
    }

    /// The open body's outermost block, among all open ones.
    pub(super) fn outermost(&self) -> usize {
        self.open_body().outermost
    }
}

#[cfg(test)]
mod tests;
