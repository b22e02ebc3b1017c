//! The table that routes every operator, one line each, to its family.
//!
//! To add an operator: a line here, a method in the family's module.

use super::calls::CallKind::{Normal, Tail};
use super::translator::Translator;
use crate::error::{Error, Result};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, types};
use precast_artifact::abi::Builtin;
use precast_artifact::index::{DataIndex, ElementIndex, Number};
use types::{F32, F64, I8, I16, I32, I64};
use wasmparser::Operator as Op;

impl Translator<'_, '_> {
    /// Translates one operator, which is at `offset` in the module. Code that cannot
    /// be reached is skipped, but for the structure of its blocks.
    pub(super) fn operator(&mut self, op: &Op<'_>, offset: u64) -> Result<()> {
        self.settle_truth(op);
        self.count_fuel(op);
        match op {
            Op::Block { blockty } => return self.block(*blockty, offset),
            Op::Loop { blockty } => return self.loop_(*blockty, offset),
            Op::If { blockty } => return self.if_(*blockty, offset),
            Op::TryTable { try_table } => return self.try_table(try_table, offset),
            Op::Else => self.else_(),
            Op::End => self.end(),
            _ if !self.reachable => {}
            _ if self.control_or_call(op)? => {}
            _ if self.numeric(op) => {}
            _ if self.memory_or_table(op) => {}
            _ if self.vector(op) => {}
            _ if self.atomic(op) => {}
            _ => return Err(Error::unsupported(offset, format!("operator {op:?}"))),
        }
        Ok(())
    }

