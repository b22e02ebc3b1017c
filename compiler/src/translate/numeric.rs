//! Integers, floats and conversions.

use super::options::Debug;
use super::translator::Translator;
use cranelift_codegen::ir::condcodes::{CondCode, FloatCC, IntCC};
use cranelift_codegen::ir::{
    InstBuilder, InstructionData, MemFlagsData, Type, Value, ValueDef, types,
};
use cranelift_frontend::FunctionBuilder;
use wasmparser::Operator as Op;

impl<'f> Translator<'_, 'f> {
    pub(super) fn select(&mut self) {
        let (first, second, condition) = self.pop3();
        let value = self.b.ins().select(condition, first, second);
        self.push(value);
    }

    /// Replaces the top of the stack.
    pub(super) fn unary(&mut self, op: impl FnOnce(&mut FunctionBuilder<'f>, Value) -> Value) {
        let value = self.pop();
        let value = op(&mut self.b, value);
        self.push(value);
    }

    /// Replaces the top two values, first pushed first.
    pub(super) fn binary(
        &mut self,
        op: impl FnOnce(&mut FunctionBuilder<'f>, Value, Value) -> Value,
    ) {
        let (first, second) = self.pop2();
        let value = op(&mut self.b, first, second);
        self.push(value);
    }

    pub(super) fn compare(&mut self, condition: IntCC) {
        self.binary(|b, first, second| b.ins().icmp(condition, first, second));
        self.truth_on_top();
    }

    pub(super) fn compare_float(&mut self, condition: FloatCC) {
        self.binary(|b, first, second| b.ins().fcmp(condition, first, second));
        self.truth_on_top();
    }

    pub(super) fn eqz(&mut self) {
        self.unary(|b, value| match float_comparison(b, value) {
            // The opposite, which holds for NaN where this does not. The code generator
            // finds that for integers by itself, and else makes a number to compare.
            Some((condition, [first, second])) => {
                b.ins().fcmp(condition.complement(), first, second)
            }
            None => b.ins().icmp_imm_u(IntCC::Equal, value, 0),
        });
        self.truth_on_top();
    }

    /// A comparison gave the top of the stack, 8 bits. Most are for the next operator
    /// to decide by, which takes them as they are. Debug information is about numbers.
    fn truth_on_top(&mut self) {
        self.truth = true;
        if self.module.options.debug != Debug::Off {
            self.truth_to_number();
        }
    }

    /// Makes the truth on top of the stack a number, if it is one, and it is not what
    /// the next operator decides by.
    pub(super) fn settle_truth(&mut self, next: &Op<'_>) {
        let decides = matches!(
            next,
            Op::BrIf { .. } | Op::If { .. } | Op::Select | Op::TypedSelect { .. } | Op::I32Eqz
        );
        if self.truth && !decides {
            self.truth_to_number();
        }
        self.truth = false;
    }

    fn truth_to_number(&mut self) {
        self.unary(|b, truth| b.ins().uextend(types::I32, truth));
        self.truth = false;
    }

    /// Sign-extends the low bits of a value within its type.
    pub(super) fn extend_low(&mut self, from: Type, to: Type) {
        self.unary(|b, value| {
            let low = b.ins().ireduce(from, value);
            b.ins().sextend(to, low)
        });
    }

    pub(super) fn reinterpret(&mut self, to: Type) {
        self.unary(|b, value| b.ins().bitcast(to, MemFlagsData::new(), value));
    }

    /// An operation on two 128-bit numbers, each as its low and high half.
    pub(super) fn wide_binary(
        &mut self,
        op: impl FnOnce(&mut FunctionBuilder<'f>, Value, Value) -> Value,
    ) {
        let (low, high) = self.pop2();
        let second = self.b.ins().iconcat(low, high);
        let (low, high) = self.pop2();
        let first = self.b.ins().iconcat(low, high);
        let result = op(&mut self.b, first, second);
        let (low, high) = self.b.ins().isplit(result);
        self.stack.extend([low, high]);
    }

    /// The 128-bit product of two 64-bit numbers; `high` gives its upper half.
    pub(super) fn multiply_wide(
        &mut self,
        high: impl FnOnce(&mut FunctionBuilder<'f>, Value, Value) -> Value,
    ) {
        let (first, second) = self.pop2();
        let low = self.b.ins().imul(first, second);
        let high = high(&mut self.b, first, second);
        self.stack.extend([low, high]);
    }
}

/// The comparison of floats whose result a value is, as it is.
fn float_comparison(b: &FunctionBuilder<'_>, value: Value) -> Option<(FloatCC, [Value; 2])> {
    let ValueDef::Result(inst, 0) = b.func.dfg.value_def(value) else { return None };
    match b.func.dfg.insts[inst] {
        InstructionData::FloatCompare { cond, args, .. }
            if b.func.dfg.value_type(value) == types::I8 =>
        {
            Some((cond, args))
        }
        _ => None,
    }
}
