//! Options, results and tuples of Rust types, and nothing at all.

use crate::canonical::canon::{Canon, Flat, FlatTo};
use crate::canonical::known::{Check, Known};
use crate::canonical::layout::{InCases, InOrder, Places, largest, part};
use crate::canonical::typed::{ComponentType, Lift, Lower, carried};
use crate::error::Result;
use precast_artifact::component::{ComponentVal, CompositeVal};
use precast_artifact::trap::TrapCode;

const fn optional<V: ComponentType>() -> InCases {
    InCases::new(2, V::SIZE, V::ALIGN)
}

impl<V: ComponentType> ComponentType for Option<V> {
    const SIZE: u32 = optional::<V>().size;
    const ALIGN: u32 = V::ALIGN;
    const FLAT: usize = 1 + V::FLAT;

    fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
        match known.composite(ty) {
            Some(CompositeVal::Option(some)) => {
                V::check(known, *some).map_err(|why| format!("in an option: {why}"))
            }
            _ => known.differs("option", ty),
        }
    }
}

impl<V: Lift> Lift for Option<V> {
    const PLAIN: bool = V::PLAIN;

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
            1 => V::load(canon, at + const { optional::<V>().payload }).map(Some),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match bytes[0] {
            0 => Ok(None),
            1 => V::from_bytes(part(bytes, optional::<V>().payload, V::SIZE)).map(Some),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }
}

impl<V: Lower> Lower for Option<V> {
    fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
        let end = to.len() + Self::FLAT;
        to.push(u32::from(self.is_some()));
        if let Some(some) = self {
            some.lower(canon, to)?;
        }
        to.fill(end);
        Ok(())
    }

    fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        canon.store_number(at, 1, self.is_some().into())?;
        match self {
            Some(some) => some.store(canon, at + const { optional::<V>().payload }),
            None => Ok(()),
        }
    }
}

const fn either<V: ComponentType, E: ComponentType>() -> InCases {
    InCases::new(2, largest(V::SIZE, E::SIZE), largest(V::ALIGN, E::ALIGN))
}

impl<V: ComponentType, E: ComponentType> ComponentType for std::result::Result<V, E> {
    const SIZE: u32 = either::<V, E>().size;
    const ALIGN: u32 = either::<V, E>().align;
    const FLAT: usize = 1 + largest(V::FLAT as u32, E::FLAT as u32) as usize;

    fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
        let Some(CompositeVal::Result { ok, err }) = known.composite(ty) else {
            return known.differs("result", ty);
        };
        known.carries(*ok, carried::<V>()).map_err(|why| format!("success: {why}"))?;
        known.carries(*err, carried::<E>()).map_err(|why| format!("failure: {why}"))
    }
}

impl<V: Lift, E: Lift> Lift for std::result::Result<V, E> {
    const PLAIN: bool = V::PLAIN && E::PLAIN;

    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
        let mut own = from.part(Self::FLAT);
        match own.u32() {
            0 => V::lift(canon, &mut own).map(Ok),
            1 => E::lift(canon, &mut own).map(Err),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }

    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        let payload = at.wrapping_add(const { either::<V, E>().payload });
        match canon.load(at, 1)? {
            0 => V::load(canon, payload).map(Ok),
            1 => E::load(canon, payload).map(Err),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let payload = either::<V, E>().payload;
        match bytes[0] {
            0 => V::from_bytes(part(bytes, payload, V::SIZE)).map(Ok),
            1 => E::from_bytes(part(bytes, payload, E::SIZE)).map(Err),
            _ => Err(TrapCode::InvalidDiscriminant.into()),
        }
    }
}

impl<V: Lower, E: Lower> Lower for std::result::Result<V, E> {
    fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
        let end = to.len() + Self::FLAT;
        to.push(u32::from(self.is_err()));
        match self {
            Ok(ok) => ok.lower(canon, to)?,
            Err(err) => err.lower(canon, to)?,
        }
        to.fill(end);
        Ok(())
    }

    fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        canon.store_number(at, 1, self.is_err().into())?;
        let payload = at.wrapping_add(const { either::<V, E>().payload });
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

    fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
        known.differs("()", ty)
    }
}

impl Lift for () {
    const PLAIN: bool = true;

