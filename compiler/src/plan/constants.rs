//! Constant expressions, and globals that never change.

use crate::facts::ModuleFacts;
use crate::optimisation::Optimisation;
use crate::options::Options;
use crate::parse::Parsed;
use precast_artifact::index::GlobalIndex;
use precast_artifact::module::{ConstExpr, ConstOp, EntityIndex, Export};
use std::collections::BTreeSet;

/// The value of a constant expression: its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Constant {
    Bits32(u32),
    Bits64(u64),
    Bits128(u128),
    Null,
}

impl Constant {
    /// The value as a global holds it.
    pub(crate) fn bytes(self) -> [u8; 16] {
        match self {
            Self::Bits32(bits) => u128::from(bits),
            Self::Bits64(bits) => u128::from(bits),
            Self::Bits128(bits) => bits,
            Self::Null => 0,
        }
        .to_le_bytes()
    }

    /// The value as an unsigned address or index.
    pub(crate) fn index(self) -> Option<u64> {
        match self {
            Self::Bits32(bits) => Some(bits.into()),
            Self::Bits64(bits) => Some(bits),
            Self::Bits128(_) | Self::Null => None,
        }
    }
}

/// Evaluates an expression as far as the compiler knows its parts.
pub(crate) fn fold(expr: &ConstExpr, globals: &[Option<Constant>]) -> Option<Constant> {
    use Constant::{Bits32, Bits64};
    let mut stack = Vec::new();
    for op in &expr.ops {
        let value = match *op {
            ConstOp::Bits32(bits) => Bits32(bits),
            ConstOp::Bits64(bits) => Bits64(bits),
            ConstOp::Bits128(bits) => Constant::Bits128(bits),
            ConstOp::RefNull => Constant::Null,
            ConstOp::RefFunc(_) => return None,
            ConstOp::GlobalGet(index) => (*globals.get(index.index())?)?,
            binary => match (binary, stack.pop()?, stack.pop()?) {
                (ConstOp::I32Add, Bits32(b), Bits32(a)) => Bits32(a.wrapping_add(b)),
                (ConstOp::I32Sub, Bits32(b), Bits32(a)) => Bits32(a.wrapping_sub(b)),
                (ConstOp::I32Mul, Bits32(b), Bits32(a)) => Bits32(a.wrapping_mul(b)),
                (ConstOp::I64Add, Bits64(b), Bits64(a)) => Bits64(a.wrapping_add(b)),
                (ConstOp::I64Sub, Bits64(b), Bits64(a)) => Bits64(a.wrapping_sub(b)),
                (ConstOp::I64Mul, Bits64(b), Bits64(a)) => Bits64(a.wrapping_mul(b)),
                _ => return None,
            },
        };
        stack.push(value);
    }
    match stack.as_slice() {
        [value] => Some(*value),
        _ => None,
    }
}

/// The value of each global that nothing can change: defined here, with an
/// initial value that the compiler knows, and either immutable or neither
/// written in any body nor exported.
pub(super) fn find(
    parsed: &Parsed<'_>,
    facts: &ModuleFacts,
    options: &Options,
) -> Vec<Option<Constant>> {
    let global = |export: &Export| match export.item {
        EntityIndex::Global(index) => Some(index),
        _ => None,
    };
    let exported: BTreeSet<GlobalIndex> = parsed.exports.iter().filter_map(global).collect();
    let propagate = options.enabled(Optimisation::ConstantGlobals);
    let mut constants = Vec::with_capacity(parsed.globals.len());
    for (index, global) in GlobalIndex::enumerate(&parsed.globals) {
        let unwritten =
            propagate && !facts.globals_written.contains(&index) && !exported.contains(&index);
        let known = match &global.init {
            Some(init) if !global.ty.mutable || unwritten => fold(init, &constants),
            _ => None,
        };
        constants.push(known);
    }
    constants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_constants_fold() {
        let expr = |ops: &[ConstOp]| ConstExpr { ops: ops.to_vec() };
        let globals = [Some(Constant::Bits32(7)), None];
        let sum =
            expr(&[ConstOp::GlobalGet(GlobalIndex::new(0)), ConstOp::Bits32(3), ConstOp::I32Sub]);
        assert_eq!(fold(&sum, &globals), Some(Constant::Bits32(4)));
        assert_eq!(fold(&expr(&[ConstOp::GlobalGet(GlobalIndex::new(1))]), &globals), None);
        let wraps = expr(&[ConstOp::Bits64(u64::MAX), ConstOp::Bits64(2), ConstOp::I64Mul]);
        assert_eq!(fold(&wraps, &globals), Some(Constant::Bits64(u64::MAX - 1)));
    }
}
