//! Types of values, for who makes values at run time.

use crate::canonical::shape::Types;
use crate::canonical::text;
use precast_artifact::component::{ComponentVal, CompositeVal};

/// The type of a [`Value`](super::Value).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueType {
    /// `bool`.
    Bool,
    /// `s8`.
    S8,
    /// `u8`.
    U8,
    /// `s16`.
    S16,
    /// `u16`.
    U16,
    /// `s32`.
    S32,
    /// `u32`.
    U32,
    /// `s64`.
    S64,
    /// `u64`.
    U64,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `char`.
    Char,
    /// `string`.
    String,
    /// `list`.
    List(Box<ValueType>),
    /// `list` of so many values.
    FixedList(Box<ValueType>, u32),
    /// `map`, of keys and values.
    Map(Box<ValueType>, Box<ValueType>),
    /// `record`.
    Record(Vec<(String, ValueType)>),
    /// `tuple`.
    Tuple(Vec<ValueType>),
    /// `variant`, with what its cases carry.
    Variant(Vec<(String, Option<ValueType>)>),
    /// `enum`.
    Enum(Vec<String>),
    /// `option`.
    Option(Box<ValueType>),
    /// `result`, with what success and failure carry.
    Result(Option<Box<ValueType>>, Option<Box<ValueType>>),
    /// `flags`.
    Flags(Vec<String>),
    /// `own` or `borrow` of a resource, as WIT writes it.
    Resource(String),
}

impl ValueType {
    pub(super) fn new(types: &Types, ty: ComponentVal) -> Self {
        match ty {
            ComponentVal::Bool => Self::Bool,
            ComponentVal::S8 => Self::S8,
            ComponentVal::U8 => Self::U8,
            ComponentVal::S16 => Self::S16,
            ComponentVal::U16 => Self::U16,
            ComponentVal::S32 => Self::S32,
            ComponentVal::U32 => Self::U32,
            ComponentVal::S64 => Self::S64,
            ComponentVal::U64 => Self::U64,
            ComponentVal::F32 => Self::F32,
            ComponentVal::F64 => Self::F64,
            ComponentVal::Char => Self::Char,
            ComponentVal::String => Self::String,
            ComponentVal::Own(_) | ComponentVal::Borrow(_) => {
                Self::Resource(text::value_type(types, ty))
            }
            ComponentVal::Composite(index) => {
                Self::composite(types, &types.component().types.values[index.index()])
            }
        }
    }

    fn composite(types: &Types, ty: &CompositeVal) -> Self {
        let of = |ty: &ComponentVal| Self::new(types, *ty);
        let boxed = |ty: &ComponentVal| Box::new(of(ty));
        match ty {
            CompositeVal::Record(fields) => Self::Record(
                fields.iter().map(|field| (field.name.clone(), of(&field.ty))).collect(),
            ),
            CompositeVal::Variant(cases) => {
                let case = |case: &precast_artifact::component::Case| {
                    (case.name.clone(), case.ty.as_ref().map(of))
                };
                Self::Variant(cases.iter().map(case).collect())
            }
            CompositeVal::List(ty) => Self::List(boxed(ty)),
            CompositeVal::FixedList(ty, count) => Self::FixedList(boxed(ty), *count),
            CompositeVal::Map(key, value) => Self::Map(boxed(key), boxed(value)),
            CompositeVal::Tuple(tys) => Self::Tuple(tys.iter().map(of).collect()),
            CompositeVal::Flags(names) => Self::Flags(names.clone()),
            CompositeVal::Enum(names) => Self::Enum(names.clone()),
            CompositeVal::Option(ty) => Self::Option(boxed(ty)),
            CompositeVal::Result { ok, err } => {
                Self::Result(ok.as_ref().map(boxed), err.as_ref().map(boxed))
            }
        }
    }
}
