//! Locals: variables of the code generator, or with `-g -O0` slots of the
//! frame, where a debugger can read and write them at any time.

use super::options::Debug;
use super::signatures::clif_type;
use super::state::{LocalStorage, LocalVariable};
use super::tracking::VariableTracker;
use super::translator::Translator;
use crate::function::{DebugVariable, Position};
use crate::plan::Constant;
use crate::recorded::slot_key;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind};
use cranelift_codegen::ir::{Value, types};
use precast_artifact::index::LocalIndex;
use precast_artifact::types::{FuncType, ValType};

impl Translator<'_, '_> {
    /// Takes note of the context, which came as the first parameter.
    pub(super) fn declare_context(&mut self) {
        // Without it no address of the guest means anything, so it is kept in
        // optimised code too: one store.
        if self.module.options.debug != Debug::Off {
            let slot = self.slot(DebugVariable::Context, 8);
            self.b.ins().stack_store(types::I64, self.ctx, slot, 0);
        }
    }

    /// Declares the parameters, of which some are known to be constants.
    pub(super) fn declare_parameters(
        &mut self,
        ty: &FuncType,
        constants: &[(LocalIndex, Constant)],
    ) {
        let entry = self.b.current_block().expect("the entry block is current");
        let values = self.b.block_params(entry)[1..].to_vec();
        for (index, (ty, value)) in LocalIndex::enumerate(ty.params.iter().zip(values)) {
            let known = constants.binary_search_by_key(&index, |(parameter, _)| *parameter);
            let value = match known {
                Ok(at) => self.constant(constants[at].1, *ty),
                Err(_) => value,
            };
            self.declare_local(*ty, value);
        }
    }

    pub(super) fn declare_locals(&mut self, count: u32, ty: ValType) {
        if count == 0 {
            return;
        }
        let zero = self.zero(ty);
        for _ in 0..count {
            self.declare_local(ty, zero);
        }
    }

    pub(super) fn declare_local(&mut self, ty: ValType, value: Value) {
        let index = LocalIndex::from_index(self.locals.len());
        let storage = match self.module.options.debug {
            Debug::Slots => {
                LocalStorage::Slot(self.slot(DebugVariable::Local(index), clif_type(ty).bytes()))
            }
            Debug::Values if self.kept.binary_search(&index).is_ok() => {
                let slot = self.slot(DebugVariable::Local(index), clif_type(ty).bytes());
                LocalStorage::Both(self.b.declare_var(clif_type(ty)), slot)
            }
            Debug::Off | Debug::Values => LocalStorage::Variable(self.b.declare_var(clif_type(ty))),
        };
        self.locals.push(LocalVariable { storage, ty });
        self.write_local(index, value);
    }

    pub(super) fn slot(&mut self, variable: DebugVariable, size: u32) -> StackSlot {
        let kind = StackSlotKind::ExplicitSlot;
        let align = size.ilog2() as u8;
        let data = StackSlotData::new_with_key(kind, size, align, slot_key(variable));
        self.b.create_sized_stack_slot(data)
    }

    fn write_local(&mut self, index: LocalIndex, value: Value) {
        match self.locals[index.index()].storage {
            LocalStorage::Variable(variable) => self.b.def_var(variable, value),
            LocalStorage::Slot(slot) => {
                self.b.ins().stack_store(types::I64, value, slot, 0);
            }
            LocalStorage::Both(variable, slot) => {
                self.b.def_var(variable, value);
                self.b.ins().stack_store(types::I64, value, slot, 0);
                return;
            }
        }
        if self.module.options.debug == Debug::Values {
            let offset = self.body_offset();
            self.tracker.define(DebugVariable::Local(index), value, offset);
        }
    }

    pub(super) fn local_get(&mut self, index: LocalIndex) {
        let index = self.local_index(index);
        let LocalVariable { storage, ty } = self.locals[index.index()];
        let value = match storage {
            LocalStorage::Variable(variable) | LocalStorage::Both(variable, _) => {
                self.b.use_var(variable)
            }
            LocalStorage::Slot(slot) => self.b.ins().stack_load(types::I64, clif_type(ty), slot, 0),
        };
        if self.module.options.debug == Debug::Values
            && matches!(storage, LocalStorage::Variable(_))
        {
            let offset = self.body_offset();
            self.tracker.found(DebugVariable::Local(index), value, offset);
        }
        self.push(value);
    }

    pub(super) fn local_set(&mut self, index: LocalIndex) {
        let value = self.pop();
        self.write_local(self.local_index(index), value);
    }

    pub(super) fn local_tee(&mut self, index: LocalIndex) {
        let value = *self.stack.last().expect("validated code does not underflow the stack");
        self.write_local(self.local_index(index), value);
    }

    /// Position of the operator being translated; none before the first.
    pub(super) fn position(&self) -> Position {
        let at = self.b.srcloc();
        if at.is_default() { Position::NONE } else { Position::new(at.bits()) }
    }

    /// What was tracked, when translation is over.
    pub(super) fn take_tracker(&mut self) -> VariableTracker {
        std::mem::take(&mut self.tracker)
    }
}
