//! What is timed in process, the same for both sides.

use std::hint::black_box;
use std::time::Instant;

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

/// Prints a name and how many nanoseconds each of several calls takes.
pub(crate) fn print<R, E>(
    name: &str,
    times: u32,
    run: impl FnOnce() -> Result<R, E>,
) -> Result<(), E> {
    let start = Instant::now();
    let result = run();
    let time = start.elapsed();
    println!("{name} {}", time.as_nanos() as f64 / f64::from(times));
    black_box(result?);
    Ok(())
}

/// Calls what takes nanoseconds.
pub(crate) fn again<R, E>(mut call: impl FnMut() -> Result<R, E>) -> Result<(), E> {
    for _ in 0..Call::TIMES {
        black_box(call()?);
    }
    Ok(())
}

/// Prints the resident bytes that one of these takes.
pub(crate) fn print_memory<I>(instances: Vec<I>) {
    let with = resident();
    let count = instances.len() as u64;
    drop(instances);
    println!("memory {}", with.saturating_sub(resident()) / count);
}

fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
