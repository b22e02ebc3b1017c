//! Artifacts whose imports are linked, once for many instances.

use crate::api::instance::Instance;
use crate::artifact::open::Artifact;
use crate::error::Result;
use crate::link::imports::Provided;
use crate::link::instantiate::{self, Imports};
use crate::store::access::{AsStore, StoreMut};
use precast_artifact::index::InstanceId;
use std::marker::PhantomData;
use std::sync::Arc;

/// An artifact whose imports are found and compared, from which instances are made
/// in stores with data of type `T`; see
/// [`Linker::instantiate_pre`](crate::Linker::instantiate_pre). Clones share
/// everything, and may be used on different threads.
pub struct InstancePre<T> {
    artifact: Artifact,
    imports: Arc<Imports>,
    /// Whether there are items of a store among them.
    has_items: bool,
    data: PhantomData<fn(T) -> T>,
}

impl<T> InstancePre<T> {
    /// With imports that were [found](instantiate::resolve) for it.
    pub(super) fn new(artifact: Artifact, imports: Imports) -> Result<Self> {
        if imports.is_empty() {
            return Err(instantiate::is_component());
        }
        let is_item = |found: &Provided| matches!(found, Provided::Item(_));
        let has_items = imports.iter().flatten().flatten().any(is_item);
        Ok(Self { artifact, imports: Arc::new(imports), has_items, data: PhantomData })
    }

    /// Makes an instance, as [`Linker::instantiate`](crate::Linker::instantiate)
    /// does.
    ///
    /// # Errors
    ///
    /// As there; [`Error::Link`](crate::Error::Link) only for items of a store.
    pub fn instantiate(&self, store: &mut impl AsStore<Data = T>) -> Result<Instance> {
        let mut access = store.as_store_mut();
        let index = self.make(&mut access)?;
        Ok(Instance { store: access.core().id, index })
    }

    /// The artifact.
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// Makes its instances, and runs their start functions; the last.
    pub(super) fn make(&self, access: &mut StoreMut<'_, T>) -> Result<InstanceId> {
        let image = self.artifact.image();
        if self.has_items {
            instantiate::check_items(access.core(), image, &self.imports)?;
        }
        instantiate::instantiate(access, image, &self.imports)
    }

    /// Whether there are items of a store among the imports.
    pub(super) fn has_items(&self) -> bool {
        self.has_items
    }

    /// The imports, of each instance.
    pub(super) fn imports(&self) -> &Imports {
        &self.imports
    }
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> Self {
        let (artifact, imports) = (self.artifact.clone(), self.imports.clone());
        Self { artifact, imports, has_items: self.has_items, data: PhantomData }
    }
}

impl<T> std::fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InstancePre").field("artifact", &self.artifact).finish_non_exhaustive()
    }
}
