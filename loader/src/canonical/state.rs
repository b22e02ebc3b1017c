//! What a store keeps of an instance of a component, beside its core instances.

use crate::api::typed::TypedFunc;
use crate::canonical::handles::{HandleError, Handles};
use crate::canonical::known::ResourceMark;
use crate::canonical::shape::Types;
use crate::canonical::value::Resource;
use crate::error::{Error, Result};
use crate::store::contents::StoreCore;
use crate::trap::Trap;
use crate::vm::handle::{Func, Global, Memory};
use precast_artifact::component::ResourceTableType;
use precast_artifact::index::{
    ComponentId, ComponentInstanceIndex, InstanceId, ResourceIndex, ResourceTableIndex,
};
use precast_artifact::trap::TrapCode;
use std::any::TypeId;
use std::sync::Arc;

/// A component's function that gives room: old address, old size, alignment and
/// new size to the new address.
pub(crate) type Realloc = TypedFunc<(u32, u32, u32, u32), u32>;

/// An instance of a component.
pub(crate) struct ComponentState {
    pub(crate) types: Arc<Types>,
    pub(crate) status: Status,
    pub(crate) handles: Handles,
    /// What the host holds.
    pub(crate) held: HeldResources,
    /// Of each component instance, whether it may be left: see
    /// [`CoreItem::Flags`](precast_artifact::component::CoreItem::Flags).
    pub(crate) flags: Vec<Global>,
    pub(crate) resources: Vec<ResourceState>,
    /// Rust types that stand for resource types which the component defines.
    pub(crate) marks: Vec<ResourceMark>,
    /// Indices in the store of the core instances.
    pub(crate) core_instances: Vec<InstanceId>,
    pub(crate) memories: Vec<Memory>,
    pub(crate) reallocs: Vec<Realloc>,
    pub(crate) post_returns: Vec<Func>,
}

/// Whether it can be entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    /// It waits for calls.
    Ready,
    /// It is being made, or called: it cannot be entered again.
    Running,
    /// It trapped, and is in a state that nobody intended.
    Poisoned,
}

/// Identity of a resource type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub(crate) enum ResourceType {
    /// The host's, which is of this type in Rust.
    Host(TypeId),
    /// Defined by a component that was instantiated at this index.
    Guest(ComponentId, ResourceIndex),
}

/// A resource type of a component.
#[derive(Debug)]
pub(crate) struct ResourceState {
    pub(crate) ty: ResourceType,
    /// The first of the component's resource types that is the same, which
    /// handles are of.
    pub(crate) canonical: ResourceIndex,
    /// The instance that defines it, unless it is imported.
    pub(crate) owner: Option<ComponentInstanceIndex>,
    /// Called with the representation of what is dropped.
    pub(crate) destructor: Option<Func>,
}

/// Resources that the host holds.
#[derive(Debug, Default)]
pub(crate) struct HeldResources {
    slots: Vec<(u32, Option<HeldResource>)>,
    free: Vec<u32>,
    /// Slots of what is borrowed, the outermost call's first.
    borrowed: Vec<u32>,
}

/// A resource that the host holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeldResource {
    pub(crate) resource: ResourceIndex,
    pub(crate) rep: u32,
    /// It is the host's own; else it was lent for a call.
    pub(crate) own: bool,
}

impl ComponentState {
    /// The component of this number in the store.
    pub(crate) fn of(core: &mut StoreCore, index: ComponentId) -> &mut Self {
        let state = core.components[index.index()].downcast_mut();
        state.expect("only components are kept here")
    }

    /// As [`ComponentState::of`].
    pub(crate) fn peek(core: &StoreCore, index: ComponentId) -> &Self {
        let state = core.components[index.index()].downcast_ref();
        state.expect("only components are kept here")
    }

    /// What handles of a table stand for, and whose they are.
    ///
    /// # Errors
    ///
    /// The table stands in a type only.
    pub(crate) fn table(
        &self,
        table: ResourceTableIndex,
    ) -> Result<(ResourceIndex, ComponentInstanceIndex)> {
        let types = &self.types.component().types;
        match types.resource_tables.get(table.index()) {
            Some(&ResourceTableType::Concrete { resource, instance }) => {
                Ok((self.resources[resource.index()].canonical, instance))
            }
            _ => Err(Error::usage("a resource type that no instance has handles of")),
        }
    }

    /// The resource type that handles of this type in Rust are of.
    pub(crate) fn host_resource(&self, ty: TypeId) -> Option<ResourceIndex> {
        let found = self.resources.iter().find(|found| found.ty == ResourceType::Host(ty));
        found.map(|found| found.canonical)
    }
}

impl HeldResources {
    /// Keeps a resource; its slot and generation.
    pub(crate) fn insert(&mut self, held: HeldResource) -> (u32, u32) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push((0, None));
            self.slots.len() as u32 - 1
        });
        if !held.own {
            self.borrowed.push(slot);
        }
        let place = &mut self.slots[slot as usize];
        place.1 = Some(held);
        (slot, place.0)
    }

    /// Notes what is borrowed before a call.
    pub(crate) fn mark(&self) -> usize {
        self.borrowed.len()
    }

    /// Gives back what was borrowed since a call began.
    pub(crate) fn release(&mut self, mark: usize) {
        let since = self.borrowed.split_off(mark.min(self.borrowed.len()));
        since.into_iter().for_each(|slot| self.remove(slot));
    }

    /// What is held, unless it was given away or dropped.
    pub(crate) fn get(&self, resource: Resource) -> Option<HeldResource> {
        let (generation, held) = self.slots.get(resource.slot as usize)?;
        held.filter(|_| *generation == resource.generation)
    }

    /// Takes out what is held.
    pub(crate) fn take(&mut self, resource: Resource) -> Option<HeldResource> {
        let held = self.get(resource)?;
        self.remove(resource.slot);
        Some(held)
    }

    fn remove(&mut self, slot: u32) {
        let place = &mut self.slots[slot as usize];
        *place = (place.0.wrapping_add(1), None);
        self.free.push(slot);
    }

    /// The resource types of all that the host holds as its own.
    pub(crate) fn left(&self) -> impl Iterator<Item = ResourceIndex> {
        let held = self.slots.iter().filter_map(|(_, held)| held.as_ref());
        held.filter(|held| held.own).map(|held| held.resource)
    }
}

impl From<HandleError> for Error {
    fn from(error: HandleError) -> Self {
        Self::Trap(Trap::because(TrapCode::InvalidHandle, error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::handle::StoreId;

    #[test]
    fn a_resource_is_given_away_once() {
        let mut held = HeldResources::default();
        let one = HeldResource { resource: ResourceIndex::new(1), rep: 7, own: true };
        let resource = |(slot, generation)| Resource {
            store: StoreId(1),
            component: ComponentId::new(0),
            slot,
            generation,
        };
        let first = resource(held.insert(one));
        assert_eq!(held.get(first).map(|held| held.rep), Some(7));
        assert_eq!(held.left().count(), 1);
        assert!(held.take(first).is_some());
        assert!(held.take(first).is_none());
        let second = resource(held.insert(HeldResource { own: false, ..one }));
        assert_eq!(second.slot, first.slot);
        assert!(held.get(first).is_none());
        assert!(held.get(second).is_some());
        assert_eq!(held.left().count(), 0);
        held.release(0);
        assert!(held.get(second).is_none());
    }
}
