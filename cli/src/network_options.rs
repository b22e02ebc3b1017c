//! Options of `run` that grant something of the network.

use crate::exit::{Failure, Result};
use clap::Args;
use precast_loader::wasi::NetworkGrants;
use std::io;

/// What components may use of the network.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Network, for components")]
pub struct NetworkOptions {
    /// Let TCP sockets connect to an address: HOST:PORT, each of which may be `*`
    #[arg(long, value_name = "HOST:PORT")]
    tcp_connect: Vec<String>,

    /// Let TCP sockets listen at an address; port 0 is one that the system chooses
    #[arg(long, value_name = "ADDR:PORT")]
    tcp_listen: Vec<String>,

    /// Let UDP sockets send to an address, and receive from it
    #[arg(long, value_name = "HOST:PORT")]
    udp_connect: Vec<String>,

    /// Let UDP sockets be bound to an address, and receive there from anybody
    #[arg(long, value_name = "ADDR:PORT")]
    udp_bind: Vec<String>,

    /// Let addresses of any name be looked up; those of names in the options above
    /// always may
    #[arg(long)]
    allow_ip_name_lookup: bool,

    /// Grant all of the network that this process can reach
    #[arg(long)]
    inherit_network: bool,
}

impl NetworkOptions {
    /// Grants it.
    pub(crate) fn grant(&self, network: &mut NetworkGrants) -> Result {
        type Grant = fn(&mut NetworkGrants, &str) -> io::Result<()>;
        let lists: [(&str, &[String], Grant); 4] = [
            ("--tcp-connect", &self.tcp_connect, |to, at| to.tcp_connect(at).map(drop)),
            ("--tcp-listen", &self.tcp_listen, |to, at| to.tcp_listen(at).map(drop)),
            ("--udp-connect", &self.udp_connect, |to, at| to.udp_connect(at).map(drop)),
            ("--udp-bind", &self.udp_bind, |to, at| to.udp_bind(at).map(drop)),
        ];
        for (option, addresses, grant) in lists {
            for address in addresses {
                grant(network, address)
                    .map_err(Failure::while_doing(format!("{option} {address}")))?;
            }
        }
        if self.allow_ip_name_lookup {
            network.allow_ip_name_lookup();
        }
        if self.inherit_network {
            network.everything();
        }
        Ok(())
    }
}
