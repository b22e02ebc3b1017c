//! Core types.

use crate::error::{Error, Result};
use precast_artifact::component::CoreType;
use precast_artifact::types::{
    FuncType, GlobalType, HeapType, MemoryType, RefType, SizeLimits, TableType, ValType,
};
use wasmtime_environ::component::ComponentTypes;
use wasmtime_environ::{
    EngineOrModuleTypeIndex, EntityType, IndexType, ModuleInternedTypeIndex, WasmHeapType,
    WasmRefType, WasmValType,
};

/// The type of a core item.
pub(super) fn core_type(types: &ComponentTypes, ty: &EntityType) -> Result<CoreType> {
    let function = |index: EngineOrModuleTypeIndex| match index {
        EngineOrModuleTypeIndex::Module(index) => func_type(types, index),
        _ => Err(unsupported("a core type that is not of the component")),
    };
    Ok(match ty {
        EntityType::Function(index) => CoreType::Function(function(*index)?),
        EntityType::Tag(tag) => CoreType::Tag(function(tag.signature)?),
        EntityType::Global(global) => CoreType::Global(GlobalType {
            value: val_type(global.wasm_ty)?,
            mutable: global.mutability,
        }),
        EntityType::Memory(memory) => CoreType::Memory(MemoryType {
            limits: SizeLimits { min: memory.limits.min, max: memory.limits.max },
            index64: matches!(memory.idx_type, IndexType::I64),
            shared: memory.shared,
            page_size_log2: memory.page_size_log2,
        }),
        EntityType::Table(table) => CoreType::Table(TableType {
            element: ref_type(table.ref_type)?,
            limits: SizeLimits { min: table.limits.min, max: table.limits.max },
            index64: matches!(table.idx_type, IndexType::I64),
        }),
    })
}

/// A function type, which may refer to no other type.
pub(super) fn func_type(
    types: &ComponentTypes,
    index: ModuleInternedTypeIndex,
) -> Result<FuncType> {
    let ty = types[index].unwrap_func();
    let list = |types: &[WasmValType]| -> Result<Vec<ValType>> {
        types.iter().map(|ty| val_type(*ty)).collect()
    };
    Ok(FuncType { params: list(ty.params())?, results: list(ty.results())? })
}

pub(super) fn val_type(ty: WasmValType) -> Result<ValType> {
    Ok(match ty {
        WasmValType::I32 => ValType::I32,
        WasmValType::I64 => ValType::I64,
        WasmValType::F32 => ValType::F32,
        WasmValType::F64 => ValType::F64,
        WasmValType::V128 => ValType::V128,
        WasmValType::Ref(ty) => ValType::Ref(ref_type(ty)?),
    })
}

fn ref_type(ty: WasmRefType) -> Result<RefType> {
    let heap = match ty.heap_type {
        WasmHeapType::Func => HeapType::Func,
        WasmHeapType::Extern => HeapType::Extern,
        WasmHeapType::Exn => HeapType::Exn,
        other => return Err(unsupported(&format!("references to {other} between core modules"))),
    };
    Ok(RefType { nullable: ty.nullable, heap })
}

fn unsupported(what: &str) -> Error {
    Error::unsupported(None, what)
}
