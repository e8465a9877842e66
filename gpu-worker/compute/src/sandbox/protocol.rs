//! What parent and child say to each other: a length (u32, little-endian) and as many bytes of JSON.

use super::Failure;
use crate::{manifest::Manifest, AdapterId};
use serde::{de::DeserializeOwned, Deserialize, Serialize};
use std::{
	io::{self, Read, Write},
	path::PathBuf,
};

/// Longest message of the parent in bytes: above the largest manifest that the API takes.
pub(super) const MAX_ORDER: u32 = 4 << 20;
/// Longest message of the child, which holds no more than a failure in words.
pub(super) const MAX_EVENT: u32 = 256 << 10;

/// First message of the parent: what the child is to become before it sees any job.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
	/// What to open.
	pub(super) adapter: AdapterId,
	/// The child's folder: `in` is read, `out` is written.
	pub(super) folder: PathBuf,
	/// Process id of the parent.
	pub(super) parent: u32,
	/// What the child may use.
	pub(super) caps: Caps,
}

/// Bounds that the operating system holds, fixed before a job is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caps {
	/// Memory of jobs in bytes: the sum of a job's buffers is below it.
	pub memory_bytes: u64,
	/// Longest job in seconds.
	pub seconds: u32,
	/// Milliseconds that a submission may take.
	pub dispatch_ms: u64,
	/// Milliseconds that reading and compiling the shader may take.
	pub compile_ms: u64,
}

/// What the parent says then.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
	/// Run this; once.
	Run(Box<Manifest>),
	/// Stop at the next dispatch boundary and say `Paused`.
	Pause,
	/// Go on.
	Resume,
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Event {
	/// The device is open and the restrictions are in force.
	Ready(Confinement),
	/// The shader is compiled, the buffers are filled, the first dispatch comes next.
	Started,
	/// So many dispatches have ended.
	Progress(u64),
	/// No dispatch is running, and none starts until the parent says so.
	Paused,
	/// Everything is written to `out`.
	Done(ChildReport),
	/// The job has failed.
	Failed(Failure),
}

/// What the child measured. It is the tenant's word, and good only for showing it to the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ChildReport {
	/// Dispatches that have run.
	pub(super) dispatches: u64,
	/// Milliseconds from the first submission to the end of the last, without pauses.
	pub(super) kernel_ms: f64,
	/// Whether the shader gives the same outputs everywhere.
	pub(super) reproducible: bool,
}

/// Which restrictions are in force in a child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
	/// No new privileges, no capabilities, resource limits.
	pub limits: bool,
	/// System calls are filtered.
	pub seccomp: bool,
	/// Files are out of reach; `full`, `partial` (an older kernel) or `none`.
	pub landlock: String,
}

/// Writes a message.
pub(super) fn send(writer: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
	let body = serde_json::to_vec(message)?;
	let length = u32::try_from(body.len()).ok().filter(|length| *length <= MAX_ORDER);
	let length = length.ok_or_else(|| io::Error::other("the message is too long"))?;
	let mut bytes = length.to_le_bytes().to_vec();
	bytes.extend(body);
	writer.write_all(&bytes)?;
	writer.flush()
}

/// Reads a message of at most `most` bytes.
pub(super) fn receive<T: DeserializeOwned>(reader: &mut impl Read, most: u32) -> io::Result<T> {
	let mut length = [0; 4];
	reader.read_exact(&mut length)?;
	let length = u32::from_le_bytes(length);
	if length > most {
		return Err(io::Error::other("the message is too long"));
	}
	let mut body = Vec::new();
	reader.take(length.into()).read_to_end(&mut body)?;
	Ok(serde_json::from_slice(&body)?)
}
