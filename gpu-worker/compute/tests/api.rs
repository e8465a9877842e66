//! The HTTP API from outside: what is served, to whom, and how it bears hostile clients.

mod common;
#[path = "common/server.rs"]
mod server;

use assay_compute::{
	auth::{Ed25519, Signer},
	jobs::{now_ms, State},
	lease::Lease,
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

fn long_job() -> serde_json::Value {
	let body = "for (var i = 0u; i < 20000u; i++) { data[id.x] = data[id.x] * 3u + i; }";
	let mut job = job(&shader(body), 256, [1, 1, 1]);
	job["iterations"] = json!(1_000_000);
	job
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
	std::fs::write(folder.path().join("download.part"), &expected[..1_000_001]).expect("writable");
	let mut first = None;
	let progress = |have| {
		first.get_or_insert(have);
	};
	client.download(&output.blob, &path, progress).await.expect("it is there");
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
	let body = long_job().to_string();
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
	let mut job = long_job();
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
	let id = client.submit(&manifest(long_job())).await.expect("it is valid").id;
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
