//! The one place through which a worker's transactions go, so that its roles share the nonce of the
//! hot key.

use crate::{
	chain::{Call, Chain, Head, Submission},
	keys,
	metrics::Metrics,
	store::{Signed, Store},
	Error,
};
use std::sync::Arc;
use subxt_signer::sr25519::Keypair;

/// How often a transaction for the same purpose is signed again at once after it failed.
const MAX_ATTEMPTS: u32 = 6;
/// Blocks after which it is tried once more: what was wrong, such as an empty float, may be mended.
const RETRY_AFTER: u32 = 10;
/// Blocks that are searched for the fate of a transaction.
const SEARCH_BLOCKS: u32 = 12;

/// Where the chain stands, as far as a step needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Position {
	/// The best block.
	pub best: Head,
	/// The latest final block.
	pub finalized: Head,
}

/// Signs with the worker's hot key and keeps what was signed, by purpose, until it expires.
///
/// Roles ask for what is due at every best block. A purpose names one thing that has to get into the
/// chain once; two roles, or two steps of one role, never have the same.
#[derive(Clone)]
pub struct Submitter {
	signer: Keypair,
	store: Arc<Store>,
	metrics: Metrics,
}

impl Submitter {
	/// A submitter that signs with `signer`.
	pub fn new(signer: Keypair, store: Arc<Store>, metrics: Metrics) -> Self {
		Self { signer, store, metrics }
	}

	/// Sees that a call gets into the chain: the same bytes again while they can still be included,
	/// new ones when they cannot.
	pub async fn transact(
		&self,
		chain: &Chain,
		position: Position,
		purpose: &[u8],
		call: &Call,
	) -> Result<(), Error> {
		let account = keys::account(&self.signer);
		let best = position.best;
		let mut attempt = 1;
		if let Some(signed) = self.store.signed(purpose)? {
			let spent = chain.nonce(best, &account).await? > signed.nonce;
			if !spent && best.number.saturating_add(1) < signed.expires_at {
				match self.submit(chain, call, &signed).await? {
					Submission::Taken => return Ok(()),
					Submission::Outdated(_) | Submission::Refused(_) => (),
				}
			} else if spent {
				self.tell_fate(chain, best, call, &signed).await?;
			}
			attempt = signed.attempt.saturating_add(1);
			if attempt > MAX_ATTEMPTS && best.number < signed.signed_at.saturating_add(RETRY_AFTER)
			{
				return Ok(());
			}
		}
		let nonce = chain.next_nonce(&account).await?;
		let mut signed = chain.sign(call, &self.signer, nonce, best, position.finalized).await?;
		signed.attempt = attempt;
		self.store.set_signed(purpose, &signed)?;
		match self.submit(chain, call, &signed).await? {
			Submission::Taken => (),
			Submission::Outdated(said) | Submission::Refused(said) => {
				self.metrics.refusals.with_label_values(&[call.name()]).inc();
				tracing::error!(
					call = call.name(),
					attempt,
					said,
					"the node does not take the transaction; check the float with `assay doctor`"
				);
			}
		}
		Ok(())
	}

	async fn submit(
		&self,
		chain: &Chain,
		call: &Call,
		signed: &Signed,
	) -> Result<Submission, Error> {
		self.metrics.submissions.with_label_values(&[call.name()]).inc();
		tracing::debug!(
			call = call.name(),
			nonce = signed.nonce,
			attempt = signed.attempt,
			"submitting"
		);
		Ok(chain.submit(signed).await?)
	}

	/// Says why a transaction that was included did not do its work.
	async fn tell_fate(
		&self,
		chain: &Chain,
		best: Head,
		call: &Call,
		signed: &Signed,
	) -> Result<(), Error> {
		let first = signed.signed_at.max(best.number.saturating_sub(SEARCH_BLOCKS));
		for number in first..=best.number {
			let Some(hash) = chain.block_hash(number).await? else { continue };
			let found = chain.outcome(call.name(), &signed.hash, Head { number, hash }).await?;
			if let Some(Err(error)) = found {
				self.metrics.refusals.with_label_values(&[call.name()]).inc();
				tracing::error!(call = call.name(), block = number, %error, "refused");
				return Ok(());
			}
		}
		Ok(())
	}
}
