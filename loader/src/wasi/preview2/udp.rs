//! wasi:sockets `udp`: sockets and their options.

use super::addresses::IpFamily;
use super::function::HostCall;
use super::io::fault;
use super::network::{NetworkError, NetworkResult, SocketHandle};
use crate::canonical::owned::{Borrow, Own};
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use rustix::net::SocketType;
use std::net::SocketAddr;

/// `wasi:sockets/udp.udp-socket`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UdpSocket {
    pub(super) handle: SocketHandle,
    pub(super) state: UdpState,
    /// It was bound to send to what was granted, and receives from nobody else.
    pub(super) only_granted: bool,
}

/// How far a socket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UdpState {
    New,
    /// It is bound, and the guest is to be told.
    Binding,
    Bound,
    /// It sends to this address, and receives from it.
    Connected(SocketAddr),
}

impl UdpSocket {
    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.handle.descriptor);
        }
    }
}

/// A socket of the guest.
fn socket(call: &HostCall<'_>, it: &Borrow<UdpSocket>) -> Result<SocketHandle> {
    Ok(call.ctx.resources.get::<UdpSocket>(it.rep).map_err(fault)?.handle)
}

pub(super) fn create_udp_socket(
    call: &mut HostCall<'_>,
    (family,): (IpFamily,),
) -> NetworkResult<Own<UdpSocket>> {
    let made = SocketHandle::new(call.ctx, family, SocketType::DGRAM).and_then(|handle| {
        let socket = UdpSocket { handle, state: UdpState::New, only_granted: false };
        call.ctx.resources.insert(socket)
    });
    Ok(made.map(Own::new).map_err(NetworkError::from))
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
