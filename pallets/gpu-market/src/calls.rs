//! What worker, operator and renter do with a lease.

use crate::{
	offers::is_ascending, Balance, CloseReason, Config, Devices, Error, Event, HoldReason, Lease,
	LeaseId, LeaseState, Leases, Offers, Pallet, Parameters, Presences, Running, TopUp, Withheld,
};
use assay_market::{charge::total, term, Blocks, Currency};
use frame_support::{dispatch::DispatchResult, ensure};
use pallet_operators::{Obligation, WorkerId, Workers};
use sp_runtime::{traits::Zero, DispatchError, SaturatedConversion};

impl<T: Config> Pallet<T> {
	/// The reservation that answers for a lease.
	pub(crate) fn obligation(id: LeaseId, lease: &Lease<T::AccountId>) -> Obligation {
		let device = lease.devices.first().copied().unwrap_or_default();
		Obligation { worker: lease.worker, device, nonce: id }
	}

	/// A lease that is the worker's.
	fn lease_at(worker: WorkerId, id: LeaseId) -> Result<Lease<T::AccountId>, Error<T>> {
		let lease = Leases::<T>::get(id).ok_or(Error::<T>::UnknownLease)?;
		ensure!(lease.worker == worker, Error::<T>::NotTheWorker);
		Ok(lease)
	}

	/// A lease that is the renter's.
	fn lease_of(renter: &T::AccountId, id: LeaseId) -> Result<Lease<T::AccountId>, Error<T>> {
		let lease = Leases::<T>::get(id).ok_or(Error::<T>::UnknownLease)?;
		ensure!(lease.renter == *renter, Error::<T>::NotTheRenter);
		Ok(lease)
	}

	/// Why a request of block `at` is closed: for `reason`, unless it is too old to be taken.
	fn unless_stale(at: Blocks, reason: CloseReason) -> CloseReason {
		match term::is_stale(at, Self::now(), &Parameters::<T>::get()) {
			true => CloseReason::NeverStarted,
			false => reason,
		}
	}

	/// Takes a request, or promises to. Returns how many leases that touched.
	pub(crate) fn do_ready(
		worker: WorkerId,
		id: LeaseId,
		devices: Devices,
	) -> Result<u32, DispatchError> {
		let mut lease = Self::lease_at(worker, id)?;
		let LeaseState::Requested { at } = lease.state else {
			return Err(Error::<T>::NotRequested.into());
		};
		let rules = Parameters::<T>::get();
		ensure!(!term::is_stale(at, Self::now(), &rules), Error::<T>::TooLate);
		let count: u32 = devices.len().saturated_into();
		ensure!(
			count == lease.count
				&& is_ascending(&devices)
				&& devices.iter().all(|device| lease.devices.contains(device)),
			Error::<T>::BadDevices
		);
		let mut presence = Self::presence_or_new(worker);
		Self::attend(worker, &mut presence)?;
		if lease.cluster.is_some() {
			// Nothing is taken yet, and nobody should promise what it does not have.
			ensure!(Self::free_devices(worker, &devices) == count, Error::<T>::NotEnoughDevices);
			ensure!(Self::has_stake(&lease.operator, count), Error::<T>::NotEnoughStake);
			presence.waiting = presence.waiting.saturating_add(1);
		}
		// The record is needed, whether or not it counts anything yet.
		Presences::<T>::insert(worker, presence);
		lease.devices = devices.clone();
		Offers::<T>::mutate_extant(lease.offer, |offer| offer.last_started = Self::now());
		Self::deposit_event(Event::LeaseReady { lease: id, devices });

		let Some(cluster) = lease.cluster else {
			Self::start(id, lease)?;
			return Ok(1);
		};
		lease.state = LeaseState::Waiting { at };
		Leases::<T>::insert(id, lease);
		Ok(if Self::count_ready(cluster) { Self::start_cluster(cluster) } else { 1 })
	}

	/// Declines a request. Returns how many leases were closed.
	pub(crate) fn do_decline(worker: WorkerId, id: LeaseId) -> Result<u32, DispatchError> {
		let lease = Self::lease_at(worker, id)?;
		match lease.state {
			LeaseState::Requested { at } | LeaseState::Waiting { at } => {
				// Whoever comes too late has not declined.
				let reason = Self::unless_stale(at, CloseReason::Declined);
				Ok(Self::close_request(id, lease, reason))
			}
			LeaseState::Active(_) => Err(Error::<T>::AlreadyStarted.into()),
		}
	}

