//! Values as machine code has them: the slots in which they cross between host
//! and guest, and globals.
//!
//! # Safety
//!
//! A global is 16 bytes for `v128`, else 8, at an address that callers answer
//! for.
#![allow(unsafe_code)]

use precast_artifact::types::ValType;
use std::ptr::{with_exposed_provenance, with_exposed_provenance_mut};

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

/// Reads a global's value.
///
/// # Safety
///
/// A global of type `ty` stands at `address`, and nothing writes it meanwhile.
pub(crate) unsafe fn read_global<T>(address: usize, ty: &ValType<T>) -> RawValue {
    // SAFETY: the width is the type's; the rest is the caller's promise.
    unsafe {
        match ty {
            ValType::V128 => (*with_exposed_provenance::<u128>(address)).into(),
            _ => (*with_exposed_provenance::<u64>(address)).into(),
        }
    }
}

/// Writes a global's value.
///
/// # Safety
///
/// A global of type `ty` stands at `address`, and nothing else uses it
/// meanwhile.
pub(crate) unsafe fn write_global<T>(address: usize, ty: &ValType<T>, value: RawValue) {
    // SAFETY: the width is the type's; the rest is the caller's promise.
    unsafe {
        match ty {
            ValType::V128 => *with_exposed_provenance_mut::<u128>(address) = value.u128(),
            ValType::I32 | ValType::F32 => {
                *with_exposed_provenance_mut::<u64>(address) = value.u32().into();
            }
            _ => *with_exposed_provenance_mut::<u64>(address) = value.u64(),
        }
    }
}
