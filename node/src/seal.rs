//! Blocks on a timer, for development chains and tests that take seconds.
//!
//! Every block is a valid BABE block: it claims the next slot that this node's keys may claim, by
//! BABE's own rule and with BABE's own VRF, and it is sealed with the author's key. The runtime's
//! beacon therefore sees the same digests as on a live chain. The data provider that comes with
//! manual seal is not used because it falls back to plain digests, which carry no VRF, and leaves
//! blocks unsealed.
//!
//! The clock of such a chain is its slots: each block has the time of its slot, so with blocks
//! faster than slots the chain's time runs ahead of the wall clock. Other nodes refuse such blocks
//! as long as their slots lie in the future; this is for chains of one node.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use assay_runtime::opaque::{Block, Header};
use futures::channel::oneshot;
use futures_timer::Delay;
use sc_consensus::{BlockImport, BlockImportParams};
use sc_consensus_babe::{
	authorship, find_pre_digest, BabeConfiguration, BabeIntermediate, BabeLink,
	CompatibleDigestItem, Epoch, PreDigest, INTERMEDIATE_KEY,
};
use sc_consensus_epochs::{descendent_query, SharedEpochChanges, ViableEpochDescriptor};
use sc_consensus_manual_seal::{seal_block, ConsensusDataProvider, Error, SealBlockParams};
use sc_transaction_pool_api::TransactionPool;
use sp_api::StorageProof;
use sp_consensus::{Environment, Proposer};
use sp_consensus_babe::{
	inherents::{
		BabeCreateInherentDataProviders, BabeInherentData,
		InherentDataProvider as SlotInherentDataProvider,
	},
	Slot, SlotDuration,
};
use sp_core::H256;
use sp_inherents::{CreateInherentDataProviders, InherentData};
use sp_keystore::KeystorePtr;
use sp_runtime::{traits::Header as _, Digest, DigestItem};
use sp_timestamp::{InherentDataProvider as TimeInherentDataProvider, Timestamp};

use crate::service::{FullClient, FullSelectChain};

/// How many slots of absent authors may be passed over in search of one of our own.
const MAX_SKIPPED_SLOTS: u64 = 1_000;

type Descriptor = ViableEpochDescriptor<H256, u32, Epoch>;

/// Claims slots for blocks that are made on a timer.
pub(crate) struct TimedSeal {
	client: Arc<FullClient>,
	keystore: KeystorePtr,
	epoch_changes: SharedEpochChanges<Block, Epoch>,
	config: BabeConfiguration,
}

impl TimedSeal {
	/// Claims with the keys of `keystore`, in the epochs that `link`'s block import sees.
	pub(crate) fn new(
		client: Arc<FullClient>,
		keystore: KeystorePtr,
		link: &BabeLink<Block>,
	) -> Self {
		let epoch_changes = link.epoch_changes().clone();
		Self { client, keystore, epoch_changes, config: link.config().clone() }
	}

	fn epoch(&self, parent: &Header, slot: Slot) -> Result<(Descriptor, Epoch), Error> {
		let epoch_changes = self.epoch_changes.shared_data();
		let descriptor = epoch_changes
			.epoch_descriptor_for_child_of(
				descendent_query(&*self.client),
				&parent.hash(),
				*parent.number(),
				slot,
			)
			.map_err(|error| Error::StringError(format!("no epoch for slot {slot}: {error}")))?
			.ok_or(sp_consensus::Error::InvalidAuthoritiesSet)?;
		let epoch = epoch_changes
			.viable_epoch(&descriptor, |slot| Epoch::genesis(&self.config, slot))
			.ok_or(sp_consensus::Error::InvalidAuthoritiesSet)?
			.as_ref()
			.clone();
		Ok((descriptor, epoch))
	}

	/// Our claim of `slot` on top of `parent`; `None` when the slot is another's, or when it would
	/// come without a VRF.
	fn claim(&self, parent: &Header, slot: Slot) -> Result<Option<PreDigest>, Error> {
		let (_, epoch) = self.epoch(parent, slot)?;
		Ok(authorship::claim_slot(slot, &epoch, &self.keystore)
			.map(|(digest, _)| digest)
			.filter(|digest| digest.vrf_signature().is_some()))
	}

	/// The first slot after `parent`'s that can be claimed. Usually that is the very next one; the
	/// first block of a chain starts at the wall clock's.
	fn next_slot(&self, parent: &Header) -> Result<Slot, Error> {
		let earliest = if *parent.number() == 0 {
			Slot::from_timestamp(Timestamp::current(), self.config.slot_duration())
		} else {
			slot_of(parent)? + 1
		};
		for skipped in 0..MAX_SKIPPED_SLOTS {
			let slot = earliest + skipped;
			if self.claim(parent, slot)?.is_some() {
				return Ok(slot);
			}
		}
		Err(Error::StringError(
			"no slot can be claimed: the keystore holds no BABE key of a current authority".into(),
		))
	}

	/// Slot and time of the block to be made on top of a given parent.
	pub(crate) fn inherents(self: Arc<Self>) -> impl CreateInherentDataProviders<Block, ()> {
		move |parent: H256, ()| {
			let inherents = header(&self.client, parent)
				.and_then(|parent| self.next_slot(&parent))
				.map(|slot| inherents_at(slot, self.config.slot_duration()))
				.map_err(boxed);
			async move { inherents }
		}
	}
}

fn header(client: &FullClient, hash: H256) -> Result<Header, Error> {
	client.header(hash)?.ok_or_else(|| Error::BlockNotFound(hash.to_string()))
}

