//! Handlers for the signals that a fault raises, and the stack they run on.
//!
//! One process-wide handler per signal, installed once, asks a function given
//! at installation whether a fault is a guest's. If it is not, whatever
//! handler stood there before decides.
//!
//! # Safety
//!
//! The handler runs in the middle of anything. It touches the saved registers,
//! the `static`s here and what the deciding function reads; it allocates
//! nothing and takes no lock.
#![allow(unsafe_code)]

use crate::sys::arch;
use crate::sys::map::Mapping;
use crate::sys::registers::Registers;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::io;
use std::mem::{MaybeUninit, zeroed};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The instruction itself (`SIGILL`, `SIGFPE`).
    Instruction,
    /// An access to this address (`SIGSEGV`, `SIGBUS`).
    Access(usize),
    /// An access of which no address is known; among them, that the kernel found
    /// no room on the stack to run the handler of another signal.
    Unaddressed,
}

/// A fault, as the deciding function sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// What happened.
    pub(crate) kind: FaultKind,
    /// Where.
    pub(crate) registers: Registers,
}

/// Where a guest that trapped goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resume {
    /// Address.
    pub(crate) pc: usize,
    /// Stack pointer.
    pub(crate) sp: usize,
    /// Status given there.
    pub(crate) status: u64,
}

/// What becomes of a fault that is ours.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verdict {
    /// A guest's trap.
    Trap(Resume),
    /// What failed can be done now.
    Again,
}

/// Says whether a fault is ours, and what becomes of it if so. Runs in the
/// signal handler.
pub(crate) type DecideFault = fn(&Fault) -> Option<Verdict>;

const SIGNALS: [c_int; 4] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE];

struct Handlers {
    decide: DecideFault,
    /// What stood there before, in the order of [`SIGNALS`].
    previous: [libc::sigaction; 4],
}

static HANDLERS: OnceLock<Handlers> = OnceLock::new();
static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();

/// Installs the handlers, once per process; later calls only report whether
/// the first succeeded.
fn install(decide: DecideFault) -> io::Result<()> {
    let result = INSTALLED.get_or_init(|| {
        // The previous handlers are known before ours can run.
        let [segv, bus, ill, fpe] = SIGNALS.map(action);
        let previous = [segv?, bus?, ill?, fpe?];
        HANDLERS.get_or_init(|| Handlers { decide, previous });
        SIGNALS.iter().try_for_each(|signal| install_handler(*signal, handle))
    });
    result.map_err(io::Error::from_raw_os_error)
}

/// What is done with a signal now; or the system's error number.
pub(crate) fn action(signal: c_int) -> Result<libc::sigaction, i32> {
    let mut action = MaybeUninit::uninit();
    // SAFETY: only asks.
    checked(unsafe { libc::sigaction(signal, null(), action.as_mut_ptr()) })?;
    // SAFETY: the call succeeded and filled it.
    Ok(unsafe { action.assume_init() })
}

/// A handler with all arguments.
pub(crate) type SignalHandler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// Has a handler of ours run for a signal, on the alternate stack; or the
/// system's error number.
pub(crate) fn install_handler(signal: c_int, handler: SignalHandler) -> Result<(), i32> {
    // SAFETY: all zero is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { zeroed() };
    action.sa_sigaction = handler as usize;
    // NODEFER: a fault inside a previous handler must not kill the process
    // before that handler's own rules apply.
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // Other signals wait: their handlers may need more stack than this one has.
    // SAFETY: fills and changes a set of `action`'s.
    unsafe {
        libc::sigfillset(&raw mut action.sa_mask);
        for fault in SIGNALS {
            libc::sigdelset(&raw mut action.sa_mask, fault);
        }
    }
    // SAFETY: `action` is complete and the handlers follow the rules above.
    checked(unsafe { libc::sigaction(signal, &action, null_mut()) })
}

fn checked(result: c_int) -> Result<(), i32> {
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL)),
    }
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(handlers) = HANDLERS.get() else { return restore_default(signal) };
    // SAFETY: the kernel passes these three arguments to the handler.
    let (registers, code) = unsafe { (arch::registers(context), (*info).si_code) };
    if code <= 0 {
        // Somebody sent it: it tells nothing of what the guest did.
        chain(handlers, signal, info, context);
        return raise_again(signal);
    }
    let kind = match signal {
        libc::SIGILL | libc::SIGFPE => FaultKind::Instruction,
        _ if code == SI_KERNEL => FaultKind::Unaddressed,
        // SAFETY: a fault with an address.
        _ => FaultKind::Access(unsafe { (*info).si_addr() }.expose_provenance()),
    };
    match (handlers.decide)(&Fault { kind, registers }) {
        // SAFETY: the deciding function took them from a live activation.
        Some(Verdict::Trap(to)) => unsafe { arch::resume(context, to.pc, to.sp, to.status) },
        Some(Verdict::Again) => {}
        None => chain(handlers, signal, info, context),
    }
}

/// `si_code` of what the kernel raises without more to say, see sigaction(2).
const SI_KERNEL: c_int = 0x80;

/// Ends the process by a signal that somebody sent, if its default action does
/// so: unlike a fault, it does not happen again by itself.
fn raise_again(signal: c_int) {
    let mut now = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: asks, reads the answer, and raises; `sigaction` and `raise` are
    // safe to call in a handler.
    unsafe {
        if libc::sigaction(signal, null(), now.as_mut_ptr()) == 0
            && now.assume_init().sa_sigaction == libc::SIG_DFL
        {
            libc::raise(signal);
        }
    }
}

