//! The prover: computes tiles in every round, commits to them, and opens what is drawn.
//!
//! ```text
//! round opens ─▶ compute tiles ─▶ block s+W−1 ─▶ fix the intent on disk ─▶ commit
//!                     ▲                                                     │
//!                     └── another fork: its own seed, tiles and intent      ▼
//!                        settle ◀── opened or not drawn ◀── reveal ◀── sampled
//! ```
//!
//! Every step is asked for again at every best block until the chain shows it, so a reorganisation,
//! a dropped transaction or a restart needs no special case. The store holds one intent for each
//! fork of a round; the machine never sees it change.

pub mod device;
pub mod machine;
pub mod openings;
pub mod strategy;

use super::submitter::{Position, Submitter};
use crate::{
	chain::{Call, Chain, Claim, ClaimState, Head, Snapshot, Status},
	metrics::{DeviceMetrics, Metrics},
	store::{Fork, Intent, Store},
	Error,
};
use assay_flops::{tile::commitment_root, Hash, Opening};
use device::{Device, OpenError, OpenOrder};
use machine::{Machine, Step, Target};
use std::{collections::BTreeMap, sync::Arc};
use strategy::Strategy;
use tokio::sync::mpsc;

/// How often openings that cannot be built are tried again.
const MAX_FAILED_OPENINGS: u32 = 3;

/// Openings that a device has finished, or failed to make.
#[derive(Debug)]
pub struct Opened {
	device: u16,
	round: u32,
	root: Hash,
	result: Result<Vec<Opening>, OpenError>,
}

/// Openings on their way to the chain.
#[derive(Debug)]
enum Openings {
	/// The device is making them, after this many failures.
	Making(u32),
	/// They are made.
	Made(Vec<Opening>),
	/// They could not be made, this many times.
	Failed(u32),
}

/// One device with all that belongs to it.
struct Member {
	device: Device,
	machine: Machine,
	metrics: DeviceMetrics,
	/// By round and committed root.
	openings: BTreeMap<(u32, Hash), Openings>,
	/// What was told about it last.
	told: Told,
}

#[derive(Default)]
struct Told {
	outcome: Option<(u32, &'static str)>,
	states: BTreeMap<u32, &'static str>,
	barred: bool,
	/// Whether the chain was looked at before: what it says at first is no news.
	begun: bool,
}

/// The prover role of one worker, over all of its devices.
pub struct Prover {
	worker: u64,
	submitter: Submitter,
	store: Arc<Store>,
	strategy: Arc<dyn Strategy>,
	members: Vec<Member>,
	sender: mpsc::UnboundedSender<Opened>,
	receiver: mpsc::UnboundedReceiver<Opened>,
}

impl Prover {
	/// Begins with devices that have started.
	pub fn new(
		worker: u64,
		submitter: Submitter,
		store: Arc<Store>,
		strategy: Arc<dyn Strategy>,
		metrics: &Metrics,
		devices: Vec<Device>,
	) -> Self {
		let (sender, receiver) = mpsc::unbounded_channel();
		let members = devices
			.into_iter()
			.map(|device| Member {
				metrics: metrics.device(device.index()),
				device,
				machine: Machine::default(),
				openings: BTreeMap::new(),
				told: Told::default(),
			})
			.collect();
		Self { worker, submitter, store, strategy, members, sender, receiver }
	}

	/// Id of the worker.
	pub fn worker(&self) -> u64 {
		self.worker
	}

	/// Indices of the devices.
	pub fn devices(&self) -> Vec<u16> {
		self.members.iter().map(|member| member.device.index()).collect()
	}

	/// Each device, and whether it computes tiles.
	pub fn working(&self) -> impl Iterator<Item = (u16, bool)> + '_ {
		self.members.iter().map(|member| (member.device.index(), member.device.is_working()))
	}

	/// Does what the state after a best block asks for.
	pub async fn on_best(
		&mut self,
		chain: &Chain,
		snapshot: &Snapshot,
		finalized: Head,
	) -> Result<(), Error> {
		let position = Position { best: snapshot.head, finalized };
		for index in 0..self.members.len() {
			let (Some(member), Some(status)) =
				(self.members.get_mut(index), snapshot.devices.get(index))
			else {
				continue;
			};
			member.metrics.standing(status.capacity, status.multiplier, status.buffer);
			member.tell(status);
			let steps =
				member.machine.observe(snapshot.head.number, snapshot.round.as_ref(), status);
			for step in steps {
				self.take(chain, position, index, step).await?;
			}
		}
		Ok(())
	}

