//! The HTTP API from outside: what is served, to whom, and how it bears hostile clients.

mod common;
#[path = "common/server.rs"]
mod server;

use assay_compute::{
	api::Limits,
	auth::{Ed25519, Signer},
	client::{part_of, Client, ClientError},
	jobs::{now_ms, State},
	lease::{Lease, LeaseInfo},
	Hash,
};
use common::*;
use serde_json::json;
use server::*;
use std::{
	io::Cursor,
	sync::Arc,
	time::{Duration, Instant},
};
use tokio::{
	io::{AsyncReadExt, AsyncWriteExt},
	net::TcpStream,
};

async fn started() -> (tempfile::TempDir, Server) {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let server = Server::start(folder.path()).await;
	(folder, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_give_its_result_when_all_goes_well() {
	let (folder, server) = started().await;
	let client = server.client(1);
	let input: Vec<u8> = (0..3_000_000u32).flat_map(u32::to_le_bytes).collect();
	let hash = client.upload(&mut Cursor::new(&input), |_, _| {}).await.expect("it fits");
	assert_eq!(hash, Hash::of(&input));
	let mut job =
		job(&shader("data[id.x] = data[id.x] * 2u + 1u;"), input.len() as u64, [46_875, 1, 1]);
	job["buffers"][0]["init"] = json!({ "blob": hash });
	let submitted = client.submit(&manifest(job)).await.expect("it is valid");
	let mut seen = Vec::new();
	let ended = client.follow(&submitted.id, |view| seen.push(view.state)).await.expect("it ends");
	assert_eq!(ended.state, State::Finished, "{ended:?}");
	assert_eq!(seen.last(), Some(&State::Finished));
	let result = client.result(&ended.id).await.expect("it has one");
	assert!(result.reproducible);
	let output = &result.outputs["data"];
	assert_eq!(result.outputs_hash, Some(Hash::of(&output.blob.0)));
	let path = folder.path().join("download");
	// A beginning from an earlier try is continued.
	let expected: Vec<u8> =
		(0..3_000_000u32).flat_map(|number| (number * 2 + 1).to_le_bytes()).collect();
	std::fs::write(part_of(&path, &output.blob), &expected[..1_000_001]).expect("writable");
	// What was left of other blobs under the same name stands in nobody's way.
	std::fs::write(part_of(&path, &hash), "another").expect("writable");
	std::fs::write(folder.path().join("download.part"), "another").expect("writable");
	let mut first = None;
	let progress = |have| {
		first.get_or_insert(have);
	};
	client.download(&output.blob, output.size, &path, progress).await.expect("it is there");
	assert!(first > Some(1_000_001));
	assert!(std::fs::read(path).expect("it was written") == expected);
	assert!(client.logs(&ended.id).await.expect("it has some").len() >= 3);
	// Every other answer, against the description.
	let raw = server.raw(1);
	for path in ["/health", "/openapi.json", "/lease", "/blobs", "/jobs"] {
		assert_eq!(raw.get(path).await.status, 200, "{path}");
	}
	for part in ["", "/result", "/logs", "/events"] {
		assert_eq!(raw.get(&format!("/jobs/{}{part}", ended.id)).await.status, 200, "{part}");
	}
	let blob = format!("/blobs/{hash}");
	let ranged = raw.send("GET", &blob, &[("range", "bytes=4-7")], b"").await;
	assert_eq!((ranged.status.as_u16(), &ranged.body[..]), (206, &[1, 0, 0, 0][..]));
	assert_eq!(ranged.headers["content-range"], "bytes 4-7/12000000");
	let outside = raw.send("GET", &blob, &[("range", "bytes=99999999-")], b"").await;
	assert_eq!(outside.status, 416);
	assert_eq!(raw.send("HEAD", &blob, &[], b"").await.headers["content-length"], "12000000");
	assert_eq!(raw.send("DELETE", &blob, &[], b"").await.status, 204);
	assert_eq!(raw.send("DELETE", &blob, &[], b"").await.status, 404);
	assert_eq!(raw.send("HEAD", &blob, &[], b"").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn m15_request_should_be_refused_when_it_is_not_the_lessees_own() {
	let (_folder, server) = started().await;
	let good = server.raw(1);
	assert_eq!(good.get("/lease").await.status, 200);
	assert_eq!(Raw { wrapped: true, ..good.clone() }.get("/lease").await.status, 200);
	let refused = |raw: Raw, code: &'static str| async move {
		let answer = raw.get("/lease").await;
		assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, code));
	};
	refused(Raw { genesis: [8; 32], ..good.clone() }, "bad-signature").await;
	refused(Raw { expires_ms: Some(now_ms() - 1), ..good.clone() }, "expired").await;
	refused(Raw { expires_ms: Some(now_ms() + 310_000), ..good.clone() }, "expiry-too-far").await;
	refused(Raw { lease: 2, ..good.clone() }, "not-your-lease").await;
	refused(Raw { lease: 99, ..good.clone() }, "not-your-lease").await;
	refused(Raw { signer: signer(2), ..good.clone() }, "not-your-lease").await;
	let once = Raw { nonce: Some([1; 16]), ..good.clone() };
	assert_eq!(once.get("/lease").await.status, 200);
	refused(once.clone(), "replayed").await;
	// The same nonce of another lease is another one.
	assert_eq!(Raw { nonce: Some([1; 16]), ..server.raw(2) }.get("/lease").await.status, 200);
	let other = Raw { claimed_body: Some(Hash::of(b"other")), ..good.clone() };
	assert_eq!(other.send("POST", "/jobs", &[], b"{}").await.code(), "bad-body");
	for path in ["/lease", "/blobs", "/jobs", "/nothing"] {
		let unsigned = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
		let answer = exchange(&server, unsigned.as_bytes()).await;
		assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
	}
	// An ed25519 key does as well.
	let key: Arc<dyn Signer> = Arc::new(Ed25519::from_seed(&[3; 32]));
	let lease = Lease::Active(assay_compute::lease::LeaseInfo { access: key.public(), ..info(1) });
	server.chain.0.lock().expect("no panic").insert(3, lease);
	assert_eq!(Raw { lease: 3, signer: key, ..good.clone() }.get("/lease").await.status, 200);
	server.chain.0.lock().expect("no panic").insert(3, Lease::Unknown);
	assert_eq!(Raw { lease: 3, ..good }.get("/lease").await.code(), "no-chain");
}

async fn exchange(server: &Server, request: &[u8]) -> String {
	let mut stream = TcpStream::connect(server.address).await.expect("it listens");
	stream.write_all(request).await.expect("it is read");
	let mut answer = Vec::new();
	let _ = stream.read_to_end(&mut answer).await;
	String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn path_should_lead_nowhere_when_it_is_a_trick() {
	let (folder, server) = started().await;
	std::fs::write(folder.path().join("secret"), "key").expect("the folder is writable");
	let raw = server.raw(1);
	let hash = Hash::of(b"x").to_string();
	for name in [
		"..%2f..%2fsecret",
		"%2e%2e%2fsecret",
		"..%5c..%5csecret",
		"%00",
		&hash.to_uppercase(),
		&format!("{hash}%00"),
		&format!("{hash}.4"),
		&format!("%2e%2f{}", &hash[..62]),
		&"a".repeat(5_000),
	] {
		for method in ["GET", "HEAD", "PUT", "DELETE"] {
			let extra = [("upload-offset", "0"), ("upload-length", "1")];
			let answer = raw.send(method, &format!("/blobs/{name}"), &extra, b"").await;
			let status = answer.status.as_u16();
			assert!([400, 404].contains(&status), "{method} {name}: {status}");
			assert!(!answer.body.windows(3).any(|part| part == b"key"));
		}
		for part in ["", "/result", "/logs", "/events"] {
			let status = raw.get(&format!("/jobs/{name}{part}")).await.status.as_u16();
			assert!([400, 404].contains(&status), "{name}: {status}");
		}
	}
	for path in ["/../secret", "/blobs/../../secret", "//secret", "/blobs/", "/jobs//"] {
		assert_eq!(raw.get(path).await.status, 404, "{path}");
	}
	// What belongs to one lease is not there for another.
	let put = [("upload-offset", "0"), ("upload-length", "1")];
	assert_eq!(raw.send("PUT", &format!("/blobs/{hash}"), &put, b"x").await.status, 201);
	assert_eq!(raw.get(&format!("/blobs/{hash}")).await.status, 200);
	assert_eq!(server.raw(2).get(&format!("/blobs/{hash}")).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_should_be_checked_when_chunks_come_in_any_way() {
	let (_folder, server) = started().await;
	let raw = server.raw(1);
	let data = vec![5u8; 1000];
	let path = format!("/blobs/{}", Hash::of(&data));
	let put = |offset: &'static str, length: &'static str, chunk: Vec<u8>| {
		let (raw, path) = (raw.clone(), path.clone());
		async move {
			raw.send("PUT", &path, &[("upload-offset", offset), ("upload-length", length)], &chunk)
				.await
		}
	};
	assert_eq!(put("0", "1000", data[..600].to_vec()).await.status, 202);
	let gap = put("700", "1000", data[700..].to_vec()).await;
	assert_eq!((gap.status.as_u16(), gap.code().as_str()), (409, "offset"));
	assert_eq!(gap.headers["upload-offset"], "600");
	assert_eq!(raw.send("HEAD", &path, &[], b"").await.headers["upload-offset"], "600");
	assert_eq!(put("600", "999", data[600..].to_vec()).await.code(), "length");
	assert_eq!(put("600", "1000", data[..500].to_vec()).await.code(), "beyond-length");
	assert_eq!(put("x", "1000", data[..500].to_vec()).await.code(), "bad-header");
	assert_eq!(put("600", "1000", vec![6; 400]).await.code(), "wrong-hash");
	assert_eq!(put("0", "1000", data.clone()).await.status, 201);
	assert_eq!(put("0", "1000", data.clone()).await.status, 201);
	let big = format!("/blobs/{}", Hash::of(b"big"));
	let extra = [("upload-offset", "0"), ("upload-length", "99999999999")];
	assert_eq!(raw.send("PUT", &big, &extra, b"x").await.code(), "quota");
	let extra = [("upload-offset", "0"), ("upload-length", "5000000")];
	assert_eq!(raw.send("PUT", &big, &extra, &vec![0; 4_500_000]).await.code(), "bad-body");
	for number in 0..64u8 {
		let path = format!("/blobs/{}", Hash::of(&[number]));
		let extra = [("upload-offset", "0"), ("upload-length", "2")];
		assert_eq!(raw.send("PUT", &path, &extra, b"x").await.status, 202);
	}
	let extra = [("upload-offset", "0"), ("upload-length", "2")];
	assert_eq!(raw.send("PUT", &big, &extra, b"x").await.code(), "too-many-blobs");
	assert_eq!(raw.send("POST", "/jobs", &[], b"{}").await.code(), "bad-manifest");
	let large = job(&shader("data[0] = 1u;"), 33 << 20, [1, 1, 1]).to_string();
	assert_eq!(raw.send("POST", "/jobs", &[], large.as_bytes()).await.code(), "bad-manifest");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_clients_should_be_cut_off_when_others_are_served() {
	let (_folder, server) = started().await;
	let raw = server.raw(1);
	let hash = Hash::of(&[0; 1000]);
	let path = format!("/blobs/{hash}");
	let mut slow = Vec::new();
	for number in 0..20 {
		let mut head = format!("PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n");
		head += "upload-offset: 0\r\nupload-length: 1000\r\n";
		let claimed = Raw { claimed_body: Some(hash), ..raw.clone() };
		for (name, value) in claimed.headers("PUT", &path, b"") {
			head += &format!("{name}: {value}\r\n");
		}
		// Half of them never get beyond their headers.
		if number % 2 == 0 {
			head += "\r\nfirst bytes";
		}
		let mut stream = TcpStream::connect(server.address).await.expect("it listens");
		stream.write_all(head.as_bytes()).await.expect("it is read");
		slow.push(stream);
	}
	let begun = Instant::now();
	for _ in 0..20 {
		assert_eq!(raw.get("/lease").await.status, 200);
	}
	assert!(begun.elapsed() < Duration::from_secs(3));
	for mut stream in slow {
		let mut answer = Vec::new();
		let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer));
		assert!(read.await.is_ok(), "a slow client was not cut off");
	}
	assert_eq!(raw.get("/lease").await.status, 200);
	// What they have sent counts for nothing, and stands in nobody's way.
	let put = [("upload-offset", "0"), ("upload-length", "1000")];
	assert_eq!(raw.send("PUT", &path, &put, &[0; 1000]).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn thousand_requests_should_be_answered_when_they_come_at_once() {
	let (_folder, server) = started().await;
	let raw = server.raw(1);
	let tasks: Vec<_> = (0..1_000)
		.map(|_| {
			let raw = raw.clone();
			tokio::spawn(async move { raw.get("/blobs").await.status })
		})
		.collect();
	for task in tasks {
		assert_eq!(task.await.expect("no panic"), 200);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn queue_should_be_bounded_when_jobs_are_submitted_and_cancelled() {
	let (_folder, server) = started().await;
	let raw = server.raw(1);
	let body = slow(1_000_000).to_string();
	let mut ids = Vec::new();
	for _ in 0..4 {
		let answer = raw.send("POST", "/jobs", &[], body.as_bytes()).await;
		assert_eq!(answer.status, 201);
		ids.push(answer.json()["id"].as_str().expect("it has one").to_string());
	}
	assert_eq!(raw.send("POST", "/jobs", &[], body.as_bytes()).await.code(), "queue-full");
	// The neighbour's job is not behind them.
	let neighbour = server.client(2);
	let quick = job(&shader("data[id.x] = 1u;"), 256, [1, 1, 1]);
	let quick = neighbour.submit(&manifest(quick)).await.expect("it is valid");
	let ended = neighbour.follow(&quick.id, |_| {}).await.expect("it ends");
	assert_eq!(ended.state, State::Finished);
	assert_eq!(raw.get(&format!("/jobs/{}", quick.id)).await.status, 404);
	for id in ids.iter().rev() {
		assert_eq!(raw.send("DELETE", &format!("/jobs/{id}"), &[], b"").await.status, 202);
	}
	for id in &ids {
		let ended = server.client(1).follow(&id.parse().expect("it is one"), |_| {}).await;
		assert_eq!(ended.expect("it ends").state, State::Cancelled);
		assert_eq!(raw.get(&format!("/jobs/{id}/result")).await.status, 409);
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn round_should_pause_jobs_when_it_asks_for_the_device() {
	let (_folder, server) = started().await;
	let client = server.client(1);
	let mut job = slow(1_000_000);
	job["iterations"] = json!(1_500);
	let id = client.submit(&manifest(job)).await.expect("it is valid").id;
	while client.job(&id).await.expect("it is there").state != State::Running {
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	server.host.pause(0, true);
	let paused = loop {
		let view = client.job(&id).await.expect("it is there");
		match view.state {
			State::Paused => break view,
			State::Running => tokio::time::sleep(Duration::from_millis(10)).await,
			_ => panic!("{view:?}"),
		}
	};
	tokio::time::sleep(Duration::from_millis(300)).await;
	assert_eq!(client.job(&id).await.expect("it is there").dispatches, paused.dispatches);
	server.host.pause(0, false);
	let ended = client.follow(&id, |_| {}).await.expect("it ends");
	assert_eq!(ended.state, State::Finished);
	assert!(ended.paused_ms >= 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_should_be_deleted_when_the_lease_ends() {
	let (folder, server) = started().await;
	let client = server.client(1);
	client.upload(&mut Cursor::new(b"data"), |_, _| {}).await.expect("it fits");
	let id = client.submit(&manifest(slow(1_000_000))).await.expect("it is valid").id;
	while client.job(&id).await.expect("it is there").state != State::Running {
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	let kept = folder.path().join("leases/1");
	assert!(kept.exists());
	server.chain.0.lock().expect("no panic").insert(1, Lease::Ended);
	assert_eq!(server.raw(1).get("/lease").await.code(), "not-your-lease");
	let begun = Instant::now();
	while kept.exists() {
		assert!(begun.elapsed() < Duration::from_secs(20), "the folder remains");
		tokio::time::sleep(Duration::from_millis(100)).await;
	}
	tokio::time::sleep(Duration::from_millis(500)).await;
	assert!(!kept.exists(), "a job that was running has brought it back");
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_should_wait_when_the_chain_does_not_confirm_their_lease() {
	let (_folder, server) = started().await;
	let client = server.client(1);
	let mut job = slow(1_000_000);
	job["iterations"] = json!(1_500);
	let running = client.submit(&manifest(job)).await.expect("it is valid").id;
	while client.job(&running).await.expect("it is there").state != State::Running {
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
	// Over by the best block, and that is not final: the device is the next tenant's.
	server.chain.0.lock().expect("no panic").insert(1, Lease::Unknown);
	tokio::time::sleep(Duration::from_millis(1_500)).await;
	let info = Lease::Active(info(1));
	server.chain.0.lock().expect("no panic").insert(1, info);
	let ended = client.follow(&running, |_| {}).await.expect("it ends");
	assert_eq!((ended.state, ended.attempts), (State::Finished, 1), "{ended:?}");
	assert!(ended.paused_ms > 0, "{ended:?}");
	let log = client.logs(&running).await.expect("it has one");
	assert!(log.iter().any(|line| line.text.contains("does not confirm")), "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_be_refused_when_its_outputs_have_no_room() {
	let (_folder, server) = started().await;
	let raw = server.raw(1);
	let size = 24 << 20;
	let submit = |iterations: u32| {
		let mut job = job(&shader("data[id.x] += 1u;"), size, [1, 1, 1]);
		job["iterations"] = json!(iterations);
		let (raw, body) = (raw.clone(), job.to_string());
		async move { raw.send("POST", "/jobs", &[], body.as_bytes()).await }
	};
	server.host.pause(0, true);
	// 64 MiB are there, and two jobs bring 48 MiB.
	let mut ids = Vec::new();
	for iterations in [1, 2] {
		let answer = submit(iterations).await;
		assert_eq!(answer.status, 201, "{:?}", answer.json());
		ids.push(answer.json()["id"].as_str().expect("it has one").to_string());
	}
	let answer = submit(3).await;
	assert_eq!((answer.status.as_u16(), answer.code().as_str()), (507, "quota"));
	let used = raw.get("/lease").await.json()["storage_bytes"]["used"].as_u64();
	assert!(used > Some(48 << 20), "{used:?}");
	server.host.pause(0, false);
	for id in ids {
		let ended = server.client(1).follow(&id.parse().expect("it is one"), |_| {}).await;
		assert_eq!(ended.expect("it ends").state, State::Finished);
	}
	// What is left of ended jobs is counted, too.
	let used = raw.get("/lease").await.json()["storage_bytes"]["used"].as_u64().expect("it has");
	let blobs = 48u64 << 20;
	assert!((blobs + 4_096..blobs + (64 << 10)).contains(&used), "{used}");
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_should_be_refused_when_the_disk_is_almost_full() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let server = Server::start_limited(folder.path(), None, Limits::default(), u64::MAX).await;
	let raw = server.raw(1);
	let path = format!("/blobs/{}", Hash::of(b"x"));
	let put = [("upload-offset", "0"), ("upload-length", "1")];
	let answer = raw.send("PUT", &path, &put, b"x").await;
	assert_eq!((answer.status.as_u16(), answer.code().as_str()), (507, "disk-full"));
	let job = job(&shader("data[id.x] += 1u;"), 256, [1, 1, 1]).to_string();
	let answer = raw.send("POST", "/jobs", &[], job.as_bytes()).await;
	assert_eq!((answer.status.as_u16(), answer.code().as_str()), (507, "disk-full"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_should_be_bounded_when_it_is_not_trusted() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let limits = Limits {
		per_address: 8,
		trust_loopback: false,
		header_time: Duration::from_secs(4),
		..Limits::default()
	};
	let server = Server::start_limited(folder.path(), None, limits, 0).await;
	let mut open = Vec::new();
	for _ in 0..8 {
		open.push(TcpStream::connect(server.address).await.expect("it listens"));
	}
	// The ninth is closed at once, and the others when they have said nothing for long enough.
	let mut ninth = TcpStream::connect(server.address).await.expect("it listens");
	let begun = Instant::now();
	let read = tokio::time::timeout(Duration::from_secs(9), ninth.read(&mut [0; 16])).await;
	assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
	assert!(begun.elapsed() < Duration::from_secs(3));
	for mut stream in open {
		let read = tokio::time::timeout(Duration::from_secs(9), stream.read(&mut [0; 16])).await;
		assert!(matches!(read, Ok(Ok(_) | Err(_))), "{read:?}");
	}
	// So is one that was served before.
	let mut idle = TcpStream::connect(server.address).await.expect("it listens");
	idle.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is read");
	let mut answer = Vec::new();
	let read = tokio::time::timeout(Duration::from_secs(9), idle.read_to_end(&mut answer)).await;
	assert!(read.is_ok() && answer.starts_with(b"HTTP/1.1 200"));
	// Wrong signatures are checked a hundred times a minute, and no more.
	let good = server.raw(1);
	assert_eq!(good.get("/lease").await.status, 200);
	let wrong = Raw { genesis: [8; 32], ..good.clone() };
	for _ in 0..100 {
		assert_eq!(wrong.get("/lease").await.code(), "bad-signature");
	}
	assert_eq!(wrong.get("/lease").await.code(), "too-many-failures");
}

#[tokio::test(flavor = "multi_thread")]
async fn download_should_end_when_the_lease_or_its_key_does() {
	let (_folder, server) = started().await;
	let data = vec![7; 24 << 20];
	let hash = server.client(1).upload(&mut Cursor::new(&data), |_, _| {}).await.expect("it fits");
	let (raw, path) = (server.raw(1), format!("/blobs/{hash}"));
	let another_key = LeaseInfo { access: signer(2).public(), ..info(1) };
	for then in [Lease::Active(another_key), Lease::Unknown, Lease::Ended] {
		server.chain.0.lock().expect("no panic").insert(1, Lease::Active(info(1)));
		let mut head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n");
		for (name, value) in raw.headers("GET", &path, b"") {
			head += &format!("{name}: {value}\r\n");
		}
		let mut stream = TcpStream::connect(server.address).await.expect("it listens");
		stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("it is read");
		let mut status = [0; 12];
		stream.read_exact(&mut status).await.expect("it answers");
		assert_eq!(&status, b"HTTP/1.1 200");
		// The client does not read on, and is not what ends it.
		server.chain.0.lock().expect("no panic").insert(1, then.clone());
		tokio::time::sleep(Duration::from_secs(2)).await;
		let mut rest = Vec::new();
		let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest));
		assert!(read.await.is_ok(), "{then:?}: the download did not end");
		assert!(rest.len() < data.len(), "{then:?}: the download went on");
	}
}

/// A worker that answers everything with `head`, and then with `piece` until it is not read any more.
async fn hostile(head: &'static str, piece: &'static [u8]) -> String {
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
	let address = listener.local_addr().expect("it listens");
	tokio::spawn(async move {
		while let Ok((mut stream, _)) = listener.accept().await {
			tokio::spawn(async move {
				stream.read_exact(&mut [0; 4]).await.expect("a request comes");
				let answer = format!("HTTP/1.1 {head}\r\n\r\n");
				let mut sent = stream.write_all(answer.as_bytes()).await;
				while sent.is_ok() {
					sent = stream.write_all(piece).await;
				}
			});
		}
	});
	format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn client_should_refuse_an_answer_that_never_ends() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let client =
		|base: String| Client::new(&base, None, GENESIS, 1, signer(1)).expect("it is an address");
	let is_refused = |error| assert!(matches!(error, ClientError::Answer(_)), "{error}");
	let id = "ab".repeat(16).parse().expect("it is a name");
	let endless = client(hostile("200 OK", &[b'x'; 1 << 16]).await);
	is_refused(endless.job(&id).await.expect_err("it is too long"));
	is_refused(endless.follow(&id, |_| {}).await.expect_err("it is too long"));
	let failing = client(hostile("404 Not Found", &[b'x'; 1 << 16]).await);
	is_refused(failing.job(&id).await.expect_err("it is too long"));
	let (hash, path) = (Hash::of(b"blob"), folder.path().join("blob"));
	is_refused(endless.download(&hash, 4, &path, |_| {}).await.expect_err("it is too long"));
	assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_should_be_told_to_wait_when_one_lease_has_all_its_places() {
	let (_folder, server) = started().await;
	let raw = server.raw(1);
	let submitted = raw.send("POST", "/jobs", &[], slow(1_000_000).to_string().as_bytes()).await;
	let id = submitted.json()["id"].as_str().expect("it has one").to_string();
	let path = format!("/jobs/{id}/events");
	let mut streams = Vec::new();
	for _ in 0..64 {
		let mut head = format!("GET {path} HTTP/1.1\r\nhost: x\r\n");
		for (name, value) in raw.headers("GET", &path, b"") {
			head += &format!("{name}: {value}\r\n");
		}
		let mut stream = TcpStream::connect(server.address).await.expect("it listens");
		stream.write_all(format!("{head}\r\n").as_bytes()).await.expect("it is read");
		stream.read_exact(&mut [0; 12]).await.expect("it answers");
		streams.push(stream);
	}
	let answer = raw.get("/lease").await;
	assert_eq!((answer.status.as_u16(), answer.code().as_str()), (503, "busy"));
	assert_eq!(server.raw(2).get("/lease").await.status, 200);
	drop(streams);
	assert_eq!(raw.get("/lease").await.status, 200);
	assert_eq!(raw.send("DELETE", &format!("/jobs/{id}"), &[], b"").await.status, 202);
}

/// Forwards connections to `to`, with at most so many bytes a second towards it; each is cut after
/// `cut` bytes of an answer.
async fn proxy(to: std::net::SocketAddr, rate: usize, cut: usize) -> std::net::SocketAddr {
	let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
	let address = listener.local_addr().expect("it listens");
	tokio::spawn(async move {
		while let Ok((client, _)) = listener.accept().await {
			let worker = TcpStream::connect(to).await.expect("it listens");
			let (mut from_client, mut to_client) = client.into_split();
			let (mut from_worker, mut to_worker) = worker.into_split();
			let up = async move {
				let mut chunk = vec![0; (rate / 50).min(1 << 16)];
				while let Ok(read @ 1..) = from_client.read(&mut chunk).await {
					if to_worker.write_all(&chunk[..read]).await.is_err() {
						return;
					}
					if rate < 1 << 24 {
						tokio::time::sleep(Duration::from_secs_f64(read as f64 / rate as f64))
							.await;
					}
				}
			};
			let down = async move {
				let (mut chunk, mut all) = (vec![0; 1 << 16], 0);
				while let Ok(read @ 1..) = from_worker.read(&mut chunk).await {
					all += read;
					if all > cut || to_client.write_all(&chunk[..read]).await.is_err() {
						return;
					}
				}
			};
			tokio::spawn(async move {
				tokio::select! { () = up => (), () = down => () }
			});
		}
	});
	address
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_should_arrive_when_the_connection_is_slow() {
	let (_folder, server) = started().await;
	let slow = proxy(server.address, 400 << 10, usize::MAX).await;
	let client = server.client_of(&format!("http://{slow}"), None, 1);
	let client = client.with_answer_limit(Duration::from_secs(1));
	let data: Vec<u8> = (0..1u32 << 20).map(|number| (number % 251) as u8).collect();
	let hash = client.upload(&mut Cursor::new(&data), |_, _| {}).await.expect("it arrives");
	assert_eq!(server.raw(1).get(&format!("/blobs/{hash}")).await.body.len(), data.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn download_should_continue_when_the_connection_is_cut() {
	let (folder, server) = started().await;
	let data: Vec<u8> = (0..8u32 << 20).map(|number| (number % 251) as u8).collect();
	let hash = server.client(1).upload(&mut Cursor::new(&data), |_, _| {}).await.expect("it fits");
	let cut = proxy(server.address, usize::MAX, 3 << 20).await;
	let client = server.client_of(&format!("http://{cut}"), None, 1);
	let path = folder.path().join("copy");
	let mut seen = Vec::new();
	let (size, progress) = (data.len() as u64, |have| seen.push(have));
	client.download(&hash, size, &path, progress).await.expect("it arrives");
	assert!(seen.is_sorted() && std::fs::read(path).expect("it was written") == data);
}
