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
static ON_STACK: AtomicU32 = AtomicU32::new(0);

/// Needs more stack than the kernel does.
extern "C" fn alarm(_: libc::c_int) {
    let mut room = [0u8; 64 << 10];
    std::hint::black_box(&mut room).iter_mut().step_by(256).for_each(|byte| *byte = 1);
    ALARMS.fetch_add(1, Ordering::Relaxed);
}

/// Needs no more than an alternate stack has, where it may interrupt [`profile`].
extern "C" fn count(_: libc::c_int) {
    ALARMS.fetch_add(1, Ordering::Relaxed);
}

/// Counts how often it runs on an alternate stack, which may be as small as those that
/// the standard library gives threads.
extern "C" fn profile(_: libc::c_int) {
    let mut room = [0u8; 2 << 10];
    std::hint::black_box(&mut room).iter_mut().step_by(256).for_each(|byte| *byte = 1);
    if alternate_stack().ss_flags & libc::SS_ONSTACK != 0 {
        ON_STACK.fetch_add(1, Ordering::Relaxed);
    }
}

fn alternate_stack() -> libc::stack_t {
    // SAFETY: all zero is a value; only asks.
    unsafe {
        let mut stack = std::mem::zeroed();
        assert_eq!(libc::sigaltstack(std::ptr::null(), &mut stack), 0);
        stack
    }
}

/// Has a signal of a timer come so often, to a handler with these flags.
fn handle_timer(
    handler: extern "C" fn(libc::c_int),
    timer: (libc::c_int, libc::c_int),
    flags: libc::c_int,
    micros: i64,
) {
    // SAFETY: the handlers touch their own stack and atomic numbers.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_RESTART | flags;
        assert_eq!(libc::sigaction(timer.0, &action, null_mut()), 0);
        let often = libc::timeval { tv_sec: 0, tv_usec: micros };
        let interval = libc::itimerval { it_interval: often, it_value: often };
        assert_eq!(libc::setitimer(timer.1, &interval, null_mut()), 0);
    }
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
    handle_timer(alarm, (libc::SIGALRM, libc::ITIMER_REAL), 0, 200);
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

/// A timer whose handler has no stack of its own, and a profiler's whose has one, a
/// thousand times in a second each, while guests overflow, are stopped and compute.
#[test]
#[ignore = "changes the process"]
fn profiled() {
    let mut guest = Recursion::new();
    // From now on the thread has an alternate stack on which one handler can interrupt
    // the other; that of the standard library has 8 KiB, and a frame takes near 4.
    guest.overflow();
    let timers = |micros| {
        handle_timer(count, (libc::SIGALRM, libc::ITIMER_REAL), 0, micros);
        handle_timer(profile, (libc::SIGPROF, libc::ITIMER_PROF), libc::SA_ONSTACK, micros);
    };
    timers(1000);
    let spin = guest.instance.get_func(&guest.store, "spin").unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        guest.overflow();
        let soon = Instant::now() + Duration::from_millis(5);
        guest.store.set_deadline(Some(soon)).unwrap();
        let error = spin.call(&mut guest.store, &[]).unwrap_err();
        assert_eq!(error.trap_code(), Some(TrapCode::Interrupt), "{error}");
        guest.store.set_deadline(None).unwrap();
        guest.store.clear_interrupt();
    }
    timers(0);
    let counts = [&ALARMS, &ON_STACK].map(|count| count.load(Ordering::Relaxed));
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
    println!("came back");
}

/// A thread that has an alternate stack keeps it, and guests trap there.
#[test]
#[ignore = "changes the process"]
fn own_stack() {
    let on_new_thread = || {
        let room = vec![0u8; 256 << 10].leak();
        let (start, size) = (room.as_mut_ptr().cast(), room.len());
        let own = libc::stack_t { ss_sp: start, ss_flags: 0, ss_size: size };
        // SAFETY: the memory stays as long as the process; Rust's own stack is unused.
        assert_eq!(unsafe { libc::sigaltstack(&own, null_mut()) }, 0);
        let mut guest = Recursion::new();
        for _ in 0..3 {
            guest.overflow();
            let now = alternate_stack();
            assert_eq!((now.ss_sp, now.ss_size), (start, size));
        }
        // What a handler wrote is there: it did run on this stack.
        assert!(room.iter().any(|byte| *byte != 0));
    };
    std::thread::spawn(on_new_thread).join().unwrap();
    std::thread::spawn(on_new_thread).join().unwrap();
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
fn timers_of_the_host_fire_while_guests_run() {
    comes_back("profiled");
}

#[test]
fn an_alternate_stack_of_the_host_is_kept() {
    comes_back("own_stack");
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
