//! Tells debuggers of images, through the interface that GDB defines for code
//! generators ("JIT Compilation Interface" in its manual) and LLDB reads too:
//! a list of symbol files in memory, and a function in which debuggers that
//! are there set a breakpoint. Those that come later read the list.
//!
//! Without a debugger an entry costs an allocation and a call of a function
//! that does nothing.
//!
//! What tells gdb how to show guests' pointers is part of the program that holds
//! the loader, where gdb looks for scripts; images have it too, but those that a
//! process tells of are no files to gdb, and it reads scripts of files only.
//!
//! # Safety
//!
//! The descriptor and the list are changed under a lock. Other code
//! generators in the process share them, by the same two names: they are
//! weak, so that whoever links both has one of each. Those generators change
//! the list while they generate code, as we do while we open images.
#![allow(unsafe_code)]

use std::arch::global_asm;
use std::hint::black_box;
use std::mem::offset_of;
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};

/// `struct jit_code_entry`.
#[repr(C)]
#[derive(Debug)]
struct JitCodeEntry {
    next: *mut JitCodeEntry,
    previous: *mut JitCodeEntry,
    symbol_file: usize,
    size: u64,
}

/// `struct jit_descriptor`.
#[repr(C)]
struct JitDescriptor {
    version: u32,
    action: u32,
    relevant: *mut JitCodeEntry,
    first: *mut JitCodeEntry,
}

const _: () = assert!(size_of::<JitDescriptor>() == 24 && offset_of!(JitDescriptor, first) == 16);

const NO_ACTION: u32 = 0;
const REGISTER: u32 = 1;
const UNREGISTER: u32 = 2;

// Rust has no weak definitions.
global_asm!(
    ".pushsection .data.__jit_debug_descriptor, \"aw\", @progbits",
    ".p2align 3",
    ".weak __jit_debug_descriptor",
    ".type __jit_debug_descriptor, @object",
    "__jit_debug_descriptor:",
    ".long 1", // version
    ".zero 20",
    ".size __jit_debug_descriptor, 24",
    ".popsection",
    ".pushsection .text.__jit_debug_register_code, \"ax\", @progbits",
    ".p2align 4",
    ".weak __jit_debug_register_code",
    ".type __jit_debug_register_code, @function",
    "__jit_debug_register_code:",
    ".cfi_startproc",
    "ret",
    ".cfi_endproc",
    ".size __jit_debug_register_code, . - __jit_debug_register_code",
    ".popsection",
);

/// Never looked at by the program, nor read from its file.
// SAFETY: a section of read-only data like others.
#[unsafe(link_section = ".debug_gdb_scripts")]
static GDB_SCRIPT: [u8; precast_debuggers::GDB_SECTION_SIZE] = precast_debuggers::gdb_section();

/// Makes programs that hold guests carry the script: linkers leave out what
/// nothing refers to.
pub(crate) fn carry_gdb_script() {
    black_box(&raw const GDB_SCRIPT);
}

unsafe extern "C" {
    #[link_name = "__jit_debug_descriptor"]
    static mut DESCRIPTOR: JitDescriptor;
    #[link_name = "__jit_debug_register_code"]
    fn register_code();
}

/// Held while the list changes.
static CHANGING: Mutex<()> = Mutex::new(());

/// A symbol file that debuggers know of until this is dropped.
#[derive(Debug)]
pub(crate) struct SymbolFile {
    entry: *mut JitCodeEntry,
}

// SAFETY: the entry is only touched under the lock.
unsafe impl Send for SymbolFile {}
// SAFETY: as above.
unsafe impl Sync for SymbolFile {}

impl SymbolFile {
    /// Tells debuggers of the ELF image at an address, which stays readable
    /// as long as the value lives.
    pub(crate) fn register(address: usize, size: usize) -> Self {
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let descriptor = &raw mut DESCRIPTOR;
        // SAFETY: under the lock; entries in the list are live.
        unsafe {
            let next = (*descriptor).first;
            let entry = JitCodeEntry {
                next,
                previous: null_mut(),
                symbol_file: address,
                size: size as u64,
            };
            let entry = Box::into_raw(Box::new(entry));
            if let Some(next) = next.as_mut() {
                next.previous = entry;
            }
            (*descriptor).first = entry;
            tell(descriptor, REGISTER, entry);
            Self { entry }
        }
    }
}

impl Drop for SymbolFile {
    fn drop(&mut self) {
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let descriptor = &raw mut DESCRIPTOR;
        // SAFETY: under the lock; the entry and its neighbours are live.
        unsafe {
            let JitCodeEntry { next, previous, .. } = *self.entry;
            match previous.as_mut() {
                Some(previous) => previous.next = next,
                None => (*descriptor).first = next,
            }
            if let Some(next) = next.as_mut() {
                next.previous = previous;
            }
            tell(descriptor, UNREGISTER, self.entry);
            drop(Box::from_raw(self.entry));
        }
    }
}

/// Stops in the debugger, if there is one, to look at an entry.
///
/// # Safety
///
/// The lock is held, the descriptor is the process's, the entry live.
unsafe fn tell(descriptor: *mut JitDescriptor, action: u32, entry: *mut JitCodeEntry) {
    // SAFETY: as the caller promises. Debuggers read what is in memory at the
    // call, which the compiler knows nothing about.
    unsafe {
        (&raw mut (*descriptor).relevant).write_volatile(entry);
        (&raw mut (*descriptor).action).write_volatile(action);
        register_code();
        (&raw mut (*descriptor).action).write_volatile(NO_ACTION);
        (&raw mut (*descriptor).relevant).write_volatile(null_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed() -> Vec<usize> {
        let _changing = CHANGING.lock().unwrap();
        // SAFETY: under the lock.
        let first = unsafe { (&raw const DESCRIPTOR.first).read() };
        let next = |entry: &*mut JitCodeEntry| {
            // SAFETY: entries in the list are live.
            Some(unsafe { entry.as_ref() }?.next)
        };
        let entries = std::iter::successors(Some(first), next).filter(|entry| !entry.is_null());
        // SAFETY: as above.
        entries.map(|entry| unsafe { (*entry).symbol_file }).collect()
    }

    #[test]
    fn entries_come_and_go_in_any_order() {
        // Other tests may open images with debug information meanwhile.
        let ours = || listed().into_iter().filter(|at| *at < 10).collect::<Vec<_>>();
        let [a, b, c] = [1, 2, 3].map(|at| SymbolFile::register(at, 0));
        assert_eq!(ours(), [3, 2, 1]);
        drop(b);
        assert_eq!(ours(), [3, 1]);
        drop(c);
        assert_eq!(ours(), [1]);
        drop(a);
        assert_eq!(ours(), [0; 0]);
    }
}
