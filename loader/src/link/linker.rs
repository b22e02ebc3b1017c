//! Linkers: names for what guests may import.
//!
//! # Safety
//!
//! Nothing unsafe happens here; who defines a function that leaves slots as it
//! likes answers for them.
#![allow(unsafe_code)]

use crate::api::caller::Caller;
use crate::api::externs::Extern;
use crate::api::func;
use crate::api::future;
use crate::api::instance::Instance;
use crate::api::typed::IntoFunc;
use crate::artifact::info::ExternType;
use crate::artifact::open::Artifact;
use crate::error::{Error, Result, UnknownImport};
use crate::link::imports::Provided;
use crate::link::instantiate;
use crate::link::prepared::InstancePre;
use crate::store::access::AsStore;
use crate::store::host::HostFunc;
use crate::vm::raw::RawValue;
use crate::vm::types::FuncType;
use crate::vm::value::Val;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::Poll;

/// Collects what guests may import, by module and name, and makes instances.
///
/// Host functions that are defined here belong to no store, so one linker can
/// serve many stores, on many threads. A later definition replaces an earlier
/// one of the same name.
///
/// ```no_run
/// use precast_loader::{Artifact, Caller, Linker, Store};
///
/// # fn main() -> precast_loader::Result<()> {
/// let artifact = Artifact::open_owned("plugin.cwasm")?;
/// let mut linker = Linker::new();
/// linker.func_wrap("host", "count", |mut caller: Caller<'_, u32>, by: u32| {
///     *caller.data_mut() += by;
/// });
/// let mut store = Store::new(0);
/// let instance = linker.instantiate(&mut store, &artifact)?;
/// let run = instance.get_typed_func::<(), ()>(&store, "run")?;
/// run.call(&mut store, ())?;
/// println!("counted {}", store.data());
/// # Ok(())
/// # }
/// ```
pub struct Linker<T> {
    modules: HashMap<String, HashMap<String, Provided>>,
    data: PhantomData<fn(T) -> T>,
}

impl<T> Default for Linker<T> {
    fn default() -> Self {
        Self { modules: HashMap::new(), data: PhantomData }
    }
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Self {
        Self { modules: self.modules.clone(), data: PhantomData }
    }
}

