//! Opening and instantiating an artifact in process, many times.
//!
//! A process of its own does this, so that what it maps is not counted as the
//! memory of the children that the main process measures.
//!
//! # Safety
//!
//! What is measured are programs that this user runs.
#![allow(unsafe_code)]

use crate::child;
use crate::stats::Samples;
use precast_loader::wasi::WasiCtxBuilder;
use precast_loader::{Artifact, Linker, Store};
use std::fmt::Display;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Opens an artifact, and instantiates it with WASI, `count` times each.
/// Prints both times in nanoseconds, a pair per line.
pub(crate) fn ours(artifact: &Path, count: usize) -> Result<(), String> {
    let mut linker = Linker::new();
    linker.add_wasi(|wasi| wasi);
    repeat(
        count,
        // SAFETY: what is measured is a program that this user runs.
        || unsafe { Artifact::open(artifact) },
        |opened| {
            let mut store = Store::new(WasiCtxBuilder::new().build());
            linker.instantiate(&mut store, opened)?;
            Ok::<_, precast_loader::Error>(store)
        },
    )
}

/// As [`ours`], with the wasmtime crate. Imports are stubs that trap, which
/// is no more work than WASI's functions.
#[cfg(feature = "peer")]
pub(crate) fn theirs(artifact: &Path, count: usize) -> Result<(), String> {
    use wasmtime::{Config, Engine, Linker, Module, Result, Store};
    let prepare = || -> Result<_> {
        let engine = Engine::new(&Config::new())?;
        let mut linker = Linker::new(&engine);
        linker.define_unknown_imports_as_traps(&deserialize(&engine, artifact)?)?;
        Ok((engine, linker))
    };
    /// Opens an artifact that the wasmtime command has just written.
    #[allow(unsafe_code)]
    fn deserialize(engine: &Engine, artifact: &Path) -> Result<Module> {
        // SAFETY: an artifact of that command is what is asked for.
        unsafe { Module::deserialize_file(engine, artifact) }
    }
    let (engine, linker) = prepare().map_err(|why| format!("{why:#}"))?;
    repeat(
        count,
        || deserialize(&engine, artifact),
        |module| {
            let mut store = Store::new(&engine, ());
            linker.instantiate(&mut store, module)?;
            Ok::<_, wasmtime::Error>(store)
        },
    )
}

#[cfg(not(feature = "peer"))]
pub(crate) fn theirs(_: &Path, _: usize) -> Result<(), String> {
    Err("built without the feature `peer`".to_owned())
}

/// What is made is dropped after the clock was read.
fn repeat<A, B, E: Display>(
    count: usize,
    open: impl Fn() -> Result<A, E>,
    instantiate: impl Fn(&A) -> Result<B, E>,
) -> Result<(), String> {
    for _ in 0..count {
        let start = Instant::now();
        let opened = open().map_err(|why| why.to_string())?;
        let opening = start.elapsed();
        let start = Instant::now();
        let _instance = instantiate(&opened).map_err(|why| why.to_string())?;
        println!("{} {}", opening.as_nanos(), start.elapsed().as_nanos());
    }
    Ok(())
}

/// Times of opening, and of instantiating, from a worker process.
pub(crate) fn measure(
    worker: &str,
    artifact: &Path,
    count: usize,
    into: &mut (Samples, Samples),
) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let mut command = Command::new(this);
    let usage = child::run(command.arg(worker).arg(artifact).arg(count.to_string()))?;
    for line in usage.stdout.lines() {
        let time = |text: &str| text.parse().map(Duration::from_nanos);
        let Some((Ok(opening), Ok(instantiating))) =
            line.split_once(' ').map(|(a, b)| (time(a), time(b)))
        else {
            return Err(format!("the worker wrote `{line}`"));
        };
        into.0.push_time(opening);
        into.1.push_time(instantiating);
    }
    Ok(())
}
