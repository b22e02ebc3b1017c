//! A thread of the process that does small things at given times, for whoever
//! has to wake somebody that cannot look at a clock.
//!
//! It is made when the first appointment is, and again in a child process that
//! makes one. It takes no signals: a handler of the host never runs there.
//!
//! # Safety
//!
//! A set of signals is filled before it is read, and the calling thread's is put
//! back.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::Builder;
use std::time::Instant;

/// What happens when a time has come. Runs on the thread of the alarms, which
/// has others to serve: it must not wait for anything long.
pub(crate) trait Alarm: Send + Sync {
    /// The time of an appointment has come.
    fn ring(&self);
}

/// An appointment: when, and which of those at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Appointment(Instant, u64);

struct Queue {
    waiting: BTreeMap<Appointment, Weak<dyn Alarm>>,
    /// Number of the last appointment.
    last: u64,
    /// The process that has the thread.
    process: u32,
}

static QUEUE: Mutex<Queue> = Mutex::new(Queue { waiting: BTreeMap::new(), last: 0, process: 0 });
static EARLIER: Condvar = Condvar::new();

/// Has `alarm` ring at `time`, if it is still there.
///
/// # Errors
///
/// The system gives no thread.
pub(crate) fn schedule(time: Instant, alarm: Weak<dyn Alarm>) -> io::Result<Appointment> {
    let mut queue = lock();
    if queue.process != std::process::id() {
        start()?;
        // Appointments of the parent are kept by it.
        queue.waiting.clear();
        queue.process = std::process::id();
    }
    queue.last += 1;
    let appointment = Appointment(time, queue.last);
    let first = queue.waiting.first_key_value().is_none_or(|(first, _)| appointment < *first);
    queue.waiting.insert(appointment, alarm);
    if first {
        EARLIER.notify_one();
    }
    Ok(appointment)
}

/// Forgets an appointment. It may just be kept on the other thread.
pub(crate) fn cancel(appointment: Appointment) {
    lock().waiting.remove(&appointment);
}

fn lock() -> MutexGuard<'static, Queue> {
    QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of stack for what alarms do.
const STACK: usize = 128 << 10;

fn start() -> io::Result<()> {
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the calls fill the sets that they are given.
    unsafe {
        let mut all = MaybeUninit::uninit();
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
    }
    // The new thread has the mask of this one.
    let started = Builder::new().name("precast-alarms".to_owned()).stack_size(STACK).spawn(serve);
    // SAFETY: filled above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), std::ptr::null_mut()) };
    started.map(drop)
}

fn serve() {
    let mut queue = lock();
    loop {
        let Some((&appointment, _)) = queue.waiting.first_key_value() else {
            queue = EARLIER.wait(queue).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        let left = appointment.0.saturating_duration_since(Instant::now());
        if !left.is_zero() {
            let waited = EARLIER.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
            continue;
        }
        let alarm = queue.waiting.remove(&appointment).and_then(|alarm| alarm.upgrade());
        // Whoever rings may make appointments.
        drop(queue);
        if let Some(alarm) = alarm {
            alarm.ring();
        }
        queue = lock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::{Sender, channel};
    use std::time::Duration;

    struct Bell(Mutex<Sender<Instant>>);

    impl Alarm for Bell {
        fn ring(&self) {
            self.0.lock().unwrap().send(Instant::now()).unwrap();
        }
    }

    #[test]
    fn alarms_ring_in_the_order_of_their_times() {
        let (sender, receiver) = channel();
        let bell: Arc<dyn Alarm> = Arc::new(Bell(Mutex::new(sender)));
        let now = Instant::now();
        let times = [40, 5, 20].map(|ms| now + Duration::from_millis(ms));
        let made = times.map(|time| schedule(time, Arc::downgrade(&bell)).unwrap());
        cancel(made[2]);
        let rung: Vec<Instant> = receiver.iter().take(2).collect();
        assert!(rung[0] >= times[1] && rung[0] < rung[1] && rung[1] >= times[0]);
        assert!(receiver.try_recv().is_err());
        // Nobody is there any more when the time comes.
        let soon = Instant::now() + Duration::from_millis(1);
        schedule(soon, Arc::downgrade(&bell)).unwrap();
        drop(bell);
        assert!(receiver.recv().is_err());
    }
}
