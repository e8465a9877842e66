//! A job as it is kept on disk and shown to its renter.

use crate::{manifest::Manifest, sandbox::Failure, Hash};
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	fmt,
	fs::{self, File},
	io::{self, Write},
	path::{Path, PathBuf},
	str::FromStr,
	time::{SystemTime, UNIX_EPOCH},
};

/// Most lines of a job's log.
const MAX_LINES: usize = 200;

/// Name of a job: 32 lower-case hexadecimal digits. It follows from the request that has submitted
/// it, so that a renter whose connection broke can ask whether the request arrived.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId([u8; 16]);

impl JobId {
	/// The job that a request with this nonce and body submits.
	pub fn of(nonce: &[u8; 16], body: &Hash) -> Self {
		let hash = Hash::of(&[nonce.as_slice(), &body.0].concat()).0;
		let mut id = [0; 16];
		id.copy_from_slice(&hash[..16]);
		Self(id)
	}
}

impl fmt::Display for JobId {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str(&hex::encode(self.0))
	}
}

impl fmt::Debug for JobId {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		fmt::Display::fmt(self, f)
	}
}

impl FromStr for JobId {
	type Err = ();

	fn from_str(text: &str) -> Result<Self, ()> {
		let mut id = [0; 16];
		if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
			return Err(());
		}
		hex::decode_to_slice(text, &mut id).map_err(drop)?;
		Ok(Self(id))
	}
}

impl Serialize for JobId {
	fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
		serializer.collect_str(self)
	}
}

impl<'de> Deserialize<'de> for JobId {
	fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
		let text = String::deserialize(deserializer)?;
		text.parse().map_err(|()| serde::de::Error::custom("a job id is 32 hexadecimal digits"))
	}
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
	/// It waits for its turn.
	Queued,
	/// Its process compiles and fills buffers.
	Starting,
	/// It runs.
	Running,
	/// It waits at a dispatch boundary: for a round of proof of FLOPS, or for the chain.
	Paused,
	/// It ended well.
	Finished,
	/// It ended otherwise.
	Failed,
	/// The renter ended it.
	Cancelled,
}

impl State {
	/// Whether nothing will change any more.
	pub fn is_final(self) -> bool {
		matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
	}
}

/// What the renter sees of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
	/// Its name.
	pub id: JobId,
	/// Where it stands.
	pub state: State,
	/// Index of the device.
	pub device: u16,
	/// When it was submitted, milliseconds since 1970.
	pub submitted_ms: u64,
	/// When its last attempt began.
	pub started_ms: Option<u64>,
	/// When it ended.
	pub ended_ms: Option<u64>,
	/// How often it was begun: more than once when the worker was interrupted.
	pub attempts: u32,
	/// Dispatches that have ended.
	pub dispatches: u64,
	/// Dispatches that there are.
	pub dispatches_total: u64,
	/// Milliseconds for which it was paused: by rounds of proof of FLOPS, and while the chain did not
	/// confirm the lease.
	pub paused_ms: u64,
	/// Why it failed.
	pub failure: Option<FailureView>,
}

/// A failure with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureView {
	/// The failure.
	#[serde(flatten)]
	pub failure: Failure,
	/// In words.
	pub message: String,
	/// What to do about it.
	pub fix: String,
}

impl From<Failure> for FailureView {
	fn from(failure: Failure) -> Self {
		Self { message: failure.to_string(), fix: failure.fix().into(), failure }
	}
}

/// What a job has brought.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobResult {
	/// A blob for each output.
	pub outputs: BTreeMap<String, Output>,
	/// Whether the outputs are the same on every device: integers only, no order shows. That holds
	/// for shaders without data races that stay inside of their buffers.
	pub reproducible: bool,
	/// SHA-256 over the outputs' hashes in the manifest's order, when it is reproducible.
	pub outputs_hash: Option<Hash>,
	/// Milliseconds from the job's turn to its first dispatch.
	pub start_ms: f64,
	/// Milliseconds of all submissions.
	pub kernel_ms: f64,
	/// Milliseconds of all pauses.
	pub paused_ms: u64,
}

/// An output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
	/// The blob.
	pub blob: Hash,
	/// Its size in bytes.
	pub size: u64,
}

/// A line of a job's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
	/// Milliseconds since 1970.
	pub ms: u64,
	/// What happened.
	pub text: String,
}

