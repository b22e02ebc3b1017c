//! Values that cross between host and guest, and the handles among them.
//!
//! # Safety
//!
//! A [`Func`] holds the address of a record that lives as long as its store;
//! it is read only after the store at hand has been found to be that one. An
//! [`ExnRef`] marks its record as held when it is made from what a guest gave,
//! when the record is alive; from then on it lives as long as its store.
#![allow(unsafe_code)]

use crate::vm::layout::{ExceptionHeader, FuncRecord};
use crate::vm::matching;
use crate::vm::types::TypeId;
use precast_artifact::types::{GlobalType, HeapType, RefType, ValType};
use std::fmt;
use std::ptr::with_exposed_provenance;
use std::sync::atomic::Ordering;

/// Identity of a store. Never used twice in a process.
pub(crate) type StoreId = u64;

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

/// Why a value or a handle cannot be used with a store.
#[derive(Debug)]
pub(crate) struct Unusable(pub(crate) String);

type Result<T> = std::result::Result<T, Unusable>;

/// A function of a guest or of the host. A handle: it can be copied, and is
/// good for the store it came from, as long as that lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Func {
    pub(crate) store: StoreId,
    /// Address of the funcref record.
    pub(crate) record: usize,
}

/// A reference to a value of the host, which a guest can hold but not look
/// into. The value stays in the store until that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExternRef {
    pub(crate) store: StoreId,
    /// Index among the store's host values.
    pub(crate) index: u32,
}

/// A reference to an exception that a guest made. The exception stays in the
/// store until that is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExnRef {
    store: StoreId,
    /// Address of the record.
    record: usize,
}

/// A linear memory. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    pub(crate) store: StoreId,
    /// Index among the store's memories.
    pub(crate) index: u32,
}

/// A table. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    pub(crate) store: StoreId,
    /// Index among the store's tables.
    pub(crate) index: u32,
}

/// A global. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global {
    pub(crate) store: StoreId,
    /// Address of the value.
    pub(crate) address: usize,
    pub(crate) ty: GlobalType,
}

/// An exception tag. A handle, as [`Func`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub(crate) store: StoreId,
    /// Address of the tag, its identity.
    pub(crate) address: usize,
    pub(crate) ty: TypeId,
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

/// One slot of the array through which values pass between host and guest.
/// What lies above a value's width is undefined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct RawValue([u64; 2]);

impl RawValue {
    /// The low 32 bits: an `i32`, or the bits of an `f32`.
    pub fn u32(self) -> u32 {
        self.0[0] as u32
    }

    /// The low 64 bits: an `i64`, the bits of an `f64`, or a reference.
    pub fn u64(self) -> u64 {
        self.0[0]
    }

    /// All 128 bits.
    pub fn u128(self) -> u128 {
        u128::from(self.0[0]) | u128::from(self.0[1]) << 64
    }
}

impl From<u32> for RawValue {
    fn from(value: u32) -> Self {
        Self([value.into(), 0])
    }
}

impl From<u64> for RawValue {
    fn from(value: u64) -> Self {
        Self([value, 0])
    }
}

impl From<u128> for RawValue {
    fn from(value: u128) -> Self {
        Self([value as u64, (value >> 64) as u64])
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
            ValType::Ref(r) => match kind(r) {
                Kind::Func => Self::FuncRef(None),
                Kind::Extern => Self::ExternRef(None),
                Kind::Exn => Self::ExnRef(None),
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
            (Self::FuncRef(None), ValType::Ref(r)) if r.nullable && kind(r) == Kind::Func => {
                Ok(0u64.into())
            }
            (Self::ExternRef(None), ValType::Ref(r)) if r.nullable && kind(r) == Kind::Extern => {
                Ok(0u64.into())
            }
            (Self::ExnRef(None), ValType::Ref(r)) if r.nullable && kind(r) == Kind::Exn => {
                Ok(0u64.into())
            }
            (Self::FuncRef(Some(func)), ValType::Ref(r)) if kind(r) == Kind::Func => {
                let record = func.record_in(store)?;
                let own =
                    RefType { nullable: false, heap: HeapType::Concrete(func.type_in(store)?) };
                match matching::reference(&own, r) {
                    true => Ok((record as u64).into()),
                    false => Err(mismatch()),
                }
            }
            (Self::ExternRef(Some(value)), ValType::Ref(r)) if r.heap == HeapType::Extern => {
                same_store(value.store, store)?;
                Ok((u64::from(value.index) + 1).into())
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
            ValType::Ref(r) => match kind(r) {
                Kind::Func => Self::FuncRef(Func::from_raw(raw.u64(), store)),
                Kind::Extern => Self::ExternRef(ExternRef::from_raw(raw.u64(), store)),
                Kind::Exn => Self::ExnRef(ExnRef::from_raw(raw.u64(), store)),
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
pub(crate) enum Kind {
    Func,
    Extern,
    Exn,
}

pub(crate) fn kind(reference: &RefType) -> Kind {
    match reference.heap {
        HeapType::Extern | HeapType::NoExtern => Kind::Extern,
        HeapType::Exn | HeapType::NoExn => Kind::Exn,
        HeapType::Func | HeapType::NoFunc | HeapType::Concrete(_) => Kind::Func,
    }
}

fn same_store(of: StoreId, here: StoreId) -> Result<()> {
    match of == here {
        true => Ok(()),
        false => Err(Unusable("a value of one store was given to another".to_owned())),
    }
}

impl Func {
    pub(crate) fn from_raw(raw: u64, store: StoreId) -> Option<Self> {
        (raw != 0).then_some(Self { store, record: raw as usize })
    }

    /// Address of the record, once it is known that `store` is its store.
    pub(crate) fn record_in(&self, store: StoreId) -> Result<usize> {
        same_store(self.store, store).map(|()| self.record)
    }

    /// The record of a function of `store`, which is alive.
    pub(crate) fn read_in(&self, store: StoreId) -> Result<FuncRecord> {
        let record = self.record_in(store)?;
        // SAFETY: records live as long as their store, which the caller has.
        Ok(unsafe { *with_exposed_provenance::<FuncRecord>(record) })
    }

    /// The interned type of a function of `store`, which is alive.
    pub(crate) fn type_in(&self, store: StoreId) -> Result<TypeId> {
        Ok(self.read_in(store)?.type_id)
    }
}

impl ExternRef {
    pub(crate) fn from_raw(raw: u64, store: StoreId) -> Option<Self> {
        let index = u32::try_from(raw.checked_sub(1)?).ok()?;
        Some(Self { store, index })
    }
}

impl ExnRef {
    /// The reference in a slot that a guest of `store` filled, whose record is
    /// alive.
    pub(crate) fn from_raw(raw: u64, store: StoreId) -> Option<Self> {
        let record = raw as usize;
        // SAFETY: null, or a live record.
        let header = unsafe { with_exposed_provenance::<ExceptionHeader>(record).as_ref() }?;
        header.held.store(1, Ordering::Relaxed);
        Some(Self { store, record })
    }

    /// The reference, once it is known that `store` is its store.
    pub(crate) fn record_in(&self, store: StoreId) -> Result<usize> {
        same_store(self.store, store).map(|()| self.record)
    }
}
