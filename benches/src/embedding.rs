//! What a host of plugins does, in process: calls to and from a guest, and
//! instances, new and from a pool.

pub(crate) mod ours;
#[cfg(feature = "peer")]
pub(crate) mod theirs;

use crate::measures::Bench;
use crate::table::ResultTable;

/// How often the host calls what takes nanoseconds.
const CALLS: u32 = 1_000_000;

/// How many instances are made for one time.
const INSTANCES: u32 = 2_000;

/// Pages that a guest writes to, in the instances that are used.
const TOUCHED: u32 = 16;

/// Instances that are alive at once to measure the memory of one.
const ALIVE: usize = 500;

/// What is timed, and what it is called in the table.
const TIMED: [(&str, &str); 7] = [
    ("call", "host calls guest"),
    ("log", "guest calls host"),
    ("new", "store and instance, new"),
    ("new-used", "the same, called, and writing to 16 pages"),
    ("pooled", "store and instance from a pool"),
    ("pooled-used", "the same, called, and writing to 16 pages"),
    ("memory", "memory of an idle instance"),
];

impl Bench<'_> {
    /// All of it.
    pub(crate) fn embedding(&self, table: &ResultTable) -> Result<(), String> {
        let source = crate::root().join("benches/programs/plugin.wat");
        self.side_by_side(table, "embedding", &source, &TIMED)
    }
}
