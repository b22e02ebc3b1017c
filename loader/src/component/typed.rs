//! Exported functions with Rust types.

use super::call::{ComponentFunc, ComponentInstance};
use super::entry::Entry;
use super::opened::ExportPath;
use crate::canonical::containers::ComponentTypeList;
use crate::canonical::known::Known;
use crate::canonical::pass;
use crate::canonical::state::{ComponentState, ResourceType};
use crate::canonical::typed::{Lift, Lower};
use crate::error::{Error, Result};
use crate::store::access::AsStore;
use crate::vm::handle::StoreId;
use std::any::TypeId;
use std::marker::PhantomData;

/// An exported function whose type was compared with Rust types: `P` its
/// parameters as a tuple, `R` its result as a tuple of one, or `()`. Values pass
/// without a form between them. A handle.
pub struct TypedComponentFunc<P, R> {
    store: StoreId,
    func: ComponentFunc,
    entry: Entry,
    types: PhantomData<fn(P) -> R>,
}

impl<P, R> Clone for TypedComponentFunc<P, R> {
    fn clone(&self) -> Self {
        Self { entry: self.entry.clone(), types: PhantomData, ..*self }
    }
}

impl ComponentInstance {
    /// The exported function at the end of a path, with Rust types.
    ///
    /// ```no_run
    /// # use precast_loader::component::ComponentInstance;
    /// # fn f(mut store: precast_loader::Store<()>, instance: ComponentInstance) -> precast_loader::Result<()> {
    /// let greet = instance.get_typed_func::<(&str,), (String,)>(&mut store, "greet")?;
    /// let (greeting,) = greet.call(&mut store, ("Ada",))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ComponentInstance::get_func`]; [`Error::Usage`] that says what
    /// differs between the types.
    pub fn get_typed_func<P: ComponentTypeList, R: ComponentTypeList>(
        &self,
        store: &mut impl AsStore,
        path: impl ExportPath,
    ) -> Result<TypedComponentFunc<P, R>> {
        let func = self.get_func(store, path)?;
        func.typed(store)
    }
}

impl ComponentFunc {
    /// The function with Rust types.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] that says what differs between the types; the function
    /// is of another store.
    pub fn typed<P: ComponentTypeList, R: ComponentTypeList>(
        &self,
        store: &mut impl AsStore,
    ) -> Result<TypedComponentFunc<P, R>> {
        let (id, component, item) = self.place();
        let mut access = store.as_store_mut();
        access.core().owns(id)?;
        let mut access = access.erased();
        let entry = Entry::new(&mut access, component, item)?;
        let state = ComponentState::of(access.core(), component);
        let resources: Vec<Option<TypeId>> = state
            .resources
            .iter()
            .filter(|resource| resource.owner.is_none())
            .map(|resource| match resource.ty {
                ResourceType::Host(ty) => Some(ty),
                ResourceType::Guest(..) => None,
            })
            .collect();
        let holder = entry.options().instance;
        let known = Known::exports(&state.types, &resources, holder, state.marks.clone());
        let ty = &state.types.component().types.functions[entry.ty().index()];
        pass::check_function::<P, R>(&known, ty)
            .map_err(|why| Error::usage(format!("a function of another type: {why}")))?;
        state.marks = known.into_marks();
        Ok(TypedComponentFunc { store: id, func: *self, entry, types: PhantomData })
    }
}

impl<P, R> TypedComponentFunc<P, R> {
    /// Its store, and the way in.
    pub(super) fn way(&self) -> (StoreId, Entry) {
        (self.store, self.entry.clone())
    }

    /// The function without its Rust types.
    pub fn func(&self) -> ComponentFunc {
        self.func
    }

    /// Calls the function. The thread's alternate signal stack is looked at in
    /// its first call only, as by [`TypedFunc::call`](crate::TypedFunc::call).
    ///
    /// # Errors
    ///
    /// As [`ComponentFunc::call`].
    pub fn call(&self, store: &mut impl AsStore, params: P) -> Result<R>
    where
        P: Lower,
        R: Lift,
    {
        self.call_with(store, &params)
    }

    /// Calls the function with parameters that are laid out as its own: with
    /// references where it has values. Others reach it as what they are not.
    #[doc(hidden)]
    pub fn call_with<Q: Lower>(&self, store: &mut impl AsStore, params: &Q) -> Result<R>
    where
        R: Lift,
    {
        let mut access = store.as_store_mut();
        access.core().owns(self.store)?;
        self.entry.call(
            &mut access.erased(),
            |canon, slots| pass::lower_params(canon, params, slots),
            |canon, slots| pass::lift_result(canon, slots),
        )
    }
}
