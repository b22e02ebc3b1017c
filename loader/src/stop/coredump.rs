//! Core dumps of a store after a trap, in WebAssembly's own format: a module
//! with the memories and globals as they are, and with custom sections that
//! hold modules, instances and frames ("Coredump" in WebAssembly's tool
//! conventions).
//!
//! Frames have the offset where they stood in their function. Of artifacts that
//! were compiled with `-g -O0` they have the locals too, as they were when the
//! guest trapped; vectors and references are missing there, which that format
//! has no values for. Values on the operand stack are left out, as it allows:
//! machine code keeps them where it likes. A stripped artifact tells neither.
//!
//! # Safety
//!
//! Globals and memories are read while no guest of the store runs, which the
//! shared access to the store makes sure of.
#![allow(unsafe_code)]

use crate::store::access::AsStore;
use crate::store::contents::StoreCore;
use crate::store::instance::InstanceState;
use crate::store::linear::LinearMemory;
use crate::trap::{Frame, LocalValue, Trap};
use precast_artifact::container;
use precast_artifact::debug::bodies;
use precast_artifact::index::{GlobalIndex, MemoryId, ModuleIndex};
use precast_artifact::types::MemoryType;
use precast_artifact::types::{GlobalType, HeapType, RefType, ValType};
use precast_artifact::wire::Writer;
use std::io::{self, Write};
use std::ptr::with_exposed_provenance;

const CUSTOM: u8 = 0;
const MEMORY: u8 = 5;
const GLOBAL: u8 = 6;
const DATA: u8 = 11;

/// Unit in which memories are looked through for what is not zero.
const PAGE: usize = 4096;

/// Writes what a trap left in a store. `name` is that of the program.
///
/// # Errors
///
/// Those of `out`.
pub fn write_core_dump(
    store: &impl AsStore,
    trap: &Trap,
    name: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let core = store.as_store().core();
    out.write_all(b"\0asm\x01\0\0\0")?;
    custom(out, "core", |w| {
        w.u8(0);
        w.str(name);
    })?;
    let modules = modules(core, name);
    custom(out, "coremodules", |w| {
        w.list(&modules, |w, (_, name)| {
            w.u8(0);
            w.str(name);
        });
    })?;
    section(out, MEMORY, |w| w.list(&core.memories, limits))?;
    let globals = section(out, GLOBAL, |w| globals(w, core))?;
    custom(out, "coreinstances", |w| instances(w, core, &modules, &globals))?;
    custom(out, "corestack", |w| {
        w.u8(0);
        w.str("main");
        w.list(trap.frames(), |w, frame| one_frame(w, core, frame));
    })?;
    contents(out, core)
}

/// Writes a section; gives what `fill` does.
fn section<T>(out: &mut dyn Write, id: u8, fill: impl FnOnce(&mut Writer) -> T) -> io::Result<T> {
    let mut body = Writer::new();
    let value = fill(&mut body);
    let body = body.finish();
    let mut header = Writer::new();
    header.u8(id);
    header.leb(body.len() as u64);
    out.write_all(&header.finish())?;
    out.write_all(&body)?;
    Ok(value)
}

fn custom(out: &mut dyn Write, name: &str, fill: impl FnOnce(&mut Writer)) -> io::Result<()> {
    section(out, CUSTOM, |w| {
        w.str(name);
        fill(w);
    })
}

/// The modules of the store's instances: where each is, and its name.
fn modules(core: &StoreCore, program: &str) -> Vec<((usize, ModuleIndex), String)> {
    let mut modules: Vec<((usize, ModuleIndex), String)> = Vec::new();
    for guest in &core.instances {
        let key = identity(guest);
        if modules.iter().all(|(known, _)| *known != key) {
            let name = guest.image.module_name(guest.module().0);
            modules.push((key, name.unwrap_or_else(|| program.to_owned())));
        }
    }
    modules
}

