//! Wiring of the node: client, BABE, GRANDPA, network, RPC.

use std::{sync::Arc, time::Duration};

use assay_runtime::{apis::RuntimeApi, opaque::Block};
use futures::FutureExt;
use sc_client_api::Backend;
use sc_consensus::{DefaultImportQueue, LongestChain};
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle, SlotProportion};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaBlockImport, GrandpaPruningFilter, LinkHalf, SharedVoterState,
};
use sc_executor::WasmExecutor;
use sc_network::{
	config::{FullNetworkConfiguration, NetworkBackendType},
	Litep2pNetworkBackend, NetworkBackend,
};
use sc_service::{
	error::Error as ServiceError, Configuration, PartialComponents, TaskManager, WarpSyncConfig,
};
use sc_telemetry::{Telemetry, TelemetryWorker};
use sc_transaction_pool::TransactionPoolHandle;
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::{
	inherents::{
		BabeCreateInherentDataProviders, InherentDataProvider as SlotInherentDataProvider,
	},
	SlotDuration,
};

use crate::{
	cli::NodeOptions,
	disk,
	equivocations::Watch,
	problem::Problem,
	rpc,
	seal::{self, TimedSeal},
};

type HostFunctions = sp_io::SubstrateHostFunctions;
/// The client.
pub(crate) type FullClient =
	sc_service::TFullClient<Block, RuntimeApi, WasmExecutor<HostFunctions>>;
/// The database.
pub(crate) type FullBackend = sc_service::TFullBackend<Block>;
/// The transaction pool.
pub(crate) type FullPool = TransactionPoolHandle<Block, FullClient>;
/// The rule for the best chain.
pub(crate) type FullSelectChain = LongestChain<FullBackend, Block>;
type FinalityImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type FullBlockImport = Watch<
	BabeBlockImport<
		Block,
		FullClient,
		FinalityImport,
		BabeCreateInherentDataProviders<Block>,
		FullSelectChain,
	>,
>;

/// A proof of finality is kept at least every so many blocks, for warp sync and light clients.
const JUSTIFICATION_PERIOD: u32 = 512;
/// How long a GRANDPA message takes to reach everybody.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);

/// Whose clock imported blocks are checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
	/// The machine's.
	Wall,
	/// The chain's own slots: blocks are made on a timer.
	Slots,
}

/// What the consensus tasks need of the import pipeline.
pub(crate) struct Consensus {
	block_import: FullBlockImport,
	grandpa_link: LinkHalf<Block, FullClient, FullSelectChain>,
	babe_link: BabeLink<Block>,
	babe_worker: BabeWorkerHandle<Block>,
	telemetry: Option<Telemetry>,
}

/// The parts that both the node and the subcommands on its database need.
pub(crate) type Parts = PartialComponents<
	FullClient,
	FullBackend,
	FullSelectChain,
	DefaultImportQueue<Block>,
	FullPool,
	Consensus,
>;

fn wall_clock_inherents(
	slot_duration: SlotDuration,
) -> (SlotInherentDataProvider, sp_timestamp::InherentDataProvider) {
	let time = sp_timestamp::InherentDataProvider::from_system_time();
	let slot = SlotInherentDataProvider::from_timestamp_and_slot_duration(*time, slot_duration);
	(slot, time)
}