	/// Waits for openings that a device has made. Cancel safe.
	pub async fn opened(&mut self) -> Option<Opened> {
		self.receiver.recv().await
	}

	/// Submits openings as soon as they are made; the next best block asks for them again.
	pub async fn on_opened(
		&mut self,
		chain: &Chain,
		position: Position,
		opened: Opened,
	) -> Result<(), Error> {
		let Opened { device, round, root, result } = opened;
		let Some(index) = self.members.iter().position(|m| m.device.index() == device) else {
			return Ok(());
		};
		let Some(entry) =
			self.members.get_mut(index).and_then(|m| m.openings.get_mut(&(round, root)))
		else {
			return Ok(());
		};
		match result {
			Ok(openings) => {
				*entry = Openings::Made(openings.clone());
				self.reveal(chain, position, device, round, &root, openings).await
			}
			Err(error) => {
				let failures = match entry {
					Openings::Making(failures) | Openings::Failed(failures) => {
						failures.saturating_add(1)
					}
					Openings::Made(_) => 1,
				};
				*entry = Openings::Failed(failures);
				tracing::error!(device, round, %error, failures, "openings could not be made");
				Ok(())
			}
		}
	}

	/// Stops all devices; what they have computed is stored.
	pub async fn rest(&mut self) -> Result<(), Error> {
		for member in &mut self.members {
			member.device.rest().await?;
			member.machine.interrupt();
		}
		Ok(())
	}

	async fn take(
		&mut self,
		chain: &Chain,
		position: Position,
		index: usize,
		step: Step,
	) -> Result<(), Error> {
		let Some(member) = self.members.get_mut(index) else { return Ok(()) };
		let device = member.device.index();
		match step {
			Step::Work(target) => {
				self.store.begin_fork(&target.seed, &record(&target, device))?;
				let known = self.store.fork(&target.seed)?.and_then(|fork| fork.intent);
				let stored = self.store.tiles(&target.seed)?;
				tracing::info!(
					device,
					round = target.round.index,
					opened_at = target.round.opened_at,
					until = target.round.commit_from,
					stored,
					"computing tiles"
				);
				if known.is_none() {
					member.device.work(target.seed);
				} else {
					member.device.rest().await?;
				}
			}
			Step::Rest => member.device.rest().await?,
			Step::Commit(target) => self.commit(chain, position, index, &target).await?,
			Step::Reveal { claim, samples, .. } => {
				if !self.strategy.reveals() {
					return Ok(());
				}
				let key = (claim.round, claim.root);
				let made = match member.openings.get(&key) {
					Some(Openings::Making(_)) => return Ok(()),
					Some(Openings::Failed(failures)) if *failures >= MAX_FAILED_OPENINGS => {
						return Ok(());
					}
					Some(Openings::Made(openings)) => Some(openings.clone()),
					Some(Openings::Failed(_)) | None => None,
				};
				match made {
					Some(openings) => {
						self.reveal(chain, position, device, claim.round, &claim.root, openings)
							.await?;
					}
					None => {
						tracing::info!(
							device,
							round = claim.round,
							samples = samples.len(),
							"drawn: opening samples"
						);
						member.order(&claim, samples, self.sender.clone());
					}
				}
			}
			Step::Settle { round } => {
				let call = Call::Settle { worker: self.worker, device, round };
				let purpose = purpose(b"settle", device, round, &[0; 32]);
				self.submitter.transact(chain, position, &purpose, &call).await?;
			}
			Step::Missed { round } => {
				member.metrics.round("missed");
				tracing::warn!(device, round, "no commitment got into the chain in time");
			}
		}
		Ok(())
	}

	async fn commit(
		&mut self,
		chain: &Chain,
		position: Position,
		index: usize,
		target: &Target,
	) -> Result<(), Error> {
		let Some(member) = self.members.get_mut(index) else { return Ok(()) };
		let device = member.device.index();
		let round = target.round.index;
		self.store.begin_fork(&target.seed, &record(target, device))?;
		let known = self.store.fork(&target.seed)?.and_then(|fork| fork.intent);
		let intent = match known {
			Some(intent) => intent,
			None => {
				member.device.rest().await?;
				let strategy = self.strategy.clone();
				let store = self.store.clone();
				let seed = target.seed;
				let fixed = tokio::task::spawn_blocking(move || fix(&store, &*strategy, &seed));
				let Some(intent) = fixed.await.map_err(|cause| Error::System {
					doing: "fixing a commitment",
					cause: std::io::Error::other(cause),
				})??
				else {
					tracing::warn!(device, round, "not one tile was finished: nothing to commit");
					return Ok(());
				};
				tracing::info!(
					device,
					round,
					tiles = intent.tiles,
					root = %hex::encode(intent.root),
					"committing"
				);
				member.metrics.round("committed");
				intent
			}
		};
		let call = Call::Commit { device, tiles: intent.tiles, root: intent.root };
		let purpose = purpose(b"commit", device, round, &target.seed);
		self.submitter.transact(chain, position, &purpose, &call).await
	}

