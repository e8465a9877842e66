//! A job as it is kept on disk and shown to its renter.

use crate::{manifest::Manifest, sandbox::Failure, Hash};
use serde::{Deserialize, Serialize};
use std::{
	collections::BTreeMap,
	fmt,
	fs::{self, File},
	io::{self, Write},
	path::Path,
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
	/// It waits at a dispatch boundary for a round of proof of FLOPS.
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
	/// Milliseconds for which rounds of proof of FLOPS have paused it.
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
	/// Whether the outputs are the same on every device: integers only, no order shows.
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

/// Everything about a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
	/// What the renter sees.
	pub view: View,
	/// What it is.
	pub manifest: Manifest,
	/// What it has brought.
	pub result: Option<JobResult>,
	/// What happened.
	pub log: Vec<Line>,
}

impl Record {
	/// A queued job.
	pub fn new(id: JobId, device: u16, manifest: Manifest) -> Self {
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
		let mut record = Self { view, manifest, result: None, log: Vec::new() };
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

	/// Writes it to `folder`, so that either the old or the new one is there after a crash.
	pub fn save(&self, folder: &Path) -> io::Result<()> {
		let path = folder.join(format!("{}.json", self.view.id));
		let temporary = path.with_extension("new");
		let mut file = File::create(&temporary)?;
		file.write_all(&serde_json::to_vec(self)?)?;
		file.sync_all()?;
		fs::rename(temporary, path)
	}

	/// Reads every record of `folder`; one that cannot be read is left out with a warning.
	pub fn load(folder: &Path) -> io::Result<Vec<Self>> {
		let mut records = Vec::new();
		for entry in fs::read_dir(folder)? {
			let path = entry?.path();
			if path.extension().is_none_or(|extension| extension != "json") {
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
		fs::remove_file(folder.join(format!("{}.json", self.view.id)))
	}
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
	let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
	now.as_millis().try_into().unwrap_or(u64::MAX)
}
