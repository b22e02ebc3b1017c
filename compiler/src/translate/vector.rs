//! 128-bit vectors: everything but their loads and stores.
//!
//! A table: a line for each operator, and the shapes that they have in common.

use super::translator::Translator;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{
    ConstantData, Endianness, InstBuilder, MemFlagsData, Type, Value, types,
};
use cranelift_frontend::FunctionBuilder;
use types::{F32X4, F64X2, I8, I8X16, I16, I16X8, I32, I32X4, I64, I64X2};
use wasmparser::Operator as Op;

/// `value` with the lanes of `ty`.
fn lanes(b: &mut FunctionBuilder<'_>, ty: Type, value: Value) -> Value {
    if b.func.dfg.value_type(value) == ty {
        return value;
    }
    b.ins().bitcast(ty, MemFlagsData::new().with_endianness(Endianness::Little), value)
}

fn constant(b: &mut FunctionBuilder<'_>, ty: Type, bits: u128) -> Value {
    let data = ConstantData::from(bits.to_le_bytes().as_slice());
    let handle = b.func.dfg.constants.insert(data);
    b.ins().vconst(ty, handle)
}

/// `value` as vectors lie on the operand stack.
fn plain(b: &mut FunctionBuilder<'_>, value: Value) -> Value {
    lanes(b, I8X16, value)
}