impl<T: 'static> Linker<T> {
    /// A linker that provides nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines a function by a closure with Rust types; see [`IntoFunc`].
    pub fn func_wrap<P, R>(
        &mut self,
        module: &str,
        name: &str,
        f: impl IntoFunc<T, P, R>,
    ) -> &mut Self {
        self.define_host(module, name, f.into_func().0)
    }

    /// Defines a function by a closure that takes [`Val`]s; see
    /// [`Func::new`](crate::Func::new).
    ///
    /// # Errors
    ///
    /// As [`Func::new`](crate::Func::new).
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        Ok(self.define_host(module, name, func::untyped(ty, f)?))
    }

    /// Defines a function by a closure that takes slots; see
    /// [`Func::new_raw`](crate::Func::new_raw).
    ///
    /// # Errors
    ///
    /// As [`Func::new`](crate::Func::new).
    ///
    /// # Safety
    ///
    /// As for [`Func::new_raw`](crate::Func::new_raw).
    pub unsafe fn func_raw(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        f: impl Fn(&mut Caller<'_, T>, &mut [RawValue]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        Ok(self.define_host(module, name, func::raw(ty, f)?))
    }

    /// Defines a function that may be pending; see
    /// [`Func::new_pending`](crate::Func::new_pending).
    ///
    /// # Errors
    ///
    /// As [`Func::new`](crate::Func::new).
    pub fn func_pending(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<Poll<()>> + Send + Sync + 'static,
    ) -> Result<&mut Self> {
        Ok(self.define_host(module, name, func::pending(ty, f)?))
    }

    /// Defines a function whose results a future gives; guests wait for it in
    /// calls that [`Func::call_async`](crate::Func::call_async) made. The future
    /// takes with it what it needs of the caller.
    ///
    /// ```
    /// # use precast_loader::{FuncType, Linker, ValType, Val};
    /// let mut linker = Linker::<()>::new();
    /// let ty = FuncType { params: vec![ValType::I32], results: vec![ValType::I32] };
    /// linker.func_async("host", "double", ty, |_caller, params| {
    ///     let x = params[0].i32().unwrap_or(0);
    ///     async move { Ok(vec![Val::I32(x.wrapping_mul(2))]) }
    /// })?;
    /// # Ok::<(), precast_loader::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Func::new`](crate::Func::new).
    pub fn func_async<F>(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        f: impl Fn(Caller<'_, T>, &[Val]) -> F + Send + Sync + 'static,
    ) -> Result<&mut Self>
    where
        F: Future<Output = Result<Vec<Val>>> + Send + 'static,
    {
        Ok(self.define_host(module, name, future::awaited(ty, f)?))
    }

    /// Defines an item of a store. Instances can then be made in that store
    /// only, if they import it.
    pub fn define(&mut self, module: &str, name: &str, item: impl Into<Extern>) -> &mut Self {
        self.insert(module, name, Provided::Item(item.into()))
    }

    /// Defines all exports of an instance under the name `module`.
    ///
    /// # Panics
    ///
    /// If the instance is of another store.
    pub fn instance(
        &mut self,
        store: &impl AsStore<Data = T>,
        module: &str,
        instance: Instance,
    ) -> &mut Self {
        for (name, item) in instance.exports(store) {
            self.define(module, name, item);
        }
        self
    }

    /// Defines every function that `artifact` imports and that is not defined
    /// yet, as one that fails with an [`UnknownImport`] when it is called.
    pub fn define_unknown_functions(&mut self, artifact: &Artifact) -> &mut Self {
        for (unknown, ty) in self.unknown_functions(artifact) {
            let UnknownImport { module, name } = unknown.clone();
            let fail =
                move |_: &mut Caller<'_, T>, _: &mut [RawValue]| Err(Error::host(unknown.clone()));
            let func = func::raw(ty, fail).expect("an artifact's types are known");
            self.define_host(&module, &name, func);
        }
        self
    }

    /// Defines every function that `artifact` imports and that is not defined
    /// yet, as one that does nothing and gives zeros and null references. One
    /// whose results cannot be null fails instead, as with
    /// [`Linker::define_unknown_functions`].
    pub fn define_unknown_as_zero(&mut self, artifact: &Artifact) -> &mut Self {
        for (UnknownImport { module, name }, ty) in self.unknown_functions(artifact) {
            if ty.results.iter().all(|ty| Val::default_for(ty).is_some()) {
                let give = |_: &mut Caller<'_, T>, slots: &mut [RawValue]| {
                    slots.fill(RawValue::default());
                    Ok(())
                };
                let func = func::raw(ty, give).expect("an artifact's types are known");
                self.define_host(&module, &name, func);
            }
        }
        self.define_unknown_functions(artifact)
    }

    /// The functions that an artifact imports and that are not defined.
    fn unknown_functions(&self, artifact: &Artifact) -> Vec<(UnknownImport, FuncType)> {
        let imports = artifact.imports().into_iter();
        let unknown = imports.filter(|i| self.get(&i.module, &i.name).is_none());
        let functions = unknown.filter_map(|import| {
            let ExternType::Func(ty) = import.ty else { return None };
            let (module, name) = (import.module.to_string(), import.name.to_string());
            Some((UnknownImport { module, name }, ty))
        });
        functions.collect()
    }

    /// Makes an instance of an artifact: links its imports, initialises
    /// memories, tables and globals, and calls its start function. An artifact
    /// that holds several instances has all of them made; the last is
    /// returned.
    ///
    /// # Errors
    ///
    /// [`Error::Link`] with every import that is not satisfied;
    /// [`Error::Limit`]; traps and errors of the initialisation. After a trap,
    /// what was written to imported memories and tables stays.
    pub fn instantiate(
        &self,
        store: &mut impl AsStore<Data = T>,
        artifact: &Artifact,
    ) -> Result<Instance> {
        let mut access = store.as_store_mut();
        let provide = |module: &str, name: &str| self.get(module, name);
        let imports = instantiate::resolve(Some(access.core()), artifact.image(), &provide)?;
        let index = instantiate::instantiate(&mut access, artifact.image(), &imports)?;
        Ok(Instance { store: access.core().id, index })
    }

    /// Links the imports of an artifact once, for any number of instances. What is
    /// defined here later is not seen by them.
    ///
    /// # Errors
    ///
    /// [`Error::Link`] with every import that is not satisfied. Items of a store
    /// are compared when an instance is made in one.
    pub fn instantiate_pre(&self, artifact: &Artifact) -> Result<InstancePre<T>> {
        let provide = |module: &str, name: &str| self.get(module, name);
        let imports = instantiate::resolve(None, artifact.image(), &provide)?;
        InstancePre::new(artifact.clone(), imports)
    }

    fn get(&self, module: &str, name: &str) -> Option<&Provided> {
        self.modules.get(module)?.get(name)
    }

    pub(crate) fn define_host(&mut self, module: &str, name: &str, func: HostFunc) -> &mut Self {
        self.insert(module, name, Provided::Host(Arc::new(func)))
    }

    fn insert(&mut self, module: &str, name: &str, provided: Provided) -> &mut Self {
        if !self.modules.contains_key(module) {
            self.modules.insert(module.to_owned(), HashMap::new());
        }
        let names = self.modules.get_mut(module).expect("inserted above");
        names.insert(name.to_owned(), provided);
        self
    }
}

impl<T> std::fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Linker").field("modules", &self.modules).finish()
    }
}
