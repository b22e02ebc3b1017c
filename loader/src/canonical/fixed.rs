//! Lists of so many elements as their type says: arrays of Rust types.

use crate::canonical::canon::{Canon, Flat, FlatTo};
use crate::canonical::known::{Check, Known};
use crate::canonical::layout::part;
use crate::canonical::typed::{ComponentType, Lift, Lower};
use crate::error::Result;
use precast_artifact::component::{ComponentVal, CompositeVal};

impl<V: ComponentType, const N: usize> ComponentType for [V; N] {
    const SIZE: u32 = V::SIZE * N as u32;
    const ALIGN: u32 = V::ALIGN;
    const FLAT: usize = V::FLAT * N;

    fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
        match known.composite(ty) {
            Some(CompositeVal::FixedList(element, count)) if *count as usize == N => {
                V::check(known, *element).map_err(|why| format!("element of a list: {why}"))
            }
            _ => known.differs(&format!("list of {N}"), ty),
        }
    }
}

/// As many as there are.
fn array<V, const N: usize>(mut next: impl FnMut(u32) -> Result<V>) -> Result<[V; N]> {
    let mut list = Vec::with_capacity(N);
    for index in 0..N {
        list.push(next(index as u32)?);
    }
    Ok(list.try_into().unwrap_or_else(|_| unreachable!("there are as many")))
}

impl<V: Lift, const N: usize> Lift for [V; N] {
    const PLAIN: bool = V::PLAIN;

    fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
        array(|_| V::lift(canon, from))
    }

    fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
        array(|index| V::load(canon, at + index * V::SIZE))
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        array(|index| V::from_bytes(part(bytes, index * V::SIZE, V::SIZE)))
    }
}

impl<V: Lower, const N: usize> Lower for [V; N] {
    fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
        self.iter().try_for_each(|element| element.lower(canon, to))
    }

    fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
        V::store_list(self, canon, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_those_of_the_elements() {
        assert_eq!(<[u16; 3]>::SIZE, 6);
        type Pairs = [(u8, u32); 2];
        assert_eq!((Pairs::SIZE, Pairs::ALIGN, Pairs::FLAT), (16, 4, 4));
    }
}
