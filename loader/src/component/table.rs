//! Resources of the host by number, for handles to them.

use crate::canonical::owned::{Borrow, Own};
use crate::error::{Error, Result};
use std::any::{Any, type_name};

/// Values of the host that components hold handles to. It belongs in the host's
/// data, beside whatever else its functions use.
///
/// ```
/// use precast_loader::component::{Borrow, ResourceTable};
///
/// struct Counter(u32);
/// let mut table = ResourceTable::default();
/// let handle = table.push(Counter(41))?;
/// table.get_mut(&handle)?.0 += 1;
/// assert_eq!(table.get(&Borrow::<Counter>::new(handle.rep()))?.0, 42);
/// assert_eq!(table.delete(handle)?.0, 42);
/// # Ok::<(), precast_loader::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct ResourceTable {
    slots: Vec<Option<Box<dyn Any + Send>>>,
    free: Vec<u32>,
}

/// A handle to a resource of the host, of type `R`: [`Own`] or [`Borrow`].
pub trait HostHandle<R> {
    /// The number of the resource.
    fn number(&self) -> u32;
}

impl<R> HostHandle<R> for Own<R> {
    fn number(&self) -> u32 {
        self.rep()
    }
}

impl<R> HostHandle<R> for Borrow<R> {
    fn number(&self) -> u32 {
        self.rep()
    }
}

impl ResourceTable {
    /// Keeps a value; a handle that may be given to a component.
    ///
    /// # Errors
    ///
    /// There are four thousand million already.
    pub fn push<R: Send + 'static>(&mut self, value: R) -> Result<Own<R>> {
        let value: Option<Box<dyn Any + Send>> = Some(Box::new(value));
        let number = match self.free.pop() {
            Some(number) => {
                self.slots[number as usize] = value;
                number
            }
            None => {
                let number = u32::try_from(self.slots.len());
                let full = |_| Error::usage("the table of resources is full");
                let number = number.map_err(full)?;
                self.slots.push(value);
                number
            }
        };
        Ok(Own::new(number))
    }

    /// The value behind a handle.
    ///
    /// # Errors
    ///
    /// There is none, or it is of another type.
    pub fn get<R: 'static>(&self, handle: &impl HostHandle<R>) -> Result<&R> {
        let value = self.slots.get(handle.number() as usize).and_then(Option::as_deref);
        value.and_then(|value| value.downcast_ref()).ok_or_else(none::<R>)
    }

    /// The value behind a handle, to change it.
    ///
    /// # Errors
    ///
    /// As [`ResourceTable::get`].
    pub fn get_mut<R: 'static>(&mut self, handle: &impl HostHandle<R>) -> Result<&mut R> {
        let value = self.slots.get_mut(handle.number() as usize).and_then(Option::as_deref_mut);
        value.and_then(|value| value.downcast_mut()).ok_or_else(none::<R>)
    }

    /// Takes the value out.
    ///
    /// # Errors
    ///
    /// As [`ResourceTable::get`].
    pub fn delete<R: 'static>(&mut self, handle: Own<R>) -> Result<R> {
        self.get(&handle)?;
        let value = self.slots[handle.rep() as usize].take();
        self.free.push(handle.rep());
        let value = value.and_then(|value| value.downcast().ok());
        value.map(|value| *value).ok_or_else(none::<R>)
    }
}

fn none<R>() -> Error {
    Error::usage(format!("the table has no resource of type `{}` there", type_name::<R>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_number_and_type() {
        let mut table = ResourceTable::default();
        let (one, two) = (table.push(1_u8).unwrap(), table.push("two").unwrap());
        assert_eq!((*table.get(&one).unwrap(), *table.get(&two).unwrap()), (1, "two"));
        assert!(table.get(&Borrow::<u16>::new(one.rep())).is_err());
        assert!(table.delete(Own::<u16>::new(one.rep())).is_err());
        let number = one.rep();
        assert_eq!(table.delete(one).unwrap(), 1);
        assert!(table.get(&Borrow::<u8>::new(number)).is_err());
        assert!(table.delete(Own::<u8>::new(number)).is_err());
        assert_eq!(table.push(3_u64).unwrap().rep(), number);
    }
}
