//! The types of a module, in recursion groups (core specification 2.3.9).
//!
//! A group's types may refer to each other and to those of groups before it.
//! Two types are equal if they have the same position in equal groups, and
//! groups are equal if their types are, where references inside the group are
//! taken as positions in it ([`GroupRef`]). In a section no two groups are
//! equal, and so no two types.
//!
//! ```text
//!   section  count of groups (LEB), then each group
//!   group    count of types (LEB), then each type
//!   type     form (byte), then what it consists of:
//!     0        function: parameters, results; of each a count (LEB) and value types
//! ```

use super::value::FuncType;
use crate::index::{CanonicalTypeIndex, MemberIndex, Number};
use crate::wire::{Reader, Result, Writer};

/// A type that a module defines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CompositeType<T = CanonicalTypeIndex> {
    /// Of functions.
    Func(FuncType<T>),
}

/// How groups that are compared refer to types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupRef<T> {
    /// To one of the group.
    Member(MemberIndex),
    /// To one of a group before it.
    Outside(T),
}

impl<T: Number> GroupRef<T> {
    /// The type that is referred to, if the group's types have numbers from
    /// `first` on.
    ///
    /// # Panics
    ///
    /// If the number is more than 32 bits can hold.
    pub fn resolve(self, first: T) -> T {
        match self {
            Self::Member(member) => {
                T::new(first.get().checked_add(member.get()).expect("a number of 32 bits"))
            }
            Self::Outside(ty) => ty,
        }
    }
}

/// The types of a module, by canonical index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeSection {
    types: Vec<CompositeType>,
    /// For each group, the index after its last type.
    ends: Vec<CanonicalTypeIndex>,
}

impl TypeSection {
    /// Appends a group; its types refer to themselves by the indices that they
    /// are given.
    pub fn push(&mut self, group: impl IntoIterator<Item = CompositeType>) {
        self.types.extend(group);
        self.ends.push(CanonicalTypeIndex::from_index(self.types.len()));
    }

    /// Number of types.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// All types, in order of index.
    pub fn types(&self) -> &[CompositeType] {
        &self.types
    }

    /// The groups, each with the index of its first type.
    pub fn groups(&self) -> impl Iterator<Item = (CanonicalTypeIndex, &[CompositeType])> {
        let starts = std::iter::once(CanonicalTypeIndex::new(0)).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| (start, &self.types[start.index()..end.index()]))
    }

    /// The function type with this index.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn func(&self, index: CanonicalTypeIndex) -> &FuncType {
        let CompositeType::Func(ty) = &self.types[index.index()];
        ty
    }

    /// Whether every type refers only to types of its own group and of those
    /// before; otherwise what is wrong.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        for (start, group) in self.groups() {
            let end = start.index() + group.len();
            for (index, ty) in (start.index()..).zip(group) {
                if let Some(beyond) = ty.references().find(|ty| ty.index() >= end) {
                    return Err(format!(
                        "type {index} refers to type {beyond}, but its group ends before {end}"
                    ));
                }
            }
        }
        Ok(())
    }

    /// Appends the encoding.
    pub fn encode(&self, w: &mut Writer) {
        let groups: Vec<_> = self.groups().collect();
        w.list(&groups, |w, (_, group)| w.list(group, |w, ty| ty.encode(w)));
    }

    /// Reads what [`TypeSection::encode`] wrote. Nothing is known yet of the
    /// indices.
    pub fn decode(r: &mut Reader<'_>) -> Result<Self> {
        let mut section = Self::default();
        for group in r.list(|r| r.list(CompositeType::decode))? {
            section.push(group);
        }
        Ok(section)
    }
}

impl FromIterator<FuncType> for TypeSection {
    /// Function types, each a group of its own.
    fn from_iter<I: IntoIterator<Item = FuncType>>(types: I) -> Self {
        let mut section = Self::default();
        types.into_iter().for_each(|ty| section.push([CompositeType::Func(ty)]));
        section
    }
}

impl CompositeType {
    fn encode(&self, w: &mut Writer) {
        match self {
            Self::Func(ty) => {
                w.u8(0);
                ty.encode(w);
            }
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self> {
        Ok(match r.u8()? {
            0 => Self::Func(FuncType::decode(r)?),
            other => return Err(r.error(format!("unknown form of type {other}"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::{HeapType, RefType, ValType};
    use super::*;

    fn refers_to(index: u32) -> CompositeType {
        let heap = HeapType::Concrete(CanonicalTypeIndex::new(index));
        let params = vec![ValType::Ref(RefType { nullable: true, heap })];
        CompositeType::Func(FuncType { params, results: vec![ValType::I64] })
    }

    fn sample() -> TypeSection {
        let mut section = TypeSection::from_iter([FuncType::default()]);
        section.push([refers_to(2), refers_to(0)]);
        section.push([refers_to(3)]);
        section
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut w = Writer::new();
        sample().encode(&mut w);
        let bytes = w.finish();
        let mut r = Reader::new("test", &bytes);
        assert_eq!(TypeSection::decode(&mut r), Ok(sample()));
        let mut r = Reader::new("test", &[1, 1, 1]);
        assert!(TypeSection::decode(&mut r).unwrap_err().to_string().contains("form of type 1"));
    }

    #[test]
    fn groups_follow_each_other() {
        let section = sample();
        let groups: Vec<_> = section.groups().map(|(start, g)| (start.get(), g.len())).collect();
        assert_eq!(groups, [(0, 1), (1, 2), (3, 1)]);
        assert_eq!(*section.func(CanonicalTypeIndex::new(0)), FuncType::default());
    }

    #[test]
    fn a_group_refers_to_itself_and_to_what_is_before_it() {
        assert_eq!(sample().check(), Ok(()));
        let mut early = sample();
        early.push([refers_to(5)]);
        early.push([refers_to(0)]);
        assert_eq!(
            early.check().unwrap_err(),
            "type 4 refers to type 5, but its group ends before 5"
        );
    }

    #[test]
    fn references_in_a_group_are_positions() {
        let first = CanonicalTypeIndex::new(7);
        let member = GroupRef::Member(MemberIndex::new(2));
        assert_eq!(member.resolve(first), CanonicalTypeIndex::new(9));
        assert_eq!(GroupRef::Outside(first).resolve(CanonicalTypeIndex::new(9)), first);
    }
}
