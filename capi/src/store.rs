//! What stores hold, and the bytes of their memories.
//!
//! # Safety
//!
//! Sizes are written where the program wants them.
#![allow(unsafe_code)]

use precast_loader::wasi::WasiCtx;
use precast_loader::{AsStore, Memory};
use std::ptr::null_mut;

/// The data of a store.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) wasi: Option<WasiCtx>,
}

/// Address and size of a memory's bytes.
///
/// # Safety
///
/// A size can be written at `size`, unless it is null.
pub(crate) unsafe fn memory_bytes(
    memory: Option<Memory>,
    store: &mut impl AsStore<Data = State>,
    size: *mut usize,
) -> *mut u8 {
    let Some(memory) = memory else { return null_mut() };
    let bytes = memory.data_mut(store);
    if !size.is_null() {
        // SAFETY: as the caller promises.
        unsafe { size.write(bytes.len()) };
    }
    bytes.as_mut_ptr()
}
