//! Handles of Rust types: to resources of the host, and of components.

use crate::canonical::canon::{Canon, Flat, FlatTo};
use crate::canonical::known::{Check, Known};
use crate::canonical::typed::{ComponentType, Lift, Lower};
use crate::canonical::value::Resource;
use crate::error::Result;
use precast_artifact::component::ComponentVal;
use std::any::{TypeId, type_name};
use std::fmt;
use std::marker::PhantomData;

/// `own`: a resource of the host, of type `R`, by its number. Who has it may
/// give it away.
pub struct Own<R> {
    pub(crate) rep: u32,
    of: PhantomData<fn() -> R>,
}

/// `borrow`: a resource of the host, of type `R`, by its number, lent for a
/// call.
pub struct Borrow<R> {
    pub(crate) rep: u32,
    of: PhantomData<fn() -> R>,
}

/// `own`: a resource that a component defines, which the host holds. `M` stands
/// for its type: any type of Rust that stands for no other.
///
/// It is [dropped](Resource::drop) as what [`GuestOwn::resource`] gives, or it
/// stays until the store is dropped.
pub struct GuestOwn<M> {
    resource: Resource,
    of: PhantomData<fn() -> M>,
}

/// `borrow`: a resource that a component defines, lent to it for a call.
pub struct GuestBorrow<M> {
    resource: Resource,
    of: PhantomData<fn() -> M>,
}

impl<R> Own<R> {
    /// To the resource of this number.
    pub fn new(rep: u32) -> Self {
        Self { rep, of: PhantomData }
    }

    /// The number of the resource.
    pub fn rep(&self) -> u32 {
        self.rep
    }
}

impl<R> Borrow<R> {
    /// Lends the resource of this number.
    pub fn new(rep: u32) -> Self {
        Self { rep, of: PhantomData }
    }

    /// The number of the resource.
    pub fn rep(&self) -> u32 {
        self.rep
    }
}

impl<M> GuestOwn<M> {
    /// The resource, whose type is known at run time.
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// Lends it for a call.
    pub fn borrow(&self) -> GuestBorrow<M> {
        GuestBorrow { resource: self.resource, of: PhantomData }
    }
}

/// Whatever type they stand for can be shown.
macro_rules! shown {
    ($($name:ident $field:ident;)*) => {$(
        impl<R> fmt::Debug for $name<R> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let field = &self.$field;
                f.debug_struct(stringify!($name)).field(stringify!($field), field).finish()
            }
        }
    )*};
}

shown! {
    Own rep;
    Borrow rep;
    GuestOwn resource;
    GuestBorrow resource;
}

/// A handle is one core value.
macro_rules! handles {
    ($($name:ident $variant:ident $check:ident;)*) => {$(
        impl<R: 'static> ComponentType for $name<R> {
            const SIZE: u32 = 4;
            const ALIGN: u32 = 4;
            const FLAT: usize = 1;

            fn check(known: &Known<'_>, ty: ComponentVal) -> Check {
                let rust = type_name::<Self>();
                match ty {
                    ComponentVal::$variant(table) => {
                        known.$check(table, TypeId::of::<R>(), rust)
                    }
                    _ => known.differs(rust, ty),
                }
            }
        }
    )*};
}

handles! {
    Own Own host_resource;
    Borrow Borrow host_resource;
    GuestOwn Own guest_resource;
    GuestBorrow Borrow guest_resource;
}

/// What is taken from a component: a resource by its handle.
macro_rules! taken {
    ($($name:ident $field:ident $take:ident;)*) => {$(
        impl<R: 'static> Lift for $name<R> {
            fn lift(canon: &mut Canon<'_>, from: &mut Flat<'_>) -> Result<Self> {
                let $field = canon.$take(TypeId::of::<R>(), from.u32())?;
                Ok(Self { $field, of: PhantomData })
            }

            fn load(canon: &mut Canon<'_>, at: u32) -> Result<Self> {
                let handle = canon.load(at, 4)? as u32;
                let $field = canon.$take(TypeId::of::<R>(), handle)?;
                Ok(Self { $field, of: PhantomData })
            }
        }
    )*};
}

taken! {
    Own rep take_host;
    Borrow rep borrow_host;
    GuestOwn resource take_guest;
}

/// What is given to a component: a handle.
macro_rules! given {
    ($($name:ident $field:ident $give:ident;)*) => {$(
        impl<R: 'static> Lower for $name<R> {
            fn lower(&self, canon: &mut Canon<'_>, to: &mut FlatTo<'_>) -> Result<()> {
                to.push(canon.$give(TypeId::of::<R>(), self.$field)?);
                Ok(())
            }

            fn store(&self, canon: &mut Canon<'_>, at: u32) -> Result<()> {
                let handle = canon.$give(TypeId::of::<R>(), self.$field)?;
                canon.store_number(at, 4, handle.into())
            }
        }
    )*};
}

given! {
    Own rep give_host;
    Borrow rep lend_host;
    GuestOwn resource give_guest;
    GuestBorrow resource lend_guest;
}
