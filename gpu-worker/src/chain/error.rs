//! What can go wrong between the worker and the chain.

use crate::error::Exit;
use assay_flops::Hash;
use std::ops::RangeInclusive;

/// What can go wrong between the worker and the chain.
#[derive(Debug, thiserror::Error)]
pub enum Error {
	/// No connection can be made.
	#[error("no node answers at {url}: {cause}")]
	Unreachable {
		/// The configured address.
		url: String,
		/// What went wrong.
		cause: String,
	},
	/// The node did not answer in time.
	#[error("the node did not answer within {seconds} s ({doing})")]
	Deadline {
		/// What was asked for.
		doing: &'static str,
		/// The deadline.
		seconds: u64,
	},
	/// The connection was lost, or the node could not answer.
	#[error("the node failed ({doing}): {cause}")]
	Failed {
		/// What was asked for.
		doing: &'static str,
		/// What went wrong.
		cause: String,
	},
	/// The node does not answer such a request to this connection.
	#[error("the node at {url} does not answer {method} from here")]
	Denied {
		/// Address of the node.
		url: String,
		/// The request.
		method: &'static str,
	},
	/// The chain has another genesis block than expected.
	#[error(
		"the node's chain has genesis 0x{}, expected 0x{}",
		hex::encode(found),
		hex::encode(expected)
	)]
	WrongGenesis {
		/// The expected hash.
		expected: Hash,
		/// The node's.
		found: Hash,
	},
	/// The runtime is not one that this worker was made for.
	#[error("runtime spec {name}-{version} is not supported by this worker: upgrade the worker")]
	UnsupportedRuntime {
		/// Name of the runtime.
		name: String,
		/// Version of the runtime.
		version: u32,
		/// Versions that this worker supports.
		supported: RangeInclusive<u32>,
	},
	/// The runtime's calls or answers have another shape than those this worker was made for.
	#[error("the runtime does not understand this worker ({0}): upgrade the worker")]
	Incompatible(String),
	/// A block that was final is so no more.
	#[error(
		"block {number} was final with hash 0x{}, and is 0x{} now",
		hex::encode(seen),
		hex::encode(now)
	)]
	FinalityWentBack {
		/// Number of the block.
		number: u32,
		/// The hash seen final.
		seen: Hash,
		/// The hash that the node gives now.
		now: Hash,
	},
	/// The transaction pool does not take a transaction.
	#[error("the node does not take the transaction: {0}")]
	NotTaken(String),
	/// A transaction was executed and failed.
	#[error("{call} was refused: {reason}")]
	Refused {
		/// Pallet and call.
		call: &'static str,
		/// The documented reason.
		reason: String,
	},
	/// A transaction was not sent, since it would fail.
	#[error("{call} would be refused: {reason}")]
	WouldBeRefused {
		/// Pallet and call.
		call: &'static str,
		/// Why, and what to do.
		reason: String,
	},
	/// A transaction was not included in time.
	#[error("{call} was not included within {seconds} s")]
	NotIncluded {
		/// Pallet and call.
		call: &'static str,
		/// The deadline.
		seconds: u64,
	},
	/// The chain knows no such thing.
	#[error("there is no {0} on the chain")]
	NotFound(String),
}

impl Error {
	/// A stable code for scripts.
	pub fn code(&self) -> &'static str {
		match self {
			Self::Unreachable { .. } => "rpc-unreachable",
			Self::Deadline { .. } => "rpc-deadline",
			Self::Failed { .. } => "rpc-failed",
			Self::Denied { .. } => "rpc-denied",
			Self::WrongGenesis { .. } => "wrong-genesis",
			Self::UnsupportedRuntime { .. } | Self::Incompatible(_) => "unsupported-runtime",
			Self::FinalityWentBack { .. } => "finality-went-back",
			Self::NotTaken(_) => "transaction-not-taken",
			Self::Refused { .. } | Self::WouldBeRefused { .. } => "transaction-refused",
			Self::NotIncluded { .. } => "transaction-not-included",
			Self::NotFound(_) => "not-found",
		}
	}

	/// What to do about it.
	pub fn fix(&self) -> String {
		match self {
			Self::Unreachable { .. } => {
				"start the node, or name the right address with --rpc ws://HOST:PORT".into()
			},
			Self::Deadline { .. } => {
				"check the node's load and the network, or raise --rpc-deadline-seconds".into()
			},
			Self::Failed { .. } => "look into the node's log; it may be restarting".into(),
			Self::Denied { .. } => "run this on the machine of the node, name the node's own address \
			                        with --node ws://127.0.0.1:PORT, and start the node without \
			                        --rpc-external and --rpc-methods safe"
				.into(),
			Self::WrongGenesis { .. } => {
				"connect to a node of the right chain with --rpc, or give --genesis and \
				 --base-path for this one"
					.into()
			},
			Self::UnsupportedRuntime { supported, .. } => format!(
				"upgrade the worker; this one supports spec versions {} to {}",
				supported.start(),
				supported.end()
			),
			Self::Incompatible(_) => "upgrade the worker".into(),
			Self::FinalityWentBack { .. } => {
				"do not trust this node: compare it with others; if the chain was reset on purpose, \
				 give the worker a new --base-path"
					.into()
			},
			Self::NotTaken(_) => {
				"check that the signing account has funds for the fee (`assay doctor` shows it)"
					.into()
			},
			Self::Refused { reason, .. } | Self::WouldBeRefused { reason, .. } => reason.clone(),
			Self::NotIncluded { .. } => {
				"check that blocks are produced and the account can pay, then try again".into()
			},
			Self::NotFound(_) => "check the account or id".into(),
		}
	}

	/// The exit code that belongs to it.
	pub fn exit(&self) -> Exit {
		match self {
			Self::Unreachable { .. }
			| Self::Deadline { .. }
			| Self::Failed { .. }
			| Self::Denied { .. } => Exit::Unreachable,
			Self::WrongGenesis { .. }
			| Self::UnsupportedRuntime { .. }
			| Self::Incompatible(_)
			| Self::FinalityWentBack { .. } => Exit::WrongChain,
			Self::NotTaken(_)
			| Self::Refused { .. }
			| Self::WouldBeRefused { .. }
			| Self::NotIncluded { .. }
			| Self::NotFound(_) => Exit::Refused,
		}
	}

	/// Whether trying again, on a new connection if need be, may help.
	pub fn is_temporary(&self) -> bool {
		matches!(self, Self::Unreachable { .. } | Self::Deadline { .. } | Self::Failed { .. })
	}
}
