//! WebAssembly values and exceptions, as the host sees them.

use crate::vm::handle::{ExnRef, ExternRef, Func, StoreId, Tag, Unusable, same_store};
use crate::vm::matching;
use crate::vm::raw::RawValue;
use crate::vm::types::{HeapType, RefType, ValType};
use precast_artifact::types;
use std::fmt;

type Result<T> = std::result::Result<T, Unusable>;

/// A WebAssembly value.
#[derive(Clone, Copy, Debug)]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A 128-bit vector, lane 0 in the low bits.
    V128(u128),
    /// A function reference, or null.
    FuncRef(Option<Func>),
    /// A reference to a host value, or null.
    ExternRef(Option<ExternRef>),
    /// A reference to an exception, or null.
    ExnRef(Option<ExnRef>),
}

/// An exception: a tag, and values of its type.
///
/// One that no guest handles ends the call from the host with
/// [`Error::Exception`](crate::Error::Exception). A host function that returns
/// such an error throws the exception into the guest that called it.
#[derive(Clone, Debug)]
pub struct Exception {
    pub(crate) tag: Tag,
    pub(crate) fields: Vec<Val>,
}

impl Exception {
    /// Its tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// Its values, as many as the tag's type has parameters.
    pub fn fields(&self) -> &[Val] {
        &self.fields
    }
}

impl fmt::Display for Exception {
    /// `uncaught exception (i32 7, f64 0.5)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("uncaught exception")?;
        for (index, field) in self.fields.iter().enumerate() {
            f.write_str(if index == 0 { " (" } else { ", " })?;
            field.show(f)?;
        }
        f.write_str(if self.fields.is_empty() { "" } else { ")" })
    }
}

impl Val {
    /// The value's type. Function references have the type of all functions,
    /// whatever they refer to.
    pub fn ty(&self) -> ValType {
        match self {
            Self::I32(_) => ValType::I32,
            Self::I64(_) => ValType::I64,
            Self::F32(_) => ValType::F32,
            Self::F64(_) => ValType::F64,
            Self::V128(_) => ValType::V128,
            Self::FuncRef(_) => ValType::Ref(RefType::FUNCREF),
            Self::ExternRef(_) => ValType::Ref(RefType::EXTERNREF),
            Self::ExnRef(_) => ValType::Ref(EXNREF),
        }
    }

