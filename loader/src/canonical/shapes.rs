//! Macros that define Rust types for records, variants, enums and flags, with
//! the names that WIT has for their parts.

/// A record: `record! { /// Doc. Name { field: Type = "wit-name", } }`.
macro_rules! record {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $ty:ty = $wit:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name {
            $($(#[$of])* pub(crate) $field: $ty,)*
        }

        const _: () = {
            use crate::canonical::canon::{Canon, Flat, FlatTo};
            use crate::canonical::known::{Check, Known};
            use crate::canonical::layout::{InOrder, Places};
            use crate::canonical::typed::{ComponentType, Lift, Lower};
            use crate::error::Result;
            use precast_artifact::component::ComponentVal;

            impl ComponentType for $name {
                const SIZE: u32 = InOrder::NONE$(.and::<$ty>())*.total();
                const ALIGN: u32 = InOrder::NONE$(.and::<$ty>())*.align;
                const FLAT: usize = InOrder::NONE$(.and::<$ty>())*.flat;

                fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                    let name = stringify!($name);
                    known.record(ty, name, &[$(($wit, <$ty as ComponentType>::check)),*])
                }
            }

            impl Lift for $name {
                fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                    Ok(Self { $($field: <$ty>::lift(canon, from)?,)* })
                }

                fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                    let mut places = Places::new(at);
                    Ok(Self { $($field: <$ty>::load(canon, places.of::<$ty>())?,)* })
                }
            }

            impl Lower for $name {
                fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                    $(self.$field.lower(canon, to)?;)*
                    Ok(())
                }

                fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                    let mut places = Places::new(at);
                    $(self.$field.store(canon, places.of::<$ty>())?;)*
                    Ok(())
                }
            }
        };
    };
}

/// A variant of up to 256 cases: `variant! { /// Doc. Name { Case(value: Type) =
/// "wit-name", } }`.
macro_rules! variant {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$of:meta])* $case:ident $(($value:ident: $ty:ty))? = $wit:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {
            $($(#[$of])* $case $(($ty))?,)*
        }

        const _: () = {
            use crate::canonical::canon::{Canon, Flat, FlatTo};
            use crate::canonical::known::{Check, CheckFn, Known};
            use crate::canonical::layout::{InCases, most};
            use crate::canonical::typed::{ComponentType, Lift, Lower};
            use crate::error::Result;
            use precast_artifact::component::ComponentVal;
            use precast_artifact::trap::TrapCode;

            const NAMES: &[&str] = &[$($wit),*];
            const LAYOUT: InCases = InCases::new(
                NAMES.len(),
                most(&[$($(<$ty>::SIZE,)?)*]),
                most(&[1, $($(<$ty>::ALIGN,)?)*]),
            );

            fn number(name: &str) -> u32 {
                NAMES.iter().position(|known| *known == name).unwrap_or(0) as u32
            }

            impl ComponentType for $name {
                const SIZE: u32 = LAYOUT.size;
                const ALIGN: u32 = LAYOUT.align;
                const FLAT: usize = 1 + most(&[$($(<$ty>::FLAT as u32,)?)*]) as usize;

                fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                    let cases: &[(&str, Option<CheckFn>)] = &[$(($wit, {
                        #[allow(unused_mut, unused_assignments)]
                        let mut carried: Option<CheckFn> = None;
                        $(carried = Some(<$ty as ComponentType>::check);)?
                        carried
                    })),*];
                    known.variant(ty, stringify!($name), cases)
                }
            }

            impl Lift for $name {
                fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                    let mut own = from.part(Self::FLAT);
                    let case = own.u32();
                    match NAMES.get(case as usize) {
                        $(Some(&$wit) => Ok(Self::$case $((<$ty>::lift(canon, &mut own)?))?),)*
                        _ => Err(TrapCode::InvalidDiscriminant.into()),
                    }
                }

                fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                    #[allow(unused_variables)]
                    let payload = at.wrapping_add(LAYOUT.payload);
                    let case = canon.load(at, 1)?;
                    match NAMES.get(case as usize) {
                        $(Some(&$wit) => Ok(Self::$case $((<$ty>::load(canon, payload)?))?),)*
                        _ => Err(TrapCode::InvalidDiscriminant.into()),
                    }
                }
            }

            impl Lower for $name {
                fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                    let end = to.len() + Self::FLAT;
                    match self {
                        $(Self::$case $(($value))? => {
                            to.push(number($wit));
                            $($value.lower(canon, to)?;)?
                        })*
                    }
                    to.fill(end);
                    Ok(())
                }

                fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                    #[allow(unused_variables)]
                    let payload = at.wrapping_add(LAYOUT.payload);
                    match self {
                        $(Self::$case $(($value))? => {
                            canon.store_number(at, 1, number($wit).into())?;
                            $($value.store(canon, payload)?;)?
                        })*
                    }
                    Ok(())
                }
            }
        };
    };
}

