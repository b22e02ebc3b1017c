//! What was granted of the network, as rules: who may be reached, and where it
//! may be listened.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// What of the network a guest may use. Without further calls: nothing.
///
/// An address is written `HOST:PORT`. `HOST` is an IP address (version 6 in
/// brackets), a name, or `*` for every address; `PORT` a number, or `*` for
/// every port. A name stands for the addresses that it has now, and those that
/// the guest finds when it looks it up.
///
/// ```
/// use precast_loader::wasi::WasiCtxBuilder;
/// # fn main() -> std::io::Result<()> {
/// let mut builder = WasiCtxBuilder::new();
/// builder.network().tcp_connect("127.0.0.1:5432")?.tcp_listen("[::1]:*")?;
/// assert!(builder.network().udp_connect("127.0.0.1").is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct NetworkGrants {
    rules: Vec<Rule>,
    lookup: bool,
}

/// A use of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AddressUse {
    /// To connect to it.
    TcpConnect,
    /// To wait there for connections.
    TcpListen,
    /// To send datagrams to it, and receive some from it.
    UdpConnect,
    /// To receive datagrams there from anybody.
    UdpBind,
}

#[derive(Clone, Debug)]
struct Rule {
    to: AddressUse,
    host: Host,
    /// Every port if there is none.
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Host {
    Any,
    Address(IpAddr),
    Name(String, Vec<IpAddr>),
}

impl NetworkGrants {
    /// Lets TCP sockets connect there.
    ///
    /// # Errors
    ///
    /// It is no address, or a name without one.
    pub fn tcp_connect(&mut self, to: &str) -> io::Result<&mut Self> {
        self.grant(AddressUse::TcpConnect, to)
    }

    /// Lets TCP sockets be bound to the address, and listen there. Port 0 is one
    /// that the system chooses.
    ///
    /// # Errors
    ///
    /// As for [`NetworkGrants::tcp_connect`].
    pub fn tcp_listen(&mut self, at: &str) -> io::Result<&mut Self> {
        self.grant(AddressUse::TcpListen, at)
    }

    /// Lets UDP sockets send there, and receive what comes from there, from a port
    /// that the system chooses.
    ///
    /// # Errors
    ///
    /// As for [`NetworkGrants::tcp_connect`].
    pub fn udp_connect(&mut self, to: &str) -> io::Result<&mut Self> {
        self.grant(AddressUse::UdpConnect, to)
    }

    /// Lets UDP sockets be bound to the address, and receive there from anybody.
    ///
    /// # Errors
    ///
    /// As for [`NetworkGrants::tcp_connect`].
    pub fn udp_bind(&mut self, at: &str) -> io::Result<&mut Self> {
        self.grant(AddressUse::UdpBind, at)
    }

    /// Lets the guest look up the addresses of any name. Of a name in a rule it
    /// always may.
    pub fn allow_ip_name_lookup(&mut self) -> &mut Self {
        self.lookup = true;
        self
    }

    /// Grants all that this process can reach.
    pub fn everything(&mut self) -> &mut Self {
        use AddressUse::{TcpConnect, TcpListen, UdpBind, UdpConnect};
        let uses = [TcpConnect, TcpListen, UdpConnect, UdpBind];
        self.rules.extend(uses.map(|to| Rule { to, host: Host::Any, port: None }));
        self.allow_ip_name_lookup()
    }

    fn grant(&mut self, to: AddressUse, text: &str) -> io::Result<&mut Self> {
        let wrong = || {
            let why = format!("`{text}` is no address: write HOST:PORT, each of which may be `*`");
            io::Error::new(io::ErrorKind::InvalidInput, why)
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = match port {
            "*" => None,
            number => Some(number.parse().map_err(|_| wrong())?),
        };
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = match (host, bare.unwrap_or(host).parse::<IpAddr>()) {
            ("*", _) => Host::Any,
            // Without brackets, part of the address could be meant as the port.
            (_, Ok(address)) if address.is_ipv4() == bare.is_none() => Host::Address(address),
            _ if bare.is_some() || !is_name(host) => return Err(wrong()),
            _ => Host::Name(host.to_ascii_lowercase(), look_up(host)?),
        };
        self.rules.push(Rule { to, host, port });
        Ok(self)
    }

    /// Whether an address may be used so.
    pub(crate) fn allows(&self, to: AddressUse, address: SocketAddr) -> bool {
        // An address of version 4 inside of one of version 6 is the same.
        let ip = address.ip().to_canonical();
        self.rules.iter().any(|rule| {
            let host = match &rule.host {
                Host::Any => true,
                Host::Address(granted) => granted.to_canonical() == ip,
                Host::Name(_, known) => known.iter().any(|known| known.to_canonical() == ip),
            };
            rule.to == to && host && rule.port.is_none_or(|port| port == address.port())
        })
    }

    /// Whether a socket may be bound there that only sends to what was granted.
    pub(crate) fn allows_to_send_from(&self, address: SocketAddr) -> bool {
        let sends = |rule: &Rule| rule.to == AddressUse::UdpConnect;
        address.port() == 0 && address.ip().is_unspecified() && self.rules.iter().any(sends)
    }

    /// Whether the addresses of a name may be looked up.
    pub(crate) fn allows_lookup(&self, name: &str) -> bool {
        let is_it = |rule: &Rule| match &rule.host {
            Host::Name(known, _) => known.eq_ignore_ascii_case(name),
            _ => false,
        };
        self.lookup || self.rules.iter().any(is_it)
    }

    /// Notes addresses that a name was found to have.
    pub(crate) fn learn(&mut self, name: &str, found: &[IpAddr]) {
        for rule in &mut self.rules {
            if let Host::Name(known, addresses) = &mut rule.host
                && known.eq_ignore_ascii_case(name)
            {
                let new = found.iter().filter(|address| !addresses.contains(address));
                let new: Vec<_> = new.copied().collect();
                addresses.extend(new);
            }
        }
    }
}

/// Whether a text can be the name of a host (RFC 1123, section 2.1); underscores
/// are in use too.
pub(crate) fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let label = |label: &str| (1..64).contains(&label.len()) && label.bytes().all(letter);
    text.len() < 254 && text.split('.').all(label)
}

/// The addresses of a name, as the system finds them; that may take its time.
pub(crate) fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    let found = (name, 0).to_socket_addrs()?.map(|address| address.ip());
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use AddressUse::{TcpConnect, TcpListen, UdpBind, UdpConnect};

