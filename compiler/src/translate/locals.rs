//! Locals: variables of the code generator, or with `-g -O0` slots of the
//! frame, where a debugger can read and write them at any time.

use super::watch::Watch;
use super::{Translator, clif_type};
use crate::function::Watched;
use crate::recorded::slot_key;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind};
use cranelift_codegen::ir::{Value, types};
use cranelift_frontend::Variable;
use precast_artifact::types::{FuncType, ValType};

/// How much of the source a debugger shall find again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Debug {
    /// Nothing.
    Off,
    /// Every local, at every operator, in its own slot of the frame.
    Slots,
    /// Whatever the optimised code still holds, and what [`Env::wanted`] names.
    ///
    /// [`Env::wanted`]: super::Env::wanted
    Values,
}

/// Where a local is kept.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Variable(Variable),
    Slot(StackSlot),
    /// In a variable, and every value in a slot too.
    Both(Variable, StackSlot),
}

/// A local of the function.
#[derive(Clone, Copy)]
pub(super) struct Local {
    place: Place,
    ty: ValType,
}

impl Translator<'_, '_> {
    /// Takes note of the context, which came as the first parameter.
    pub(super) fn declare_context(&mut self) {
        // Without it no address of the guest means anything, so it is kept in
        // optimised code too: one store.
        if self.env.debug != Debug::Off {
            let slot = self.slot(Watched::Context, 8);
            self.b.ins().stack_store(types::I64, self.ctx, slot, 0);
        }
    }

    pub(super) fn declare_parameters(&mut self, ty: &FuncType) {
        let entry = self.b.current_block().expect("the entry block is current");
        let values = self.b.block_params(entry)[1..].to_vec();
        for (ty, value) in ty.params.iter().zip(values) {
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

    fn declare_local(&mut self, ty: ValType, value: Value) {
        let index = self.locals.len() as u32;
        let place = match self.env.debug {
            Debug::Slots => Place::Slot(self.slot(Watched::Local(index), clif_type(ty).bytes())),
            Debug::Values if self.kept.binary_search(&index).is_ok() => {
                let slot = self.slot(Watched::Local(index), clif_type(ty).bytes());
                Place::Both(self.b.declare_var(clif_type(ty)), slot)
            }
            Debug::Off | Debug::Values => Place::Variable(self.b.declare_var(clif_type(ty))),
        };
        self.locals.push(Local { place, ty });
        self.write_local(index, value);
    }

    pub(super) fn slot(&mut self, variable: Watched, size: u32) -> StackSlot {
        let kind = StackSlotKind::ExplicitSlot;
        let align = size.ilog2() as u8;
        let data = StackSlotData::new_with_key(kind, size, align, slot_key(variable));
        self.b.create_sized_stack_slot(data)
    }

    fn write_local(&mut self, index: u32, value: Value) {
        match self.locals[index as usize].place {
            Place::Variable(variable) => self.b.def_var(variable, value),
            Place::Slot(slot) => {
                self.b.ins().stack_store(types::I64, value, slot, 0);
            }
            Place::Both(variable, slot) => {
                self.b.def_var(variable, value);
                self.b.ins().stack_store(types::I64, value, slot, 0);
                return;
            }
        }
        if self.env.debug == Debug::Values {
            let offset = self.source_offset();
            self.watch.define(Watched::Local(index), value, offset);
        }
    }

    pub(super) fn local_get(&mut self, index: u32) {
        let Local { place, ty } = self.locals[index as usize];
        let value = match place {
            Place::Variable(variable) | Place::Both(variable, _) => self.b.use_var(variable),
            Place::Slot(slot) => self.b.ins().stack_load(types::I64, clif_type(ty), slot, 0),
        };
        if self.env.debug == Debug::Values && matches!(place, Place::Variable(_)) {
            let offset = self.source_offset();
            self.watch.found(Watched::Local(index), value, offset);
        }
        self.push(value);
    }

    pub(super) fn local_set(&mut self, index: u32) {
        let value = self.pop();
        self.write_local(index, value);
    }

    pub(super) fn local_tee(&mut self, index: u32) {
        let value = *self.stack.last().expect("validated code does not underflow the stack");
        self.write_local(index, value);
    }

    /// Offset in the module of the operator being translated; zero before the
    /// first.
    pub(super) fn source_offset(&self) -> u32 {
        let at = self.b.srcloc();
        if at.is_default() { 0 } else { at.bits() }
    }

    /// What is watched, when translation is over.
    pub(super) fn take_watch(&mut self) -> Watch {
        std::mem::take(&mut self.watch)
    }
}