/// What tells an instance's module from others.
fn identity(guest: &InstanceState) -> (usize, ModuleIndex) {
    (guest.image.address(0), guest.module)
}

/// The type of a memory, with the present size as its minimum.
fn limits(w: &mut Writer, memory: &LinearMemory) {
    let MemoryType { limits, index64, page_size_log2, .. } = memory.ty();
    let custom_page = page_size_log2 != 16;
    let flags = [limits.max.is_some(), false, index64, custom_page];
    w.u8(flags.iter().rev().fold(0, |flags, flag| flags << 1 | u8::from(*flag)));
    w.leb(limits.min);
    limits.max.iter().for_each(|max| w.leb(*max));
    if custom_page {
        w.leb(page_size_log2.into());
    }
}

/// All globals of all instances, imported ones once for each. Gives how many
/// come before those of each instance.
fn globals(w: &mut Writer, core: &StoreCore) -> Vec<u64> {
    let count = |guest: &InstanceState| guest.module().0.globals.len() as u64;
    let mut before = Vec::with_capacity(core.instances.len());
    let mut total = 0;
    for guest in &core.instances {
        before.push(total);
        total += count(guest);
    }
    w.leb(total);
    for guest in &core.instances {
        for (index, global) in GlobalIndex::enumerate(&guest.module().0.globals) {
            one_global(w, global.ty, guest.global(index));
        }
    }
    before
}

/// A global's type, and an expression with its present value. References are
/// null: what they refer to is not in the dump.
fn one_global(w: &mut Writer, ty: GlobalType, address: usize) {
    // SAFETY: a global stands there, which is 16 bytes for `v128`, else 8.
    let low = unsafe { *with_exposed_provenance::<u64>(address) };
    let mutable = u8::from(ty.mutable);
    match ty.value {
        ValType::I32 => {
            w.raw(&[0x7f, mutable, 0x41]);
            signed(w, i64::from(low as i32));
        }
        ValType::I64 => {
            w.raw(&[0x7e, mutable, 0x42]);
            signed(w, low as i64);
        }
        ValType::F32 => {
            w.raw(&[0x7d, mutable, 0x43]);
            w.u32(low as u32);
        }
        ValType::F64 => {
            w.raw(&[0x7c, mutable, 0x44]);
            w.u64(low);
        }
        ValType::V128 => {
            // SAFETY: as above.
            let value = unsafe { *with_exposed_provenance::<u128>(address) };
            w.raw(&[0x7b, mutable, 0xfd, 0x0c]);
            w.raw(&value.to_le_bytes());
        }
        ValType::Ref(ty) => {
            let heap = heap_type(&ty);
            w.raw(&[heap, mutable, 0xd0, heap]);
        }
    }
    w.u8(0x0b);
}

/// The abstract heap type above a reference type, whose code is also that of
/// the nullable reference.
fn heap_type(ty: &RefType) -> u8 {
    match ty.heap {
        HeapType::Extern => 0x6f,
        HeapType::Exn => 0x69,
        _ => 0x70,
    }
}

fn instances(
    w: &mut Writer,
    core: &StoreCore,
    modules: &[((usize, ModuleIndex), String)],
    globals: &[u64],
) {
    w.leb(core.instances.len() as u64);
    for (guest, first) in core.instances.iter().zip(globals) {
        let module = modules.iter().position(|(known, _)| *known == identity(guest));
        w.u8(0);
        w.leb(module.unwrap_or_default() as u64);
        w.list(&guest.memories, |w, memory| memory.encode(w));
        let count = guest.module().0.globals.len() as u64;
        w.leb(count);
        (*first..first + count).for_each(|global| w.leb(global));
    }
}

