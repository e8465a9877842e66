//! The calls of the market.

use super::{
	super::{
		runtime,
		transactions::{bounded, call_data, At},
		AccountId, Error,
	},
	Ask, Endpoint, Member, OfferTerms, Requirements, TopUp,
};
use assay_market::{Blocks, Currency};

/// A call of the market that a worker, an operator or a renter makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are the arguments of the pallet's documented calls")]
pub enum MarketCall {
	/// Publishes an offer.
	CreateOffer {
		worker: u64,
		devices: Vec<u16>,
		currency: Currency,
		memory_mib: u32,
		region: String,
		terms: OfferTerms,
	},
	/// Changes the terms of an offer and lists it.
	UpdateOffer { offer: u64, terms: OfferTerms },
	/// Withdraws an offer.
	WithdrawOffer { offer: u64 },
	/// Removes a stale offer.
	PruneOffer { offer: u64 },
	/// Attests that the worker is there.
	Heartbeat,
	/// Announces where the worker's API is.
	Announce { endpoint: Option<Endpoint> },
	/// Announces that a worker will be silent.
	AnnounceMaintenance { worker: u64, from: Blocks, until: Blocks },
	/// Cancels that, before it begins.
	CancelMaintenance { worker: u64 },
	/// Requests a lease of an offer.
	Rent { offer: u64, count: u32, ask: Ask, access: AccountId, top_up: Option<TopUp> },
	/// Requests a lease of the cheapest of these offers that fits.
	RentMatching {
		offers: Vec<u64>,
		requirements: Requirements,
		access: AccountId,
		top_up: Option<TopUp>,
	},
	/// Requests leases that start together or not at all.
	RentCluster { members: Vec<Member>, access: AccountId, top_up: Option<TopUp> },
	/// Takes a request, or promises that for the rest of its cluster.
	Ready { lease: u64, devices: Vec<u16> },
	/// Declines a request.
	Decline { lease: u64 },
	/// Ends a lease of the signer.
	End { lease: u64 },
	/// Ends a spot lease with the notice that was promised.
	GiveNotice { lease: u64 },
	/// Lengthens a lease.
	Extend { lease: u64, blocks: Blocks, max_price: u128 },
	/// Permits to lengthen a lease, or takes that back.
	SetTopUp { lease: u64, top_up: Option<TopUp> },
	/// Gives a lease to another key.
	SetAccess { lease: u64, access: AccountId },
	/// Pays what was attested, and closes what is over.
	Settle { lease: u64 },
	/// Releases a refund that the renter's account could not take before.
	ReleaseWithheld { renter: AccountId, currency: Currency },
}

impl MarketCall {
	/// Pallet and call, as in the metadata.
	pub fn name(&self) -> &'static str {
		match self {
			Self::CreateOffer { .. } => "GpuMarket.create_offer",
			Self::UpdateOffer { .. } => "GpuMarket.update_offer",
			Self::WithdrawOffer { .. } => "GpuMarket.withdraw_offer",
			Self::PruneOffer { .. } => "GpuMarket.prune_offer",
			Self::Heartbeat => "GpuMarket.heartbeat",
			Self::Announce { .. } => "GpuMarket.announce",
			Self::AnnounceMaintenance { .. } => "GpuMarket.announce_maintenance",
			Self::CancelMaintenance { .. } => "GpuMarket.cancel_maintenance",
			Self::Rent { .. } => "GpuMarket.rent",
			Self::RentMatching { .. } => "GpuMarket.rent_matching",
			Self::RentCluster { .. } => "GpuMarket.rent_cluster",
			Self::Ready { .. } => "GpuMarket.ready",
			Self::Decline { .. } => "GpuMarket.decline",
			Self::End { .. } => "GpuMarket.end",
			Self::GiveNotice { .. } => "GpuMarket.give_notice",
			Self::Extend { .. } => "GpuMarket.extend",
			Self::SetTopUp { .. } => "GpuMarket.set_top_up",
			Self::SetAccess { .. } => "GpuMarket.set_access",
			Self::Settle { .. } => "GpuMarket.settle",
			Self::ReleaseWithheld { .. } => "GpuMarket.release_withheld",
		}
	}

	pub(in super::super) fn encode(&self, at: &At) -> Result<Vec<u8>, Error> {
		let market = || runtime::transactions().gpu_market();
		match self.clone() {
			Self::CreateOffer { worker, devices, currency, memory_mib, region, terms } => {
				let (devices, region) = (bounded(devices), bounded(region.into_bytes()));
				let (currency, terms) = (currency.into(), terms.into());
				call_data(
					at,
					market().create_offer(worker, devices, currency, memory_mib, region, terms),
				)
			}
			Self::UpdateOffer { offer, terms } => {
				call_data(at, market().update_offer(offer, terms.into()))
			}
			Self::WithdrawOffer { offer } => call_data(at, market().withdraw_offer(offer)),
			Self::PruneOffer { offer } => call_data(at, market().prune_offer(offer)),
			Self::Heartbeat => call_data(at, market().heartbeat()),
			Self::Announce { endpoint } => {
				call_data(at, market().announce(endpoint.map(Into::into)))
			}
			Self::AnnounceMaintenance { worker, from, until } => {
				call_data(at, market().announce_maintenance(worker, from, until))
			}
			Self::CancelMaintenance { worker } => {
				call_data(at, market().cancel_maintenance(worker))
			}
			Self::Rent { offer, count, ask, access, top_up } => {
				let top_up = top_up.map(Into::into);
				call_data(at, market().rent(offer, count, ask.into(), access, top_up))
			}
			Self::RentMatching { offers, requirements, access, top_up } => {
				let (offers, top_up) = (bounded(offers), top_up.map(Into::into));
				call_data(at, market().rent_matching(offers, requirements.into(), access, top_up))
			}
			Self::RentCluster { members, access, top_up } => {
				let members = bounded(members.into_iter().map(Into::into).collect());
				call_data(at, market().rent_cluster(members, access, top_up.map(Into::into)))
			}
			Self::Ready { lease, devices } => {
				call_data(at, market().ready(lease, bounded(devices)))
			}
			Self::Decline { lease } => call_data(at, market().decline(lease)),
			Self::End { lease } => call_data(at, market().end(lease)),
			Self::GiveNotice { lease } => call_data(at, market().give_notice(lease)),
			Self::Extend { lease, blocks, max_price } => {
				call_data(at, market().extend(lease, blocks, max_price))
			}
			Self::SetTopUp { lease, top_up } => {
				call_data(at, market().set_top_up(lease, top_up.map(Into::into)))
			}
			Self::SetAccess { lease, access } => call_data(at, market().set_access(lease, access)),
			Self::Settle { lease } => call_data(at, market().settle(lease)),
			Self::ReleaseWithheld { renter, currency } => {
				call_data(at, market().release_withheld(renter, currency.into()))
			}
		}
	}
}
