//! Types, interned for the whole process: equal types of any module have the
//! same number, so machine code compares one integer.
//!
//! A recursion group is interned as a whole, the first time that it is met
//! (core specification 2.3.9); its members' numbers follow each other. In an
//! interned type, and in every type that the host sees, references to concrete
//! types are such numbers.
//!
//! Numbers start at one. A group counts its users: artifacts, host functions and
//! what else [holds](Held) it, and groups that refer to it. The last one to go
//! frees it, and its numbers are used again.

use precast_artifact::index::{CanonicalTypeIndex, MemberIndex, TypeId};
use precast_artifact::types::{self, CompositeType, GroupRef, TypeSection};
use std::collections::HashMap;
use std::ops::Deref;
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
type Group = Arc<[CompositeType<GroupRef<TypeId>>]>;

#[derive(Default)]
struct Interner {
    /// First number of each group.
    groups: HashMap<Group, TypeId>,
    /// By number less one. Free numbers have none.
    types: Vec<Option<Interned>>,
    /// First numbers of free groups, by their number of members.
    free: HashMap<usize, Vec<TypeId>>,
}

struct Interned {
    ty: Arc<FuncType>,
    /// First number of its group.
    first: TypeId,
    /// Of the first of a group: users of the group, and the group itself.
    users: usize,
    group: Option<Group>,
}

/// Keeps groups, by their first numbers.
#[derive(Debug, Default)]
pub(crate) struct Held(Vec<TypeId>);

impl Drop for Held {
    fn drop(&mut self) {
        if !self.0.is_empty() {
            write(|interner| self.0.iter().for_each(|first| interner.release(*first)));
        }
    }
}

/// The numbers of a module's types, by canonical index, which are kept.
#[derive(Debug)]
pub(crate) struct ModuleTypes {
    ids: Box<[TypeId]>,
    _held: Held,
}

impl Deref for ModuleTypes {
    type Target = [TypeId];

    fn deref(&self) -> &[TypeId] {
        &self.ids
    }
}

static INTERNER: LazyLock<RwLock<Interner>> = LazyLock::new(RwLock::default);

/// The number of a type whose references are interned already, as those of
/// [`get`] are; fails if one is not.
pub(crate) fn intern(ty: &FuncType) -> Result<(TypeId, Held), String> {
    write(|interner| match ty.references().all(|id| interner.find(id).is_some()) {
        true => {
            let group: Group = Arc::new([CompositeType::Func(ty.map(GroupRef::Outside))]);
            let id = interner.hold_group(group);
            Ok((id, Held(vec![id])))
        }
        false => Err(format!("the type {ty} refers to types that do not exist")),
    })
}

/// Keeps the type that a value type refers to, if it refers to one; fails if
/// that does not exist.
pub(crate) fn hold(ty: &ValType) -> Result<Held, String> {
    let ValType::Ref(RefType { heap: HeapType::Concrete(id), .. }) = ty else {
        return Ok(Held::default());
    };
    let first = write(|interner| {
        let first = interner.find(*id)?.first;
        interner.first_mut(first).users += 1;
        Some(first)
    });
    let unknown = || format!("the type {ty} refers to a type that does not exist");
    first.map(|first| Held(vec![first])).ok_or_else(unknown)
}

/// Interns a module's types.
pub(crate) fn intern_module(section: &TypeSection) -> ModuleTypes {
    let mut held = Held::default();
    let mut ids: Vec<TypeId> = Vec::with_capacity(section.len());
    for (start, group) in section.groups() {
        let name = |ty: CanonicalTypeIndex| match ids.get(ty.index()) {
            Some(id) => GroupRef::Outside(*id),
            None => GroupRef::Member(MemberIndex::new(ty.get() - start.get())),
        };
        let named: Group = group.iter().map(|ty| ty.map(name)).collect();
        let first = write(|interner| interner.hold_group(named));
        held.0.push(first);
        ids.extend((first.get()..).take(group.len()).map(TypeId::new));
    }
    ModuleTypes { ids: ids.into(), _held: held }
}

/// The type with this number.
///
/// # Panics
///
/// If there is none.
pub(crate) fn get(id: TypeId) -> Arc<FuncType> {
    read(|interner| interner.find(id).map(|interned| interned.ty.clone()))
        .expect("whoever has the number holds the type")
}