fn one_frame(w: &mut Writer, core: &StoreCore, frame: &Frame) {
    w.u8(0);
    w.leb(frame.instance.map_or(0, |instance| instance.get().into()));
    frame.function.encode(w);
    w.leb(offset_in_function(core, frame).unwrap_or_default().into());
    w.list(&frame.locals, |w, LocalValue { ty, bits }| {
        w.u8(*ty);
        match ty {
            0x7f => signed(w, i64::from(*bits as i32)),
            0x7e => signed(w, *bits as i64),
            0x7d => w.u32(*bits as u32),
            0x7c => w.u64(*bits),
            _ => {}
        }
    });
    w.leb(0);
}

/// Where a frame stood in its function, in bytes from the start of the body,
/// its locals; zero stands for unknown.
fn offset_in_function(core: &StoreCore, frame: &Frame) -> Option<u32> {
    let guest = core.instances.get(frame.instance?.index())?;
    let section = container::section(guest.image.file_bytes(), bodies::NAME)?;
    let defined = frame.function.defined(guest.module().0.imported_functions())?;
    frame.offset?.distance_from(bodies::start(section, guest.module, defined)?)
}

/// The data section: what is not zero in the memories.
fn contents(out: &mut dyn Write, core: &StoreCore) -> io::Result<()> {
    let mut segments = Vec::new();
    for (index, memory) in MemoryId::enumerate(&core.memories) {
        // SAFETY: shared access to the store keeps guests from running.
        let bytes = unsafe { memory.bytes() };
        for run in runs(bytes) {
            segments.push((segment_head(index, memory, run.start, run.len()), &bytes[run]));
        }
    }
    let mut count = Writer::new();
    count.leb(segments.len() as u64);
    let count = count.finish();
    let parts = segments.iter().map(|(head, bytes)| (head.len() + bytes.len()) as u64);
    let mut header = Writer::new();
    header.u8(DATA);
    header.leb(count.len() as u64 + parts.sum::<u64>());
    out.write_all(&header.finish())?;
    out.write_all(&count)?;
    for (head, bytes) in segments {
        out.write_all(&head)?;
        out.write_all(bytes)?;
    }
    Ok(())
}

/// All of an active segment but its bytes.
fn segment_head(index: MemoryId, memory: &LinearMemory, address: usize, len: usize) -> Vec<u8> {
    let mut w = Writer::new();
    w.u8(2);
    index.encode(&mut w);
    match memory.ty().index64 {
        true => {
            w.u8(0x42);
            signed(&mut w, address as i64);
        }
        false => {
            w.u8(0x41);
            signed(&mut w, i64::from(address as u32 as i32));
        }
    }
    w.u8(0x0b);
    w.leb(len as u64);
    w.finish()
}

/// Ranges of pages that are not all zero.
fn runs(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for (index, page) in bytes.chunks(PAGE).enumerate() {
        let start = index * PAGE;
        if page.iter().all(|byte| *byte == 0) {
            continue;
        }
        match runs.last_mut() {
            Some(last) if last.end == start => last.end += page.len(),
            _ => runs.push(start..start + page.len()),
        }
    }
    runs
}

/// Signed LEB128, as constants are written.
fn signed(w: &mut Writer, mut value: i64) {
    loop {
        let byte = (value & 0x7f) as u8;
        value >>= 7;
        let done = value == if byte & 0x40 == 0 { 0 } else { -1 };
        w.u8(if done { byte } else { byte | 0x80 });
        if done {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants() {
        let encoded = |value| {
            let mut w = Writer::new();
            signed(&mut w, value);
            w.finish()
        };
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(-1), [0x7f]);
        assert_eq!(encoded(64), [0xc0, 0]);
        assert_eq!(encoded(-123_456), [0xc0, 0xbb, 0x78]);
        assert_eq!(encoded(i64::MIN).len(), 10);
    }

    #[test]
    fn zero_pages_are_left_out() {
        let mut bytes = vec![0; 5 * PAGE + 100];
        (bytes[PAGE + 7], bytes[2 * PAGE], bytes[5 * PAGE + 99]) = (1, 1, 1);
        assert_eq!(runs(&bytes), [PAGE..3 * PAGE, 5 * PAGE..5 * PAGE + 100]);
    }
}
