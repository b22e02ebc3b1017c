//! Waiting for times and descriptors.

use crate::wasi::host::clock::{Clock, timespec};
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::error::{Error, Result};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::table::Table;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::thread::{ClockId, clock_nanosleep_absolute};
use std::os::fd::{AsFd, BorrowedFd};

/// One thing waited for.
pub(crate) struct Wait {
    until: Until,
    /// Set when it has happened.
    pub(crate) event: Option<Event>,
}

/// What has happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    /// The time has come.
    Time,
    /// There is something to read, or the end.
    Readable(Ready),
    /// Something can be written.
    Writable(Ready),
}

/// How ready a descriptor is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ready {
    /// How many bytes, where that is known; else 1.
    pub(crate) bytes: u64,
    /// The other side has closed, or a file is at its end.
    pub(crate) hangup: bool,
}

enum Until {
    /// The host's monotonic time, in nanoseconds.
    Time(u64),
    Readable(u32),
    Writable(u32),
    /// Happened before we waited.
    Over,
}

impl Wait {
    /// Waits until the host's monotonic time, in nanoseconds.
    pub(crate) fn until(deadline: u64) -> Self {
        Self { until: Until::Time(deadline), event: None }
    }

    /// Waits until a descriptor can be read.
    pub(crate) fn readable(table: &mut Table, fd: u32) -> Result<Self> {
        match table.get_mut(fd)? {
            Descriptor::File(file) => {
                let hangup = file.at_end()?;
                Ok(Self::over(Event::Readable(Ready { bytes: 1, hangup })))
            }
            Descriptor::Input(input) if input.fd().is_none() => {
                Ok(Self::over(Event::Readable(Ready { bytes: 1, hangup: false })))
            }
            Descriptor::Input(_) | Descriptor::Socket(_) => {
                Ok(Self { until: Until::Readable(fd), event: None })
            }
            Descriptor::Output(_) | Descriptor::Directory(_) => Err(Error::BAD_DESCRIPTOR),
        }
    }

    /// Waits until a descriptor can be written.
    pub(crate) fn writable(table: &Table, fd: u32) -> Result<Self> {
        let ready = Event::Writable(Ready { bytes: 1, hangup: false });
        match table.get(fd)? {
            Descriptor::File(file) => {
                file.access.check_write()?;
                Ok(Self::over(ready))
            }
            Descriptor::Output(output) if output.fd().is_none() => Ok(Self::over(ready)),
            Descriptor::Output(_) | Descriptor::Socket(_) => {
                Ok(Self { until: Until::Writable(fd), event: None })
            }
            Descriptor::Input(_) | Descriptor::Directory(_) => Err(Error::BAD_DESCRIPTOR),
        }
    }

    fn over(event: Event) -> Self {
        Self { until: Until::Over, event: Some(event) }
    }
}

/// The host's monotonic time when `timeout` nanoseconds from now have passed.
pub(crate) fn after(timeout: u64) -> u64 {
    Clock::Monotonic.now().saturating_add(timeout)
}

/// The host's monotonic time when its wall clock, unless it is set meanwhile,
/// shows `time`.
pub(crate) fn at_realtime(time: u64) -> u64 {
    after(time.saturating_sub(Clock::Realtime.now()))
}

/// Waits until at least one thing has happened and marks what has.
pub(crate) fn wait(table: &Table, interrupt: &Interrupt, waits: &mut [Wait]) -> Result<()> {
    loop {
        poll_descriptors(table, waits)?;
        let now = Clock::Monotonic.now();
        let mut any = false;
        for wait in &mut *waits {
            if matches!(wait.until, Until::Time(deadline) if deadline <= now) {
                wait.event = Some(Event::Time);
            }
            any |= wait.event.is_some();
        }
        if any {
            return Ok(());
        }
        if interrupt.requested() {
            return Err(Error::INTERRUPTED);
        }
    }
}