/// Hands a fault that is no guest's to the handler that was there before.
fn chain(handlers: &Handlers, signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(index) = SIGNALS.iter().position(|s| *s == signal) else { return };
    let previous = &handlers.previous[index];
    match previous.sa_sigaction {
        // An ignored fault would come again for ever.
        libc::SIG_DFL | libc::SIG_IGN => restore_default(signal),
        // SAFETY: what stood there before, and what the kernel gave.
        _ => unsafe { hand_on(previous, signal, info, context) },
    }
}

/// Does with a signal what was done before.
///
/// # Safety
///
/// `previous` is what [`action`] told; the rest is what the kernel passes to a
/// running handler.
pub(crate) unsafe fn hand_on(
    previous: &libc::sigaction,
    signal: c_int,
    info: *mut libc::siginfo_t,
    context: *mut c_void,
) {
    match previous.sa_sigaction {
        libc::SIG_IGN => {}
        libc::SIG_DFL => {
            restore_default(signal);
            // SAFETY: safe to call in a handler.
            unsafe { libc::raise(signal) };
        }
        handler if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: with SA_SIGINFO the field holds such a function.
            let handler = unsafe { std::mem::transmute::<usize, SignalHandler>(handler) };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: without SA_SIGINFO the field holds such a function.
            let handler = unsafe { std::mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
            handler(signal);
        }
    }
}

/// Lets the fault happen again with the default action, which ends the
/// process.
fn restore_default(signal: c_int) {
    // SAFETY: all zero is `SIG_DFL` without flags; `sigaction` is safe to call
    // in a handler.
    unsafe {
        let action: libc::sigaction = zeroed();
        libc::sigaction(signal, &action, null_mut());
    }
}

/// Bytes that a handler may need, with room for the largest saved state.
const ALTERNATE_STACK: usize = 64 << 10;

thread_local! {
    static CHECKED: Cell<bool> = const { Cell::new(false) };
    static ALTERNATE: Cell<Option<AlternateStack>> = const { Cell::new(None) };
}

/// Makes sure that the handlers are installed, and have a stack of their own
/// on this thread that is large enough. Costs one thread-local read after the
/// first call. `decide` is that of the process's first call.
#[inline]
pub(crate) fn prepare_thread(decide: DecideFault) -> io::Result<()> {
    match CHECKED.get() {
        true => Ok(()),
        false => prepare_new_thread(decide),
    }
}

#[cold]
fn prepare_new_thread(decide: DecideFault) -> io::Result<()> {
    install(decide)?;
    if let Some(stack) = AlternateStack::install_if_small()? {
        let mut stack = Some(stack);
        // In a destructor of a thread-local variable it may be too late to keep
        // the stack: then it stays mapped, for it stays in use.
        let kept = ALTERNATE.try_with(|alternate| alternate.set(stack.take()));
        kept.unwrap_or_else(|_| std::mem::forget(stack));
    }
    CHECKED.set(true);
    Ok(())
}

/// Has this thread's next call of a guest look at the thread's alternate signal stack
/// again, where a stack overflow is found out: for hosts that have replaced or disabled
/// it since the thread's first call. [`Func::call`](crate::Func::call) does so itself.
#[inline]
pub fn recheck_signal_stack() {
    CHECKED.set(false);
}

/// An alternate signal stack of ours, in use until the thread ends.
struct AlternateStack {
    mapping: Mapping,
}

impl AlternateStack {
    /// Installs a stack unless the thread has one of sufficient size.
    fn install_if_small() -> io::Result<Option<Self>> {
        let mut old = MaybeUninit::<libc::stack_t>::uninit();
        // SAFETY: only asks.
        if unsafe { libc::sigaltstack(null(), old.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call succeeded and filled it.
        let old = unsafe { old.assume_init() };
        if old.ss_flags & libc::SS_DISABLE == 0 && old.ss_size >= ALTERNATE_STACK {
            return Ok(None);
        }
        let guard = crate::sys::page::page_size();
        let mapping = Mapping::reserve(guard + ALTERNATE_STACK)?;
        mapping.commit(guard, ALTERNATE_STACK)?;
        let stack = Self { mapping };
        let new = libc::stack_t { ss_sp: stack.address(), ss_flags: 0, ss_size: ALTERNATE_STACK };
        // SAFETY: the memory is mapped and stays so until it is withdrawn.
        if unsafe { libc::sigaltstack(&new, null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Some(stack))
    }

    fn address(&self) -> *mut c_void {
        std::ptr::with_exposed_provenance_mut(self.mapping.base() + crate::sys::page::page_size())
    }
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        CHECKED.set(false);
        let mut current = MaybeUninit::<libc::stack_t>::uninit();
        // SAFETY: asks, then withdraws the stack if it is still ours. The one
        // from before may be gone already, so it is not put back.
        unsafe {
            if libc::sigaltstack(null(), current.as_mut_ptr()) == 0
                && current.assume_init().ss_sp == self.address()
            {
                let none =
                    libc::stack_t { ss_sp: null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
                libc::sigaltstack(&none, null_mut());
            }
        }
    }
}