    #[rustfmt::skip]
    fn control_or_call(&mut self, op: &Op<'_>) -> Result<bool> {
        match op {
            Op::Nop => {}
            Op::Unreachable => self.unreachable(),
            Op::Throw { tag_index } => self.throw(index(tag_index)),
            Op::ThrowRef => self.throw_ref(),
            Op::Br { relative_depth } => self.br(index(relative_depth)),
            Op::BrIf { relative_depth } => self.br_if(index(relative_depth)),
            Op::BrTable { targets } => self.br_table(targets)?,
            Op::Return => self.return_(),
            Op::Drop => { self.pop(); }
            Op::Select | Op::TypedSelect { .. } => self.select(),
            Op::Call { function_index } => self.call(index(function_index), Normal)?,
            Op::ReturnCall { function_index } => self.call(index(function_index), Tail)?,
            Op::CallIndirect { type_index, table_index } => self.call_indirect(index(type_index), index(table_index), Normal)?,
            Op::ReturnCallIndirect { type_index, table_index } => self.call_indirect(index(type_index), index(table_index), Tail)?,
            Op::CallRef { type_index } => self.call_ref(index(type_index), Normal),
            Op::ReturnCallRef { type_index } => self.call_ref(index(type_index), Tail),
            Op::BrOnNull { relative_depth } => self.br_on_null(index(relative_depth)),
            Op::BrOnNonNull { relative_depth } => self.br_on_non_null(index(relative_depth)),
            Op::RefAsNonNull => self.ref_as_non_null(),
            Op::LocalGet { local_index } => self.local_get(index(local_index)),
            Op::LocalSet { local_index } => self.local_set(index(local_index)),
            Op::LocalTee { local_index } => self.local_tee(index(local_index)),
            Op::GlobalGet { global_index } => self.global_get(index(global_index)),
            Op::GlobalSet { global_index } => self.global_set(index(global_index)),
            Op::RefNull { .. } => self.ref_null(),
            Op::RefIsNull => self.ref_is_null(),
            Op::RefFunc { function_index } => self.ref_func(index(function_index)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    #[rustfmt::skip]
    fn memory_or_table(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::I32Load { memarg } => self.load(memarg, I32),
            Op::I64Load { memarg } => self.load(memarg, I64),
            Op::F32Load { memarg } => self.load(memarg, F32),
            Op::F64Load { memarg } => self.load(memarg, F64),
            Op::I32Load8S { memarg } => self.load_extend(memarg, I8, I32, true),
            Op::I32Load8U { memarg } => self.load_extend(memarg, I8, I32, false),
            Op::I32Load16S { memarg } => self.load_extend(memarg, I16, I32, true),
            Op::I32Load16U { memarg } => self.load_extend(memarg, I16, I32, false),
            Op::I64Load8S { memarg } => self.load_extend(memarg, I8, I64, true),
            Op::I64Load8U { memarg } => self.load_extend(memarg, I8, I64, false),
            Op::I64Load16S { memarg } => self.load_extend(memarg, I16, I64, true),
            Op::I64Load16U { memarg } => self.load_extend(memarg, I16, I64, false),
            Op::I64Load32S { memarg } => self.load_extend(memarg, I32, I64, true),
            Op::I64Load32U { memarg } => self.load_extend(memarg, I32, I64, false),
            Op::I32Store { memarg } | Op::I64Store { memarg } => self.store(memarg),
            Op::F32Store { memarg } | Op::F64Store { memarg } => self.store(memarg),
            Op::I32Store8 { memarg } | Op::I64Store8 { memarg } => self.store_low(memarg, I8),
            Op::I32Store16 { memarg } | Op::I64Store16 { memarg } => self.store_low(memarg, I16),
            Op::I64Store32 { memarg } => self.store_low(memarg, I32),
            Op::MemorySize { mem } => self.memory_size(index(mem)),
            Op::MemoryGrow { mem } => self.memory_grow(index(mem)),
            Op::MemoryCopy { dst_mem, src_mem } => self.memory_copy(index(dst_mem), index(src_mem)),
            Op::MemoryFill { mem } => self.memory_fill(index(mem)),
            Op::MemoryInit { data_index, mem } => self.memory_init(index(mem), index(data_index)),
            Op::DataDrop { data_index } => self.drop_segment(Builtin::DataDrop, DataIndex::new(*data_index)),
            Op::TableGet { table } => self.table_get(index(table)),
            Op::TableSet { table } => self.table_set(index(table)),
            Op::TableSize { table } => self.table_size(index(table)),
            Op::TableGrow { table } => self.table_grow(index(table)),
            Op::TableFill { table } => self.table_fill(index(table)),
            Op::TableCopy { dst_table, src_table } => self.table_copy(index(dst_table), index(src_table)),
            Op::TableInit { elem_index, table } => self.table_init(index(table), index(elem_index)),
            Op::ElemDrop { elem_index } => self.drop_segment(Builtin::ElemDrop, ElementIndex::new(*elem_index)),
            _ => return false,
        }
        true
    }

    /// A table: a line for each operator.
    #[rustfmt::skip]
    fn numeric(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::I32Const { value } => { let v = self.b.ins().iconst(I32, i64::from(*value as u32)); self.push(v) }
            Op::I64Const { value } => { let v = self.b.ins().iconst(I64, *value); self.push(v) }
            Op::F32Const { value } => { let v = self.b.ins().f32const(Ieee32::with_bits(value.bits())); self.push(v) }
            Op::F64Const { value } => { let v = self.b.ins().f64const(Ieee64::with_bits(value.bits())); self.push(v) }

            Op::I32Eqz | Op::I64Eqz => self.eqz(),
            Op::I32Eq | Op::I64Eq => self.compare(IntCC::Equal),
            Op::I32Ne | Op::I64Ne => self.compare(IntCC::NotEqual),
            Op::I32LtS | Op::I64LtS => self.compare(IntCC::SignedLessThan),
            Op::I32LtU | Op::I64LtU => self.compare(IntCC::UnsignedLessThan),
            Op::I32GtS | Op::I64GtS => self.compare(IntCC::SignedGreaterThan),
            Op::I32GtU | Op::I64GtU => self.compare(IntCC::UnsignedGreaterThan),
            Op::I32LeS | Op::I64LeS => self.compare(IntCC::SignedLessThanOrEqual),
            Op::I32LeU | Op::I64LeU => self.compare(IntCC::UnsignedLessThanOrEqual),
            Op::I32GeS | Op::I64GeS => self.compare(IntCC::SignedGreaterThanOrEqual),
            Op::I32GeU | Op::I64GeU => self.compare(IntCC::UnsignedGreaterThanOrEqual),
            Op::F32Eq | Op::F64Eq => self.compare_float(FloatCC::Equal),
            Op::F32Ne | Op::F64Ne => self.compare_float(FloatCC::NotEqual),
            Op::F32Lt | Op::F64Lt => self.compare_float(FloatCC::LessThan),
            Op::F32Gt | Op::F64Gt => self.compare_float(FloatCC::GreaterThan),
            Op::F32Le | Op::F64Le => self.compare_float(FloatCC::LessThanOrEqual),
            Op::F32Ge | Op::F64Ge => self.compare_float(FloatCC::GreaterThanOrEqual),

            Op::I32Clz | Op::I64Clz => self.unary(|b, v| b.ins().clz(v)),
            Op::I32Ctz | Op::I64Ctz => self.unary(|b, v| b.ins().ctz(v)),
            Op::I32Popcnt | Op::I64Popcnt => self.unary(|b, v| b.ins().popcnt(v)),
            Op::I32Add | Op::I64Add => self.binary(|b, x, y| b.ins().iadd(x, y)),
            Op::I32Sub | Op::I64Sub => self.binary(|b, x, y| b.ins().isub(x, y)),
            Op::I32Mul | Op::I64Mul => self.binary(|b, x, y| b.ins().imul(x, y)),
            Op::I32DivS | Op::I64DivS => self.binary(|b, x, y| b.ins().sdiv(x, y)),
            Op::I32DivU | Op::I64DivU => self.binary(|b, x, y| b.ins().udiv(x, y)),
            Op::I32RemS | Op::I64RemS => self.binary(|b, x, y| b.ins().srem(x, y)),
            Op::I32RemU | Op::I64RemU => self.binary(|b, x, y| b.ins().urem(x, y)),
            Op::I32And | Op::I64And => self.binary(|b, x, y| b.ins().band(x, y)),
            Op::I32Or | Op::I64Or => self.binary(|b, x, y| b.ins().bor(x, y)),
            Op::I32Xor | Op::I64Xor => self.binary(|b, x, y| b.ins().bxor(x, y)),
            Op::I32Shl | Op::I64Shl => self.binary(|b, x, y| b.ins().ishl(x, y)),
            Op::I32ShrS | Op::I64ShrS => self.binary(|b, x, y| b.ins().sshr(x, y)),
            Op::I32ShrU | Op::I64ShrU => self.binary(|b, x, y| b.ins().ushr(x, y)),
            Op::I32Rotl | Op::I64Rotl => self.binary(|b, x, y| b.ins().rotl(x, y)),
            Op::I32Rotr | Op::I64Rotr => self.binary(|b, x, y| b.ins().rotr(x, y)),

            Op::F32Abs | Op::F64Abs => self.unary(|b, v| b.ins().fabs(v)),
            Op::F32Neg | Op::F64Neg => self.unary(|b, v| b.ins().fneg(v)),
            Op::F32Ceil | Op::F64Ceil => self.unary(|b, v| b.ins().ceil(v)),
            Op::F32Floor | Op::F64Floor => self.unary(|b, v| b.ins().floor(v)),
            Op::F32Trunc | Op::F64Trunc => self.unary(|b, v| b.ins().trunc(v)),
            Op::F32Nearest | Op::F64Nearest => self.unary(|b, v| b.ins().nearest(v)),
            Op::F32Sqrt | Op::F64Sqrt => self.unary(|b, v| b.ins().sqrt(v)),
            Op::F32Add | Op::F64Add => self.binary(|b, x, y| b.ins().fadd(x, y)),
            Op::F32Sub | Op::F64Sub => self.binary(|b, x, y| b.ins().fsub(x, y)),
            Op::F32Mul | Op::F64Mul => self.binary(|b, x, y| b.ins().fmul(x, y)),
            Op::F32Div | Op::F64Div => self.binary(|b, x, y| b.ins().fdiv(x, y)),
            Op::F32Min | Op::F64Min => self.binary(|b, x, y| b.ins().fmin(x, y)),
            Op::F32Max | Op::F64Max => self.binary(|b, x, y| b.ins().fmax(x, y)),
            Op::F32Copysign | Op::F64Copysign => self.binary(|b, x, y| b.ins().fcopysign(x, y)),

            Op::I64Add128 => self.wide_binary(|b, x, y| b.ins().iadd(x, y)),
            Op::I64Sub128 => self.wide_binary(|b, x, y| b.ins().isub(x, y)),
            Op::I64MulWideS => self.multiply_wide(|b, x, y| b.ins().smulhi(x, y)),
            Op::I64MulWideU => self.multiply_wide(|b, x, y| b.ins().umulhi(x, y)),

            Op::I32WrapI64 => self.unary(|b, v| b.ins().ireduce(I32, v)),
            Op::I64ExtendI32S => self.unary(|b, v| b.ins().sextend(I64, v)),
            Op::I64ExtendI32U => self.unary(|b, v| b.ins().uextend(I64, v)),
            Op::I32Extend8S => self.extend_low(I8, I32),
            Op::I32Extend16S => self.extend_low(I16, I32),
            Op::I64Extend8S => self.extend_low(I8, I64),
            Op::I64Extend16S => self.extend_low(I16, I64),
            Op::I64Extend32S => self.extend_low(I32, I64),
            Op::I32TruncF32S | Op::I32TruncF64S => self.unary(|b, v| b.ins().fcvt_to_sint(I32, v)),
            Op::I32TruncF32U | Op::I32TruncF64U => self.unary(|b, v| b.ins().fcvt_to_uint(I32, v)),
            Op::I64TruncF32S | Op::I64TruncF64S => self.unary(|b, v| b.ins().fcvt_to_sint(I64, v)),
            Op::I64TruncF32U | Op::I64TruncF64U => self.unary(|b, v| b.ins().fcvt_to_uint(I64, v)),
            Op::I32TruncSatF32S | Op::I32TruncSatF64S => self.unary(|b, v| b.ins().fcvt_to_sint_sat(I32, v)),
            Op::I32TruncSatF32U | Op::I32TruncSatF64U => self.unary(|b, v| b.ins().fcvt_to_uint_sat(I32, v)),
            Op::I64TruncSatF32S | Op::I64TruncSatF64S => self.unary(|b, v| b.ins().fcvt_to_sint_sat(I64, v)),
            Op::I64TruncSatF32U | Op::I64TruncSatF64U => self.unary(|b, v| b.ins().fcvt_to_uint_sat(I64, v)),
            Op::F32ConvertI32S | Op::F32ConvertI64S => self.unary(|b, v| b.ins().fcvt_from_sint(F32, v)),
            Op::F32ConvertI32U | Op::F32ConvertI64U => self.unary(|b, v| b.ins().fcvt_from_uint(F32, v)),
            Op::F64ConvertI32S | Op::F64ConvertI64S => self.unary(|b, v| b.ins().fcvt_from_sint(F64, v)),
            Op::F64ConvertI32U | Op::F64ConvertI64U => self.unary(|b, v| b.ins().fcvt_from_uint(F64, v)),
            Op::F32DemoteF64 => self.unary(|b, v| b.ins().fdemote(F32, v)),
            Op::F64PromoteF32 => self.unary(|b, v| b.ins().fpromote(F64, v)),
            Op::I32ReinterpretF32 => self.reinterpret(I32),
            Op::I64ReinterpretF64 => self.reinterpret(I64),
            Op::F32ReinterpretI32 => self.reinterpret(F32),
            Op::F64ReinterpretI64 => self.reinterpret(F64),
            _ => return false,
        }
        true
    }
}

/// An immediate as the index that it is.
fn index<I: Number>(immediate: &u32) -> I {
    I::new(*immediate)
}
