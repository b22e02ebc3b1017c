//! What a program sets up for its whole process before it runs a guest.
//!
//! # Safety
//!
//! `prctl` with `PR_SET_MDWE` reads and writes no memory of ours. Raw
//! descriptors are only borrowed for one `fcntl`, which fails on those that
//! are not open.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

/// `PR_SET_MDWE` of `linux/prctl.h`, since Linux 6.3.
const PR_SET_MDWE: libc::c_int = 65;
/// `PR_MDWE_REFUSE_EXEC_GAIN`.
const REFUSE_EXEC_GAIN: libc::c_ulong = 1;

/// Asks the kernel to refuse, for the rest of this process's life, any memory
/// that is both writable and executable, and any that becomes executable
/// after it was not. The loader needs neither.
///
/// # Errors
///
/// Kernels before 6.3 do not know the request (`EINVAL`).
pub fn deny_write_execute() -> io::Result<()> {
    // SAFETY: the request takes numbers only.
    match unsafe { libc::prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// A duplicate of a descriptor that this process was started with, such as a
/// socket passed on by a service manager.
///
/// # Errors
///
/// The descriptor is not open.
///
/// # Safety
///
/// Nothing else in the process owns the descriptor: what is written to it could
/// be what others map.
pub unsafe fn inherited_descriptor(fd: i32) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: `fd` is not -1, and the caller's; if it is not open, duplicating
    // it fails.
    unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned()
}
