//! Reports of authors that write two blocks in one slot.
//!
//! The import of BABE finds them, too, but reports the headers without their seals (sc-consensus-babe
//! 0.60), and no runtime can check those. This wraps it and reports first, with the seals; the pool
//! then refuses the other report, since both provide the same tag.

use std::{
	collections::BTreeMap,
	sync::{Arc, Mutex, PoisonError},
};

use assay_runtime::opaque::{Block, Header};
use sc_client_api::HeaderBackend;
use sc_consensus::block_import::{BlockCheckParams, BlockImport, BlockImportParams, ImportResult};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_api::{ApiExt, ProvideRuntimeApi};
use sp_consensus::{BlockOrigin, Error as ConsensusError};
use sp_consensus_babe::{
	check_equivocation_proof, digests::CompatibleDigestItem, BabeApi, EquivocationProof, Slot,
};
use sp_runtime::traits::Header as _;

use crate::service::FullClient;

/// For how many slots headers are kept.
const KEPT_SLOTS: u64 = 1_000;

/// Headers by slot and the author's place in the session.
type Seen = BTreeMap<(Slot, u32), Header>;

/// An import of blocks that watches their authors.
#[derive(Clone)]
pub(crate) struct Watch<Inner> {
	inner: Inner,
	client: Arc<FullClient>,
	transactions: OffchainTransactionPoolFactory<Block>,
	seen: Arc<Mutex<Seen>>,
}

/// Two headers of one author and slot.
struct Pair {
	slot: Slot,
	author: u32,
	first: Header,
	second: Header,
}

impl<Inner> Watch<Inner> {
	/// Watches what `inner` imports, whose seals have been checked.
	pub(crate) fn new(
		inner: Inner,
		client: Arc<FullClient>,
		transactions: OffchainTransactionPoolFactory<Block>,
	) -> Self {
		Self { inner, client, transactions, seen: Arc::default() }
	}

	/// Keeps a header, and returns it with another one of the same author and slot, if there is one.
	fn note(&self, header: Header) -> Option<Pair> {
		let mut digests = header.digest().logs().iter();
		let claim = digests.find_map(CompatibleDigestItem::as_babe_pre_digest)?;
		let (slot, author) = (claim.slot(), claim.authority_index());
		let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
		let first = seen.entry((slot, author)).or_insert_with(|| header.clone()).clone();
		let newest = seen.last_key_value().map_or(slot, |((newest, _), _)| *newest);
		let oldest = newest.saturating_sub(KEPT_SLOTS);
		while seen.first_key_value().is_some_and(|((slot, _), _)| *slot < oldest) {
			seen.pop_first();
		}
		(first != header).then_some(Pair { slot, author, first, second: header })
	}

	/// Hands a report to the transaction pool. `Err` says why it can not be made.
	fn report(&self, Pair { slot, author, first, second }: Pair) -> Result<(), String> {
		let say = |error: sp_api::ApiError| error.to_string();
		let best = self.client.info().best_hash;
		// Only a state of the session of the slot knows who the author is and proves it. The parent
		// of a session's first block is of the session before.
		for at in [*second.parent_hash(), best] {
			let epoch = self.client.runtime_api().current_epoch(at).map_err(say)?;
			let end = epoch.start_slot.saturating_add(epoch.duration);
			if slot < epoch.start_slot || slot >= end {
				continue;
			}
			let place = usize::try_from(author).map_err(|error| error.to_string())?;
			let (offender, _) =
				epoch.authorities.get(place).ok_or("the session has no such author")?.clone();
			let proof = EquivocationProof {
				slot,
				offender: offender.clone(),
				first_header: first,
				second_header: second,
			};
			if !check_equivocation_proof(proof.clone()) {
				return Err("the seals are not of the same author".into());
			}
			let mut api = self.client.runtime_api();
			let owner = api
				.generate_key_ownership_proof(at, slot, offender.clone())
				.map_err(say)?
				.ok_or("nobody owns the key")?;
			api.register_extension(self.transactions.offchain_transaction_pool(best));
			api.submit_report_equivocation_unsigned_extrinsic(best, proof, owner)
				.map_err(say)?
				.ok_or("the pool refuses it")?;
			tracing::info!(target: "babe", %offender, slot = *slot, "Reported two blocks of a slot");
			return Ok(());
		}
		Err("the session of the slot is not known".into())
	}
}

#[async_trait::async_trait]
impl<Inner> BlockImport<Block> for Watch<Inner>
where
	Inner: BlockImport<Block, Error = ConsensusError> + Send + Sync,
{
	type Error = ConsensusError;

	async fn check_block(
		&self,
		block: BlockCheckParams<Block>,
	) -> Result<ImportResult, Self::Error> {
		self.inner.check_block(block).await
	}

	async fn import_block(
		&self,
		block: BlockImportParams<Block>,
	) -> Result<ImportResult, Self::Error> {
		// What is found while the node catches up is old.
		if block.origin != BlockOrigin::NetworkInitialSync {
			if let Some(pair) = self.note(block.post_header()) {
				let slot = *pair.slot;
				if let Err(error) = self.report(pair) {
					tracing::debug!(target: "babe", slot, "Two blocks of a slot not reported: {error}");
				}
			}
		}
		self.inner.import_block(block).await
	}
}
