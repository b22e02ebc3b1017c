//! Lists, options, results and tuples of Rust types.

use crate::canonical::canon::{Canon, Flat};
use crate::canonical::shape::align_up;
use crate::canonical::typed::{ComponentType, Known, Lift, Lower, load_pair, store_pair};
use crate::error::{Error, Result};
use crate::vm::raw::RawValue;
use precast_artifact::component::{ComponentVal, CompositeVal};
use precast_artifact::trap::TrapCode;

impl<V: ComponentType> ComponentType for Vec<V> {
    const SIZE: u32 = 8;
    const ALIGN: u32 = 4;
    const FLAT: usize = 2;

    fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
        matches!(known.composite(ty), Some(CompositeVal::List(element)) if V::is(known, *element))
    }
}

impl<V: Lift> Lift for Vec<V> {
    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
        let (at, length) = (from.u32(), from.u32());
        canon.check_list(at, length, V::SIZE.into(), V::ALIGN)?;
        V::load_list(canon, at, length)
    }

    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        let (at, length) = load_pair(canon, at)?;
        canon.check_list(at, length, V::SIZE.into(), V::ALIGN)?;
        V::load_list(canon, at, length)
    }
}

impl<V: Lower> Lower for Vec<V> {
    fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
        let (at, length) = new_list(self, canon)?;
        to.extend([RawValue::from(at), length.into()]);
        Ok(())
    }

    fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        let pair = new_list(self, canon)?;
        store_pair(canon, at, pair)
    }
}

fn new_list<V: Lower>(list: Vec<V>, canon: &mut Canon<'_>) -> Result<(u32, u32)> {
    let length = u32::try_from(list.len());
    let length = length.map_err(|_| Error::usage("a list is too long for a component"))?;
    Ok((V::store_list(list, canon)?, length))
}

/// Bytes that the host made: a `list<u8>`, given as a whole.
#[derive(Debug)]
pub(crate) struct HostBytes(pub(crate) Vec<u8>);

impl ComponentType for HostBytes {
    const SIZE: u32 = 8;
    const ALIGN: u32 = 4;
    const FLAT: usize = 2;

    fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
        known.composite(ty) == Some(&CompositeVal::List(ComponentVal::U8))
    }
}

impl Lower for HostBytes {
    fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
        let at = canon.new_bytes(&self.0, 1)?;
        to.extend([RawValue::from(at), (self.0.len() as u32).into()]);
        Ok(())
    }

    fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        let start = canon.new_bytes(&self.0, 1)?;
        store_pair(canon, at, (start, self.0.len() as u32))
    }
}

pub(crate) const fn largest(a: u32, b: u32) -> u32 {
    if a > b { a } else { b }
}

/// Size of what has up to 256 cases, of this size and alignment of what they
/// carry.
pub(crate) const fn cases_size(payload: u32, align: u32) -> u32 {
    align_up(align_up(1, align) + payload as u64, align) as u32
}

impl<V: ComponentType> ComponentType for Option<V> {
    const SIZE: u32 = cases_size(V::SIZE, V::ALIGN);
    const ALIGN: u32 = V::ALIGN;
    const FLAT: usize = 1 + V::FLAT;

    fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
        matches!(known.composite(ty), Some(CompositeVal::Option(some)) if V::is(known, *some))
    }
}

impl<V: Lift> Lift for Option<V> {
    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
        let mut own = from.part(Self::FLAT);
        match own.u32() {
            0 => Ok(None),
            1 => V::lift(canon, &mut own).map(Some),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }

    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        match canon.load(at, 1)? {
            0 => Ok(None),
            1 => V::load(canon, at + align_up(1, V::ALIGN) as u32).map(Some),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }
}

impl<V: Lower> Lower for Option<V> {
    fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
        let end = to.len() + Self::FLAT;
        to.push(u32::from(self.is_some()).into());
        if let Some(some) = self {
            some.lower(canon, to)?;
        }
        to.resize(end, RawValue::default());
        Ok(())
    }

    fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        canon.store_number(at, 1, self.is_some().into())?;
        match self {
            Some(some) => some.store(canon, at + align_up(1, V::ALIGN) as u32),
            None => Ok(()),
        }
    }
}

impl<V: ComponentType, E: ComponentType> ComponentType for std::result::Result<V, E> {
    const SIZE: u32 = cases_size(largest(V::SIZE, E::SIZE), Self::ALIGN);
    const ALIGN: u32 = largest(V::ALIGN, E::ALIGN);
    const FLAT: usize = 1 + largest(V::FLAT as u32, E::FLAT as u32) as usize;

    fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
        match known.composite(ty) {
            Some(CompositeVal::Result { ok, err }) => {
                known.carries::<V>(*ok) && known.carries::<E>(*err)
            }
            _ => false,
        }
    }
}

impl<V: Lift, E: Lift> Lift for std::result::Result<V, E> {
    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
        let mut own = from.part(Self::FLAT);
        match own.u32() {
            0 => V::lift(canon, &mut own).map(Ok),
            1 => E::lift(canon, &mut own).map(Err),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }

    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        let payload = at + align_up(1, Self::ALIGN) as u32;
        match canon.load(at, 1)? {
            0 => V::load(canon, payload).map(Ok),
            1 => E::load(canon, payload).map(Err),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }
}

