//! wasi:sockets `tcp`: sockets that are bound, connect, listen and accept.
//!
//! What takes time for other hosts is begun by one function and finished by
//! another; here only connecting takes time.

use super::addresses::IpSocketAddress;
use super::function::HostCall;
use super::input::InputStream;
use super::io::{Pollable, fault};
use super::network::{Network, NetworkError, NetworkResult, SocketHandle};
use super::output::{OutputStream, Place};
use super::tcp::{TcpSocket, TcpState};
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::enumeration;
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::error::HostError;
use crate::wasi::host::network::AddressUse;
use rustix::io::Errno;
use rustix::net::Shutdown;

enumeration! {
    /// `wasi:sockets/tcp.shutdown-type`.
    ShutdownType {
        /// Nothing more is received.
        Receive = "receive",
        /// Nothing more is sent.
        Send = "send",
        /// Neither.
        Both = "both",
    }
}

/// Both directions of a connection.
type Streams = (Own<InputStream>, Own<OutputStream>);

/// A socket of the guest as it is now.
fn socket(ctx: &WasiCtx, it: &Borrow<TcpSocket>) -> Result<TcpSocket> {
    ctx.resources.get::<TcpSocket>(it.rep).copied().map_err(fault)
}

/// Does a step of a socket's life, and notes where it leads. One that fails leads
/// nowhere.
fn step<V>(
    ctx: &mut WasiCtx,
    it: &Borrow<TcpSocket>,
    act: impl FnOnce(&mut WasiCtx, TcpSocket) -> Result<(V, TcpState), NetworkError>,
) -> NetworkResult<V> {
    let done = act(ctx, socket(ctx, it)?);
    Ok(match done {
        Ok((value, state)) => {
            ctx.resources.get_mut::<TcpSocket>(it.rep).map_err(fault)?.state = state;
            Ok(value)
        }
        Err(error) => Err(error),
    })
}

pub(super) fn start_bind(
    call: &mut HostCall<'_>,
    (it, _, address): (Borrow<TcpSocket>, Borrow<Network>, IpSocketAddress),
) -> NetworkResult<()> {
    step(call.ctx, &it, |ctx, socket| {
        let address = socket.handle.address(address)?;
        match socket.state {
            TcpState::New => {}
            TcpState::Binding | TcpState::Connecting(_) | TcpState::Listen => {
                return Err(NetworkError::ConcurrencyConflict);
            }
            _ => return Err(NetworkError::InvalidState),
        }
        if !ctx.network.allows(AddressUse::TcpListen, address) {
            return Err(NetworkError::AccessDenied);
        }
        socket.handle.socket(ctx)?.bind_stream(address)?;
        Ok(((), TcpState::Binding))
    })
}

