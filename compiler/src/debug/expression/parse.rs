//! Expressions of the module, read.

use super::{Expression, Kind, Op, Piece, Source};
use gimli::constants as dw;
use gimli::{DebugAddrIndex, Encoding, EndianSlice, LittleEndian, Operation};

/// Longest expression, in operations; longer ones are damaged.
const MOST_OPS: usize = 256;

/// What expressions refer to.
pub(in crate::debug) struct Around<'w> {
    pub encoding: Encoding,
    /// That of the function.
    pub frame_base: Option<&'w Source>,
    /// An entry of the unit's part of `.debug_addr`.
    pub address: &'w dyn Fn(DebugAddrIndex) -> Option<u64>,
}

impl Source {
    /// Reads an expression. `None` when it holds what has no counterpart.
    pub(in crate::debug) fn parse(expression: Expression<'_>, around: &Around<'_>) -> Option<Self> {
        let encoding = around.encoding;
        let mut source = Self { parts: Vec::new(), address_size: encoding.address_size };
        let mut part = Piece { ops: Vec::new(), kind: Kind::Memory, data: Vec::new(), size: None };
        let mut operations = expression.operations(encoding);
        let mut count = 0;
        while let Some(operation) = operations.next().ok()? {
            count += 1;
            if count > MOST_OPS || part.ops.len() > MOST_OPS {
                return None;
            }
            if part.kind != Kind::Memory && !matches!(operation, Operation::Piece { .. }) {
                return None;
            }
            match operation {
                Operation::StackValue => part.kind = Kind::Value,
                Operation::ImplicitValue { data } => {
                    part.kind = Kind::Bytes;
                    part.data = data.slice().to_vec();
                }
                Operation::Piece { size_in_bits, bit_offset: None } => {
                    let mut done = std::mem::replace(&mut part, Piece::empty());
                    if done.ops.is_empty() && done.kind == Kind::Memory {
                        done.kind = Kind::Nothing;
                    }
                    done.size = Some(size_in_bits);
                    source.parts.push(done.settled());
                }
                operation => part.operation(operation, around)?,
            }
        }
        if source.parts.is_empty() {
            if part.ops.is_empty() && part.kind == Kind::Memory {
                return None;
            }
            source.parts.push(part.settled());
        } else if !part.ops.is_empty() {
            return None;
        }
        Some(source)
    }
}

impl Piece {
    fn empty() -> Self {
        Self { ops: Vec::new(), kind: Kind::Memory, data: Vec::new(), size: None }
    }

    /// A lone `DW_OP_WASM_location` names the place of the value itself.
    fn settled(mut self) -> Self {
        if self.kind == Kind::Memory && matches!(self.ops.as_slice(), [Op::Local(_)]) {
            self.kind = Kind::Value;
        }
        self
    }

    fn operation(
        &mut self,
        operation: Operation<EndianSlice<'_, LittleEndian>>,
        around: &Around<'_>,
    ) -> Option<()> {
        let op = match operation {
            Operation::WasmLocal { index } => Op::Local(index),
            Operation::WasmGlobal { index } => Op::Global(index),
            Operation::Address { address } => Op::Constant(address),
            Operation::AddressIndex { index } | Operation::ConstantIndex { index } => {
                Op::Constant((around.address)(index)?)
            }
            Operation::UnsignedConstant { value } => Op::Constant(value),
            Operation::SignedConstant { value } => Op::Constant(value as u64),
            Operation::PlusConstant { value } => Op::Add(i64::try_from(value).ok()?),
            Operation::FrameOffset { offset } => {
                let [base] = around.frame_base?.parts.as_slice() else { return None };
                if !matches!(base.kind, Kind::Value | Kind::Memory) {
                    return None;
                }
                self.ops.extend_from_slice(&base.ops);
                Op::Add(offset)
            }
            Operation::Deref { base_type: gimli::UnitOffset(0), size, space: false } => {
                Op::Load(if size == 0 { around.encoding.address_size } else { size })
            }
            Operation::Pick { index: 0 } => Op::Plain(dw::DW_OP_dup.0),
            Operation::Pick { index: 1 } => Op::Plain(dw::DW_OP_over.0),
            Operation::Pick { index } => Op::Pick(index),
            Operation::Nop => return Some(()),
            operation => Op::Plain(plain(&operation)?.0),
        };
        self.ops.push(op);
        Some(())
    }
}

/// Operations without operands.
fn plain(operation: &Operation<EndianSlice<'_, LittleEndian>>) -> Option<gimli::DwOp> {
    Some(match operation {
        Operation::Drop => dw::DW_OP_drop,
        Operation::Swap => dw::DW_OP_swap,
        Operation::Rot => dw::DW_OP_rot,
        Operation::And => dw::DW_OP_and,
        Operation::Minus => dw::DW_OP_minus,
        Operation::Mul => dw::DW_OP_mul,
        Operation::Neg => dw::DW_OP_neg,
        Operation::Not => dw::DW_OP_not,
        Operation::Or => dw::DW_OP_or,
        Operation::Plus => dw::DW_OP_plus,
        Operation::Shl => dw::DW_OP_shl,
        Operation::Xor => dw::DW_OP_xor,
        // These look at the upper half of values, or at their sign: the
        // guest's are narrower.
        _ => return None,
    })
}
