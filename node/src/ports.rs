//! A busy port is found before anything is written, and named with the flag that changes it.
//!
//! Without this check the RPC server would move to a random port, where nobody looks for it.

use std::{
	io::ErrorKind,
	net::{IpAddr, SocketAddr, TcpListener},
};

use sc_network::multiaddr::{Multiaddr, Protocol};
use sc_service::Configuration;

use crate::problem::Problem;

/// Checks every TCP port that the node is about to listen on.
pub(crate) fn ensure_free(config: &Configuration) -> Result<(), Problem> {
	for endpoint in config.rpc.addr.iter().flatten().filter(|endpoint| !endpoint.is_optional) {
		ensure_bindable(endpoint.listen_addr, "RPC", "--rpc-port")?;
	}
	if let Some(prometheus) = &config.prometheus_config {
		ensure_bindable(prometheus.port, "Prometheus metrics", "--prometheus-port")?;
	}
	for address in config.network.listen_addresses.iter().filter_map(tcp_address) {
		ensure_bindable(address, "peer-to-peer network", "--port")?;
	}
	Ok(())
}

fn ensure_bindable(
	address: SocketAddr,
	purpose: &'static str,
	flag: &'static str,
) -> Result<(), Problem> {
	match TcpListener::bind(address) {
		Err(error) if error.kind() == ErrorKind::AddrInUse => {
			Err(Problem::PortInUse { address, purpose, flag })
		}
		// Anything else (no IPv6 here, a privileged port) is the server's own to report.
		_ => Ok(()),
	}
}

fn tcp_address(address: &Multiaddr) -> Option<SocketAddr> {
	let mut parts = address.iter();
	let ip = match parts.next()? {
		Protocol::Ip4(ip) => IpAddr::V4(ip),
		Protocol::Ip6(ip) => IpAddr::V6(ip),
		_ => return None,
	};
	match parts.next()? {
		Protocol::Tcp(port) => Some(SocketAddr::new(ip, port)),
		_ => None,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn port_should_be_named_with_its_flag_when_in_use() {
		let holder = TcpListener::bind("127.0.0.1:0").expect("any free port");
		let address = holder.local_addr().expect("bound");
		let refusal = ensure_bindable(address, "RPC", "--rpc-port").expect_err("held");
		let text = refusal.to_string();
		assert!(text.contains(&address.port().to_string()) && text.contains("--rpc-port"));
		drop(holder);
		assert!(ensure_bindable(address, "RPC", "--rpc-port").is_ok());
	}

	#[test]
	fn listen_address_should_be_read_when_it_is_tcp() {
		let address: Multiaddr = "/ip4/0.0.0.0/tcp/30333".parse().expect("valid");
		assert_eq!(tcp_address(&address), Some(([0, 0, 0, 0], 30333).into()));
		let address: Multiaddr = "/ip4/0.0.0.0/tcp/30333/ws".parse().expect("valid");
		assert_eq!(tcp_address(&address), Some(([0, 0, 0, 0], 30333).into()));
		let address: Multiaddr = "/ip4/127.0.0.1/udp/1".parse().expect("valid");
		assert_eq!(tcp_address(&address), None);
	}
}
