//! A host of plugins with the wasmtime crate.
//!
//! # Safety
//!
//! What is measured are programs that this user runs.
#![allow(unsafe_code)]

use super::{ALIVE, CALLS, INSTANCES, TOUCHED};
use crate::timing::{again, print, print_memory};
use std::path::Path;
use wasmtime::{Config, Engine, Instance, InstancePre, Linker, Module, PoolingAllocationConfig};
use wasmtime::{Result, Store};

/// Times each thing `count` times, and prints the times.
pub(crate) fn measure(artifact: &Path, count: usize) -> std::result::Result<(), String> {
    run(artifact, count).map_err(|why| format!("{why:#}"))
}

/// The module in an engine that allocates as this says.
fn prepare(artifact: &Path, config: &Config) -> Result<(Engine, InstancePre<u32>)> {
    let engine = Engine::new(config)?;
    // SAFETY: what is measured is a program that this user runs.
    let module = unsafe { Module::deserialize_file(&engine, artifact) }?;
    let mut linker = Linker::<u32>::new(&engine);
    linker.func_wrap("host", "log", |n: i32| n + 1)?;
    let prepared = linker.instantiate_pre(&module)?;
    Ok((engine, prepared))
}

fn make((engine, prepared): &(Engine, InstancePre<u32>)) -> Result<(Store<u32>, Instance)> {
    let mut store = Store::new(engine, 0);
    prepared.instantiate(&mut store).map(|instance| (store, instance))
}

fn used(prepared: &(Engine, InstancePre<u32>)) -> Result<()> {
    let (mut store, instance) = make(prepared)?;
    instance.get_typed_func::<u32, ()>(&mut store, "touch")?.call(&mut store, TOUCHED)
}

fn run(artifact: &Path, count: usize) -> Result<()> {
    let each = prepare(artifact, &Config::new())?;
    let pool = PoolingAllocationConfig::new();
    let mut config = Config::new();
    config.allocation_strategy(pool);
    let pool = prepare(artifact, &config)?;
    let (mut store, instance) = make(&each)?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add")?;
    let logs = instance.get_typed_func::<u32, i32>(&mut store, "logs")?;
    for _ in 0..count {
        print("call", CALLS, || again(CALLS, || add.call(&mut store, (1, 2))))?;
        print("log", CALLS, || logs.call(&mut store, CALLS))?;
        print("new", INSTANCES, || again(INSTANCES, || make(&each)))?;
        print("new-used", INSTANCES, || again(INSTANCES, || used(&each)))?;
        print("pooled", INSTANCES, || again(INSTANCES, || make(&pool)))?;
        print("pooled-used", INSTANCES, || again(INSTANCES, || used(&pool)))?;
    }
    print_memory((0..ALIVE).map(|_| make(&each)).collect::<Result<Vec<_>>>()?);
    Ok(())
}
