//! Values.
//!
//! # Safety
//!
//! Every field of the union is good for any bits, so any may be read once the
//! union is initialised, which the header asks for.
#![allow(unsafe_code)]

use precast_loader::{Val, ValType};

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
    /// The value of this type; `None` for references, which have no field.
    pub(crate) fn get(&self, ty: &ValType) -> Option<Val> {
        // SAFETY: see the module.
        Some(unsafe {
            match ty {
                ValType::I32 => Val::I32(self.i32),
                ValType::I64 => Val::I64(self.i64),
                ValType::F32 => Val::F32(self.f32),
                ValType::F64 => Val::F64(self.f64),
                ValType::V128 => Val::V128(u128::from_le_bytes(self.v128)),
                ValType::Ref(_) => return None,
            }
        })
    }

    /// The union that holds a value; `None` for references.
    pub(crate) fn new(value: &Val) -> Option<Self> {
        let mut union = Self { v128: [0; 16] };
        match *value {
            Val::I32(value) => union.i32 = value,
            Val::I64(value) => union.i64 = value,
            Val::F32(bits) => union.f32 = bits,
            Val::F64(bits) => union.f64 = bits,
            Val::V128(bits) => union.v128 = bits.to_le_bytes(),
            _ => return None,
        }
        Some(union)
    }
}