type Widen = fn(&mut FunctionBuilder<'_>, Value) -> Value;

fn swiden_low(b: &mut FunctionBuilder<'_>, v: Value) -> Value {
    b.ins().swiden_low(v)
}
fn swiden_high(b: &mut FunctionBuilder<'_>, v: Value) -> Value {
    b.ins().swiden_high(v)
}
fn uwiden_low(b: &mut FunctionBuilder<'_>, v: Value) -> Value {
    b.ins().uwiden_low(v)
}
fn uwiden_high(b: &mut FunctionBuilder<'_>, v: Value) -> Value {
    b.ins().uwiden_high(v)
}

impl<'f> Translator<'_, 'f> {
    pub(super) fn vector_constant(&mut self, bits: u128) -> Value {
        constant(&mut self.b, I8X16, bits)
    }

    fn v1(&mut self, ty: Type, op: impl FnOnce(&mut FunctionBuilder<'f>, Value) -> Value) {
        self.unary(|b, v| {
            let v = lanes(b, ty, v);
            let result = op(b, v);
            plain(b, result)
        });
    }

    fn v2(&mut self, ty: Type, op: impl FnOnce(&mut FunctionBuilder<'f>, Value, Value) -> Value) {
        self.binary(|b, x, y| {
            let (x, y) = (lanes(b, ty, x), lanes(b, ty, y));
            let result = op(b, x, y);
            plain(b, result)
        });
    }

    fn v_compare(&mut self, ty: Type, condition: IntCC) {
        self.v2(ty, |b, x, y| b.ins().icmp(condition, x, y));
    }

    fn v_compare_float(&mut self, ty: Type, condition: FloatCC) {
        self.v2(ty, |b, x, y| b.ins().fcmp(condition, x, y));
    }

    /// A shift of every lane by the same count.
    fn v_shift(
        &mut self,
        ty: Type,
        op: impl FnOnce(&mut FunctionBuilder<'f>, Value, Value) -> Value,
    ) {
        self.binary(|b, v, count| {
            let v = lanes(b, ty, v);
            let result = op(b, v, count);
            plain(b, result)
        });
    }

    fn splat(&mut self, ty: Type) {
        self.unary(|b, value| {
            let lane = ty.lane_type();
            let value = if lane.bits() < 32 { b.ins().ireduce(lane, value) } else { value };
            let splat = b.ins().splat(ty, value);
            plain(b, splat)
        });
    }

    fn extract(&mut self, ty: Type, lane: u8, signed: Option<bool>) {
        self.unary(|b, v| {
            let v = lanes(b, ty, v);
            let value = b.ins().extractlane(v, lane);
            match signed {
                Some(true) => b.ins().sextend(I32, value),
                Some(false) => b.ins().uextend(I32, value),
                None => value,
            }
        });
    }

    fn replace(&mut self, ty: Type, lane: u8) {
        self.binary(|b, v, value| {
            let v = lanes(b, ty, v);
            let small = ty.lane_type().bits() < 32;
            let value = if small { b.ins().ireduce(ty.lane_type(), value) } else { value };
            let result = b.ins().insertlane(v, value, lane);
            plain(b, result)
        });
    }

    fn shuffle(&mut self, pattern: [u8; 16]) {
        let data = ConstantData::from(pattern.as_slice());
        let pattern = self.b.func.dfg.immediates.push(data);
        self.binary(|b, x, y| b.ins().shuffle(x, y, pattern));
    }

    fn select_bits(&mut self) {
        let (first, second, mask) = self.pop3();
        let value = self.b.ins().bitselect(mask, first, second);
        self.push(value);
    }

    fn truth(&mut self, ty: Type, op: impl FnOnce(&mut FunctionBuilder<'f>, Value) -> Value) {
        self.unary(|b, v| {
            let v = lanes(b, ty, v);
            let truth = op(b, v);
            b.ins().uextend(I32, truth)
        });
    }

    fn bitmask(&mut self, ty: Type) {
        self.unary(|b, v| {
            let v = lanes(b, ty, v);
            b.ins().vhigh_bits(I32, v)
        });
    }

    /// The lesser (or greater) operand by a plain comparison: the second where
    /// it compares so to the first, else the first.
    fn pseudo_extreme(&mut self, ty: Type, condition: FloatCC) {
        self.v2(ty, |b, x, y| {
            let mask = b.ins().fcmp(condition, y, x);
            let mask = lanes(b, ty, mask);
            b.ins().bitselect(mask, y, x)
        });
    }

    fn extmul(&mut self, ty: Type, widen: Widen) {
        self.v2(ty, |b, x, y| {
            let (x, y) = (widen(b, x), widen(b, y));
            b.ins().imul(x, y)
        });
    }

    fn extadd(&mut self, ty: Type, low: Widen, high: Widen) {
        self.v1(ty, |b, v| {
            let (low, high) = (low(b, v), high(b, v));
            b.ins().iadd_pairwise(low, high)
        });
    }

    /// Products of signed lanes, neighbours added.
    fn dot(&mut self, ty: Type) {
        self.v2(ty, dot_product);
    }

    fn relaxed_dot_add(&mut self) {
        let sum = self.pop();
        self.v2(I8X16, |b, x, y| {
            let products = dot_product(b, x, y);
            let (low, high) = (b.ins().swiden_low(products), b.ins().swiden_high(products));
            let pairs = b.ins().iadd_pairwise(low, high);
            let sum = lanes(b, I32X4, sum);
            b.ins().iadd(pairs, sum)
        });
    }

    /// `x * y + z`, or `z - x * y`, rounded twice: the choice of the relaxed
    /// semantics that every CPU can make alike.
    fn relaxed_madd(&mut self, ty: Type, negate: bool) {
        let (x, y, z) = self.pop3();
        let b = &mut self.b;
        let (x, y, z) = (lanes(b, ty, x), lanes(b, ty, y), lanes(b, ty, z));
        let x = if negate { b.ins().fneg(x) } else { x };
        let product = b.ins().fmul(x, y);
        let sum = b.ins().fadd(product, z);
        let sum = plain(b, sum);
        self.push(sum);
    }

    /// x86-64 knows this exact shape of instructions only, with the constant
    /// behind no cast.
    fn narrow_zero(&mut self, signed: bool) {
        self.v1(F64X2, |b, v| {
            let zero = constant(b, I64X2, 0);
            if signed {
                let wide = b.ins().fcvt_to_sint_sat(I64X2, v);
                b.ins().snarrow(wide, zero)
            } else {
                let wide = b.ins().fcvt_to_uint_sat(I64X2, v);
                b.ins().uunarrow(wide, zero)
            }
        });
    }

    /// Routes the vector operators.
    pub(super) fn vector(&mut self, op: &Op<'_>) -> bool {
        self.vector_memory(op)
            || self.vector_lanes(op)
            || self.vector_compare(op)
            || self.vector_integer(op)
            || self.vector_float(op)
            || self.vector_relaxed(op)
    }

    #[rustfmt::skip]
    fn vector_lanes(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::V128Const { value } => { let v = self.vector_constant(value.i128() as u128); self.push(v) }
            Op::I8x16Shuffle { lanes } => self.shuffle(*lanes),
            Op::I8x16Swizzle | Op::I8x16RelaxedSwizzle => self.v2(I8X16, |b, x, y| b.ins().swizzle(x, y)),
            Op::I8x16Splat => self.splat(I8X16),
            Op::I16x8Splat => self.splat(I16X8),
            Op::I32x4Splat => self.splat(I32X4),
            Op::I64x2Splat => self.splat(I64X2),
            Op::F32x4Splat => self.splat(F32X4),
            Op::F64x2Splat => self.splat(F64X2),
            Op::I8x16ExtractLaneS { lane } => self.extract(I8X16, *lane, Some(true)),
            Op::I8x16ExtractLaneU { lane } => self.extract(I8X16, *lane, Some(false)),
            Op::I16x8ExtractLaneS { lane } => self.extract(I16X8, *lane, Some(true)),
            Op::I16x8ExtractLaneU { lane } => self.extract(I16X8, *lane, Some(false)),
            Op::I32x4ExtractLane { lane } => self.extract(I32X4, *lane, None),
            Op::I64x2ExtractLane { lane } => self.extract(I64X2, *lane, None),
            Op::F32x4ExtractLane { lane } => self.extract(F32X4, *lane, None),
            Op::F64x2ExtractLane { lane } => self.extract(F64X2, *lane, None),
            Op::I8x16ReplaceLane { lane } => self.replace(I8X16, *lane),
            Op::I16x8ReplaceLane { lane } => self.replace(I16X8, *lane),
            Op::I32x4ReplaceLane { lane } => self.replace(I32X4, *lane),
            Op::I64x2ReplaceLane { lane } => self.replace(I64X2, *lane),
            Op::F32x4ReplaceLane { lane } => self.replace(F32X4, *lane),
            Op::F64x2ReplaceLane { lane } => self.replace(F64X2, *lane),
            Op::V128Not => self.v1(I8X16, |b, v| b.ins().bnot(v)),
            Op::V128And => self.v2(I8X16, |b, x, y| b.ins().band(x, y)),
            Op::V128AndNot => self.v2(I8X16, |b, x, y| b.ins().band_not(x, y)),
            Op::V128Or => self.v2(I8X16, |b, x, y| b.ins().bor(x, y)),
            Op::V128Xor => self.v2(I8X16, |b, x, y| b.ins().bxor(x, y)),
            Op::V128Bitselect => self.select_bits(),
            Op::V128AnyTrue => self.truth(I8X16, |b, v| b.ins().vany_true(v)),
            Op::I8x16AllTrue => self.truth(I8X16, |b, v| b.ins().vall_true(v)),
            Op::I16x8AllTrue => self.truth(I16X8, |b, v| b.ins().vall_true(v)),
            Op::I32x4AllTrue => self.truth(I32X4, |b, v| b.ins().vall_true(v)),
            Op::I64x2AllTrue => self.truth(I64X2, |b, v| b.ins().vall_true(v)),
            Op::I8x16Bitmask => self.bitmask(I8X16),
            Op::I16x8Bitmask => self.bitmask(I16X8),
            Op::I32x4Bitmask => self.bitmask(I32X4),
            Op::I64x2Bitmask => self.bitmask(I64X2),
            _ => return false,
        }
        true
    }

    #[rustfmt::skip]
    fn vector_compare(&mut self, op: &Op<'_>) -> bool {
        use IntCC as I;
        use FloatCC as F;
        match op {
            Op::I8x16Eq => self.v_compare(I8X16, I::Equal),
            Op::I8x16Ne => self.v_compare(I8X16, I::NotEqual),
            Op::I8x16LtS => self.v_compare(I8X16, I::SignedLessThan),
            Op::I8x16LtU => self.v_compare(I8X16, I::UnsignedLessThan),
            Op::I8x16GtS => self.v_compare(I8X16, I::SignedGreaterThan),
            Op::I8x16GtU => self.v_compare(I8X16, I::UnsignedGreaterThan),
            Op::I8x16LeS => self.v_compare(I8X16, I::SignedLessThanOrEqual),
            Op::I8x16LeU => self.v_compare(I8X16, I::UnsignedLessThanOrEqual),
            Op::I8x16GeS => self.v_compare(I8X16, I::SignedGreaterThanOrEqual),
            Op::I8x16GeU => self.v_compare(I8X16, I::UnsignedGreaterThanOrEqual),
            Op::I16x8Eq => self.v_compare(I16X8, I::Equal),
            Op::I16x8Ne => self.v_compare(I16X8, I::NotEqual),
            Op::I16x8LtS => self.v_compare(I16X8, I::SignedLessThan),
            Op::I16x8LtU => self.v_compare(I16X8, I::UnsignedLessThan),
            Op::I16x8GtS => self.v_compare(I16X8, I::SignedGreaterThan),
            Op::I16x8GtU => self.v_compare(I16X8, I::UnsignedGreaterThan),
            Op::I16x8LeS => self.v_compare(I16X8, I::SignedLessThanOrEqual),
            Op::I16x8LeU => self.v_compare(I16X8, I::UnsignedLessThanOrEqual),
            Op::I16x8GeS => self.v_compare(I16X8, I::SignedGreaterThanOrEqual),
            Op::I16x8GeU => self.v_compare(I16X8, I::UnsignedGreaterThanOrEqual),
            Op::I32x4Eq => self.v_compare(I32X4, I::Equal),
            Op::I32x4Ne => self.v_compare(I32X4, I::NotEqual),
            Op::I32x4LtS => self.v_compare(I32X4, I::SignedLessThan),
            Op::I32x4LtU => self.v_compare(I32X4, I::UnsignedLessThan),
            Op::I32x4GtS => self.v_compare(I32X4, I::SignedGreaterThan),
            Op::I32x4GtU => self.v_compare(I32X4, I::UnsignedGreaterThan),
            Op::I32x4LeS => self.v_compare(I32X4, I::SignedLessThanOrEqual),
            Op::I32x4LeU => self.v_compare(I32X4, I::UnsignedLessThanOrEqual),
            Op::I32x4GeS => self.v_compare(I32X4, I::SignedGreaterThanOrEqual),
            Op::I32x4GeU => self.v_compare(I32X4, I::UnsignedGreaterThanOrEqual),
            Op::I64x2Eq => self.v_compare(I64X2, I::Equal),
            Op::I64x2Ne => self.v_compare(I64X2, I::NotEqual),
            Op::I64x2LtS => self.v_compare(I64X2, I::SignedLessThan),
            Op::I64x2GtS => self.v_compare(I64X2, I::SignedGreaterThan),
            Op::I64x2LeS => self.v_compare(I64X2, I::SignedLessThanOrEqual),
            Op::I64x2GeS => self.v_compare(I64X2, I::SignedGreaterThanOrEqual),
            Op::F32x4Eq => self.v_compare_float(F32X4, F::Equal),
            Op::F32x4Ne => self.v_compare_float(F32X4, F::NotEqual),
            Op::F32x4Lt => self.v_compare_float(F32X4, F::LessThan),
            Op::F32x4Gt => self.v_compare_float(F32X4, F::GreaterThan),
            Op::F32x4Le => self.v_compare_float(F32X4, F::LessThanOrEqual),
            Op::F32x4Ge => self.v_compare_float(F32X4, F::GreaterThanOrEqual),
            Op::F64x2Eq => self.v_compare_float(F64X2, F::Equal),
            Op::F64x2Ne => self.v_compare_float(F64X2, F::NotEqual),
            Op::F64x2Lt => self.v_compare_float(F64X2, F::LessThan),
            Op::F64x2Gt => self.v_compare_float(F64X2, F::GreaterThan),
            Op::F64x2Le => self.v_compare_float(F64X2, F::LessThanOrEqual),
            Op::F64x2Ge => self.v_compare_float(F64X2, F::GreaterThanOrEqual),
            _ => return false,
        }
        true
    }

    /// A table: a line for each operator.
    #[rustfmt::skip]
    fn vector_integer(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::I8x16Abs => self.v1(I8X16, |b, v| b.ins().iabs(v)),
            Op::I16x8Abs => self.v1(I16X8, |b, v| b.ins().iabs(v)),
            Op::I32x4Abs => self.v1(I32X4, |b, v| b.ins().iabs(v)),
            Op::I64x2Abs => self.v1(I64X2, |b, v| b.ins().iabs(v)),
            Op::I8x16Neg => self.v1(I8X16, |b, v| b.ins().ineg(v)),
            Op::I16x8Neg => self.v1(I16X8, |b, v| b.ins().ineg(v)),
            Op::I32x4Neg => self.v1(I32X4, |b, v| b.ins().ineg(v)),
            Op::I64x2Neg => self.v1(I64X2, |b, v| b.ins().ineg(v)),
            Op::I8x16Popcnt => self.v1(I8X16, |b, v| b.ins().popcnt(v)),
            Op::I8x16Shl => self.v_shift(I8X16, |b, v, n| b.ins().ishl(v, n)),
            Op::I16x8Shl => self.v_shift(I16X8, |b, v, n| b.ins().ishl(v, n)),
            Op::I32x4Shl => self.v_shift(I32X4, |b, v, n| b.ins().ishl(v, n)),
            Op::I64x2Shl => self.v_shift(I64X2, |b, v, n| b.ins().ishl(v, n)),
            Op::I8x16ShrS => self.v_shift(I8X16, |b, v, n| b.ins().sshr(v, n)),
            Op::I16x8ShrS => self.v_shift(I16X8, |b, v, n| b.ins().sshr(v, n)),
            Op::I32x4ShrS => self.v_shift(I32X4, |b, v, n| b.ins().sshr(v, n)),
            Op::I64x2ShrS => self.v_shift(I64X2, |b, v, n| b.ins().sshr(v, n)),
            Op::I8x16ShrU => self.v_shift(I8X16, |b, v, n| b.ins().ushr(v, n)),
            Op::I16x8ShrU => self.v_shift(I16X8, |b, v, n| b.ins().ushr(v, n)),
            Op::I32x4ShrU => self.v_shift(I32X4, |b, v, n| b.ins().ushr(v, n)),
            Op::I64x2ShrU => self.v_shift(I64X2, |b, v, n| b.ins().ushr(v, n)),
            Op::I8x16Add => self.v2(I8X16, |b, x, y| b.ins().iadd(x, y)),
            Op::I16x8Add => self.v2(I16X8, |b, x, y| b.ins().iadd(x, y)),
            Op::I32x4Add => self.v2(I32X4, |b, x, y| b.ins().iadd(x, y)),
            Op::I64x2Add => self.v2(I64X2, |b, x, y| b.ins().iadd(x, y)),
            Op::I8x16Sub => self.v2(I8X16, |b, x, y| b.ins().isub(x, y)),
            Op::I16x8Sub => self.v2(I16X8, |b, x, y| b.ins().isub(x, y)),
            Op::I32x4Sub => self.v2(I32X4, |b, x, y| b.ins().isub(x, y)),
            Op::I64x2Sub => self.v2(I64X2, |b, x, y| b.ins().isub(x, y)),
            Op::I16x8Mul => self.v2(I16X8, |b, x, y| b.ins().imul(x, y)),
            Op::I32x4Mul => self.v2(I32X4, |b, x, y| b.ins().imul(x, y)),
            Op::I64x2Mul => self.v2(I64X2, |b, x, y| b.ins().imul(x, y)),
            Op::I8x16AddSatS => self.v2(I8X16, |b, x, y| b.ins().sadd_sat(x, y)),
            Op::I8x16AddSatU => self.v2(I8X16, |b, x, y| b.ins().uadd_sat(x, y)),
            Op::I16x8AddSatS => self.v2(I16X8, |b, x, y| b.ins().sadd_sat(x, y)),
            Op::I16x8AddSatU => self.v2(I16X8, |b, x, y| b.ins().uadd_sat(x, y)),
            Op::I8x16SubSatS => self.v2(I8X16, |b, x, y| b.ins().ssub_sat(x, y)),
            Op::I8x16SubSatU => self.v2(I8X16, |b, x, y| b.ins().usub_sat(x, y)),
            Op::I16x8SubSatS => self.v2(I16X8, |b, x, y| b.ins().ssub_sat(x, y)),
            Op::I16x8SubSatU => self.v2(I16X8, |b, x, y| b.ins().usub_sat(x, y)),
            Op::I8x16MinS => self.v2(I8X16, |b, x, y| b.ins().smin(x, y)),
            Op::I8x16MinU => self.v2(I8X16, |b, x, y| b.ins().umin(x, y)),
            Op::I8x16MaxS => self.v2(I8X16, |b, x, y| b.ins().smax(x, y)),
            Op::I8x16MaxU => self.v2(I8X16, |b, x, y| b.ins().umax(x, y)),
            Op::I16x8MinS => self.v2(I16X8, |b, x, y| b.ins().smin(x, y)),
            Op::I16x8MinU => self.v2(I16X8, |b, x, y| b.ins().umin(x, y)),
            Op::I16x8MaxS => self.v2(I16X8, |b, x, y| b.ins().smax(x, y)),
            Op::I16x8MaxU => self.v2(I16X8, |b, x, y| b.ins().umax(x, y)),
            Op::I32x4MinS => self.v2(I32X4, |b, x, y| b.ins().smin(x, y)),
            Op::I32x4MinU => self.v2(I32X4, |b, x, y| b.ins().umin(x, y)),
            Op::I32x4MaxS => self.v2(I32X4, |b, x, y| b.ins().smax(x, y)),
            Op::I32x4MaxU => self.v2(I32X4, |b, x, y| b.ins().umax(x, y)),
            Op::I8x16AvgrU => self.v2(I8X16, |b, x, y| b.ins().avg_round(x, y)),
            Op::I16x8AvgrU => self.v2(I16X8, |b, x, y| b.ins().avg_round(x, y)),
            Op::I16x8Q15MulrSatS => self.v2(I16X8, |b, x, y| b.ins().sqmul_round_sat(x, y)),
            Op::I32x4DotI16x8S => self.dot(I16X8),
            Op::I8x16NarrowI16x8S => self.v2(I16X8, |b, x, y| b.ins().snarrow(x, y)),
            Op::I8x16NarrowI16x8U => self.v2(I16X8, |b, x, y| b.ins().unarrow(x, y)),
            Op::I16x8NarrowI32x4S => self.v2(I32X4, |b, x, y| b.ins().snarrow(x, y)),
            Op::I16x8NarrowI32x4U => self.v2(I32X4, |b, x, y| b.ins().unarrow(x, y)),
            Op::I16x8ExtendLowI8x16S => self.v1(I8X16, |b, v| b.ins().swiden_low(v)),
            Op::I16x8ExtendHighI8x16S => self.v1(I8X16, |b, v| b.ins().swiden_high(v)),
            Op::I16x8ExtendLowI8x16U => self.v1(I8X16, |b, v| b.ins().uwiden_low(v)),
            Op::I16x8ExtendHighI8x16U => self.v1(I8X16, |b, v| b.ins().uwiden_high(v)),
            Op::I32x4ExtendLowI16x8S => self.v1(I16X8, |b, v| b.ins().swiden_low(v)),
            Op::I32x4ExtendHighI16x8S => self.v1(I16X8, |b, v| b.ins().swiden_high(v)),
            Op::I32x4ExtendLowI16x8U => self.v1(I16X8, |b, v| b.ins().uwiden_low(v)),
            Op::I32x4ExtendHighI16x8U => self.v1(I16X8, |b, v| b.ins().uwiden_high(v)),
            Op::I64x2ExtendLowI32x4S => self.v1(I32X4, |b, v| b.ins().swiden_low(v)),
            Op::I64x2ExtendHighI32x4S => self.v1(I32X4, |b, v| b.ins().swiden_high(v)),
            Op::I64x2ExtendLowI32x4U => self.v1(I32X4, |b, v| b.ins().uwiden_low(v)),
            Op::I64x2ExtendHighI32x4U => self.v1(I32X4, |b, v| b.ins().uwiden_high(v)),
            Op::I16x8ExtMulLowI8x16S => self.extmul(I8X16, swiden_low),
            Op::I16x8ExtMulHighI8x16S => self.extmul(I8X16, swiden_high),
            Op::I16x8ExtMulLowI8x16U => self.extmul(I8X16, uwiden_low),
            Op::I16x8ExtMulHighI8x16U => self.extmul(I8X16, uwiden_high),
            Op::I32x4ExtMulLowI16x8S => self.extmul(I16X8, swiden_low),
            Op::I32x4ExtMulHighI16x8S => self.extmul(I16X8, swiden_high),
            Op::I32x4ExtMulLowI16x8U => self.extmul(I16X8, uwiden_low),
            Op::I32x4ExtMulHighI16x8U => self.extmul(I16X8, uwiden_high),
            Op::I64x2ExtMulLowI32x4S => self.extmul(I32X4, swiden_low),
            Op::I64x2ExtMulHighI32x4S => self.extmul(I32X4, swiden_high),
            Op::I64x2ExtMulLowI32x4U => self.extmul(I32X4, uwiden_low),
            Op::I64x2ExtMulHighI32x4U => self.extmul(I32X4, uwiden_high),
            Op::I16x8ExtAddPairwiseI8x16S => self.extadd(I8X16, swiden_low, swiden_high),
            Op::I16x8ExtAddPairwiseI8x16U => self.extadd(I8X16, uwiden_low, uwiden_high),
            Op::I32x4ExtAddPairwiseI16x8S => self.extadd(I16X8, swiden_low, swiden_high),
            Op::I32x4ExtAddPairwiseI16x8U => self.extadd(I16X8, uwiden_low, uwiden_high),
            _ => return false,
        }
        true
    }

    #[rustfmt::skip]
    fn vector_float(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::F32x4Ceil => self.v1(F32X4, |b, v| b.ins().ceil(v)),
            Op::F64x2Ceil => self.v1(F64X2, |b, v| b.ins().ceil(v)),
            Op::F32x4Floor => self.v1(F32X4, |b, v| b.ins().floor(v)),
            Op::F64x2Floor => self.v1(F64X2, |b, v| b.ins().floor(v)),
            Op::F32x4Trunc => self.v1(F32X4, |b, v| b.ins().trunc(v)),
            Op::F64x2Trunc => self.v1(F64X2, |b, v| b.ins().trunc(v)),
            Op::F32x4Nearest => self.v1(F32X4, |b, v| b.ins().nearest(v)),
            Op::F64x2Nearest => self.v1(F64X2, |b, v| b.ins().nearest(v)),
            Op::F32x4Abs => self.v1(F32X4, |b, v| b.ins().fabs(v)),
            Op::F64x2Abs => self.v1(F64X2, |b, v| b.ins().fabs(v)),
            Op::F32x4Neg => self.v1(F32X4, |b, v| b.ins().fneg(v)),
            Op::F64x2Neg => self.v1(F64X2, |b, v| b.ins().fneg(v)),
            Op::F32x4Sqrt => self.v1(F32X4, |b, v| b.ins().sqrt(v)),
            Op::F64x2Sqrt => self.v1(F64X2, |b, v| b.ins().sqrt(v)),
            Op::F32x4Add => self.v2(F32X4, |b, x, y| b.ins().fadd(x, y)),
            Op::F64x2Add => self.v2(F64X2, |b, x, y| b.ins().fadd(x, y)),
            Op::F32x4Sub => self.v2(F32X4, |b, x, y| b.ins().fsub(x, y)),
            Op::F64x2Sub => self.v2(F64X2, |b, x, y| b.ins().fsub(x, y)),
            Op::F32x4Mul => self.v2(F32X4, |b, x, y| b.ins().fmul(x, y)),
            Op::F64x2Mul => self.v2(F64X2, |b, x, y| b.ins().fmul(x, y)),
            Op::F32x4Div => self.v2(F32X4, |b, x, y| b.ins().fdiv(x, y)),
            Op::F64x2Div => self.v2(F64X2, |b, x, y| b.ins().fdiv(x, y)),
            Op::F32x4Min | Op::F32x4RelaxedMin => self.v2(F32X4, |b, x, y| b.ins().fmin(x, y)),
            Op::F64x2Min | Op::F64x2RelaxedMin => self.v2(F64X2, |b, x, y| b.ins().fmin(x, y)),
            Op::F32x4Max | Op::F32x4RelaxedMax => self.v2(F32X4, |b, x, y| b.ins().fmax(x, y)),
            Op::F64x2Max | Op::F64x2RelaxedMax => self.v2(F64X2, |b, x, y| b.ins().fmax(x, y)),
            Op::F32x4PMin => self.pseudo_extreme(F32X4, FloatCC::LessThan),
            Op::F64x2PMin => self.pseudo_extreme(F64X2, FloatCC::LessThan),
            Op::F32x4PMax => self.pseudo_extreme(F32X4, FloatCC::GreaterThan),
            Op::F64x2PMax => self.pseudo_extreme(F64X2, FloatCC::GreaterThan),
            Op::I32x4TruncSatF32x4S | Op::I32x4RelaxedTruncF32x4S => self.v1(F32X4, |b, v| b.ins().fcvt_to_sint_sat(I32X4, v)),
            Op::I32x4TruncSatF32x4U | Op::I32x4RelaxedTruncF32x4U => self.v1(F32X4, |b, v| b.ins().fcvt_to_uint_sat(I32X4, v)),
            Op::I32x4TruncSatF64x2SZero | Op::I32x4RelaxedTruncF64x2SZero => self.narrow_zero(true),
            Op::I32x4TruncSatF64x2UZero | Op::I32x4RelaxedTruncF64x2UZero => self.narrow_zero(false),
            Op::F32x4ConvertI32x4S => self.v1(I32X4, |b, v| b.ins().fcvt_from_sint(F32X4, v)),
            Op::F32x4ConvertI32x4U => self.v1(I32X4, |b, v| b.ins().fcvt_from_uint(F32X4, v)),
            Op::F64x2ConvertLowI32x4S => self.v1(I32X4, |b, v| { let v = b.ins().swiden_low(v); b.ins().fcvt_from_sint(F64X2, v) }),
            Op::F64x2ConvertLowI32x4U => self.v1(I32X4, |b, v| { let v = b.ins().uwiden_low(v); b.ins().fcvt_from_uint(F64X2, v) }),
            Op::F32x4DemoteF64x2Zero => self.v1(F64X2, |b, v| b.ins().fvdemote(v)),
            Op::F64x2PromoteLowF32x4 => self.v1(F32X4, |b, v| b.ins().fvpromote_low(v)),
            _ => return false,
        }
        true
    }

    /// Relaxed operators that are not the same as an ordinary one. All are
    /// deterministic: the same result on every CPU.
    #[rustfmt::skip]
    fn vector_relaxed(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::F32x4RelaxedMadd => self.relaxed_madd(F32X4, false),
            Op::F32x4RelaxedNmadd => self.relaxed_madd(F32X4, true),
            Op::F64x2RelaxedMadd => self.relaxed_madd(F64X2, false),
            Op::F64x2RelaxedNmadd => self.relaxed_madd(F64X2, true),
            Op::I8x16RelaxedLaneselect | Op::I16x8RelaxedLaneselect => self.select_bits(),
            Op::I32x4RelaxedLaneselect | Op::I64x2RelaxedLaneselect => self.select_bits(),
            Op::I16x8RelaxedQ15mulrS => self.v2(I16X8, |b, x, y| b.ins().sqmul_round_sat(x, y)),
            Op::I16x8RelaxedDotI8x16I7x16S => self.dot(I8X16),
            Op::I32x4RelaxedDotI8x16I7x16AddS => self.relaxed_dot_add(),
            _ => return false,
        }
        true
    }
}

fn dot_product(b: &mut FunctionBuilder<'_>, x: Value, y: Value) -> Value {
    let (x_low, y_low) = (b.ins().swiden_low(x), b.ins().swiden_low(y));
    let (x_high, y_high) = (b.ins().swiden_high(x), b.ins().swiden_high(y));
    let low = b.ins().imul(x_low, y_low);
    let high = b.ins().imul(x_high, y_high);
    b.ins().iadd_pairwise(low, high)
}

/// Scalar types that vector loads and stores move.
pub(super) const LANES: [(Type, Type); 4] = [(I8, I8X16), (I16, I16X8), (I32, I32X4), (I64, I64X2)];

/// `value` with the lanes of `ty`; for the module of vector loads and stores.
pub(super) fn as_lanes(b: &mut FunctionBuilder<'_>, ty: Type, value: Value) -> Value {
    lanes(b, ty, value)
}