/// Opens the database and builds the import pipeline.
pub(crate) fn new_parts(config: &Configuration, clock: Clock) -> Result<Parts, ServiceError> {
	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;

	let executor = sc_service::new_wasm_executor::<HostFunctions>(&config.executor);
	let (client, backend, keystore_container, task_manager) =
		sc_service::new_full_parts::<Block, RuntimeApi, _>(
			config,
			telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
			executor,
			// Blocks with a justification outlive pruning: a pruned node can serve warp sync.
			vec![Arc::new(GrandpaPruningFilter)],
		)?;
	let client = Arc::new(client);

	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager.spawn_handle().spawn("telemetry", None, worker.run());
		telemetry
	});
	let telemetry_handle = telemetry.as_ref().map(Telemetry::handle);

	let select_chain = LongestChain::new(backend.clone());
	let transaction_pool = Arc::from(
		sc_transaction_pool::Builder::new(
			task_manager.spawn_essential_handle(),
			client.clone(),
			config.role.is_authority().into(),
		)
		.with_options(config.transaction_pool.clone())
		.with_prometheus(config.prometheus_registry())
		.build(),
	);

	let babe_config = sc_consensus_babe::configuration(&*client)?;
	// GRANDPA, below, panics on an empty set.
	if babe_config.authorities.is_empty() {
		return Err(Problem::NoAuthors.into());
	}

	let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
		client.clone(),
		JUSTIFICATION_PERIOD,
		&client,
		select_chain.clone(),
		telemetry_handle.clone(),
	)?;
	let justification_import = grandpa_import.clone();

	let slot_duration = babe_config.slot_duration();
	let import_inherents: BabeCreateInherentDataProviders<Block> = match clock {
		Clock::Wall => {
			Arc::new(move |_, ()| async move { Ok(wall_clock_inherents(slot_duration)) })
		}
		Clock::Slots => seal::import_inherents(client.clone(), slot_duration),
	};
	let transactions = OffchainTransactionPoolFactory::new(transaction_pool.clone());
	let (block_import, babe_link) = sc_consensus_babe::block_import(
		babe_config,
		grandpa_import,
		client.clone(),
		import_inherents,
		select_chain.clone(),
		transactions.clone(),
	)?;
	let block_import = Watch::new(block_import, client.clone(), transactions);
	let (import_queue, babe_worker) =
		sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
			link: babe_link.clone(),
			block_import: block_import.clone(),
			justification_import: Some(Box::new(justification_import)),
			client: client.clone(),
			slot_duration,
			spawner: &task_manager.spawn_essential_handle(),
			registry: config.prometheus_registry(),
			telemetry: telemetry_handle,
		})?;

	Ok(PartialComponents {
		client,
		backend,
		task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: Consensus { block_import, grandpa_link, babe_link, babe_worker, telemetry },
	})
}