/// One `poll`, up to the first deadline, or not at all if something has
/// happened already. Comes back early when a signal arrives.
fn poll_descriptors(table: &Table, waits: &mut [Wait]) -> Result<()> {
    let (mut indices, mut fds) = (Vec::new(), Vec::new());
    let mut first_deadline = None;
    let mut happened = false;
    for (index, wait) in waits.iter().enumerate() {
        let (fd, flags) = match wait.until {
            Until::Time(deadline) => {
                let first = first_deadline.get_or_insert(deadline);
                *first = deadline.min(*first);
                continue;
            }
            Until::Over => {
                happened = true;
                continue;
            }
            Until::Readable(fd) => (fd, PollFlags::IN | PollFlags::RDHUP),
            Until::Writable(fd) => (fd, PollFlags::OUT),
        };
        if let Some(fd) = host_fd(table.get(fd)?) {
            indices.push(index);
            fds.push(PollFd::from_borrowed_fd(fd, flags));
        }
    }
    if fds.is_empty() {
        // Precise where poll() rounds, and immune to a late start.
        if let Some(deadline) = first_deadline.filter(|_| !happened) {
            return interrupted(clock_nanosleep_absolute(ClockId::Monotonic, &timespec(deadline)));
        }
        return Ok(());
    }
    let left = match first_deadline {
        _ if happened => Some(0),
        deadline => deadline.map(|deadline| deadline.saturating_sub(Clock::Monotonic.now())),
    };
    interrupted(poll(&mut fds, left.map(timespec).as_ref()).map(drop))?;
    let happened: Vec<_> = fds.iter().map(PollFd::revents).collect();
    for (&index, flags) in indices.iter().zip(happened) {
        if flags.is_empty() {
            continue;
        }
        let wait = &mut waits[index];
        wait.event = Some(match wait.until {
            Until::Readable(fd) => Event::Readable(readiness(table.get(fd)?, flags)),
            _ => {
                let hangup = flags.contains(PollFlags::HUP);
                Event::Writable(Ready { bytes: 1, hangup })
            }
        });
    }
    Ok(())
}

/// Standard input says no more than that there is something; sockets say how
/// much, and whether the other side has closed.
fn readiness(descriptor: &Descriptor, flags: PollFlags) -> Ready {
    match descriptor {
        Descriptor::Socket(socket) if !socket.listening => Ready {
            bytes: socket.pending().unwrap_or(0),
            hangup: flags.intersects(PollFlags::HUP | PollFlags::RDHUP),
        },
        _ => Ready { bytes: 1, hangup: false },
    }
}

fn host_fd(descriptor: &Descriptor) -> Option<BorrowedFd<'_>> {
    match descriptor {
        Descriptor::Input(input) => input.fd(),
        Descriptor::Output(output) => output.fd(),
        Descriptor::Socket(socket) => Some(socket.as_fd()),
        Descriptor::File(_) | Descriptor::Directory(_) => None,
    }
}

/// A signal is no error here: the caller looks at the clock and waits again.
fn interrupted(result: rustix::io::Result<()>) -> Result<()> {
    match result {
        Err(Errno::INTR) => Ok(()),
        result => Ok(result?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::host::stdio::Input;
    use crate::wasi::host::table::MAX_DESCRIPTORS;

    #[test]
    fn the_first_of_several() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let mut table = Table::new(MAX_DESCRIPTORS);
        table.insert(Descriptor::Input(Input::Fd(reader))).unwrap();
        let soon = after(5_000_000);
        let mut waits = [Wait::readable(&mut table, 0).unwrap(), Wait::until(soon)];
        wait(&table, &Interrupt::default(), &mut waits).unwrap();
        assert_eq!((waits[0].event, waits[1].event), (None, Some(Event::Time)));
        assert!(Clock::Monotonic.now() >= soon);

        rustix::io::write(&writer, b"x").unwrap();
        let mut waits = [Wait::readable(&mut table, 0).unwrap(), Wait::until(u64::MAX >> 1)];
        wait(&table, &Interrupt::default(), &mut waits).unwrap();
        let ready = Event::Readable(Ready { bytes: 1, hangup: false });
        assert_eq!((waits[0].event, waits[1].event), (Some(ready), None));
        assert!(Wait::writable(&table, 0).is_err());
    }
}
