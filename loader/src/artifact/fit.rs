//! Does this artifact fit this machine and this loader? What the contract's
//! own checks cannot know.

use crate::error::{Error, Result};
use crate::sys::arch;
use crate::sys::page::page_size;
use precast_artifact::module::{Description, MemoryEntity, Module};
use precast_artifact::note::{Note, Variant};
use std::io;

/// Checks architecture, CPU features and page size. Gives the variant of the
/// text that is the best for this machine, unless that is `.text` itself.
pub(super) fn choose(machine: u16, note: &Note) -> Result<Option<&Variant>> {
    if machine != arch::MACHINE {
        return Err(Error::WrongArchitecture { needs: note.target.clone(), here: arch::NAME });
    }
    let here = page_size() as u64;
    if !note.page_size.is_multiple_of(here) {
        return Err(Error::PageSize { artifact: note.page_size, here });
    }
    let fits = |variant: &&Variant| {
        variant.cpu_features.iter().all(|name| arch::has_feature(name) == Some(true))
    };
    match note.variants.iter().rev().find(fits) {
        Some(variant) => Ok(Some(variant)),
        None => check_features(&note.cpu_features).map(|()| None),
    }
}

/// CPU features.
pub(super) fn check_features(features: &[String]) -> Result<()> {
    let that = |has: Option<bool>| -> Vec<String> {
        features.iter().filter(|name| arch::has_feature(name) == has).cloned().collect()
    };
    match (that(None), that(Some(false))) {
        (features, _) if !features.is_empty() => Err(Error::UnknownCpuFeature { features }),
        (_, features) if !features.is_empty() => Err(Error::MissingCpuFeature { features }),
        _ => Ok(()),
    }
}

/// Largest reservation that is taken seriously: the user half of a 48-bit
/// address space.
const MAX_RESERVATION: u64 = 1 << 47;

/// Reservations are possible, and initial contents can be mapped. A memory
/// that is larger than its reservation fails when an instance is made.
pub(super) fn check_memories(description: &Description) -> Result<(), String> {
    check_reservations(description)?;
    for (index, module) in description.modules.iter().enumerate() {
        check_runs(module).map_err(|why| format!("module {index}: {why}"))?;
    }
    Ok(())
}

/// Reservations are possible.
pub(super) fn check_reservations(description: &Description) -> Result<(), String> {
    for (index, module) in description.modules.iter().enumerate() {
        for (number, memory) in module.memories.iter().enumerate() {
            check_memory(memory)
                .map_err(|why| format!("module {index}: memory {number}: {why}"))?;
        }
    }
    Ok(())
}

fn check_runs(module: &Module) -> Result<(), String> {
    let page = page_size() as u64;
    for run in &module.runs {
        if !run.address.is_multiple_of(page) || !run.image.offset.is_multiple_of(page) {
            return Err(format!("initial contents at {:#x} are not page-aligned", run.address));
        }
    }
    Ok(())
}

fn check_memory(memory: &MemoryEntity) -> Result<(), String> {
    let total = memory.reservation.checked_add(memory.guard);
    if total.is_none_or(|total| total > MAX_RESERVATION) {
        return Err(format!(
            "{} + {} bytes reserved, more than there are",
            memory.reservation, memory.guard
        ));
    }
    Ok(())
}

/// Says why text could not be mapped.
pub(super) fn text_error(what: String, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Error::System(
            format!(
                "{what} for execution (is its file system mounted noexec? \
                 then move the file, or open it with `from_bytes`)"
            ),
            error,
        ),
        _ => Error::System(what, error),
    }
}
