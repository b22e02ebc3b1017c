//! Which image does this address belong to? Asked by the signal handler, so
//! the answer takes no lock and allocates nothing.
//!
//! The ranges stand in an array ordered by address, which is searched by halves
//! and never changes: a writer makes another, and puts it in its place. A
//! reader says that it reads while it does; what was replaced is freed once
//! nobody reads. A reader that comes later sees the new array.
//!
//! # Safety
//!
//! Arrays are boxed and freed only as said.
#![allow(unsafe_code)]

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A text, and what [`find`] gives for addresses in it.
#[derive(Clone, Copy, Debug)]
struct RegisteredText {
    start: usize,
    end: usize,
    image: usize,
}

type Ranges = Vec<RegisteredText>;

/// The present array; null before the first.
static RANGES: AtomicPtr<Ranges> = AtomicPtr::new(null_mut());
/// Number of readers that may have an array.
static READERS: AtomicUsize = AtomicUsize::new(0);
/// Held by writers: the arrays that were replaced, by their addresses.
static REPLACED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// An image's text, registered until this is dropped.
#[derive(Debug)]
pub(crate) struct Registration(RegisteredText);

/// Registers the text `start..end` of an image; `image` is what [`find`]
/// returns for addresses in it.
pub(crate) fn register(start: usize, end: usize, image: usize) -> Registration {
    let entry = RegisteredText { start, end, image };
    change(|ranges| {
        let at = ranges.partition_point(|other| other.start < start);
        ranges.insert(at, entry);
    });
    Registration(entry)
}

impl Drop for Registration {
    fn drop(&mut self) {
        let RegisteredText { start, image, .. } = self.0;
        change(|ranges| {
            let at = ranges.partition_point(|other| other.start < start);
            let same = |other: &&RegisteredText| other.start == start && other.image == image;
            if ranges.get(at).as_ref().is_some_and(same) {
                ranges.remove(at);
            }
        });
    }
}

/// The image whose text holds `pc`.
pub(crate) fn find(pc: usize) -> Option<usize> {
    READERS.fetch_add(1, Ordering::SeqCst);
    // SAFETY: null, or an array that is not freed while there are readers.
    let ranges = unsafe { RANGES.load(Ordering::SeqCst).as_ref() };
    let found = ranges.and_then(|ranges| {
        let after = ranges.partition_point(|entry| entry.start <= pc);
        let entry = ranges.get(after.checked_sub(1)?)?;
        (pc < entry.end).then_some(entry.image)
    });
    READERS.fetch_sub(1, Ordering::SeqCst);
    found
}

/// Puts a changed copy of the array in its place.
fn change(edit: impl FnOnce(&mut Ranges)) {
    let mut replaced = REPLACED.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: null, or the present array, which only writers free.
    let mut ranges = unsafe { RANGES.load(Ordering::SeqCst).as_ref() }.cloned().unwrap_or_default();
    edit(&mut ranges);
    let old = RANGES.swap(Box::into_raw(Box::new(ranges)), Ordering::SeqCst);
    replaced.push(old.expose_provenance());
    if READERS.load(Ordering::SeqCst) == 0 {
        for old in replaced.drain(..).filter(|old| *old != 0) {
            // SAFETY: boxed above; whoever reads from now on reads another.
            drop(unsafe { Box::from_raw(std::ptr::with_exposed_provenance_mut::<Ranges>(old)) });
        }
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

    #[test]
    fn ranges_are_found_while_others_change() {
        const BASE: usize = 0x30_0000;
        // Each change copies the ranges, which Miri does a thousand times slower.
        let (rounds, many) = if cfg!(miri) { (20, 40) } else { (300, 1000) };
        let kept = register(0x10_0000, 0x10_1000, 7);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..rounds {
                    drop(register(0x20_0000 + round, 0x20_0001 + round, 8));
                }
            });
            for _ in 0..rounds {
                assert_eq!(find(0x10_0800), Some(7));
            }
        });
        drop(kept);
        let ranges: Vec<_> =
            (0..many).map(|at| register(BASE + at * 16, BASE + at * 16 + 8, at)).collect();
        let middle = BASE + 16 * (many / 2);
        assert_eq!([find(middle + 5), find(middle + 10)], [Some(many / 2), None]);
        drop(ranges);
        assert_eq!(find(middle + 5), None);
    }
}
