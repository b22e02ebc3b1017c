//! Which calls are timed in process, the same for both sides.

/// Bytes of a list or string.
pub(crate) const BYTES: usize = 1 << 20;
/// As many records as take so many bytes.
pub(crate) const RECORDS: usize = BYTES / 24;
/// Instances that are kept to measure the memory of one.
pub(crate) const INSTANCES: usize = 500;

/// A record of numbers, as a tuple.
pub(crate) type Record = (u32, u64, u16);

/// A function that calls another component, as often as it is told.
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) times: u32,
}

impl Call {
    /// How often the host calls what takes nanoseconds.
    pub(crate) const TIMES: u32 = 200_000;
}

/// Calls between two components.
pub(crate) const INSIDE: [Call; 4] = [
    Call { name: "pairs", times: 10_000_000 },
    Call { name: "send-bytes", times: 200 },
    Call { name: "send-text", times: 200 },
    Call { name: "send-records", times: 20 },
];
