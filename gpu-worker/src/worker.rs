//! `assay worker run`: keeps a connection, follows the chain, and lets the roles do their work.

use crate::{
	chain::{guard, Chain, Error as ChainError, Head, News},
	config::Config,
	gpu::{Engine, Selection},
	keys,
	metrics::Metrics,
	roles::{
		prover::{
			device::{Compute, Device, Factory},
			strategy::{Honest, Strategy},
			Prover,
		},
		provider::Provider,
		submitter::{Position, Submitter},
	},
	stop::Stop,
	store::{self, Store},
	Error,
};
use std::{sync::Arc, time::Duration};
use subxt_signer::sr25519::Keypair;

/// Pauses between attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long there may be no block before the worker says so and connects anew.
const SILENCE: Duration = Duration::from_secs(60);
/// Blocks between looks at things that change seldom: the key's worker, its float, old records.
const HOUSEKEEPING: u32 = 30;
/// A float below this many units of 10⁻¹² ASY is called low: 0.1 ASY.
pub const LOW_FLOAT: u128 = 100_000_000_000;

/// A worker that has not started yet.
pub struct Worker {
	config: Config,
	strategy: Arc<dyn Strategy>,
}

impl Worker {
	/// An honest worker.
	pub fn new(config: Config) -> Self {
		Self { config, strategy: Arc::new(Honest) }
	}

	/// A worker that behaves otherwise, to test the chain's defences.
	pub fn with_strategy(mut self, strategy: Arc<dyn Strategy>) -> Self {
		self.strategy = strategy;
		self
	}

	/// Runs until stopped, or until something is wrong that trying again cannot help.
	///
	/// A node that cannot be reached is waited for; the devices go on with their tiles meanwhile.
	pub async fn run(self, mut stop: Stop) -> Result<(), Error> {
		// Before there is a key in it.
		if let Err(error) = assay_compute::sandbox::hide_self() {
			tracing::warn!(%error, "others of this user can read this process's memory");
		}
		let signer = keys::load(&self.config.key_file)?;
		let store = Arc::new(Store::open(&self.config.store_file())?);
		if let (Some(expected), Some(pinned)) = (&self.config.genesis, store.genesis()?) {
			if *expected != pinned {
				return Err(store::Error::OtherChain { pinned, found: *expected }.into());
			}
		}
		let metrics = Metrics::new().map_err(|cause| Error::System {
			doing: "registering metrics",
			cause: std::io::Error::other(cause),
		})?;
		let server = match self.config.metrics {
			Some(address) => {
				tracing::info!(%address, "serving metrics");
				Some(metrics.serve(address).await?)
			}
			None => None,
		};
		let mut session = Session {
			config: &self.config,
			strategy: self.strategy,
			signer,
			store,
			metrics,
			prover: None,
			provider: None,
		};
		let result = session.keep_connected(&mut stop).await;
		if let Some(prover) = &mut session.prover {
			prover.rest().await?;
		}
		if let Some(server) = server {
			server.abort();
		}
		tracing::info!("stopped");
		result
	}
}

struct Session<'a> {
	config: &'a Config,
	strategy: Arc<dyn Strategy>,
	signer: Keypair,
	store: Arc<Store>,
	metrics: Metrics,
	/// Made at the first connection; it outlives connections.
	prover: Option<Prover>,
	/// Made together with it, if the worker shall serve the market.
	provider: Option<Provider>,
}

