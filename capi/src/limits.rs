//! Limits.
//!
//! # Safety
//!
//! Pointers are what the header says.
#![allow(unsafe_code)]

use crate::boundary::{given, guarded};
use crate::error::Error;
use crate::limit_kind::KINDS;
use precast_loader::wasi::WasiCtxBuilder;
use precast_loader::{LimitKind, Limits};
use std::ffi::c_int;
use std::time::Duration;

/// `precast_limits`.
#[derive(Clone, Default)]
pub(crate) struct InstanceLimits {
    pub(crate) store: Limits,
    /// For each call.
    pub(crate) time: Option<Duration>,
    output: Option<u64>,
    descriptors: Option<u32>,
    listings: Option<u64>,
}

impl InstanceLimits {
    fn set(&mut self, kind: c_int, value: u64) -> Option<()> {
        let small = u32::try_from(value).unwrap_or(u32::MAX);
        let index = usize::try_from(kind.checked_sub(1)?).ok()?;
        match KINDS.get(index)? {
            LimitKind::MemoryBytes => self.store.memory_bytes = value,
            LimitKind::TableElements => self.store.table_elements = value,
            LimitKind::Instances => self.store.instances = value,
            LimitKind::Memories => self.store.memories = value,
            LimitKind::AddressSpace => self.store.address_space = value,
            LimitKind::Types => self.store.types = value,
            LimitKind::Tables => self.store.tables = value,
            LimitKind::Globals => self.store.globals = value,
            LimitKind::StackBytes => {
                self.store.stack_bytes = usize::try_from(value).unwrap_or(usize::MAX);
            }
            LimitKind::NestedCalls => self.store.nested_calls = small,
            LimitKind::ExceptionBytes => self.store.exception_bytes = value,
            LimitKind::SuspendedCalls => self.store.suspended_calls = value,
            LimitKind::OutputBytes => self.output = Some(value),
            LimitKind::Descriptors => self.descriptors = Some(small),
            LimitKind::ListingBytes => self.listings = Some(value),
            LimitKind::Fuel => self.store.fuel = Some(value),
            LimitKind::Time => self.time = Some(Duration::from_nanos(value)),
            _ => return None,
        }
        Some(())
    }

    /// Limits what WASI gives.
    pub(crate) fn limit(&self, wasi: &mut WasiCtxBuilder) {
        if let Some(bytes) = self.output {
            wasi.max_output(bytes);
        }
        if let Some(count) = self.descriptors {
            wasi.max_descriptors(count);
        }
        if let Some(bytes) = self.listings {
            wasi.max_listings(bytes);
        }
    }
}

/// `precast_limits_new`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn precast_limits_new() -> *mut InstanceLimits {
    Box::into_raw(Box::default())
}

/// `precast_limits_delete`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_limits_delete(limits: *mut InstanceLimits) {
    if !limits.is_null() {
        // SAFETY: made by `precast_limits_new`, and freed once.
        drop(unsafe { Box::from_raw(limits) });
    }
}

/// `precast_limits_set`.
///
/// # Safety
///
/// As the header says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn precast_limits_set(
    limits: *mut InstanceLimits,
    kind: c_int,
    value: u64,
) -> *mut Error {
    guarded(|| {
        // SAFETY: pointers are what the header says.
        let limits = unsafe { given("the limits", limits) }?;
        limits.set(kind, value).ok_or_else(|| Error::usage(format!("there is no limit {kind}")))
    })
}
