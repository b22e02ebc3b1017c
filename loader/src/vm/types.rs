//! Function types, interned for the whole process: equal types of any module
//! have the same number, so machine code compares one integer.
//!
//! Types are compared structurally. Inside an interned type, a
//! [`HeapType::Concrete`] holds the number of another interned type. Types
//! that refer to each other are interned as one group (core specification
//! 2.3.9); references inside the group are positions in it.
//!
//! Numbers start at one, and types are never removed: there are as many as the
//! process has seen distinct ones.

use precast_artifact::types::{FuncType, GlobalType, HeapType, RefType, TableType, ValType};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

/// Number of an interned type.
pub(crate) type TypeId = u32;

/// Marks a reference inside a group that is being interned.
const IN_GROUP: u32 = 1 << 31;

#[derive(Default)]
struct Interner {
    /// First number of each group; members follow each other.
    groups: HashMap<Box<[FuncType]>, TypeId>,
    types: Vec<Arc<FuncType>>,
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(RwLock::default);

/// The number of a type whose references are interned already, as those of
/// [`get`] are.
pub(crate) fn intern(ty: &FuncType) -> TypeId {
    intern_group(std::slice::from_ref(ty))
}

/// The numbers of a module's canonical types, in index order.
pub(crate) fn intern_module(types: &[FuncType]) -> Box<[TypeId]> {
    let mut ids: Vec<TypeId> = Vec::with_capacity(types.len());
    while ids.len() < types.len() {
        let start = ids.len();
        let group = &types[start..group_end(types, start)];
        let members = group.len() as u32;
        let first = match group.iter().any(has_references) {
            true => {
                let index = |at| resolve_index(&ids, start, at);
                let resolved: Box<[_]> = group.iter().map(|ty| map_type(ty, &index)).collect();
                intern_group(&resolved)
            }
            false => intern_group(group),
        };
        ids.extend(first..first + members);
    }
    ids.into()
}

/// The first number of a group.
fn intern_group(group: &[FuncType]) -> TypeId {
    let known = read(|interner| interner.groups.get(group).copied());
    known.unwrap_or_else(|| write(|interner| interner.add(group.into())))
}

/// The type with this number.
///
/// # Panics
///
/// If there is none.
pub(crate) fn get(id: TypeId) -> Arc<FuncType> {
    read(|interner| interner.types[id as usize - 1].clone())
}

/// Whether a type with this number exists.
pub(crate) fn exists(id: TypeId) -> bool {
    id != 0 && read(|interner| interner.types.len() >= id as usize)
}

/// Whether every reference in `ty` is to an interned type.
pub(crate) fn is_interned(ty: &FuncType) -> bool {
    references(ty).all(exists)
}

/// The concrete types that a type refers to.
fn references(ty: &FuncType) -> impl Iterator<Item = u32> {
    ty.params.iter().chain(&ty.results).filter_map(|value| match value {
        ValType::Ref(RefType { heap: HeapType::Concrete(at), .. }) => Some(*at),
        _ => None,
    })
}

fn has_references(ty: &FuncType) -> bool {
    references(ty).next().is_some()
}

/// A module's value type with interned references.
pub(crate) fn resolve(ty: ValType, ids: &[TypeId]) -> ValType {
    map_value(ty, &|index| ids[index as usize])
}

/// A module's table type with interned references.
pub(crate) fn resolve_table(ty: TableType, ids: &[TypeId]) -> TableType {
    TableType { element: map_ref(ty.element, &|index| ids[index as usize]), ..ty }
}

/// A module's global type with interned references.
pub(crate) fn resolve_global(ty: GlobalType, ids: &[TypeId]) -> GlobalType {
    GlobalType { value: resolve(ty.value, ids), ..ty }
}

fn read<R>(f: impl FnOnce(&Interner) -> R) -> R {
    f(&INTERNER.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

fn write<R>(f: impl FnOnce(&mut Interner) -> R) -> R {
    f(&mut INTERNER.write().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

impl Interner {
    /// Adds a group unless another thread has done so meanwhile.
    fn add(&mut self, group: Box<[FuncType]>) -> TypeId {
        if let Some(first) = self.groups.get(&group) {
            return *first;
        }
        let first = self.types.len() as TypeId + 1;
        for ty in &group {
            let global =
                |index| if index & IN_GROUP != 0 { first + (index & !IN_GROUP) } else { index };
            self.types.push(Arc::new(map_type(ty, &global)));
        }
        self.groups.insert(group, first);
        first
    }
}

/// End of the smallest run of types from `start` whose references all point
/// into the run or before it.
fn group_end(types: &[FuncType], start: usize) -> usize {
    let mut end = start + 1;
    let mut at = start;
    while at < end {
        end = references(&types[at]).fold(end, |end, index| end.max(index as usize + 1));
        at += 1;
    }
    end
}

fn resolve_index(ids: &[TypeId], start: usize, index: u32) -> u32 {
    match ids.get(index as usize) {
        Some(id) => *id,
        None => (index - start as u32) | IN_GROUP,
    }
}

fn map_type(ty: &FuncType, index: &impl Fn(u32) -> u32) -> FuncType {
    let map = |values: &[ValType]| values.iter().map(|v| map_value(*v, index)).collect();
    FuncType { params: map(&ty.params), results: map(&ty.results) }
}

fn map_value(ty: ValType, index: &impl Fn(u32) -> u32) -> ValType {
    match ty {
        ValType::Ref(reference) => ValType::Ref(map_ref(reference, index)),
        other => other,
    }
}

fn map_ref(ty: RefType, index: &impl Fn(u32) -> u32) -> RefType {
    match ty.heap {
        HeapType::Concrete(at) => RefType { heap: HeapType::Concrete(index(at)), ..ty },
        _ => ty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn func(params: &[ValType]) -> FuncType {
        FuncType { params: params.to_vec(), results: Vec::new() }
    }

    fn reference(index: u32) -> ValType {
        ValType::Ref(RefType { nullable: true, heap: HeapType::Concrete(index) })
    }

    #[test]
    fn equal_types_of_two_modules_have_the_same_number() {
        let first = intern_module(&[func(&[ValType::I32]), func(&[reference(0)])]);
        let second =
            intern_module(&[func(&[ValType::I64]), func(&[ValType::I32]), func(&[reference(1)])]);
        assert_eq!(first[0], second[1]);
        assert_eq!(first[1], second[2]);
        assert_eq!(first[0], intern(&func(&[ValType::I32])));
        assert_eq!(*get(first[1]), func(&[reference(first[0])]));
    }

    #[test]
    fn recursive_types_are_compared_as_groups() {
        let chain = |leaf| [func(&[reference(1)]), func(&[reference(0), leaf])];
        let first = intern_module(&chain(ValType::I32));
        assert_eq!(first, intern_module(&chain(ValType::I32)));
        assert_ne!(first[0], intern_module(&chain(ValType::F32))[0]);
        let itself = intern_module(&[func(&[reference(0)])]);
        assert_eq!(*get(itself[0]), func(&[reference(itself[0])]));
    }
}
