//! `poll_oneoff`: waiting for clocks and descriptors.

use crate::wasi::host::clock::Clock;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::poll::{self, Event, Ready, Wait};
use crate::wasi::memory::GuestMemory;
use crate::wasi::preview1::clock::ClockId;
use crate::wasi::preview1::errno::Errno;
use crate::wasi::preview1::outcome::Result;

pub(super) fn poll_oneoff(
    ctx: &mut WasiCtx,
    memory: &GuestMemory<'_>,
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
    memory: &GuestMemory<'_>,
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
    let (mut userdata, mut waits) = (Vec::new(), Vec::new());
    for index in 0..count {
        let address = memory.element(subscriptions, index, layout.size)?;
        let subscription = Subscription::read(memory, layout, address)?;
        userdata.push(subscription.userdata);
        waits.push(subscription.wait(ctx, count)?);
    }
    poll::wait(&ctx.table, &ctx.interrupt, &mut waits)?;
    let mut written = 0;
    for (userdata, wait) in userdata.into_iter().zip(&waits) {
        let Some(event) = wait.event else { continue };
        let address = memory.element(events, written, 32)?;
        memory.write_record(address, 8, &encode(event, userdata))?;
        written += 1;
    }
    Ok(memory.write_u32(occurred, written)?)
}

/// `$subscription`, decoded.
struct Subscription {
    userdata: u64,
    contents: SubscriptionContents,
}

/// `$subscription_u`.
enum SubscriptionContents {
    Clock { clock: ClockId, timeout: u64, absolute: bool },
    Read(u32),
    Write(u32),
}

impl Subscription {
    /// Unlike in parameters, undefined values here are `EINVAL`.
    fn read(memory: &GuestMemory<'_>, layout: &Layout, address: u32) -> Result<Self> {
        let mut record = [0; LARGEST];
        // Alignment first, then bounds.
        memory.read_record::<8>(address, 8)?;
        memory.buffer(address, layout.size)?.copy_to(&mut record);
        let u32_at = |at| u32::from_le_bytes(array(&record, at));
        let u64_at = |at| u64::from_le_bytes(array(&record, at));
        let contents = match record[8] {
            0 => {
                let at = layout.contents + layout.clock;
                let flags = u16::from_le_bytes(array(&record, at + 24));
                SubscriptionContents::Clock {
                    clock: ClockId::from_raw(u32_at(at)).ok_or(Errno::Inval)?,
                    timeout: u64_at(at + 8),
                    absolute: match flags {
                        0 => false,
                        1 => true,
                        _ => return Err(Errno::Inval.into()),
                    },
                }
            }
            1 => SubscriptionContents::Read(u32_at(layout.contents)),
            2 => SubscriptionContents::Write(u32_at(layout.contents)),
            _ => return Err(Errno::Inval.into()),
        };
        Ok(Self { userdata: u64_at(0), contents })
    }

    /// What the host waits for; one of `count`.
    fn wait(&self, ctx: &mut WasiCtx, count: u32) -> Result<Wait> {
        Ok(match self.contents {
            SubscriptionContents::Clock { clock, timeout, absolute } => {
                Wait::until(deadline(ctx, clock, timeout, absolute, count)?)
            }
            SubscriptionContents::Read(fd) => Wait::readable(&mut ctx.table, fd),
            SubscriptionContents::Write(fd) => Wait::writable(&ctx.table, fd),
        })
    }
}

fn array<const N: usize>(record: &[u8; LARGEST], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&record[at..at + N]);
    bytes
}

/// The host's monotonic time at which a timeout is over.
fn deadline(
    ctx: &WasiCtx,
    clock: ClockId,
    timeout: u64,
    absolute: bool,
    count: u32,
) -> Result<u64> {
    Ok(match (clock, absolute) {
        (ClockId::Host(Clock::Monotonic), true) => ctx.monotonic_zero.saturating_add(timeout),
        (ClockId::Host(Clock::Realtime), true) => poll::at_realtime(timeout),
        (ClockId::Host(_), false) => poll::after(timeout),
        // A plain sleep may name any clock, as in today's runtimes.
        (_, false) if count == 1 => poll::after(timeout),
        _ => return Err(Errno::Inval.into()),
    })
}

/// `$event`: 32 bytes, aligned to 8. What is wrong with a descriptor is said in
/// its own event; the others have theirs.
fn encode(event: Event, userdata: u64) -> [u8; 32] {
    let none = Ready { bytes: 0, hangup: false };
    let (errno, eventtype, ready) = match event {
        Event::Time => (Errno::Success, 0, none),
        Event::Readable(ready) => (Errno::Success, 1, ready),
        Event::Writable(ready) => (Errno::Success, 2, ready),
        Event::NotReadable(error) => (error.into(), 1, none),
        Event::NotWritable(error) => (error.into(), 2, none),
    };
    let mut record = [0; 32];
    record[0..8].copy_from_slice(&userdata.to_le_bytes());
    record[8..10].copy_from_slice(&errno.raw().to_le_bytes());
    record[10] = eventtype;
    record[16..24].copy_from_slice(&ready.bytes.to_le_bytes());
    record[24] = u8::from(ready.hangup);
    record
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    use super::*;
    const CLOCK: u8 = 0;
    const READ: u8 = 1;
    const WRITE: u8 = 2;
    use crate::wasi::preview1::testing::Guest;
    use crate::wasi::testing::Scratch;
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
                assert_eq!(event[8..10], [0, 0], "an error in event {index}");
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
        assert_eq!(events, Ok(vec![(0, READ, 5, false), (2, WRITE, 1, false)]));
        guest.call("fd_seek", &[u64::from(fd), 5, 0, 0]);
        let events = poll(&mut guest, vec![on_fd(READ, fd)]);
        assert_eq!(events, Ok(vec![(0, READ, 0, false)]));
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
        assert_eq!(poll(&mut guest, subs), Ok(vec![(0, READ, 1, true)]));
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
    fn a_bad_descriptor_is_an_event() {
        let mut guest = Guest::new(WasiCtxBuilder::new().build());
        let subs = [on_clock(0), on_fd(READ, 77), on_fd(WRITE, 1), on_fd(WRITE, 78)].concat();
        let [pointer, _] = guest.place(subs);
        let [events, _] = guest.place([0; 4 * 32]);
        assert_eq!(guest.call("poll_oneoff", &[pointer, events, 4, 0]), Errno::Success);
        assert_eq!(guest.result(), 4);
        let errors: Vec<_> =
            (0..4).map(|index| guest.bytes_at([events + index * 32, 32])[8]).collect();
        assert_eq!(errors, [0, Errno::Badf.raw() as u8, 0, Errno::Badf.raw() as u8]);
    }

    #[test]
    fn what_is_no_subscription_fails_all() {
        let mut guest = Guest::new(WasiCtxBuilder::new().build());
        assert_eq!(poll(&mut guest, vec![]), Err(Errno::Inval));
        let mut clock = on_clock(0);
        clock[16] = 9;
        assert_eq!(poll(&mut guest, vec![clock]), Err(Errno::Inval));
        assert_eq!(poll(&mut guest, vec![on_fd(3, 0)]), Err(Errno::Inval));
    }
}
