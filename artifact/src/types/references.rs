//! What types refer to, and the same types with other names for it.

use super::external::{GlobalType, TableType};
use super::section::CompositeType;
use super::value::{FuncType, HeapType, RefType, ValType};

impl<T: Copy> RefType<T> {
    /// With another name for the type that it refers to.
    pub fn map<U>(self, name: impl Fn(T) -> U) -> RefType<U> {
        let heap = match self.heap {
            HeapType::Func => HeapType::Func,
            HeapType::Extern => HeapType::Extern,
            HeapType::Exn => HeapType::Exn,
            HeapType::NoFunc => HeapType::NoFunc,
            HeapType::NoExtern => HeapType::NoExtern,
            HeapType::NoExn => HeapType::NoExn,
            HeapType::Concrete(ty) => HeapType::Concrete(name(ty)),
        };
        RefType { nullable: self.nullable, heap }
    }
}

impl<T: Copy> ValType<T> {
    /// With another name for the type that it refers to.
    pub fn map<U>(self, name: impl Fn(T) -> U) -> ValType<U> {
        match self {
            Self::I32 => ValType::I32,
            Self::I64 => ValType::I64,
            Self::F32 => ValType::F32,
            Self::F64 => ValType::F64,
            Self::V128 => ValType::V128,
            Self::Ref(reference) => ValType::Ref(reference.map(name)),
        }
    }
}

impl<T: Copy> TableType<T> {
    /// With another name for the type that its elements refer to.
    pub fn map<U>(self, name: impl Fn(T) -> U) -> TableType<U> {
        let Self { element, limits, index64 } = self;
        TableType { element: element.map(name), limits, index64 }
    }
}

impl<T: Copy> GlobalType<T> {
    /// With another name for the type that its value refers to.
    pub fn map<U>(self, name: impl Fn(T) -> U) -> GlobalType<U> {
        GlobalType { value: self.value.map(name), mutable: self.mutable }
    }
}

impl<T: Copy> FuncType<T> {
    /// With other names for the types that it refers to.
    pub fn map<U>(&self, name: impl Fn(T) -> U) -> FuncType<U> {
        let map = |values: &[ValType<T>]| values.iter().map(|value| value.map(&name)).collect();
        FuncType { params: map(&self.params), results: map(&self.results) }
    }

    /// The types that it refers to, one by one.
    pub fn references(&self) -> impl Iterator<Item = T> {
        self.params.iter().chain(&self.results).filter_map(|value| match value {
            ValType::Ref(RefType { heap: HeapType::Concrete(ty), .. }) => Some(*ty),
            _ => None,
        })
    }
}

impl<T: Copy> CompositeType<T> {
    /// With other names for the types that it refers to.
    pub fn map<U>(&self, name: impl Fn(T) -> U) -> CompositeType<U> {
        match self {
            Self::Func(ty) => CompositeType::Func(ty.map(name)),
        }
    }

    /// The types that it refers to, one by one.
    pub fn references(&self) -> impl Iterator<Item = T> {
        match self {
            Self::Func(ty) => ty.references(),
        }
    }
}
