//! Other accounts' stake in an operator's hands. Every step costs the same however many delegators
//! there are.
//!
//! Each `do_` function here is one storage layer: what a delegation has earned is settled before it
//! is known whether the rest succeeds.

use crate::{
	pallet::{Cohorts, Config, Delegations, Error, Event, Operators, Pallet},
	types::{Balance, Delegation, DelegationOf, LeavingShares, OperatorRecordOf},
};
use alloc::vec::Vec;
use assay_economics::pool::{Pool, PoolError};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	storage::with_storage_layer,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude::Polite, Preservation::Preserve, Provenance::Extant},
		Get,
	},
};
use sp_runtime::{
	traits::{AccountIdConversion, Saturating, Zero},
	DispatchError,
};

impl<T: Config> Pallet<T> {
	/// The account with all delegated stake.
	pub(crate) fn delegation_pot() -> T::AccountId {
		T::DelegationPot::get().into_account_truncating()
	}

	/// Pays out of one of this pallet's accounts, which never dies of it.
	pub(crate) fn pay(pot: &T::AccountId, to: &T::AccountId, amount: Balance) -> DispatchResult {
		T::Currency::can_deposit(to, amount, Extant)
			.into_result()
			.map_err(|_| Error::<T>::CannotReceive)?;
		T::Currency::transfer(pot, to, amount, Preserve).map(|_| ())
	}

	/// What a pool's refusal means to the caller.
	fn pool_error(error: PoolError) -> DispatchError {
		match error {
			PoolError::Exhausted => Error::<T>::PoolExhausted.into(),
			PoolError::TooSmall => Error::<T>::DelegationTooSmall.into(),
			PoolError::TooLarge => Error::<T>::DelegationTooLarge.into(),
			PoolError::Unsettled | PoolError::MissingShares => DispatchError::Corruption,
		}
	}

	/// Lets cohorts earn whose session has come, and notes from which index on.
	pub(crate) fn mature(operator: &T::AccountId, record: &mut OperatorRecordOf<T>, session: u32) {
		for from in record.pool.mature(session).into_iter().flatten() {
			Cohorts::<T>::mutate_exists(operator, from, |cohort| {
				if let Some(cohort) = cohort {
					cohort.index = Some(record.pool.index);
				}
			});
		}
	}

	/// Adds what a delegation has earned to its rewards. Returns the cohorts that it has left.
	pub(crate) fn earn(
		operator: &T::AccountId,
		pool: &Pool,
		delegation: &mut DelegationOf<T>,
	) -> Vec<u32> {
		let mut left = Vec::new();
		let mut earned = Pool::earned(delegation.shares, delegation.index, pool.index);
		let mut matured = 0u128;
		delegation.joining.retain(|(from, shares)| {
			let Some(index) = Cohorts::<T>::get(operator, from).and_then(|cohort| cohort.index)
			else {
				return true;
			};
			earned = earned.saturating_add(Pool::earned(*shares, index, pool.index));
			matured = matured.saturating_add(*shares);
			left.push(*from);
			false
		});
		delegation.shares = delegation.shares.saturating_add(matured);
		delegation.rewards = delegation.rewards.saturating_add(earned);
		delegation.index = pool.index;
		left
	}

	/// One delegation of a cohort has nothing more to be told.
	fn leave_cohort(operator: &T::AccountId, from: u32) {
		Cohorts::<T>::mutate_exists(operator, from, |entry| {
			*entry = entry.take().and_then(|mut cohort| {
				cohort.members = cohort.members.saturating_sub(1);
				(cohort.members > 0).then_some(cohort)
			});
		});
	}

	/// Brings a delegation and its operator's pool up to the present session.
	pub(crate) fn settle(
		operator: &T::AccountId,
		record: &mut OperatorRecordOf<T>,
		delegation: &mut DelegationOf<T>,
	) {
		Self::mature(operator, record, T::Session::get());
		for from in Self::earn(operator, &record.pool, delegation) {
			Self::leave_cohort(operator, from);
		}
	}

	/// Stores a delegation, or pays what it has earned and forgets it when no stake is left of it:
	/// the stake is the deposit of the entry.
	pub(crate) fn put_delegation(
		operator: &T::AccountId,
		record: &mut OperatorRecordOf<T>,
		delegator: &T::AccountId,
		delegation: DelegationOf<T>,
	) -> DispatchResult {
		if !delegation.is_empty() {
			Delegations::<T>::insert(operator, delegator, delegation);
			return Ok(());
		}
		Delegations::<T>::remove(operator, delegator);
		record.delegators = record.delegators.saturating_sub(1);
		let amount = delegation.rewards;
		if !amount.is_zero() {
			Self::pay(&Self::rewards_pot(), delegator, amount)?;
			Self::deposit_event(Event::RewardsClaimed {
				operator: operator.clone(),
				claimant: delegator.clone(),
				payee: delegator.clone(),
				amount,
			});
		}
		Ok(())
	}

