//! Offers: published, changed, withdrawn, pruned, and unlisted when nobody stands behind them.

use crate::{
	clusters::Named, Config, Devices, Error, Event, HoldReason, Lease, LeaseState, NextOffer,
	Offer, OfferId, Offers, Pallet, Parameters, Presences, Region, Terms,
};
use alloc::vec::Vec;
use assay_market::{Blocks, Currency, Parameters as Rules};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use pallet_operators::{DeviceIndex, Occupancy, Security, Service, WorkerId, Workers};
use pallet_proof_of_flops::Capacity;
use sp_runtime::SaturatedConversion;

/// Whether devices are named in ascending order, and so each only once.
pub(crate) fn is_ascending(devices: &[DeviceIndex]) -> bool {
	devices.iter().zip(devices.iter().skip(1)).all(|(earlier, later)| earlier < later)
}

impl<T: Config> Pallet<T> {
	/// Refuses terms that the market does not allow for so many devices.
	fn check_terms(
		terms: &Terms,
		devices: usize,
		currency: Currency,
		rules: &Rules,
	) -> Result<(), Error<T>> {
		ensure!(rules.is_price(terms.price, currency), Error::<T>::BadPrice);
		if let Some(spot) = terms.spot {
			ensure!(rules.is_price(spot.price, currency), Error::<T>::BadPrice);
			ensure!(
				spot.price < terms.price && spot.notice <= rules.max_spot_notice,
				Error::<T>::BadSpot
			);
		}
		ensure!(
			terms.minimum_duration >= 1
				&& terms.minimum_duration <= terms.maximum_duration
				&& terms.maximum_duration <= rules.max_duration,
			Error::<T>::BadDuration
		);
		let devices: u32 = devices.saturated_into();
		ensure!((1..=devices).contains(&terms.maximum_count), Error::<T>::BadCount);
		Ok(())
	}

	pub(crate) fn do_create_offer(
		operator: T::AccountId,
		worker: WorkerId,
		devices: Devices,
		currency: Currency,
		memory_mib: u32,
		region: Region,
		terms: Terms,
	) -> DispatchResult {
		ensure!(
			T::Workers::operator_of(worker).as_ref() == Some(&operator),
			Error::<T>::NotTheOperator
		);
		ensure!(!devices.is_empty() && is_ascending(&devices), Error::<T>::BadDevices);
		ensure!(
			devices.iter().all(|device| T::Workers::device_exists(worker, *device)),
			Error::<T>::UnknownDevice
		);
		Self::check_terms(&terms, devices.len(), currency, &Parameters::<T>::get())?;
		let id = NextOffer::<T>::get();
		NextOffer::<T>::put(id.checked_add(1).ok_or(Error::<T>::NamesExhausted)?);
		let deposit = T::OfferDeposit::get();
		Self::hold(Currency::Native, HoldReason::OfferDeposit, &operator, deposit)?;
		let now = Self::now();
		Self::mutate_presence(worker, |presence| {
			presence.offers = presence.offers.saturating_add(1);
		});
		Offers::<T>::insert(
			id,
			Offer {
				operator: operator.clone(),
				worker,
				devices: devices.clone(),
				currency,
				memory_mib,
				region: region.clone(),
				terms,
				listed: true,
				changed_at: now,
				last_started: 0,
				deposit,
			},
		);
		Self::deposit_event(Event::OfferCreated {
			offer: id,
			operator,
			worker,
			devices,
			currency,
			memory_mib,
			region,
			terms,
			deposit,
		});
		Ok(())
	}

	/// An offer that is the operator's.
	fn own_offer(operator: &T::AccountId, id: OfferId) -> Result<Offer<T::AccountId>, Error<T>> {
		let offer = Offers::<T>::get(id).ok_or(Error::<T>::UnknownOffer)?;
		ensure!(offer.operator == *operator, Error::<T>::NotTheOperator);
		Ok(offer)
	}

	pub(crate) fn do_update_offer(
		operator: T::AccountId,
		id: OfferId,
		terms: Terms,
	) -> DispatchResult {
		let mut offer = Self::own_offer(&operator, id)?;
		let rules = Parameters::<T>::get();
		Self::check_terms(&terms, offer.devices.len(), offer.currency, &rules)?;
		offer.terms = terms;
		offer.listed = true;
		offer.changed_at = Self::now();
		Offers::<T>::insert(id, offer);
		Self::deposit_event(Event::OfferUpdated { offer: id, terms });
		Ok(())
	}

