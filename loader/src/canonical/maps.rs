//! Maps of Rust types: lists of keys and values to a component.

use crate::canonical::canon::{Canon, Flat, FlatTo};
use crate::canonical::known::{Check, Known};
use crate::canonical::typed::{ComponentType, Lift, Lower};
use crate::error::Result;
use precast_artifact::component::{ComponentVal, CompositeVal};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

fn is_map<K: ComponentType, V: ComponentType>(known: &Known<'_>, ty: ComponentVal) -> Check {
    match known.composite(ty) {
        Some(CompositeVal::Map(key, value)) => {
            K::check(known, *key).map_err(|why| format!("key of a map: {why}"))?;
            V::check(known, *value).map_err(|why| format!("value of a map: {why}"))
        }
        _ => known.differs("map", ty),
    }
}

/// Of keys that come twice, the last counts.
macro_rules! maps {
    ($($map:ident of $($bound:ident)+;)*) => {$(
        impl<K: ComponentType, V: ComponentType> ComponentType for $map<K, V> {
            const SIZE: u32 = <Vec<(K, V)>>::SIZE;
            const ALIGN: u32 = <Vec<(K, V)>>::ALIGN;
            const FLAT: usize = <Vec<(K, V)>>::FLAT;

            fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                is_map::<K, V>(known, ty)
            }
        }

        impl<K: Lift $(+ $bound)+, V: Lift> Lift for $map<K, V> {
            fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                Ok(<Vec<(K, V)>>::lift(canon, from)?.into_iter().collect())
            }

            fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                Ok(<Vec<(K, V)>>::load(canon, at)?.into_iter().collect())
            }
        }

        impl<K: Lower, V: Lower> Lower for $map<K, V> {
            fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                self.iter().collect::<Vec<(&K, &V)>>().lower(canon, to)
            }

            fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                self.iter().collect::<Vec<(&K, &V)>>().store(canon, at)
            }
        }
    )*};
}

maps! {
    BTreeMap of Ord;
    HashMap of Eq Hash;
}
