//! Exceptions: `try_table`, `throw`, `throw_ref`.
//!
//! A `try_table` has one handler, a block that takes the exnref, compares its
//! tag with those of the clauses in order, and branches; where none matches,
//! it passes the exception on to the handler around it, or throws it again.
//! Calls inside are `try_call`s whose exception edge leads to the handler; a
//! `throw` inside jumps there. What is not thrown costs nothing.

use super::calls::CallTarget;
use super::signatures::clif_type;
use super::state::FuelPlace;
use super::translator::Translator;
use crate::error::Result;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, ExceptionTableData, ExceptionTableItem, InstBuilder, MemFlagsData,
    Value, types,
};
use precast_artifact::abi::{self, Builtin};
use precast_artifact::index::{CanonicalTypeIndex, LabelIndex, TagIndex};
use precast_artifact::trap::TrapCode;
use wasmparser::{Catch, TryTable};

impl Translator<'_, '_> {
    pub(super) fn try_table(&mut self, table: &TryTable, offset: u64) -> Result<()> {
        if !self.reachable || table.catches.is_empty() {
            return self.block(table.ty, offset);
        }
        let handler = self.b.create_block();
        self.b.append_block_param(handler, types::I64);
        self.b.set_cold_block(handler);
        let body = self.b.create_block();
        self.b.ins().jump(body, &[]);
        self.b.seal_block(body);
        self.b.switch_to_block(handler);
        let fuel = self.fuel_place();
        // As whatever throws has left it.
        self.fuel_is_in(FuelPlace::STORE);
        self.handle(handler, &table.catches);
        self.fuel_is_in(fuel);
        self.b.switch_to_block(body);
        self.handlers.push(handler);
        self.try_block(table.ty, offset)
    }

    /// Closes the innermost handler: its block has all its predecessors.
    pub(super) fn end_try(&mut self) {
        let handler = self.handlers.pop().expect("the try_table has a handler");
        self.b.seal_block(handler);
    }

    /// Fills a handler: labels count from outside the `try_table`.
    fn handle(&mut self, handler: Block, catches: &[Catch]) {
        let exception = self.b.block_params(handler)[0];
        for catch in catches {
            match *catch {
                Catch::One { tag, label } => {
                    self.catch(exception, TagIndex::new(tag), LabelIndex::new(label), false)
                }
                Catch::OneRef { tag, label } => {
                    self.catch(exception, TagIndex::new(tag), LabelIndex::new(label), true)
                }
                Catch::All { label } => return self.leave(LabelIndex::new(label), &[]),
                Catch::AllRef { label } => {
                    return self.leave(LabelIndex::new(label), &[exception]);
                }
            }
        }
        self.rethrow(exception);
    }

    /// One clause with a tag: goes on after it when the tag is another.
    fn catch(&mut self, exception: Value, tag: TagIndex, label: LabelIndex, with_reference: bool) {
        let flags = MemFlagsData::trusted().with_readonly();
        let thrown = self.b.ins().load(types::I64, flags, exception, abi::EXCEPTION_TAG);
        let slot = self.module.tag_offset(tag);
        let context = self.flags.context();
        let expected = self.b.ins().load(types::I64, context, self.ctx, slot);
        let same = self.b.ins().icmp(IntCC::Equal, thrown, expected);
        let (caught, next) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(same, caught, &[], next, &[]);
        self.b.seal_block(caught);
        self.b.seal_block(next);
        self.b.switch_to_block(caught);
        let params = self.tag_params(tag);
        let mut values = Vec::with_capacity(params.len() + 1);
        for (index, ty) in params.into_iter().enumerate() {
            let offset = value_offset(index);
            values.push(self.b.ins().load(clif_type(ty), flags, exception, offset));
        }
        values.extend(with_reference.then_some(exception));
        self.leave(label, &values);
        self.b.switch_to_block(next);
    }

    /// Branches to a label with these values.
    fn leave(&mut self, label: LabelIndex, values: &[Value]) {
        self.stack.extend_from_slice(values);
        let fuel = self.fuel_place();
        self.place_fuel(self.fuel_at(label));
        let (target, args) = self.branch_target(label);
        self.b.ins().jump(target, &args);
        self.fuel_is_in(fuel);
        self.stack.truncate(self.stack.len() - values.len());
    }

    /// Parameters of a tag's type.
    fn tag_params(&self, tag: TagIndex) -> Vec<precast_artifact::types::ValType> {
        self.module.types().get(self.module.tag_type(tag)).params.clone()
    }

    /// Ends the block: to the handler around this place, or out of the
    /// function.
    fn rethrow(&mut self, exception: Value) {
        match self.handlers.last() {
            Some(handler) => {
                self.b.ins().jump(*handler, &[BlockArg::Value(exception)]);
            }
            None => {
                self.call_builtin(Builtin::Throw, &[exception]);
                // The builtin does not come back.
                self.b.ins().trap(super::flags::code(TrapCode::Unreachable));
            }
        }
    }

    pub(super) fn throw(&mut self, tag: TagIndex) {
        let count = self.tag_params(tag).len();
        let values = self.pop_many(count);
        let number = self.b.ins().iconst(types::I64, i64::from(tag.get()));
        let exception = self.call_builtin(Builtin::ExceptionNew, &[number]);
        for (index, value) in values.into_iter().enumerate() {
            self.b.ins().store(MemFlagsData::trusted(), value, exception, value_offset(index));
        }
        self.rethrow(exception);
        self.unreachable_from_here();
    }

    pub(super) fn throw_ref(&mut self) {
        let exception = self.pop();
        let null = super::flags::code(TrapCode::NullReference);
        self.b.ins().trapz(exception, null);
        self.rethrow(exception);
        self.unreachable_from_here();
    }

    /// A call whose exceptions go to `handler`.
    pub(super) fn try_call(
        &mut self,
        ty: CanonicalTypeIndex,
        target: CallTarget,
        args: &[Value],
        handler: Block,
    ) -> Vec<Value> {
        let results = self.module.types().get(ty).results.clone();
        let next = self.b.create_block();
        for ty in &results {
            self.b.append_block_param(next, clif_type(*ty));
        }
        let signature = self.signature(ty);
        let pool = &mut self.b.func.dfg.value_lists;
        let returned = (0..results.len() as u32).map(BlockArg::TryCallRet);
        let normal = BlockCall::new(next, returned, pool);
        let exceptional = BlockCall::new(handler, [BlockArg::TryCallExn(0)], pool);
        let table =
            ExceptionTableData::new(signature, normal, [ExceptionTableItem::Default(exceptional)]);
        let table = self.b.func.dfg.exception_tables.push(table);
        match target {
            CallTarget::Function(callee) => self.b.ins().try_call(callee, args, table),
            CallTarget::Pointer(_, code) => self.b.ins().try_call_indirect(code, args, table),
        };
        self.b.seal_block(next);
        self.b.switch_to_block(next);
        self.b.block_params(next).to_vec()
    }
}

/// Where an exception record holds its value of this index.
fn value_offset(index: usize) -> i32 {
    abi::EXCEPTION_VALUES + index as i32 * abi::VALUE_SIZE as i32
}
