//! Functions with Rust types: calling guests, and host closures.
//!
//! # Safety
//!
//! A [`TypedFunc`]'s type was compared with its Rust types when it was made,
//! so the value array has the right size.
#![allow(unsafe_code)]

use crate::api::caller::Caller;
use crate::api::func::{self, Callee};
use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::store::host::HostFunc;
use crate::vm::handle::{ExnRef, ExternRef, Func, StoreId};
use crate::vm::matching;
use crate::vm::raw::RawValue;
use crate::vm::types;
use crate::vm::types::{FuncType, RefType, ValType};
use crate::vm::value::{self, Val};
use std::marker::PhantomData;
use std::sync::Arc;

/// What only this file can implement: slots are counted on, so a foreign
/// implementation could write beyond them.
mod sealed {
    pub trait Sealed {}

    pub trait Values {}
    impl<V: super::WasmTy> Values for V {}

    pub trait Closure<T, Params, Return> {}
}

/// A Rust type that stands for a WebAssembly value: `i32`, `u32`, `i64`,
/// `u64`, `f32`, `f64`, `u128` (a `v128`), `Option<Func>`,
/// `Option<ExternRef>`, `Option<ExnRef>`.
pub trait WasmTy: Sized + Copy + 'static + sealed::Sealed {
    /// The WebAssembly type.
    fn val_type() -> ValType;
    #[doc(hidden)]
    fn into_raw(self, store: StoreId) -> Result<RawValue>;
    #[doc(hidden)]
    fn from_raw(raw: RawValue, store: StoreId) -> Self;
}

macro_rules! number {
    ($($rust:ty, $variant:ident, $into:expr, $from:expr;)*) => {
        $(
            impl sealed::Sealed for $rust {}
            impl WasmTy for $rust {
                fn val_type() -> ValType {
                    ValType::$variant
                }
                fn into_raw(self, _: StoreId) -> Result<RawValue> {
                    Ok(RawValue::from($into(self)))
                }
                fn from_raw(raw: RawValue, _: StoreId) -> Self {
                    $from(raw)
                }
            }
        )*
    };
}

number! {
    i32, I32, |v| v as u32, |raw: RawValue| raw.u32() as i32;
    u32, I32, |v: u32| v, RawValue::u32;
    i64, I64, |v| v as u64, |raw: RawValue| raw.u64() as i64;
    u64, I64, |v: u64| v, RawValue::u64;
    f32, F32, f32::to_bits, |raw: RawValue| f32::from_bits(raw.u32());
    f64, F64, f64::to_bits, |raw: RawValue| f64::from_bits(raw.u64());
    u128, V128, |v: u128| v, RawValue::u128;
}

impl sealed::Sealed for Option<Func> {}
impl WasmTy for Option<Func> {
    fn val_type() -> ValType {
        ValType::Ref(RefType::FUNCREF)
    }

    fn into_raw(self, store: StoreId) -> Result<RawValue> {
        let record = self.map_or(Ok(0), |func| func.record_in(store))?;
        Ok((record as u64).into())
    }

    fn from_raw(raw: RawValue, store: StoreId) -> Self {
        Func::from_raw(raw.u64(), store)
    }
}

impl sealed::Sealed for Option<ExternRef> {}
impl WasmTy for Option<ExternRef> {
    fn val_type() -> ValType {
        ValType::Ref(RefType::EXTERNREF)
    }

    fn into_raw(self, store: StoreId) -> Result<RawValue> {
        Ok(Val::ExternRef(self).to_raw(&Self::val_type(), store)?)
    }

    fn from_raw(raw: RawValue, store: StoreId) -> Self {
        ExternRef::from_raw(raw.u64(), store)
    }
}

impl sealed::Sealed for Option<ExnRef> {}
impl WasmTy for Option<ExnRef> {
    fn val_type() -> ValType {
        ValType::Ref(value::EXNREF)
    }

    fn into_raw(self, store: StoreId) -> Result<RawValue> {
        Ok(Val::ExnRef(self).to_raw(&Self::val_type(), store)?)
    }

    fn from_raw(raw: RawValue, store: StoreId) -> Self {
        ExnRef::from_raw(raw.u64(), store)
    }
}

