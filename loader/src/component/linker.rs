//! Names for what components may import.

use super::function::{Dynamic, HostFunction, TypedHost};
use super::waiting::AwaitedHost;
use crate::api::caller::Caller;
use crate::artifact::open::Artifact;
use crate::canonical::containers::ComponentTypeList;
use crate::canonical::typed::{Lift, Lower};
use crate::canonical::value::Value;
use crate::error::Result;
use crate::store::access::StoreMut;
use precast_artifact::component::{ComponentImport, VersionedName};
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

/// Collects what components may import, and makes instances of them.
///
/// Something is defined under the names that lead to it: that of the import,
/// then those inside of instances. An import is satisfied by what has exactly
/// its name, or else by a compatible version of it: of `a:b/c@0.2.1` any
/// `a:b/c@0.2.x`, of `a:b/c@1.4.0` any `a:b/c@1.x.y`. Prereleases are satisfied
/// by themselves only.
///
/// Nothing here belongs to a store, so one linker can serve many.
pub struct ComponentLinker<T> {
    root: Names<T>,
    /// Of each track, the name of its highest version.
    tracks: HashMap<String, VersionedName>,
    versions: HashMap<String, String>,
}

/// Names and what they stand for.
type Names<T> = HashMap<String, ComponentDefinition<T>>;

/// What a name stands for.
pub(crate) enum ComponentDefinition<T> {
    /// A function.
    Function(Arc<dyn HostFunction<T>>),
    /// A resource type of the host.
    Resource(HostResource<T>),
    /// A core module.
    Module(Artifact),
    /// An instance.
    Instance(Names<T>),
}

/// A resource type of the host.
pub(crate) struct HostResource<T> {
    /// The Rust type that it is of.
    pub(crate) ty: TypeId,
    /// Drops what is of this representation.
    pub(crate) drop: Arc<Destructor<T>>,
}

/// Drops the resource of a representation.
pub(crate) type Destructor<T> = dyn Fn(StoreMut<'_, T>, u32) -> Result<()> + Send + Sync;

impl<T> Default for ComponentLinker<T> {
    fn default() -> Self {
        Self { root: HashMap::new(), tracks: HashMap::new(), versions: HashMap::new() }
    }
}

impl<T: 'static> ComponentLinker<T> {
    /// A linker that provides nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Defines a function by a closure that takes and gives [`Value`]s. It is of
    /// whatever type a component imports it with, and answers for that.
    ///
    /// # Panics
    ///
    /// If there are no names, or one leads through something that is no
    /// instance.
    pub fn func_new(
        &mut self,
        path: &[&str],
        f: impl Fn(Caller<'_, T>, &[Value]) -> Result<Option<Value>> + Send + Sync + 'static,
    ) -> &mut Self {
        self.define(path, ComponentDefinition::Function(Arc::new(Dynamic(f))))
    }

    /// Defines a function by a closure of Rust types: it takes the parameters as
    /// a tuple and gives the result as a tuple of one, or `()`. A component that
    /// means another type is not linked.
    ///
    /// ```
    /// use precast_loader::component::ComponentLinker;
    /// let mut linker = ComponentLinker::<Vec<String>>::new();
    /// linker.func_wrap(&["host:log/log@1.0.0", "write"], |mut caller, (line,): (String,)| {
    ///     caller.data_mut().push(line);
    ///     Ok(())
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ComponentLinker::func_new`].
    pub fn func_wrap<P, R>(
        &mut self,
        path: &[&str],
        f: impl Fn(Caller<'_, T>, P) -> Result<R> + Send + Sync + 'static,
    ) -> &mut Self
    where
        P: ComponentTypeList + Lift + 'static,
        R: ComponentTypeList + Lower + 'static,
    {
        let function = TypedHost::<_, P, R>::new(f);
        self.define(path, ComponentDefinition::Function(Arc::new(function)))
    }

    /// As [`ComponentLinker::func_wrap`], of a function whose result a future gives.
    /// A component that calls it waits, and its thread is free for others: it must
    /// be called with [`TypedComponentFunc::call_async`]. The future keeps nothing
    /// of the store.
    ///
    /// ```
    /// use precast_loader::component::ComponentLinker;
    /// # async fn fetch(_: String) -> precast_loader::Result<Vec<u8>> { Ok(vec![]) }
    /// let mut linker = ComponentLinker::<u32>::new();
    /// linker.func_wrap_async(&["host:web/web@1.0.0", "fetch"], |mut caller, (url,): (String,)| {
    ///     *caller.data_mut() += 1;
    ///     async move { Ok((fetch(url).await?,)) }
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// As [`ComponentLinker::func_new`].
    ///
    /// [`TypedComponentFunc::call_async`]: super::TypedComponentFunc::call_async
    pub fn func_wrap_async<P, R, U>(
        &mut self,
        path: &[&str],
        f: impl Fn(Caller<'_, T>, P) -> U + Send + Sync + 'static,
    ) -> &mut Self
    where
        P: ComponentTypeList + Lift + 'static,
        R: ComponentTypeList + Lower + Send + 'static,
        U: Future<Output = Result<R>> + Send + 'static,
    {
        let function = AwaitedHost::<_, P, R, U>::new(f);
        self.define(path, ComponentDefinition::Function(Arc::new(function)))
    }

    /// Defines a resource type, of which components get handles to numbers.
    /// `R` is its identity. `drop` is given the number behind a handle that was
    /// dropped.
    ///
    /// # Panics
    ///
    /// As [`ComponentLinker::func_new`].
    pub fn resource<R: 'static>(
        &mut self,
        path: &[&str],
        drop: impl Fn(StoreMut<'_, T>, u32) -> Result<()> + Send + Sync + 'static,
    ) -> &mut Self {
        let resource = HostResource { ty: TypeId::of::<R>(), drop: Arc::new(drop) };
        self.define(path, ComponentDefinition::Resource(resource))
    }

    /// Defines a core module.
    ///
    /// # Panics
    ///
    /// As [`ComponentLinker::func_new`].
    pub fn module(&mut self, path: &[&str], artifact: Artifact) -> &mut Self {
        self.define(path, ComponentDefinition::Module(artifact))
    }

    pub(crate) fn define(
        &mut self,
        path: &[&str],
        definition: ComponentDefinition<T>,
    ) -> &mut Self {
        let (last, outer) = path.split_last().expect("something is defined under a name");
        let mut names = &mut self.root;
        for name in outer {
            let inner = names.entry((*name).to_owned());
            let inner = inner.or_insert_with(|| ComponentDefinition::Instance(HashMap::new()));
            names = match inner {
                ComponentDefinition::Instance(names) => names,
                _ => panic!("`{name}` is not an instance"),
            };
        }
        names.insert((*last).to_owned(), definition);
        self.note_version(path[0]);
        self
    }

    /// Of the versions of a track, the highest is found by the track.
    fn note_version(&mut self, name: &str) {
        let Some(versioned) = VersionedName::parse(name) else { return };
        let known = self.tracks.get(&versioned.track);
        if known.is_none_or(|known| known.version <= versioned.version) {
            self.versions.insert(versioned.track.clone(), name.to_owned());
            self.tracks.insert(versioned.track.clone(), versioned);
        }
    }

    /// The name under which an import is satisfied.
    pub(crate) fn name_for<'n>(&'n self, import: &'n ComponentImport) -> Option<&'n str> {
        if self.root.contains_key(&import.name) {
            return Some(&import.name);
        }
        let track = &import.version.as_ref()?.track;
        self.versions.get(track).map(String::as_str)
    }

    /// What stands under a name and those inside of it.
    pub(crate) fn find(&self, name: &str, path: &[String]) -> Option<&ComponentDefinition<T>> {
        path.iter().try_fold(self.root.get(name)?, |at, name| match at {
            ComponentDefinition::Instance(names) => names.get(name),
            _ => None,
        })
    }
}

impl<T> ComponentDefinition<T> {
    /// What kind of thing it is.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Function(_) => "function",
            Self::Resource(_) => "resource",
            Self::Module(_) => "core module",
            Self::Instance(_) => "instance",
        }
    }
}

