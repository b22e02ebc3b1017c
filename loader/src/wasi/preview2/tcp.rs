//! wasi:sockets `tcp`: sockets and their options.

use super::addresses::IpFamily;
use super::function::HostCall;
use super::io::fault;
use super::network::{NetworkError, NetworkResult, SocketHandle};
use crate::canonical::owned::{Borrow, Own};
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::error::HostError;
use rustix::io::Errno;
use rustix::net::{SocketType, sockopt};
use std::time::Duration;

/// `wasi:sockets/tcp.tcp-socket`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TcpSocket {
    pub(super) handle: SocketHandle,
    pub(super) state: TcpState,
    /// How many connections may wait to be accepted.
    pub(super) backlog: i32,
}

/// How far a socket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TcpState {
    New,
    /// It is bound, and the guest is to be told.
    Binding,
    Bound,
    /// It is being connected; what has come of it, if that is known.
    Connecting(Option<Errno>),
    Connected,
    /// It may listen, and the guest is to finish that.
    Listen,
    Listening,
    /// It could not be connected.
    Closed,
}

/// Connections that wait, if the guest does not say how many may.
const BACKLOG: i32 = 128;

impl TcpSocket {
    /// Gives a socket to the guest.
    pub(super) fn give(
        ctx: &mut WasiCtx,
        handle: SocketHandle,
        state: TcpState,
    ) -> std::result::Result<Own<Self>, HostError> {
        let rep = ctx.resources.insert(Self { handle, state, backlog: BACKLOG })?;
        Ok(Own::new(rep))
    }

    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.handle.descriptor);
        }
    }
}

/// A socket of the guest.
fn socket(call: &HostCall<'_>, it: &Borrow<TcpSocket>) -> Result<SocketHandle> {
    Ok(call.ctx.resources.get::<TcpSocket>(it.rep).map_err(fault)?.handle)
}

pub(super) fn create_tcp_socket(
    call: &mut HostCall<'_>,
    (family,): (IpFamily,),
) -> NetworkResult<Own<TcpSocket>> {
    let made = SocketHandle::new(call.ctx, family, SocketType::STREAM)
        .and_then(|handle| TcpSocket::give(call.ctx, handle, TcpState::New));
    Ok(made.map_err(NetworkError::from))
}

pub(super) fn address_family(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> Result<IpFamily> {
    Ok(socket(call, &it)?.family)
}

pub(super) fn keep_alive_enabled(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<bool> {
    socket(call, &it)?.with(call.ctx, |socket| sockopt::socket_keepalive(socket))
}

pub(super) fn set_keep_alive_enabled(
    call: &mut HostCall<'_>,
    (it, on): (Borrow<TcpSocket>, bool),
) -> NetworkResult<()> {
    socket(call, &it)?.with(call.ctx, |socket| sockopt::set_socket_keepalive(socket, on))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The system counts in seconds, up to 32767 of them.
fn seconds(duration: u64) -> std::result::Result<Duration, NetworkError> {
    match duration {
        0 => Err(NetworkError::InvalidArgument),
        _ => Ok(Duration::from_secs(duration.div_ceil(1_000_000_000).min(32767))),
    }
}

pub(super) fn keep_alive_idle_time(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<u64> {
    socket(call, &it)?.with(call.ctx, |socket| sockopt::tcp_keepidle(socket).map(nanoseconds))
}

pub(super) fn set_keep_alive_idle_time(
    call: &mut HostCall<'_>,
    (it, time): (Borrow<TcpSocket>, u64),
) -> NetworkResult<()> {
    let handle = socket(call, &it)?;
    match seconds(time) {
        Ok(time) => handle.with(call.ctx, |socket| sockopt::set_tcp_keepidle(socket, time)),
        Err(error) => Ok(Err(error)),
    }
}

pub(super) fn keep_alive_interval(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<u64> {
    socket(call, &it)?.with(call.ctx, |socket| sockopt::tcp_keepintvl(socket).map(nanoseconds))
}

pub(super) fn set_keep_alive_interval(
    call: &mut HostCall<'_>,
    (it, time): (Borrow<TcpSocket>, u64),
) -> NetworkResult<()> {
    let handle = socket(call, &it)?;
    match seconds(time) {
        Ok(time) => handle.with(call.ctx, |socket| sockopt::set_tcp_keepintvl(socket, time)),
        Err(error) => Ok(Err(error)),
    }
}

pub(super) fn keep_alive_count(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<u32> {
    socket(call, &it)?.with(call.ctx, |socket| sockopt::tcp_keepcnt(socket))
}

pub(super) fn set_keep_alive_count(
    call: &mut HostCall<'_>,
    (it, count): (Borrow<TcpSocket>, u32),
) -> NetworkResult<()> {
    let handle = socket(call, &it)?;
    match count {
        0 => Ok(Err(NetworkError::InvalidArgument)),
        _ => handle.with(call.ctx, |socket| sockopt::set_tcp_keepcnt(socket, count.min(127))),
    }
}

pub(super) fn hop_limit(call: &mut HostCall<'_>, (it,): (Borrow<TcpSocket>,)) -> NetworkResult<u8> {
    socket(call, &it)?.hop_limit(call.ctx)
}

pub(super) fn set_hop_limit(
    call: &mut HostCall<'_>,
    (it, hops): (Borrow<TcpSocket>, u8),
) -> NetworkResult<()> {
    socket(call, &it)?.set_hop_limit(call.ctx, hops)
}

pub(super) fn receive_buffer_size(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<u64> {
    socket(call, &it)?.receive_buffer_size(call.ctx)
}

pub(super) fn set_receive_buffer_size(
    call: &mut HostCall<'_>,
    (it, size): (Borrow<TcpSocket>, u64),
) -> NetworkResult<()> {
    socket(call, &it)?.set_receive_buffer_size(call.ctx, size)
}

pub(super) fn send_buffer_size(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> NetworkResult<u64> {
    socket(call, &it)?.send_buffer_size(call.ctx)
}

pub(super) fn set_send_buffer_size(
    call: &mut HostCall<'_>,
    (it, size): (Borrow<TcpSocket>, u64),
) -> NetworkResult<()> {
    socket(call, &it)?.set_send_buffer_size(call.ctx, size)
}