/// Parameters or results: `()`, one [`WasmTy`], or a tuple of up to twelve.
/// Nothing else can implement it:
///
/// ```compile_fail,E0277
/// use precast_loader::{ValType, WasmValues};
/// struct Many;
/// impl WasmValues for Many {
///     fn val_types() -> Vec<ValType> {
///         vec![ValType::I32; 100]
///     }
/// #   fn store(self, _: &mut [precast_loader::RawValue], _: u64) -> precast_loader::Result<()> {
/// #       Ok(())
/// #   }
/// #   fn load(_: &[precast_loader::RawValue], _: u64) -> Self {
/// #       Many
/// #   }
/// }
/// ```
pub trait WasmValues: Sized + sealed::Values {
    /// Their WebAssembly types.
    fn val_types() -> Vec<ValType>;
    #[doc(hidden)]
    fn store(self, slots: &mut [RawValue], store: StoreId) -> Result<()>;
    #[doc(hidden)]
    fn load(slots: &[RawValue], store: StoreId) -> Self;
}

/// Slots that are enough for any [`WasmValues`].
const MOST_VALUES: usize = 12;

impl<V: WasmTy> WasmValues for V {
    fn val_types() -> Vec<ValType> {
        vec![V::val_type()]
    }

    fn store(self, slots: &mut [RawValue], store: StoreId) -> Result<()> {
        slots[0] = self.into_raw(store)?;
        Ok(())
    }

    fn load(slots: &[RawValue], store: StoreId) -> Self {
        V::from_raw(slots[0], store)
    }
}

/// What a host closure may return: values, or a [`Result`] of them with any
/// error that can be boxed.
pub trait WasmReturn {
    /// The values.
    type Values: WasmValues;
    #[doc(hidden)]
    fn into_values(self) -> Result<Self::Values>;
}

impl<V: WasmValues> WasmReturn for V {
    type Values = V;

    fn into_values(self) -> Result<V> {
        Ok(self)
    }
}

impl<V, E> WasmReturn for std::result::Result<V, E>
where
    V: WasmValues,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Values = V;

    fn into_values(self) -> Result<V> {
        self.map_err(Error::host)
    }
}

/// A host closure with its types erased, but for that of the store's data.
pub struct HostClosure<T>(pub(crate) HostFunc, PhantomData<fn(T)>);

/// A closure that can be a host function: up to twelve [`WasmTy`] parameters,
/// a [`Caller`] before them or not, and a [`WasmReturn`]. Nothing else can
/// implement it, and a closure for stores of one data type serves no others:
///
/// ```compile_fail,E0631
/// use precast_loader::{Caller, Func, Store};
/// let mut store = Store::new(String::new());
/// Func::wrap(&mut store, |mut caller: Caller<'_, u64>| *caller.data_mut() = 1);
/// ```
///
/// ```compile_fail,E0277
/// use precast_loader::{HostClosure, IntoFunc};
/// struct Foreign;
/// impl IntoFunc<u32, (), ()> for Foreign {
///     fn into_func(self) -> HostClosure<u32> {
///         unimplemented!()
///     }
/// }
/// ```
pub trait IntoFunc<T, Params, Return>:
    Send + Sync + 'static + sealed::Closure<T, Params, Return>
{
    #[doc(hidden)]
    fn into_func(self) -> HostClosure<T>;
}

fn func_type<R: WasmReturn>(params: Vec<ValType>) -> FuncType {
    FuncType { params, results: R::Values::val_types() }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: WasmTy),*> sealed::Values for ($($name,)*) {}

        impl<$($name: WasmTy),*> WasmValues for ($($name,)*) {
            fn val_types() -> Vec<ValType> {
                vec![$($name::val_type()),*]
            }

            #[allow(non_snake_case, unused)]
            fn store(self, slots: &mut [RawValue], store: StoreId) -> Result<()> {
                let ($($name,)*) = self;
                let mut slots = slots.iter_mut();
                $(*slots.next().expect("enough slots") = $name.into_raw(store)?;)*
                Ok(())
            }

            #[allow(unused, clippy::unused_unit)]
            fn load(slots: &[RawValue], store: StoreId) -> Self {
                let mut slots = slots.iter();
                ($($name::from_raw(*slots.next().expect("enough slots"), store),)*)
            }
        }

        impl<T, F, R, $($name),*> sealed::Closure<T, ($($name,)*), R> for F
        where
            F: Fn($($name),*) -> R,
            $($name: WasmTy,)*
        {
        }

        impl<T, F, R, $($name),*> sealed::Closure<T, (Caller<'_, T>, $($name,)*), R> for F
        where
            F: Fn(Caller<'_, T>, $($name),*) -> R,
            $($name: WasmTy,)*
        {
        }

        impl<T, F, R, $($name),*> IntoFunc<T, ($($name,)*), R> for F
        where
            T: 'static,
            F: Fn($($name),*) -> R + Send + Sync + 'static,
            R: WasmReturn,
            $($name: WasmTy,)*
        {
            #[allow(non_snake_case)]
            fn into_func(self) -> HostClosure<T> {
                IntoFunc::<T, (Caller<'_, T>, $($name,)*), R>::into_func(
                    move |_: Caller<'_, T>, $($name: $name),*| self($($name),*)
                )
            }
        }

        impl<T, F, R, $($name),*> IntoFunc<T, (Caller<'_, T>, $($name,)*), R> for F
        where
            T: 'static,
            F: Fn(Caller<'_, T>, $($name),*) -> R + Send + Sync + 'static,
            R: WasmReturn,
            $($name: WasmTy,)*
        {
            #[allow(non_snake_case)]
            fn into_func(self) -> HostClosure<T> {
                let ty = func_type::<R>(vec![$($name::val_type()),*]);
                let func = func::raw(ty, move |caller: &mut Caller<'_, T>, slots| {
                    let store = caller.as_store().core().id;
                    let ($($name,)*) = <($($name,)*)>::load(slots, store);
                    let values = self(caller.by_ref(), $($name),*).into_values()?;
                    values.store(slots, store)
                });
                HostClosure(func.expect("Rust types refer to no concrete types"), PhantomData)
            }
        }
    };
}

tuples!();
tuples!(A1);
tuples!(A1 A2);
tuples!(A1 A2 A3);
tuples!(A1 A2 A3 A4);
tuples!(A1 A2 A3 A4 A5);
tuples!(A1 A2 A3 A4 A5 A6);
tuples!(A1 A2 A3 A4 A5 A6 A7);
tuples!(A1 A2 A3 A4 A5 A6 A7 A8);
tuples!(A1 A2 A3 A4 A5 A6 A7 A8 A9);
tuples!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10);
tuples!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11);
tuples!(A1 A2 A3 A4 A5 A6 A7 A8 A9 A10 A11 A12);

