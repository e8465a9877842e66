//! What an operator promises to services, and when a change of it holds.
//!
//! A change is announced and waits; it is carried out when the operator's record is next read
//! after it is due. Nothing has to happen in its block, and nobody sees a record without it.

use crate::{
	pallet::{AllocationDelay, AllocationDelayFloor, Config, Error, Event, Operators, Pallet},
	types::{Activity, Balance, Change, OperatorRecordOf, Service},
};
use assay_economics::{
	allocation::{LedgerError, UNRESERVED},
	commission::{check_raise, CommissionError, CommissionRules},
	MILLION,
};
use frame_support::{dispatch::DispatchResult, ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
	helpers_128bit::multiply_by_rational_with_rounding,
	traits::{Saturating, Zero},
	DispatchError, Permill, Rounding,
};

/// The amount that a share of the stake is, rounded down.
fn amount_of(share_ppm: u32, stake: Balance) -> Balance {
	Permill::from_parts(share_ppm).mul_floor(stake)
}

/// The share of the stake that an amount is, in parts in a million, to the nearest.
fn share_of(amount: Balance, stake: Balance) -> u32 {
	multiply_by_rational_with_rounding(amount, MILLION.into(), stake, Rounding::NearestPrefDown)
		.and_then(|share| u32::try_from(share).ok())
		.unwrap_or_default()
}

/// The part of an amount that `numerator` is of `denominator`, rounded down; nothing of nothing.
pub(crate) fn part(of: Balance, numerator: Balance, denominator: Balance) -> Balance {
	multiply_by_rational_with_rounding(of, numerator, denominator, Rounding::Down)
		.unwrap_or_default()
}

impl<T: Config> Pallet<T> {
	/// The record of an operator with every change that is due.
	pub(crate) fn operator(who: &T::AccountId) -> Result<OperatorRecordOf<T>, DispatchError> {
		let mut record = Operators::<T>::get(who).ok_or(Error::<T>::UnknownOperator)?;
		Self::settle_changes(&mut record, Self::now());
		Ok(record)
	}

	/// Carries out the changes that are due at `now`. One that open obligations stand against, a
	/// cut or a raise for the validators, goes as far as they allow and remains.
	fn settle_changes(record: &mut OperatorRecordOf<T>, now: BlockNumberFor<T>) {
		if let Some((commission_ppm, _)) = record.commission_change.filter(|(_, due)| *due <= now) {
			record.commission_ppm = commission_ppm;
			record.commission_change = None;
		}
		let (stake, bonded) = (record.stake(), record.bonded);
		let ledger = &mut record.ledger;
		// Cuts first: what they free is there for the raises.
		for raise in [false, true] {
			for (service, pending) in record.changes.iter_mut().enumerate() {
				let Some(change) =
					pending.filter(|change| change.raise == raise && change.due <= now)
				else {
					continue;
				};
				let target = amount_of(change.share_ppm, stake);
				let complete = if raise {
					let most = match service {
						UNRESERVED => ledger.electable(bonded, stake),
						_ => stake,
					};
					ledger.raise(service, target.min(most), stake);
					target <= most
				} else {
					ledger.cut(service, target);
					ledger.allocated(service) <= target
				};
				if complete {
					*pending = None;
				}
			}
		}
	}

	/// What a ledger's refusal means to the caller.
	pub(crate) fn ledger_error(error: LedgerError) -> DispatchError {
		match error {
			LedgerError::AboveAllocation => Error::<T>::InsufficientStake.into(),
			LedgerError::ReservedStake => Error::<T>::StakeIsReserved.into(),
			LedgerError::UnknownService | LedgerError::Overflow => DispatchError::Corruption,
		}
	}

	/// Whether an operator's workers may begin new work.
	pub(crate) fn activity(record: &OperatorRecordOf<T>) -> Activity {
		if record.retiring_since.is_some() {
			Activity::Retiring
		} else if record.bonded < T::MinimumBond::get() {
			Activity::BondBelowMinimum
		} else if record.ledger.total_reserved() > record.backing(0) {
			Activity::Overcommitted
		} else {
			Activity::Active
		}
	}

	/// Up to where a service's reservations may grow: what is about to be cut backs nothing new.
	pub(crate) fn ceiling(record: &OperatorRecordOf<T>, service: Service) -> Balance {
		let allocated = record.ledger.allocated(service.index());
		record
			.changes
			.get(service.index())
			.copied()
			.flatten()
			.filter(|change| !change.raise)
			.map_or(allocated, |change| amount_of(change.share_ppm, record.stake()).min(allocated))
	}

	/// What a service could reserve now.
	pub(crate) fn free_in(record: &OperatorRecordOf<T>, service: Service) -> Balance {
		if Self::activity(record) != Activity::Active {
			return 0;
		}
		let ledger = &record.ledger;
		let of_service =
			Self::ceiling(record, service).saturating_sub(ledger.reserved(service.index()));
		of_service.min(record.backing(0).saturating_sub(ledger.total_reserved()))
	}