/// An enum of up to 256 names: `enumeration! { /// Doc. Name { Case = "wit-name", } }`.
macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $case:ident = $wit:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum $name {
            $($(#[$of])* $case,)*
        }

        impl $name {
            const ALL: &[Self] = &[$(Self::$case),*];
            const NAMES: &[&str] = &[$($wit),*];
        }

        const _: () = {
            use crate::canonical::canon::{Canon, Flat, FlatTo};
            use crate::canonical::known::{Check, Known};
            use crate::canonical::typed::{ComponentType, Lift, Lower};
            use crate::error::Result;
            use precast_artifact::component::ComponentVal;
            use precast_artifact::trap::TrapCode;

            impl ComponentType for $name {
                const SIZE: u32 = 1;
                const ALIGN: u32 = 1;
                const FLAT: usize = 1;

                fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                    known.enumeration(ty, stringify!($name), $name::NAMES)
                }
            }

            fn find(case: u64) -> Result<$name> {
                let found = $name::ALL.get(case as usize).copied();
                Ok(found.ok_or(TrapCode::InvalidDiscriminant)?)
            }

            impl Lift for $name {
                fn lift(_: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                    find(from.u32().into())
                }

                fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                    find(canon.load(at, 1)?)
                }
            }

            impl Lower for $name {
                fn lower(&self, _: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                    to.push(*self as u32);
                    Ok(())
                }

                fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                    canon.store_number(at, 1, *self as u64)
                }
            }
        };
    };
}

/// Flags, up to eight: `bits! { /// Doc. Name { FLAG = "wit-name", } }`.
macro_rules! bits {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $flag:ident = $wit:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub(crate) struct $name(pub(crate) u8);

        impl $name {
            const NAMES: &[&str] = &[$($wit),*];
            $($(#[$of])* pub(crate) const $flag: Self = Self::named($wit);)*

            const fn named(name: &str) -> Self {
                let mut index = 0;
                while index < Self::NAMES.len() {
                    if crate::canonical::shapes::same(Self::NAMES[index], name) {
                        return Self(1 << index);
                    }
                    index += 1;
                }
                panic!("a flag that has no name")
            }

            /// Whether all of these are set.
            pub(crate) fn has(self, flags: Self) -> bool {
                self.0 & flags.0 == flags.0
            }

            /// With these set too, on a condition.
            // Of flags that only guests give, nothing is made.
            #[allow(dead_code)]
            pub(crate) fn and(self, flags: Self, set: bool) -> Self {
                Self(if set { self.0 | flags.0 } else { self.0 })
            }
        }

        const _: () = {
            use crate::canonical::canon::{Canon, Flat, FlatTo};
            use crate::canonical::known::{Check, Known};
            use crate::canonical::typed::{ComponentType, Lift, Lower};
            use crate::error::Result;
            use precast_artifact::component::ComponentVal;

            const ALL: u8 = ((1u16 << $name::NAMES.len()) - 1) as u8;

            impl ComponentType for $name {
                const SIZE: u32 = 1;
                const ALIGN: u32 = 1;
                const FLAT: usize = 1;

                fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                    known.flags(ty, stringify!($name), $name::NAMES)
                }
            }

            impl Lift for $name {
                fn lift(_: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                    Ok(Self(from.u32() as u8 & ALL))
                }

                fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                    Ok(Self(canon.load(at, 1)? as u8 & ALL))
                }
            }

            impl Lower for $name {
                fn lower(&self, _: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                    to.push(u32::from(self.0));
                    Ok(())
                }

                fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                    canon.store_number(at, 1, self.0.into())
                }
            }
        };
    };
}

pub(crate) use {bits, enumeration, record, variant};

/// Whether two names are the same.
pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut index = 0;
    while index < a.len() && index < b.len() && a[index] == b[index] {
        index += 1;
    }
    index == a.len() && index == b.len()
}

#[cfg(test)]
mod tests {
    use crate::canonical::typed::ComponentType;

    record! {
        /// A time.
        Moment { seconds: u64 = "seconds", nanoseconds: u32 = "nanoseconds", }
    }

    variant! {
        /// What to do with a time.
        Change { Keep = "keep", At(moment: Moment) = "at", Named(name: String) = "named", }
    }

    enumeration! {
        /// Colours.
        Colour { Red = "red", Green = "green", }
    }

    bits! {
        /// Rights.
        Rights { READ = "read", WRITE = "write", RUN = "run", }
    }

    #[test]
    fn layouts_are_constants() {
        assert_eq!((Moment::SIZE, Moment::ALIGN, Moment::FLAT), (16, 8, 2));
        assert_eq!((Change::SIZE, Change::ALIGN, Change::FLAT), (24, 8, 3));
        assert_eq!(Colour::NAMES, ["red", "green"]);
        assert_eq!([Rights::READ.0, Rights::WRITE.0, Rights::RUN.0], [1, 2, 4]);
        let rights = Rights::default().and(Rights::RUN, true).and(Rights::READ, false);
        assert!(rights.has(Rights::RUN) && !rights.has(Rights::READ));
    }
}
