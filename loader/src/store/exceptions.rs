//! Exception records: what an `exnref` points to, and when it is freed.
//!
//! A record is an [`ExceptionHeader`] and one 16-byte slot per value, at an
//! address of its own that never changes. Machine code makes and drops
//! references without telling anyone, so records are freed by a sweep: before
//! a record is made, when there are twice as many as survived the last one.
//! The sweep is conservative: a word that is an address inside a record keeps
//! that record, whatever it was meant to be.
//!
//! # Safety
//!
//! [`Exceptions`] owns its records and is the only one to free them, in a
//! sweep, whose caller names every place that may hold a reference.
#![allow(unsafe_code)]

use crate::vm::layout::ExceptionHeader;
use precast_artifact::abi;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::{with_exposed_provenance, with_exposed_provenance_mut};
use std::sync::atomic::{AtomicU32, Ordering};

/// Number of records before the first sweep.
const FIRST_SWEEP: usize = 1024;

/// The exception records of a store.
#[derive(Debug)]
pub(crate) struct Exceptions {
    /// Addresses; ordered as far as the last sweep saw them.
    records: Vec<usize>,
    /// Their bytes, all together.
    bytes: u64,
    /// Number of records at which the next sweep is due.
    threshold: usize,
}

impl Default for Exceptions {
    fn default() -> Self {
        Self { records: Vec::new(), bytes: 0, threshold: FIRST_SWEEP }
    }
}

impl Exceptions {
    /// Bytes of all records.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether a sweep must come before the next record, when there may be
    /// `limit` bytes of them before it.
    pub(crate) fn sweep_is_due(&self, limit: u64) -> bool {
        self.records.len() >= self.threshold || self.bytes > limit
    }

    /// Makes a record whose values are zero. Its address, or `None` without
    /// memory.
    pub(crate) fn make(&mut self, tag: usize, values: u32) -> Option<usize> {
        self.records.try_reserve(1).ok()?;
        // SAFETY: the header makes the size more than zero.
        let start = unsafe { alloc_zeroed(layout(values)) };
        if start.is_null() {
            return None;
        }
        let header = ExceptionHeader { tag, values, held: AtomicU32::new(0) };
        // SAFETY: the layout has room and alignment for the header.
        unsafe { start.cast::<ExceptionHeader>().write(header) };
        let address = start.expose_provenance();
        self.records.push(address);
        self.bytes += size(values);
        Some(address)
    }

    /// Frees every record that nothing refers to. `roots` visits all words
    /// outside of records that may be references.
    ///
    /// # Safety
    ///
    /// References that `roots` does not visit are not used again, unless the
    /// host holds their records.
    pub(crate) unsafe fn sweep(&mut self, roots: impl FnOnce(&mut Marker<'_>)) {
        self.records.sort_unstable();
        let mut marker = Marker::new(&self.records);
        for &record in &self.records {
            if header(record).held.load(Ordering::Relaxed) != 0 {
                marker.visit(record as u64);
            }
        }
        roots(&mut marker);
        marker.trace();
        let mut marked = marker.marked.into_iter();
        self.records.retain(|&record| {
            let keep = marked.next().expect("one for each record");
            if !keep {
                self.bytes -= size(header(record).values);
                // SAFETY: made by `make`; the caller says that it is not used.
                unsafe { free(record) };
            }
            keep
        });
        self.threshold = FIRST_SWEEP.max(2 * self.records.len());
    }
}

impl Drop for Exceptions {
    fn drop(&mut self) {
        for record in self.records.drain(..) {
            // SAFETY: made by `make`; the store and its guests are gone.
            unsafe { free(record) };
        }
    }
}

/// Finds out which records are alive.
pub(crate) struct Marker<'r> {
    /// In order.
    records: &'r [usize],
    /// First address of the first record, last address of the last.
    bounds: (u64, u64),
    marked: Vec<bool>,
    /// Marked, but their values not visited yet.
    pending: Vec<usize>,
}

impl<'r> Marker<'r> {
    fn new(records: &'r [usize]) -> Self {
        let bounds = match records {
            [first, .., last] | [first @ last] => (*first as u64, (end(*last) - 1) as u64),
            [] => (1, 0),
        };
        Self { records, bounds, marked: vec![false; records.len()], pending: Vec::new() }
    }

    /// Keeps the record that `word` is an address in, if it is one.
    pub(crate) fn visit(&mut self, word: u64) {
        let (first, last) = self.bounds;
        if word < first || word > last {
            return;
        }
        let address = word as usize;
        let Some(index) = self.records.partition_point(|r| *r <= address).checked_sub(1) else {
            return;
        };
        if address < end(self.records[index]) && !std::mem::replace(&mut self.marked[index], true) {
            self.pending.push(self.records[index]);
        }
    }

