//! The way of a conviction: reservation → escrow → burnt or cancelled.

use crate::{
	pallet::{
		Config, Convictions, Error, Event, HoldReason, Keys, NextConvictionId, Operators, Pallet,
		TotalBurnt, VoidedAt, Workers,
	},
	types::{
		BalanceOf, ConvictionId, ConvictionRecord, ConvictionRecordOf, Fault, Obligation,
		OperatorRecordOf, Service,
	},
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	storage::with_storage_layer,
	traits::{
		fungible::{hold::Unbalanced, MutateHold},
		tokens::{Fortitude::Force, Precision::Exact, Restriction::Free},
		Get,
	},
	BoundedVec,
};
use sp_runtime::{
	traits::{CheckedAdd, CheckedSub, Saturating, Zero},
	ArithmeticError, DispatchError,
};

impl<T: Config> Pallet<T> {
	/// Moves held funds of one account from one reason to another.
	///
	/// Not by release and hold: those could fail on what the account has to keep free, and a
	/// conviction must not depend on that. The total on hold is the same before and after.
	fn move_hold(
		who: &T::AccountId,
		from: HoldReason,
		to: HoldReason,
		amount: BalanceOf<T>,
	) -> DispatchResult {
		T::Currency::increase_balance_on_hold(&to.into(), who, amount, Exact)?;
		T::Currency::decrease_balance_on_hold(&from.into(), who, amount, Exact)?;
		Ok(())
	}

	/// Whether `prover` is the operator, its payout account, or a hot key of one of its workers.
	fn is_related(
		prover: &T::AccountId,
		operator: &T::AccountId,
		record: &OperatorRecordOf<T>,
	) -> bool {
		prover == operator
			|| *prover == record.payout
			|| Keys::<T>::get(prover)
				.and_then(Workers::<T>::get)
				.is_some_and(|worker| worker.operator == *operator)
	}

	pub(crate) fn do_convict(
		operator: &T::AccountId,
		service: Service,
		obligation: Obligation,
		fault: Fault,
		prover: Option<&T::AccountId>,
	) -> Result<BalanceOf<T>, DispatchError> {
		let mut record = Self::operator(operator)?;
		let amount = Self::take_reservation(operator, service, obligation)?;
		let prover = prover
			.filter(|prover| !fault.is_silence() && !Self::is_related(prover, operator, &record));
		// Only the operator's own stake pays a bounty. There is no other stake in a bond yet.
		let own_stake = amount;
		let bounty = prover.map_or_else(Zero::zero, |_| T::BountyShare::get().mul_floor(own_stake));
		let prover = prover.filter(|_| !bounty.is_zero()).cloned();

		Self::move_hold(operator, HoldReason::Bond, HoldReason::Escrow, amount)?;
		record.bonded = record.bonded.checked_sub(&amount).ok_or(ArithmeticError::Underflow)?;
		record.reserved = record.reserved.checked_sub(&amount).ok_or(ArithmeticError::Underflow)?;
		record.escrowed = record.escrowed.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
		record.convictions = record.convictions.checked_add(1).ok_or(ArithmeticError::Overflow)?;
		Operators::<T>::insert(operator, record);

		let now = Self::now();
		VoidedAt::<T>::insert(operator, service, now);
		let id = NextConvictionId::<T>::get();
		NextConvictionId::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
		let execute_at = now.saturating_add(T::EscrowDelay::get());
		Convictions::<T>::insert(
			id,
			ConvictionRecord {
				operator: operator.clone(),
				service,
				obligation,
				fault,
				amount,
				bounty,
				prover: prover.clone(),
				convicted_at: now,
				execute_at,
			},
		);
		Self::deposit_event(Event::Convicted {
			id,
			operator: operator.clone(),
			service,
			obligation,
			fault,
			amount,
			bounty,
			prover,
			execute_at,
		});
		Ok(amount)
	}

	/// The operator's record after a conviction has left the escrow.
	fn out_of_escrow(
		conviction: &ConvictionRecordOf<T>,
	) -> Result<OperatorRecordOf<T>, DispatchError> {
		let mut record = Self::operator(&conviction.operator)?;
		record.escrowed =
			record.escrowed.checked_sub(&conviction.amount).ok_or(ArithmeticError::Underflow)?;
		record.convictions = record.convictions.checked_sub(1).ok_or(ArithmeticError::Underflow)?;
		Ok(record)
	}

	pub(crate) fn do_execute_conviction(id: ConvictionId) -> DispatchResult {
		let conviction = Convictions::<T>::get(id).ok_or(Error::<T>::UnknownConviction)?;
		ensure!(Self::now() >= conviction.execute_at, Error::<T>::EscrowNotOver);
		let record = Self::out_of_escrow(&conviction)?;
		let ConvictionRecord { operator, amount, bounty, prover, .. } = conviction;
		let escrow = HoldReason::Escrow.into();
		// An account that cannot receive its bounty must not keep the rest from being burnt.
		let prover = prover.filter(|prover| {
			with_storage_layer(|| {
				T::Currency::transfer_on_hold(
					&escrow, &operator, prover, bounty, Exact, Free, Force,
				)
			})
			.is_ok()
		});
		let bounty = if prover.is_some() { bounty } else { Zero::zero() };
		let rest = amount.checked_sub(&bounty).ok_or(ArithmeticError::Underflow)?;
		let burnt = T::Currency::burn_held(&escrow, &operator, rest, Exact, Force)?;
		TotalBurnt::<T>::mutate(|total| *total = total.saturating_add(burnt));
		Operators::<T>::insert(&operator, record);
		Convictions::<T>::remove(id);
		Self::deposit_event(Event::ConvictionExecuted { id, operator, burnt, bounty, prover });
		Ok(())
	}

	pub(crate) fn do_cancel_conviction(
		id: ConvictionId,
		reason: BoundedVec<u8, T::MaxReason>,
	) -> DispatchResult {
		let conviction = Convictions::<T>::get(id).ok_or(Error::<T>::UnknownConviction)?;
		ensure!(Self::now() < conviction.execute_at, Error::<T>::EscrowOver);
		let mut record = Self::out_of_escrow(&conviction)?;
		let ConvictionRecord { operator, amount, .. } = conviction;
		record.bonded = record.bonded.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
		Self::move_hold(&operator, HoldReason::Escrow, HoldReason::Bond, amount)?;
		Operators::<T>::insert(&operator, record);
		Convictions::<T>::remove(id);
		Self::deposit_event(Event::ConvictionCancelled { id, operator, amount, reason });
		Ok(())
	}
}