/// A function whose type is known to Rust: its calls check and allocate
/// nothing.
pub struct TypedFunc<P, R> {
    store: StoreId,
    func: Func,
    callee: Callee,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Clone for TypedFunc<P, R> {
    fn clone(&self) -> Self {
        Self { callee: self.callee.clone(), types: PhantomData, ..*self }
    }
}

impl<P: WasmValues, R: WasmValues> TypedFunc<P, R> {
    /// The function without its Rust types.
    pub fn func(&self) -> Func {
        self.func
    }

    /// Calls the function. The thread's alternate signal stack is looked at in
    /// its first call only: a host that replaces or disables it says so by
    /// [`recheck_signal_stack`](crate::recheck_signal_stack).
    ///
    /// # Errors
    ///
    /// A trap, or the error of a host function that was called.
    pub fn call(&self, store: &mut impl AsStore, params: P) -> Result<R> {
        let mut access = store.as_store_mut();
        access.core().owns(self.store)?;
        let mut slots = [RawValue::default(); MOST_VALUES];
        params.store(&mut slots, self.store)?;
        // SAFETY: the store is the function's, and the slots are enough for
        // any type that `P` and `R` can be.
        unsafe { self.callee.call(&mut access, &mut slots)? };
        Ok(R::load(&slots, self.store))
    }
}

impl Func {
    /// Makes a function from a closure.
    ///
    /// ```
    /// use precast_loader::{Func, Store};
    /// let mut store = Store::new(());
    /// let add = Func::wrap(&mut store, |a: i32, b: i32| a.wrapping_add(b));
    /// let add = add.typed::<(i32, i32), i32>(&store)?;
    /// assert_eq!(add.call(&mut store, (2, 3))?, 5);
    /// # Ok::<(), precast_loader::Error>(())
    /// ```
    pub fn wrap<T: 'static, P, R>(
        store: &mut impl AsStore<Data = T>,
        f: impl IntoFunc<T, P, R>,
    ) -> Self {
        Self::from_host(store.as_store_mut().core(), Arc::new(f.into_func().0))
    }

    /// The function with Rust types.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] when they are not the function's types.
    pub fn typed<P: WasmValues, R: WasmValues>(
        &self,
        store: &impl AsStore,
    ) -> Result<TypedFunc<P, R>> {
        let core = store.as_store().core();
        let ty = types::get(self.type_in(core.id)?);
        let given = FuncType { params: P::val_types(), results: R::val_types() };
        let all = |subs: &[ValType], sups: &[ValType]| {
            subs.len() == sups.len() && subs.iter().zip(sups).all(|(a, b)| matching::value(a, b))
        };
        if !all(&given.params, &ty.params) || !all(&ty.results, &given.results) {
            return Err(Error::usage(format!("the function's type is {ty}, not {given}")));
        }
        let callee = Callee::find(core, *self)?;
        Ok(TypedFunc { store: core.id, func: *self, callee, types: PhantomData })
    }
}
