//! `poll_oneoff`: waiting for clocks and descriptors.

use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::thread::{ClockId, clock_nanosleep_absolute};

use super::clock::Clock;
use super::context::WasiCtx;
use super::descriptor::{Descriptor, DirAccess};
use super::errno::Errno;
use super::memory::GuestMemory;
use super::outcome::Result;
use super::time::{host_monotonic, host_realtime, timespec};

pub(super) fn poll_oneoff(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    occurred: u32,
) -> Result<()> {
    poll_with(ctx, memory, &PREVIEW_1, subscriptions, events, count, occurred)
}

/// Where a preview has the fields of `$subscription`. The user data is at 0 and
/// the tag at 8 in both.
pub(super) struct Layout {
    pub(super) size: u32,
    /// Offset of the union.
    pub(super) contents: usize,
    /// Offset of the clock within the union.
    pub(super) clock: usize,
}

const PREVIEW_1: Layout = Layout { size: 48, contents: 16, clock: 0 };

/// More would let a guest take memory of the host's; the kernel takes no more
/// descriptors at once on most hosts either.
const MAX_SUBSCRIPTIONS: u32 = 1 << 16;

/// Bytes enough for the subscription of every preview.
const LARGEST: usize = 56;

pub(super) fn poll_with(
    ctx: &mut WasiCtx,
    memory: &mut GuestMemory<'_>,
    layout: &Layout,
    subscriptions: u32,
    events: u32,
    count: u32,
    occurred: u32,
) -> Result<()> {
    if count == 0 {
        // It would sleep for ever.
        return Err(Errno::Inval.into());
    }
    if count > MAX_SUBSCRIPTIONS {
        return Err(Errno::Nomem.into());
    }
    let mut waits = Vec::new();
    for index in 0..count {
        let address = memory.element(subscriptions, index, layout.size)?;
        let subscription = Subscription::read(memory, layout, address)?;
        waits.push((subscription.userdata, Wait::new(ctx, &subscription, count)?));
    }
    wait(ctx, &mut waits)?;
    let mut written = 0;
    for (userdata, wait) in &waits {
        let Some(event) = &wait.event else { continue };
        let address = memory.element(events, written, 32)?;
        memory.write_record(address, 8, &event.encode(*userdata))?;
        written += 1;
    }
    memory.write_u32(occurred, written)
}

/// `$subscription`, decoded.
struct Subscription {
    userdata: u64,
    kind: Kind,
}

enum Kind {
    Clock { clock: Clock, timeout: u64, absolute: bool },
    Read(u32),
    Write(u32),
}

impl Subscription {
    /// Unlike in parameters, undefined values here are `EINVAL`.
    fn read(memory: &GuestMemory<'_>, layout: &Layout, address: u32) -> Result<Self> {
        let mut record = [0; LARGEST];
        let len = layout.size as usize;
        // Alignment first, then bounds.
        memory.read_record::<8>(address, 8)?;
        record[..len].copy_from_slice(memory.slice(address, layout.size)?);
        let u32_at = |at| u32::from_le_bytes(array(&record, at));
        let u64_at = |at| u64::from_le_bytes(array(&record, at));
        let kind = match record[8] {
            0 => {
                let at = layout.contents + layout.clock;
                let flags = u16::from_le_bytes(array(&record, at + 24));
                Kind::Clock {
                    clock: Clock::from_raw(u32_at(at)).ok_or(Errno::Inval)?,
                    timeout: u64_at(at + 8),
                    absolute: match flags {
                        0 => false,
                        1 => true,
                        _ => return Err(Errno::Inval.into()),
                    },
                }
            }
            1 => Kind::Read(u32_at(layout.contents)),
            2 => Kind::Write(u32_at(layout.contents)),
            _ => return Err(Errno::Inval.into()),
        };
        Ok(Self { userdata: u64_at(0), kind })
    }
}

fn array<const N: usize>(record: &[u8; LARGEST], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&record[at..at + N]);
    bytes
}

