//! Types, interned for the whole process: equal types of any module have the
//! same number, so machine code compares one integer.
//!
//! A recursion group is interned as a whole, the first time that it is met
//! (core specification 2.3.9); its members' numbers follow each other. In an
//! interned type, and in every type that the host sees, references to concrete
//! types are such numbers.
//!
//! Numbers start at one, and types are never removed: there are as many as the
//! process has seen distinct ones.

use precast_artifact::index::{CanonicalTypeIndex, MemberIndex, TypeId};
use precast_artifact::types::{self, CompositeType, GroupRef, TypeSection};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};

/// What a reference can refer to.
pub type HeapType = types::HeapType<TypeId>;

/// A reference type.
pub type RefType = types::RefType<TypeId>;

/// A value type.
pub type ValType = types::ValType<TypeId>;

/// A function type.
pub type FuncType = types::FuncType<TypeId>;

/// A table type.
pub type TableType = types::TableType<TypeId>;

/// A global type.
pub type GlobalType = types::GlobalType<TypeId>;

/// A recursion group, as groups are compared.
type Group = Box<[CompositeType<GroupRef<TypeId>>]>;

#[derive(Default)]
struct Interner {
    /// First number of each group.
    groups: HashMap<Group, TypeId>,
    types: Vec<Arc<FuncType>>,
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(RwLock::default);

/// The number of a type whose references are interned already, as those of
/// [`get`] are.
pub(crate) fn intern(ty: &FuncType) -> TypeId {
    intern_group(Box::new([CompositeType::Func(ty.map(GroupRef::Outside))]))
}

/// The numbers of a module's types, by canonical index.
pub(crate) fn intern_module(section: &TypeSection) -> Box<[TypeId]> {
    let mut ids: Vec<TypeId> = Vec::with_capacity(section.len());
    for (start, group) in section.groups() {
        let name = |ty: CanonicalTypeIndex| match ids.get(ty.index()) {
            Some(id) => GroupRef::Outside(*id),
            None => GroupRef::Member(MemberIndex::new(ty.get() - start.get())),
        };
        let first = intern_group(group.iter().map(|ty| ty.map(name)).collect()).get();
        ids.extend((first..).take(group.len()).map(TypeId::new));
    }
    ids.into()
}

/// The first number of a group.
fn intern_group(group: Group) -> TypeId {
    let known = read(|interner| interner.groups.get(&group).copied());
    known.unwrap_or_else(|| write(|interner| interner.add(group)))
}

/// The type with this number.
///
/// # Panics
///
/// If there is none.
pub(crate) fn get(id: TypeId) -> Arc<FuncType> {
    read(|interner| interner.types[id.index() - 1].clone())
}

/// Whether a type with this number exists.
pub(crate) fn exists(id: TypeId) -> bool {
    let count = read(|interner| interner.types.len());
    (1..=count).contains(&id.index())
}

/// Whether every reference in `ty` is to an interned type.
pub(crate) fn is_interned(ty: &FuncType) -> bool {
    ty.references().all(exists)
}

fn read<R>(f: impl FnOnce(&Interner) -> R) -> R {
    f(&INTERNER.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

fn write<R>(f: impl FnOnce(&mut Interner) -> R) -> R {
    f(&mut INTERNER.write().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

impl Interner {
    /// Adds a group unless another thread has done so meanwhile.
    fn add(&mut self, group: Group) -> TypeId {
        if let Some(first) = self.groups.get(&group) {
            return *first;
        }
        let first = TypeId::from_index(self.types.len() + 1);
        for ty in &group {
            let CompositeType::Func(ty) = ty.map(|reference| reference.resolve(first));
            self.types.push(Arc::new(ty));
        }
        self.groups.insert(group, first);
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn func<T>(params: impl IntoIterator<Item = types::ValType<T>>) -> types::FuncType<T> {
        types::FuncType { params: params.into_iter().collect(), results: Vec::new() }
    }

    fn reference<T>(ty: T) -> types::ValType<T> {
        types::ValType::Ref(types::RefType { nullable: true, heap: types::HeapType::Concrete(ty) })
    }

    fn index(number: u32) -> CanonicalTypeIndex {
        CanonicalTypeIndex::new(number)
    }

    #[test]
    fn equal_types_of_two_modules_have_the_same_number() {
        use precast_artifact::types::ValType::{I32, I64};
        let module = |types: Vec<_>| intern_module(&types.into_iter().collect());
        let first = module(vec![func([I32]), func([reference(index(0))])]);
        let second = module(vec![func([I64]), func([I32]), func([reference(index(1))])]);
        assert_eq!(first[0], second[1]);
        assert_eq!(first[1], second[2]);
        assert_eq!(first[0], intern(&func([ValType::I32])));
        assert_eq!(first[1], intern(&func([reference(first[0])])));
        assert_eq!(*get(first[1]), func([reference(first[0])]));
    }

    #[test]
    fn recursive_types_are_compared_as_groups() {
        let module = |groups: &[&[types::FuncType]]| {
            let mut section = TypeSection::default();
            for group in groups {
                section.push(group.iter().cloned().map(CompositeType::Func));
            }
            intern_module(&section)
        };
        let chain = |leaf| [func([reference(index(1))]), func([reference(index(0)), leaf])];
        let first = module(&[&chain(types::ValType::I32)]);
        assert_eq!(first, module(&[&chain(types::ValType::I32)]));
        assert_ne!(first[0], module(&[&chain(types::ValType::F32)])[0]);
        let itself = module(&[&[func([reference(index(0))])]]);
        assert_eq!(*get(itself[0]), func([reference(itself[0])]));
        // Of a group, even where no member refers to another.
        let apart = module(&[&[func([])], &[func([]), func([])]]);
        assert!(apart[0] != apart[1] && apart[1] != apart[2] && apart[0] != apart[2]);
        assert_eq!(apart[0], intern(&func([])));
    }
}