impl Session<'_> {
	async fn keep_connected(&mut self, stop: &mut Stop) -> Result<(), Error> {
		let mut pause = FIRST_PAUSE;
		while !stop.is_set() {
			let mut stopping = stop.clone();
			let ended = tokio::select! {
				() = stopping.wait() => return Ok(()),
				ended = self.connected(stop, &mut pause) => ended,
			};
			self.metrics.connected.set(0);
			match ended {
				Ok(()) => return Ok(()),
				Err(Error::Chain(error)) if error.is_temporary() => {
					self.metrics.reconnections.inc();
					tracing::warn!(
						%error,
						retry_in_seconds = pause.as_secs_f64(),
						fix = error.fix(),
						"no connection: trying again"
					);
					if !stop.sleep(pause).await {
						return Ok(());
					}
					pause = (pause * 2).min(LONGEST_PAUSE);
				}
				Err(error) => return Err(error),
			}
		}
		Ok(())
	}

	/// One connection from its beginning to its end.
	async fn connected(&mut self, stop: &Stop, pause: &mut Duration) -> Result<(), Error> {
		let pinned = self.store.genesis()?;
		let expected = self.config.genesis.or(pinned);
		let chain =
			Chain::connect(&self.config.rpc, self.config.rpc_deadline, expected.as_ref()).await?;
		self.store.pin_genesis(chain.genesis())?;
		self.metrics.connected.set(1);
		tracing::info!(
			node = chain.url(),
			genesis = %hex::encode(chain.genesis()),
			spec_version = chain.spec_version(),
			"connected"
		);
		let mut heads = chain.heads().await?;
		let mut finalized = self.trust_finality(&chain, stop).await?;
		let mut best = chain.best().await?;
		if self.prover.is_none() {
			self.start(&chain, best, stop).await?;
			best = chain.best().await?;
		}
		self.on_best(&chain, Position { best, finalized }).await?;
		*pause = FIRST_PAUSE;
		let mut next_housekeeping = 0;
		loop {
			let prover = match self.prover.as_mut() {
				Some(prover) => prover,
				None => return Ok(()),
			};
			tokio::select! {
				news = tokio::time::timeout(SILENCE, heads.next()) => match news {
					Err(_) => {
						return Err(ChainError::Deadline {
							doing: "next block",
							seconds: SILENCE.as_secs(),
						}
						.into());
					},
					Ok(news) => match news? {
						News::Best(head) => {
							best = head;
							self.metrics.best_block.set(head.number.into());
							self.on_best(&chain, Position { best, finalized }).await?;
							if head.number >= next_housekeeping {
								next_housekeeping = head.number.saturating_add(HOUSEKEEPING);
								self.keep_house(&chain, head, finalized).await?;
							}
						},
						News::Final(head) => {
							finalized = self.note_final(&chain, finalized, head).await?;
						},
					},
				},
				opened = prover.opened() => {
					if let Some(opened) = opened {
						let position = Position { best, finalized };
						prover.on_opened(&chain, position, opened).await?;
					}
				},
			}
		}
	}

	/// Lets the roles do what the state after a best block asks for. The prover comes first: its
	/// windows are the narrowest.
	async fn on_best(&mut self, chain: &Chain, position: Position) -> Result<(), Error> {
		let Some(prover) = self.prover.as_mut() else { return Ok(()) };
		let devices = prover.devices();
		let snapshot = chain.snapshot(position.best, prover.worker(), &devices).await?;
		if let Some(round) = &snapshot.round {
			self.metrics.round.set(round.index.into());
		}
		prover.on_best(chain, &snapshot, position.finalized).await?;
		if let Some(provider) = self.provider.as_mut() {
			prover.working().for_each(|(device, working)| provider.pause(device, working));
			provider.on_best(chain, position).await?;
		}
		Ok(())
	}

	/// Waits until the node has come as far as this worker has seen, and compares the blocks.
	async fn trust_finality(&self, chain: &Chain, stop: &Stop) -> Result<Head, Error> {
		let mut stop = stop.clone();
		loop {
			let node = chain.finalized().await?;
			match guard::compare_finality(self.store.finalized()?, node.number) {
				guard::Finality::Unknown => return Ok(node),
				guard::Finality::Reached { number, hash } => {
					guard::check_finality(number, &hash, chain.block_hash(number).await?)?;
					return Ok(node);
				}
				guard::Finality::Behind { missing } => {
					tracing::warn!(
						missing_blocks = missing,
						"the node is behind what this worker has seen final: waiting; if the chain was \
						 reset on purpose, give the worker a new --base-path"
					);
				}
			}
			if !stop.sleep(Duration::from_secs(3)).await {
				return Ok(node);
			}
		}
	}

	/// Remembers a final block; a node whose finality goes back is left.
	async fn note_final(&self, chain: &Chain, last: Head, now: Head) -> Result<Head, Error> {
		if now.number <= last.number {
			let hash = if now.number == last.number {
				Some(now.hash)
			} else {
				chain.block_hash(last.number).await?
			};
			guard::check_finality(last.number, &last.hash, hash)?;
			return Ok(last);
		}
		self.store.set_finalized(now.number, &now.hash)?;
		self.metrics.finalized_block.set(now.number.into());
		Ok(now)
	}

	/// Finds the worker of the key, starts its devices and its roles.
	async fn start(&mut self, chain: &Chain, best: Head, stop: &Stop) -> Result<(), Error> {
		let account = keys::account(&self.signer);
		let worker = chain
			.worker_of(best, &account)
			.await?
			.ok_or_else(|| Error::NotRegistered(account.to_string()))?;
		let view = chain
			.worker(best, worker)
			.await?
			.ok_or_else(|| Error::NotRegistered(account.to_string()))?;
		let mut devices = Vec::new();
		for (index, selection) in &self.config.devices {
			if !view.devices.iter().any(|device| device.device == *index) {
				return Err(Error::NoSuchDevice { worker, device: *index });
			}
			tracing::info!(worker, device = index, %selection, "starting the device");
			devices.push(
				Device::start(
					*index,
					engine(selection.clone(), self.config.allow_cpu),
					self.store.clone(),
					self.strategy.clone(),
					self.metrics.device(*index),
					stop.flag(),
				)
				.await?,
			);
		}
		let submitter =
			Submitter::new(self.signer.clone(), self.store.clone(), self.metrics.clone());
		if let Some(provider) = &self.config.provider {
			let (submitter, metrics) = (submitter.clone(), self.metrics.clone());
			let config = (self.config, provider);
			let genesis = *chain.genesis();
			let provider =
				Provider::start(worker, config, submitter, metrics, genesis, stop).await?;
			self.provider = Some(provider);
		}
		self.prover = Some(Prover::new(
			worker,
			submitter,
			self.store.clone(),
			self.strategy.clone(),
			&self.metrics,
			devices,
		));
		let provider = self.provider.is_some();
		tracing::info!(worker, operator = %view.operator, key = %account, provider, "ready");
		Ok(())
	}

	async fn keep_house(&self, chain: &Chain, best: Head, finalized: Head) -> Result<(), Error> {
		let account = keys::account(&self.signer);
		let float = chain.balance(best, &account).await?;
		self.metrics.float_asy.set(crate::cli::units(float));
		if float < LOW_FLOAT {
			tracing::warn!(
				float_asy = crate::cli::units(float),
				key = %account,
				"the float runs low: send some ASY to the key"
			);
		}
		if chain.worker_of(best, &account).await?.is_none() {
			tracing::warn!(key = %account, "the key signs for no worker any more: was it rotated?");
		}
		let gone = self.store.prune(finalized.number)?;
		if gone > 0 {
			tracing::debug!(rounds = gone, "forgot rounds that are final and over");
		}
		Ok(())
	}
}

/// Makes the engine of a device, checked against the reference, at start and after every loss.
fn engine(selection: Selection, allow_cpu: bool) -> Factory {
	Box::new(move || {
		let mut engine = Engine::new(&selection, allow_cpu)?;
		engine.self_test()?;
		Ok(Box::new(engine) as Box<dyn Compute>)
	})
}
