//! What the view functions answer.

use crate::{
	Ask, Candidates, CloseReason, Config, Lease, LeaseId, LeaseState, LeaseView, LeasesAt,
	LeasesOf, Offer, OfferId, OfferView, Offers, Pallet, Parameters, Presences, Quote, Reputations,
	Requirements,
};
use alloc::vec::Vec;
use assay_market::{
	charge::{cancellation_fee, fee, total, Charge},
	term, Reputation,
};
use frame_support::traits::Get;
use pallet_operators::{WorkerId, Workers};
use sp_runtime::SaturatedConversion;

/// Most entries that one page looks at.
const PAGE: usize = 256;

impl<T: Config> Pallet<T> {
	pub(crate) fn view_offer(id: OfferId, offer: Offer<T::AccountId>) -> OfferView<T::AccountId> {
		let now = Self::now();
		let attendance = Presences::<T>::get(offer.worker).map(|presence| presence.attendance);
		OfferView {
			id,
			capacity: Self::capacity_of(offer.worker, &offer.devices),
			free: Self::free_devices(offer.worker, &offer.devices),
			active: T::Workers::is_active(offer.worker),
			last_seen: attendance.map_or(0, |attendance| attendance.last),
			maintenance: attendance
				.and_then(|attendance| attendance.maintenance)
				.filter(|window| now < window.until),
			offer,
		}
	}

	pub(crate) fn view_candidates(
		requirements: &Requirements,
		cursor: Option<OfferId>,
		limit: u32,
	) -> Candidates<T::AccountId> {
		let limit: usize = limit.saturated_into();
		let mut entries = match cursor {
			Some(cursor) => Offers::<T>::iter_from_key(cursor),
			None => Offers::<T>::iter(),
		};
		let mut found = Vec::new();
		let mut last = None;
		for (id, offer) in entries.by_ref().take(PAGE) {
			last = Some(id);
			if let Some(deal) = Self::match_offer(&offer, requirements) {
				found.push((deal.price, id, offer));
			}
		}
		found.sort_by_key(|(price, id, _)| (*price, *id));
		found.truncate(limit);
		Candidates {
			offers: found.into_iter().map(|(_, id, offer)| Self::view_offer(id, offer)).collect(),
			next: last.filter(|_| entries.next().is_some()),
		}
	}

	pub(crate) fn view_quote(id: OfferId, count: u32, ask: &Ask) -> Option<Quote> {
		let offer = Offers::<T>::get(id)?;
		let deal = Self::deal(&offer, count, ask).ok()?;
		let rules = Parameters::<T>::get();
		let escrow = total(deal.price, count, ask.duration);
		let gpu_blocks = u128::from(ask.duration).saturating_mul(count.into());
		Some(Quote {
			currency: offer.currency,
			price: deal.price,
			escrow,
			deposit: T::LeaseDeposit::get(),
			fee: fee(escrow, gpu_blocks, offer.currency, &rules),
			cancellation_fee: cancellation_fee(escrow, count, offer.currency, &rules),
			capacity: deal.capacity,
			stake: rules.lease_stake.saturating_mul(count.into()),
		})
	}

	pub(crate) fn view_lease(id: LeaseId, lease: Lease<T::AccountId>) -> LeaseView<T::AccountId> {
		let now = Self::now();
		let rules = Parameters::<T>::get();
		let running = match lease.state {
			LeaseState::Requested { at } | LeaseState::Waiting { at } => {
				let window = rules.start_window.saturating_sub(1);
				let cancellation =
					cancellation_fee(lease.escrow, lease.count, lease.currency, &rules);
				return LeaseView {
					id,
					due: 0,
					fee: 0,
					refund: 0,
					refundable: lease.escrow.saturating_sub(cancellation),
					deadline: at.saturating_add(window),
					closes: term::is_stale(at, now, &rules).then_some(CloseReason::NeverStarted),
					tops_up: false,
					lease,
				};
			}
			LeaseState::Active(running) => running,
		};
		let attendance = Self::attendance_of(lease.worker, &running);
		let span = Self::span_of(&lease, &running, &attendance);
		let Charge { net, fee, refund } = Self::charge_for(&lease, &span, &rules);
		let end = term::after_notice(running.until, now, rules.end_notice);
		let (closes, tops_up) = Self::outlook(&lease, &running, &attendance, refund, &rules);
		LeaseView {
			id,
			due: lease.owed.saturating_add(net),
			fee,
			refund,
			refundable: total(lease.price, lease.count, running.until.saturating_sub(end)),
			deadline: attendance.deadline(&rules),
			closes,
			tops_up,
			lease,
		}
	}

	pub(crate) fn view_leases_of(renter: &T::AccountId, cursor: Option<LeaseId>) -> Vec<LeaseId> {
		match cursor {
			Some(cursor) => LeasesOf::<T>::iter_key_prefix_from(
				renter,
				LeasesOf::<T>::hashed_key_for(renter, cursor),
			)
			.take(PAGE)
			.collect(),
			None => LeasesOf::<T>::iter_key_prefix(renter).take(PAGE).collect(),
		}
	}

	pub(crate) fn view_leases_at(worker: WorkerId, cursor: Option<LeaseId>) -> Vec<LeaseId> {
		match cursor {
			Some(cursor) => LeasesAt::<T>::iter_key_prefix_from(
				worker,
				LeasesAt::<T>::hashed_key_for(worker, cursor),
			)
			.take(PAGE)
			.collect(),
			None => LeasesAt::<T>::iter_key_prefix(worker).take(PAGE).collect(),
		}
	}

	pub(crate) fn view_reputation(operator: &T::AccountId) -> Reputation {
		Reputations::<T>::get(operator).at(Self::now(), Parameters::<T>::get().half_life)
	}
}
