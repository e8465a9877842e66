//! Connections: how many, from where, and how slow they may be.

use crate::{
	peers::{Connections, Peer},
	tls::Identity,
};
use axum::Router;
use hyper::{body::Incoming, service::Service, Request};
use hyper_util::{
	rt::{TokioIo, TokioTimer},
	service::TowerToHyperService,
};
use std::{future::Future, io, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
	io::{AsyncRead, AsyncWrite},
	net::{TcpListener, TcpStream},
	sync::{watch, Semaphore},
};

/// Bounds on connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
	/// Open connections; more of them wait to be accepted. Half of what the system lets this process
	/// open is the most.
	pub connections: usize,
	/// Open connections of one address; more of them are closed at once.
	pub per_address: usize,
	/// Whether this machine's own addresses have no bounds of their own: a proxy may be there.
	pub trust_loopback: bool,
	/// How long a client may take for the handshake of TLS and for its headers, and be silent between
	/// requests.
	pub header_time: Duration,
	/// How long a client may not read what it was sent.
	pub stall_time: Duration,
	/// How long connections may go on after the end was asked for.
	pub end_time: Duration,
}

impl Default for Limits {
	fn default() -> Self {
		Self {
			connections: 2_048,
			per_address: 256,
			trust_loopback: true,
			header_time: Duration::from_secs(10),
			stall_time: Duration::from_secs(30),
			end_time: Duration::from_secs(5),
		}
	}
}

impl Limits {
	fn peer(&self, address: IpAddr) -> Option<Peer> {
		let trusted = self.trust_loopback && address.to_canonical().is_loopback();
		(!trusted).then(|| Peer::of(address))
	}
}

/// Answers what comes to `listener` until `end` is ready, over TLS if there is an identity.
pub async fn serve(
	listener: TcpListener,
	router: Router,
	limits: Limits,
	identity: Option<Identity>,
	end: impl Future<Output = ()>,
) {
	let places = Arc::new(Semaphore::new(limits.connections.min(descriptors() / 2).max(1)));
	let peers = Arc::new(Connections::default());
	let (ending, ended) = watch::channel(());
	tokio::pin!(end);
	loop {
		let accepted = async {
			// The semaphore is never closed.
			let place = places.clone().acquire_owned().await.ok();
			(listener.accept().await, place)
		};
		let (accepted, place) = tokio::select! {
			accepted = accepted => accepted,
			() = &mut end => break,
		};
		let accepted = accepted.and_then(|(stream, address)| {
			Ok((prepare(stream, limits)?, limits.peer(address.ip())))
		});
		let (stream, peer) = match accepted {
			Ok(accepted) => accepted,
			Err(error) => {
				tracing::debug!(%error, "a connection was not accepted");
				// Out of descriptors, for one; closing connections will give some back.
				tokio::time::sleep(Duration::from_millis(20)).await;
				continue;
			}
		};
		let own = peer.map(|peer| peers.enter(peer, limits.per_address));
		if matches!(own, Some(None)) {
			continue;
		}
		let (router, ended, identity) = (router.clone(), ended.clone(), identity.clone());
		tokio::spawn(async move {
			let _places = (place, own);
			let Some(identity) = identity else {
				return attend(stream, router, peer, limits, ended).await;
			};
			let handshake = identity.acceptor().accept(stream);
			// What goes wrong with a connection is its client's matter.
			if let Ok(Ok(stream)) = tokio::time::timeout(limits.header_time, handshake).await {
				attend(stream, router, peer, limits, ended).await;
			}
		});
	}
	drop(ended);
	// Every connection holds a receiver, which closes when the connection has ended.
	drop(listener);
	ending.send_replace(());
	ending.closed().await;
}

/// Answers what comes over one connection.
async fn attend(
	stream: impl AsyncRead + AsyncWrite + Unpin,
	router: Router,
	peer: Option<Peer>,
	limits: Limits,
	mut ended: watch::Receiver<()>,
) {
	let router = TowerToHyperService::new(router);
	let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
		if let Some(peer) = peer {
			request.extensions_mut().insert(peer);
		}
		router.call(request)
	});
	let connection = hyper::server::conn::http1::Builder::new()
		.timer(TokioTimer::new())
		.header_read_timeout(limits.header_time)
		.max_headers(64)
		.max_buf_size(64 << 10)
		.serve_connection(TokioIo::new(stream), service);
	tokio::pin!(connection);
	tokio::select! {
		_ = connection.as_mut() => return,
		_ = ended.changed() => {},
	}
	connection.as_mut().graceful_shutdown();
	let _ = tokio::time::timeout(limits.end_time, connection).await;
}

/// How many files and connections this process may have open, after asking for as many as it can
/// get.
fn descriptors() -> usize {
	#[cfg(unix)]
	#[allow(unsafe_code, reason = "see SAFETY")]
	{
		let mut limit = libc::rlimit { rlim_cur: 1_024, rlim_max: 1_024 };
		// SAFETY: the place is valid for one `rlimit`.
		if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0 {
			let most = libc::rlimit { rlim_cur: limit.rlim_max, ..limit };
			// SAFETY: `most` is a valid `rlimit`.
			if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const most) } == 0 {
				limit = most;
			}
		}
		usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
	}
	#[cfg(not(unix))]
	usize::MAX
}

/// A client that reads nothing is given up by the system, which sees what the program cannot.
fn prepare(stream: TcpStream, limits: Limits) -> io::Result<TcpStream> {
	stream.set_nodelay(true)?;
	#[cfg(target_os = "linux")]
	{
		use std::os::fd::AsRawFd;
		let time = libc::c_uint::try_from(limits.stall_time.as_millis()).unwrap_or(0);
		#[allow(unsafe_code, reason = "see SAFETY")]
		// SAFETY: the option takes one unsigned integer, whose address and size are given.
		let set = unsafe {
			libc::setsockopt(
				stream.as_raw_fd(),
				libc::IPPROTO_TCP,
				libc::TCP_USER_TIMEOUT,
				(&raw const time).cast(),
				size_of_val(&time) as libc::socklen_t,
			)
		};
		if set != 0 {
			return Err(io::Error::last_os_error());
		}
	}
	#[cfg(not(target_os = "linux"))]
	let _ = limits;
	Ok(stream)
}