	async fn reveal(
		&mut self,
		chain: &Chain,
		position: Position,
		device: u16,
		round: u32,
		root: &Hash,
		openings: Vec<Opening>,
	) -> Result<(), Error> {
		let call = Call::Reveal { round, device, openings };
		let purpose = purpose(b"reveal", device, round, root);
		self.submitter.transact(chain, position, &purpose, &call).await
	}
}

/// Fixes the one commitment of a fork from what is stored: durable when this returns.
fn fix(
	store: &Store,
	strategy: &dyn Strategy,
	seed: &Hash,
) -> Result<Option<Intent>, crate::store::Error> {
	let computed = store.tiles(seed)?;
	let tiles = strategy.tiles(computed);
	if tiles > computed {
		let missing = usize::try_from(tiles.saturating_sub(computed)).unwrap_or(0);
		let mut invented = vec![[0; 32]; missing];
		strategy.roots(seed, computed, &mut invented);
		store.append(seed, computed, &invented)?;
	}
	let Some(root) = commitment_root(&store.roots(seed, tiles)?) else { return Ok(None) };
	let intent = Intent { tiles, root };
	store.intend(seed, intent)?;
	Ok(Some(intent))
}

fn record(target: &Target, device: u16) -> Fork {
	Fork {
		round: target.round.index,
		device,
		opened_at: target.round.opened_at,
		beacon: target.round.beacon,
		reveal_until: target.round.reveal_until,
		intent: None,
	}
}

fn purpose(kind: &[u8], device: u16, round: u32, fork: &Hash) -> Vec<u8> {
	[kind, &device.to_le_bytes(), &round.to_le_bytes(), fork].concat()
}

impl Member {
	fn order(
		&mut self,
		claim: &Claim,
		samples: Vec<assay_flops::Sample>,
		sender: mpsc::UnboundedSender<Opened>,
	) {
		let (device, round, root) = (self.device.index(), claim.round, claim.root);
		let order = OpenOrder { seed: claim.seed, root, tiles: claim.tiles, samples };
		let reply = self.device.open(order);
		let failures = match self.openings.get(&(round, root)) {
			Some(Openings::Failed(failures)) => *failures,
			_ => 0,
		};
		self.openings.insert((round, root), Openings::Making(failures));
		tokio::spawn(async move {
			let result = reply.await.unwrap_or(Err(OpenError::Stopping));
			let _ = sender.send(Opened { device, round, root, result });
		});
	}

	/// Tells what has changed on chain since the last block.
	fn tell(&mut self, status: &Status) {
		let device = self.device.index();
		match status.eligible {
			Err(reason) if !self.told.barred => {
				tracing::warn!(device, reason, "the chain takes no commitments of this device");
			}
			_ => (),
		}
		self.told.barred = status.eligible.is_err();
		for claim in &status.claims {
			let word = claim.state.word();
			if self.told.states.insert(claim.round, word) != Some(word) {
				let (round, tiles) = (claim.round, claim.tiles);
				let credits = crate::cli::units(claim.credits);
				match claim.state {
					ClaimState::Overdue => {
						tracing::error!(device, round, tiles, "claim: {word}, will be convicted");
					}
					_ => tracing::info!(device, round, tiles, credits, "claim: {word}"),
				}
			}
		}
		let oldest = status.claims.first().map_or(u32::MAX, |claim| claim.round);
		self.told.states.retain(|round, _| *round >= oldest);
		self.openings.retain(|(round, _), _| *round >= oldest);
		let news = status.outcome != self.told.outcome && self.told.begun;
		self.told.outcome = status.outcome;
		self.told.begun = true;
		if let Some((round, sentence)) = status.outcome.filter(|_| news) {
			let buffer = crate::cli::units(status.buffer);
			let required = crate::cli::units(status.required);
			tracing::info!(device, round, buffer, required, "settled: {sentence}");
			self.metrics.round("settled");
		}
	}
}
