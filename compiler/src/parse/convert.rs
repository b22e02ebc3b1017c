//! From wasmparser's memory types and constant expressions to the artifact's.

use crate::error::{Error, Result};
use precast_artifact::index::{FuncIndex, GlobalIndex};
use precast_artifact::module::{ConstExpr, ConstOp};
use precast_artifact::types::{MemoryType, SizeLimits};
use wasmparser::Operator;

pub(super) fn memory(ty: &wasmparser::MemoryType, offset: u64) -> Result<MemoryType> {
    if ty.shared {
        return Err(Error::unsupported(
            offset,
            "memories shared between threads\nhelp: build the module without threads, such as for \
             wasm32-wasip1 in place of wasm32-wasip1-threads",
        ));
    }
    Ok(MemoryType {
        limits: SizeLimits { min: ty.initial, max: ty.maximum },
        index64: ty.memory64,
        shared: ty.shared,
        page_size_log2: ty.page_size_log2.unwrap_or(16) as u8,
    })
}

pub(super) fn const_expr(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr> {
    let mut ops = Vec::new();
    for op in expr.get_operators_reader().into_iter_with_offsets() {
        let (op, offset) = op?;
        ops.push(match op {
            Operator::I32Const { value } => ConstOp::Bits32(value as u32),
            Operator::F32Const { value } => ConstOp::Bits32(value.bits()),
            Operator::I64Const { value } => ConstOp::Bits64(value as u64),
            Operator::F64Const { value } => ConstOp::Bits64(value.bits()),
            Operator::V128Const { value } => ConstOp::Bits128(value.i128() as u128),
            Operator::RefNull { .. } => ConstOp::RefNull,
            Operator::RefFunc { function_index } => {
                ConstOp::RefFunc(FuncIndex::new(function_index))
            }
            Operator::GlobalGet { global_index } => {
                ConstOp::GlobalGet(GlobalIndex::new(global_index))
            }
            Operator::I32Add => ConstOp::I32Add,
            Operator::I32Sub => ConstOp::I32Sub,
            Operator::I32Mul => ConstOp::I32Mul,
            Operator::I64Add => ConstOp::I64Add,
            Operator::I64Sub => ConstOp::I64Sub,
            Operator::I64Mul => ConstOp::I64Mul,
            Operator::End => continue,
            other => {
                return Err(Error::unsupported(
                    offset,
                    format!("{other:?} in a constant expression"),
                ));
            }
        });
    }
    Ok(ConstExpr { ops })
}