/// `$event`: 32 bytes, aligned to 8. Its errno is always success: what is wrong
/// with one subscription fails the whole call, as in today's runtimes.
#[derive(Clone, Copy)]
struct Event {
    kind: u8,
    bytes: u64,
    hangup: bool,
}

impl Event {
    fn encode(&self, userdata: u64) -> [u8; 32] {
        let mut record = [0; 32];
        record[0..8].copy_from_slice(&userdata.to_le_bytes());
        record[10] = self.kind;
        record[16..24].copy_from_slice(&self.bytes.to_le_bytes());
        record[24] = u8::from(self.hangup);
        record
    }
}

/// One thing waited for.
struct Wait {
    until: Until,
    /// Set when it happened.
    event: Option<Event>,
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
    fn new(ctx: &mut WasiCtx, subscription: &Subscription, count: u32) -> Result<Self> {
        let (until, event) = match subscription.kind {
            Kind::Clock { clock, timeout, absolute } => {
                (Until::Time(deadline(ctx, clock, timeout, absolute, count)?), None)
            }
            Kind::Read(fd) => readable(ctx, fd)?,
            Kind::Write(fd) => writable(ctx, fd)?,
        };
        Ok(Self { until, event })
    }

    fn ready(kind: u8, hangup: bool) -> (Until, Option<Event>) {
        let event = Event { kind, bytes: 1, hangup };
        (Until::Over, Some(event))
    }
}

fn deadline(ctx: &WasiCtx, clock: Clock, timeout: u64, absolute: bool, count: u32) -> Result<u64> {
    Ok(match (clock, absolute) {
        (Clock::Monotonic, true) => ctx.monotonic_zero.saturating_add(timeout),
        (Clock::Realtime, true) => {
            host_monotonic().saturating_add(timeout.saturating_sub(host_realtime()))
        }
        (Clock::Monotonic | Clock::Realtime, false) => host_monotonic().saturating_add(timeout),
        // A plain sleep may name any clock, as in today's runtimes.
        (_, false) if count == 1 => host_monotonic().saturating_add(timeout),
        _ => return Err(Errno::Inval.into()),
    })
}

fn readable(ctx: &mut WasiCtx, fd: u32) -> Result<(Until, Option<Event>)> {
    match ctx.table.get_mut(fd)? {
        Descriptor::File(file) => {
            let size = rustix::fs::fstat(&file.fd)?.st_size as u64;
            let at_end = file.position()? >= size;
            Ok(Wait::ready(READ, at_end))
        }
        Descriptor::Input(input) if input.fd().is_none() => Ok(Wait::ready(READ, false)),
        Descriptor::Input(_) | Descriptor::Socket(_) => Ok((Until::Readable(fd), None)),
        Descriptor::Output(_) | Descriptor::Directory(_) => Err(Errno::Badf.into()),
    }
}

fn writable(ctx: &mut WasiCtx, fd: u32) -> Result<(Until, Option<Event>)> {
    match ctx.table.get_mut(fd)? {
        Descriptor::File(file) if file.access == DirAccess::ReadOnly => Err(Errno::Perm.into()),
        Descriptor::File(_) => Ok(Wait::ready(WRITE, false)),
        Descriptor::Output(output) if output.fd().is_none() => Ok(Wait::ready(WRITE, false)),
        Descriptor::Output(_) | Descriptor::Socket(_) => Ok((Until::Writable(fd), None)),
        Descriptor::Input(_) | Descriptor::Directory(_) => Err(Errno::Badf.into()),
    }
}

/// `$eventtype`.
const CLOCK: u8 = 0;
const READ: u8 = 1;
const WRITE: u8 = 2;

/// Waits until at least one thing has happened and marks what has.
fn wait(ctx: &WasiCtx, waits: &mut [(u64, Wait)]) -> Result<()> {
    loop {
        poll_descriptors(ctx, waits)?;
        let now = host_monotonic();
        let mut any = false;
        for (_, wait) in &mut *waits {
            if matches!(wait.until, Until::Time(deadline) if deadline <= now) {
                wait.event = Some(Event { kind: CLOCK, bytes: 0, hangup: false });
            }
            any |= wait.event.is_some();
        }
        if any {
            return Ok(());
        }
        if ctx.interrupt.requested() {
            return Err(Errno::Intr.into());
        }
    }
}