pub(super) fn finish_bind(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<()> {
    step(call.ctx, &it, |_, socket| match socket.state {
        TcpState::Binding => Ok(((), TcpState::Bound)),
        _ => Err(NetworkError::NotInProgress),
    })
}

pub(super) fn start_connect(
    call: &mut HostCall<'_>,
    (it, _, address): (Borrow<TcpSocket>, Borrow<Network>, IpSocketAddress),
) -> NetworkResult<()> {
    step(call.ctx, &it, |ctx, socket| {
        let address = socket.handle.remote(address)?;
        match socket.state {
            TcpState::New | TcpState::Bound => {}
            TcpState::Binding | TcpState::Connecting(_) | TcpState::Listen => {
                return Err(NetworkError::ConcurrencyConflict);
            }
            TcpState::Connected | TcpState::Listening | TcpState::Closed => {
                return Err(NetworkError::InvalidState);
            }
        }
        if !ctx.network.allows(AddressUse::TcpConnect, address) {
            return Err(NetworkError::AccessDenied);
        }
        // What goes wrong at once is told when the guest finishes, too.
        let failed = match socket.handle.socket(ctx)?.connect(address) {
            Ok(()) | Err(Errno::INPROGRESS) => None,
            Err(error) => Some(error),
        };
        Ok(((), TcpState::Connecting(failed)))
    })
}

pub(super) fn finish_connect(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<Streams> {
    let ctx = &mut *call.ctx;
    let TcpSocket { handle, state, .. } = socket(ctx, &it)?;
    let TcpState::Connecting(failed) = state else {
        return Ok(Err(NetworkError::NotInProgress));
    };
    if failed.is_none() && !Pollable::Writable(handle.descriptor).is_ready(ctx).map_err(fault)? {
        return Ok(Err(NetworkError::WouldBlock));
    }
    let outcome = match failed {
        Some(error) => Err(error.into()),
        None => ctx.table.socket(handle.descriptor).and_then(|socket| Ok(socket.outcome()?)),
    };
    let outcome = outcome.map_err(|error: HostError| no_port(error.errno()));
    let state = if outcome.is_ok() { TcpState::Connected } else { TcpState::Closed };
    ctx.resources.get_mut::<TcpSocket>(it.rep).map_err(fault)?.state = state;
    match outcome {
        Ok(()) => streams(ctx, handle).map(Ok),
        Err(error) => Ok(Err(error)),
    }
}

/// What connecting fails with: if no address is left on this side, as binding.
fn no_port(error: Errno) -> NetworkError {
    match error {
        Errno::ADDRNOTAVAIL => NetworkError::AddressInUse,
        other => other.into(),
    }
}

/// The directions of a connection.
fn streams(ctx: &mut WasiCtx, SocketHandle { descriptor, .. }: SocketHandle) -> Result<Streams> {
    let input = InputStream::new(descriptor, None).give(ctx)?;
    Ok((input, OutputStream::new(descriptor, Place::Here).give(ctx)?))
}

pub(super) fn start_listen(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<()> {
    step(call.ctx, &it, |_, socket| match socket.state {
        TcpState::Bound => Ok(((), TcpState::Listen)),
        TcpState::Binding | TcpState::Connecting(_) | TcpState::Listen => {
            Err(NetworkError::ConcurrencyConflict)
        }
        _ => Err(NetworkError::InvalidState),
    })
}

pub(super) fn finish_listen(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<()> {
    step(call.ctx, &it, |ctx, socket| match socket.state {
        TcpState::Listen => {
            listen(ctx, socket)?;
            Ok(((), TcpState::Listening))
        }
        _ => Err(NetworkError::NotInProgress),
    })
}

fn listen(ctx: &mut WasiCtx, socket: TcpSocket) -> Result<(), HostError> {
    match ctx.table.get_mut(socket.handle.descriptor)? {
        Descriptor::Socket(found) => Ok(found.listen(socket.backlog)?),
        _ => Err(HostError::NOT_A_SOCKET),
    }
}

pub(super) fn accept(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<(Own<TcpSocket>, Own<InputStream>, Own<OutputStream>)> {
    let ctx = &mut *call.ctx;
    let TcpSocket { handle, state, .. } = socket(ctx, &it)?;
    if state != TcpState::Listening {
        return Ok(Err(NetworkError::InvalidState));
    }
    let accept = |ctx: &mut WasiCtx| {
        ctx.table.room()?;
        let accepted = ctx.table.socket(handle.descriptor)?.accept(true, &ctx.interrupt)?;
        let handle = SocketHandle::accepted(ctx, accepted, handle.family)?;
        Ok((handle, TcpSocket::give(ctx, handle, TcpState::Connected)?))
    };
    let accepted: Result<_, HostError> = accept(ctx);
    match accepted {
        Ok((handle, socket)) => {
            let (input, output) = streams(ctx, handle)?;
            Ok(Ok((socket, input, output)))
        }
        Err(error) => Ok(Err(error.into())),
    }
}

pub(super) fn local_address(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<IpSocketAddress> {
    let TcpSocket { handle, state, .. } = socket(call.ctx, &it)?;
    match state {
        TcpState::New | TcpState::Closed => Ok(Err(NetworkError::InvalidState)),
        _ => handle.local(call.ctx),
    }
}

pub(super) fn remote_address(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<IpSocketAddress> {
    let TcpSocket { handle, state, .. } = socket(call.ctx, &it)?;
    match state {
        TcpState::Connected => {
            Ok(handle.socket(call.ctx).and_then(|socket| Ok(socket.remote_address()?.into())))
        }
        _ => Ok(Err(NetworkError::InvalidState)),
    }
}

pub(super) fn is_listening(call: &mut HostCall<'_>, (it,): (Borrow<TcpSocket>,)) -> Result<bool> {
    Ok(socket(call.ctx, &it)?.state == TcpState::Listening)
}

pub(super) fn set_listen_backlog_size(
    call: &mut HostCall<'_>,
    (it, size): (Borrow<TcpSocket>, u64),
) -> NetworkResult<()> {
    let mut now = socket(call.ctx, &it)?;
    now.backlog = i32::try_from(size).unwrap_or(i32::MAX);
    match now.state {
        _ if size == 0 => return Ok(Err(NetworkError::InvalidArgument)),
        TcpState::Connecting(_) | TcpState::Connected | TcpState::Closed => {
            return Ok(Err(NetworkError::InvalidState));
        }
        TcpState::Listening => {
            if let Err(error) = listen(call.ctx, now) {
                return Ok(Err(error.into()));
            }
        }
        _ => {}
    }
    *call.ctx.resources.get_mut::<TcpSocket>(it.rep).map_err(fault)? = now;
    Ok(Ok(()))
}

pub(super) fn subscribe(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> Result<Own<Pollable>> {
    let TcpSocket { handle, state, .. } = socket(call.ctx, &it)?;
    let pollable = match state {
        TcpState::Connecting(None) => Pollable::Writable(handle.descriptor),
        TcpState::Listening => Pollable::Readable(handle.descriptor),
        _ => Pollable::Ready,
    };
    pollable.give(call.ctx)
}

pub(super) fn shutdown(
    call: &mut HostCall<'_>,
    (it, how): (Borrow<TcpSocket>, ShutdownType),
) -> NetworkResult<()> {
    let TcpSocket { handle, state, .. } = socket(call.ctx, &it)?;
    if state != TcpState::Connected {
        return Ok(Err(NetworkError::InvalidState));
    }
    let how = match how {
        ShutdownType::Receive => Shutdown::Read,
        ShutdownType::Send => Shutdown::Write,
        ShutdownType::Both => Shutdown::Both,
    };
    let found = call.ctx.table.get_mut(handle.descriptor);
    let done = found.and_then(|found| match found {
        Descriptor::Socket(socket) => {
            // What waits to be read is not for the guest any more.
            socket.deaf |= how != Shutdown::Write;
            socket.shutdown(how)
        }
        _ => Err(HostError::NOT_A_SOCKET),
    });
    match done {
        // The other side has reset the connection: there is nothing left to do.
        Err(error) if error.errno() == Errno::NOTCONN => Ok(Ok(())),
        done => Ok(done.map_err(NetworkError::from)),
    }
}
