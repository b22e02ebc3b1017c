//! Rust types that stand for types of components.
//!
//! Whether a component means the same type is asked once, when it is linked or
//! a function is looked up; after that, sizes and offsets are constants.

use crate::canonical::canon::{Canon, Flat, FlatTo};
use crate::canonical::known::{Check, CheckFn, Known};
use crate::error::Result;
use precast_artifact::component::ComponentVal;

/// A Rust type with the layout of a type of components. Derived for records,
/// variants, enums and flags; there are numbers, `bool`, `char`, `String`,
/// `Vec`, arrays, maps, `Option`, `Result`, tuples and handles already.
pub trait ComponentType: Sized {
    /// Size in memory, in bytes.
    const SIZE: u32;
    /// Alignment in memory, in bytes.
    const ALIGN: u32;
    /// Number of core values.
    const FLAT: usize;
    /// It is nothing at all, as what a case carries or a function gives.
    #[doc(hidden)]
    const UNIT: bool = false;

    /// What differs from this type of a component.
    #[doc(hidden)]
    fn check(known: &Known<'_>, ty: ComponentVal) -> Check;
}

/// What can be taken from a component.
pub trait Lift: ComponentType {
    /// Whether its bytes alone say what it is: no string, list or handle is in it.
    #[doc(hidden)]
    const PLAIN: bool = false;

    /// From core values.
    #[doc(hidden)]
    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self>;

    /// From memory, at an address that was found to be good.
    #[doc(hidden)]
    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        Self::from_bytes(canon.bytes(at, Self::SIZE.into())?)
    }

    /// From its bytes, of a type that is plain; there are as many as its size.
    #[doc(hidden)]
    fn from_bytes(_: &[u8]) -> Result<Self> {
        unreachable!("a type that is plain says how it is made from its bytes")
    }

    /// A list, whose place was found to be good.
    #[doc(hidden)]
    fn load_list(canon: &mut Canon<'_>, at: u32, length: u32) -> Result<Vec<Self>> {
        // An iterator of results promises nothing of its length.
        let mut list = Vec::with_capacity(length as usize);
        if Self::PLAIN && Self::SIZE > 0 {
            // The memory is looked up once.
            let bytes = canon.bytes(at, u64::from(length) * u64::from(Self::SIZE))?;
            for element in bytes.chunks_exact(Self::SIZE as usize) {
                list.push(Self::from_bytes(element)?);
            }
            return Ok(list);
        }
        for index in 0..length {
            list.push(Self::load(canon, at + index * Self::SIZE)?);
        }
        Ok(list)
    }
}

/// What can be given to a component.
pub trait Lower: ComponentType {
    /// To core values.
    #[doc(hidden)]
    fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()>;

    /// Into memory, at an address that was found to be good.
    #[doc(hidden)]
    fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()>;

    /// A list, into memory that was found to be good.
    #[doc(hidden)]
    fn store_list(list: &[Self], canon: &mut Canon<'_>, at: u32) -> Result<()> {
        for (index, element) in list.iter().enumerate() {
            element.store(canon, at + index as u32 * Self::SIZE)?;
        }
        Ok(())
    }
}

/// A reference passes what it refers to.
impl<V: ComponentType> ComponentType for &V {
    const SIZE: u32 = V::SIZE;
    const ALIGN: u32 = V::ALIGN;
    const FLAT: usize = V::FLAT;
    const UNIT: bool = V::UNIT;

    fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
        V::check(known, ty)
    }
}

impl<V: Lower> Lower for &V {
    fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
        V::lower(self, canon, to)
    }

    fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        V::store(self, canon, at)
    }
}

/// What a case that carries `V` is compared with.
pub const fn carried<V: ComponentType>() -> Option<CheckFn> {
    if V::UNIT { None } else { Some(V::check) }
}
