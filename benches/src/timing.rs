//! What is timed in process, by workers of both sides that take turns.

use crate::child;
use crate::measures::Bench;
use crate::stats::Samples;
use crate::table::ResultTable;
use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What a worker has timed, by name.
type Timed = HashMap<String, Samples>;

/// How often a worker times each thing.
const TIMES: &str = "5";

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

/// Does it so many times.
pub(crate) fn again<R, E>(times: u32, mut call: impl FnMut() -> Result<R, E>) -> Result<(), E> {
    for _ in 0..times {
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

impl Bench<'_> {
    /// Compiles for both sides, lets the workers of a kind take turns, and shows what
    /// they have timed: by name, and as it is called in the table.
    pub(crate) fn side_by_side(
        &self,
        table: &ResultTable,
        kind: &str,
        wasm: &Path,
        timed: &[(&str, &str)],
    ) -> Result<(), String> {
        let [left, right] =
            ["precast", "wasmtime"].map(|side| self.scratch.join(format!("{kind}.{side}.cwasm")));
        child::run(&mut self.our_compile(wasm, &left))?;
        let peer = cfg!(feature = "peer");
        if peer {
            child::run(&mut self.their_compile(wasm, &right))?;
        }
        let (mut ours, mut theirs) = (Timed::new(), Timed::new());
        for _ in 0..self.runs {
            work(&format!("worker-{kind}-precast"), &left, &mut ours)?;
            if peer {
                work(&format!("worker-{kind}-wasmtime"), &right, &mut theirs)?;
            }
        }
        for (name, what) in timed {
            let samples = ours.get(*name).ok_or_else(|| format!("nobody timed `{name}`"))?;
            match theirs.get(*name) {
                Some(other) => table.row(what, samples, other),
                None => table.alone(what, samples),
            }
        }
        Ok(())
    }
}

/// Runs a worker of this program, and takes what it prints.
fn work(worker: &str, artifact: &Path, into: &mut Timed) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let usage = child::run(Command::new(this).arg(worker).arg(artifact).arg(TIMES))?;
    for line in usage.stdout.lines() {
        let number = line.split_once(' ').map(|(name, number)| (name, number.parse::<f64>()));
        let Some((name, Ok(number))) = number else {
            return Err(format!("the worker wrote `{line}`"));
        };
        let samples = into.entry(name.to_owned()).or_default();
        match name {
            "memory" => samples.push_bytes(number as u64),
            _ => samples.push_time(Duration::from_secs_f64(number * 1e-9)),
        }
    }
    Ok(())
}
