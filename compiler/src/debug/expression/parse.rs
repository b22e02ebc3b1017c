//! Expressions of the module, read.

use super::wasm::{ExpressionPiece, LocationKind, Op, WasmExpression};
use gimli::constants as dw;
use gimli::{DebugAddrIndex, Encoding, EndianSlice, LittleEndian, Operation, UnitOffset};
use precast_artifact::index::{GlobalIndex, LocalIndex, OperandIndex};

pub(in crate::debug) type Expression<'a> = gimli::Expression<EndianSlice<'a, LittleEndian>>;

/// Longest expression, in operations; longer ones are damaged.
const MOST_OPS: usize = 256;

/// What expressions refer to.
pub(in crate::debug) struct ParseContext<'w> {
    pub encoding: Encoding,
    /// That of the function.
    pub frame_base: Option<&'w WasmExpression>,
    /// An entry of the unit's part of `.debug_addr`.
    pub address: &'w dyn Fn(DebugAddrIndex) -> Option<u64>,
    /// The bits of an integer type of the unit, and whether it has a sign.
    pub number: &'w dyn Fn(UnitOffset) -> Option<(u8, bool)>,
    /// Whether the module has threads.
    pub threads: bool,
}

impl WasmExpression {
    /// Reads an expression. `None` when it holds what has no counterpart.
    pub(in crate::debug) fn parse(
        expression: Expression<'_>,
        context: &ParseContext<'_>,
    ) -> Option<Self> {
        let encoding = context.encoding;
        let mut parsed = Self { pieces: Vec::new(), address_size: encoding.address_size };
        let mut piece = ExpressionPiece::empty();
        let mut operations = expression.operations(encoding);
        let mut count = 0;
        while let Some(operation) = operations.next().ok()? {
            count += 1;
            if count > MOST_OPS || piece.ops.len() > MOST_OPS {
                return None;
            }
            if piece.kind != LocationKind::Memory && !matches!(operation, Operation::Piece { .. }) {
                return None;
            }
            match operation {
                Operation::StackValue => piece.kind = LocationKind::Value,
                Operation::ImplicitValue { data } => {
                    piece.kind = LocationKind::Bytes;
                    piece.data = data.slice().to_vec();
                }
                Operation::Piece { size_in_bits, bit_offset: None } => {
                    let mut done = std::mem::replace(&mut piece, ExpressionPiece::empty());
                    if done.ops.is_empty() && done.kind == LocationKind::Memory {
                        done.kind = LocationKind::Nothing;
                    }
                    done.size = Some(size_in_bits);
                    parsed.pieces.push(done.settled());
                }
                operation => piece.operation(operation, context)?,
            }
        }
        if parsed.pieces.is_empty() {
            if piece.ops.is_empty() && piece.kind == LocationKind::Memory {
                return None;
            }
            parsed.pieces.push(piece.settled());
        } else if !piece.ops.is_empty() {
            return None;
        }
        // What linkers write for data that they left out.
        let gone = |piece: &ExpressionPiece| {
            piece.kind == LocationKind::Memory && piece.ops == [Op::Constant(0)]
        };
        (!parsed.pieces.iter().all(gone)).then_some(parsed)
    }
}

impl ExpressionPiece {
    fn empty() -> Self {
        Self { ops: Vec::new(), kind: LocationKind::Memory, data: Vec::new(), size: None }
    }

    /// A lone `DW_OP_WASM_location` is the location of the value itself.
    fn settled(mut self) -> Self {
        if self.kind == LocationKind::Memory
            && matches!(self.ops.as_slice(), [Op::Local(_) | Op::Operand(_)])
        {
            self.kind = LocationKind::Value;
        }
        self
    }

    fn operation(
        &mut self,
        operation: Operation<EndianSlice<'_, LittleEndian>>,
        context: &ParseContext<'_>,
    ) -> Option<()> {
        let op = match operation {
            Operation::WasmLocal { index } => Op::Local(LocalIndex::new(index)),
            Operation::WasmStack { index } => Op::Operand(OperandIndex::new(index)),
            Operation::WasmGlobal { index } => Op::Global(GlobalIndex::new(index)),
            Operation::Address { address } => Op::Constant(address),
            Operation::AddressIndex { index } | Operation::ConstantIndex { index } => {
                Op::Constant((context.address)(index)?)
            }
            Operation::UnsignedConstant { value } => Op::Constant(value),
            Operation::SignedConstant { value } => Op::Constant(value as u64),
            Operation::PlusConstant { value } => Op::Add(i64::try_from(value).ok()?),
            Operation::FrameOffset { offset } => {
                let [base] = context.frame_base?.pieces.as_slice() else { return None };
                if !matches!(base.kind, LocationKind::Value | LocationKind::Memory) {
                    return None;
                }
                self.ops.extend_from_slice(&base.ops);
                Op::Add(offset)
            }
            Operation::Deref { base_type: UnitOffset(0), size, space: false } => {
                Op::Load(if size == 0 { context.encoding.address_size } else { size })
            }
            Operation::Pick { index: 0 } => Op::Plain(dw::DW_OP_dup),
            Operation::Pick { index: 1 } => Op::Plain(dw::DW_OP_over),
            Operation::Pick { index } => Op::Pick(index),
            // To the generic type, which is the guest's addresses'.
            Operation::Convert { base_type: UnitOffset(0) } => {
                Op::Extend(context.encoding.address_size * 8, false)
            }
            Operation::Convert { base_type } => {
                let (bits, signed) = (context.number)(base_type)?;
                Op::Extend(bits, signed)
            }
            // Without threads what is local to one has an address of its own.
            Operation::TLS if !context.threads => return Some(()),
            Operation::Nop => return Some(()),
            operation => Op::Plain(plain(&operation)?),
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
        Operation::Abs => dw::DW_OP_abs,
        Operation::Div => dw::DW_OP_div,
        Operation::Mod => dw::DW_OP_mod,
        Operation::Shr => dw::DW_OP_shr,
        Operation::Shra => dw::DW_OP_shra,
        Operation::Eq => dw::DW_OP_eq,
        Operation::Ge => dw::DW_OP_ge,
        Operation::Gt => dw::DW_OP_gt,
        Operation::Le => dw::DW_OP_le,
        Operation::Lt => dw::DW_OP_lt,
        Operation::Ne => dw::DW_OP_ne,
        _ => return None,
    })
}
