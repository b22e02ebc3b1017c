//! Rust types that are one number: integers, floating point, `bool`, `char`.

use crate::canonical::canon::{Canon, Flat, FlatTo};
use crate::canonical::known::{Check, Known};
use crate::canonical::layout::number;
use crate::canonical::typed::{ComponentType, Lift, Lower};
use crate::error::Result;
use precast_artifact::component::ComponentVal;
use precast_artifact::trap::TrapCode;

/// A type of one core value, aligned to its size.
macro_rules! scalar {
    ($rust:ty, $variant:ident, $size:literal) => {
        impl ComponentType for $rust {
            const SIZE: u32 = $size;
            const ALIGN: u32 = $size;
            const FLAT: usize = 1;

            fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                known.simple(ty, ComponentVal::$variant)
            }
        }
    };
}

/// Types of which every pattern of bits is a value: lists of them are copied.
macro_rules! numbers {
    ($($rust:ty, $variant:ident, $size:literal, $from:expr, $into:expr;)*) => {$(
        scalar!($rust, $variant, $size);

        impl Lift for $rust {
            const PLAIN: bool = true;

            fn lift(_: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                Ok($from(from.u64()))
            }

            #[inline]
            fn from_bytes(bytes: &[u8]) -> Result<Self> {
                Ok(Self::from_le_bytes(bytes.try_into().expect("as many as its size")))
            }

            fn load_list(canon: &mut Canon<'_>, at: u32, length: u32) -> Result<Vec<Self>> {
                let bytes = canon.bytes(at, u64::from(length) * $size)?;
                Ok(bytes.as_chunks().0.iter().map(|bytes| Self::from_le_bytes(*bytes)).collect())
            }
        }

        impl Lower for $rust {
            fn lower(&self, _: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                to.push($into(*self));
                Ok(())
            }

            fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                canon.write(at, &self.to_le_bytes())
            }

            fn store_list(list: &[Self], canon: &mut Canon<'_>, at: u32) -> Result<()> {
                let bytes = canon.bytes_mut(at, list.len() as u64 * $size)?;
                for (place, number) in bytes.as_chunks_mut().0.iter_mut().zip(list) {
                    *place = number.to_le_bytes();
                }
                Ok(())
            }
        }
    )*};
}

numbers! {
    u8, U8, 1, |bits| bits as u8, u64::from;
    i8, S8, 1, |bits| bits as i8, |value| u64::from(i32::from(value) as u32);
    u16, U16, 2, |bits| bits as u16, u64::from;
    i16, S16, 2, |bits| bits as i16, |value| u64::from(i32::from(value) as u32);
    u32, U32, 4, |bits| bits as u32, u64::from;
    i32, S32, 4, |bits| bits as i32, |value| u64::from(value as u32);
    u64, U64, 8, |bits| bits, |value| value;
    i64, S64, 8, |bits| bits as i64, |value| value as u64;
    f32, F32, 4, |bits| f32::from_bits(bits as u32), |value| u64::from(f32::to_bits(value));
    f64, F64, 8, f64::from_bits, f64::to_bits;
}

/// Types of which not every pattern of bits is a value.
macro_rules! checked {
    ($($rust:ty, $variant:ident, $size:literal, $from:expr;)*) => {$(
        scalar!($rust, $variant, $size);

        impl Lift for $rust {
            const PLAIN: bool = true;

            fn lift(_: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                $from(from.u32())
            }

            #[inline]
            fn from_bytes(bytes: &[u8]) -> Result<Self> {
                $from(number(bytes))
            }
        }

        impl Lower for $rust {
            fn lower(&self, _: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                to.push(u32::from(*self));
                Ok(())
            }

            fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                canon.store_number(at, $size, u32::from(*self).into())
            }
        }
    )*};
}

checked! {
    bool, Bool, 1, to_bool;
    char, Char, 4, to_char;
}

#[inline]
fn to_bool(bits: u32) -> Result<bool> {
    Ok(bits != 0)
}

#[inline]
fn to_char(bits: u32) -> Result<char> {
    Ok(char::from_u32(bits).ok_or(TrapCode::InvalidChar)?)
}
