//! wasi:sockets `udp`: sockets that are bound and connected, and datagrams.

use super::addresses::IpSocketAddress;
use super::function::HostCall;
use super::io::{Pollable, fault};
use super::network::{Network, NetworkError, NetworkResult, SocketHandle};
use super::udp::{UdpSocket, UdpState};
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::record;
use crate::error::{Error, Result};
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::network::AddressUse;
use rustix::io::Errno;
use std::net::SocketAddr;

/// `wasi:sockets/udp.incoming-datagram-stream`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IncomingDatagrams {
    handle: SocketHandle,
    only_granted: bool,
    /// Who alone is listened to, if anybody.
    remote: Option<SocketAddr>,
}

/// `wasi:sockets/udp.outgoing-datagram-stream`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutgoingDatagrams {
    handle: SocketHandle,
    /// Whom alone is sent to, if anybody.
    remote: Option<SocketAddr>,
    /// How many may still be sent.
    permit: u64,
}

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

/// As many as are received or sent at once.
const MOST: u64 = 16;
/// No datagram is longer.
const LONGEST: usize = 65535;

impl IncomingDatagrams {
    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.handle.descriptor);
        }
    }

    /// Whether a datagram of this sender is for the guest.
    fn accepts(self, ctx: &WasiCtx, from: SocketAddr) -> bool {
        let granted = !self.only_granted || ctx.network.allows(AddressUse::UdpConnect, from);
        granted && self.remote.is_none_or(|remote| remote == from)
    }
}

impl OutgoingDatagrams {
    /// Drops it.
    pub(super) fn drop(ctx: &mut WasiCtx, rep: u32) {
        if let Ok(gone) = ctx.resources.remove::<Self>(rep) {
            ctx.resources.release(&mut ctx.table, gone.handle.descriptor);
        }
    }
}

fn socket(ctx: &WasiCtx, it: &Borrow<UdpSocket>) -> Result<UdpSocket> {
    ctx.resources.get::<UdpSocket>(it.rep).copied().map_err(fault)
}

pub(super) fn start_bind(
    call: &mut HostCall<'_>,
    (it, _, address): (Borrow<UdpSocket>, Borrow<Network>, IpSocketAddress),
) -> NetworkResult<()> {
    let ctx = &mut *call.ctx;
    let mut now = socket(ctx, &it)?;
    let bind = || {
        let address = now.handle.address(address)?;
        match now.state {
            UdpState::New => {}
            UdpState::Binding => return Err(NetworkError::ConcurrencyConflict),
            _ => return Err(NetworkError::InvalidState),
        }
        now.only_granted = !ctx.network.allows(AddressUse::UdpBind, address);
        if now.only_granted && !ctx.network.allows_to_send_from(address) {
            return Err(NetworkError::AccessDenied);
        }
        now.state = UdpState::Binding;
        Ok(now.handle.socket(ctx)?.bind(address)?)
    };
    let bound = bind();
    if bound.is_ok() {
        *ctx.resources.get_mut::<UdpSocket>(it.rep).map_err(fault)? = now;
    }
    Ok(bound)
}

pub(super) fn finish_bind(
    call: &mut HostCall<'_>,
    (it,): (Borrow<UdpSocket>,),
) -> NetworkResult<()> {
    let socket = call.ctx.resources.get_mut::<UdpSocket>(it.rep).map_err(fault)?;
    if socket.state != UdpState::Binding {
        return Ok(Err(NetworkError::NotInProgress));
    }
    socket.state = UdpState::Bound;
    Ok(Ok(()))
}

pub(super) fn stream(
    call: &mut HostCall<'_>,
    (it, remote): (Borrow<UdpSocket>, Option<IpSocketAddress>),
) -> NetworkResult<(Own<IncomingDatagrams>, Own<OutgoingDatagrams>)> {
    let ctx = &mut *call.ctx;
    let UdpSocket { handle, only_granted, .. } = socket(ctx, &it)?;
    let remote = match connect(ctx, &it, remote)? {
        Ok(remote) => remote,
        Err(error) => return Ok(Err(error)),
    };
    let incoming = IncomingDatagrams { handle, only_granted, remote };
    let incoming = ctx.resources.insert(incoming).map_err(fault)?;
    ctx.resources.share(handle.descriptor);
    let outgoing = OutgoingDatagrams { handle, remote, permit: 0 };
    let outgoing = ctx.resources.insert(outgoing).map_err(fault)?;
    ctx.resources.share(handle.descriptor);
    Ok(Ok((Own::new(incoming), Own::new(outgoing))))
}

/// Connects a socket to one address, or to none any more.
fn connect(
    ctx: &mut WasiCtx,
    it: &Borrow<UdpSocket>,
    remote: Option<IpSocketAddress>,
) -> NetworkResult<Option<SocketAddr>> {
    let UdpSocket { handle, state, .. } = socket(ctx, it)?;
    let connect = || {
        if !matches!(state, UdpState::Bound | UdpState::Connected(_)) {
            return Err(NetworkError::InvalidState);
        }
        let remote = remote.map(|remote| handle.remote(remote)).transpose()?;
        let granted = |to| ctx.network.allows(AddressUse::UdpConnect, to);
        if !remote.is_none_or(granted) {
            return Err(NetworkError::AccessDenied);
        }
        let socket = handle.socket(ctx)?;
        if matches!(state, UdpState::Connected(_)) {
            socket.disconnect()?;
        }
        if let Some(remote) = remote {
            socket.connect(remote)?;
        }
        Ok(remote)
    };
    let done = connect();
    if let Ok(remote) = done {
        let state = remote.map_or(UdpState::Bound, UdpState::Connected);
        ctx.resources.get_mut::<UdpSocket>(it.rep).map_err(fault)?.state = state;
    }
    Ok(done)
}

