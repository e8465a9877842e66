//! The GPU market: its calls, and reading offers and leases.

mod calls;
mod convert;
mod types;

pub use calls::MarketCall;
pub use types::*;

use super::{failed, runtime, AccountId, Chain, Error, Head, Service};
use assay_market::{Parameters, Reputation, MAX_DEVICES};
use subxt::{OnlineClientAtBlock, SubstrateConfig};

type At = OnlineClientAtBlock<SubstrateConfig>;

/// Entries of a full page of names.
const PAGE: usize = 256;
/// Most leases that a worker looks at after one block: whoever floods it with requests must not keep
/// it from its other duties.
const LOOKED_AT: usize = 64;

impl Chain {
	/// The numbers of the market.
	pub async fn market_rules(&self, head: Head) -> Result<Parameters, Error> {
		self.market_rules_at(&self.at(head).await?).await
	}

	async fn market_rules_at(&self, at: &At) -> Result<Parameters, Error> {
		let view = runtime::view_functions().gpu_market().parameters();
		Ok(convert::parameters(&self.view(at, "numbers of the market", view).await?))
	}

	/// What is held for an offer, in units of 10⁻¹² ASY.
	pub async fn offer_deposit(&self, head: Head) -> Result<u128, Error> {
		let at = self.at(head).await?;
		at.constants()
			.entry(runtime::constants().gpu_market().offer_deposit())
			.map_err(|error| failed("constants", &error))
	}

	/// A worker's attendance; nothing if it has neither an offer nor a lease that was taken.
	pub async fn presence(&self, head: Head, worker: u64) -> Result<Option<Presence>, Error> {
		self.presence_at(&self.at(head).await?, worker).await
	}

	async fn presence_at(&self, at: &At, worker: u64) -> Result<Option<Presence>, Error> {
		let view = runtime::view_functions().gpu_market().presence(worker);
		let view = self.view(at, "attendance of a worker", view).await?;
		Ok(view.as_ref().map(convert::presence))
	}

	/// Where the API of a worker is, if it has announced that.
	pub async fn endpoint(&self, head: Head, worker: u64) -> Result<Option<Endpoint>, Error> {
		self.endpoint_at(&self.at(head).await?, worker).await
	}

	async fn endpoint_at(&self, at: &At, worker: u64) -> Result<Option<Endpoint>, Error> {
		let view = runtime::view_functions().gpu_market().endpoint(worker);
		Ok(self.view(at, "address of a worker", view).await?.as_ref().map(convert::endpoint))
	}

	/// All that decides what a worker has to do. Of many leases, those from `cursor` on.
	pub async fn market(
		&self,
		head: Head,
		worker: u64,
		cursor: Option<u64>,
	) -> Result<Market, Error> {
		let at = self.at(head).await?;
		let rules = self.market_rules_at(&at).await?;
		let presence = self.presence_at(&at, worker).await?;
		let endpoint = self.endpoint_at(&at, worker).await?;
		let mut ids = self.page_at(&at, worker, cursor).await?;
		let more = ids.len() > LOOKED_AT;
		ids.truncate(LOOKED_AT);
		let next = ids.last().copied().filter(|_| more);
		let mut leases = Vec::with_capacity(ids.len());
		for id in ids {
			leases.extend(self.lease_at(&at, id).await?);
		}
		leases.sort_by_key(|view| view.id);
		let requested = |view: &LeaseView| matches!(view.lease.state, LeaseState::Requested { .. });
		let (mut free, mut active, mut free_stake) = (Vec::new(), false, 0);
		if leases.iter().any(requested) {
			if let Some(view) = self.worker(head, worker).await? {
				free = view.devices.iter().filter(|d| d.occupied == 0).map(|d| d.device).collect();
				free.sort_unstable();
				active = view.activity == "active";
				let operator = self.operator(head, &view.operator).await?;
				let allocation = operator.as_ref().and_then(|o| o.allocation(Service::Market));
				free_stake = allocation.map_or(0, |allocation| allocation.free);
			}
		}
		let head = head.number;
		Ok(Market { head, rules, presence, endpoint, free, active, free_stake, leases, next })
	}