impl<T> Clone for ComponentDefinition<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Function(function) => Self::Function(function.clone()),
            Self::Resource(resource) => {
                let HostResource { ty, drop } = resource;
                Self::Resource(HostResource { ty: *ty, drop: drop.clone() })
            }
            Self::Module(artifact) => Self::Module(artifact.clone()),
            Self::Instance(names) => Self::Instance(names.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_artifact::component::{ComponentVal, ItemType};

    fn import(name: &str) -> ComponentImport {
        let ty = ItemType::Value(ComponentVal::Bool);
        ComponentImport { name: name.to_owned(), version: VersionedName::parse(name), ty }
    }

    #[test]
    fn versions_of_a_track_stand_for_each_other() {
        let mut linker = ComponentLinker::<()>::new();
        for name in ["a:b/c@0.2.3", "a:b/c@0.2.1", "a:b/c@1.4.0", "a:b/c@2.0.0-rc.1"] {
            linker.func_new(&[name, "f"], |_, _| Ok(None));
        }
        let found = |name: &str| linker.name_for(&import(name)).map(str::to_owned);
        assert_eq!(found("a:b/c@0.2.1").as_deref(), Some("a:b/c@0.2.1"));
        assert_eq!(found("a:b/c@0.2.9").as_deref(), Some("a:b/c@0.2.3"));
        assert_eq!(found("a:b/c@1.0.0").as_deref(), Some("a:b/c@1.4.0"));
        assert_eq!(found("a:b/c@2.0.0-rc.1").as_deref(), Some("a:b/c@2.0.0-rc.1"));
        for none in ["a:b/c@0.3.0", "a:b/c@2.0.0", "a:b/c@2.0.0-rc.2", "a:b/c"] {
            assert_eq!(found(none), None, "{none}");
        }
        assert!(linker.find("a:b/c@0.2.3", &["f".to_owned()]).is_some());
        assert!(linker.find("a:b/c@0.2.3", &["g".to_owned()]).is_none());
    }
}