/// Everything about a job but its manifest, which has a file of its own until the job has ended:
/// memory holds only those that run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
	/// What the renter sees.
	pub view: View,
	/// Whether the renter has asked for its end.
	#[serde(default)]
	pub cancelled: bool,
	/// What it has brought.
	pub result: Option<JobResult>,
	/// What happened.
	pub log: Vec<Line>,
}

impl Record {
	/// A queued job.
	pub fn new(id: JobId, device: u16, manifest: &Manifest) -> Self {
		let view = View {
			id,
			state: State::Queued,
			device,
			submitted_ms: now_ms(),
			started_ms: None,
			ended_ms: None,
			attempts: 0,
			dispatches: 0,
			dispatches_total: manifest.dispatches(),
			paused_ms: 0,
			failure: None,
		};
		let mut record = Self { view, cancelled: false, result: None, log: Vec::new() };
		record.note("queued");
		record
	}

	/// Adds a line to the log.
	pub fn note(&mut self, text: impl Into<String>) {
		if self.log.len() < MAX_LINES {
			self.log.push(Line { ms: now_ms(), text: text.into() });
		}
	}

	/// Ends the job.
	pub fn end(&mut self, outcome: Result<JobResult, Failure>) {
		self.view.ended_ms = Some(now_ms());
		match outcome {
			Ok(result) => {
				self.view.state = State::Finished;
				self.view.paused_ms = result.paused_ms;
				self.note("finished");
				self.result = Some(result);
			}
			Err(failure) => {
				let cancelled = failure == Failure::Cancelled;
				self.view.state = if cancelled { State::Cancelled } else { State::Failed };
				self.note(failure.to_string());
				self.view.failure = Some(failure.into());
			}
		}
	}

	/// Writes it to `folder`, so that either the old or the new one is there after a crash; the bytes
	/// that it takes.
	pub fn save(&self, folder: &Path) -> io::Result<u64> {
		write(&file(folder, &self.view.id, RECORD), &serde_json::to_vec(self)?)
	}

	/// The bytes that it takes.
	pub fn size(&self) -> u64 {
		serde_json::to_vec(self).map_or(0, |bytes| bytes.len() as u64)
	}

	/// Writes a job's manifest to `folder`; the bytes that it takes.
	pub fn save_manifest(folder: &Path, id: &JobId, manifest: &Manifest) -> io::Result<u64> {
		write(&file(folder, id, MANIFEST), &serde_json::to_vec(manifest)?)
	}

	/// Reads a job's manifest, and how many bytes it takes.
	pub fn manifest(folder: &Path, id: &JobId) -> io::Result<(Manifest, u64)> {
		let bytes = fs::read(file(folder, id, MANIFEST))?;
		Ok((serde_json::from_slice(&bytes)?, bytes.len() as u64))
	}

	/// Deletes a job's manifest, if it has one.
	pub fn delete_manifest(folder: &Path, id: &JobId) -> io::Result<()> {
		match fs::remove_file(file(folder, id, MANIFEST)) {
			Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
			_ => Ok(()),
		}
	}

	/// Reads every record of `folder`; one that cannot be read is left out with a warning. What a
	/// crash has left half-done is deleted.
	pub fn load(folder: &Path) -> io::Result<Vec<Self>> {
		let mut records = Vec::new();
		for entry in fs::read_dir(folder)? {
			let path = entry?.path();
			if path.extension().is_none_or(|extension| extension != RECORD) {
				if !path.with_extension(RECORD).exists() {
					fs::remove_file(&path)?;
				}
				continue;
			}
			match serde_json::from_slice(&fs::read(&path)?) {
				Ok(record) => records.push(record),
				Err(error) => tracing::warn!(path = %path.display(), %error, "a job is unreadable"),
			}
		}
		records.sort_by_key(|record: &Self| (record.view.submitted_ms, record.view.id));
		Ok(records)
	}

	/// Deletes it.
	pub fn delete(&self, folder: &Path) -> io::Result<()> {
		fs::remove_file(file(folder, &self.view.id, RECORD))
	}
}

const RECORD: &str = "json";
const MANIFEST: &str = "manifest";

fn file(folder: &Path, id: &JobId, kind: &str) -> PathBuf {
	folder.join(id.to_string()).with_extension(kind)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<u64> {
	let temporary = path.with_extension("new");
	let mut file = File::create(&temporary)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	fs::rename(temporary, path)?;
	Ok(bytes.len() as u64)
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
	let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
	now.as_millis().try_into().unwrap_or(u64::MAX)
}
