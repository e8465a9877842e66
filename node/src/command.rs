//! What the command line's flags and subcommands do.

use std::sync::Arc;

use sc_cli::{KeySubcommand, Result, SubstrateCli};
use sc_service::{
	config::{RpcEndpoint, RpcMethods},
	ChainSpec, ChainType, Configuration, PartialComponents, Role,
};

use crate::{
	chain_spec::{self, Preset},
	cli::{Cli, ExportChainSpec, NodeOptions, Subcommand},
	live_guard, ports,
	problem::Problem,
	service::{self, Clock},
};

impl SubstrateCli for Cli {
	fn impl_name() -> String {
		"Assay Node".into()
	}

	fn impl_version() -> String {
		env!("SUBSTRATE_CLI_IMPL_VERSION").into()
	}

	fn description() -> String {
		env!("CARGO_PKG_DESCRIPTION").into()
	}

	fn author() -> String {
		"the Assay developers".into()
	}

	fn support_url() -> String {
		concat!(env!("CARGO_PKG_REPOSITORY"), "/issues").into()
	}

	fn copyright_start_year() -> i32 {
		2026
	}

	fn load_spec(&self, id: &str) -> std::result::Result<Box<dyn ChainSpec>, String> {
		let id = match (id, &self.subcommand) {
			// A new key belongs to no chain; only inserting it needs to know whose keystore.
			("", Some(Subcommand::Key(key))) if !matches!(key, KeySubcommand::Insert(_)) => {
				assay_runtime::genesis::LIVE
			}
			("", _) => return Err(Problem::NoChain.to_string()),
			(named, _) => named,
		};
		Ok(Box::new(chain_spec::load(id)?))
	}
}

/// Parses the command line and does what it says.
pub(crate) fn run() -> Result<()> {
	let cli = Cli::from_args();
	match &cli.subcommand {
		None => run_node(cli),
		Some(Subcommand::Key(command)) => command.run(&cli),
		Some(Subcommand::ExportChainSpec(command)) => export_chain_spec(&cli, command),
		Some(Subcommand::CheckBlock(command)) => cli.create_runner(command)?.async_run(|config| {
			let PartialComponents { client, task_manager, import_queue, .. } =
				service::new_parts(&config, Clock::Wall)?;
			Ok((command.run(client, import_queue), task_manager))
		}),
		Some(Subcommand::ExportBlocks(command)) => {
			cli.create_runner(command)?.async_run(|config| {
				let PartialComponents { client, task_manager, .. } =
					service::new_parts(&config, Clock::Wall)?;
				Ok((command.run(client, config.database), task_manager))
			})
		}
		Some(Subcommand::ImportBlocks(command)) => {
			cli.create_runner(command)?.async_run(|config| {
				let PartialComponents { client, task_manager, import_queue, .. } =
					service::new_parts(&config, Clock::Wall)?;
				Ok((command.run(client, import_queue), task_manager))
			})
		}
		Some(Subcommand::PurgeChain(command)) => {
			cli.create_runner(command)?.sync_run(|config| command.run(config.database))
		}
		Some(Subcommand::Revert(command)) => cli.create_runner(command)?.async_run(|config| {
			let PartialComponents { client, task_manager, backend, .. } =
				service::new_parts(&config, Clock::Wall)?;
			// Without this, epochs and voter sets of blocks that are gone would stay known.
			let revert_consensus = Box::new(|client: Arc<_>, backend, blocks| {
				sc_consensus_babe::revert(Arc::clone(&client), backend, blocks)?;
				sc_consensus_grandpa::revert(client, blocks)?;
				Ok(())
			});
			Ok((command.run(client, backend, Some(revert_consensus)), task_manager))
		}),
	}
}

fn run_node(mut cli: Cli) -> Result<()> {
	let shared = &cli.run.shared_params;
	let chain = shared.chain_id(shared.dev);
	if chain.is_empty() {
		return Err(Problem::NoChain.into());
	}
	if matches!(Preset::named(&chain), Some(Preset::Development | Preset::LocalTestnet)) {
		// On one's own machine nobody depends on a stable network identity.
		cli.run.network_params.node_key_params.unsafe_force_node_key_generation = true;
	}
	let runner = cli.create_runner(&cli.run)?;
	let own_endpoints = !cli.run.rpc_params.experimental_rpc_endpoint.is_empty();
	let options = cli.options.clone();
	runner.run_node_until_exit(|mut config| async move {
		ensure_permitted(&config, &options)?;
		ports::ensure_free(&config)?;
		if !own_endpoints {
			// A server that moves to a random port cannot be found by anybody.
			for endpoint in config.rpc.addr.iter_mut().flatten() {
				endpoint.retry_random_port = false;
			}
		}
		service::new_full(config, &options).map_err(sc_cli::Error::Service)
	})
}