/// One `poll`, up to the first deadline, or not at all if something has
/// happened already. Comes back early when a signal arrives.
fn poll_descriptors(ctx: &WasiCtx, waits: &mut [(u64, Wait)]) -> Result<()> {
    let (mut indices, mut fds) = (Vec::new(), Vec::new());
    let mut first_deadline = None;
    let mut happened = false;
    for (index, (_, wait)) in waits.iter().enumerate() {
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
        if let Some(fd) = host_fd(ctx.table.get(fd)?) {
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
        deadline => deadline.map(|deadline| deadline.saturating_sub(host_monotonic())),
    };
    interrupted(poll(&mut fds, left.map(timespec).as_ref()).map(drop))?;
    let happened: Vec<_> = fds.iter().map(PollFd::revents).collect();
    for (&index, flags) in indices.iter().zip(happened) {
        if flags.is_empty() {
            continue;
        }
        let wait = &mut waits[index].1;
        wait.event = Some(match wait.until {
            Until::Readable(fd) => readable_event(ctx.table.get(fd)?, flags),
            _ => Event { kind: WRITE, bytes: 1, hangup: flags.contains(PollFlags::HUP) },
        });
    }
    Ok(())
}

/// Standard input says no more than that there is something; sockets say how
/// much, and whether the other side has closed.
fn readable_event(descriptor: &Descriptor, flags: PollFlags) -> Event {
    let (bytes, hangup) = match descriptor {
        Descriptor::Socket(socket) if !socket.listening => (
            rustix::io::ioctl_fionread(&socket.fd).unwrap_or(0),
            flags.intersects(PollFlags::HUP | PollFlags::RDHUP),
        ),
        _ => (1, false),
    };
    Event { kind: READ, bytes, hangup }
}

fn host_fd(descriptor: &Descriptor) -> Option<BorrowedFd<'_>> {
    use std::os::fd::AsFd;
    match descriptor {
        Descriptor::Input(input) => input.fd(),
        Descriptor::Output(output) => output.fd(),
        Descriptor::Socket(socket) => Some(socket.fd.as_fd()),
        Descriptor::File(_) | Descriptor::Directory(_) => None,
    }
}

