//! Writing without the signals that come with errors: `SIGPIPE` where nobody
//! reads, `SIGXFSZ` at the limit of file sizes. They are the guest's errors;
//! what they do in this process is not ours to change, so they are kept from
//! the calling thread alone.
//!
//! # Safety
//!
//! Signal sets live on this thread's stack and are filled by the calls that
//! take them; only the calling thread's mask changes, and it is put back.
#![allow(unsafe_code)]

use rustix::io::{Errno, Result};
use std::mem::MaybeUninit;

/// Makes a call whose error is all that is left of such a signal.
pub(crate) fn quietly<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    let before = block();
    let result = call();
    let signal = match result {
        Err(Errno::PIPE) => Some(libc::SIGPIPE),
        Err(Errno::FBIG) => Some(libc::SIGXFSZ),
        _ => None,
    };
    if let Some(signal) = signal {
        take(signal, &before);
    }
    // SAFETY: both are sets of signals; nothing else of the thread changes.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &before, std::ptr::null_mut()) };
    result
}

/// Blocks both; what was blocked before.
fn block() -> libc::sigset_t {
    let mut before = MaybeUninit::uninit();
    // SAFETY: the calls fill the sets that they are given.
    unsafe {
        let mut set = MaybeUninit::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        libc::sigaddset(set.as_mut_ptr(), libc::SIGXFSZ);
        libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

/// Takes a signal that the call has raised in this thread. A thread that had
/// blocked it before finds it pending, as after any write of its own.
fn take(signal: libc::c_int, before: &libc::sigset_t) {
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the set is filled before it is read, and nothing is waited for.
    unsafe {
        if libc::sigismember(before, signal) == 1 {
            return;
        }
        let mut set = MaybeUninit::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        libc::sigtimedwait(set.as_ptr(), std::ptr::null_mut(), &now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    static RAISED: AtomicU32 = AtomicU32::new(0);

    extern "C" fn count(_signal: libc::c_int) {
        RAISED.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn a_broken_pipe_raises_nothing() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        drop(reader);
        // SAFETY: the handler does nothing but count; the old one comes back.
        let old = unsafe { libc::signal(libc::SIGPIPE, count as *const () as libc::sighandler_t) };
        for _ in 0..3 {
            assert_eq!(quietly(|| rustix::io::write(&writer, b"x")), Err(Errno::PIPE));
        }
        assert_eq!(RAISED.load(Ordering::Relaxed), 0);
        // It is not blocked afterwards.
        assert_eq!(rustix::io::write(&writer, b"x"), Err(Errno::PIPE));
        assert_eq!(RAISED.load(Ordering::Relaxed), 1);
        // SAFETY: as it was.
        unsafe { libc::signal(libc::SIGPIPE, old) };
    }
}