	/// Buys shares of an operator's pool for `delegator` with `amount`, which lies in the pot or
	/// will. Returns how many.
	fn join(
		operator: &T::AccountId,
		delegator: &T::AccountId,
		amount: Balance,
	) -> Result<u128, DispatchError> {
		let mut record = Self::operator(operator)?;
		ensure!(delegator != operator, Error::<T>::SelfDelegation);
		ensure!(record.retiring_since.is_none(), Error::<T>::OperatorRetiring);
		ensure!(record.escrowed_delegated.is_zero(), Error::<T>::DelegatedStakeInEscrow);
		let known = Delegations::<T>::get(operator, delegator);
		if known.is_none() {
			record.delegators = record.delegators.saturating_add(1);
		}
		let mut delegation =
			known.unwrap_or_else(|| Delegation { index: record.pool.index, ..Default::default() });
		Self::settle(operator, &mut record, &mut delegation);
		let present = record.pool.value(delegation.staying());
		ensure!(
			present.saturating_add(amount) >= T::MinimumDelegation::get(),
			Error::<T>::DelegationTooSmall
		);
		let session = T::Session::get();
		let stake = record.stake();
		let bought = record.pool.join(amount, session).map_err(Self::pool_error)?;
		record.ledger.grow(stake, amount);
		let from = session.saturating_add(2);
		match delegation.joining.iter_mut().find(|(session, _)| *session == from) {
			Some((_, shares)) => *shares = shares.saturating_add(bought),
			None => {
				delegation
					.joining
					.try_push((from, bought))
					.map_err(|_| DispatchError::Corruption)?;
				Cohorts::<T>::mutate(operator, from, |cohort| {
					let cohort = cohort.get_or_insert_default();
					cohort.members = cohort.members.saturating_add(1);
				});
			}
		}
		Delegations::<T>::insert(operator, delegator, delegation);
		Operators::<T>::insert(operator, record);
		Ok(bought)
	}

	/// Lets shares worth `amount` begin to leave, or all if the rest would be too small a
	/// delegation. Those that do not earn yet go first. Returns how many.
	fn leave(
		operator: &T::AccountId,
		pool: &mut Pool,
		delegation: &mut DelegationOf<T>,
		amount: Balance,
	) -> Result<u128, DispatchError> {
		ensure!(!amount.is_zero(), Error::<T>::AmountIsZero);
		let staying = delegation.staying();
		ensure!(!staying.is_zero(), Error::<T>::NothingDelegated);
		let asked = pool.shares_worth(amount).min(staying);
		let kept = pool.value(staying.saturating_sub(asked));
		let leaving = if kept < T::MinimumDelegation::get() { staying } else { asked };
		let mut rest = leaving;
		let mut joining = Vec::new();
		for (from, shares) in delegation.joining.iter_mut().rev() {
			let part = rest.min(*shares);
			*shares = shares.saturating_sub(part);
			rest = rest.saturating_sub(part);
			joining.push((*from, part));
			if shares.is_zero() {
				Self::leave_cohort(operator, *from);
			}
		}
		delegation.joining.retain(|(_, shares)| !shares.is_zero());
		delegation.shares = delegation.shares.checked_sub(rest).ok_or(DispatchError::Corruption)?;
		pool.leave(rest, &joining).map_err(Self::pool_error)?;
		Ok(leaving)
	}

	pub(crate) fn do_delegate(
		delegator: T::AccountId,
		operator: T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		with_storage_layer(|| {
			ensure!(!amount.is_zero(), Error::<T>::AmountIsZero);
			let shares = Self::join(&operator, &delegator, amount)?;
			ensure!(
				T::Currency::reducible_balance(&delegator, Preserve, Polite) >= amount,
				Error::<T>::BalanceTooLow
			);
			T::Currency::transfer(&delegator, &Self::delegation_pot(), amount, Preserve)?;
			Self::deposit_event(Event::Delegated { operator, delegator, amount, shares });
			Ok(())
		})
	}

	pub(crate) fn do_undelegate(
		delegator: T::AccountId,
		operator: T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		with_storage_layer(|| {
			let mut record = Self::operator(&operator)?;
			let mut delegation =
				Delegations::<T>::get(&operator, &delegator).ok_or(Error::<T>::NothingDelegated)?;
			Self::settle(&operator, &mut record, &mut delegation);
			let shares = Self::leave(&operator, &mut record.pool, &mut delegation, amount)?;
			let due = Self::now().saturating_add(T::UnbondingDelay::get());
			match delegation.leaving.last_mut() {
				Some(last) if last.due == due => last.shares = last.shares.saturating_add(shares),
				_ => delegation
					.leaving
					.try_push(LeavingShares { shares, due })
					.map_err(|_| Error::<T>::TooManyUnbondingChunks)?,
			}
			let amount = record.pool.value(shares);
			Delegations::<T>::insert(&operator, &delegator, delegation);
			Operators::<T>::insert(&operator, record);
			Self::deposit_event(Event::Undelegated { operator, delegator, shares, amount, due });
			Ok(())
		})
	}