    /// Visits the values of all marked records.
    fn trace(&mut self) {
        while let Some(record) = self.pending.pop() {
            for index in 0..header(record).values {
                let slot = with_exposed_provenance::<u64>(value(record, index));
                // SAFETY: a slot of a live record, of which references are the
                // first half. No guest runs.
                self.visit(unsafe { *slot });
            }
        }
    }
}

/// Address of a value of a record.
pub(crate) fn value(record: usize, index: u32) -> usize {
    record + abi::EXCEPTION_VALUES as usize + (index * abi::VALUE_SIZE) as usize
}

/// The first address after a record.
fn end(record: usize) -> usize {
    value(record, header(record).values)
}

fn header<'r>(record: usize) -> &'r ExceptionHeader {
    // SAFETY: callers here have the address of a live record.
    unsafe { &*with_exposed_provenance::<ExceptionHeader>(record) }
}

/// Bytes of a record with this many values.
pub(crate) fn size(values: u32) -> u64 {
    abi::EXCEPTION_VALUES as u64 + u64::from(values) * u64::from(abi::VALUE_SIZE)
}

fn layout(values: u32) -> Layout {
    Layout::from_size_align(size(values) as usize, 16).expect("types have few parameters")
}

/// Frees a record.
///
/// # Safety
///
/// It was made by [`Exceptions::make`] and is not used again.
unsafe fn free(record: usize) {
    let layout = layout(header(record).values);
    // SAFETY: allocated with this layout; the rest is the caller's promise.
    unsafe { dealloc(with_exposed_provenance_mut(record), layout) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(exceptions: &mut Exceptions, values: u32) -> usize {
        exceptions.make(7, values).unwrap()
    }

    fn set(record: usize, index: u32, word: usize) {
        // SAFETY: a slot of a live record.
        unsafe { *with_exposed_provenance_mut::<u64>(value(record, index)) = word as u64 };
    }

    /// Sweeps with these words as roots; what is left.
    fn sweep(exceptions: &mut Exceptions, roots: &[usize]) -> Vec<usize> {
        // SAFETY: the tests use nothing else afterwards.
        unsafe {
            exceptions.sweep(|marker| roots.iter().for_each(|root| marker.visit(*root as u64)));
        }
        exceptions.records.clone()
    }

    #[test]
    fn what_nothing_refers_to_is_freed() {
        let mut exceptions = Exceptions::default();
        assert_eq!(sweep(&mut exceptions, &[0, 8, usize::MAX]), []);
        let [dead, root, chained, end] = [1, 2, 1, 0].map(|n| make(&mut exceptions, n));
        set(root, 1, chained);
        set(chained, 0, end);
        set(dead, 0, root);
        let mut expected = vec![root, chained, end];
        expected.sort_unstable();
        assert_eq!(sweep(&mut exceptions, &[root]), expected);
        // In the other direction, too, and only there.
        assert_eq!(sweep(&mut exceptions, &[end]), [end]);
        assert_eq!(sweep(&mut exceptions, &[]), []);
    }

    #[test]
    fn circles_and_addresses_inside_records() {
        let mut exceptions = Exceptions::default();
        let [a, b] = [3, 3].map(|n| make(&mut exceptions, n));
        set(a, 2, b);
        set(b, 0, a);
        let both = vec![a.min(b), a.max(b)];
        assert_eq!(sweep(&mut exceptions, &[value(a, 2) + 15]), both);
        assert_eq!(sweep(&mut exceptions, &[value(b, 0)]), both);
        assert_eq!(sweep(&mut exceptions, &[both[1] + 64, both[0] - 1]), []);
    }

    #[test]
    fn what_the_host_holds_stays() {
        let mut exceptions = Exceptions::default();
        let [held, inner, _dead] = [1, 0, 1].map(|n| make(&mut exceptions, n));
        set(held, 0, inner);
        header(held).held.store(1, Ordering::Relaxed);
        assert_eq!(sweep(&mut exceptions, &[]), [held.min(inner), held.max(inner)]);
    }

    #[test]
    fn sweeps_come_when_the_survivors_have_doubled() {
        let mut exceptions = Exceptions::default();
        let records: Vec<_> = (0..2000).map(|_| make(&mut exceptions, 0)).collect();
        assert!(exceptions.sweep_is_due(u64::MAX));
        sweep(&mut exceptions, &records[..1500]);
        assert_eq!(exceptions.bytes(), 1500 * size(0));
        assert!(!exceptions.sweep_is_due(1500 * size(0)));
        assert!(exceptions.sweep_is_due(1500 * size(0) - 1));
        for _ in 0..1499 {
            make(&mut exceptions, 0);
        }
        assert!(!exceptions.sweep_is_due(u64::MAX));
        make(&mut exceptions, 0);
        assert!(exceptions.sweep_is_due(u64::MAX));
        sweep(&mut exceptions, &[]);
        assert_eq!(exceptions.threshold, FIRST_SWEEP);
    }
}
