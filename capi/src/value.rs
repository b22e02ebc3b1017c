//! Values.
//!
//! # Safety
//!
//! Every field of the union is good for any bits, so any may be read once the
//! union is initialised, which the header asks for.
#![allow(unsafe_code)]

use precast_loader::{RawValue, ValType};

/// `precast_value`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) union Value {
    i32: i32,
    i64: i64,
    f32: u32,
    f64: u64,
    v128: [u8; 16],
}

impl Value {
    /// One whose fields are all zero.
    pub(crate) const ZERO: Self = Self { v128: [0; 16] };

    /// The value of this type; references have no field, and no such function is
    /// called.
    #[inline]
    pub(crate) fn to_raw(self, ty: &ValType) -> RawValue {
        // SAFETY: see the module.
        unsafe {
            match ty {
                ValType::I32 => RawValue::from(self.i32 as u32),
                ValType::F32 => RawValue::from(self.f32),
                ValType::I64 => RawValue::from(self.i64 as u64),
                ValType::F64 => RawValue::from(self.f64),
                ValType::V128 => RawValue::from(u128::from_le_bytes(self.v128)),
                ValType::Ref(_) => RawValue::default(),
            }
        }
    }

    /// The union that holds what is in a slot of this type. Not more is read than was
    /// written: that would have to wait for the write.
    #[inline]
    pub(crate) fn from_raw(raw: &RawValue, ty: &ValType) -> Self {
        let mut value = Self::ZERO;
        match ty {
            ValType::I32 | ValType::F32 => value.f32 = raw.u32(),
            ValType::V128 => value.v128 = raw.u128().to_le_bytes(),
            ValType::I64 | ValType::F64 | ValType::Ref(_) => value.f64 = raw.u64(),
        }
        value
    }
}

/// Runs `body` with room for `count` values.
#[inline(always)]
pub(crate) fn with_room<T: Copy, R>(zero: T, count: usize, body: impl FnOnce(&mut [T]) -> R) -> R {
    const FEW: usize = 8;
    match count <= FEW {
        true => body(&mut [zero; FEW][..count]),
        false => body(&mut vec![zero; count]),
    }
}
