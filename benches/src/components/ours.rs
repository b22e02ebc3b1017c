//! Calls in process, by Precast's loader.
//!
//! # Safety
//!
//! What is measured are programs that this user runs.
#![allow(unsafe_code)]

use super::timed::{self, BYTES, Call, INSTANCES, RECORDS, Record};
use crate::timing;
use precast_loader::component::{Component, ComponentLinker};
use precast_loader::{Artifact, Result, Store};
use std::path::Path;

/// Times each call `count` times, and prints the times.
pub(crate) fn measure(artifact: &Path, count: usize) -> std::result::Result<(), String> {
    run(artifact, count).map_err(|why| why.to_string())
}

fn run(artifact: &Path, count: usize) -> Result<()> {
    // SAFETY: what is measured is a program that this user runs.
    let component = Component::new(unsafe { Artifact::open(artifact) }?)?;
    let mut linker = ComponentLinker::new();
    linker.func_wrap(&["back"], |_, (n,): (u32,)| Ok((n + 1,)));
    let prepared = linker.instantiate_pre(&component)?;
    let make = || {
        let mut store = Store::new(());
        prepared.instantiate(&mut store).map(|instance| (store, instance))
    };
    for _ in 0..count {
        timing::print("instantiate", 1, || make().map(drop))?;
    }
    timing::print_memory((0..INSTANCES).map(|_| make()).collect::<Result<Vec<_>>>()?);
    let (mut store, instance) = make()?;
    let sum = instance.get_typed_func::<(u32, u32), (u32,)>(&mut store, "sum")?;
    let enter = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "enter")?;
    for _ in 0..count {
        timing::print("sum", Call::TIMES, || {
            timing::again(Call::TIMES, || sum.call(&mut store, (1, 2)))
        })?;
        timing::print("enter", Call::TIMES, || {
            timing::again(Call::TIMES, || enter.call(&mut store, (1,)))
        })?;
    }
    for call in timed::INSIDE {
        let function = instance.get_typed_func::<(u32,), (u32,)>(&mut store, call.name)?;
        for _ in 0..count {
            timing::print(call.name, call.times, || function.call(&mut store, (call.times,)))?;
        }
    }
    let bytes = vec![b'a'; BYTES];
    let text = "a".repeat(BYTES);
    let records: Vec<Record> = vec![(1, 2, 3); RECORDS];
    let take_bytes = instance.get_typed_func::<(&[u8],), (u32,)>(&mut store, "take-bytes")?;
    let take_text = instance.get_typed_func::<(&str,), (u32,)>(&mut store, "take-text")?;
    let take_records =
        instance.get_typed_func::<(&[Record],), (u32,)>(&mut store, "take-records")?;
    let give_bytes = instance.get_typed_func::<(), (Vec<u8>,)>(&mut store, "give-bytes")?;
    let give_text = instance.get_typed_func::<(), (String,)>(&mut store, "give-text")?;
    let give_records = instance.get_typed_func::<(), (Vec<Record>,)>(&mut store, "give-records")?;
    for _ in 0..count {
        timing::print("take-bytes", 1, || take_bytes.call(&mut store, (&bytes,)))?;
        timing::print("take-text", 1, || take_text.call(&mut store, (&text,)))?;
        timing::print("take-records", 1, || take_records.call(&mut store, (&records,)))?;
        timing::print("give-bytes", 1, || give_bytes.call(&mut store, ()))?;
        timing::print("give-text", 1, || give_text.call(&mut store, ()))?;
        timing::print("give-records", 1, || give_records.call(&mut store, ()))?;
    }
    Ok(())
}
