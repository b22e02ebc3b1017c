//! Globals.

use super::input::GlobalInput;
use super::signatures::clif_type;
use super::translator::Translator;
use crate::plan::Constant;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use precast_artifact::index::GlobalIndex;
use precast_artifact::types::ValType;

impl Translator<'_, '_> {
    /// Address and offset of a global's value.
    fn global_place(&mut self, index: GlobalIndex) -> (Value, i32) {
        let offset = self.module.global_offset(index);
        if self.module.global(index).imported {
            let flags = self.flags.context();
            (self.b.ins().load(types::I64, flags, self.ctx, offset), 0)
        } else {
            (self.ctx, offset)
        }
    }

    pub(super) fn global_get(&mut self, index: GlobalIndex) {
        let GlobalInput { ty, constant, .. } = self.module.global(index);
        let value = match constant {
            Some(constant) => self.constant(constant, ty),
            None => {
                let (base, offset) = self.global_place(index);
                let flags = self.flags.globals();
                self.b.ins().load(clif_type(ty), flags, base, offset)
            }
        };
        self.push(value);
    }

    pub(super) fn global_set(&mut self, index: GlobalIndex) {
        let value = self.pop();
        let (base, offset) = self.global_place(index);
        let flags = self.flags.globals();
        self.b.ins().store(flags, value, base, offset);
    }

    pub(super) fn constant(&mut self, constant: Constant, ty: ValType) -> Value {
        use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
        match (constant, ty) {
            (Constant::Bits32(bits), ValType::F32) => {
                self.b.ins().f32const(Ieee32::with_bits(bits))
            }
            (Constant::Bits64(bits), ValType::F64) => {
                self.b.ins().f64const(Ieee64::with_bits(bits))
            }
            (Constant::Bits32(bits), _) => self.b.ins().iconst(types::I32, i64::from(bits)),
            (Constant::Bits64(bits), _) => self.b.ins().iconst(types::I64, bits as i64),
            (Constant::Bits128(bits), _) => self.vector_constant(bits),
            (Constant::Null, _) => self.b.ins().iconst(types::I64, 0),
        }
    }
}
