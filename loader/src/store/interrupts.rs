//! Requests to stop, from any thread: of one call, or of a whole store; and the
//! store's deadline, which makes one.
//!
//! A request for a call names the generation of its activation. Whoever makes a
//! request sets the store block's flag, too; the store collects the requests
//! when it finds the flag set, and those for calls that have ended are lost.
//!
//! # How a guest is reached
//!
//! A guest that computes looks at no flag. When a request concerns a call that
//! runs, its thread gets a [signal](crate::sys::interrupt), again and again until
//! the call has ended: one that arrives in guest code ends it there; one that
//! arrives in the host brings back a system call that waits, and no more.
//! For that the running calls of a store are listed here, and their thread,
//! from the time when somebody first asks for a handle or sets a deadline; before,
//! calls cost nothing.
//!
//! # Safety
//!
//! The flag is part of the store, which may be dropped while others still have
//! a handle. Its address is used under a lock only, and the store withdraws it
//! under the same lock before it goes. A thread is signalled under the lock, too:
//! it has to take it before it can leave the store, and end.
#![allow(unsafe_code)]

use crate::sys::alarm::{self, Alarm, Appointment};
use crate::sys::interrupt::Thread;
use std::io;
use std::ptr::with_exposed_provenance;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// Stops a call into guests, or all of a store, from any thread.
///
/// What it stops ends with a trap, [`TrapCode::Interrupt`](crate::TrapCode): in
/// guest code and in bulk operations of the guest at once; in a WASI function
/// that waits as soon as the system brings it back; in any other host function
/// when that returns. So do calls into the same store that host functions made
/// meanwhile. A call that is suspended ends as soon as it is resumed.
///
/// A handle of one call that has ended does nothing. A handle of a store,
/// [`Store::interrupt_handle`](crate::Store::interrupt_handle), stops later calls
/// too, until [`Store::clear_interrupt`](crate::Store::clear_interrupt).
///
/// A thread that runs a guest which can be stopped has system calls interrupted
/// (`EINTR`) in host functions while it is asked to.
#[derive(Clone, Debug)]
pub struct InterruptHandle {
    shared: Arc<Interrupts>,
    target: Target,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    /// The call of a generation.
    Call(u64),
    /// All calls of the store.
    Store,
}

impl InterruptHandle {
    /// Asks the call, or the store, to stop. Returns at once.
    pub fn interrupt(&self) {
        let mut state = self.shared.lock();
        match self.target {
            _ if state.flag.is_none() => return,
            Target::Call(generation) if state.calls.contains(&generation) => {}
            Target::Call(generation) => state.calls.push(generation),
            Target::Store => state.stopped = true,
        }
        state.raise_flag();
        self.shared.strike(&mut state);
    }
}

/// What a store shares with the handles for its calls.
#[derive(Debug)]
pub(crate) struct Interrupts {
    /// Whether the running call shall stop. Read in signal handlers.
    stopping: AtomicBool,
    state: Mutex<Requests>,
    this: Weak<Self>,
}

#[derive(Debug, Default)]
struct Requests {
    /// Address of the store block's flag, while there is a store.
    flag: Option<usize>,
    /// Calls that were asked to stop, and not collected yet.
    calls: Vec<u64>,
    /// Whether somebody wants all calls to stop.
    stopped: bool,
    /// Whether they shall because the deadline has passed.
    late: bool,
    /// The calls in progress, the innermost last.
    running: Vec<u64>,
    /// The thread that they run on.
    thread: Option<Thread>,
    /// When all calls shall stop.
    deadline: Option<Instant>,
    /// When the alarm rings next.
    appointment: Option<Appointment>,
    /// From one signal to the next.
    pause: Duration,
}

/// From the first signal to the second; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
/// The longest time from one signal to the next.
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

impl Interrupts {
    /// For the store with this flag, which calls [`Interrupts::close`] before
    /// it is dropped; `running` are the calls in progress, the innermost last,
    /// on this thread.
    pub(crate) fn new(flag: &AtomicU32, running: Vec<u64>) -> Arc<Self> {
        let thread = (!running.is_empty()).then(Thread::current);
        let flag = Some((&raw const *flag).expose_provenance());
        let state = Requests { flag, running, thread, ..Requests::default() };
        Arc::new_cyclic(|this| Self {
            stopping: AtomicBool::new(false),
            state: Mutex::new(state),
            this: this.clone(),
        })
    }

    /// A handle for the use of an activation.
    pub(crate) fn handle(self: &Arc<Self>, generation: u64) -> InterruptHandle {
        InterruptHandle { shared: self.clone(), target: Target::Call(generation) }
    }

    /// A handle for the store.
    pub(crate) fn store_handle(self: &Arc<Self>) -> InterruptHandle {
        InterruptHandle { shared: self.clone(), target: Target::Store }
    }

    /// Whether the running call shall stop.
    #[inline]
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Whether a deadline has stopped the store.
    pub(crate) fn late(&self) -> bool {
        self.lock().late
    }

