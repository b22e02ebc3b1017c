//! Expressions of the module, understood.

use crate::debug::indirection::Indirection;
use crate::function::DebugVariable;
use precast_artifact::index::{GlobalIndex, LocalIndex, OperandIndex};

/// An expression of the module, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::debug) struct WasmExpression {
    pub(super) pieces: Vec<ExpressionPiece>,
    /// Size of the guest's addresses.
    pub(super) address_size: u8,
}

/// A part of a variable, or all of it (DWARF 5 section 2.6.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExpressionPiece {
    pub(super) ops: Vec<Op>,
    pub(super) kind: LocationKind,
    /// The value, of [`LocationKind::Bytes`].
    pub(super) data: Vec<u8>,
    /// In bits, where the expression is put together from pieces.
    pub(super) size: Option<u64>,
}

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LocationKind {
    /// An address of the guest, where the variable is.
    Memory,
    /// The variable's value.
    Value,
    /// A value that is an address of the guest, to be shown as one of the process.
    HostAddress,
    /// The value, as bytes.
    Bytes,
    /// Nothing: this piece is not available.
    Nothing,
}

/// An operation, on values of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// Pushes a local.
    Local(LocalIndex),
    /// Pushes an operand.
    Operand(OperandIndex),
    /// Pushes a global.
    Global(GlobalIndex),
    /// Pushes a number or an address of the guest.
    Constant(u64),
    /// Adds to the top.
    Add(i64),
    /// Follows the address on top, reading so many bytes.
    Load(u8),
    /// An operation without operands.
    Plain(gimli::DwOp),
    /// Takes the top for a number of so many bits, with or without a sign.
    Extend(u8, bool),
    /// `DW_OP_pick`.
    Pick(u8),
}

impl WasmExpression {
    /// The variables whose locations emitting needs, in the order in which it
    /// takes them; with the context, unless the cell stands for it.
    pub(in crate::debug) fn variables(&self, in_function: bool) -> Vec<DebugVariable> {
        let mut variables = Vec::new();
        let mut context = false;
        for piece in &self.pieces {
            context |= matches!(piece.kind, LocationKind::Memory | LocationKind::HostAddress);
            for op in &piece.ops {
                match op {
                    Op::Local(index) => variables.push(DebugVariable::Local(*index)),
                    Op::Operand(index) => variables.push(DebugVariable::Operand(*index)),
                    Op::Global(_) | Op::Load(_) => context = true,
                    _ => {}
                }
            }
        }
        if context && in_function {
            variables.push(DebugVariable::Context);
        }
        variables.sort();
        variables.dedup();
        variables
    }

    /// As the address of something in memory: what a frame base is.
    pub(in crate::debug) fn as_memory(&self) -> Self {
        let mut expression = self.clone();
        if let [piece] = expression.pieces.as_mut_slice() {
            piece.kind = LocationKind::Memory;
        }
        expression
    }

    /// As it is to be read for a variable.
    pub(in crate::debug) fn with_indirection(mut self, indirection: Indirection) -> Self {
        if let [piece] = self.pieces.as_mut_slice()
            && piece.size.is_none()
        {
            match (indirection, piece.kind) {
                (Indirection::Indirect, _) if piece.variable().is_some() => {
                    piece.kind = LocationKind::Memory
                }
                (Indirection::HostPointer, LocationKind::Memory) => {
                    piece.ops.push(Op::Load(self.address_size));
                    piece.kind = LocationKind::HostAddress;
                }
                (Indirection::HostPointer, LocationKind::Value) => {
                    piece.kind = LocationKind::HostAddress
                }
                _ => {}
            }
        }
        self
    }

    /// Whether this is the location of one variable in memory or a local.
    #[cfg(test)]
    pub(super) fn is_local(&self) -> bool {
        matches!(self.pieces.as_slice(), [piece] if piece.variable().is_some())
    }
}

impl ExpressionPiece {
    /// The local or operand that this is, if it is just that.
    pub(super) fn variable(&self) -> Option<DebugVariable> {
        match (self.kind, self.ops.as_slice()) {
            (LocationKind::Value, [Op::Local(index)]) => Some(DebugVariable::Local(*index)),
            (LocationKind::Value, [Op::Operand(index)]) => Some(DebugVariable::Operand(*index)),
            _ => None,
        }
    }
}
