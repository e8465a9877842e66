//! The invariants of the README, as code.

use crate::{
	offers::is_ascending, Balance, Cluster, Clusters, Config, Endpoint, Endpoints, HoldReason,
	Lease, LeaseId, LeaseState, Leases, LeasesAt, LeasesOf, NextCluster, NextLease, NextOffer,
	Offers, Pallet, Parameters, Presences, Withheld,
};
use alloc::collections::{BTreeMap, BTreeSet};
use assay_market::{charge::total, endpoint, Currency};
use frame_support::ensure;
use pallet_operators::{DeviceIndex, Occupancy, Security, Service, WorkerId, WHOLE_DEVICE};
use sp_runtime::{traits::Zero, SaturatedConversion, TryRuntimeError};

/// What one worker's record has to count.
#[derive(Default, PartialEq, Eq)]
struct Counts {
	offers: u32,
	waiting: u32,
	leases: u32,
}

impl<T: Config> Pallet<T> {
	/// Checks every invariant of the pallet's state.
	///
	/// # Errors
	/// The first one that does not hold.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		Parameters::<T>::get().validate()?;
		let mut counts = BTreeMap::<WorkerId, Counts>::new();
		Self::check_offers(&mut counts)?;
		Self::check_leases(&mut counts)?;
		Self::check_clusters()?;
		for (worker, presence) in Presences::<T>::iter() {
			let found = Counts {
				offers: presence.offers,
				waiting: presence.waiting,
				leases: presence.leases,
			};
			let expected = counts.remove(&worker).unwrap_or_default();
			ensure!(found == expected, "a worker's record counts wrongly");
			ensure!(expected != Counts::default(), "a record of a worker that nothing counts on");
			ensure!(
				presence.attendance.last <= Self::now(),
				"a heartbeat in a block that is still to come"
			);
		}
		for (worker, Endpoint { url, certificate }) in Endpoints::<T>::iter() {
			ensure!(
				Presences::<T>::contains_key(worker),
				"an address of a worker without a record"
			);
			let checked = endpoint::check(&url, certificate.as_ref());
			ensure!(checked.is_ok(), "an address that could not be announced");
		}
		ensure!(counts.is_empty(), "a worker with an offer or a lease has no record");
		Ok(())
	}

	/// Offers are well formed, and their deposits are all that is held for them.
	fn check_offers(counts: &mut BTreeMap<WorkerId, Counts>) -> Result<(), TryRuntimeError> {
		let mut deposits = BTreeMap::<T::AccountId, Balance>::new();
		for (id, offer) in Offers::<T>::iter() {
			ensure!(id < NextOffer::<T>::get(), "an offer with a name that was not given");
			ensure!(!offer.devices.is_empty(), "an offer without devices");
			ensure!(is_ascending(&offer.devices), "an offer with a device twice");
			let devices: u32 = offer.devices.len().saturated_into();
			ensure!(offer.terms.maximum_count <= devices, "an offer of more than there is");
			let sum = deposits.entry(offer.operator).or_default();
			*sum = sum.saturating_add(offer.deposit);
			let count = &mut counts.entry(offer.worker).or_default().offers;
			*count = count.saturating_add(1);
		}
		Self::check_holds(Currency::Native, HoldReason::OfferDeposit, &deposits)
	}

	/// Leases are well formed and funded, and what is held is what they say.
	fn check_leases(counts: &mut BTreeMap<WorkerId, Counts>) -> Result<(), TryRuntimeError> {
		let mut escrows = BTreeMap::<Currency, BTreeMap<T::AccountId, Balance>>::new();
		let mut deposits = BTreeMap::<T::AccountId, Balance>::new();
		let mut used = BTreeSet::<(WorkerId, DeviceIndex)>::new();
		let mut number = 0usize;
		for (id, lease) in Leases::<T>::iter() {
			number = number.saturating_add(1);
			ensure!(id < NextLease::<T>::get(), "a lease with a name that was not given");
			ensure!(LeasesOf::<T>::contains_key(&lease.renter, id), "a lease without its renter");
			ensure!(LeasesAt::<T>::contains_key(lease.worker, id), "a lease without its worker");
			ensure!(is_ascending(&lease.devices), "a lease with a device twice");
			Self::check_lease(id, &lease)?;
			let count = counts.entry(lease.worker).or_default();
			match lease.state {
				LeaseState::Requested { .. } => {}
				LeaseState::Waiting { .. } => count.waiting = count.waiting.saturating_add(1),
				LeaseState::Active(_) => count.leases = count.leases.saturating_add(1),
			}
			if *count == Counts::default() {
				counts.remove(&lease.worker);
			}
			if matches!(lease.state, LeaseState::Active(_)) {
				for device in &lease.devices {
					ensure!(used.insert((lease.worker, *device)), "a device that is leased twice");
					ensure!(
						T::Occupancy::occupied(lease.worker, *device) == WHOLE_DEVICE,
						"a leased device is not occupied"
					);
				}
			}
			let escrows = escrows.entry(lease.currency).or_default();
			let escrow = escrows.entry(lease.renter.clone()).or_default();
			*escrow = escrow.saturating_add(lease.escrow);
			let deposit = deposits.entry(lease.renter).or_default();
			*deposit = deposit.saturating_add(lease.deposit);
		}
		ensure!(LeasesOf::<T>::iter().count() == number, "a renter of a lease that is gone");
		ensure!(LeasesAt::<T>::iter().count() == number, "a worker of a lease that is gone");
		for (renter, currency, amount) in Withheld::<T>::iter() {
			ensure!(!amount.is_zero(), "nothing is withheld");
			let escrow = escrows.entry(currency).or_default().entry(renter).or_default();
			*escrow = escrow.saturating_add(amount);
		}
		for currency in [Currency::Native, Currency::Credits] {
			let escrows = escrows.remove(&currency).unwrap_or_default();
			Self::check_holds(currency, HoldReason::Escrow, &escrows)?;
		}
		Self::check_holds(Currency::Native, HoldReason::LeaseDeposit, &deposits)
	}

	/// Every account has so much on hold for a reason, and whoever is not named has nothing.
	fn check_holds(
		currency: Currency,
		reason: HoldReason,
		expected: &BTreeMap<T::AccountId, Balance>,
	) -> Result<(), TryRuntimeError> {
		let complaint = match reason {
			HoldReason::OfferDeposit => "the deposits of an operator's offers are not what is held",
			HoldReason::LeaseDeposit => "the deposits of a renter's leases are not what is held",
			HoldReason::Escrow => "the escrow of a renter's leases is not what is held",
		};
		for who in frame_system::Account::<T>::iter_keys() {
			ensure!(
				Self::held(currency, reason, &who) == expected.get(&who).copied().unwrap_or(0),
				complaint
			);
		}
		Ok(())
	}

	/// One lease is funded for exactly what is not settled, and stake answers for it once it runs.
	fn check_lease(id: LeaseId, lease: &Lease<T::AccountId>) -> Result<(), TryRuntimeError> {
		let devices: u32 = lease.devices.len().saturated_into();
		let blocks = match lease.state {
			LeaseState::Requested { .. } => {
				ensure!(lease.count <= devices, "a request for more than was offered");
				ensure!(lease.owed.is_zero(), "a request that owes something");
				lease.duration
			}
			LeaseState::Waiting { .. } => {
				ensure!(lease.cluster.is_some(), "a lease waits for nobody");
				lease.duration
			}
			LeaseState::Active(running) => {
				ensure!(running.since <= running.checkpoint.block, "settled before it began");
				ensure!(running.checkpoint.block <= running.until, "settled beyond its end");
				ensure!(
					running.until <= running.since.saturating_add(lease.maximum_duration),
					"a lease that is too long"
				);
				running.until.saturating_sub(running.checkpoint.block)
			}
		};
		let escrow = total(lease.price, lease.count, blocks).saturating_add(lease.owed);
		ensure!(lease.escrow == escrow, "the escrow of a lease is not what it has to pay");
		let obligation = Self::obligation(id, lease);
		let reserved = T::Security::reserved(&lease.operator, Service::Market, obligation);
		match lease.state {
			LeaseState::Requested { .. } => {}
			LeaseState::Waiting { .. } => {
				ensure!(lease.count == devices, "a lease without the devices that it waits for");
				ensure!(reserved.is_zero(), "stake is reserved for a lease that has not started");
			}
			LeaseState::Active(_) => {
				ensure!(lease.count == devices, "a lease without the devices that it pays for");
				ensure!(
					lease.proven.len() == lease.devices.len(),
					"nobody knows what a device had proven"
				);
				ensure!(!reserved.is_zero(), "no stake answers for a lease");
			}
		}
		Ok(())
	}

	/// Clusters have members that have not started, and count those that are ready.
	fn check_clusters() -> Result<(), TryRuntimeError> {
		let mut members_of_clusters = 0usize;
		for (id, Cluster { members, ready }) in Clusters::<T>::iter() {
			ensure!(id < NextCluster::<T>::get(), "a cluster with a name that was not given");
			let mut waiting = 0u32;
			for member in members {
				let lease = Leases::<T>::get(member).ok_or("a member of a cluster is gone")?;
				ensure!(lease.cluster == Some(id), "a member of another cluster");
				members_of_clusters = members_of_clusters.saturating_add(1);
				match lease.state {
					LeaseState::Requested { .. } => {}
					LeaseState::Waiting { .. } => waiting = waiting.saturating_add(1),
					LeaseState::Active(_) => return Err("a cluster that has started".into()),
				}
			}
			ensure!(waiting == ready, "a cluster counts its ready members wrongly");
		}
		let not_started = Leases::<T>::iter_values()
			.filter(|lease| {
				lease.cluster.is_some() && !matches!(lease.state, LeaseState::Active(_))
			})
			.count();
		ensure!(not_started == members_of_clusters, "a member without its cluster");
		Ok(())
	}
}
