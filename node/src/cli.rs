//! The command line.

use std::path::PathBuf;

use sc_cli::RunCmd;

/// The Assay node.
#[derive(Debug, clap::Parser)]
pub(crate) struct Cli {
	/// What to do instead of running the node.
	#[command(subcommand)]
	pub(crate) subcommand: Option<Subcommand>,

	/// The flags that every Substrate node has.
	#[clap(flatten)]
	pub(crate) run: RunCmd,

	/// The flags of this node.
	#[clap(flatten)]
	pub(crate) options: NodeOptions,
}

/// What this node offers beyond an ordinary Substrate node.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct NodeOptions {
	/// Make a block every so many milliseconds, whatever the slot length. Development chains only.
	///
	/// Every block claims the next slot that this node may claim, with BABE's own VRF, and carries
	/// that slot's time; so the chain's clock advances by one slot length a block. GRANDPA
	/// finalizes as usual. A chain started so must go on so, since its clock may run ahead.
	#[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(20..=60_000))]
	pub(crate) block_time_ms: Option<u64>,

	/// Stop cleanly when less than this many MiB are free on the database's volume; 0 never stops.
	#[arg(long, value_name = "MIB", default_value_t = 512)]
	pub(crate) minimum_free_disk_mib: u64,
}

/// What the binary can do apart from running a node.
#[derive(Debug, clap::Subcommand)]
#[allow(clippy::large_enum_variant, reason = "parsed once, and clap wants the types themselves")]
pub(crate) enum Subcommand {
	/// Generate, inspect and insert keys.
	#[command(subcommand)]
	Key(sc_cli::KeySubcommand),

	/// Write the specification of a chain as JSON, plain or raw.
	ExportChainSpec(ExportChainSpec),

	/// Execute blocks of the database again.
	CheckBlock(sc_cli::CheckBlockCmd),

	/// Write blocks to a file.
	ExportBlocks(sc_cli::ExportBlocksCmd),

	/// Read blocks from a file.
	ImportBlocks(sc_cli::ImportBlocksCmd),

	/// Delete a chain's database (keys stay).
	PurgeChain(sc_cli::PurgeChainCmd),

	/// Go back by so many blocks, at most to the last finalized one.
	Revert(sc_cli::RevertCmd),
}

/// `export-chain-spec`.
#[derive(Debug, Clone, clap::Parser)]
pub(crate) struct ExportChainSpec {
	/// The flags of the standard command.
	#[clap(flatten)]
	pub(crate) standard: sc_cli::ExportChainSpecCmd,

	/// A JSON file merged over the preset's genesis (RFC 7396: objects are merged, everything
	/// else is replaced). This is how a live chain gets its authorities and balances.
	#[arg(long, value_name = "FILE")]
	pub(crate) patch: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
	use super::*;
	use clap::{CommandFactory, Parser};
	use sc_cli::{CliConfiguration, Role, SubstrateCli};
	use sc_service::RpcMethods;

	fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
		Cli::try_parse_from(std::iter::once(&"assay-node").chain(arguments))
	}

	#[test]
	fn command_line_should_be_consistent_when_built() {
		Cli::command().debug_assert();
		Cli::setup_command(Cli::command()).debug_assert();
	}

	#[test]
	fn dev_should_make_blocks_as_alice_in_a_temporary_folder_when_given_alone() {
		let cli = parse(&["--dev"]).expect("one word is enough");
		assert!(cli.run.shared_params.dev);
		assert_eq!(cli.run.dev_key_seed(true).expect("never fails"), Some("//Alice".into()));
		assert!(matches!(cli.run.role(true), Ok(Role::Authority)));
		assert!(cli.run.base_path().expect("a temporary folder").is_some());
		assert_eq!(cli.options.block_time_ms, None);
	}

	#[test]
	fn block_time_should_be_refused_when_out_of_range() {
		let cli = parse(&["--dev", "--block-time-ms", "200"]).expect("in range");
		assert_eq!(cli.options.block_time_ms, Some(200));
		for wrong in ["0", "19", "60001", "-5", "fast"] {
			assert!(parse(&["--dev", "--block-time-ms", wrong]).is_err(), "{wrong}");
		}
	}

	#[test]
	fn n07_rpc_should_be_local_and_guarded_when_nothing_is_said() {
		let cli = parse(&["--chain", "live"]).expect("parses");
		let endpoints = cli.run.rpc_addr(9944).expect("valid").expect("some");
		assert!(endpoints.iter().all(|endpoint| endpoint.listen_addr.ip().is_loopback()));
		assert!(matches!(cli.run.rpc_methods(), Ok(RpcMethods::Auto)));
	}

	#[test]
	fn n07_unsafe_rpc_should_stay_closed_when_rpc_is_external() {
		let cli = parse(&["--chain", "live", "--rpc-external"]).expect("parses");
		let endpoints = cli.run.rpc_addr(9944).expect("valid").expect("some");
		assert!(endpoints.iter().all(|endpoint| endpoint.rpc_methods == sc_cli::RpcMethods::Auto));
	}

	#[test]
	fn subcommands_should_parse_when_spelt_as_documented() {
		for line in [
			"key generate",
			"export-chain-spec --chain live --patch authorities.json --raw --output spec.json",
			"check-block --dev 1",
			"export-blocks --dev",
			"import-blocks --dev blocks.bin",
			"purge-chain --dev -y",
			"revert --dev 10",
		] {
			let arguments: Vec<_> = line.split(' ').collect();
			assert!(parse(&arguments).is_ok_and(|cli| cli.subcommand.is_some()), "{line}");
		}
	}
}
