//! The descriptor table: small numbers to [`Descriptor`]s.
//!
//! Numbers are given out as wasmtime does, so that a program sees the same
//! ones: the highest number freed so far, else the next new one.

use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::directory::Directory;
use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::socket::Socket;
use std::cell::Cell;
use std::collections::BinaryHeap;

/// The open descriptors of one guest.
pub(crate) struct DescriptorTable {
    slots: Vec<Option<Descriptor>>,
    /// The numbers below `slots.len()` that are not in use.
    free: BinaryHeap<u32>,
    /// How many descriptors may be open at once.
    limit: u32,
    /// Whether there was no room for one.
    refused: Cell<bool>,
}

/// The specification promises numbers below this.
pub(crate) const MAX_DESCRIPTORS: u32 = 1 << 31;

impl DescriptorTable {
    /// An empty table for up to `limit` descriptors.
    pub(crate) fn new(limit: u32) -> Self {
        let limit = limit.min(MAX_DESCRIPTORS);
        Self { slots: Vec::new(), free: BinaryHeap::new(), limit, refused: Cell::new(false) }
    }

    /// `EMFILE` when the table is full.
    pub(crate) fn room(&self) -> Result<()> {
        if self.slots.len() - self.free.len() < self.limit as usize {
            return Ok(());
        }
        self.refused.set(true);
        Err(HostError::TOO_MANY_DESCRIPTORS)
    }

    /// Whether there was no room for a descriptor.
    pub(crate) fn refused(&self) -> bool {
        self.refused.get()
    }

    /// Adds a descriptor and returns its number.
    pub(crate) fn insert(&mut self, descriptor: Descriptor) -> Result<u32> {
        self.room()?;
        if let Some(number) = self.free.pop() {
            self.slots[number as usize] = Some(descriptor);
            return Ok(number);
        }
        // Below the limit, so 32 bits hold it.
        let number = self.slots.len() as u32;
        self.slots.push(Some(descriptor));
        Ok(number)
    }

    /// Takes a descriptor out; its number may be given out again.
    pub(crate) fn remove(&mut self, number: u32) -> Result<Descriptor> {
        let slot = self.slots.get_mut(number as usize).ok_or(HostError::BAD_DESCRIPTOR)?;
        let descriptor = slot.take().ok_or(HostError::BAD_DESCRIPTOR)?;
        self.free.push(number);
        Ok(descriptor)
    }

    /// Moves `from` to `to`, which must be open and is closed.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<()> {
        self.get(to)?;
        self.get(from)?;
        if from != to {
            let descriptor = self.remove(from)?;
            self.slots[to as usize] = Some(descriptor);
        }
        Ok(())
    }

    /// An open descriptor.
    pub(crate) fn get(&self, number: u32) -> Result<&Descriptor> {
        match self.slots.get(number as usize) {
            Some(Some(descriptor)) => Ok(descriptor),
            _ => Err(HostError::BAD_DESCRIPTOR),
        }
    }

    /// An open descriptor, to change.
    pub(crate) fn get_mut(&mut self, number: u32) -> Result<&mut Descriptor> {
        match self.slots.get_mut(number as usize) {
            Some(Some(descriptor)) => Ok(descriptor),
            _ => Err(HostError::BAD_DESCRIPTOR),
        }
    }

    /// A directory; anything else is `ENOTDIR`.
    pub(crate) fn directory(&self, number: u32) -> Result<&Directory> {
        match self.get(number)? {
            Descriptor::Directory(directory) => Ok(directory),
            _ => Err(HostError::NOT_A_DIRECTORY),
        }
    }

    /// A socket; anything else is `ENOTSOCK`.
    pub(crate) fn socket(&self, number: u32) -> Result<&Socket> {
        match self.get(number)? {
            Descriptor::Socket(socket) => Ok(socket),
            _ => Err(HostError::NOT_A_SOCKET),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::host::stdio::{Input, Output};

    fn input() -> Descriptor {
        Descriptor::Input(Input::Null.into())
    }

    fn badf<T>(result: Result<T>) -> bool {
        matches!(result, Err(HostError::BAD_DESCRIPTOR))
    }

    #[test]
    fn numbers_are_reused_highest_first() {
        let mut table = DescriptorTable::new(MAX_DESCRIPTORS);
        for expected in 0..5 {
            assert_eq!(table.insert(input()).unwrap(), expected);
        }
        for number in [1, 3, 2] {
            table.remove(number).unwrap();
        }
        for expected in [3, 2, 1, 5] {
            assert_eq!(table.insert(input()).unwrap(), expected);
        }
    }

    #[test]
    fn the_limit_counts_open_descriptors() {
        let mut table = DescriptorTable::new(2);
        table.insert(input()).unwrap();
        table.insert(input()).unwrap();
        assert!(matches!(table.insert(input()), Err(HostError::TOO_MANY_DESCRIPTORS)));
        table.remove(0).unwrap();
        assert!(table.room().is_ok());
        assert_eq!(table.insert(input()).unwrap(), 0);
        assert!(table.room().is_err());
    }

    #[test]
    fn closed_and_unknown_numbers() {
        let mut table = DescriptorTable::new(MAX_DESCRIPTORS);
        table.insert(input()).unwrap();
        table.remove(0).unwrap();
        assert!(badf(table.remove(0)));
        assert!(badf(table.get(0)));
        assert!(badf(table.get_mut(1)));
        assert!(badf(table.get(u32::MAX)));
    }

    #[test]
    fn renumber_replaces_and_frees() {
        let mut table = DescriptorTable::new(MAX_DESCRIPTORS);
        table.insert(input()).unwrap();
        table.insert(Descriptor::Output(Output::Null.into())).unwrap();
        assert!(badf(table.renumber(0, 7)));
        assert!(badf(table.renumber(7, 0)));
        table.renumber(1, 1).unwrap();
        table.renumber(0, 1).unwrap();
        assert!(matches!(table.get(1), Ok(Descriptor::Input(_))));
        assert!(badf(table.get(0)));
        assert_eq!(table.insert(input()).unwrap(), 0);
        assert_eq!(table.insert(input()).unwrap(), 2);
    }
}
