//! A host of plugins with Precast's loader.
//!
//! # Safety
//!
//! What is measured are programs that this user runs.
#![allow(unsafe_code)]

use super::{ALIVE, CALLS, INSTANCES, TOUCHED};
use crate::timing::{again, print, print_memory};
use precast_loader::{Artifact, InstancePool, Limits, Linker, Result, Store};
use std::path::Path;

/// Times each thing `count` times, and prints the times.
pub(crate) fn measure(artifact: &Path, count: usize) -> std::result::Result<(), String> {
    run(artifact, count).map_err(|why| why.to_string())
}

fn run(artifact: &Path, count: usize) -> Result<()> {
    // SAFETY: what is measured is a program that this user runs.
    let artifact = unsafe { Artifact::open(artifact) }?;
    let mut linker = Linker::<u32>::new();
    linker.func_wrap("host", "log", |n: i32| n + 1);
    let prepared = linker.instantiate_pre(&artifact)?;
    let pool = InstancePool::new(prepared.clone(), Limits::default(), 4)?;
    let make = || {
        let mut store = Store::new(0);
        prepared.instantiate(&mut store).map(|instance| (store, instance))
    };
    let used = || {
        let (mut store, instance) = make()?;
        instance.get_typed_func::<u32, ()>(&store, "touch")?.call(&mut store, TOUCHED)
    };
    let pooled_used = || {
        let mut store = pool.take(0)?;
        store.instance().get_typed_func::<u32, ()>(&store, "touch")?.call(&mut store, TOUCHED)
    };
    let (mut store, instance) = make()?;
    let add = instance.get_typed_func::<(i32, i32), i32>(&store, "add")?;
    let logs = instance.get_typed_func::<u32, i32>(&store, "logs")?;
    for _ in 0..count {
        print("call", CALLS, || again(CALLS, || add.call(&mut store, (1, 2))))?;
        print("log", CALLS, || logs.call(&mut store, CALLS))?;
        print("new", INSTANCES, || again(INSTANCES, make))?;
        print("new-used", INSTANCES, || again(INSTANCES, used))?;
        print("pooled", INSTANCES, || again(INSTANCES, || pool.take(0)))?;
        print("pooled-used", INSTANCES, || again(INSTANCES, pooled_used))?;
    }
    print_memory((0..ALIVE).map(|_| make()).collect::<Result<Vec<_>>>()?);
    Ok(())
}
