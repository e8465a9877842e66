//! Connections: how many, and how slow they may be.

use crate::tls::Identity;
use axum::Router;
use hyper_util::{
	rt::{TokioIo, TokioTimer},
	service::TowerToHyperService,
};
use std::{future::Future, io, sync::Arc, time::Duration};
use tokio::{
	io::{AsyncRead, AsyncWrite},
	net::{TcpListener, TcpStream},
	sync::{watch, Semaphore},
};

/// Bounds on connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
	/// Open connections; more of them wait to be accepted.
	pub connections: usize,
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
			header_time: Duration::from_secs(10),
			stall_time: Duration::from_secs(30),
			end_time: Duration::from_secs(5),
		}
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
	let places = Arc::new(Semaphore::new(limits.connections));
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
		let stream = match accepted.and_then(|(stream, _)| prepare(stream, limits)) {
			Ok(stream) => stream,
			Err(error) => {
				tracing::debug!(%error, "a connection was not accepted");
				// Out of descriptors, for one; closing connections will give some back.
				tokio::time::sleep(Duration::from_millis(20)).await;
				continue;
			}
		};
		let (router, ended, identity) = (router.clone(), ended.clone(), identity.clone());
		tokio::spawn(async move {
			let _place = place;
			let Some(identity) = identity else {
				return attend(stream, router, limits, ended).await;
			};
			let handshake = identity.acceptor().accept(stream);
			// What goes wrong with a connection is its client's matter.
			if let Ok(Ok(stream)) = tokio::time::timeout(limits.header_time, handshake).await {
				attend(stream, router, limits, ended).await;
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
	limits: Limits,
	mut ended: watch::Receiver<()>,
) {
	let connection = hyper::server::conn::http1::Builder::new()
		.timer(TokioTimer::new())
		.header_read_timeout(limits.header_time)
		.max_headers(64)
		.max_buf_size(64 << 10)
		.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
	tokio::pin!(connection);
	tokio::select! {
		_ = connection.as_mut() => return,
		_ = ended.changed() => {},
	}
	connection.as_mut().graceful_shutdown();
	let _ = tokio::time::timeout(limits.end_time, connection).await;
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