	pub(crate) fn do_withdraw_offer(operator: T::AccountId, id: OfferId) -> DispatchResult {
		let offer = Self::own_offer(&operator, id)?;
		Self::remove_offer(id, offer, false);
		Ok(())
	}

	pub(crate) fn do_prune_offer(id: OfferId) -> DispatchResult {
		let offer = Offers::<T>::get(id).ok_or(Error::<T>::UnknownOffer)?;
		ensure!(Self::is_stale_offer(&offer), Error::<T>::NotStale);
		Self::remove_offer(id, offer, true);
		Ok(())
	}

	/// Whether anybody may remove the offer.
	fn is_stale_offer(offer: &Offer<T::AccountId>) -> bool {
		if !T::Workers::is_active(offer.worker) {
			return true;
		}
		let last = Presences::<T>::get(offer.worker)
			.map_or(0, |presence| presence.attendance.last.max(offer.changed_at));
		let since = if offer.listed { last } else { offer.changed_at };
		Self::now().saturating_sub(since) >= Parameters::<T>::get().stale_after
	}

	fn remove_offer(id: OfferId, offer: Offer<T::AccountId>, pruned: bool) {
		Offers::<T>::remove(id);
		Self::release_deposit(HoldReason::OfferDeposit, &offer.operator, offer.deposit);
		Self::mutate_presence(offer.worker, |presence| {
			presence.offers = presence.offers.saturating_sub(1);
		});
		Self::deposit_event(Event::OfferRemoved {
			offer: id,
			operator: offer.operator,
			deposit: offer.deposit,
			pruned,
		});
	}

	/// Proven FLOP/s of each of the devices: the least that one of them proves.
	pub(crate) fn capacity_of(worker: WorkerId, devices: &[DeviceIndex]) -> u64 {
		devices.iter().map(|device| T::Capacity::capacity(worker, *device)).min().unwrap_or(0)
	}

	/// How many of the devices nobody uses.
	pub(crate) fn free_devices(worker: WorkerId, devices: &[DeviceIndex]) -> u32 {
		devices
			.iter()
			.filter(|device| {
				T::Workers::device_exists(worker, **device)
					&& T::Occupancy::occupied(worker, **device) == 0
			})
			.count()
			.saturated_into()
	}

	/// Whether the operator has enough free stake for a lease of so many devices.
	pub(crate) fn has_stake(operator: &T::AccountId, count: u32) -> bool {
		let needed = Parameters::<T>::get().lease_stake.saturating_mul(count.into());
		T::Security::free_stake(operator, Service::Market) >= needed
	}

	/// Whether the worker may be silent within the start window of a request of block `at`, as it has
	/// announced.
	pub(crate) fn is_maintained(worker: WorkerId, at: Blocks) -> bool {
		let until = at.saturating_add(Parameters::<T>::get().start_window);
		Presences::<T>::get(worker)
			.is_some_and(|presence| presence.attendance.is_maintained(at, until))
	}

	/// Unlists the offer of a request of block `at` that nobody took, if its worker could have taken
	/// it: otherwise whoever asks twice for the same device could unlist it. What was promised to
	/// other members of its cluster, which are among `leases`, was not free.
	pub(crate) fn unlist_if_idle(lease: &Lease<T::AccountId>, at: Blocks, leases: &[Named<T>]) {
		let promised = || {
			let leases = leases.iter().map(|(_, other)| other);
			leases.filter(|other| matches!(other.state, LeaseState::Waiting { .. }))
		};
		let is_promised = |device: &DeviceIndex| {
			promised().any(|other| other.worker == lease.worker && other.devices.contains(device))
		};
		let devices: Vec<_> =
			lease.devices.iter().copied().filter(|device| !is_promised(device)).collect();
		let count = promised()
			.filter(|other| other.operator == lease.operator)
			.fold(lease.count, |sum, other| sum.saturating_add(other.count));
		let idle = Offers::<T>::get(lease.offer).is_some_and(|offer| offer.last_started < at)
			&& !Self::is_maintained(lease.worker, at)
			&& Self::free_devices(lease.worker, &devices) >= lease.count
			&& Self::has_stake(&lease.operator, count);
		if idle {
			Self::unlist(lease.offer);
		}
	}

	/// Unlists an offer, if it is still there and listed.
	fn unlist(id: OfferId) {
		Offers::<T>::mutate_extant(id, |offer| {
			if offer.listed {
				offer.listed = false;
				offer.changed_at = Self::now();
				Self::deposit_event(Event::OfferUnlisted { offer: id });
			}
		});
	}
}
