//! Values of components, of types that are known only when they are there.

use crate::vm::handle::StoreId;
use precast_artifact::index::ComponentId;

/// A value of a component.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// `s8`.
    S8(i8),
    /// `u8`.
    U8(u8),
    /// `s16`.
    S16(i16),
    /// `u16`.
    U16(u16),
    /// `s32`.
    S32(i32),
    /// `u32`.
    U32(u32),
    /// `s64`.
    S64(i64),
    /// `u64`.
    U64(u64),
    /// `f32`.
    F32(f32),
    /// `f64`.
    F64(f64),
    /// `char`.
    Char(char),
    /// `string`.
    String(String),
    /// `list`, of any length or of a fixed one.
    List(Vec<Value>),
    /// `map`: keys and values, in order.
    Map(Vec<(Value, Value)>),
    /// `record`: its fields by name, in the order of the type.
    Record(Vec<(String, Value)>),
    /// `tuple`.
    Tuple(Vec<Value>),
    /// A case of a `variant`, and what it carries.
    Variant(String, Option<Box<Value>>),
    /// A name of an `enum`.
    Enum(String),
    /// `option`.
    Option(Option<Box<Value>>),
    /// `result`, and what success or failure carries.
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    /// The names of `flags` that are set, in the order of the type.
    Flags(Vec<String>),
    /// A resource.
    Resource(Resource),
}

/// A resource that the host holds for a component: its own until it is given
/// away or dropped, or borrowed as long as a host function runs. A handle: it
/// can be copied, but only one copy can be given away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    pub(crate) store: StoreId,
    /// Index of the component's instance in the store.
    pub(crate) component: ComponentId,
    pub(crate) slot: u32,
    /// How often the slot had been used before.
    pub(crate) generation: u32,
}

impl Value {
    /// What kind of value it is, as error messages call it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::S8(_) => "s8",
            Self::U8(_) => "u8",
            Self::S16(_) => "s16",
            Self::U16(_) => "u16",
            Self::S32(_) => "s32",
            Self::U32(_) => "u32",
            Self::S64(_) => "s64",
            Self::U64(_) => "u64",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::Char(_) => "char",
            Self::String(_) => "string",
            Self::List(_) => "list",
            Self::Map(_) => "map",
            Self::Record(_) => "record",
            Self::Tuple(_) => "tuple",
            Self::Variant(..) => "variant",
            Self::Enum(_) => "enum",
            Self::Option(_) => "option",
            Self::Result(_) => "result",
            Self::Flags(_) => "flags",
            Self::Resource(_) => "resource",
        }
    }
}
