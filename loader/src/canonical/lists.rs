//! Strings and lists of Rust types.

use crate::canonical::canon::{Canon, Flat, FlatTo, GuestBytes};
use crate::canonical::known::{Check, Known};
use crate::canonical::typed::{ComponentType, Lift, Lower};
use crate::error::{Error, Result};
use precast_artifact::component::{ComponentVal, CompositeVal};

/// Address and length, as strings and lists are passed.
fn load_pair(canon: &Canon<'_>, at: u32) -> Result<(u32, u32)> {
    let both = canon.load(at, 8)?;
    Ok((both as u32, (both >> 32) as u32))
}

/// Types that are passed as an address and a length.
macro_rules! pairs {
    ($([$($params:tt)*] $ty:ty, $check:expr;)*) => {$(
        impl<$($params)*> ComponentType for $ty {
            const SIZE: u32 = 8;
            const ALIGN: u32 = 4;
            const FLAT: usize = 2;

            fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                $check(known, ty)
            }
        }
    )*};
}

pairs! {
    [] String, is_string;
    [] &str, is_string;
    [V: ComponentType] Vec<V>, is_list::<V>;
    [V: ComponentType] &[V], is_list::<V>;
    [] HostBytes, is_list::<u8>;
    [] GuestBytes, is_list::<u8>;
}

fn is_string(known: &Known<'_>, ty: ComponentVal) -> Check {
    known.simple(ty, ComponentVal::String)
}

fn is_list<V: ComponentType>(known: &Known<'_>, ty: ComponentVal) -> Check {
    match known.composite(ty) {
        Some(CompositeVal::List(element)) => {
            V::check(known, *element).map_err(|why| format!("element of a list: {why}"))
        }
        _ => known.differs("list", ty),
    }
}

/// What lies at an address, with a length.
macro_rules! lifted {
    ($([$($params:tt)*] $ty:ty, $get:expr;)*) => {$(
        impl<$($params)*> Lift for $ty {
            fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                let (at, length) = (from.u32(), from.u32());
                $get(canon, at, length)
            }

            fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                let (at, length) = load_pair(canon, at)?;
                $get(canon, at, length)
            }
        }
    )*};
}

lifted! {
    [] String, |canon: &mut Canon<'_>, at, length| canon.string(at, length);
    [V: Lift] Vec<V>, list;
    [] GuestBytes, bytes;
}

fn list<V: Lift>(canon: &mut Canon<'_>, at: u32, length: u32) -> Result<Vec<V>> {
    canon.check_list(at, length, V::SIZE.into(), V::ALIGN)?;
    V::load_list(canon, at, length)
}

fn bytes(canon: &mut Canon<'_>, at: u32, len: u32) -> Result<GuestBytes> {
    canon.check_list(at, len, 1, 1)?;
    Ok(GuestBytes { at, len })
}

/// What is given an address and a length.
macro_rules! lowered {
    ($([$($params:tt)*] $ty:ty, $put:expr;)*) => {$(
        impl<$($params)*> Lower for $ty {
            fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                let (at, length) = $put(canon, self)?;
                to.push(at);
                to.push(length);
                Ok(())
            }

            fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                let (start, length) = $put(canon, self)?;
                canon.store_number(at, 8, u64::from(start) | u64::from(length) << 32)
            }
        }
    )*};
}

lowered! {
    [] String, |canon: &mut Canon<'_>, text: &str| canon.new_string(text);
    [] &str, |canon: &mut Canon<'_>, text: &str| canon.new_string(text);
    [V: Lower] Vec<V>, new_list;
    [V: Lower] &[V], new_list;
    [] HostBytes, |canon: &mut Canon<'_>, bytes: &HostBytes| new_list(canon, &bytes.0);
}

fn new_list<V: Lower>(canon: &mut Canon<'_>, list: &[V]) -> Result<(u32, u32)> {
    let length = u32::try_from(list.len());
    let length = length.map_err(|_| Error::usage("a list is too long for a component"))?;
    let at = canon.allocate(u64::from(V::SIZE) * u64::from(length), V::ALIGN)?;
    V::store_list(list, canon, at)?;
    Ok((at, length))
}

/// Bytes that the host made: a `list<u8>`, given as a whole.
#[derive(Debug)]
pub(crate) struct HostBytes(pub(crate) Vec<u8>);
