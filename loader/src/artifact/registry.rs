//! Which image does this address belong to? Asked by the signal handler, so
//! the answer takes no lock and allocates nothing.
//!
//! Images stand in a list of slots that only grows; a slot whose image is gone
//! is used again. Each slot is a sequence lock: odd while it changes. A reader
//! that finds it changing passes over it, which is right: the slot of an image
//! whose code is running does not change.
//!
//! # Safety
//!
//! Slots are leaked boxes, so a pointer to one stays good.
#![allow(unsafe_code)]

use std::ptr::null_mut;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering, fence};

struct Slot {
    next: AtomicPtr<Slot>,
    sequence: AtomicUsize,
    start: AtomicUsize,
    /// Zero when the slot is free.
    end: AtomicUsize,
    image: AtomicUsize,
}

static HEAD: AtomicPtr<Slot> = AtomicPtr::new(null_mut());
/// Held by writers only.
static WRITERS: Mutex<()> = Mutex::new(());

/// An image's text, registered until this is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    slot: &'static Slot,
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (start, end) = (self.start.load(Ordering::Relaxed), self.end.load(Ordering::Relaxed));
        write!(f, "{start:#x}..{end:#x}")
    }
}

/// Registers the text `start..end` of an image; `image` is what [`find`]
/// returns for addresses in it.
pub(crate) fn register(start: usize, end: usize, image: usize) -> Registration {
    let _writing = WRITERS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let slot = slots().find(|slot| slot.end.load(Ordering::Relaxed) == 0).unwrap_or_else(append);
    slot.change(start, end, image);
    Registration { slot }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let _writing = WRITERS.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        self.slot.change(0, 0, 0);
    }
}

/// The image whose text holds `pc`.
pub(crate) fn find(pc: usize) -> Option<usize> {
    slots().find_map(|slot| slot.image_at(pc))
}

fn slots() -> impl Iterator<Item = &'static Slot> {
    let mut next = &HEAD;
    std::iter::from_fn(move || {
        let slot = slot_ref(next.load(Ordering::Acquire))?;
        next = &slot.next;
        Some(slot)
    })
}

fn slot_ref(slot: *mut Slot) -> Option<&'static Slot> {
    // SAFETY: slots are leaked boxes, published after they were written.
    unsafe { slot.as_ref() }
}

/// A new free slot in front of the list.
fn append() -> &'static Slot {
    let slot = Box::leak(Box::new(Slot {
        next: AtomicPtr::new(HEAD.load(Ordering::Relaxed)),
        sequence: AtomicUsize::new(0),
        start: AtomicUsize::new(0),
        end: AtomicUsize::new(0),
        image: AtomicUsize::new(0),
    }));
    HEAD.store(slot, Ordering::Release);
    slot
}

impl Slot {
    fn change(&self, start: usize, end: usize, image: usize) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.start.store(start, Ordering::Relaxed);
        self.end.store(end, Ordering::Relaxed);
        self.image.store(image, Ordering::Relaxed);
        self.sequence.store(sequence + 2, Ordering::Release);
    }

    fn image_at(&self, pc: usize) -> Option<usize> {
        let sequence = self.sequence.load(Ordering::Acquire);
        let range = self.start.load(Ordering::Relaxed)..self.end.load(Ordering::Relaxed);
        let image = self.image.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let unchanged = self.sequence.load(Ordering::Relaxed) == sequence;
        (sequence.is_multiple_of(2) && unchanged && range.contains(&pc)).then_some(image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_come_and_go() {
        // Addresses that no mapping has.
        let first = register(0x10, 0x20, 1);
        let second = register(0x20, 0x30, 2);
        assert_eq!(
            [find(0xf), find(0x10), find(0x1f), find(0x20)],
            [None, Some(1), Some(1), Some(2)]
        );
        drop(first);
        assert_eq!([find(0x10), find(0x20)], [None, Some(2)]);
        let third = register(0x40, 0x50, 3);
        assert_eq!([find(0x4f), find(0x30)], [Some(3), None]);
        drop((second, third));
        assert_eq!(find(0x40), None);
    }
}
