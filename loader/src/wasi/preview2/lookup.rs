//! wasi:sockets `ip-name-lookup`. The system's own look-up cannot be told not to
//! wait, so it happens on a thread; that it has ended is seen by a pipe that
//! closes.

use super::addresses::IpAddress;
use super::function::HostCall;
use super::io::{Pollable, fault};
use super::network::{Network, NetworkError, NetworkResult};
use crate::canonical::owned::{Borrow, Own};
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::network::{is_name, look_up};
use crate::wasi::host::stdio::Input;
use rustix::pipe::{PipeFlags, pipe_with};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

/// `wasi:sockets/ip-name-lookup.resolve-address-stream`.
#[derive(Debug)]
pub(crate) struct AddressStream {
    name: String,
    state: Lookup,
}

#[derive(Debug)]
enum Lookup {
    /// A thread is at it. The descriptor can be read when it has ended.
    Pending(Receiver<Found>, u32),
    /// These are left to be given.
    Found(VecDeque<IpAddr>),
    /// It was said that there are none.
    Failed,
}

/// What a thread says of a name.
type Found = std::result::Result<Vec<IpAddr>, NetworkError>;

/// Threads of this process that look names up.
static THREADS: AtomicUsize = AtomicUsize::new(0);
/// As many as there may be at once.
const MOST_THREADS: usize = 16;

impl AddressStream {
    /// Drops it; the thread ends by itself.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(Self { state: Lookup::Pending(_, descriptor), .. }) = ctx.resources.remove(rep) {
            ctx.resources.release(&mut ctx.table, descriptor);
        }
    }
}

/// Begins to look a name up; an address is its own.
fn begin(ctx: &mut WasiCtx, name: String) -> std::result::Result<Own<AddressStream>, NetworkError> {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => name.parse().ok(),
    };
    let valid = address.is_some() || is_name(&name);
    valid.then_some(()).ok_or(NetworkError::InvalidArgument)?;
    ctx.network.allows_lookup(&name).then_some(()).ok_or(NetworkError::AccessDenied)?;
    let state = match address {
        Some(address) => Lookup::Found([address].into()),
        None => start_thread(ctx, name.clone())?,
    };
    Ok(Own::new(ctx.resources.insert(AddressStream { name, state })?))
}

fn start_thread(ctx: &mut WasiCtx, name: String) -> std::result::Result<Lookup, NetworkError> {
    ctx.table.room()?;
    if THREADS.fetch_add(1, Ordering::Relaxed) >= MOST_THREADS {
        THREADS.fetch_sub(1, Ordering::Relaxed);
        return Err(NetworkError::TemporaryResolverFailure);
    }
    let started = pipe_with(PipeFlags::CLOEXEC).and_then(|(reader, writer)| {
        let (send, receive) = channel();
        let work = move || {
            let found = look_up(&name).map_err(|_| NetworkError::NameUnresolvable);
            // The guest may have lost interest.
            let _ = send.send(found);
            THREADS.fetch_sub(1, Ordering::Relaxed);
            drop(writer);
        };
        let thread = std::thread::Builder::new().name("look-up".to_owned()).spawn(work);
        thread.map(|_| (reader, receive)).map_err(|_| rustix::io::Errno::NOMEM)
    });
    let (reader, receive) = started.inspect_err(|_| {
        THREADS.fetch_sub(1, Ordering::Relaxed);
    })?;
    let descriptor = ctx.table.insert(Descriptor::Input(Input::Fd(reader).into()))?;
    ctx.resources.own(descriptor);
    Ok(Lookup::Pending(receive, descriptor))
}

pub(super) fn resolve_addresses(
    call: &mut HostCall<'_>,
    (_, name): (Borrow<Network>, String),
) -> NetworkResult<Own<AddressStream>> {
    Ok(begin(call.ctx, name))
}

pub(super) fn resolve_next_address(
    call: &mut HostCall<'_>,
    (it,): (Borrow<AddressStream>,),
) -> NetworkResult<Option<IpAddress>> {
    let ctx = &mut *call.ctx;
    let stream = ctx.resources.get_mut::<AddressStream>(it.rep).map_err(fault)?;
    if let Lookup::Pending(receive, descriptor) = &stream.state {
        let (found, descriptor) = match receive.try_recv() {
            Ok(found) => (found, *descriptor),
            Err(TryRecvError::Empty) => return Ok(Err(NetworkError::WouldBlock)),
            Err(TryRecvError::Disconnected) => {
                (Err(NetworkError::PermanentResolverFailure), *descriptor)
            }
        };
        match found {
            Ok(addresses) => {
                ctx.network.learn(&stream.name, &addresses);
                stream.state = Lookup::Found(addresses.into());
                ctx.resources.release(&mut ctx.table, descriptor);
            }
            Err(error) => {
                stream.state = Lookup::Failed;
                ctx.resources.release(&mut ctx.table, descriptor);
                return Ok(Err(error));
            }
        }
    }
    let stream = ctx.resources.get_mut::<AddressStream>(it.rep).map_err(fault)?;
    Ok(Ok(match &mut stream.state {
        Lookup::Found(addresses) => addresses.pop_front().map(IpAddress::from),
        Lookup::Pending(..) | Lookup::Failed => None,
    }))
}

pub(super) fn subscribe_addresses(
    call: &mut HostCall<'_>,
    (it,): (Borrow<AddressStream>,),
) -> Result<Own<Pollable>> {
    let stream = call.ctx.resources.get::<AddressStream>(it.rep).map_err(fault)?;
    let pollable = match stream.state {
        Lookup::Pending(_, descriptor) => Pollable::Readable(descriptor),
        Lookup::Found(_) | Lookup::Failed => Pollable::Ready,
    };
    pollable.give(call.ctx)
}
