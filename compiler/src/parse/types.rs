//! The module's types: from wasmparser's to the artifact's, made canonical.

use crate::error::{Error, Result};
use crate::explain::GC;
use precast_artifact::index::{CanonicalTypeIndex, MemberIndex, TypeIndex};
use precast_artifact::types::{
    CompositeType, FuncType, GlobalType, GroupRef, HeapType, RefType, SizeLimits, TableType,
    TypeSection, ValType,
};
use std::collections::HashMap;
use wasmparser::{AbstractHeapType, CompositeInnerType, UnpackedIndex};

/// A recursion group, as groups are compared.
type Group = Box<[CompositeType<GroupRef<CanonicalTypeIndex>>]>;

/// The module's types, made canonical: of equal recursion groups only the first
/// is kept.
#[derive(Default)]
pub(crate) struct Types {
    section: TypeSection,
    /// Canonical index of each type as declared.
    canonical: Vec<CanonicalTypeIndex>,
    /// The first type of each group.
    known: HashMap<Group, CanonicalTypeIndex>,
}

impl Types {
    pub(super) fn read(&mut self, reader: wasmparser::TypeSectionReader<'_>) -> Result<()> {
        for group in reader.into_iter_with_offsets() {
            let (offset, group) = group?;
            let types = group.types().map(|ty| self.composite(ty, offset));
            let group = types.collect::<Result<Group>>()?;
            let members = group.len() as u32;
            let first = self.intern(group).get();
            self.canonical.extend((first..first + members).map(CanonicalTypeIndex::new));
        }
        Ok(())
    }

    /// The first type of a group.
    fn intern(&mut self, group: Group) -> CanonicalTypeIndex {
        let next = CanonicalTypeIndex::from_index(self.section.len());
        *self.known.entry(group).or_insert_with_key(|group| {
            let resolve = |reference: GroupRef<_>| reference.resolve(next);
            self.section.push(group.iter().map(|ty| ty.map(resolve)));
            next
        })
    }

    /// The canonical index of a type.
    pub(crate) fn canonical(&self, ty: TypeIndex) -> CanonicalTypeIndex {
        self.canonical[ty.index()]
    }

    /// Number of types as declared.
    #[cfg(test)]
    pub(super) fn declared(&self) -> usize {
        self.canonical.len()
    }

    /// The function type with this canonical index.
    pub(crate) fn get(&self, ty: CanonicalTypeIndex) -> &FuncType {
        self.section.func(ty)
    }

    /// All types.
    pub(crate) fn section(&self) -> &TypeSection {
        &self.section
    }

    /// A type of the group that is being read, at `offset`.
    fn composite(
        &self,
        ty: &wasmparser::SubType,
        offset: u64,
    ) -> Result<CompositeType<GroupRef<CanonicalTypeIndex>>> {
        let CompositeInnerType::Func(func) = &ty.composite_type.inner else {
            return Err(garbage_collected(offset));
        };
        if !ty.is_final || !ty.supertype_idxs.is_empty() {
            return Err(Error::unsupported(
                offset,
                format!("types with subtypes, which are part of {}\nhelp: {}", GC.0, GC.1),
            ));
        }
        let value = |ty: &wasmparser::ValType| value_type(*ty, offset, |ty| self.group_ref(ty));
        let values =
            |types: &[wasmparser::ValType]| types.iter().map(value).collect::<Result<Vec<_>>>();
        let (params, results) = (values(func.params())?, values(func.results())?);
        Ok(CompositeType::Func(FuncType { params, results }))
    }

    /// How the group that is being read refers to a type.
    fn group_ref(&self, ty: TypeIndex) -> GroupRef<CanonicalTypeIndex> {
        match self.canonical.get(ty.index()) {
            Some(canonical) => GroupRef::Outside(*canonical),
            None => GroupRef::Member(MemberIndex::from_index(ty.index() - self.canonical.len())),
        }
    }

    /// A type that the module names at `offset`, which errors tell.
    pub(crate) fn value(&self, ty: wasmparser::ValType, offset: u64) -> Result<ValType> {
        value_type(ty, offset, |ty| self.canonical(ty))
    }

    pub(super) fn reference(&self, ty: wasmparser::RefType, offset: u64) -> Result<RefType> {
        reference_type(ty, offset, |ty| self.canonical(ty))
    }

    pub(super) fn table(&self, ty: &wasmparser::TableType, offset: u64) -> Result<TableType> {
        Ok(TableType {
            element: self.reference(ty.element_type, offset)?,
            limits: SizeLimits { min: ty.initial, max: ty.maximum },
            index64: ty.table64,
        })
    }

    pub(super) fn global(&self, ty: &wasmparser::GlobalType, offset: u64) -> Result<GlobalType> {
        Ok(GlobalType { value: self.value(ty.content_type, offset)?, mutable: ty.mutable })
    }
}

fn garbage_collected(offset: u64) -> Error {
    Error::unsupported(offset, format!("{}\nhelp: {}", GC.0, GC.1))
}

fn value_type<T>(
    ty: wasmparser::ValType,
    offset: u64,
    name: impl Fn(TypeIndex) -> T,
) -> Result<ValType<T>> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(ty) => ValType::Ref(reference_type(ty, offset, name)?),
    })
}

fn reference_type<T>(
    ty: wasmparser::RefType,
    offset: u64,
    name: impl Fn(TypeIndex) -> T,
) -> Result<RefType<T>> {
    use wasmparser::HeapType as Heap;
    let unsupported = |heap: &dyn std::fmt::Debug| {
        let what = format!("references to {heap:?}, which are part of {}\nhelp: {}", GC.0, GC.1);
        Error::unsupported(offset, what)
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
            HeapType::Concrete(name(TypeIndex::new(index)))
        }
        other => return Err(unsupported(&other)),
    };
    Ok(RefType { nullable: ty.is_nullable(), heap })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsupported_references_say_where_they_are() {
        let types = Types::default();
        let any = wasmparser::ValType::Ref(wasmparser::RefType::ANYREF);
        let error = types.value(any, 0x2a).unwrap_err();
        let start = "not supported at offset 0x2a: references to Any, which";
        assert!(error.to_string().starts_with(start), "{error}");
    }
}
