//! The way of a conviction: allocation → escrow → burnt or cancelled.

use crate::{
	pallet::{
		Config, Convictions, EconomicPolicy, Error, Event, HoldReason, Keys, NextConvictionId,
		Operators, Pallet, TotalBurnt, VoidedAt, Workers,
	},
	types::{
		Balance, ConvictionId, ConvictionRecord, ConvictionRecordOf, Fault, Obligation,
		OperatorRecordOf, Service,
	},
};
use assay_economics::slash::split;
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	storage::with_storage_layer,
	traits::{
		fungible::{hold::Unbalanced, Mutate, MutateHold},
		tokens::{Fortitude::Force, Precision::Exact, Preservation::Preserve, Restriction::Free},
		Defensive, Get,
	},
	BoundedVec,
};
use sp_runtime::{
	traits::{Saturating, Zero},
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
		amount: Balance,
	) -> DispatchResult {
		T::Currency::increase_balance_on_hold(&to.into(), who, amount, Exact)?;
		T::Currency::decrease_balance_on_hold(&from.into(), who, amount, Exact)?;
		Ok(())
	}

	/// Burns `amount` of one of this pallet's accounts, which has at least that much.
	pub(crate) fn burn(pot: &T::AccountId, amount: Balance) {
		if amount.is_zero() {
			return;
		}
		let burnt = T::Currency::burn_from(pot, amount, Preserve, Exact, Force)
			.defensive_unwrap_or_default();
		TotalBurnt::<T>::mutate(|total| *total = total.saturating_add(burnt));
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
	) -> Result<Balance, DispatchError> {
		let mut record = Self::operator(operator)?;
		let amount = Self::take_reservation(operator, service, obligation)?;
		record.ledger.slash_reserved(service.index(), amount).map_err(Self::ledger_error)?;
		Self::escrow(operator, record, service, obligation, fault, amount, prover)
	}

	/// Convicts of an equivocation: there is no reservation; the whole allocation answers for it.
	pub(crate) fn do_convict_consensus(
		operator: &T::AccountId,
		session: u32,
		amount: Balance,
		prover: Option<&T::AccountId>,
	) -> Result<Balance, DispatchError> {
		let mut record = Self::operator(operator)?;
		let service = Service::Consensus;
		let amount = record.ledger.slash(service.index(), amount);
		if amount.is_zero() {
			return Ok(0);
		}
		let obligation = Obligation { worker: 0, device: 0, nonce: session.into() };
		Self::escrow(operator, record, service, obligation, Fault::Equivocation, amount, prover)
	}

	/// Takes `amount` of the operator's own stake: what is bonded and not reserved, then what is
	/// unbonding, the newest first.
	fn take_own(record: &mut OperatorRecordOf<T>, amount: Balance) {
		let of_bonded = amount.min(record.unreserved());
		record.bonded = record.bonded.saturating_sub(of_bonded);
		let mut rest = amount.saturating_sub(of_bonded);
		for chunk in record.unbonding.iter_mut().rev() {
			let of_chunk = rest.min(chunk.amount);
			chunk.amount = chunk.amount.saturating_sub(of_chunk);
			rest = rest.saturating_sub(of_chunk);
		}
		record.unbonding.retain(|chunk| !chunk.amount.is_zero());
	}

	/// Takes `amount`, which the ledger has given up already, from the operator's own stake and
	/// then from its delegators', and opens the conviction. What other obligations have reserved of
	/// the own stake is theirs: nobody else's stake stands in for it.
	fn escrow(
		operator: &T::AccountId,
		mut record: OperatorRecordOf<T>,
		service: Service,
		obligation: Obligation,
		fault: Fault,
		amount: Balance,
		prover: Option<&T::AccountId>,
	) -> Result<Balance, DispatchError> {
		let prover = prover
			.filter(|prover| !fault.is_silence() && !Self::is_related(prover, operator, &record));
		let bounty_ppm = EconomicPolicy::<T>::get().map_or(0, |policy| policy.bounty_ppm);
		let own = record.own().saturating_sub(record.ledger.total_reserved());
		let split = split(amount, own, record.pool.stake, bounty_ppm, prover.is_some());
		let prover = prover.filter(|_| !split.bounty.is_zero()).cloned();
		let (own, delegated, bounty) = (split.own, split.delegated, split.bounty);

		Self::move_hold(operator, HoldReason::Bond, HoldReason::Escrow, own)?;
		Self::take_own(&mut record, own);
		record.pool.slash(delegated);
		record.escrowed = record.escrowed.checked_add(own).ok_or(ArithmeticError::Overflow)?;
		record.escrowed_delegated =
			record.escrowed_delegated.checked_add(delegated).ok_or(ArithmeticError::Overflow)?;
		record.convictions = record.convictions.checked_add(1).ok_or(ArithmeticError::Overflow)?;
		Operators::<T>::insert(operator, record);

		let amount = own.saturating_add(delegated);
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
				own,
				delegated,
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
			delegated,
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
			record.escrowed.checked_sub(conviction.own).ok_or(ArithmeticError::Underflow)?;
		record.escrowed_delegated = record
			.escrowed_delegated
			.checked_sub(conviction.delegated)
			.ok_or(ArithmeticError::Underflow)?;
		record.convictions = record.convictions.checked_sub(1).ok_or(ArithmeticError::Underflow)?;
		Ok(record)
	}

	pub(crate) fn do_execute_conviction(id: ConvictionId) -> DispatchResult {
		let conviction = Convictions::<T>::get(id).ok_or(Error::<T>::UnknownConviction)?;
		ensure!(Self::now() >= conviction.execute_at, Error::<T>::EscrowNotOver);
		let record = Self::out_of_escrow(&conviction)?;
		let ConvictionRecord { operator, own, delegated, bounty, prover, .. } = conviction;
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
		let bounty = if prover.is_some() { bounty } else { 0 };
		let rest = own.checked_sub(bounty).ok_or(ArithmeticError::Underflow)?;
		let burnt = T::Currency::burn_held(&escrow, &operator, rest, Exact, Force)?;
		TotalBurnt::<T>::mutate(|total| *total = total.saturating_add(burnt));
		Self::burn(&Self::delegation_pot(), delegated);
		Operators::<T>::insert(&operator, record);
		Convictions::<T>::remove(id);
		let burnt = burnt.saturating_add(delegated);
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
		let ConvictionRecord { operator, service, own, delegated, .. } = conviction;
		record.bonded = record.bonded.checked_add(own).ok_or(ArithmeticError::Overflow)?;
		// Delegators who have left in the meantime left without it; without any it has no owner.
		let returned = if record.pool.restore(delegated) { delegated } else { 0 };
		let amount = own.saturating_add(returned);
		record.ledger.restore(service.index(), amount);
		Self::move_hold(&operator, HoldReason::Escrow, HoldReason::Bond, own)?;
		Self::burn(&Self::delegation_pot(), delegated.saturating_sub(returned));
		Operators::<T>::insert(&operator, record);
		Convictions::<T>::remove(id);
		Self::deposit_event(Event::ConvictionCancelled { id, operator, amount, reason });
		Ok(())
	}
}