impl<V: Lower, E: Lower> Lower for std::result::Result<V, E> {
    fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
        let end = to.len() + Self::FLAT;
        to.push(u32::from(self.is_err()).into());
        match self {
            Ok(ok) => ok.lower(canon, to)?,
            Err(err) => err.lower(canon, to)?,
        }
        to.resize(end, RawValue::default());
        Ok(())
    }

    fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        canon.store_number(at, 1, self.is_err().into())?;
        let payload = at + align_up(1, Self::ALIGN) as u32;
        match self {
            Ok(ok) => ok.store(canon, payload),
            Err(err) => err.store(canon, payload),
        }
    }
}

/// Nothing: what a case carries that carries nothing, and no result.
impl ComponentType for () {
    const SIZE: u32 = 0;
    const ALIGN: u32 = 1;
    const FLAT: usize = 0;
    const UNIT: bool = true;

    fn is(_: &Known<'_>, _: ComponentVal) -> bool {
        false
    }
}

impl Lift for () {
    fn lift(_: &mut Canon<'_>, _: &mut Flat<'_>) -> Result<Self> {
        Ok(())
    }

    fn load(_: &mut Canon<'_>, _: u32) -> Result<Self> {
        Ok(())
    }
}

impl Lower for () {
    fn lower(self, _: &mut Canon<'_>, _: &mut Vec<RawValue>) -> Result<()> {
        Ok(())
    }

    fn store(self, _: &mut Canon<'_>, _: u32) -> Result<()> {
        Ok(())
    }
}

/// What fields lie one after the other, aligned.
#[derive(Clone, Copy)]
pub(crate) struct InOrder {
    pub(crate) size: u32,
    pub(crate) align: u32,
    pub(crate) flat: usize,
}

impl InOrder {
    /// No fields yet.
    pub(crate) const NONE: Self = Self { size: 0, align: 1, flat: 0 };

    /// With one field more.
    pub(crate) const fn and<V: ComponentType>(self) -> Self {
        Self {
            size: align_up(self.size as u64, V::ALIGN) as u32 + V::SIZE,
            align: largest(self.align, V::ALIGN),
            flat: self.flat + V::FLAT,
        }
    }

    /// The size of all of them.
    pub(crate) const fn total(self) -> u32 {
        align_up(self.size as u64, self.align) as u32
    }

    /// Where a field comes to lie, after those before it; `end` is where they
    /// end, and then where it does.
    pub(crate) fn place<V: ComponentType>(end: &mut u32) -> u32 {
        let at = align_up((*end).into(), V::ALIGN) as u32;
        *end = at + V::SIZE;
        at
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: ComponentType),+> ComponentType for ($($name,)+) {
            const SIZE: u32 = InOrder::NONE$(.and::<$name>())+.total();
            const ALIGN: u32 = InOrder::NONE$(.and::<$name>())+.align;
            const FLAT: usize = InOrder::NONE$(.and::<$name>())+.flat;

            fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
                match known.composite(ty) {
                    Some(CompositeVal::Tuple(tys)) => are::<Self>(known, tys),
                    _ => false,
                }
            }
        }

        impl<$($name: ComponentType),+> Several for ($($name,)+) {
            fn are(known: &Known<'_>, tys: &[ComponentVal]) -> bool {
                tys.len() == [$($index),+].len() $(&& $name::is(known, tys[$index]))+
            }
        }

        impl<$($name: Lift),+> Lift for ($($name,)+) {
            fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                Ok(($($name::lift(canon, from)?,)+))
            }

            fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                let mut end = 0;
                Ok(($($name::load(canon, at + InOrder::place::<$name>(&mut end))?,)+))
            }
        }

        impl<$($name: Lower),+> Lower for ($($name,)+) {
            fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
                $(self.$index.lower(canon, to)?;)+
                Ok(())
            }

            fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                let mut end = 0;
                $(self.$index.store(canon, at + InOrder::place::<$name>(&mut end))?;)+
                Ok(())
            }
        }
    )*};
}

/// Several types in order: parameters.
pub(crate) trait Several {
    /// Whether these types of a component are the same.
    fn are(known: &Known<'_>, tys: &[ComponentVal]) -> bool;
}

impl Several for () {
    fn are(_: &Known<'_>, tys: &[ComponentVal]) -> bool {
        tys.is_empty()
    }
}

/// As [`Several::are`].
pub(crate) fn are<P: Several>(known: &Known<'_>, tys: &[ComponentVal]) -> bool {
    P::are(known, tys)
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_those_of_the_types() {
        assert_eq!(<Option<u8>>::SIZE, 2);
        assert_eq!((<Option<u64>>::SIZE, <Option<u64>>::ALIGN, <Option<u64>>::FLAT), (16, 8, 2));
        type Outcome = std::result::Result<String, u8>;
        assert_eq!((Outcome::SIZE, Outcome::ALIGN, Outcome::FLAT), (12, 4, 3));
        type Nothing = std::result::Result<(), ()>;
        assert_eq!((Nothing::SIZE, Nothing::FLAT), (1, 1));
        type Three = (u8, u64, u16);
        assert_eq!((Three::SIZE, Three::ALIGN, Three::FLAT), (24, 8, 3));
        let mut end = 0;
        assert_eq!(InOrder::place::<u8>(&mut end), 0);
        assert_eq!(InOrder::place::<u64>(&mut end), 8);
        assert_eq!(InOrder::place::<u16>(&mut end), 16);
    }
}
