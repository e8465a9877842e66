//! Holds, and what becomes of them: the only place where money moves.

use crate::{Balance, Config, Event, HoldReason, Pallet, Withheld};
use assay_market::Currency;
use frame_support::{
	defensive,
	dispatch::DispatchResult,
	ensure,
	storage::with_storage_layer,
	traits::{
		fungible::{InspectHold, MutateHold},
		tokens::{Fortitude::Force, Precision::Exact, Restriction::Free},
	},
};
use sp_runtime::{traits::Zero, TokenError};

impl<T: Config> Pallet<T> {
	/// Puts `amount` of the free balance of `who` on hold, all or nothing.
	pub(crate) fn hold(
		currency: Currency,
		reason: HoldReason,
		who: &T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		let reason = reason.into();
		with_storage_layer(|| match currency {
			Currency::Native => T::Native::hold(&reason, who, amount),
			Currency::Credits => T::Credits::hold(&reason, who, amount),
		})
	}

	/// Whether so much of the free balance of `who` could be put on hold.
	pub(crate) fn can_hold(
		currency: Currency,
		reason: HoldReason,
		who: &T::AccountId,
		amount: Balance,
	) -> bool {
		let reason = reason.into();
		match currency {
			Currency::Native => T::Native::can_hold(&reason, who, amount),
			Currency::Credits => T::Credits::can_hold(&reason, who, amount),
		}
	}

	/// Frees `amount` on hold, all or nothing.
	fn release(
		currency: Currency,
		reason: HoldReason,
		who: &T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		if amount.is_zero() {
			return Ok(());
		}
		with_storage_layer(|| {
			let reason = reason.into();
			let freed = match currency {
				Currency::Native => T::Native::release(&reason, who, amount, Exact),
				Currency::Credits => T::Credits::release(&reason, who, amount, Exact),
			}?;
			ensure!(freed == amount, TokenError::CannotCreate);
			Ok(())
		})
	}

	/// Gives a deposit back. An account with a hold exists and can take what is its own.
	pub(crate) fn release_deposit(reason: HoldReason, who: &T::AccountId, amount: Balance) {
		if Self::release(Currency::Native, reason, who, amount).is_err() {
			defensive!("a deposit could not be released");
		}
	}

	/// Gives escrow back to its renter. What its account cannot take now, since it is blocked or the
	/// asset is frozen, stays on hold for it and keeps nobody else waiting.
	pub(crate) fn refund(currency: Currency, renter: &T::AccountId, amount: Balance) {
		if Self::release(currency, HoldReason::Escrow, renter, amount).is_ok() {
			return;
		}
		Withheld::<T>::mutate(renter, currency, |sum| *sum = sum.saturating_add(amount));
		Self::deposit_event(Event::RefundWithheld { renter: renter.clone(), currency, amount });
	}

	/// Frees a refund that was withheld.
	pub(crate) fn release_refund(
		currency: Currency,
		renter: &T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		Self::release(currency, HoldReason::Escrow, renter, amount)
	}

	/// Pays `amount` of the renter's escrow to `payout`, all or nothing.
	pub(crate) fn pay(
		currency: Currency,
		renter: &T::AccountId,
		payout: &T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		let reason = HoldReason::Escrow.into();
		with_storage_layer(|| {
			let paid = match currency {
				Currency::Native => {
					T::Native::transfer_on_hold(&reason, renter, payout, amount, Exact, Free, Force)
				}
				Currency::Credits => T::Credits::transfer_on_hold(
					&reason, renter, payout, amount, Exact, Free, Force,
				),
			}?;
			ensure!(paid == amount, TokenError::CannotCreate);
			Ok(())
		})
	}

	/// Burns `amount` of the renter's escrow.
	pub(crate) fn burn(currency: Currency, renter: &T::AccountId, amount: Balance) {
		if amount.is_zero() {
			return;
		}
		let reason = HoldReason::Escrow.into();
		let burnt = match currency {
			Currency::Native => T::Native::burn_held(&reason, renter, amount, Exact, Force),
			Currency::Credits => T::Credits::burn_held(&reason, renter, amount, Exact, Force),
		};
		if burnt != Ok(amount) {
			defensive!("escrow that is there could not be burnt");
		}
	}

	/// What `who` has on hold for a reason.
	pub fn held(currency: Currency, reason: HoldReason, who: &T::AccountId) -> Balance {
		let reason = reason.into();
		match currency {
			Currency::Native => T::Native::balance_on_hold(&reason, who),
			Currency::Credits => T::Credits::balance_on_hold(&reason, who),
		}
	}
}
