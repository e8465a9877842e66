//! What can go wrong before the node runs, each as one sentence that says what to do.

use std::{net::SocketAddr, path::PathBuf};

/// A refusal of this node, in words for the person who started it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
	/// No chain was named on the command line.
	#[error(
		"No chain was named: give --dev for a chain of your own, or --chain with one of \
		 development, local_testnet, live or the path of a chain specification."
	)]
	NoChain,
	/// The binary holds no runtime, so that no preset can be built.
	#[error(
		"This binary was built without the Wasm runtime: build it again with SKIP_WASM_BUILD \
		 unset, or give --chain with the path of a chain specification."
	)]
	NoWasm,
	/// A genesis patch cannot be used.
	#[error("The genesis patch {path} cannot be used: {reason}.", path = .path.display())]
	Patch {
		/// The file given as `--patch`.
		path: PathBuf,
		/// What is wrong with it.
		reason: String,
	},
	/// A patch was given for something that is not a preset.
	#[error(
		"A genesis patch applies to the presets development, local_testnet and live only: name \
		 one of them as --chain, or edit the file {0} itself."
	)]
	PatchOfFile(String),
	/// The genesis state cannot be computed.
	#[error("The genesis of this chain cannot be built: {0}")]
	Genesis(String),
	/// A live chain holds a key whose secret everybody knows (M17).
	#[error(
		"This live chain trusts the development key {owner}, whose secret is public, in the genesis \
		 storage entry 0x{entry}: replace it in the chain specification."
	)]
	WellKnownKey {
		/// Which key: secret URI and scheme.
		owner: String,
		/// The storage key of the entry, in hexadecimal.
		entry: String,
	},
	/// A live chain has a sudo key (M16).
	#[error(
		"This live chain has a sudo key: take `sudo` out of the genesis of its chain \
		 specification, because root on a live chain is a referendum."
	)]
	Sudo,
	/// A development identity was asked for on a live chain (M17).
	#[error(
		"This is a live chain, and {0} is a development key whose secret is public: leave out \
		 --dev, --alice and the like, and insert keys of your own with `key insert`."
	)]
	DevelopmentIdentity(String),
	/// Unsafe RPC would be served to the whole network on a live chain (N7).
	#[error(
		"Unsafe RPC methods must not be reachable from outside on a live chain ({0}): leave out \
		 --rpc-methods=unsafe, or listen on a loopback address and use an SSH tunnel."
	)]
	ExposedUnsafeRpc(SocketAddr),
	/// The genesis names nobody who could make a block.
	#[error(
		"The genesis of this chain names no block authors: export a specification with \
		 `export-chain-spec --chain live --patch <file>` and start with --chain <specification>."
	)]
	NoAuthors,
	/// The block time was set on a chain that is not for development.
	#[error(
		"--block-time-ms is for development chains only, and `{0}` is not one: leave it out, or \
		 start a chain of your own with --dev."
	)]
	BlockTimeOutsideDevelopment(String),
	/// The block time was set on a node that makes no blocks.
	#[error(
		"--block-time-ms needs a node that makes blocks: add --dev or --alice, or leave it out."
	)]
	BlockTimeWithoutAuthoring,
	/// The network backend is not the one this node is built for.
	#[error("This node speaks through litep2p only: leave out --network-backend.")]
	NetworkBackend,
	/// Another program listens on a port that this node needs.
	#[error(
		"Port {port} ({purpose}) is in use by another program: stop that, or choose another port \
		 with {flag}.", port = .address.port()
	)]
	PortInUse {
		/// The address that could not be bound.
		address: SocketAddr,
		/// What the node wants it for.
		purpose: &'static str,
		/// The flag that chooses another.
		flag: &'static str,
	},
	/// Too little disk space is left.
	#[error(
		"Only {available} MiB are free at {path}, and {minimum} MiB are asked for: free some \
		 space, or change --minimum-free-disk-mib.", path = .path.display()
	)]
	DiskFull {
		/// Free space in MiB.
		available: u64,
		/// The minimum in MiB.
		minimum: u64,
		/// Where the database lies.
		path: PathBuf,
	},
}

impl From<Problem> for sc_cli::Error {
	fn from(problem: Problem) -> Self {
		Self::Application(Box::new(problem))
	}
}

impl From<Problem> for sc_service::Error {
	fn from(problem: Problem) -> Self {
		Self::Application(Box::new(problem))
	}
}

/// The text shown for an error that ends the program. Errors of the libraries get a sentence of
/// advice where their cause is known.
pub(crate) fn explain(error: &sc_cli::Error) -> String {
	let text = match error {
		sc_cli::Error::Service(sc_service::Error::Application(inner)) => inner.to_string(),
		other => other.to_string(),
	};
	match advice(&text) {
		Some(advice) => format!("{text}\n{advice}"),
		None => text,
	}
}

fn advice(text: &str) -> Option<&'static str> {
	const KNOWN: [(&str, &str); 3] = [
		(
			"No space left on device",
			"Free some space on the volume of --base-path and start again.",
		),
		("Database file is in use", "Another node uses this --base-path: stop it or name another."),
		("Permission denied", "Start as the owner of --base-path, or name a folder that is yours."),
	];
	KNOWN.iter().find(|(sign, _)| text.contains(sign)).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn explanation_should_be_the_bare_sentence_when_the_service_refused() {
		let error = sc_cli::Error::Service(Problem::NoAuthors.into());
		assert_eq!(explain(&error), Problem::NoAuthors.to_string());
		assert_eq!(explain(&Problem::NoChain.into()), Problem::NoChain.to_string());
	}

	#[test]
	fn explanation_should_say_what_to_do_when_the_disk_is_full() {
		let error = sc_cli::Error::Input("write failed: No space left on device".into());
		assert!(explain(&error).contains("Free some space"));
	}
}