	/// An offer, with what it proves and what is free.
	pub async fn offer(&self, head: Head, id: u64) -> Result<Option<OfferView>, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().gpu_market().offer(id);
		Ok(self.view(&at, "offer", view).await?.map(convert::offer_view))
	}

	/// All offers with their names, oldest first.
	pub async fn offers(&self, head: Head) -> Result<Vec<(u64, Offer)>, Error> {
		const DOING: &str = "offers";
		let at = self.at(head).await?;
		let storage = at.storage();
		let entry = runtime::storage().gpu_market().offers();
		let mut entries = self.within(DOING, storage.iter(entry, ())).await?;
		let mut offers = Vec::new();
		while let Some(entry) = self.next_of(DOING, entries.next()).await? {
			let key = entry.key().map_err(|error| failed(DOING, &error))?;
			let (id,) = key.decode().map_err(|error| failed(DOING, &error))?;
			let offer = entry.value().decode().map_err(|error| failed(DOING, &error))?;
			offers.push((id, convert::offer(offer)));
		}
		offers.sort_by_key(|(id, _)| *id);
		Ok(offers)
	}

	/// The next entry of a stream, in time.
	async fn next_of<T, E: std::error::Error + 'static>(
		&self,
		doing: &'static str,
		next: impl std::future::Future<Output = Option<Result<T, E>>>,
	) -> Result<Option<T>, Error> {
		self.within(doing, async { next.await.transpose() }).await
	}

	/// The offers that fit and could be rented now, the cheapest first: as many as one call may name.
	pub async fn candidates(
		&self,
		head: Head,
		requirements: &Requirements,
	) -> Result<Vec<OfferView>, Error> {
		let at = self.at(head).await?;
		let spot = requirements.ask.spot;
		let most = usize::try_from(MAX_DEVICES).unwrap_or(usize::MAX);
		let (mut found, mut cursor) = (Vec::new(), None);
		loop {
			let wanted = requirements.clone().into();
			let view =
				runtime::view_functions().gpu_market().candidates(wanted, cursor, MAX_DEVICES);
			let page = self.view(&at, "offers that fit", view).await?;
			found.extend(page.offers.into_iter().map(convert::offer_view));
			found.sort_by_key(|view: &OfferView| (view.offer.terms.price_of(spot), view.id));
			found.truncate(most);
			cursor = page.next;
			if cursor.is_none() {
				return Ok(found);
			}
		}
	}

	/// What a lease of an offer would cost; nothing if it could not be rented now.
	pub async fn quote(
		&self,
		head: Head,
		offer: u64,
		count: u32,
		ask: Ask,
	) -> Result<Option<Quote>, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().gpu_market().quote(offer, count, ask.into());
		Ok(self.view(&at, "price of a lease", view).await?.as_ref().map(convert::quote))
	}

	/// A lease, with what a settlement would do now.
	pub async fn lease(&self, head: Head, id: u64) -> Result<Option<LeaseView>, Error> {
		self.lease_at(&self.at(head).await?, id).await
	}

	async fn lease_at(&self, at: &At, id: u64) -> Result<Option<LeaseView>, Error> {
		let view = runtime::view_functions().gpu_market().lease(id);
		Ok(self.view(at, "lease", view).await?.map(convert::lease_view))
	}

	async fn page_at(&self, at: &At, worker: u64, cursor: Option<u64>) -> Result<Vec<u64>, Error> {
		let view = runtime::view_functions().gpu_market().leases_at(worker, cursor);
		self.view(at, "leases of a worker", view).await
	}

	/// All leases of a renter, oldest first.
	pub async fn leases_of(&self, head: Head, renter: &AccountId) -> Result<Vec<LeaseView>, Error> {
		let at = self.at(head).await?;
		let (mut leases, mut cursor) = (Vec::new(), None);
		loop {
			let view = runtime::view_functions().gpu_market().leases_of(*renter, cursor);
			let page = self.view(&at, "leases of a renter", view).await?;
			cursor = page.last().copied().filter(|_| page.len() == PAGE);
			for id in page {
				leases.extend(self.lease_at(&at, id).await?);
			}
			if cursor.is_none() {
				leases.sort_by_key(|view: &LeaseView| view.id);
				return Ok(leases);
			}
		}
	}

	/// All leases of a worker, oldest first.
	pub async fn leases_at(&self, head: Head, worker: u64) -> Result<Vec<LeaseView>, Error> {
		let at = self.at(head).await?;
		let (mut leases, mut cursor) = (Vec::new(), None);
		loop {
			let page = self.page_at(&at, worker, cursor).await?;
			cursor = page.last().copied().filter(|_| page.len() == PAGE);
			for id in page {
				leases.extend(self.lease_at(&at, id).await?);
			}
			if cursor.is_none() {
				leases.sort_by_key(|view: &LeaseView| view.id);
				return Ok(leases);
			}
		}
	}

	/// What an operator is known for, as of now.
	pub async fn reputation(&self, head: Head, operator: &AccountId) -> Result<Reputation, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().gpu_market().reputation(*operator);
		Ok(convert::reputation(&self.view(&at, "reputation", view).await?))
	}
}