    /// Writes type and value.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(value) => write!(f, "i32 {value}"),
            Self::I64(value) => write!(f, "i64 {value}"),
            Self::F32(bits) => write!(f, "f32 {:?}", f32::from_bits(*bits)),
            Self::F64(bits) => write!(f, "f64 {:?}", f64::from_bits(*bits)),
            Self::V128(bits) => write!(f, "v128 {bits:#034x}"),
            Self::FuncRef(None) | Self::ExternRef(None) | Self::ExnRef(None) => {
                write!(f, "null {}", self.ty())
            }
            Self::FuncRef(_) | Self::ExternRef(_) | Self::ExnRef(_) => write!(f, "{}", self.ty()),
        }
    }

    /// Zero, or null, of a type; `None` for references that cannot be null.
    pub fn default_for(ty: &ValType) -> Option<Self> {
        Some(match ty {
            ValType::I32 => Self::I32(0),
            ValType::I64 => Self::I64(0),
            ValType::F32 => Self::F32(0),
            ValType::F64 => Self::F64(0),
            ValType::V128 => Self::V128(0),
            ValType::Ref(RefType { nullable: false, .. }) => return None,
            ValType::Ref(r) => match ref_kind(r) {
                RefKind::Func => Self::FuncRef(None),
                RefKind::Extern => Self::ExternRef(None),
                RefKind::Exn => Self::ExnRef(None),
            },
        })
    }

    /// The `i32`, if it is one.
    pub fn i32(&self) -> Option<i32> {
        if let Self::I32(value) = self { Some(*value) } else { None }
    }

    /// The `i64`, if it is one.
    pub fn i64(&self) -> Option<i64> {
        if let Self::I64(value) = self { Some(*value) } else { None }
    }

    /// The `f32`, if it is one.
    pub fn f32(&self) -> Option<f32> {
        if let Self::F32(bits) = self { Some(f32::from_bits(*bits)) } else { None }
    }

    /// The `f64`, if it is one.
    pub fn f64(&self) -> Option<f64> {
        if let Self::F64(bits) = self { Some(f64::from_bits(*bits)) } else { None }
    }

    /// The `v128`, if it is one.
    pub fn v128(&self) -> Option<u128> {
        if let Self::V128(bits) = self { Some(*bits) } else { None }
    }

    /// The function reference, if it is one.
    pub fn func_ref(&self) -> Option<Option<Func>> {
        if let Self::FuncRef(func) = self { Some(*func) } else { None }
    }

    /// The reference to a host value, if it is one.
    pub fn extern_ref(&self) -> Option<Option<ExternRef>> {
        if let Self::ExternRef(value) = self { Some(*value) } else { None }
    }

    /// The reference to an exception, if it is one.
    pub fn exn_ref(&self) -> Option<Option<ExnRef>> {
        if let Self::ExnRef(value) = self { Some(*value) } else { None }
    }

    /// The slot for this value as a `ty` of `store`.
    pub(crate) fn to_raw(self, ty: &ValType, store: StoreId) -> Result<RawValue> {
        let mismatch = || Unusable(format!("{} given where {ty} is expected", self.ty()));
        match (self, ty) {
            (Self::I32(value), ValType::I32) => Ok((value as u32).into()),
            (Self::I64(value), ValType::I64) => Ok((value as u64).into()),
            (Self::F32(bits), ValType::F32) => Ok(bits.into()),
            (Self::F64(bits), ValType::F64) => Ok(bits.into()),
            (Self::V128(bits), ValType::V128) => Ok(bits.into()),
            (Self::FuncRef(None), ValType::Ref(r))
                if r.nullable && ref_kind(r) == RefKind::Func =>
            {
                Ok(0u64.into())
            }
            (Self::ExternRef(None), ValType::Ref(r))
                if r.nullable && ref_kind(r) == RefKind::Extern =>
            {
                Ok(0u64.into())
            }
            (Self::ExnRef(None), ValType::Ref(r)) if r.nullable && ref_kind(r) == RefKind::Exn => {
                Ok(0u64.into())
            }
            (Self::FuncRef(Some(func)), ValType::Ref(r)) if ref_kind(r) == RefKind::Func => {
                let record = func.record_in(store)?;
                let heap = HeapType::Concrete(func.type_in(store)?);
                match matching::reference(&RefType { nullable: false, heap }, r) {
                    true => Ok((record as u64).into()),
                    false => Err(mismatch()),
                }
            }
            (Self::ExternRef(Some(value)), ValType::Ref(r)) if r.heap == HeapType::Extern => {
                same_store(value.store, store)?;
                Ok((u64::from(value.index.get()) + 1).into())
            }
            (Self::ExnRef(Some(value)), ValType::Ref(r)) if r.heap == HeapType::Exn => {
                Ok((value.record_in(store)? as u64).into())
            }
            _ => Err(mismatch()),
        }
    }

    /// The value of type `ty` in a slot that a guest of `store` filled.
    pub(crate) fn from_raw(raw: RawValue, ty: &ValType, store: StoreId) -> Self {
        match ty {
            ValType::I32 => Self::I32(raw.u32() as i32),
            ValType::I64 => Self::I64(raw.u64() as i64),
            ValType::F32 => Self::F32(raw.u32()),
            ValType::F64 => Self::F64(raw.u64()),
            ValType::V128 => Self::V128(raw.u128()),
            ValType::Ref(r) => match ref_kind(r) {
                RefKind::Func => Self::FuncRef(Func::from_raw(raw.u64(), store)),
                RefKind::Extern => Self::ExternRef(ExternRef::from_raw(raw.u64(), store)),
                RefKind::Exn => Self::ExnRef(ExnRef::from_raw(raw.u64(), store)),
            },
        }
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Self {
        Self::I32(value)
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Self {
        Self::I64(value)
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Self {
        Self::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Self {
        Self::F64(value.to_bits())
    }
}

/// The type of all references to exceptions.
pub(crate) const EXNREF: RefType = RefType { nullable: true, heap: HeapType::Exn };

/// What references of a type refer to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefKind {
    Func,
    Extern,
    Exn,
}

pub(crate) fn ref_kind<T>(reference: &types::RefType<T>) -> RefKind {
    match reference.heap {
        types::HeapType::Extern | types::HeapType::NoExtern => RefKind::Extern,
        types::HeapType::Exn | types::HeapType::NoExn => RefKind::Exn,
        types::HeapType::Func | types::HeapType::NoFunc | types::HeapType::Concrete(_) => {
            RefKind::Func
        }
    }
}
