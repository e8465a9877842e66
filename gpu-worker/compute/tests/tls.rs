//! The API over TLS: one certificate is accepted, and slow handshakes hurt nobody.

mod common;
#[path = "common/server.rs"]
mod server;

use assay_compute::{client::ClientError, jobs::State, tls::Identity};
use common::*;
use server::*;
use std::{
	io::Cursor,
	time::{Duration, Instant},
};
use tempfile::TempDir;

async fn started() -> (TempDir, Server) {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let identity = Identity::open(folder.path()).expect("it is made");
	let server = Server::start_with(folder.path(), Some(identity)).await;
	(folder, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_give_its_result_when_the_certificate_is_the_announced_one() {
	let (folder, server) = started().await;
	let client = server.client(1);
	let data = vec![7; 3 << 20];
	let hash = client.upload(&mut Cursor::new(data.clone()), |_, _| {}).await.expect("it fits");
	let id = client
		.submit(&manifest(job(&shader("data[id.x] = 1u;"), 256, [1, 1, 1])))
		.await
		.expect("it is valid")
		.id;
	let ended = client.follow(&id, |_| {}).await.expect("it ends");
	assert_eq!(ended.state, State::Finished, "{ended:?}");
	let copy = folder.path().join("copy");
	client.download(&hash, data.len() as u64, &copy, |_| {}).await.expect("it is there");
	assert!(std::fs::read(copy).expect("it was written") == data);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_should_not_be_trusted_when_it_presents_another_certificate() {
	let (_folder, server) = started().await;
	let elsewhere = tempfile::tempdir().expect("there is a temporary folder");
	let other = Identity::open(elsewhere.path()).expect("it is made").certificate();
	let client = server.client_of(&server.base(), Some(other), 1);
	let begun = Instant::now();
	let refused = client.lease().await.expect_err("it is another one");
	assert!(matches!(refused, ClientError::Certificate(_)), "{refused}");
	assert!(begun.elapsed() < Duration::from_secs(5), "it does not help to try again");
	// Without a hash it is up to the system's authorities, which do not know it either.
	let client = server.client_of(&server.base(), None, 1);
	assert!(matches!(client.lease().await, Err(ClientError::Certificate(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn others_should_be_served_when_handshakes_do_not_end() {
	let (_folder, server) = started().await;
	let mut idle = Vec::new();
	for _ in 0..100 {
		idle.push(tokio::net::TcpStream::connect(server.address).await.expect("it listens"));
	}
	server.client(1).lease().await.expect("it is served");
	// They are given up, one and all.
	for stream in idle {
		stream.readable().await.expect("it is closed");
		assert_eq!(stream.try_read(&mut [0; 16]).expect("it was closed in order"), 0);
	}
	let plain = server.client_of(&format!("http://{}", server.address), None, 1);
	assert!(matches!(plain.lease().await, Err(ClientError::Connection(_))));
}
