//! Rust types that stand for types of components: numbers, strings, handles.
//!
//! Whether a component means the same type is asked once, when it is linked;
//! after that, sizes and offsets are constants.

use crate::canonical::canon::{Canon, Flat, GuestBytes};
use crate::canonical::shape::Types;
use crate::error::Result;
use crate::vm::raw::RawValue;
use precast_artifact::component::{ComponentVal, CompositeVal, ResourceTable};
use precast_artifact::index::ResourceTableIndex;
use precast_artifact::trap::TrapCode;
use std::any::TypeId;
use std::marker::PhantomData;

/// A Rust type with the layout of a type of components.
pub(crate) trait ComponentType: Sized {
    /// Size in memory, in bytes.
    const SIZE: u32;
    /// Alignment in memory, in bytes.
    const ALIGN: u32;
    /// Number of core values.
    const FLAT: usize;
    /// It is nothing at all, as what a case carries or a function gives.
    const UNIT: bool = false;

    /// Whether this type of a component is the same.
    fn is(known: &Known<'_>, ty: ComponentVal) -> bool;
}

/// What can be taken from a component.
pub(crate) trait Lift: ComponentType {
    /// From core values.
    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self>;

    /// From memory, at an address that was found to be good.
    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self>;

    /// A list, whose place was found to be good.
    fn load_list(canon: &mut Canon<'_>, at: u32, length: u32) -> Result<Vec<Self>> {
        (0..length).map(|index| Self::load(canon, at + index * Self::SIZE)).collect()
    }
}

/// What can be given to a component.
pub(crate) trait Lower: ComponentType {
    /// To core values.
    fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()>;

    /// Into memory, at an address that was found to be good.
    fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()>;

    /// A list, into memory of its own; the address.
    fn store_list(list: Vec<Self>, canon: &mut Canon<'_>) -> Result<u32> {
        let start = canon.allocate(u64::from(Self::SIZE) * list.len() as u64, Self::ALIGN)?;
        for (index, element) in list.into_iter().enumerate() {
            element.store(canon, start + index as u32 * Self::SIZE)?;
        }
        Ok(start)
    }
}

/// What is known of a component when Rust types are compared with its types.
pub(crate) struct Known<'k> {
    /// Its types.
    pub(crate) types: &'k Types,
    /// The Rust type of each resource type that is the host's.
    pub(crate) resources: &'k [Option<TypeId>],
}

impl Known<'_> {
    /// What a composite type is made of.
    pub(crate) fn composite(&self, ty: ComponentVal) -> Option<&CompositeVal> {
        self.types.composite(ty)
    }

    /// Whether handles of this table are those of a Rust type.
    fn is_resource(&self, table: ResourceTableIndex, ty: TypeId) -> bool {
        match self.types.component().types.resource_tables[table.index()] {
            ResourceTable::Concrete { resource, .. } => {
                self.resources.get(resource.index()) == Some(&Some(ty))
            }
            ResourceTable::Abstract(_) => false,
        }
    }

    /// Whether what a case carries is of a Rust type.
    pub(crate) fn carries<T: ComponentType>(&self, ty: Option<ComponentVal>) -> bool {
        match ty {
            Some(ty) => !T::UNIT && T::is(self, ty),
            None => T::UNIT,
        }
    }
}

/// Types that are one number.
macro_rules! scalars {
    ($($rust:ty, $variant:ident, $size:literal, $from:expr, $into:expr;)*) => {$(
        impl ComponentType for $rust {
            const SIZE: u32 = $size;
            const ALIGN: u32 = $size;
            const FLAT: usize = 1;

            fn is(_: &Known<'_>, ty: ComponentVal) -> bool {
                ty == ComponentVal::$variant
            }
        }

        impl Lift for $rust {
            fn lift(_: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                $from(from.u64())
            }

            fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                $from(canon.load(at, $size)?)
            }
        }

        impl Lower for $rust {
            fn lower(self, _: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
                to.push(RawValue::from($into(self)));
                Ok(())
            }

            fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                canon.store_number(at, $size, $into(self))
            }
        }
    )*};
}