	/// Takes shares that are leaving out of an operator's pool. Returns their value.
	fn take_out(record: &mut OperatorRecordOf<T>, shares: u128) -> Result<Balance, DispatchError> {
		let stake = record.stake();
		let amount = record.pool.withdraw(shares).map_err(Self::pool_error)?;
		record.ledger.shrink(stake, amount).map_err(Self::ledger_error)?;
		Ok(amount)
	}

	pub(crate) fn do_withdraw_delegation(
		delegator: T::AccountId,
		operator: T::AccountId,
	) -> DispatchResult {
		with_storage_layer(|| {
			let mut record = Self::operator(&operator)?;
			let mut delegation = Delegations::<T>::get(&operator, &delegator)
				.ok_or(Error::<T>::NothingToWithdraw)?;
			Self::settle(&operator, &mut record, &mut delegation);
			let now = Self::now();
			// Nothing was or will be answered for by a retiring operator without allocations.
			let at_once = Self::lets_everybody_go(&record);
			let mut shares = 0u128;
			delegation.leaving.retain(|chunk| {
				let goes = at_once || chunk.due <= now;
				if goes {
					shares = shares.saturating_add(chunk.shares);
				}
				!goes
			});
			ensure!(!shares.is_zero(), Error::<T>::NothingToWithdraw);
			Self::give_back(operator, record, delegator, delegation, shares)
		})
	}

	/// Pays a delegator the value of shares that are leaving and are in its delegation no more.
	fn give_back(
		operator: T::AccountId,
		mut record: OperatorRecordOf<T>,
		delegator: T::AccountId,
		delegation: DelegationOf<T>,
		shares: u128,
	) -> DispatchResult {
		let amount = Self::take_out(&mut record, shares)?;
		if !amount.is_zero() {
			Self::pay(&Self::delegation_pot(), &delegator, amount)?;
		}
		Self::put_delegation(&operator, &mut record, &delegator, delegation)?;
		Operators::<T>::insert(&operator, record);
		Self::deposit_event(Event::DelegationWithdrawn { operator, delegator, shares, amount });
		Ok(())
	}

	/// Whether an operator retires and its delegators' stake answers for nothing any more.
	pub(crate) fn lets_everybody_go(record: &OperatorRecordOf<T>) -> bool {
		record.retiring_since.is_some() && Self::is_unencumbered(record)
	}

	pub(crate) fn do_settle_delegation(
		operator: T::AccountId,
		delegator: T::AccountId,
	) -> DispatchResult {
		with_storage_layer(|| {
			let mut record = Self::operator(&operator)?;
			ensure!(Self::lets_everybody_go(&record), Error::<T>::StakeIsAnswerable);
			let mut delegation =
				Delegations::<T>::get(&operator, &delegator).ok_or(Error::<T>::NothingDelegated)?;
			Self::settle(&operator, &mut record, &mut delegation);
			let mut shares = core::mem::take(&mut delegation.leaving)
				.iter()
				.fold(0u128, |sum, chunk| sum.saturating_add(chunk.shares));
			if !delegation.staying().is_zero() {
				let rest = Self::leave(&operator, &mut record.pool, &mut delegation, Balance::MAX)?;
				shares = shares.saturating_add(rest);
			}
			Self::give_back(operator, record, delegator, delegation, shares)
		})
	}

	pub(crate) fn do_redelegate(
		delegator: T::AccountId,
		from: T::AccountId,
		to: T::AccountId,
		amount: Balance,
	) -> DispatchResult {
		with_storage_layer(|| {
			let mut record = Self::operator(&from)?;
			let mut delegation =
				Delegations::<T>::get(&from, &delegator).ok_or(Error::<T>::NothingDelegated)?;
			ensure!(Self::is_unencumbered(&record), Error::<T>::StakeIsAnswerable);
			Self::settle(&from, &mut record, &mut delegation);
			let sold = Self::leave(&from, &mut record.pool, &mut delegation, amount)?;
			let amount = Self::take_out(&mut record, sold)?;
			Self::put_delegation(&from, &mut record, &delegator, delegation)?;
			Operators::<T>::insert(&from, record);
			let bought = Self::join(&to, &delegator, amount)?;
			Self::deposit_event(Event::Redelegated { delegator, from, to, amount, sold, bought });
			Ok(())
		})
	}
}
