//! Components whose imports are linked, once for many instances.

use super::call::ComponentInstance;
use super::instance::instantiate;
use super::linker::ComponentLinker;
use super::opened::Component;
use super::resolve::resolve;
use super::trampolines::Trampolines;
use crate::error::Result;
use crate::store::access::AsStore;
use precast_artifact::index::ComponentId;
use std::fmt;
use std::sync::Arc;

/// A component whose imports are found and compared, from which instances are made
/// in stores with data of type `T`; see [`ComponentLinker::instantiate_pre`].
/// Clones share everything, and may be used on different threads.
pub struct ComponentInstancePre<T> {
    component: Component,
    /// Those of the first component of a store.
    trampolines: Arc<Trampolines<T>>,
}

impl<T: 'static> ComponentLinker<T> {
    /// Finds and compares what a component imports, once for many instances, which
    /// also share what they need of the loader.
    ///
    /// ```no_run
    /// use precast_loader::component::{Component, ComponentLinker};
    /// use precast_loader::{Artifact, Store};
    ///
    /// # fn main() -> precast_loader::Result<()> {
    /// let component = Component::new(Artifact::open_owned("greeter.cwasm")?)?;
    /// let greeter = ComponentLinker::new().instantiate_pre(&component)?;
    /// for _ in 0..1000 {
    ///     let mut store = Store::new(());
    ///     let instance = greeter.instantiate(&mut store)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Link`](crate::Error::Link) with everything that is imported and not
    /// provided, or of another type.
    pub fn instantiate_pre(&self, component: &Component) -> Result<ComponentInstancePre<T>> {
        let leaves = resolve(self, component)?;
        let first = ComponentId::new(0);
        let trampolines = Arc::new(Trampolines::new(component.types(), first, leaves));
        Ok(ComponentInstancePre { component: component.clone(), trampolines })
    }

    /// Makes an instance of a component.
    ///
    /// # Errors
    ///
    /// As [`ComponentLinker::instantiate_pre`] and
    /// [`ComponentInstancePre::instantiate`].
    pub fn instantiate(
        &self,
        store: &mut impl AsStore<Data = T>,
        component: &Component,
    ) -> Result<ComponentInstance> {
        self.instantiate_pre(component)?.instantiate(store)
    }
}

impl<T: 'static> ComponentInstancePre<T> {
    /// Makes an instance.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`](crate::Error::Limit); traps and errors of the
    /// initialisation.
    pub fn instantiate(&self, store: &mut impl AsStore<Data = T>) -> Result<ComponentInstance> {
        let mut access = store.as_store_mut();
        let index = instantiate(&mut access, &self.component, &self.trampolines)?;
        Ok(ComponentInstance { store: access.core().id, index })
    }

    /// The component.
    pub fn component(&self) -> &Component {
        &self.component
    }
}

impl<T> Clone for ComponentInstancePre<T> {
    fn clone(&self) -> Self {
        Self { component: self.component.clone(), trampolines: self.trampolines.clone() }
    }
}

impl<T> fmt::Debug for ComponentInstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ComponentInstancePre")
            .field("component", &self.component)
            .finish_non_exhaustive()
    }
}
