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
            use crate::canonical::canon::{Canon, Flat};
            use crate::canonical::containers::InOrder;
            use crate::canonical::typed::{ComponentType, Known, Lift, Lower};
            use crate::error::Result;
            use crate::vm::raw::RawValue;
            use precast_artifact::component::{ComponentVal, CompositeVal};

            impl ComponentType for $name {
                const SIZE: u32 = InOrder::NONE$(.and::<$ty>())*.total();
                const ALIGN: u32 = InOrder::NONE$(.and::<$ty>())*.align;
                const FLAT: usize = InOrder::NONE$(.and::<$ty>())*.flat;

                fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
                    let Some(CompositeVal::Record(fields)) = known.composite(ty) else {
                        return false;
                    };
                    let mut fields = fields.iter();
                    $(fields.next().is_some_and(|field| {
                        field.name == $wit && <$ty>::is(known, field.ty)
                    }) &&)* fields.next().is_none()
                }
            }

            impl Lift for $name {
                fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                    Ok(Self { $($field: <$ty>::lift(canon, from)?,)* })
                }

                fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                    let mut end = 0;
                    Ok(Self {
                        $($field: <$ty>::load(canon, at + InOrder::place::<$ty>(&mut end))?,)*
                    })
                }
            }

            impl Lower for $name {
                fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
                    $(self.$field.lower(canon, to)?;)*
                    Ok(())
                }

                fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                    let mut end = 0;
                    $(self.$field.store(canon, at + InOrder::place::<$ty>(&mut end))?;)*
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
            use crate::canonical::canon::{Canon, Flat};
            use crate::canonical::containers::{cases_size, largest};
            use crate::canonical::shape::align_up;
            use crate::canonical::typed::{ComponentType, Known, Lift, Lower};
            use crate::error::Result;
            use crate::vm::raw::RawValue;
            use precast_artifact::component::{ComponentVal, CompositeVal};
            use precast_artifact::trap::TrapCode;

            const NAMES: &[&str] = &[$($wit),*];

            fn number(name: &str) -> u32 {
                NAMES.iter().position(|known| *known == name).unwrap_or(0) as u32
            }

            /// The largest of what the cases have.
            const fn most(all: &[u32]) -> u32 {
                let (mut most, mut index) = (0, 0);
                while index < all.len() {
                    most = largest(most, all[index]);
                    index += 1;
                }
                most
            }

            impl ComponentType for $name {
                const SIZE: u32 =
                    cases_size(most(&[$($(<$ty>::SIZE,)?)*]), Self::ALIGN);
                const ALIGN: u32 = most(&[1, $($(<$ty>::ALIGN,)?)*]);
                const FLAT: usize = 1 + most(&[$($(<$ty>::FLAT as u32,)?)*]) as usize;

                fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
                    let Some(CompositeVal::Variant(cases)) = known.composite(ty) else {
                        return false;
                    };
                    let mut cases = cases.iter();
                    $(cases.next().is_some_and(|case| {
                        #[allow(unused_mut, unused_assignments)]
                        let mut carries = known.carries::<()>(case.ty);
                        $(carries = known.carries::<$ty>(case.ty);)?
                        case.name == $wit && carries
                    }) &&)* cases.next().is_none()
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
                    let payload = at + align_up(1, Self::ALIGN) as u32;
                    let case = canon.load(at, 1)?;
                    match NAMES.get(case as usize) {
                        $(Some(&$wit) => Ok(Self::$case $((<$ty>::load(canon, payload)?))?),)*
                        _ => Err(TrapCode::InvalidDiscriminant.into()),
                    }
                }
            }

            impl Lower for $name {
                fn lower(self, canon: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
                    let end = to.len() + Self::FLAT;
                    match self {
                        $(Self::$case $(($value))? => {
                            to.push(number($wit).into());
                            $($value.lower(canon, to)?;)?
                        })*
                    }
                    to.resize(end, RawValue::default());
                    Ok(())
                }

                fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                    #[allow(unused_variables)]
                    let payload = at + align_up(1, Self::ALIGN) as u32;
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
            use crate::canonical::canon::{Canon, Flat};
            use crate::canonical::typed::{ComponentType, Known, Lift, Lower};
            use crate::error::Result;
            use crate::vm::raw::RawValue;
            use precast_artifact::component::{ComponentVal, CompositeVal};
            use precast_artifact::trap::TrapCode;

            impl ComponentType for $name {
                const SIZE: u32 = 1;
                const ALIGN: u32 = 1;
                const FLAT: usize = 1;

                fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
                    matches!(known.composite(ty), Some(CompositeVal::Enum(names))
                        if names == $name::NAMES)
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
                fn lower(self, _: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
                    to.push((self as u32).into());
                    Ok(())
                }

                fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                    canon.store_number(at, 1, self as u64)
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
            use crate::canonical::canon::{Canon, Flat};
            use crate::canonical::typed::{ComponentType, Known, Lift, Lower};
            use crate::error::Result;
            use crate::vm::raw::RawValue;
            use precast_artifact::component::{ComponentVal, CompositeVal};

            const ALL: u8 = ((1u16 << $name::NAMES.len()) - 1) as u8;

            impl ComponentType for $name {
                const SIZE: u32 = 1;
                const ALIGN: u32 = 1;
                const FLAT: usize = 1;

                fn is(known: &Known<'_>, ty: ComponentVal) -> bool {
                    matches!(known.composite(ty), Some(CompositeVal::Flags(names))
                        if names == $name::NAMES)
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
                fn lower(self, _: &mut Canon<'_>, to: &mut Vec<RawValue>) -> Result<()> {
                    to.push(u32::from(self.0).into());
                    Ok(())
                }

                fn store(self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
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
