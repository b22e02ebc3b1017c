//! Loads and stores of vectors and of their lanes.

use super::translator::Translator;
use super::vector::{LANES, as_lanes};
use cranelift_codegen::ir::{InstBuilder, Type, types};
use types::{I8, I8X16, I16, I32, I64};
use wasmparser::{MemArg, Operator as Op};

/// The vector type whose lanes are `scalar`.
fn vector_of(scalar: Type) -> Type {
    let (_, vector) = LANES.iter().find(|(lane, _)| *lane == scalar).expect("an integer lane");
    *vector
}

impl Translator<'_, '_> {
    #[rustfmt::skip]
    pub(super) fn vector_memory(&mut self, op: &Op<'_>) -> bool {
        match op {
            Op::V128Load { memarg } => self.load(memarg, I8X16),
            Op::V128Store { memarg } => self.store(memarg),
            Op::V128Load8x8S { memarg } => self.load_widen(memarg, I8, true),
            Op::V128Load8x8U { memarg } => self.load_widen(memarg, I8, false),
            Op::V128Load16x4S { memarg } => self.load_widen(memarg, I16, true),
            Op::V128Load16x4U { memarg } => self.load_widen(memarg, I16, false),
            Op::V128Load32x2S { memarg } => self.load_widen(memarg, I32, true),
            Op::V128Load32x2U { memarg } => self.load_widen(memarg, I32, false),
            Op::V128Load8Splat { memarg } => self.load_splat(memarg, I8),
            Op::V128Load16Splat { memarg } => self.load_splat(memarg, I16),
            Op::V128Load32Splat { memarg } => self.load_splat(memarg, I32),
            Op::V128Load64Splat { memarg } => self.load_splat(memarg, I64),
            Op::V128Load32Zero { memarg } => self.load_zero(memarg, I32),
            Op::V128Load64Zero { memarg } => self.load_zero(memarg, I64),
            Op::V128Load8Lane { memarg, lane } => self.load_lane(memarg, I8, *lane),
            Op::V128Load16Lane { memarg, lane } => self.load_lane(memarg, I16, *lane),
            Op::V128Load32Lane { memarg, lane } => self.load_lane(memarg, I32, *lane),
            Op::V128Load64Lane { memarg, lane } => self.load_lane(memarg, I64, *lane),
            Op::V128Store8Lane { memarg, lane } => self.store_lane(memarg, I8, *lane),
            Op::V128Store16Lane { memarg, lane } => self.store_lane(memarg, I16, *lane),
            Op::V128Store32Lane { memarg, lane } => self.store_lane(memarg, I32, *lane),
            Op::V128Store64Lane { memarg, lane } => self.store_lane(memarg, I64, *lane),
            _ => return false,
        }
        true
    }

    /// Eight bytes of `from` lanes, each extended to twice its width.
    fn load_widen(&mut self, arg: &MemArg, from: Type, signed: bool) {
        let at = self.address(arg, 8);
        let (f, p, o) = (at.flags, at.base, at.offset);
        let ins = self.b.ins();
        let value = match (from, signed) {
            (types::I8, true) => ins.sload8x8(f, p, o),
            (types::I8, false) => ins.uload8x8(f, p, o),
            (types::I16, true) => ins.sload16x4(f, p, o),
            (types::I16, false) => ins.uload16x4(f, p, o),
            (types::I32, true) => ins.sload32x2(f, p, o),
            _ => ins.uload32x2(f, p, o),
        };
        let value = as_lanes(&mut self.b, I8X16, value);
        self.push(value);
    }

    fn load_splat(&mut self, arg: &MemArg, lane: Type) {
        self.load(arg, lane);
        let value = self.pop();
        let value = self.b.ins().splat(vector_of(lane), value);
        let value = as_lanes(&mut self.b, I8X16, value);
        self.push(value);
    }

    fn load_zero(&mut self, arg: &MemArg, lane: Type) {
        self.load(arg, lane);
        let value = self.pop();
        let value = self.b.ins().scalar_to_vector(vector_of(lane), value);
        let value = as_lanes(&mut self.b, I8X16, value);
        self.push(value);
    }

    fn load_lane(&mut self, arg: &MemArg, scalar: Type, lane: u8) {
        let vector = self.pop();
        self.load(arg, scalar);
        let value = self.pop();
        let vector = as_lanes(&mut self.b, vector_of(scalar), vector);
        let vector = self.b.ins().insertlane(vector, value, lane);
        let vector = as_lanes(&mut self.b, I8X16, vector);
        self.push(vector);
    }

    fn store_lane(&mut self, arg: &MemArg, scalar: Type, lane: u8) {
        let vector = self.pop();
        let vector = as_lanes(&mut self.b, vector_of(scalar), vector);
        let value = self.b.ins().extractlane(vector, lane);
        self.push(value);
        self.store(arg);
    }
}
