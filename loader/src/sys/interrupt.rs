//! The signal that has a thread look whether its guest shall stop.
//!
//! A real-time signal that nobody in the process uses when it is first needed;
//! the handler stays. One that somebody else sends under the same number goes to
//! whatever handler was there before. It interrupts system calls, so that what
//! waits in the host comes back.
//!
//! # Safety
//!
//! The handler runs in the middle of anything. It touches the saved registers,
//! the `static`s here and what the deciding function reads; it allocates
//! nothing and takes no lock.
#![allow(unsafe_code)]

use crate::sys::arch;
use crate::sys::registers::Registers;
use crate::sys::signals::{self, Resume};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::OnceLock;

/// Says where a thread goes on that was interrupted in its guest and shall
/// leave it. Runs in the signal handler.
pub(crate) type DecideInterrupt = fn(&Registers) -> Option<Resume>;

struct Installed {
    signal: c_int,
    decide: DecideInterrupt,
    previous: libc::sigaction,
}

static INSTALLED: OnceLock<Result<Installed, i32>> = OnceLock::new();

/// A thread of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Thread(c_int);

impl Thread {
    /// The calling one.
    pub(crate) fn current() -> Self {
        // SAFETY: only asks.
        Self(unsafe { libc::syscall(libc::SYS_gettid) } as c_int)
    }

    /// Sends the signal. It must be a thread that has not ended.
    pub(crate) fn interrupt(self) {
        let Some(Ok(Installed { signal, .. })) = INSTALLED.get() else { return };
        let process = std::process::id() as c_int;
        let info = Info {
            signal: *signal,
            errno: 0,
            code: libc::SI_QUEUE,
            _gap: 0,
            process,
            user: 0,
            value: mark(),
            _rest: [0; 12],
        };
        // SAFETY: reads `info`, which is laid out as the kernel has it.
        unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, process, self.0, *signal, &info) };
    }
}

/// `siginfo_t` of a signal with a value, as the kernel takes it.
#[repr(C)]
struct Info {
    signal: c_int,
    errno: c_int,
    code: c_int,
    _gap: c_int,
    process: c_int,
    user: u32,
    value: usize,
    _rest: [u64; 12],
}

const _: () = assert!(size_of::<Info>() == 128);

/// The value by which the handler knows our own.
fn mark() -> usize {
    (&raw const INSTALLED).addr()
}

thread_local! {
    static PREPARED: Cell<bool> = const { Cell::new(false) };
}

/// Makes sure that the handler is installed, and that this thread takes the
/// signal. It has a stack for it: see [`signals::prepare_thread`], which comes
/// first. `decide` is that of the process's first call.
pub(crate) fn prepare_thread(decide: DecideInterrupt) -> io::Result<()> {
    if PREPARED.get() {
        return Ok(());
    }
    let installed = INSTALLED.get_or_init(|| install(decide));
    let Installed { signal, .. } =
        installed.as_ref().map_err(|code| io::Error::from_raw_os_error(*code))?;
    // SAFETY: fills the set before it is read.
    unsafe {
        let mut set = MaybeUninit::uninit();
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), *signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, set.as_ptr(), null_mut());
    }
    PREPARED.set(true);
    Ok(())
}

fn install(decide: DecideInterrupt) -> Result<Installed, i32> {
    // The first ones are those that libraries take.
    let candidates = libc::SIGRTMIN() + 8..=libc::SIGRTMIN() + 24;
    let unused = candidates.clone().find(|signal| {
        matches!(signals::action(*signal), Ok(action) if action.sa_sigaction == libc::SIG_DFL)
    });
    let signal = unused.unwrap_or(*candidates.start());
    let previous = signals::action(signal)?;
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = handle;
    signals::install_handler(signal, handler)?;
    Ok(Installed { signal, decide, previous })
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // One that comes before this is set tells of nothing: it will come again.
    let Some(Ok(installed)) = INSTALLED.get() else { return };
    // SAFETY: the kernel passes these arguments to the handler; every signal
    // with this code has a value.
    let ours = unsafe {
        (*info).si_code == libc::SI_QUEUE && (*info).si_value().sival_ptr.addr() == mark()
    };
    if !ours {
        // SAFETY: as above, and the action is what stood there.
        return unsafe { signals::hand_on(&installed.previous, signal, info, context) };
    }
    // SAFETY: as above; the deciding function took what it gives from a live
    // activation, whose guest was interrupted.
    unsafe {
        if let Some(to) = (installed.decide)(&arch::registers(context)) {
            arch::resume(context, to.pc, to.sp, to.status);
        }
    }
}
