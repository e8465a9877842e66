//! Weights of `pallet-gpu-market`.

use frame_support::weights::Weight;

/// Weights of the calls of this pallet.
pub trait WeightInfo {
	/// An offer of as many devices as there can be.
	fn create_offer() -> Weight;
	/// New terms of an offer.
	fn update_offer() -> Weight;
	/// An offer that is withdrawn.
	fn withdraw_offer() -> Weight;
	/// A stale offer that is removed.
	fn prune_offer() -> Weight;
	/// A heartbeat, however many leases the worker has.
	fn heartbeat() -> Weight;
	/// An announcement of maintenance.
	fn announce_maintenance() -> Weight;
	/// A cancellation of maintenance.
	fn cancel_maintenance() -> Weight;
	/// A request.
	fn rent() -> Weight;
	/// A request for the best of so many offers.
	fn rent_matching(offers: u32) -> Weight;
	/// Requests for so many offers.
	fn rent_cluster(members: u32) -> Weight;
	/// A request that is taken, and starts so many leases or closes a cluster of that size.
	fn ready(members: u32) -> Weight;
	/// A request that is declined, with its cluster of so many leases.
	fn decline(members: u32) -> Weight;
	/// A lease or a cluster of so many requests that its renter ends.
	fn end(members: u32) -> Weight;
	/// A provider's notice.
	fn give_notice() -> Weight;
	/// An extension.
	fn extend() -> Weight;
	/// A change of a permission.
	fn set_top_up() -> Weight;
	/// A change of access.
	fn set_access() -> Weight;
	/// A settlement of a lease that has started, which closes it.
	fn settle() -> Weight;
	/// A settlement that closes so many requests.
	fn settle_request(members: u32) -> Weight;
	/// A refund that is released.
	fn release_withheld() -> Weight;
	/// New parameters.
	fn set_parameters() -> Weight;
	/// An address that replaces another one.
	fn announce() -> Weight;
}

/// What a step weighs in this pallet's tests. A runtime has what `scripts/benchmark` measured.
const UNIT: Weight = Weight::from_parts(1_000_000, 1_000);

impl WeightInfo for () {
	fn create_offer() -> Weight {
		UNIT
	}

	fn update_offer() -> Weight {
		UNIT
	}

	fn withdraw_offer() -> Weight {
		UNIT
	}

	fn prune_offer() -> Weight {
		UNIT
	}

	fn heartbeat() -> Weight {
		UNIT
	}

	fn announce_maintenance() -> Weight {
		UNIT
	}

	fn cancel_maintenance() -> Weight {
		UNIT
	}

	fn rent() -> Weight {
		UNIT
	}

	fn rent_matching(offers: u32) -> Weight {
		UNIT.saturating_mul(u64::from(offers).saturating_add(1))
	}

	fn rent_cluster(members: u32) -> Weight {
		UNIT.saturating_mul(u64::from(members).saturating_add(1))
	}

	fn ready(members: u32) -> Weight {
		UNIT.saturating_mul(u64::from(members).saturating_add(1))
	}

	fn decline(members: u32) -> Weight {
		UNIT.saturating_mul(u64::from(members).saturating_add(1))
	}

	fn end(members: u32) -> Weight {
		UNIT.saturating_mul(u64::from(members).saturating_add(1))
	}

	fn give_notice() -> Weight {
		UNIT
	}

	fn extend() -> Weight {
		UNIT
	}

	fn set_top_up() -> Weight {
		UNIT
	}

	fn set_access() -> Weight {
		UNIT
	}

	fn settle() -> Weight {
		UNIT
	}

	fn settle_request(members: u32) -> Weight {
		UNIT.saturating_mul(u64::from(members).saturating_add(1))
	}

	fn release_withheld() -> Weight {
		UNIT
	}

	fn set_parameters() -> Weight {
		UNIT
	}

	fn announce() -> Weight {
		UNIT
	}
}
