//! Signals that arrive while a guest runs, and stacks to handle them on: each in
//! a child process, as in [`crate::faults`].
#![allow(unsafe_code)]

use crate::code;
use crate::faults::child;
use crate::mock::Mock;
use precast_loader::{Instance, Limits, Linker, Store, TrapCode};
use std::cell::RefCell;
use std::os::unix::process::ExitStatusExt;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static ALARMS: AtomicU32 = AtomicU32::new(0);

/// Needs more stack than the kernel does.
extern "C" fn alarm(_: libc::c_int) {
    let mut room = [0u8; 64 << 10];
    std::hint::black_box(&mut room).iter_mut().step_by(1024).for_each(|byte| *byte = 1);
    ALARMS.fetch_add(1, Ordering::Relaxed);
}

struct Recursion {
    store: Store<()>,
    instance: Instance,
}

impl Recursion {
    fn new() -> Self {
        let mut m = Mock::new("stack");
        let ty = m.ty(&[], &[]);
        m.memory(1, None, false);
        m.func("recurse", ty, |_| code::recurse());
        m.func("spin", ty, |_| code::spin());
        let artifact = crate::opened(&m.build()).unwrap();
        let mut limits = Limits::default();
        limits.stack_bytes = 256 << 10;
        let mut store = Store::with_limits((), limits);
        let instance = Linker::new().instantiate(&mut store, &artifact).unwrap();
        Self { store, instance }
    }

    fn overflow(&mut self) {
        let recurse = self.instance.get_func(&self.store, "recurse").unwrap();
        let error = recurse.call(&mut self.store, &[]).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::StackOverflow), "{error}");
    }
}

#[test]
#[ignore = "changes the process"]
fn alarms() {
    // SAFETY: the handler touches its own stack and an atomic number.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = alarm as extern "C" fn(libc::c_int) as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGALRM, &action, null_mut()), 0);
        let often = libc::timeval { tv_sec: 0, tv_usec: 200 };
        let timer = libc::itimerval { it_interval: often, it_value: often };
        assert_eq!(libc::setitimer(libc::ITIMER_REAL, &timer, null_mut()), 0);
    }
    let mut guest = Recursion::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        guest.overflow();
    }
    assert!(ALARMS.load(Ordering::Relaxed) > 100);
    println!("came back");
}

#[test]
#[ignore = "ends the process"]
fn sent() {
    let mut guest = Recursion::new();
    guest.overflow();
    // SAFETY: only asks who this is.
    let this = unsafe { libc::pthread_self() };
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        // SAFETY: the thread runs the guest for ever.
        unsafe { libc::pthread_kill(this, libc::SIGSEGV) };
    });
    let spin = guest.instance.get_func(&guest.store, "spin").unwrap();
    println!("{:?}", spin.call(&mut guest.store, &[]));
}

thread_local! {
    static BEFORE: RefCell<Option<AtExit>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        Recursion::new().overflow();
        println!("overflowed at the end");
    }
}

#[test]
#[ignore = "changes the process"]
fn destructors() {
    let thread = std::thread::spawn(|| {
        BEFORE.set(Some(AtExit));
        Recursion::new().overflow();
        AFTER.set(Some(AtExit));
    });
    thread.join().unwrap();
    println!("came back");
}

#[test]
#[ignore = "changes the process"]
fn disabled() {
    let mut guest = Recursion::new();
    guest.overflow();
    let none = libc::stack_t { ss_sp: null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: nothing runs on the alternate stack.
    assert_eq!(unsafe { libc::sigaltstack(&none, null_mut()) }, 0);
    guest.overflow();
    let mut room = vec![0u8; 8 << 10];
    let (start, size) = (room.as_mut_ptr().cast(), room.len());
    let small = libc::stack_t { ss_sp: start, ss_flags: 0, ss_size: size };
    // SAFETY: as above; and it is replaced before it is freed.
    assert_eq!(unsafe { libc::sigaltstack(&small, null_mut()) }, 0);
    guest.overflow();
    println!("came back");
}

fn comes_back(name: &str) -> String {
    let output = child(&format!("signals::{name}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("came back"), "{name}: {output:?}");
    text
}

#[test]
fn handlers_without_a_stack_of_their_own_run_wherever_a_guest_stands() {
    comes_back("alarms");
}

#[test]
fn a_signal_that_was_sent_is_no_trap() {
    let output = child("signals::sent");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
}

#[test]
fn destructors_of_threads_may_call_guests() {
    assert_eq!(comes_back("destructors").matches("overflowed at the end").count(), 2);
}

#[test]
fn an_alternate_stack_that_is_gone_is_noticed() {
    comes_back("disabled");
}
