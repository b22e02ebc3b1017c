//! What a guest holds by handles of its own kind: streams, pollables, errors.
//! Each is known by a number, its *representation*.

use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::table::DescriptorTable;
use rustix::io::Errno;
use std::any::Any;
use std::collections::HashMap;

/// As many as a guest may hold: each takes some of the host's memory.
const MOST: usize = 1 << 20;

/// The resources of one guest.
#[derive(Default)]
pub(crate) struct Resources {
    slots: Vec<Option<Box<dyn Any + Send>>>,
    free: Vec<u32>,
    /// Of each descriptor that resources use, how many do. Those that were
    /// granted are not here: they stay.
    users: HashMap<u32, u32>,
}

impl Resources {
    /// Adds a resource; its representation.
    pub(crate) fn insert(&mut self, resource: impl Any + Send) -> Result<u32> {
        let resource = Some(Box::new(resource) as Box<dyn Any + Send>);
        if let Some(rep) = self.free.pop() {
            self.slots[rep as usize] = resource;
            return Ok(rep);
        }
        if self.slots.len() == MOST {
            return Err(Errno::NOMEM.into());
        }
        self.slots.push(resource);
        Ok(self.slots.len() as u32 - 1)
    }

    /// A resource.
    pub(crate) fn get<R: Any>(&self, rep: u32) -> Result<&R> {
        let found = self.slots.get(rep as usize).and_then(Option::as_ref);
        found.and_then(|found| found.downcast_ref()).ok_or(HostError::BAD_DESCRIPTOR)
    }

    /// A resource, to change.
    pub(crate) fn get_mut<R: Any>(&mut self, rep: u32) -> Result<&mut R> {
        let found = self.slots.get_mut(rep as usize).and_then(Option::as_mut);
        found.and_then(|found| found.downcast_mut()).ok_or(HostError::BAD_DESCRIPTOR)
    }

    /// Takes a resource out.
    pub(crate) fn remove<R: Any>(&mut self, rep: u32) -> Result<R> {
        self.get::<R>(rep)?;
        let taken = self.slots[rep as usize].take();
        self.free.push(rep);
        let taken = taken.and_then(|taken| taken.downcast().ok());
        taken.map(|taken| *taken).ok_or(HostError::BAD_DESCRIPTOR)
    }

    /// Notes the first user of a descriptor that was just opened.
    pub(crate) fn own(&mut self, descriptor: u32) {
        self.users.insert(descriptor, 1);
    }

    /// Notes a further user of a descriptor.
    pub(crate) fn share(&mut self, descriptor: u32) {
        if let Some(users) = self.users.get_mut(&descriptor) {
            *users += 1;
        }
    }

    /// Notes that a user is gone; with the last one, the descriptor is closed.
    pub(crate) fn release(&mut self, table: &mut DescriptorTable, descriptor: u32) {
        let Some(users) = self.users.get_mut(&descriptor) else { return };
        *users -= 1;
        if *users == 0 {
            self.users.remove(&descriptor);
            let _ = table.remove(descriptor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::host::descriptor::Descriptor;
    use crate::wasi::host::stdio::Input;

    #[test]
    fn resources_are_of_their_type() {
        let mut resources = Resources::default();
        let text = resources.insert("text".to_owned()).unwrap();
        let number = resources.insert(7u32).unwrap();
        assert_eq!(resources.get::<String>(text).unwrap(), "text");
        assert!(resources.get::<u32>(text).is_err());
        assert!(resources.remove::<String>(number).is_err());
        assert_eq!(resources.remove::<u32>(number), Ok(7));
        assert!(resources.get::<u32>(number).is_err());
        assert_eq!(resources.insert(8u8), Ok(number));
    }

    #[test]
    fn the_last_user_closes() {
        let mut table = DescriptorTable::new(10);
        let mut resources = Resources::default();
        let granted = table.insert(Descriptor::Input(Input::Null.into())).unwrap();
        let opened = table.insert(Descriptor::Input(Input::Null.into())).unwrap();
        resources.own(opened);
        for descriptor in [granted, opened] {
            resources.share(descriptor);
            resources.release(&mut table, descriptor);
            assert!(table.get(descriptor).is_ok());
            resources.release(&mut table, descriptor);
        }
        assert!(table.get(granted).is_ok());
        assert!(table.get(opened).is_err());
    }
}
