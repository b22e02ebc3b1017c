//! wasi:sockets `tcp`: sockets that are neither bound nor connected, as neither is
//! granted.

use super::function::HostCall;
use super::input::InputStream;
use super::io::{Pollable, fault};
use super::network::{
    IpFamily, IpSocketAddress, Network, NetworkError, NetworkResult, SocketHandle,
};
use super::output::OutputStream;
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::enumeration;
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use rustix::net::{SocketType, sockopt};
use std::time::Duration;

/// `wasi:sockets/tcp.tcp-socket`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TcpSocket(SocketHandle);

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

impl TcpSocket {
    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.0.descriptor);
        }
    }
}

/// A socket of the guest.
fn socket(call: &HostCall<'_>, it: &Borrow<TcpSocket>) -> Result<SocketHandle> {
    Ok(call.ctx.resources.get::<TcpSocket>(it.rep).map_err(fault)?.0)
}

pub(super) fn create_tcp_socket(
    call: &mut HostCall<'_>,
    (family,): (IpFamily,),
) -> NetworkResult<Own<TcpSocket>> {
    let made = SocketHandle::new(call.ctx, family, SocketType::STREAM)
        .and_then(|socket| call.ctx.resources.insert(TcpSocket(socket)));
    Ok(made.map(Own::new).map_err(NetworkError::from))
}

/// What would bind or connect.
pub(super) fn start_with_address(
    _: &mut HostCall<'_>,
    _: (Borrow<TcpSocket>, Borrow<Network>, IpSocketAddress),
) -> NetworkResult<()> {
    Ok(Err(NetworkError::AccessDenied))
}

pub(super) fn finish_bind(_: &mut HostCall<'_>, _: (Borrow<TcpSocket>,)) -> NetworkResult<()> {
    Ok(Err(NetworkError::NotInProgress))
}

pub(super) fn finish_connect(
    _: &mut HostCall<'_>,
    _: (Borrow<TcpSocket>,),
) -> NetworkResult<(Own<InputStream>, Own<OutputStream>)> {
    Ok(Err(NetworkError::NotInProgress))
}

/// What is bound can listen.
pub(super) fn start_listen(_: &mut HostCall<'_>, _: (Borrow<TcpSocket>,)) -> NetworkResult<()> {
    Ok(Err(NetworkError::InvalidState))
}

pub(super) fn accept(
    _: &mut HostCall<'_>,
    _: (Borrow<TcpSocket>,),
) -> NetworkResult<(Own<TcpSocket>, Own<InputStream>, Own<OutputStream>)> {
    Ok(Err(NetworkError::InvalidState))
}

/// The address of either side.
pub(super) fn address(
    _: &mut HostCall<'_>,
    _: (Borrow<TcpSocket>,),
) -> NetworkResult<IpSocketAddress> {
    Ok(Err(NetworkError::InvalidState))
}

pub(super) fn is_listening(_: &mut HostCall<'_>, _: (Borrow<TcpSocket>,)) -> Result<bool> {
    Ok(false)
}

pub(super) fn address_family(
    call: &mut HostCall<'_>,
    (it,): (Borrow<TcpSocket>,),
) -> Result<IpFamily> {
    Ok(socket(call, &it)?.family)
}

pub(super) fn set_listen_backlog_size(
    _: &mut HostCall<'_>,
    (_, size): (Borrow<TcpSocket>, u64),
) -> NetworkResult<()> {
    Ok(if size == 0 { Err(NetworkError::InvalidArgument) } else { Ok(()) })
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

/// There is nothing to wait for.
pub(super) fn subscribe(call: &mut HostCall<'_>, _: (Borrow<TcpSocket>,)) -> Result<Own<Pollable>> {
    Pollable::Ready.give(call.ctx)
}

/// What is connected can be shut down.
pub(super) fn shutdown(
    _: &mut HostCall<'_>,
    _: (Borrow<TcpSocket>, ShutdownType),
) -> NetworkResult<()> {
    Ok(Err(NetworkError::InvalidState))
}
