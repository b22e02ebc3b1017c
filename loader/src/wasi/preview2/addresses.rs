//! wasi:sockets `network`: addresses.

use crate::canonical::shapes::{enumeration, record, variant};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

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

impl From<IpAddr> for IpAddress {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(ip) => Self::Ipv4(ip.octets().into()),
            IpAddr::V6(ip) => Self::Ipv6(ip.segments().into()),
        }
    }
}

impl From<SocketAddr> for IpSocketAddress {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(at) => {
                let address = at.ip().octets().into();
                Self::Ipv4(Ipv4SocketAddress { port: at.port(), address })
            }
            SocketAddr::V6(at) => Self::Ipv6(Ipv6SocketAddress {
                port: at.port(),
                flow: at.flowinfo(),
                address: at.ip().segments().into(),
                scope: at.scope_id(),
            }),
        }
    }
}

impl From<IpSocketAddress> for SocketAddr {
    fn from(address: IpSocketAddress) -> Self {
        match address {
            IpSocketAddress::Ipv4(at) => {
                let octets: [u8; 4] = at.address.into();
                SocketAddrV4::new(octets.into(), at.port).into()
            }
            IpSocketAddress::Ipv6(at) => {
                let segments: [u16; 8] = at.address.into();
                SocketAddrV6::new(segments.into(), at.port, at.flow, at.scope).into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back() {
        for text in ["127.0.0.1:80", "[2001:db8::1]:65535", "[fe80::1%3]:1", "0.0.0.0:0"] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(SocketAddr::from(IpSocketAddress::from(address)), address);
        }
    }
}
