//! What optimisations changed in a function.

use std::time::{Duration, Instant};

/// What each optimisation that works function by function changed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Changes {
    /// `br_table`s that became compare chains.
    pub chains: usize,
    /// Copies and fills that became loads and stores.
    pub copies: usize,
    /// Sums of halves that became one.
    pub carries: Timed,
    /// Loops that look at eight bytes at once.
    pub bytes: Timed,
    /// Loops that vectors do rounds of.
    pub vectors: Timed,
    /// Accesses that a constant became part of.
    pub addresses: Timed,
    /// Accesses of loops that have an address made before.
    pub loops: Timed,
    /// Comparisons that end loops.
    pub compares: Timed,
    /// Sums with results of comparisons.
    pub steps: Timed,
    /// Sums that are added up in another order.
    pub orders: Timed,
    /// Values that carry 64 bits.
    pub indices: Timed,
    /// Branches that go past others.
    pub threads: Timed,
    /// Arguments that are copied.
    pub arguments: Timed,
}

/// What a pass over a function changed, and how long it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Timed {
    pub count: usize,
    pub time: Duration,
}

impl Changes {
    /// With those of another function.
    pub(crate) fn add(&mut self, other: &Self) {
        self.chains += other.chains;
        self.copies += other.copies;
        self.carries.add(other.carries);
        self.bytes.add(other.bytes);
        self.vectors.add(other.vectors);
        self.addresses.add(other.addresses);
        self.loops.add(other.loops);
        self.compares.add(other.compares);
        self.steps.add(other.steps);
        self.orders.add(other.orders);
        self.indices.add(other.indices);
        self.threads.add(other.threads);
        self.arguments.add(other.arguments);
    }
}

impl Timed {
    /// Takes the time of a pass that gives how much it changed.
    pub(super) fn of(pass: impl FnOnce() -> usize) -> Self {
        let start = Instant::now();
        Self { count: pass(), time: start.elapsed() }
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.time += other.time;
    }
}
