//! `kill -9` of the whole worker, and what a renter finds afterwards.
#![cfg(unix)]

mod common;

use assay_compute::{
	auth::{Signer, Sr25519},
	client::Client,
	jobs::State,
	Hash,
};
use common::*;
use serde_json::json;
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
		let signer = Sr25519::from_seed(&[1; 32]).expect("any seed is a key");
		let mut process = Command::new(env!("CARGO_BIN_EXE_assay-compute-host"))
			.arg("serve")
			.arg(folder)
			.arg("127.0.0.1:0")
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
	let body = "for (var i = 0u; i < 20000u; i++) { data[id.x] = data[id.x] * 3u + i; }";
	let mut slow = job(&shader(body), 256, [1, 1, 1]);
	slow["iterations"] = json!(4_000);
	let running = worker.client.submit(&manifest(slow.clone())).await.expect("it is valid").id;
	let quick = manifest(job(&shader("data[id.x] = 9u;"), 256, [1, 1, 1]));
	let queued = worker.client.submit(&quick).await.expect("it is valid").id;
	while worker.client.job(&running).await.expect("it is there").state != State::Running {
		tokio::time::sleep(Duration::from_millis(10)).await;
	}
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
	let body = "for (var i = 0u; i < 20000u; i++) { data[id.x] = data[id.x] * 3u + i; }";
	let mut slow = job(&shader(body), 256, [1, 1, 1]);
	slow["iterations"] = json!(1_000_000);
	let id = worker.client.submit(&manifest(slow)).await.expect("it is valid").id;
	for _ in 0..2 {
		while worker.client.job(&id).await.expect("it is there").state != State::Running {
			tokio::time::sleep(Duration::from_millis(10)).await;
		}
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
