//! wasi:sockets `udp`: sockets that are not bound, as that is not granted.

use super::function::HostCall;
use super::io::{Pollable, fault};
use super::network::{
    IpFamily, IpSocketAddress, Network, NetworkError, NetworkResult, SocketHandle,
};
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::record;
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use rustix::net::SocketType;

/// `wasi:sockets/udp.udp-socket`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UdpSocket(SocketHandle);

/// `wasi:sockets/udp.incoming-datagram-stream`: none was given.
#[derive(Debug)]
pub(crate) struct IncomingDatagrams;

/// `wasi:sockets/udp.outgoing-datagram-stream`: none was given.
#[derive(Debug)]
pub(crate) struct OutgoingDatagrams;

record! {
    /// `wasi:sockets/udp.incoming-datagram`.
    IncomingDatagram {
        /// What was received.
        data: Vec<u8> = "data",
        /// Who sent it.
        remote: IpSocketAddress = "remote-address",
    }
}

record! {
    /// `wasi:sockets/udp.outgoing-datagram`.
    OutgoingDatagram {
        /// What is sent.
        data: Vec<u8> = "data",
        /// To whom, unless the stream says it.
        remote: Option<IpSocketAddress> = "remote-address",
    }
}

impl UdpSocket {
    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.0.descriptor);
        }
    }
}

/// A socket of the guest.
fn socket(call: &HostCall<'_>, it: &Borrow<UdpSocket>) -> Result<SocketHandle> {
    Ok(call.ctx.resources.get::<UdpSocket>(it.rep).map_err(fault)?.0)
}

pub(super) fn create_udp_socket(
    call: &mut HostCall<'_>,
    (family,): (IpFamily,),
) -> NetworkResult<Own<UdpSocket>> {
    let made = SocketHandle::new(call.ctx, family, SocketType::DGRAM)
        .and_then(|socket| call.ctx.resources.insert(UdpSocket(socket)));
    Ok(made.map(Own::new).map_err(NetworkError::from))
}

pub(super) fn start_bind(
    _: &mut HostCall<'_>,
    _: (Borrow<UdpSocket>, Borrow<Network>, IpSocketAddress),
) -> NetworkResult<()> {
    Ok(Err(NetworkError::AccessDenied))
}

pub(super) fn finish_bind(_: &mut HostCall<'_>, _: (Borrow<UdpSocket>,)) -> NetworkResult<()> {
    Ok(Err(NetworkError::NotInProgress))
}

/// What is bound has streams.
pub(super) fn stream(
    _: &mut HostCall<'_>,
    _: (Borrow<UdpSocket>, Option<IpSocketAddress>),
) -> NetworkResult<(Own<IncomingDatagrams>, Own<OutgoingDatagrams>)> {
    Ok(Err(NetworkError::InvalidState))
}

/// The address of either side.
pub(super) fn address(
    _: &mut HostCall<'_>,
    _: (Borrow<UdpSocket>,),
) -> NetworkResult<IpSocketAddress> {
    Ok(Err(NetworkError::InvalidState))
}

pub(super) fn address_family(
    call: &mut HostCall<'_>,
    (it,): (Borrow<UdpSocket>,),
) -> Result<IpFamily> {
    Ok(socket(call, &it)?.family)
}

pub(super) fn unicast_hop_limit(
    call: &mut HostCall<'_>,
    (it,): (Borrow<UdpSocket>,),
) -> NetworkResult<u8> {
    socket(call, &it)?.hop_limit(call.ctx)
}

pub(super) fn set_unicast_hop_limit(
    call: &mut HostCall<'_>,
    (it, hops): (Borrow<UdpSocket>, u8),
) -> NetworkResult<()> {
    socket(call, &it)?.set_hop_limit(call.ctx, hops)
}

pub(super) fn receive_buffer_size(
    call: &mut HostCall<'_>,
    (it,): (Borrow<UdpSocket>,),
) -> NetworkResult<u64> {
    socket(call, &it)?.receive_buffer_size(call.ctx)
}

pub(super) fn set_receive_buffer_size(
    call: &mut HostCall<'_>,
    (it, size): (Borrow<UdpSocket>, u64),
) -> NetworkResult<()> {
    socket(call, &it)?.set_receive_buffer_size(call.ctx, size)
}

pub(super) fn send_buffer_size(
    call: &mut HostCall<'_>,
    (it,): (Borrow<UdpSocket>,),
) -> NetworkResult<u64> {
    socket(call, &it)?.send_buffer_size(call.ctx)
}

pub(super) fn set_send_buffer_size(
    call: &mut HostCall<'_>,
    (it, size): (Borrow<UdpSocket>, u64),
) -> NetworkResult<()> {
    socket(call, &it)?.set_send_buffer_size(call.ctx, size)
}

/// There is nothing to wait for.
pub(super) fn subscribe(call: &mut HostCall<'_>, _: (Borrow<UdpSocket>,)) -> Result<Own<Pollable>> {
    Pollable::Ready.give(call.ctx)
}

pub(super) fn receive(
    _: &mut HostCall<'_>,
    _: (Borrow<IncomingDatagrams>, u64),
) -> NetworkResult<Vec<IncomingDatagram>> {
    Ok(Err(NetworkError::InvalidState))
}

pub(super) fn subscribe_incoming(
    call: &mut HostCall<'_>,
    _: (Borrow<IncomingDatagrams>,),
) -> Result<Own<Pollable>> {
    Pollable::Ready.give(call.ctx)
}

pub(super) fn check_send(
    _: &mut HostCall<'_>,
    _: (Borrow<OutgoingDatagrams>,),
) -> NetworkResult<u64> {
    Ok(Err(NetworkError::InvalidState))
}

pub(super) fn send(
    _: &mut HostCall<'_>,
    _: (Borrow<OutgoingDatagrams>, Vec<OutgoingDatagram>),
) -> NetworkResult<u64> {
    Ok(Err(NetworkError::InvalidState))
}

pub(super) fn subscribe_outgoing(
    call: &mut HostCall<'_>,
    _: (Borrow<OutgoingDatagrams>,),
) -> Result<Own<Pollable>> {
    Pollable::Ready.give(call.ctx)
}
