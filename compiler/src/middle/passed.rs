//! Constants on the operand stack, as far as they are seen without following
//! branches: what calls pass.

use crate::plan::Constant;
use wasmparser::Operator;

/// The top of the operand stack: constants, where they are known.
#[derive(Default)]
pub(super) struct KnownOperands(Vec<Option<Constant>>);

impl KnownOperands {
    /// Takes note of an operator. `signature` gives how many operands a call takes
    /// and leaves, of a call.
    pub(super) fn step(&mut self, op: &Operator<'_>, signature: Option<(usize, usize)>) {
        let constant = match op {
            Operator::I32Const { value } => Constant::Bits32(*value as u32),
            Operator::I64Const { value } => Constant::Bits64(*value as u64),
            Operator::F32Const { value } => Constant::Bits32(value.bits()),
            Operator::F64Const { value } => Constant::Bits64(value.bits()),
            _ => {
                match signature.or_else(|| arity(op)) {
                    Some((pops, pushes)) => {
                        self.0.truncate(self.0.len().saturating_sub(pops));
                        self.0.extend(std::iter::repeat_n(None, pushes));
                    }
                    // Control: what is below is not followed.
                    None => self.0.clear(),
                }
                return;
            }
        };
        self.0.push(Some(constant));
    }

    /// The constants among so many operands at the top, by position.
    pub(super) fn top(&self, count: usize) -> impl Iterator<Item = (usize, Constant)> {
        let known = self.0.len().min(count);
        let top = self.0[self.0.len() - known..].iter();
        let first = count - known;
        top.enumerate().filter_map(move |(at, constant)| Some((first + at, (*constant)?)))
    }
}

/// Defines how many operands an operator takes and leaves, where that is the same
/// wherever it stands.
macro_rules! define_arity {
    ($(@$proposal:ident $op:ident $({ $($arg:ident: $ty:ty),* })? => $visit:ident ($($arity:tt)*))*) => {
        fn arity(op: &Operator<'_>) -> Option<(usize, usize)> {
            match op {
                $(Operator::$op $({ $($arg: _),* })? => define_arity!(of $($arity)*),)*
                _ => None,
            }
        }
    };
    (of arity $pops:literal -> $pushes:literal) => { Some(($pops, $pushes)) };
    (of $($other:tt)*) => { None };
}

wasmparser::for_each_operator!(define_arity);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_known_until_control_or_an_operator_takes_them() {
        let mut operands = KnownOperands::default();
        let top = |operands: &KnownOperands, count| operands.top(count).collect::<Vec<_>>();
        let one = Operator::I32Const { value: 1 };
        operands.step(&one, None);
        operands.step(&Operator::LocalGet { local_index: 0 }, None);
        operands.step(&Operator::I64Const { value: -1 }, None);
        let minus = (2, Constant::Bits64(u64::MAX));
        assert_eq!(top(&operands, 3), [(0, Constant::Bits32(1)), minus]);
        assert_eq!(top(&operands, 1), [(0, Constant::Bits64(u64::MAX))]);
        operands.step(&Operator::I64Add, None);
        assert_eq!(top(&operands, 2), [(0, Constant::Bits32(1))]);
        operands.step(&Operator::Call { function_index: 0 }, Some((1, 1)));
        assert_eq!(top(&operands, 4), [(2, Constant::Bits32(1))], "an operand is below");
        operands.step(&Operator::BrIf { relative_depth: 0 }, None);
        assert_eq!(top(&operands, 1), []);
    }
}