fn read<R>(f: impl FnOnce(&Interner) -> R) -> R {
    f(&INTERNER.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

fn write<R>(f: impl FnOnce(&mut Interner) -> R) -> R {
    f(&mut INTERNER.write().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

impl Interner {
    fn find(&self, id: TypeId) -> Option<&Interned> {
        self.types.get(id.index().checked_sub(1)?)?.as_ref()
    }

    fn first_mut(&mut self, first: TypeId) -> &mut Interned {
        self.types[first.index() - 1].as_mut().expect("a group that is held")
    }

    /// The first number of a group, which has one user more.
    fn hold_group(&mut self, group: Group) -> TypeId {
        let known = self.groups.get(&group).copied();
        let first = known.unwrap_or_else(|| self.add(group));
        self.first_mut(first).users += 1;
        first
    }

    /// Adds a group, which nobody uses yet, and its use of others.
    fn add(&mut self, group: Group) -> TypeId {
        let free = self.free.get_mut(&group.len()).and_then(Vec::pop);
        let first = free.unwrap_or_else(|| TypeId::from_index(self.types.len() + 1));
        let start = first.index() - 1;
        self.types.resize_with(self.types.len().max(start + group.len()), || None);
        for other in outside(&group) {
            let other = self.find(other).expect("whoever refers to it holds it").first;
            self.first_mut(other).users += 1;
        }
        for (place, ty) in self.types[start..].iter_mut().zip(&*group) {
            let CompositeType::Func(ty) = ty.map(|reference| reference.resolve(first));
            *place = Some(Interned { ty: Arc::new(ty), first, users: 0, group: None });
        }
        self.first_mut(first).group = Some(group.clone());
        self.groups.insert(group, first);
        first
    }

    /// Takes a user from a group, and frees it and those that only it used.
    fn release(&mut self, first: TypeId) {
        let mut released = vec![first];
        while let Some(first) = released.pop() {
            let interned = self.first_mut(first);
            interned.users -= 1;
            if interned.users != 0 {
                continue;
            }
            let group = interned.group.take().expect("the first has its group");
            self.types[first.index() - 1..][..group.len()].fill_with(|| None);
            self.groups.remove(&group);
            self.free.entry(group.len()).or_default().push(first);
            let others = outside(&group).into_iter().filter_map(|other| self.find(other));
            released.extend(others.map(|other| other.first));
        }
        if self.groups.is_empty() {
            *self = Self::default();
        }
    }
}

/// The types outside of a group that it refers to, each time that it does.
fn outside(group: &Group) -> Vec<TypeId> {
    let all = group.iter().flat_map(CompositeType::references);
    let other = |reference| match reference {
        GroupRef::Outside(id) => Some(id),
        GroupRef::Member(_) => None,
    };
    all.filter_map(other).collect()
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
        assert_eq!(first[0], intern(&func([ValType::I32])).unwrap().0);
        assert_eq!(first[1], intern(&func([reference(first[0])])).unwrap().0);
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
        assert_eq!(first[..], module(&[&chain(types::ValType::I32)])[..]);
        assert_ne!(first[0], module(&[&chain(types::ValType::F32)])[0]);
        let itself = module(&[&[func([reference(index(0))])]]);
        assert_eq!(*get(itself[0]), func([reference(itself[0])]));
        // Of a group, even where no member refers to another.
        let apart = module(&[&[func([])], &[func([]), func([])]]);
        assert!(apart[0] != apart[1] && apart[1] != apart[2] && apart[0] != apart[2]);
        assert_eq!(apart[0], intern(&func([])).unwrap().0);
    }

    #[test]
    fn types_go_with_their_last_user() {
        use precast_artifact::types::ValType::V128;
        // A type that no other test has, and one that refers to it.
        let module = || {
            let types = [func([V128; 17]), func([reference(index(0)), V128, V128])];
            intern_module(&types.into_iter().collect())
        };
        let first = module();
        let ids = first.to_vec();
        let second = module();
        assert_eq!(ids, second[..]);
        drop(first);
        let unusual = func([ValType::V128; 17]);
        assert_eq!(*get(ids[0]), unusual);
        let host = intern(&func([reference(ids[1]); 9])).unwrap();
        drop(second);
        assert_eq!(*get(ids[0]), unusual);
        assert!(hold(&reference(ids[1])).is_ok());
        drop(host);
        let left = read(|interner| interner.types.iter().flatten().any(|t| *t.ty == unusual));
        assert!(!left);
    }

    #[test]
    fn numbers_are_used_again() {
        let wide = |width: usize| intern(&func(vec![ValType::F32; 40 + width])).unwrap();
        let round = |_| (0..50).map(wide).map(|(id, _held)| id.get()).max();
        let most = (0..100).filter_map(round).max().unwrap();
        assert!(most < 1000, "{most}");
    }
}