/// Starts the node. It runs until the returned task manager ends.
pub(crate) fn new_full(
	config: Configuration,
	options: &NodeOptions,
) -> Result<TaskManager, ServiceError> {
	type Network = Litep2pNetworkBackend;

	if !matches!(config.network.network_backend, NetworkBackendType::Litep2p) {
		return Err(Problem::NetworkBackend.into());
	}
	let block_time = options.block_time_ms.map(Duration::from_millis);
	let clock = if block_time.is_some() { Clock::Slots } else { Clock::Wall };
	let PartialComponents {
		client,
		backend,
		mut task_manager,
		import_queue,
		keystore_container,
		select_chain,
		transaction_pool,
		other: Consensus { block_import, grandpa_link, babe_link, babe_worker, mut telemetry },
	} = new_parts(&config, clock)?;

	if let Some(path) = config.database.path() {
		let spawner = task_manager.spawn_essential_handle();
		disk::watch(path.into(), options.minimum_free_disk_mib, &spawner)?;
	}

	let prometheus_registry = config.prometheus_registry().cloned();
	let mut net_config = FullNetworkConfiguration::<_, _, Network>::new(
		&config.network,
		prometheus_registry.clone(),
	);
	let metrics =
		<Network as NetworkBackend<Block, assay_runtime::Hash>>::register_notification_metrics(
			prometheus_registry.as_ref(),
		);
	let genesis_hash = client.chain_info().genesis_hash;
	let grandpa_protocol =
		sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
	let (grandpa_protocol_config, grandpa_notifications) =
		sc_consensus_grandpa::grandpa_peers_set_config::<Block, Network>(
			grandpa_protocol.clone(),
			metrics.clone(),
			net_config.peer_store_handle(),
		);
	net_config.add_notification_protocol(grandpa_protocol_config);
	let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		Vec::new(),
	));

	let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
		sc_service::build_network(sc_service::BuildNetworkParams {
			config: &config,
			net_config,
			client: client.clone(),
			transaction_pool: transaction_pool.clone(),
			spawn_handle: task_manager.spawn_handle(),
			spawn_essential_handle: task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
			block_relay: None,
			metrics,
			gap_sync_body_policy: None,
		})?;

	if config.offchain_worker.enabled {
		task_manager.spawn_handle().spawn(
			"offchain-workers-runner",
			"offchain-work",
			sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
				runtime_api_provider: client.clone(),
				keystore: Some(keystore_container.keystore()),
				offchain_db: backend.offchain_storage(),
				transaction_pool: Some(OffchainTransactionPoolFactory::new(
					transaction_pool.clone(),
				)),
				network_provider: Arc::new(network.clone()),
				is_validator: config.role.is_authority(),
				enable_http_requests: false,
				custom_extensions: |_| Vec::new(),
			})?
			.run(client.clone(), task_manager.spawn_handle())
			.boxed(),
		);
	}

	let role = config.role;
	let force_authoring = config.force_authoring;
	let name = config.network.node_name.clone();
	let enable_grandpa = !config.disable_grandpa;
	let voter_state = SharedVoterState::empty();
	let rpc_dependencies = rpc::Dependencies {
		client: client.clone(),
		pool: transaction_pool.clone(),
		select_chain: select_chain.clone(),
		keystore: keystore_container.keystore(),
		babe_worker,
		voter_state: voter_state.clone(),
		authority_set: grandpa_link.shared_authority_set().clone(),
		justifications: grandpa_link.justification_stream(),
		finality_proofs: FinalityProofProvider::new_for_service(
			backend.clone(),
			Some(grandpa_link.shared_authority_set().clone()),
		),
	};
	sc_service::spawn_tasks(sc_service::SpawnTasksParams {
		config,
		backend,
		client: client.clone(),
		keystore: keystore_container.keystore(),
		network: network.clone(),
		sync_service: sync_service.clone(),
		rpc_builder: Box::new(move |executor| {
			rpc::create(rpc_dependencies.clone(), executor).map_err(Into::into)
		}),
		transaction_pool: transaction_pool.clone(),
		task_manager: &mut task_manager,
		system_rpc_tx,
		tx_handler_controller,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;
	let telemetry_handle = telemetry.as_ref().map(Telemetry::handle);

	if role.is_authority() {
		let proposer = sc_basic_authorship::ProposerFactory::new(
			task_manager.spawn_handle(),
			client.clone(),
			transaction_pool.clone(),
			prometheus_registry.as_ref(),
			telemetry_handle.clone(),
		);
		if let Some(block_time) = block_time {
			let keystore = keystore_container.keystore();
			let seal = Arc::new(TimedSeal::new(client.clone(), keystore, &babe_link));
			task_manager.spawn_essential_handle().spawn_blocking(
				"timed-seal",
				Some("block-authoring"),
				seal::run(
					seal.clone(),
					block_time,
					proposer,
					block_import,
					select_chain,
					transaction_pool.clone(),
					seal.inherents(),
				),
			);
		} else {
			let slot_duration = babe_link.config().slot_duration();
			let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
				keystore: keystore_container.keystore(),
				client: client.clone(),
				select_chain,
				env: proposer,
				block_import,
				sync_oracle: sync_service.clone(),
				justification_sync_link: sync_service.clone(),
				create_inherent_data_providers: move |_, ()| async move {
					Ok(wall_clock_inherents(slot_duration))
				},
				force_authoring,
				// Blocks go on when finality stops, as long as their authors are there.
				backoff_authoring_blocks: None::<()>,
				babe_link,
				block_proposal_slot_portion: SlotProportion::new(0.5),
				max_block_proposal_slot_portion: None,
				telemetry: telemetry_handle.clone(),
			})?;
			task_manager.spawn_essential_handle().spawn_blocking(
				"babe",
				Some("block-authoring"),
				babe,
			);
		}
	}

	if enable_grandpa {
		let grandpa_config = sc_consensus_grandpa::Config {
			// A lone voter hears only itself, so its rounds may keep up with its blocks.
			gossip_duration: block_time.map_or(GOSSIP_DURATION, |time| {
				(time / 4).clamp(Duration::from_millis(10), GOSSIP_DURATION)
			}),
			justification_generation_period: JUSTIFICATION_PERIOD,
			name: Some(name),
			observer_enabled: false,
			keystore: role.is_authority().then(|| keystore_container.keystore()),
			local_role: role,
			telemetry: telemetry_handle.clone(),
			protocol_name: grandpa_protocol,
		};
		let voter = sc_consensus_grandpa::run_grandpa_voter(sc_consensus_grandpa::GrandpaParams {
			config: grandpa_config,
			link: grandpa_link,
			network,
			sync: sync_service,
			notification_service: grandpa_notifications,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry,
			shared_voter_state: voter_state,
			telemetry: telemetry_handle,
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(transaction_pool),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
	}

	Ok(task_manager)
}