fn slot_of(header: &Header) -> Result<Slot, Error> {
	find_pre_digest::<Block>(header)
		.map(|digest| digest.slot())
		.map_err(|error| Error::StringError(error.to_string()))
}

fn inherents_at(
	slot: Slot,
	slot_duration: SlotDuration,
) -> (SlotInherentDataProvider, TimeInherentDataProvider) {
	let time = slot.timestamp(slot_duration).unwrap_or_else(Timestamp::current);
	(SlotInherentDataProvider::new(slot), TimeInherentDataProvider::new(time))
}

impl ConsensusDataProvider<Block> for TimedSeal {
	fn create_digest(&self, parent: &Header, inherents: &InherentData) -> Result<Digest, Error> {
		let slot = inherents
			.babe_inherent_data()?
			.ok_or_else(|| Error::StringError("the inherent data name no slot".into()))?;
		let claim = self
			.claim(parent, slot)?
			.ok_or_else(|| Error::StringError(format!("slot {slot} cannot be claimed any more")))?;
		Ok(Digest { logs: vec![<DigestItem as CompatibleDigestItem>::babe_pre_digest(claim)] })
	}

	fn append_block_import(
		&self,
		parent: &Header,
		params: &mut BlockImportParams<Block>,
		_inherents: &InherentData,
		_proof: StorageProof,
	) -> Result<(), Error> {
		let claim = find_pre_digest::<Block>(&params.header)
			.map_err(|error| Error::StringError(error.to_string()))?;
		let (epoch_descriptor, epoch) = self.epoch(parent, claim.slot())?;
		let author = usize::try_from(claim.authority_index())
			.ok()
			.and_then(|index| epoch.authorities.get(index))
			.map(|(author, _)| author)
			.ok_or(sp_consensus::Error::InvalidAuthoritiesSet)?;
		let signature = self
			.keystore
			.sr25519_sign(
				sp_consensus_babe::KEY_TYPE,
				author.as_ref(),
				params.header.hash().as_ref(),
			)
			.ok()
			.flatten()
			.ok_or_else(|| Error::StringError("the author's key is not in the keystore".into()))?;
		params.post_digests.push(<DigestItem as CompatibleDigestItem>::babe_seal(signature.into()));
		params
			.insert_intermediate(INTERMEDIATE_KEY, BabeIntermediate::<Block> { epoch_descriptor });
		Ok(())
	}
}

/// What imported blocks are checked against on a chain whose clock is its slots: any slot that
/// [`TimedSeal`] may pick after the parent's passes, also when it lies ahead of the wall clock.
pub(crate) fn import_inherents(
	client: Arc<FullClient>,
	slot_duration: SlotDuration,
) -> BabeCreateInherentDataProviders<Block> {
	Arc::new(move |parent: H256, ()| {
		let latest = latest_inherents(&client, parent, slot_duration).map_err(boxed);
		async move { latest }
	})
}

fn latest_inherents(
	client: &FullClient,
	parent: H256,
	slot_duration: SlotDuration,
) -> Result<(SlotInherentDataProvider, TimeInherentDataProvider), Error> {
	let now = Slot::from_timestamp(Timestamp::current(), slot_duration);
	let parent = header(client, parent)?;
	// Skipped slots are not drift here: the block's own slot may lie that far ahead.
	let latest = match *parent.number() {
		0 => now,
		_ => now.max(slot_of(&parent)? + MAX_SKIPPED_SLOTS),
	};
	Ok(inherents_at(latest, slot_duration))
}

fn boxed(error: Error) -> Box<dyn StdError + Send + Sync> {
	error.to_string().into()
}

/// Makes a block every `block_time`, for ever. A block that fails is reported, and the next tick
/// tries again on the chain that is best then.
pub(crate) async fn run<E, I, P, C>(
	seal: Arc<TimedSeal>,
	block_time: Duration,
	mut env: E,
	mut block_import: I,
	select_chain: FullSelectChain,
	pool: Arc<P>,
	inherents: C,
) where
	E: Environment<Block> + Send + Sync + 'static,
	E::Proposer: Proposer<Block>,
	I: BlockImport<Block, Error = sp_consensus::Error> + Send + Sync + 'static,
	P: TransactionPool<Block = Block> + 'static,
	C: CreateInherentDataProviders<Block, ()>,
{
	loop {
		// After a stall (a suspended machine) this goes on at the old pace instead of catching up at
		// once. A timer of Tokio would panic in this blocking task when the runtime ends before it.
		let next = Delay::new(block_time);
		let (sender, outcome) = oneshot::channel();
		seal_block(SealBlockParams {
			create_empty: true,
			// GRANDPA finalizes, with justifications, as on every other chain.
			finalize: false,
			parent_hash: None,
			sender: Some(sender),
			pool: pool.clone(),
			client: seal.client.clone(),
			env: &mut env,
			select_chain: &select_chain,
			consensus_data_provider: Some(&*seal),
			block_import: &mut block_import,
			create_inherent_data_providers: &inherents,
		})
		.await;
		match outcome.await {
			Ok(Ok(block)) => {
				tracing::debug!(target: "seal", hash = ?block.hash, "A block was made");
			}
			Ok(Err(error)) => tracing::error!(target: "seal", "No block was made: {error}"),
			Err(_) => tracing::error!(target: "seal", "No block was made: sealing was cancelled"),
		}
		next.await;
	}
}