scalars! {
    bool, Bool, 1, |bits| Ok(bits as u32 != 0), u64::from;
    u8, U8, 1, |bits| Ok(bits as u8), u64::from;
    u16, U16, 2, |bits| Ok(bits as u16), u64::from;
    u32, U32, 4, |bits| Ok(bits as u32), u64::from;
    i32, S32, 4, |bits| Ok(bits as i32), |value| u64::from(value as u32);
    u64, U64, 8, whole, |value| value;
    i64, S64, 8, |bits| Ok(bits as i64), |value| value as u64;
    f32, F32, 4, |bits| Ok(f32::from_bits(bits as u32)), |value| u64::from(f32::to_bits(value));
    f64, F64, 8, |bits| Ok(f64::from_bits(bits)), f64::to_bits;
    char, Char, 4, to_char, |value| u64::from(u32::from(value));
}

fn whole(bits: u64) -> Result<u64> {
    Ok(bits)
}

fn to_char(bits: u64) -> Result<char> {
    Ok(char::from_u32(bits as u32).ok_or(TrapCode::InvalidChar)?)
}

/// Address and length, as strings and lists are passed.
pub(crate) fn load_pair(canon: &Canon<'_>, at: u32) -> Result<(u32, u32)> {
    let both = canon.load(at, 8)?;
    Ok((both as u32, (both >> 32) as u32))
}

/// As [`load_pair`].
pub(crate) fn store_pair(canon: &mut Canon<'_>, at: u32, pair: (u32, u32)) -> Result<()> {
    canon.store_number(at, 8, u64::from(pair.0) | u64::from(pair.1) << 32)
}

impl ComponentType for String {
    const SIZE: u32 = 8;
    const ALIGN: u32 = 4;
    const FLAT: usize = 2;

    fn is(_: &Known<'_>, ty: ComponentVal) -> bool {
        ty == ComponentVal::String
    }
}

impl Lift for String {
    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
        let (at, length) = (from.u32(), from.u32());
        canon.string(at, length)
    }

    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        let (at, length) = load_pair(canon, at)?;
        canon.string(at, length)
    }
}

impl Lower for String {
    fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
        let (at, length) = canon.new_string(&self)?;
        to.extend([RawValue::from(at), length.into()]);
        Ok(())
    }

    fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        let pair = canon.new_string(&self)?;
        store_pair(canon, at, pair)
    }
}

/// A `list<u8>` that stays where it is.
impl ComponentType for GuestBytes {
    const SIZE: u32 = 8;
    const ALIGN: u32 = 4;
    const FLAT: usize = 2;

    fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
        known.composite(ty) == Some(&CompositeVal::List(ComponentVal::U8))
    }
}

impl Lift for GuestBytes {
    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
        let (at, len) = (from.u32(), from.u32());
        canon.check_list(at, len, 1, 1)?;
        Ok(Self { at, len })
    }

    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        let (at, len) = load_pair(canon, at)?;
        canon.check_list(at, len, 1, 1)?;
        Ok(Self { at, len })
    }
}

/// `own`: a resource of the host, of type `R`, by its representation.
#[derive(Debug)]
pub(crate) struct Own<R> {
    pub(crate) rep: u32,
    of: PhantomData<fn() -> R>,
}

/// `borrow`: a resource of the host, lent for a call.
#[derive(Debug)]
pub(crate) struct Borrow<R> {
    pub(crate) rep: u32,
    of: PhantomData<fn() -> R>,
}

impl<R> Own<R> {
    pub(crate) fn new(rep: u32) -> Self {
        Self { rep, of: PhantomData }
    }
}

/// Both kinds of handles.
macro_rules! handles {
    ($($name:ident $variant:ident $take:ident;)*) => {$(
        impl<R: 'static> ComponentType for $name<R> {
            const SIZE: u32 = 4;
            const ALIGN: u32 = 4;
            const FLAT: usize = 1;

            fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
                match ty {
                    ComponentVal::$variant(table) => known.is_resource(table, TypeId::of::<R>()),
                    _ => false,
                }
            }
        }

        impl<R: 'static> Lift for $name<R> {
            fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                let rep = canon.$take(TypeId::of::<R>(), from.u32())?;
                Ok(Self { rep, of: PhantomData })
            }

            fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                let handle = canon.load(at, 4)? as u32;
                let rep = canon.$take(TypeId::of::<R>(), handle)?;
                Ok(Self { rep, of: PhantomData })
            }
        }
    )*};
}

handles! {
    Own Own take_host;
    Borrow Borrow borrow_host;
}

impl<R: 'static> Lower for Own<R> {
    fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
        to.push(canon.give_host(TypeId::of::<R>(), self.rep)?.into());
        Ok(())
    }

    fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        let handle = canon.give_host(TypeId::of::<R>(), self.rep)?;
        canon.store_number(at, 4, handle.into())
    }
}