    fn lift(_: &mut Canon<'_>, _: &mut Flat<'_>) -> Result<Self> {
        Ok(())
    }

    #[inline]
    fn from_bytes(_: &[u8]) -> Result<Self> {
        Ok(())
    }
}

impl Lower for () {
    fn lower(&self, _: &mut Canon<'_>, _: &mut FlatTo<'_>) -> Result<()> {
        Ok(())
    }

    fn store(&self, _: &mut Canon<'_>, _: u32) -> Result<()> {
        Ok(())
    }
}

/// Types in order: the parameters of a function as a tuple of up to sixteen, or
/// `()`, and its result as a tuple of one, or `()`.
pub trait ComponentTypeList: ComponentType {
    /// How many they are.
    #[doc(hidden)]
    const COUNT: usize;

    /// What differs from one of a component's types, of which there are as many.
    #[doc(hidden)]
    fn check_one(known: &Known<'_>, index: usize, ty: ComponentVal) -> Check;
}

impl ComponentTypeList for () {
    const COUNT: usize = 0;

    fn check_one(known: &Known<'_>, _: usize, ty: ComponentVal) -> Check {
        known.differs("()", ty)
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: ComponentType),+> ComponentType for ($($name,)+) {
            const SIZE: u32 = InOrder::NONE$(.and::<$name>())+.total();
            const ALIGN: u32 = InOrder::NONE$(.and::<$name>())+.align;
            const FLAT: usize = InOrder::NONE$(.and::<$name>())+.flat;

            fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                match known.composite(ty) {
                    Some(CompositeVal::Tuple(tys)) if tys.len() == Self::COUNT => {
                        let mut tys = tys.iter().enumerate();
                        tys.try_for_each(|(index, ty)| {
                            let check = Self::check_one(known, index, *ty);
                            check.map_err(|why| format!("{index} of a tuple: {why}"))
                        })
                    }
                    _ => known.differs(&format!("tuple of {}", Self::COUNT), ty),
                }
            }
        }

        impl<$($name: ComponentType),+> ComponentTypeList for ($($name,)+) {
            const COUNT: usize = [$($index),+].len();

            fn check_one(known: &Known<'_>, index: usize, ty: ComponentVal) -> Check {
                match index {
                    $($index => $name::check(known, ty),)+
                    _ => known.differs("()", ty),
                }
            }
        }

        impl<$($name: Lift),+> Lift for ($($name,)+) {
            const PLAIN: bool = $($name::PLAIN)&&+;

            fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                Ok(($($name::lift(canon, from)?,)+))
            }

            fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                let mut places = Places::new(at);
                Ok(($($name::load(canon, places.of::<$name>())?,)+))
            }

            fn from_bytes(bytes: &[u8]) -> Result<Self> {
                let mut places = Places::new(0);
                Ok(($($name::from_bytes(places.bytes_of::<$name>(bytes))?,)+))
            }
        }

        impl<$($name: Lower),+> Lower for ($($name,)+) {
            fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                $(self.$index.lower(canon, to)?;)+
                Ok(())
            }

            fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                let mut places = Places::new(at);
                $(self.$index.store(canon, places.of::<$name>())?;)+
                Ok(())
            }
        }
    )*};
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
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11, M 12, N 13, O 14, P 15)
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
    }

    #[test]
    fn plain_values_are_read_from_their_bytes() {
        type Plain = (Option<u16>, std::result::Result<i8, [u8; 2]>);
        let plain = [Plain::PLAIN, <Option<String>>::PLAIN, <(u8, Vec<u8>)>::PLAIN];
        assert_eq!(plain, [true, false, false]);
        assert_eq!(Plain::SIZE, 8);
        let read = |bytes: [u8; 8]| Plain::from_bytes(&bytes).map_err(|it| it.trap_code());
        assert_eq!(read([1, 0, 5, 1, 0, 255, 9, 9]), Ok((Some(261), Ok(-1))));
        assert_eq!(read([0, 0, 5, 1, 1, 3, 4, 9]), Ok((None, Err([3, 4]))));
        let wrong = Err(Some(TrapCode::InvalidDiscriminant));
        assert_eq!(read([2, 0, 5, 1, 0, 3, 4, 9]), wrong);
        assert_eq!(read([0, 0, 5, 1, 2, 3, 4, 9]), wrong);
    }
}
