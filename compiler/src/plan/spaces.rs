//! How each memory is kept in bounds, and how much address space it has.
//!
//! | model | reservation of a defined memory | what accesses do |
//! |-|-|-|
//! | guard, 32-bit | [`MEMORY32_RESERVATION`]: whatever index and offset add up to lies inside | nothing |
//! | guard, 64-bit, or with a reservation asked for | [`MEMORY64_RESERVATION`], or what was asked for | compare the index with a constant |
//! | bounds | what was asked for, else [`BOUNDS_RESERVATION`] | compare with the length |
//!
//! Memories whose pages are smaller than the machine's end between two of
//! those, so they are always checked against their length.

use crate::error::{Error, Result};
use crate::options::Options;
use crate::parse::{MemoryDecl, Parsed};
use precast_artifact::abi::{MEMORY_GUARD, MEMORY32_RESERVATION, MEMORY64_RESERVATION};
use precast_artifact::index::MemoryIndex;
use precast_artifact::module::{MemoryEntity, MemoryModel};
use precast_artifact::types::MemoryType;

/// What a memory of the bounds model may grow to, unless the options say
/// otherwise or its type says less: plenty for most programs, and little
/// enough for two hundred of them in the 256 GiB of riscv64's Sv39.
const BOUNDS_RESERVATION: u64 = 1 << 30;

/// Reservations are multiples of a page of WebAssembly.
const PAGE: u64 = 64 << 10;

/// Describes every memory.
pub(super) fn describe(parsed: &Parsed<'_>, options: &Options) -> Result<Vec<MemoryEntity>> {
    let one = |(index, memory): (MemoryIndex, &MemoryDecl)| {
        check_reservation(index, memory, options)?;
        let (model, reservation, guard) = space(&memory.ty, options);
        let imported = memory.imported;
        Ok(MemoryEntity { ty: memory.ty, imported, model, reservation, guard })
    };
    MemoryIndex::enumerate(&parsed.memories).map(one).collect()
}

/// Model, reservation and guard.
fn space(ty: &MemoryType, options: &Options) -> (MemoryModel, u64, u64) {
    let asked = options.memory_reservation.map(|bytes| bytes.next_multiple_of(PAGE));
    let small_pages = ty.page_size() < PAGE;
    match options.memory_model {
        MemoryModel::Guard if !small_pages => match (asked, ty.index64) {
            (Some(bytes), _) => (MemoryModel::Guard, bytes, MEMORY_GUARD),
            (None, true) => (MemoryModel::Guard, MEMORY64_RESERVATION, MEMORY_GUARD),
            (None, false) => (MemoryModel::Guard, MEMORY32_RESERVATION, 0),
        },
        _ => {
            // What is larger cannot be instantiated, which the loader says.
            let least = ty.min_bytes().unwrap_or(u64::MAX).min(MEMORY64_RESERVATION);
            let default = BOUNDS_RESERVATION.max(least);
            let most = ty.max_bytes().checked_next_multiple_of(PAGE).unwrap_or(u64::MAX);
            (MemoryModel::Bounds, asked.unwrap_or(default).min(most).max(PAGE), 0)
        }
    }
}

/// A defined memory must have room for what it begins with.
fn check_reservation(index: MemoryIndex, memory: &MemoryDecl, options: &Options) -> Result<()> {
    let Some(asked) = options.memory_reservation.filter(|_| !memory.imported) else {
        return Ok(());
    };
    let least = memory.ty.min_bytes().unwrap_or(u64::MAX);
    match least <= asked.next_multiple_of(PAGE) {
        true => Ok(()),
        false => Err(Error::Option(format!(
            "memory {index} begins with {least} bytes, more than the {asked} of \
             `--memory-reservation`"
        ))),
    }
}