    /// Sets or withdraws the deadline. One that has passed is forgotten.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) -> io::Result<()> {
        let mut state = self.lock();
        (state.deadline, state.late) = (deadline, false);
        match deadline {
            Some(time) => self.schedule(&mut state, time),
            None => Ok(()),
        }
    }

    /// Withdraws requests for the whole store, and its deadline.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        (state.stopped, state.late, state.deadline) = (false, false, None);
        state.appointment.take().into_iter().for_each(alarm::cancel);
    }

    /// The requests for calls that there are, and whether all shall stop; the
    /// flag is clear afterwards.
    pub(crate) fn take(&self, flag: &AtomicU32) -> (Vec<u64>, bool) {
        let mut state = self.lock();
        flag.store(0, Ordering::Relaxed);
        (std::mem::take(&mut state.calls), state.stops_all())
    }

    /// A call begins, or goes on, that was asked to stop or was not. Whether it
    /// may.
    pub(crate) fn enter(&self, generation: u64, interrupted: bool) -> bool {
        let mut state = self.lock();
        if state.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            state.stop_late();
        }
        if state.running.is_empty() {
            state.thread = Some(Thread::current());
        }
        state.running.push(generation);
        if interrupted || state.concerns_running() {
            self.stopping.store(true, Ordering::Release);
        }
        !state.stops_all()
    }

    /// The innermost call ends or waits. `interrupted`: one further out was asked
    /// to stop.
    pub(crate) fn leave(&self, interrupted: bool) {
        let mut state = self.lock();
        state.running.pop();
        if state.running.is_empty() {
            state.thread = None;
            state.pause = Duration::ZERO;
        }
        let stopping = !state.running.is_empty() && (interrupted || state.concerns_running());
        self.stopping.store(stopping, Ordering::Release);
    }

    /// The store goes.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.flag = None;
        state.appointment.take().into_iter().for_each(alarm::cancel);
    }

    /// Has the running call stop, if a request concerns it.
    fn strike(&self, state: &mut Requests) {
        let Some(thread) = state.thread.filter(|_| state.concerns_running()) else { return };
        self.stopping.store(true, Ordering::Release);
        self.insist(state, thread);
    }

    /// Signals the thread, and will do so again.
    fn insist(&self, state: &mut Requests, thread: Thread) {
        thread.interrupt();
        state.pause = (2 * state.pause).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        let again = Instant::now() + state.pause;
        // Without a thread for alarms there is this signal and the next request.
        let _ = self.schedule(state, again);
    }

    fn schedule(&self, state: &mut Requests, time: Instant) -> io::Result<()> {
        state.appointment.take().into_iter().for_each(alarm::cancel);
        let alarm: Weak<Self> = self.this.clone();
        state.appointment = Some(alarm::schedule(time, alarm)?);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Alarm for Interrupts {
    fn ring(&self) {
        let mut state = self.lock();
        if state.flag.is_none() {
            return;
        }
        state.appointment = None;
        if let Some(deadline) = state.deadline {
            if deadline > Instant::now() {
                // Should it be missed, calls look at the clock when they begin.
                let _ = self.schedule(&mut state, deadline);
            } else {
                state.stop_late();
                self.strike(&mut state);
                return;
            }
        }
        if let Some(thread) = state.thread.filter(|_| self.stopping()) {
            self.insist(&mut state, thread);
        }
    }
}

impl Requests {
    fn raise_flag(&self) {
        let Some(flag) = self.flag else { return };
        // SAFETY: the store is alive, or else the address were gone; it cannot
        // go before the lock does.
        unsafe { &*with_exposed_provenance::<AtomicU32>(flag) }.store(1, Ordering::Release);
    }

    fn stop_late(&mut self) {
        self.late = true;
        self.raise_flag();
    }

    fn stops_all(&self) -> bool {
        self.stopped || self.late
    }

    /// Whether a call that runs shall stop, as far as is not collected.
    fn concerns_running(&self) -> bool {
        let asked = |generation| self.calls.contains(generation);
        !self.running.is_empty() && (self.stops_all() || self.running.iter().any(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_once() {
        let flag = AtomicU32::new(0);
        let interrupts = Interrupts::new(&flag, Vec::new());
        let handles = [3, 5].map(|generation| interrupts.handle(generation));
        std::thread::scope(|scope| {
            for handle in &handles {
                scope.spawn(|| handle.interrupt());
                scope.spawn(|| handle.interrupt());
            }
        });
        assert_eq!(flag.load(Ordering::Acquire), 1);
        let (mut taken, all) = interrupts.take(&flag);
        taken.sort_unstable();
        assert_eq!((&taken[..], all), (&[3, 5][..], false));
        assert_eq!(flag.load(Ordering::Acquire), 0);
        assert_eq!(interrupts.take(&flag), (vec![], false));
    }

    #[test]
    fn nothing_is_written_once_the_store_is_gone() {
        let flag = AtomicU32::new(0);
        let interrupts = Interrupts::new(&flag, Vec::new());
        let handles = [interrupts.handle(1), interrupts.store_handle()];
        interrupts.set_deadline(Some(Instant::now())).unwrap();
        interrupts.close();
        handles.iter().for_each(InterruptHandle::interrupt);
        interrupts.ring();
        assert_eq!(flag.load(Ordering::Acquire), 0);
    }

    #[test]
    fn only_running_calls_that_are_meant_are_stopping() {
        let flag = AtomicU32::new(0);
        let interrupts = Interrupts::new(&flag, Vec::new());
        assert!(interrupts.enter(1, false));
        interrupts.handle(2).interrupt();
        assert!(!interrupts.stopping());
        assert!(interrupts.enter(3, false));
        interrupts.handle(1).interrupt();
        assert!(interrupts.stopping());
        interrupts.leave(false);
        assert!(interrupts.stopping());
        interrupts.leave(false);
        assert!(!interrupts.stopping());
        interrupts.store_handle().interrupt();
        assert!(!interrupts.stopping());
        assert!(!interrupts.enter(4, false));
        interrupts.leave(false);
        interrupts.clear();
        assert!(interrupts.enter(5, false));
        interrupts.leave(false);
    }
}
