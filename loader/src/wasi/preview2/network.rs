//! wasi:sockets: addresses, errors, names.
//!
//! Sockets can be made and set up, but nothing is granted that they could be
//! bound or connected to, and no name is looked up: that is refused with
//! `access-denied`.

use super::function::HostCall;
use super::io::{IoError, Pollable, fault};
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::{enumeration, record, variant};
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::error::HostError;
use crate::wasi::host::socket::Socket;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};

/// `wasi:sockets/network.network`: what was granted of the network, nothing.
#[derive(Debug)]
pub(crate) struct Network;

/// `wasi:sockets/ip-name-lookup.resolve-address-stream`: none was given.
#[derive(Debug)]
pub(crate) struct AddressStream;

enumeration! {
    /// `wasi:sockets/network.error-code`.
    NetworkError {
        /// What has no name here.
        Unknown = "unknown",
        /// It was not granted.
        AccessDenied = "access-denied",
        /// It cannot be done here.
        NotSupported = "not-supported",
        /// An argument makes no sense.
        InvalidArgument = "invalid-argument",
        /// There is no memory for it.
        OutOfMemory = "out-of-memory",
        /// It took too long.
        Timeout = "timeout",
        /// Something else is in progress.
        ConcurrencyConflict = "concurrency-conflict",
        /// Nothing was started.
        NotInProgress = "not-in-progress",
        /// It is not done yet.
        WouldBlock = "would-block",
        /// Not in this state of the socket.
        InvalidState = "invalid-state",
        /// As many sockets as there may be.
        NewSocketLimit = "new-socket-limit",
        /// The address is not one of this machine's.
        AddressNotBindable = "address-not-bindable",
        /// The address is taken.
        AddressInUse = "address-in-use",
        /// Nothing leads there.
        RemoteUnreachable = "remote-unreachable",
        /// The other side does not listen.
        ConnectionRefused = "connection-refused",
        /// The other side has gone.
        ConnectionReset = "connection-reset",
        /// This side has.
        ConnectionAborted = "connection-aborted",
        /// More than fits into a datagram.
        DatagramTooLarge = "datagram-too-large",
        /// No address has this name.
        NameUnresolvable = "name-unresolvable",
        /// Nobody could say.
        TemporaryResolverFailure = "temporary-resolver-failure",
        /// Nobody can say.
        PermanentResolverFailure = "permanent-resolver-failure",
    }
}

enumeration! {
    /// `wasi:sockets/network.ip-address-family`.
    IpFamily {
        /// Addresses of four bytes.
        Ipv4 = "ipv4",
        /// Addresses of eight pairs of bytes.
        Ipv6 = "ipv6",
    }
}

/// `wasi:sockets/network.ipv4-address`.
pub(super) type Ipv4 = (u8, u8, u8, u8);
/// `wasi:sockets/network.ipv6-address`.
pub(super) type Ipv6 = (u16, u16, u16, u16, u16, u16, u16, u16);

variant! {
    /// `wasi:sockets/network.ip-address`.
    IpAddress {
        /// Of four bytes.
        Ipv4(address: Ipv4) = "ipv4",
        /// Of eight pairs of bytes.
        Ipv6(address: Ipv6) = "ipv6",
    }
}

record! {
    /// `wasi:sockets/network.ipv4-socket-address`.
    Ipv4SocketAddress {
        /// The port.
        port: u16 = "port",
        /// The machine.
        address: Ipv4 = "address",
    }
}

record! {
    /// `wasi:sockets/network.ipv6-socket-address`.
    Ipv6SocketAddress {
        /// The port.
        port: u16 = "port",
        /// The flow.
        flow: u32 = "flow-info",
        /// The machine.
        address: Ipv6 = "address",
        /// The scope.
        scope: u32 = "scope-id",
    }
}

variant! {
    /// `wasi:sockets/network.ip-socket-address`.
    IpSocketAddress {
        /// Of a machine with four bytes.
        Ipv4(address: Ipv4SocketAddress) = "ipv4",
        /// Of one with eight pairs of bytes.
        Ipv6(address: Ipv6SocketAddress) = "ipv6",
    }
}

/// What a function of sockets gives.
pub(super) type NetworkResult<V> = Result<std::result::Result<V, NetworkError>>;

impl From<HostError> for NetworkError {
    fn from(error: HostError) -> Self {
        match error.errno() {
            Errno::ACCESS | Errno::PERM => Self::AccessDenied,
            Errno::OPNOTSUPP | Errno::AFNOSUPPORT | Errno::NOPROTOOPT => Self::NotSupported,
            Errno::INVAL => Self::InvalidArgument,
            Errno::NOMEM | Errno::NOBUFS => Self::OutOfMemory,
            Errno::TIMEDOUT => Self::Timeout,
            Errno::AGAIN => Self::WouldBlock,
            Errno::MFILE | Errno::NFILE => Self::NewSocketLimit,
            Errno::ADDRNOTAVAIL => Self::AddressNotBindable,
            Errno::ADDRINUSE => Self::AddressInUse,
            Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::NETDOWN => Self::RemoteUnreachable,
            Errno::CONNREFUSED => Self::ConnectionRefused,
            Errno::CONNRESET | Errno::PIPE => Self::ConnectionReset,
            Errno::CONNABORTED => Self::ConnectionAborted,
            Errno::MSGSIZE => Self::DatagramTooLarge,
            _ => Self::Unknown,
        }
    }
}

