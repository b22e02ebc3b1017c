//! wasi:sockets: the network, errors, what both kinds of sockets have.

use super::addresses::{IpFamily, IpSocketAddress};
use super::function::HostCall;
use super::io::{IoError, fault};
use crate::canonical::owned::{Borrow, Own};
use crate::canonical::shapes::enumeration;
use crate::error::Result;
use crate::wasi::host::context::WasiCtx;
use crate::wasi::host::descriptor::Descriptor;
use crate::wasi::host::error::HostError;
use crate::wasi::host::socket::Socket;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with, sockopt};
use std::net::{IpAddr, SocketAddr};

/// `wasi:sockets/network.network`: what was granted of the network.
#[derive(Debug)]
pub(crate) struct Network;

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

/// What a function of sockets gives.
pub(super) type NetworkResult<V> = Result<std::result::Result<V, NetworkError>>;

impl From<Errno> for NetworkError {
    fn from(error: Errno) -> Self {
        HostError::from(error).into()
    }
}

impl From<HostError> for NetworkError {
    fn from(error: HostError) -> Self {
        match error.errno() {
            Errno::ACCESS | Errno::PERM => Self::AccessDenied,
            Errno::OPNOTSUPP | Errno::AFNOSUPPORT | Errno::NOPROTOOPT => Self::NotSupported,
            Errno::INVAL => Self::InvalidArgument,
            Errno::NOMEM | Errno::NOBUFS => Self::OutOfMemory,
            Errno::TIMEDOUT => Self::Timeout,
            Errno::AGAIN => Self::WouldBlock,
            Errno::NOTCONN | Errno::ISCONN => Self::InvalidState,
            Errno::ALREADY => Self::ConcurrencyConflict,
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

    /// Gives one to the guest that was accepted.
    pub(super) fn accepted(
        ctx: &mut WasiCtx,
        socket: Socket,
        family: IpFamily,
    ) -> std::result::Result<Self, HostError> {
        let descriptor = ctx.table.insert(Descriptor::Socket(socket))?;
        ctx.resources.own(descriptor);
        Ok(Self { descriptor, family })
    }

    /// An address that it may be bound to, or reach: of its family, and of one
    /// machine.
    pub(super) fn address(
        self,
        address: IpSocketAddress,
    ) -> std::result::Result<SocketAddr, NetworkError> {
        let address = SocketAddr::from(address);
        let family = match address.ip() {
            IpAddr::V4(ip) if ip.is_broadcast() => None,
            IpAddr::V4(_) => Some(IpFamily::Ipv4),
            // These would be addresses of the other family.
            IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => None,
            IpAddr::V6(_) => Some(IpFamily::Ipv6),
        };
        match family == Some(self.family) && !address.ip().is_multicast() {
            true => Ok(address),
            false => Err(NetworkError::InvalidArgument),
        }
    }

    /// One that it may reach: it has a machine and a port.
    pub(super) fn remote(
        self,
        address: IpSocketAddress,
    ) -> std::result::Result<SocketAddr, NetworkError> {
        let address = self.address(address)?;
        match address.ip().is_unspecified() || address.port() == 0 {
            true => Err(NetworkError::InvalidArgument),
            false => Ok(address),
        }
    }

    /// The socket itself.
    pub(super) fn socket(self, ctx: &WasiCtx) -> std::result::Result<&Socket, NetworkError> {
        Ok(ctx.table.socket(self.descriptor)?)
    }

    /// The address that it is bound to.
    pub(super) fn local(self, ctx: &WasiCtx) -> NetworkResult<IpSocketAddress> {
        Ok(self.socket(ctx).and_then(|socket| Ok(socket.local_address()?.into())))
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
    Ok(error.network.then(|| error.error.into()))
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

#[cfg(test)]
mod tests {
    use super::super::files::filesystem_error_code;
    use super::*;
    use crate::sys::buffer::Buffer;
    use crate::wasi::WasiCtxBuilder;
    use crate::wasi::preview2::error::FileError;

    /// The error of a stream is one of files or one of sockets.
    #[test]
    fn errors_of_streams_are_told_apart() {
        let mut ctx = WasiCtxBuilder::new().build();
        let mut codes = |error: Errno, network| {
            let rep = ctx.resources.insert(IoError { error: error.into(), network }).unwrap();
            let mut call = HostCall { ctx: &mut ctx, memory: Buffer::EMPTY };
            let file = filesystem_error_code(&mut call, (Borrow::new(rep),)).unwrap();
            (file, network_error_code(&mut call, (Borrow::new(rep),)).unwrap())
        };
        assert_eq!(codes(Errno::NOSPC, false), (Some(FileError::InsufficientSpace), None));
        assert_eq!(codes(Errno::CONNRESET, true), (None, Some(NetworkError::ConnectionReset)));
        assert_eq!(codes(Errno::NOTCONN, true), (None, Some(NetworkError::InvalidState)));
    }
}
