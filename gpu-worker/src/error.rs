//! The one error that reaches a person: a code, a cause and a fix.

use crate::{chain, config, gpu, keys, store};

/// How the process ends. Documented in the crate's README and in `assay --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
	/// Everything went well; also a graceful stop by a signal.
	Success = 0,
	/// An unexpected failure inside the worker.
	Internal = 1,
	/// The command line could not be understood, or a price was not confirmed.
	Usage = 2,
	/// The configuration or a key file is wrong.
	Configuration = 3,
	/// The chain cannot be reached, or it does not answer in time.
	Unreachable = 4,
	/// The chain is not the expected one, its runtime is unknown, or its finality went back.
	WrongChain = 5,
	/// There is no usable device, or it failed for good.
	Device = 6,
	/// The chain refused a transaction.
	Refused = 7,
	/// The store is in use, damaged, or cannot be written.
	Store = 8,
	/// `doctor` found at least one failure.
	Unhealthy = 9,
	/// The worker of a lease cannot be reached, or it refuses.
	Worker = 10,
	/// A job failed, or was cancelled.
	Job = 11,
	/// A command was interrupted before it had done what it was asked to, as shells have it.
	Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
	fn from(exit: Exit) -> Self {
		Self::from(exit as u8)
	}
}

/// What can go wrong, as the person at the terminal sees it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// The configuration is wrong.
	#[error(transparent)]
	Config(#[from] config::Error),
	/// A key file is missing, too open, or unreadable.
	#[error(transparent)]
	Keys(#[from] keys::Error),
	/// The chain could not be reached, or it said no.
	#[error(transparent)]
	Chain(#[from] chain::Error),
	/// The store could not be opened, read or written.
	#[error(transparent)]
	Store(#[from] store::Error),
	/// A device failed.
	#[error(transparent)]
	Gpu(#[from] gpu::GpuError),
	/// The worker's key belongs to no registered worker.
	#[error("the key {0} belongs to no registered worker")]
	NotRegistered(String),
	/// The worker has no device with this index on chain.
	#[error("worker {worker} has no device {device} on chain")]
	NoSuchDevice {
		/// Worker that the key belongs to.
		worker: u64,
		/// Index of the missing device.
		device: u16,
	},
	/// A price was shown, and nobody agreed to it.
	#[error("nothing was rented: the price was not confirmed")]
	Unconfirmed,
	/// The metrics port cannot be used.
	#[error("metrics cannot be served at {address}: {cause}")]
	Metrics {
		/// The configured address.
		address: std::net::SocketAddr,
		/// What the operating system said.
		cause: String,
	},
	/// The address of the API cannot be used.
	#[error("leases cannot be served at {address}: {cause}")]
	Api {
		/// The configured address.
		address: std::net::SocketAddr,
		/// What the operating system said.
		cause: String,
	},
	/// A device thread did not do what it was asked to in time.
	#[error("device {device} did not answer within {seconds} s")]
	DeviceStuck {
		/// Index of the device.
		device: u16,
		/// The deadline that passed.
		seconds: u64,
	},
	/// A lease that cannot be used.
	#[error("{cause}")]
	Lease {
		/// Why not.
		cause: String,
		/// What to do about it.
		fix: String,
	},
	/// A file that a command was given, or should write.
	#[error("{path}: {cause}")]
	File {
		/// The file.
		path: std::path::PathBuf,
		/// What is wrong.
		cause: String,
	},
	/// The worker of a lease could not be reached, or it refused.
	#[error(transparent)]
	Worker(#[from] assay_compute::client::ClientError),
	/// A job has failed.
	#[error("the job failed: {}", .0.message)]
	Job(assay_compute::jobs::FailureView),
	/// Somebody has interrupted a job's command.
	#[error("interrupted before the results were there")]
	Interrupted {
		/// How to go on.
		fix: String,
	},
	/// A failure of the operating system.
	#[error("{doing}: {cause}")]
	System {
		/// What was being done.
		doing: &'static str,
		/// What the operating system said.
		cause: std::io::Error,
	},
}

impl Error {
	/// A stable code for scripts.
	pub fn code(&self) -> &'static str {
		match self {
			Self::Config(_) => "config",
			Self::Keys(error) => error.code(),
			Self::Chain(error) => error.code(),
			Self::Store(error) => error.code(),
			Self::Gpu(_) => "device",
			Self::NotRegistered(_) => "not-registered",
			Self::NoSuchDevice { .. } => "no-such-device",
			Self::Unconfirmed => "unconfirmed",
			Self::Metrics { .. } => "metrics-port",
			Self::Api { .. } => "api-port",
			Self::Lease { .. } => "lease",
			Self::File { .. } => "file",
			Self::Job(_) => "job",
			Self::Interrupted { .. } => "interrupted",
			Self::Worker(_) => "worker-api",
			Self::DeviceStuck { .. } => "device-stuck",
			Self::System { .. } => "system",
		}
	}

	/// What the person can do about it, in one sentence.
	pub fn fix(&self) -> String {
		match self {
			Self::Config(error) => error.fix(),
			Self::Keys(error) => error.fix(),
			Self::Chain(error) => error.fix(),
			Self::Store(error) => error.fix(),
			Self::Gpu(error) => error.fix().to_string(),
			Self::NotRegistered(key) => format!(
				"register an operator and add this key: `assay operator register`, then \
				 `assay operator add-worker {key}`"
			),
			Self::NoSuchDevice { worker, .. } => {
				format!("add it: `assay operator add-device {worker} \"description\"`")
			},
			Self::Unconfirmed => {
				"look at the price with --dry-run, and rent with --yes or answer the question with y"
					.into()
			},
			Self::Metrics { .. } => {
				"choose another address with --metrics, or turn metrics off with --metrics off"
					.into()
			},
			Self::Api { .. } => "choose another address with --api-listen".into(),
			Self::Lease { fix, .. } | Self::Interrupted { fix } => fix.clone(),
			Self::File { .. } => "check the path, its permissions and what is in it".into(),
			Self::Job(failure) => failure.fix.clone(),
			Self::Worker(error) => error.fix().into(),
			Self::DeviceStuck { .. } => {
				"restart the worker; if it happens again, look into the system log for the driver's \
				 messages"
					.into()
			},
			Self::System { .. } => {
				"look at the message of the operating system; free memory or disk space may help"
					.into()
			},
		}
	}

	/// The exit code that belongs to it.
	pub fn exit(&self) -> Exit {
		match self {
			Self::Config(_) | Self::Keys(_) | Self::Metrics { .. } | Self::Api { .. } => {
				Exit::Configuration
			}
			Self::Lease { .. } => Exit::Refused,
			Self::File { .. } => Exit::Usage,
			Self::Worker(_) => Exit::Worker,
			Self::Job(_) => Exit::Job,
			Self::Interrupted { .. } => Exit::Interrupted,
			Self::Chain(error) => error.exit(),
			Self::Store(_) => Exit::Store,
			Self::Gpu(_) | Self::DeviceStuck { .. } => Exit::Device,
			Self::NotRegistered(_) | Self::NoSuchDevice { .. } => Exit::Refused,
			Self::Unconfirmed => Exit::Usage,
			Self::System { .. } => Exit::Internal,
		}
	}

	/// The error as JSON: `{"error": {"code", "cause", "fix"}}`.
	pub fn json(&self) -> serde_json::Value {
		serde_json::json!({
			"error": { "code": self.code(), "cause": self.to_string(), "fix": self.fix() }
		})
	}
}