/// A socket of a guest, of either kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct SocketHandle {
    /// Its number in the guest's table.
    pub(super) descriptor: u32,
    pub(super) family: IpFamily,
}

impl SocketHandle {
    /// Makes a socket, which is neither bound nor connected.
    pub(super) fn new(
        ctx: &mut WasiCtx,
        family: IpFamily,
        kind: SocketType,
    ) -> std::result::Result<Self, HostError> {
        ctx.table.room()?;
        let domain = match family {
            IpFamily::Ipv4 => AddressFamily::INET,
            IpFamily::Ipv6 => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = Socket::from_host(socket_with(domain, kind, flags, None)?)?;
        let descriptor = ctx.table.insert(Descriptor::Socket(socket))?;
        ctx.resources.own(descriptor);
        Ok(Self { descriptor, family })
    }

    /// Does something with it.
    pub(super) fn with<V>(
        self,
        ctx: &WasiCtx,
        act: impl FnOnce(&Socket) -> rustix::io::Result<V>,
    ) -> NetworkResult<V> {
        let done = ctx.table.socket(self.descriptor).and_then(|socket| Ok(act(socket)?));
        Ok(done.map_err(NetworkError::from))
    }
}

pub(super) fn instance_network(call: &mut HostCall<'_>, (): ()) -> Result<Own<Network>> {
    Ok(Own::new(call.ctx.resources.insert(Network).map_err(fault)?))
}

pub(super) fn network_error_code(
    call: &mut HostCall<'_>,
    (error,): (Borrow<IoError>,),
) -> Result<Option<NetworkError>> {
    let error = call.ctx.resources.get::<IoError>(error.rep).map_err(fault)?;
    Ok(Some(error.0.into()))
}

pub(super) fn resolve_addresses(
    _: &mut HostCall<'_>,
    _: (Borrow<Network>, String),
) -> NetworkResult<Own<AddressStream>> {
    Ok(Err(NetworkError::AccessDenied))
}

pub(super) fn resolve_next_address(
    _: &mut HostCall<'_>,
    _: (Borrow<AddressStream>,),
) -> NetworkResult<Option<IpAddress>> {
    Ok(Ok(None))
}

pub(super) fn subscribe_addresses(
    call: &mut HostCall<'_>,
    _: (Borrow<AddressStream>,),
) -> Result<Own<Pollable>> {
    Pollable::Ready.give(call.ctx)
}

/// Options that both kinds of sockets have.
impl SocketHandle {
    pub(super) fn hop_limit(self, ctx: &WasiCtx) -> NetworkResult<u8> {
        self.with(ctx, |socket| match self.family {
            IpFamily::Ipv4 => Ok(u8::try_from(sockopt::ip_ttl(socket)?).unwrap_or(u8::MAX)),
            IpFamily::Ipv6 => sockopt::ipv6_unicast_hops(socket),
        })
    }

    pub(super) fn set_hop_limit(self, ctx: &WasiCtx, hops: u8) -> NetworkResult<()> {
        if hops == 0 {
            return Ok(Err(NetworkError::InvalidArgument));
        }
        self.with(ctx, |socket| match self.family {
            IpFamily::Ipv4 => sockopt::set_ip_ttl(socket, hops.into()),
            IpFamily::Ipv6 => sockopt::set_ipv6_unicast_hops(socket, Some(hops)),
        })
    }

    /// Linux takes twice of what it is told, for its own use, and says so.
    pub(super) fn receive_buffer_size(self, ctx: &WasiCtx) -> NetworkResult<u64> {
        self.with(ctx, |socket| Ok(sockopt::socket_recv_buffer_size(socket)? as u64 / 2))
    }

    pub(super) fn set_receive_buffer_size(self, ctx: &WasiCtx, size: u64) -> NetworkResult<()> {
        match buffer_size(size) {
            Ok(size) => self.with(ctx, |socket| sockopt::set_socket_recv_buffer_size(socket, size)),
            Err(error) => Ok(Err(error)),
        }
    }

    /// As for what is received.
    pub(super) fn send_buffer_size(self, ctx: &WasiCtx) -> NetworkResult<u64> {
        self.with(ctx, |socket| Ok(sockopt::socket_send_buffer_size(socket)? as u64 / 2))
    }

    pub(super) fn set_send_buffer_size(self, ctx: &WasiCtx, size: u64) -> NetworkResult<()> {
        match buffer_size(size) {
            Ok(size) => self.with(ctx, |socket| sockopt::set_socket_send_buffer_size(socket, size)),
            Err(error) => Ok(Err(error)),
        }
    }
}

/// A size as the system takes it, which gives as much of it as it allows.
fn buffer_size(size: u64) -> std::result::Result<usize, NetworkError> {
    match size {
        0 => Err(NetworkError::InvalidArgument),
        _ => Ok(size.min(1 << 30) as usize),
    }
}
