//! Values that cross between host and guest, and the handles among them.
//!
//! # Safety
//!
//! A [`Func`] holds the address of a record that lives as long as its store;
//! it is read only after the store at hand has been found to be that one.
#![allow(unsafe_code)]

use crate::error::{Error, Result};
use crate::matching;
use crate::types::TypeId;
use crate::vm::FuncRecord;
use precast_artifact::types::{GlobalType, HeapType, RefType, ValType};
use std::ptr::with_exposed_provenance;

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
}

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
            ValType::Ref(RefType { heap: HeapType::Extern | HeapType::NoExtern, .. }) => {
                Self::ExternRef(None)
            }
            ValType::Ref(_) => Self::FuncRef(None),
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

    /// The slot for this value as a `ty` of `store`.
    pub(crate) fn to_raw(self, ty: &ValType, store: StoreId) -> Result<RawValue> {
        let mismatch = || Error::usage(format!("{} given where {ty} is expected", self.ty()));
        match (self, ty) {
            (Self::I32(value), ValType::I32) => Ok((value as u32).into()),
            (Self::I64(value), ValType::I64) => Ok((value as u64).into()),
            (Self::F32(bits), ValType::F32) => Ok(bits.into()),
            (Self::F64(bits), ValType::F64) => Ok(bits.into()),
            (Self::V128(bits), ValType::V128) => Ok(bits.into()),
            (Self::FuncRef(None), ValType::Ref(r)) if r.nullable && is_func(r) => Ok(0u64.into()),
            (Self::ExternRef(None), ValType::Ref(r)) if r.nullable && !is_func(r) => {
                Ok(0u64.into())
            }
            (Self::FuncRef(Some(func)), ValType::Ref(r)) if is_func(r) => {
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
            ValType::Ref(r) if is_func(r) => Self::FuncRef(Func::from_raw(raw.u64(), store)),
            ValType::Ref(_) => Self::ExternRef(ExternRef::from_raw(raw.u64(), store)),
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

/// Whether a reference type is one of functions (or exceptions, of which the
/// host sees no values yet).
fn is_func(reference: &RefType) -> bool {
    !matches!(reference.heap, HeapType::Extern | HeapType::NoExtern)
}

fn same_store(of: StoreId, here: StoreId) -> Result<()> {
    match of == here {
        true => Ok(()),
        false => Err(Error::usage("a value of one store was given to another")),
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
