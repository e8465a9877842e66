//! `kill -9` of the whole worker, and what a renter finds afterwards.
#![cfg(unix)]

mod common;
#[path = "common/server.rs"]
mod server;

use assay_compute::{
	auth::{Signer, Sr25519},
	client::Client,
	jobs::{JobId, State},
	Hash,
};
use common::*;
use serde_json::json;
use server::Raw;
use std::{
	io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom},
	path::Path,
	process::{Child, Command, Stdio},
	sync::Arc,
	time::Duration,
};

struct Worker {
	process: Child,
	client: Client,
}

impl Worker {
	fn start(folder: &Path) -> Self {
		Self::start_at(folder, "127.0.0.1:0")
	}

	fn start_at(folder: &Path, address: &str) -> Self {
		let signer = Sr25519::from_seed(&[1; 32]).expect("any seed is a key");
		let mut process = Command::new(env!("CARGO_BIN_EXE_assay-compute-host"))
			.arg("serve")
			.arg(folder)
			.arg(address)
			.arg(hex::encode(signer.public()))
			.stdout(Stdio::piped())
			.spawn()
			.expect("the program starts");
		let mut address = String::new();
		let output = process.stdout.take().expect("it is piped");
		BufReader::new(output).read_line(&mut address).expect("it prints its address");
		let client = Client::new(address.trim(), None, [0; 32], 1, Arc::new(signer))
			.expect("it is an address");
		Self { process, client }
	}

	/// SIGKILL, as `kill -9` sends it.
	fn kill(&mut self) {
		self.process.kill().expect("it runs");
		self.process.wait().expect("it ends");
	}
}

impl Drop for Worker {
	fn drop(&mut self) {
		let _ = self.process.kill();
		let _ = self.process.wait();
	}
}

/// A file that cannot be read beyond a place, as if the renter's machine went away there.
struct Broken(Cursor<Vec<u8>>, u64, bool);

impl Read for Broken {
	fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
		if self.2 && self.0.position() >= self.1 {
			return Err(std::io::Error::other("gone"));
		}
		self.0.read(buffer)
	}
}