/// A signal is no error here: the caller looks at the clock and waits again.
fn interrupted(result: rustix::io::Result<()>) -> Result<()> {
    match result {
        Err(rustix::io::Errno::INTR) => Ok(()),
        result => Ok(result?),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::wasi::testing::{Guest, Scratch};
    use crate::wasi::{Input, Output, WasiCtxBuilder};

    const HOUR: u64 = 3_600_000_000_000;
    const MILLISECOND: u64 = 1_000_000;

    fn on_clock(timeout: u64) -> [u8; 48] {
        let mut record = [0; 48];
        record[16] = 1;
        record[24..32].copy_from_slice(&timeout.to_le_bytes());
        record
    }

    fn on_fd(kind: u8, fd: u8) -> [u8; 48] {
        let mut record = [0; 48];
        record[8] = kind;
        record[16] = fd;
        record
    }

    /// Polls; user data are the positions. Returns position, kind, bytes,
    /// hangup of each event.
    fn poll(guest: &mut Guest, mut subs: Vec<[u8; 48]>) -> Result<Vec<(u8, u8, u64, bool)>, Errno> {
        for (index, sub) in (0..).zip(&mut subs) {
            sub[0] = index;
        }
        let [pointer, _] = guest.place(subs.concat());
        let [events, _] = guest.place(vec![0; subs.len() * 32]);
        match guest.call("poll_oneoff", &[pointer, events, subs.len() as u64, 0]) {
            Errno::Success => {}
            errno => return Err(errno),
        }
        let count = guest.result() as usize;
        let at = |index: usize| guest.bytes_at([events + index as u64 * 32, 32]);
        Ok((0..count)
            .map(|index| {
                let event = at(index);
                assert_eq!(event[8..10], [0, 0]);
                let bytes = u64::from_le_bytes(event[16..24].try_into().unwrap());
                (event[0], event[10], bytes, event[24] == 1)
            })
            .collect())
    }

    #[test]
    fn files_are_always_ready() {
        let scratch = Scratch::new();
        scratch.write("file", "12345");
        let mut guest = Guest::new(scratch.context());
        let fd = guest.open("file", 0, 1 << 1 | 1 << 6).unwrap() as u8;
        let subs = vec![on_fd(READ, fd), on_clock(HOUR), on_fd(WRITE, fd)];
        let events = poll(&mut guest, subs);
        assert_eq!(events, Ok(vec![(0, READ, 1, false), (2, WRITE, 1, false)]));
        guest.call("fd_seek", &[u64::from(fd), 5, 0, 0]);
        let events = poll(&mut guest, vec![on_fd(READ, fd)]);
        assert_eq!(events, Ok(vec![(0, READ, 1, true)]));
    }

    #[test]
    fn standard_input_from_a_pipe() {
        let (reader, writer) = rustix::pipe::pipe().unwrap();
        let ctx = WasiCtxBuilder::new().stdin(Input::Fd(reader)).build();
        let mut guest = Guest::new(ctx);
        let before = Instant::now();
        let subs = vec![on_fd(READ, 0), on_clock(20 * MILLISECOND)];
        assert_eq!(poll(&mut guest, subs.clone()), Ok(vec![(1, CLOCK, 0, false)]));
        assert!(before.elapsed() >= Duration::from_millis(20));
        rustix::io::write(&writer, b"x").unwrap();
        assert_eq!(poll(&mut guest, subs.clone()), Ok(vec![(0, READ, 1, false)]));
        drop(writer);
        assert_eq!(poll(&mut guest, subs), Ok(vec![(0, READ, 1, false)]));
    }

    #[test]
    fn standard_output_that_is_full() {
        let (_reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK).unwrap();
        while rustix::io::write(&writer, &[0; 4096]).is_ok() {}
        let ctx = WasiCtxBuilder::new().stdout(Output::Fd(writer)).build();
        let mut guest = Guest::new(ctx);
        let subs = vec![on_fd(WRITE, 1), on_fd(WRITE, 2)];
        assert_eq!(poll(&mut guest, subs), Ok(vec![(1, WRITE, 1, false)]));
        let subs = vec![on_fd(WRITE, 1), on_clock(MILLISECOND)];
        assert_eq!(poll(&mut guest, subs), Ok(vec![(1, CLOCK, 0, false)]));
    }

    #[test]
    fn sockets_say_how_much() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let mut builder = WasiCtxBuilder::new();
        builder.preopen_socket(theirs.into()).unwrap();
        let mut guest = Guest::new(builder.build());
        let both = vec![on_fd(READ, 3), on_fd(WRITE, 3)];
        assert_eq!(poll(&mut guest, both.clone()), Ok(vec![(1, WRITE, 1, false)]));
        ours.write_all(b"12345").unwrap();
        let events = poll(&mut guest, both);
        assert_eq!(events, Ok(vec![(0, READ, 5, false), (1, WRITE, 1, false)]));
        drop(ours);
        assert_eq!(poll(&mut guest, vec![on_fd(READ, 3)]), Ok(vec![(0, READ, 5, true)]));
    }

    #[test]
    fn one_bad_subscription_fails_all() {
        let mut guest = Guest::new(WasiCtxBuilder::new().build());
        assert_eq!(poll(&mut guest, vec![]), Err(Errno::Inval));
        let subs = vec![on_clock(0), on_fd(READ, 77)];
        assert_eq!(poll(&mut guest, subs), Err(Errno::Badf));
        let mut clock = on_clock(0);
        clock[16] = 9;
        assert_eq!(poll(&mut guest, vec![clock]), Err(Errno::Inval));
        assert_eq!(poll(&mut guest, vec![on_fd(3, 0)]), Err(Errno::Inval));
    }
}