/// Everything that is wrong with a configuration before anything is opened.
fn ensure_permitted(
	config: &Configuration,
	options: &NodeOptions,
) -> std::result::Result<(), Problem> {
	let chain_type = config.chain_spec.chain_type();
	ensure_block_time_permitted(
		options.block_time_ms,
		&chain_type,
		config.chain_spec.id(),
		&config.role,
	)?;
	if live_guard::is_live(&chain_type) {
		ensure_own_identity(config.dev_key_seed.as_deref())?;
		ensure_unsafe_rpc_is_local(config.rpc.addr.iter().flatten())?;
	}
	live_guard::ensure_startable(&*config.chain_spec)
}

fn ensure_own_identity(seed: Option<&str>) -> std::result::Result<(), Problem> {
	seed.map_or(Ok(()), |seed| Err(Problem::DevelopmentIdentity(seed.into())))
}

fn ensure_block_time_permitted(
	block_time_ms: Option<u64>,
	chain_type: &ChainType,
	chain: &str,
	role: &Role,
) -> std::result::Result<(), Problem> {
	if block_time_ms.is_none() {
		return Ok(());
	}
	if *chain_type != ChainType::Development {
		return Err(Problem::BlockTimeOutsideDevelopment(chain.into()));
	}
	if !role.is_authority() {
		return Err(Problem::BlockTimeWithoutAuthoring);
	}
	Ok(())
}

fn ensure_unsafe_rpc_is_local<'a>(
	mut endpoints: impl Iterator<Item = &'a RpcEndpoint>,
) -> std::result::Result<(), Problem> {
	let exposed = endpoints.find(|endpoint| {
		matches!(endpoint.rpc_methods, RpcMethods::Unsafe)
			&& !endpoint.listen_addr.ip().is_loopback()
	});
	exposed.map_or(Ok(()), |endpoint| Err(Problem::ExposedUnsafeRpc(endpoint.listen_addr)))
}

fn export_chain_spec(cli: &Cli, command: &ExportChainSpec) -> Result<()> {
	let specification: Box<dyn ChainSpec> = match &command.patch {
		Some(patch) => Box::new(chain_spec::patched(&command.standard.chain, patch)?),
		None => cli.load_spec(&command.standard.chain)?,
	};
	live_guard::ensure_exportable(&*specification)?;
	command.standard.run(specification)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn endpoint(text: &str) -> RpcEndpoint {
		text.parse::<sc_cli::RpcEndpoint>().expect("well formed").into()
	}

	#[test]
	fn block_time_should_be_refused_when_the_chain_is_not_for_development() {
		for chain_type in [ChainType::Local, ChainType::Live, ChainType::Custom("x".into())] {
			let refusal =
				ensure_block_time_permitted(Some(200), &chain_type, "assay", &Role::Authority)
					.expect_err("not a development chain");
			assert!(refusal.to_string().contains("--block-time-ms is for development chains only"));
			assert!(
				ensure_block_time_permitted(None, &chain_type, "assay", &Role::Authority).is_ok()
			);
		}
	}

	#[test]
	fn block_time_should_be_accepted_when_a_development_node_makes_blocks() {
		let check =
			|role| ensure_block_time_permitted(Some(200), &ChainType::Development, "assay", &role);
		assert!(check(Role::Authority).is_ok());
		assert!(matches!(check(Role::Full), Err(Problem::BlockTimeWithoutAuthoring)));
	}

	#[test]
	fn n07_unsafe_rpc_should_be_refused_when_reachable_from_outside() {
		for open in ["0.0.0.0:9944", "[::]:9944", "192.0.2.1:9944"] {
			let check = |methods: &str| {
				let endpoint = endpoint(&format!("listen-addr={open},methods={methods}"));
				ensure_unsafe_rpc_is_local([endpoint].iter())
			};
			assert!(matches!(check("unsafe"), Err(Problem::ExposedUnsafeRpc(_))));
			assert!(check("auto").is_ok());
			assert!(check("safe").is_ok());
		}
		let local = endpoint("listen-addr=127.0.0.1:9944,methods=unsafe");
		assert!(ensure_unsafe_rpc_is_local([local].iter()).is_ok());
	}

	#[test]
	fn m17_development_identity_should_be_refused_when_the_chain_is_live() {
		assert!(matches!(ensure_own_identity(Some("//Bob")), Err(Problem::DevelopmentIdentity(_))));
		assert!(ensure_own_identity(None).is_ok());
	}

	#[test]
	fn chain_should_be_asked_for_when_none_was_named() {
		let cli = <Cli as clap::Parser>::parse_from(["assay-node"]);
		assert_eq!(cli.load_spec("").err(), Some(Problem::NoChain.to_string()));
	}
}
