//! Waiting for times and descriptors.

use crate::wasi::host::clock::{Clock, timespec};
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::error::{HostError, Result};
use crate::wasi::host::interrupt::Interrupt;
use crate::wasi::host::table::DescriptorTable;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::thread::{ClockId, clock_nanosleep_absolute};

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
    /// Nothing can ever be read there.
    NotReadable(HostError),
    /// Nothing can ever be written there.
    NotWritable(HostError),
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

    /// Waits until a descriptor can be read. What is wrong with it is an event.
    pub(crate) fn readable(table: &mut DescriptorTable, fd: u32) -> Self {
        let bytes = match table.get_mut(fd) {
            Ok(Descriptor::File(file)) if file.is_regular() => file.left(),
            Ok(descriptor) if waits(descriptor) => {
                return Self { until: Until::Readable(fd), event: None };
            }
            Ok(_) => Ok(1),
            Err(error) => Err(error),
        };
        Self::over(match bytes {
            Ok(bytes) => Event::Readable(Ready { bytes, hangup: false }),
            Err(error) => Event::NotReadable(error),
        })
    }

    /// Waits until a descriptor can be written. What is wrong with it is an
    /// event.
    pub(crate) fn writable(table: &DescriptorTable, fd: u32) -> Self {
        match table.get(fd) {
            Ok(descriptor) if waits(descriptor) => Self { until: Until::Writable(fd), event: None },
            Ok(_) => Self::over(Event::Writable(Ready { bytes: 1, hangup: false })),
            Err(error) => Self::over(Event::NotWritable(error)),
        }
    }

    fn over(event: Event) -> Self {
        Self { until: Until::Over, event: Some(event) }
    }
}

/// Whether it may have to wait, so that the kernel is to be asked: regular
/// files, directories and what is in memory are always ready.
fn waits(descriptor: &Descriptor) -> bool {
    match descriptor {
        Descriptor::File(file) => !file.is_regular(),
        Descriptor::Directory(_) => false,
        _ => descriptor.fd().is_some(),
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
pub(crate) fn wait(
    table: &DescriptorTable,
    interrupt: &Interrupt,
    waits: &mut [Wait],
) -> Result<()> {
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
            return Err(HostError::INTERRUPTED);
        }
    }
}

/// One `poll`, up to the first deadline, or not at all if something has
/// happened already. Comes back early when a signal arrives.
fn poll_descriptors(table: &DescriptorTable, waits: &mut [Wait]) -> Result<()> {
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
        if let Some(fd) = table.get(fd)?.fd() {
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
                let hangup = flags.intersects(PollFlags::HUP | PollFlags::ERR);
                Event::Writable(Ready { bytes: 1, hangup })
            }
        });
    }
    Ok(())
}

/// How much there is to read, where that can be asked, and whether the other
/// side has closed.
fn readiness(descriptor: &Descriptor, flags: PollFlags) -> Ready {
    let listening = matches!(descriptor, Descriptor::Socket(socket) if socket.listening);
    let pending = match descriptor.fd() {
        Some(fd) if !listening => rustix::io::ioctl_fionread(fd).ok(),
        _ => None,
    };
    Ready {
        bytes: pending.unwrap_or(1),
        hangup: flags.intersects(PollFlags::HUP | PollFlags::RDHUP | PollFlags::ERR),
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
        let mut table = DescriptorTable::new(MAX_DESCRIPTORS);
        table.insert(Descriptor::Input(Input::Fd(reader).into())).unwrap();
        let soon = after(5_000_000);
        let mut waits = [Wait::readable(&mut table, 0), Wait::until(soon)];
        wait(&table, &Interrupt::default(), &mut waits).unwrap();
        assert_eq!((waits[0].event, waits[1].event), (None, Some(Event::Time)));
        assert!(Clock::Monotonic.now() >= soon);

        rustix::io::write(&writer, b"x").unwrap();
        let mut waits = [Wait::readable(&mut table, 0), Wait::until(u64::MAX >> 1)];
        wait(&table, &Interrupt::default(), &mut waits).unwrap();
        let ready = Event::Readable(Ready { bytes: 1, hangup: false });
        assert_eq!((waits[0].event, waits[1].event), (Some(ready), None));
        let closed = Wait::writable(&table, 7);
        assert_eq!(closed.event, Some(Event::NotWritable(HostError::BAD_DESCRIPTOR)));
    }
}