pub(super) fn local_address(
    call: &mut HostCall<'_>,
    (it,): (Borrow<UdpSocket>,),
) -> NetworkResult<IpSocketAddress> {
    let UdpSocket { handle, state, .. } = socket(call.ctx, &it)?;
    match state {
        UdpState::New => Ok(Err(NetworkError::InvalidState)),
        UdpState::Binding | UdpState::Bound | UdpState::Connected(_) => handle.local(call.ctx),
    }
}

pub(super) fn remote_address(
    call: &mut HostCall<'_>,
    (it,): (Borrow<UdpSocket>,),
) -> NetworkResult<IpSocketAddress> {
    Ok(match socket(call.ctx, &it)?.state {
        UdpState::Connected(remote) => Ok(remote.into()),
        _ => Err(NetworkError::InvalidState),
    })
}

/// A socket can always be used; what it sends and receives is waited for by
/// streams.
pub(super) fn subscribe(call: &mut HostCall<'_>, _: (Borrow<UdpSocket>,)) -> Result<Own<Pollable>> {
    Pollable::Ready.give(call.ctx)
}

pub(super) fn receive(
    call: &mut HostCall<'_>,
    (it, most): (Borrow<IncomingDatagrams>, u64),
) -> NetworkResult<Vec<IncomingDatagram>> {
    let ctx = &*call.ctx;
    let stream = *ctx.resources.get::<IncomingDatagrams>(it.rep).map_err(fault)?;
    let mut received = Vec::new();
    let mut buffer = vec![0; LONGEST];
    while (received.len() as u64) < most.min(MOST) {
        let next = stream.handle.socket(ctx).and_then(|it| Ok(it.receive_from(&mut buffer)?));
        match next {
            Ok((len, from)) if stream.accepts(ctx, from) => {
                let data = buffer[..len].to_vec();
                received.push(IncomingDatagram { data, remote: from.into() });
            }
            Ok(_) => {}
            Err(NetworkError::WouldBlock) => break,
            Err(error) if received.is_empty() => return Ok(Err(error)),
            Err(_) => break,
        }
    }
    Ok(Ok(received))
}

pub(super) fn subscribe_incoming(
    call: &mut HostCall<'_>,
    (it,): (Borrow<IncomingDatagrams>,),
) -> Result<Own<Pollable>> {
    let stream = call.ctx.resources.get::<IncomingDatagrams>(it.rep).map_err(fault)?;
    Pollable::Readable(stream.handle.descriptor).give(call.ctx)
}

pub(super) fn check_send(
    call: &mut HostCall<'_>,
    (it,): (Borrow<OutgoingDatagrams>,),
) -> NetworkResult<u64> {
    let ctx = &mut *call.ctx;
    let stream = *ctx.resources.get::<OutgoingDatagrams>(it.rep).map_err(fault)?;
    let ready = Pollable::Writable(stream.handle.descriptor).is_ready(ctx).map_err(fault)?;
    let permit = if ready { MOST } else { 0 };
    ctx.resources.get_mut::<OutgoingDatagrams>(it.rep).map_err(fault)?.permit = permit;
    Ok(Ok(permit))
}

pub(super) fn send(
    call: &mut HostCall<'_>,
    (it, datagrams): (Borrow<OutgoingDatagrams>, Vec<OutgoingDatagram>),
) -> NetworkResult<u64> {
    let ctx = &mut *call.ctx;
    let stream = *ctx.resources.get::<OutgoingDatagrams>(it.rep).map_err(fault)?;
    let (count, permit) = (datagrams.len() as u64, stream.permit);
    if count > permit {
        return Err(Error::host(format!("WASI: {count} datagrams sent, of at most {permit}")));
    }
    let mut sent = 0;
    for datagram in datagrams {
        match send_one(ctx, stream, datagram) {
            Ok(()) => sent += 1,
            Err(NetworkError::WouldBlock) => break,
            Err(error) if sent == 0 => return Ok(Err(error)),
            Err(_) => break,
        }
    }
    ctx.resources.get_mut::<OutgoingDatagrams>(it.rep).map_err(fault)?.permit -= sent;
    Ok(Ok(sent))
}

fn send_one(
    ctx: &WasiCtx,
    stream: OutgoingDatagrams,
    datagram: OutgoingDatagram,
) -> Result<(), NetworkError> {
    let to = datagram.remote.map(|to| stream.handle.remote(to)).transpose()?;
    let to = match (stream.remote, to) {
        (Some(remote), None) => remote,
        (Some(remote), Some(to)) if remote == to => remote,
        (None, Some(to)) => to,
        (Some(_), Some(_)) | (None, None) => return Err(NetworkError::InvalidArgument),
    };
    if !ctx.network.allows(AddressUse::UdpConnect, to) {
        return Err(NetworkError::AccessDenied);
    }
    let socket = stream.handle.socket(ctx)?;
    match socket.send_to(&datagram.data, stream.remote.is_none().then_some(to)) {
        Ok(()) => Ok(()),
        Err(Errno::MSGSIZE) => Err(NetworkError::DatagramTooLarge),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn subscribe_outgoing(
    call: &mut HostCall<'_>,
    (it,): (Borrow<OutgoingDatagrams>,),
) -> Result<Own<Pollable>> {
    let stream = call.ctx.resources.get::<OutgoingDatagrams>(it.rep).map_err(fault)?;
    Pollable::Writable(stream.handle.descriptor).give(call.ctx)
}