impl Seek for Broken {
	fn seek(&mut self, place: SeekFrom) -> std::io::Result<u64> {
		// It breaks only after it was hashed as a whole, which seeks to no place but the start.
		self.2 |= matches!(place, SeekFrom::Start(1..));
		self.0.seek(place)
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_should_run_again_when_the_worker_was_killed() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let mut worker = Worker::start(folder.path());
	let slow = slow(1_500);
	let running = worker.client.submit(&manifest(slow.clone())).await.expect("it is valid").id;
	let quick = manifest(job(&shader("data[id.x] = 9u;"), 256, [1, 1, 1]));
	let queued = worker.client.submit(&quick).await.expect("it is valid").id;
	wait_for(&worker, &running, State::Running).await;
	worker.kill();

	let worker = Worker::start(folder.path());
	let again = worker.client.follow(&running, |_| {}).await.expect("it ends");
	assert_eq!((again.state, again.attempts), (State::Finished, 2), "{again:?}");
	let log = worker.client.logs(&running).await.expect("it has one");
	assert!(log.iter().any(|line| line.text.contains("interrupted")), "{log:?}");
	let ended = worker.client.follow(&queued, |_| {}).await.expect("it ends");
	assert_eq!((ended.state, ended.attempts), (State::Finished, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_fail_when_the_worker_was_killed_twice() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let mut worker = Worker::start(folder.path());
	let slow = slow(1_000_000);
	let id = worker.client.submit(&manifest(slow)).await.expect("it is valid").id;
	for _ in 0..2 {
		wait_for(&worker, &id, State::Running).await;
		worker.kill();
		worker = Worker::start(folder.path());
	}
	let view = worker.client.job(&id).await.expect("it is there");
	assert_eq!(view.state, State::Failed);
	let failure = view.failure.expect("it has one").failure;
	assert_eq!(failure, assay_compute::sandbox::Failure::Interrupted);
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_should_continue_when_the_worker_was_killed() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let mut worker = Worker::start(folder.path());
	let data: Vec<u8> = (0..12_000_000u32).map(|number| (number % 251) as u8).collect();
	let mut broken = Broken(Cursor::new(data.clone()), 8 << 20, false);
	worker.client.upload(&mut broken, |_, _| {}).await.expect_err("the file ends early");
	worker.kill();
	let worker = Worker::start(folder.path());
	let mut first = None;
	let progress = |done, _| {
		first.get_or_insert(done);
	};
	let hash = worker.client.upload(&mut Cursor::new(&data), progress).await.expect("it fits");
	assert_eq!(hash, Hash::of(&data));
	assert!(first >= Some(4 << 20), "it began again at {first:?}");
}

/// What is on disk of a job.
fn record(folder: &Path, id: &JobId) -> serde_json::Value {
	let path = folder.join("leases/1/jobs").join(format!("{id}.json"));
	serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("it is a record")
}

async fn wait_for(worker: &Worker, id: &JobId, state: State) {
	loop {
		let view = worker.client.job(id).await.expect("it is there");
		if view.state == state {
			return;
		}
		assert!(!view.state.is_final(), "{view:?}");
		tokio::time::sleep(Duration::from_millis(5)).await;
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_go_on_when_its_renter_says_nothing_and_the_chain_is_late() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let mut worker = Worker::start(folder.path());
	let mut slow = slow(1_000);
	slow["buffers"][0]["size"] = json!(1 << 20);
	let id = worker.client.submit(&manifest(slow)).await.expect("it is valid").id;
	wait_for(&worker, &id, State::Running).await;
	worker.kill();
	let unknown = folder.path().join("unknown");
	std::fs::write(&unknown, "").expect("the folder is writable");
	let _worker = Worker::start(folder.path());
	tokio::time::sleep(Duration::from_secs(2)).await;
	let waiting = record(folder.path(), &id);
	assert_eq!(
		(&waiting["view"]["state"], &waiting["view"]["attempts"]),
		(&json!("queued"), &json!(1))
	);
	std::fs::remove_file(unknown).expect("it is there");
	let begun = std::time::Instant::now();
	loop {
		let record = record(folder.path(), &id);
		match record["view"]["state"].as_str() {
			Some("finished") => break,
			Some("queued" | "starting" | "running") => {}
			_ => panic!("{record}"),
		}
		assert!(begun.elapsed() < Duration::from_secs(60), "{record}");
		tokio::time::sleep(Duration::from_millis(50)).await;
	}
	// Its manifest is needed no more.
	let left = std::fs::read_dir(folder.path().join("leases/1/jobs")).expect("it is a folder");
	assert_eq!(left.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn job_should_run_again_when_the_worker_was_killed_in_any_state() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let slow = slow(1_000);
	let large = with_large_output(job(&shader("data[id.x] = 7u;"), 256, [1, 1, 1]), 400 << 20);
	let unknown = folder.path().join("unknown");
	// While it starts, while it is paused, and while it writes its outputs.
	for (state, template) in [("starting", &slow), ("paused", &slow), ("outputs", &large)] {
		let mut worker = Worker::start(folder.path());
		let id = worker.client.submit(&manifest(template.clone())).await.expect("it is valid").id;
		match state {
			"starting" => while record(folder.path(), &id)["view"]["state"] == "queued" {},
			"paused" => {
				wait_for(&worker, &id, State::Running).await;
				std::fs::write(&unknown, "").expect("the folder is writable");
				tokio::time::sleep(Duration::from_millis(1_500)).await;
			}
			_ => {
				let mut view = worker.client.job(&id).await.expect("it is there");
				while view.dispatches == 0 {
					assert!(!view.state.is_final(), "{view:?}");
					view = worker.client.job(&id).await.expect("it is there");
				}
			}
		}
		worker.kill();
		let _ = std::fs::remove_file(&unknown);
		let worker = Worker::start(folder.path());
		let ended = worker.client.follow(&id, |_| {}).await.expect("it ends");
		assert_eq!((ended.state, ended.attempts), (State::Finished, 2), "{state}: {ended:?}");
		let work = std::fs::read_dir(folder.path().join("work/0")).expect("it is a folder");
		assert!(work.count() <= 2, "{state}: a folder was left behind");
	}
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_job_should_stay_so_when_the_worker_was_killed() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let mut worker = Worker::start(folder.path());
	let slow = slow(1_000_000);
	let id = worker.client.submit(&manifest(slow)).await.expect("it is valid").id;
	wait_for(&worker, &id, State::Running).await;
	worker.client.cancel(&id).await.expect("it is there");
	worker.kill();
	let worker = Worker::start(folder.path());
	assert_eq!(worker.client.job(&id).await.expect("it is there").state, State::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn renter_should_wait_when_the_worker_is_away_for_a_while() {
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let mut worker = Worker::start(folder.path());
	let quick = manifest(job(&shader("data[id.x] = 9u;"), 256, [1, 1, 1]));
	let id = worker.client.submit(&quick).await.expect("it is valid").id;
	worker.client.follow(&id, |_| {}).await.expect("it ends");
	let address = worker.client.address().trim_start_matches("http://").to_string();
	worker.kill();
	let path = folder.path().to_owned();
	let again = tokio::task::spawn_blocking(move || {
		std::thread::sleep(Duration::from_secs(15));
		Worker::start_at(&path, &address)
	});
	assert_eq!(worker.client.job(&id).await.expect("it comes back").state, State::Finished);
	drop(again.await);
}

/// Memory of a process in MiB.
fn memory(process: u32) -> u64 {
	let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it runs");
	let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has some");
	line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number") >> 10
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn memory_should_be_bounded_when_a_renter_uploads_and_submits_without_end() {
	use tokio::io::AsyncWriteExt;
	let folder = tempfile::tempdir().expect("there is a temporary folder");
	let worker = Worker::start(folder.path());
	worker.client.lease().await.expect("it is served");
	let before = memory(worker.process.id());
	// 60 chunks of 4 MiB that lack their last byte.
	let address = worker.client.address().trim_start_matches("http://").to_string();
	let chunk = Arc::new(vec![7u8; (4 << 20) - 1]);
	let mut streams = Vec::new();
	for number in 0..60u8 {
		let hash = Hash::of(&[number]);
		let path = format!("/blobs/{hash}");
		let raw = Raw { genesis: [0; 32], ..Raw::new(worker.client.address(), 1) };
		let mut head = format!("PUT {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 4194304\r\n");
		head += "upload-offset: 0\r\nupload-length: 4194304\r\n";
		for (name, value) in raw.headers("PUT", &path, b"") {
			head += &format!("{name}: {value}\r\n");
		}
		let (address, chunk) = (address.clone(), chunk.clone());
		streams.push(tokio::spawn(async move {
			let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
			let _ = stream.write_all(format!("{head}\r\n").as_bytes()).await;
			let _ = stream.write_all(&chunk).await;
			std::future::pending::<()>().await;
		}));
	}
	tokio::time::sleep(Duration::from_secs(3)).await;
	let uploading = memory(worker.process.id());
	streams.iter().for_each(|stream| stream.abort());
	assert!(uploading < before + 160, "{before} MiB became {uploading} MiB");
	// Manifests of almost 1 MiB that no buffer can hold for long: 40 jobs, one after another.
	let mut large = job(&shader("data[id.x] += 1u;"), 1 << 20, [1, 1, 1]);
	large["buffers"][0]["init"] = json!({ "u32": vec![1u8; 260_000] });
	let large = manifest(large);
	let mut last = None;
	for _ in 0..40 {
		last = Some(worker.client.submit(&large).await.expect("it is valid").id);
	}
	worker.client.follow(&last.expect("there is one"), |_| {}).await.expect("it ends");
	let after = memory(worker.process.id());
	assert!(after < before + 160, "{before} MiB became {after} MiB");
}