	/// Whether nothing can be taken from the operator's stake: nothing is or will be allocated,
	/// and no conviction may still be cancelled.
	pub(crate) fn is_unencumbered(record: &OperatorRecordOf<T>) -> bool {
		record.ledger.total_allocated().is_zero()
			&& record.changes.iter().all(Option::is_none)
			&& record.convictions == 0
	}

	/// Allocates a newcomer's stake at once: it has no delegators and owes nothing.
	pub(crate) fn allocate_first(
		record: &mut OperatorRecordOf<T>,
		allocations: &[(Service, u32)],
	) -> DispatchResult {
		let stake = record.stake();
		let mut whole = 0u32;
		for (place, (service, share_ppm)) in allocations.iter().enumerate() {
			ensure!(
				!allocations.iter().take(place).any(|(earlier, _)| earlier == service),
				Error::<T>::ServiceNamedTwice
			);
			whole = whole.saturating_add(*share_ppm);
			ensure!(whole <= MILLION, Error::<T>::AllocationsExceedStake);
			record.ledger.raise(service.index(), amount_of(*share_ppm, stake), stake);
		}
		Ok(())
	}

	pub(crate) fn do_allocate(
		operator: T::AccountId,
		service: Service,
		share_ppm: u32,
	) -> DispatchResult {
		let mut record = Self::operator(&operator)?;
		ensure!(share_ppm <= MILLION, Error::<T>::AllocationsExceedStake);
		let now = Self::now();
		let stake = record.stake();
		let present = share_of(record.ledger.allocated(service.index()), stake);
		let pending = record.changes.get_mut(service.index()).ok_or(DispatchError::Corruption)?;
		let due = if share_ppm == present {
			ensure!(pending.is_some(), Error::<T>::NothingToChange);
			*pending = None;
			now
		} else {
			let raise = share_ppm > present;
			let delay = if raise { AllocationDelay::<T>::get() } else { T::UnbondingDelay::get() };
			let due = now.saturating_add(delay);
			*pending = Some(Change { share_ppm, due, raise });
			if raise {
				ensure!(record.retiring_since.is_none(), Error::<T>::OperatorRetiring);
				ensure!(Self::promised(&record) <= stake, Error::<T>::AllocationsExceedStake);
			}
			due
		};
		Operators::<T>::insert(&operator, record);
		Self::deposit_event(Event::AllocationAnnounced { operator, service, share_ppm, due });
		Ok(())
	}

	/// All allocations together once every announced raise holds, and no cut.
	pub(crate) fn promised(record: &OperatorRecordOf<T>) -> Balance {
		let stake = record.stake();
		record.changes.iter().enumerate().fold(0, |sum: Balance, (service, change)| {
			let allocated = record.ledger.allocated(service);
			let target = change
				.filter(|change| change.raise)
				.map_or(allocated, |change| amount_of(change.share_ppm, stake).max(allocated));
			sum.saturating_add(target)
		})
	}

	pub(crate) fn do_set_allocation_delay(blocks: BlockNumberFor<T>) -> DispatchResult {
		ensure!(blocks >= AllocationDelayFloor::<T>::get(), Error::<T>::AllocationDelayTooShort);
		AllocationDelay::<T>::put(blocks);
		Self::deposit_event(Event::AllocationDelaySet { blocks });
		Ok(())
	}

	pub(crate) fn do_set_commission(operator: T::AccountId, commission_ppm: u32) -> DispatchResult {
		let mut record = Self::operator(&operator)?;
		let now = Self::now();
		let due = if commission_ppm <= record.commission_ppm {
			// A raise that was announced on top of the former commission must not follow a cut.
			let had_raise = record.commission_change.take().is_some();
			ensure!(
				had_raise || commission_ppm < record.commission_ppm,
				Error::<T>::NothingToChange
			);
			record.commission_ppm = commission_ppm;
			now
		} else {
			ensure!(record.commission_change.is_none(), Error::<T>::CommissionRaisePending);
			let rules = CommissionRules {
				max_ppm: T::MaxCommission::get(),
				max_raise_ppm: T::MaxCommissionRaise::get(),
			};
			check_raise(record.commission_ppm, commission_ppm, &rules).map_err(
				|error| match error {
					CommissionError::AboveMaximum => Error::<T>::CommissionTooHigh,
					CommissionError::RaiseTooLarge => Error::<T>::CommissionRaiseTooLarge,
				},
			)?;
			let due = now.saturating_add(T::CommissionDelay::get());
			record.commission_change = Some((commission_ppm, due));
			due
		};
		Operators::<T>::insert(&operator, record);
		Self::deposit_event(Event::CommissionAnnounced { operator, commission_ppm, due });
		Ok(())
	}
}