    fn allows(grants: &NetworkGrants, to: AddressUse, address: &str) -> bool {
        grants.allows(to, address.parse().unwrap())
    }

    #[test]
    fn rules_are_of_one_use_one_host_and_one_port() {
        let mut grants = NetworkGrants::default();
        assert!(!allows(&grants, TcpConnect, "127.0.0.1:80"));
        grants.tcp_connect("127.0.0.1:80").unwrap().tcp_listen("[::1]:*").unwrap();
        grants.udp_bind("*:53").unwrap();
        assert!(allows(&grants, TcpConnect, "127.0.0.1:80"));
        assert!(allows(&grants, TcpConnect, "[::ffff:127.0.0.1]:80"));
        assert!(allows(&grants, TcpListen, "[::1]:0"));
        assert!(allows(&grants, UdpBind, "10.0.0.1:53"));
        for (to, other) in [
            (TcpConnect, "127.0.0.1:81"),
            (TcpConnect, "127.0.0.2:80"),
            (TcpListen, "127.0.0.1:80"),
            (TcpListen, "[::2]:80"),
            (UdpConnect, "10.0.0.1:53"),
            (UdpBind, "10.0.0.1:54"),
        ] {
            assert!(!allows(&grants, to, other), "{to:?} {other}");
        }
        grants.everything();
        assert!(
            allows(&grants, UdpConnect, "[2001:db8::1]:9") && grants.allows_lookup("a.example")
        );
    }

    #[test]
    fn who_may_send_may_be_bound_where_the_system_likes() {
        let from =
            |grants: &NetworkGrants, at: &str| grants.allows_to_send_from(at.parse().unwrap());
        let mut grants = NetworkGrants::default();
        assert!(!from(&grants, "0.0.0.0:0"));
        grants.udp_connect("127.0.0.1:53").unwrap();
        assert!(from(&grants, "0.0.0.0:0") && from(&grants, "[::]:0"));
        assert!(!from(&grants, "0.0.0.0:53") && !from(&grants, "127.0.0.1:0"));
    }

    #[test]
    fn names_are_known_by_their_addresses() {
        let mut grants = NetworkGrants::default();
        grants.tcp_connect("localhost:80").unwrap();
        assert!(
            allows(&grants, TcpConnect, "127.0.0.1:80") || allows(&grants, TcpConnect, "[::1]:80")
        );
        assert!(grants.allows_lookup("LocalHost") && !grants.allows_lookup("example.com"));
        assert!(!allows(&grants, TcpConnect, "192.0.2.1:80"));
        grants.learn("localhost", &["192.0.2.1".parse().unwrap()]);
        grants.learn("example.com", &["192.0.2.2".parse().unwrap()]);
        assert!(allows(&grants, TcpConnect, "192.0.2.1:80"));
        assert!(!allows(&grants, TcpConnect, "192.0.2.2:80"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "80",
            "localhost",
            "127.0.0.1:",
            "127.0.0.1:70000",
            "::1:80",
            "[::1",
            "a b:1",
            "[a]:1",
        ] {
            let why = NetworkGrants::default().tcp_connect(text).unwrap_err().to_string();
            assert!(why.contains("write HOST:PORT"), "{text}: {why}");
        }
        assert!(!is_name("") && !is_name("a..b") && !is_name(&"a".repeat(64)) && !is_name("ä"));
        assert!(is_name("a-b.c_d.") && is_name(&["a"; 100].join(".")));
    }
}
