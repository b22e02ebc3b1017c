//! Handles that pass in a call: given away, lent, and held by the host.

use crate::canonical::canon::Canon;
use crate::canonical::handles::Handles;
use crate::canonical::state::HeldResource;
use crate::canonical::value::Resource;
use crate::error::{Error, Result};
use precast_artifact::index::{ComponentInstanceIndex, ResourceIndex, ResourceTableIndex};
use std::any::TypeId;

impl Canon<'_> {
    fn handles(&mut self) -> &mut Handles {
        &mut self.state().handles
    }

    /// Takes an own handle from the component; the type and representation.
    pub(crate) fn lift_own(
        &mut self,
        table: ResourceTableIndex,
        handle: u32,
    ) -> Result<HeldResource> {
        let (resource, holder) = self.state().table(table)?;
        let rep = self.handles().take_own(holder, resource, handle)?;
        Ok(HeldResource { resource, rep, own: true })
    }

    /// Borrows what a handle stands for, for the present call.
    pub(crate) fn lift_borrow(
        &mut self,
        table: ResourceTableIndex,
        handle: u32,
    ) -> Result<HeldResource> {
        let (resource, holder) = self.state().table(table)?;
        let rep = self.handles().lend(holder, resource, handle)?;
        Ok(HeldResource { resource, rep, own: false })
    }

    /// Gives the component an own handle.
    pub(crate) fn lower_own(&mut self, table: ResourceTableIndex, rep: u32) -> Result<u32> {
        let (resource, holder) = self.state().table(table)?;
        Ok(self.handles().new_own(holder, resource, rep)?)
    }

    /// Lends a resource to the component, for the present call. Who defines its
    /// type is given the representation.
    pub(crate) fn lower_borrow(&mut self, table: ResourceTableIndex, rep: u32) -> Result<u32> {
        let (resource, holder) = self.state().table(table)?;
        self.lent(resource, holder, rep)
    }

    fn lent(
        &mut self,
        resource: ResourceIndex,
        holder: ComponentInstanceIndex,
        rep: u32,
    ) -> Result<u32> {
        let state = self.state();
        match state.resources[resource.index()].owner == Some(holder) {
            true => Ok(rep),
            false => Ok(state.handles.new_borrow(holder, resource, rep)?),
        }
    }

    /// Keeps a resource for the host.
    pub(crate) fn hold(&mut self, held: HeldResource) -> Resource {
        let (store, component) = (self.store().core().id, self.component);
        let (slot, generation) = self.state().held.insert(held);
        Resource { store, component, slot, generation }
    }

    /// Takes an own handle to a resource of the host.
    pub(crate) fn take_host(&mut self, ty: TypeId, handle: u32) -> Result<u32> {
        let (resource, holder) = self.host_type(ty)?;
        Ok(self.handles().take_own(holder, resource, handle)?)
    }

    /// Borrows a resource of the host.
    pub(crate) fn borrow_host(&mut self, ty: TypeId, handle: u32) -> Result<u32> {
        let (resource, holder) = self.host_type(ty)?;
        Ok(self.handles().lend(holder, resource, handle)?)
    }

    /// Lends the component a resource of the host, for the present call.
    pub(crate) fn lend_host(&mut self, ty: TypeId, rep: u32) -> Result<u32> {
        let (resource, holder) = self.host_type(ty)?;
        Ok(self.handles().new_borrow(holder, resource, rep)?)
    }

    /// Takes an own handle to a resource that the component defines, which this
    /// type stands for, to be held by the host.
    pub(crate) fn take_guest(&mut self, mark: TypeId, handle: u32) -> Result<Resource> {
        let (resource, holder) = self.guest_type(mark)?;
        let rep = self.handles().take_own(holder, resource, handle)?;
        Ok(self.hold(HeldResource { resource, rep, own: true }))
    }

    /// Gives back what the host holds.
    pub(crate) fn give_guest(&mut self, mark: TypeId, held: Resource) -> Result<u32> {
        let (resource, holder) = self.guest_type(mark)?;
        let rep = self.held(held, resource)?.rep;
        self.state().held.take(held);
        Ok(self.handles().new_own(holder, resource, rep)?)
    }

    /// Lends what the host holds, for the present call.
    pub(crate) fn lend_guest(&mut self, mark: TypeId, held: Resource) -> Result<u32> {
        let (resource, holder) = self.guest_type(mark)?;
        let rep = self.held(held, resource)?.rep;
        self.lent(resource, holder, rep)
    }

    /// What the host holds as its own, of this type.
    fn held(&mut self, held: Resource, ty: ResourceIndex) -> Result<HeldResource> {
        self.store().core().owns(held.store)?;
        let why = "a resource of another instance of the component was given";
        if held.component != self.component {
            return Err(Error::usage(why));
        }
        let gone = || Error::usage("a resource was used that had been dropped or given away");
        let found = self.state().held.get(held).filter(|found| found.own).ok_or_else(gone)?;
        match found.resource == ty {
            true => Ok(found),
            false => Err(Error::usage("a resource of another type was given")),
        }
    }

    fn guest_type(&mut self, mark: TypeId) -> Result<(ResourceIndex, ComponentInstanceIndex)> {
        let holder = self.options.instance;
        let mut marks = self.state().marks.iter();
        let found = marks.find(|(known, _)| *known == mark);
        let why = "a type that stands for no resource of the component";
        found.map(|(_, resource)| (*resource, holder)).ok_or_else(|| Error::usage(why))
    }

    /// Gives the component an own handle to a resource of the host.
    pub(crate) fn give_host(&mut self, ty: TypeId, rep: u32) -> Result<u32> {
        let (resource, holder) = self.host_type(ty)?;
        Ok(self.handles().new_own(holder, resource, rep)?)
    }

    fn host_type(&mut self, ty: TypeId) -> Result<(ResourceIndex, ComponentInstanceIndex)> {
        let holder = self.options.instance;
        let found = self.state().host_resource(ty);
        let why = "a resource type of the host that the component does not import";
        found.map(|resource| (resource, holder)).ok_or_else(|| Error::usage(why))
    }
}
