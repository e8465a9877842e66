//! How a job ends when it does not end well.

use crate::{shader::ShaderError, Hash};
use serde::{Deserialize, Serialize};

/// Why a job has failed.
///
/// In JSON the texts are `cause`: beside them stands `message`, the failure in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Failure {
	/// The shader was refused.
	#[error("{message}")]
	Shader {
		/// What is wrong with it.
		#[serde(rename = "cause")]
		message: String,
	},
	/// A blob is not there.
	#[error("the blob {hash} is not there")]
	MissingBlob {
		/// Its name.
		hash: Hash,
	},
	/// A blob does not fit its buffer.
	#[error("the blob for {buffer} has {given} bytes and the buffer {size}")]
	BlobTooLong {
		/// The buffer.
		buffer: String,
		/// Its size in bytes.
		size: u64,
		/// Size of the blob.
		given: u64,
	},
	/// Compiling the shader and filling the buffers took too long.
	#[error("the job was not ready for its first dispatch within {seconds} s")]
	PreparationTooLong {
		/// The limit in seconds.
		seconds: u64,
	},
	/// Compiling took too long.
	#[error("compiling the shader took longer than {limit_ms} ms")]
	CompileTooLong {
		/// The limit in milliseconds.
		limit_ms: u64,
	},
	/// A dispatch took too long.
	#[error("dispatch {dispatch} took longer than {limit_ms} ms")]
	DispatchTooLong {
		/// Its number, from 0 over all iterations.
		dispatch: u64,
		/// The limit in milliseconds.
		limit_ms: u64,
	},
	/// The job took too long.
	#[error("the job took longer than {seconds} s")]
	TimeLimit {
		/// The limit in seconds.
		seconds: u32,
	},
	/// Memory of the job or of the device was not enough.
	#[error("there was not enough memory")]
	OutOfMemory,
	/// The device refused a call or was lost.
	#[error("the device failed: {message}")]
	Device {
		/// What it said.
		#[serde(rename = "cause")]
		message: String,
	},
	/// The process of the job ended in the middle.
	#[error("the job crashed: {message}")]
	Crashed {
		/// How it ended.
		#[serde(rename = "cause")]
		message: String,
	},
	/// The outputs do not fit into the lease's storage.
	#[error("the outputs need {needed} bytes of storage, and {free} are free")]
	StorageFull {
		/// Size of the outputs.
		needed: u64,
		/// What is free.
		free: u64,
	},
	/// The worker's disk is almost full.
	#[error("the outputs need {needed} bytes, and the worker's disk has {free} to give")]
	DiskFull {
		/// Size of the outputs.
		needed: u64,
		/// What the disk has above what is kept free.
		free: u64,
	},
	/// The renter cancelled it.
	#[error("the job was cancelled")]
	Cancelled,
	/// The worker stopped twice while the job was running.
	#[error("the worker was interrupted twice while the job was running")]
	Interrupted,
	/// The worker could not run it.
	#[error("the worker could not run the job: {message}")]
	Worker {
		/// Why not.
		#[serde(rename = "cause")]
		message: String,
	},
}

impl Failure {
	/// The same with texts of bounded length: those of a child may be of any.
	pub(super) fn shortened(mut self) -> Self {
		/// Characters of a text: as many as of naga's longest.
		const MOST: usize = 4_096;
		if let Self::Shader { message: text }
		| Self::BlobTooLong { buffer: text, .. }
		| Self::Device { message: text }
		| Self::Crashed { message: text }
		| Self::Worker { message: text } = &mut self
		{
			if let Some((end, _)) = text.char_indices().nth(MOST) {
				text.truncate(end);
			}
		}
		self
	}

	/// What to do about it.
	pub fn fix(&self) -> &'static str {
		match self {
			Self::Shader { .. } => "correct the shader",
			Self::MissingBlob { .. } => "upload the blob, then submit the job again",
			Self::BlobTooLong { .. } => "make the buffer as large as the blob",
			Self::PreparationTooLong { .. } => {
				"submit the job again later, or fill fewer buffers from blobs: the worker's disk or \
				 device is slow"
			}
			Self::CompileTooLong { .. } => "make the shader smaller, and private arrays shorter",
			Self::DispatchTooLong { .. } => "do less in a dispatch: more iterations or passes",
			Self::TimeLimit { .. } => "raise `limits.seconds`, or split the job",
			Self::OutOfMemory => "use smaller buffers, or a simpler shader",
			Self::Device { .. } => "correct what the message names; else submit the job again",
			Self::Crashed { .. } => "simplify the shader: the driver could not handle it",
			Self::StorageFull { .. } => "delete blobs that you no longer need",
			Self::DiskFull { .. } => "submit the job again later, and tell the provider",
			Self::Cancelled | Self::Interrupted => "submit the job again",
			Self::Worker { .. } => "submit the job again; tell the provider if it happens again",
		}
	}
}

impl From<ShaderError> for Failure {
	fn from(error: ShaderError) -> Self {
		Self::Shader { message: error.to_string() }
	}
}

impl From<crate::device::Trouble> for Failure {
	fn from(trouble: crate::device::Trouble) -> Self {
		match trouble {
			crate::device::Trouble::OutOfMemory => Self::OutOfMemory,
			// A lost device is how a driver says on its own that a dispatch did not end.
			other => Self::Device { message: other.to_string().chars().take(4_000).collect() },
		}
	}
}