	/// Ends a lease for its renter. Returns how many leases that touched.
	pub(crate) fn do_end(renter: T::AccountId, id: LeaseId) -> Result<u32, DispatchError> {
		let lease = Self::lease_of(&renter, id)?;
		match lease.state {
			LeaseState::Requested { at } | LeaseState::Waiting { at } => {
				// Nobody owes a fee for a request that nobody took in time.
				let reason = Self::unless_stale(at, CloseReason::Cancelled);
				Ok(Self::close_request(id, lease, reason))
			}
			LeaseState::Active(running) => {
				let reason = CloseReason::EndedByRenter;
				let notice = Parameters::<T>::get().end_notice;
				Self::announce_end(id, lease, running, notice, reason)?;
				Ok(1)
			}
		}
	}

	pub(crate) fn do_give_notice(who: T::AccountId, id: LeaseId) -> DispatchResult {
		let lease = Leases::<T>::get(id).ok_or(Error::<T>::UnknownLease)?;
		let provider = who == lease.operator || T::Workers::worker_of(&who) == Some(lease.worker);
		ensure!(provider, Error::<T>::NotTheOperator);
		let LeaseState::Active(running) = lease.state else {
			return Err(Error::<T>::NotActive.into());
		};
		let notice = lease.spot_notice.ok_or(Error::<T>::NotSpot)?;
		Self::announce_end(id, lease, running, notice, CloseReason::ProviderNotice)
	}

	/// Brings the end of a lease forward, and gives back what is held beyond it.
	fn announce_end(
		id: LeaseId,
		mut lease: Lease<T::AccountId>,
		mut running: Running,
		notice: Blocks,
		reason: CloseReason,
	) -> DispatchResult {
		let now = Self::now();
		ensure!(now < running.until, Error::<T>::LeaseOver);
		let until = term::after_notice(running.until, now, notice);
		ensure!(running.ending.is_none() || until < running.until, Error::<T>::AlreadyEnding);
		let refund = total(lease.price, lease.count, running.until.saturating_sub(until));
		running.until = until;
		running.ending = Some(reason);
		lease.state = LeaseState::Active(running);
		lease.escrow = lease.escrow.saturating_sub(refund);
		let (currency, renter) = (lease.currency, lease.renter.clone());
		Leases::<T>::insert(id, lease);
		Self::deposit_event(Event::EndAnnounced { lease: id, reason, until, refund });
		Self::refund(currency, &renter, refund);
		Ok(())
	}

	pub(crate) fn do_extend(
		renter: T::AccountId,
		id: LeaseId,
		blocks: Blocks,
		max_price: Balance,
	) -> DispatchResult {
		let mut lease = Self::lease_of(&renter, id)?;
		let LeaseState::Active(mut running) = lease.state else {
			return Err(Error::<T>::NotActive.into());
		};
		let now = Self::now();
		ensure!(running.ending.is_none(), Error::<T>::AlreadyEnding);
		ensure!(now < running.until, Error::<T>::LeaseOver);
		ensure!(lease.price <= max_price, Error::<T>::PriceChanged);
		let lost = Presences::<T>::get(lease.worker)
			.is_none_or(|presence| presence.attendance.is_lost(now, &Parameters::<T>::get()));
		ensure!(!lost, Error::<T>::LeasesLost);
		let latest = running.since.saturating_add(lease.maximum_duration);
		let until = running
			.until
			.checked_add(blocks)
			.filter(|until| blocks > 0 && *until <= latest)
			.ok_or(Error::<T>::TooLong)?;
		let held = total(lease.price, lease.count, blocks);
		Self::hold(lease.currency, HoldReason::Escrow, &renter, held)?;
		running.until = until;
		lease.escrow = lease.escrow.saturating_add(held);
		lease.state = LeaseState::Active(running);
		Leases::<T>::insert(id, lease);
		Self::deposit_event(Event::Extended { lease: id, until, held });
		Ok(())
	}

	pub(crate) fn do_set_top_up(
		renter: T::AccountId,
		id: LeaseId,
		top_up: Option<TopUp>,
	) -> DispatchResult {
		let mut lease = Self::lease_of(&renter, id)?;
		lease.top_up = top_up;
		Leases::<T>::insert(id, lease);
		Self::deposit_event(Event::TopUpSet { lease: id, top_up });
		Ok(())
	}

	pub(crate) fn do_set_access(
		renter: T::AccountId,
		id: LeaseId,
		access: T::AccountId,
	) -> DispatchResult {
		let mut lease = Self::lease_of(&renter, id)?;
		lease.access = access.clone();
		Leases::<T>::insert(id, lease);
		Self::deposit_event(Event::AccessSet { lease: id, access });
		Ok(())
	}

	pub(crate) fn do_release_withheld(renter: T::AccountId, currency: Currency) -> DispatchResult {
		let amount = Withheld::<T>::take(&renter, currency);
		ensure!(!amount.is_zero(), Error::<T>::NothingWithheld);
		Self::release_refund(currency, &renter, amount)?;
		Self::deposit_event(Event::RefundReleased { renter, currency, amount });
		Ok(())
	}
}
