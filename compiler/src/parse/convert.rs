//! From wasmparser's types and constant expressions to the artifact's.

use crate::error::{Error, Result};
use precast_artifact::index::{FuncIndex, GlobalIndex};
use precast_artifact::module::{ConstExpr, ConstOp};
use precast_artifact::types::{
    FuncType, GlobalType, HeapType, Limits, MemoryType, RefType, TableType, ValType,
};
use std::collections::HashMap;
use wasmparser::{AbstractHeapType, CompositeInnerType, Operator, UnpackedIndex};

/// The module's function types, made canonical: structurally equal types
/// share an index.
#[derive(Default)]
pub(crate) struct Types {
    list: Vec<FuncType>,
    /// Canonical index by index in the type section.
    canonical: Vec<u32>,
    known: HashMap<FuncType, u32>,
}

impl Types {
    pub(super) fn read(&mut self, reader: wasmparser::TypeSectionReader<'_>) -> Result<()> {
        for group in reader.into_iter_with_offsets() {
            let (offset, group) = group?;
            for ty in group.types() {
                let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
                    return Err(Error::unsupported(offset, "garbage-collected types"));
                };
                let ty = FuncType {
                    params: self.values(func.params(), offset)?,
                    results: self.values(func.results(), offset)?,
                };
                let index = self.intern(ty);
                self.canonical.push(index);
            }
        }
        Ok(())
    }

    fn intern(&mut self, ty: FuncType) -> u32 {
        let next = self.list.len() as u32;
        let index = *self.known.entry(ty.clone()).or_insert(next);
        if index == next {
            self.list.push(ty);
        }
        index
    }

    /// Canonical index of a type-section index.
    pub(crate) fn canonical(&self, index: u32) -> u32 {
        self.canonical[index as usize]
    }

    /// The type of a canonical index.
    pub(crate) fn get(&self, canonical: u32) -> &FuncType {
        &self.list[canonical as usize]
    }

    /// All canonical types.
    pub(crate) fn list(&self) -> &[FuncType] {
        &self.list
    }

    fn values(&self, types: &[wasmparser::ValType], offset: u64) -> Result<Vec<ValType>> {
        types.iter().map(|ty| self.value(*ty, offset)).collect()
    }

    /// A type that the module names at `offset`, which errors tell.
    pub(crate) fn value(&self, ty: wasmparser::ValType, offset: u64) -> Result<ValType> {
        Ok(match ty {
            wasmparser::ValType::I32 => ValType::I32,
            wasmparser::ValType::I64 => ValType::I64,
            wasmparser::ValType::F32 => ValType::F32,
            wasmparser::ValType::F64 => ValType::F64,
            wasmparser::ValType::V128 => ValType::V128,
            wasmparser::ValType::Ref(reference) => ValType::Ref(self.reference(reference, offset)?),
        })
    }

    pub(super) fn reference(&self, ty: wasmparser::RefType, offset: u64) -> Result<RefType> {
        use wasmparser::HeapType as Heap;
        let unsupported = |heap: &dyn std::fmt::Debug| {
            Error::unsupported(offset, format!("references to {heap:?}"))
        };
        let heap = match ty.heap_type() {
            Heap::Abstract { shared: false, ty } => match ty {
                AbstractHeapType::Func => HeapType::Func,
                AbstractHeapType::Extern => HeapType::Extern,
                AbstractHeapType::Exn => HeapType::Exn,
                AbstractHeapType::NoFunc => HeapType::NoFunc,
                AbstractHeapType::NoExtern => HeapType::NoExtern,
                AbstractHeapType::NoExn => HeapType::NoExn,
                other => return Err(unsupported(&other)),
            },
            Heap::Concrete(UnpackedIndex::Module(index))
            | Heap::Exact(UnpackedIndex::Module(index)) => {
                HeapType::Concrete(self.canonical(index))
            }
            other => return Err(unsupported(&other)),
        };
        Ok(RefType { nullable: ty.is_nullable(), heap })
    }

    pub(super) fn table(&self, ty: &wasmparser::TableType, offset: u64) -> Result<TableType> {
        Ok(TableType {
            element: self.reference(ty.element_type, offset)?,
            limits: Limits { min: ty.initial, max: ty.maximum },
            index64: ty.table64,
        })
    }

    pub(super) fn global(&self, ty: &wasmparser::GlobalType, offset: u64) -> Result<GlobalType> {
        Ok(GlobalType { value: self.value(ty.content_type, offset)?, mutable: ty.mutable })
    }
}

pub(super) fn memory(ty: &wasmparser::MemoryType, offset: u64) -> Result<MemoryType> {
    if ty.shared {
        return Err(Error::unsupported(offset, "memories shared between threads"));
    }
    Ok(MemoryType {
        limits: Limits { min: ty.initial, max: ty.maximum },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_references_say_where_they_are() {
        let types = Types::default();
        let any = wasmparser::ValType::Ref(wasmparser::RefType::ANYREF);
        let error = types.value(any, 0x2a).unwrap_err();
        assert_eq!(error.to_string(), "not supported at offset 0x2a: references to Any");
    }
}
