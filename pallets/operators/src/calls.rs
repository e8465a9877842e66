//! What the calls about operators, workers and devices do, in plain types.
//!
//! Everything is checked before anything is written.

use crate::{
	pallet::{
		Config, Devices, Error, Event, HoldReason, Keys, NextWorkerId, Operators, Pallet, VoidedAt,
		Workers, WorkersOf,
	},
	traits::{OpenObligations, Rounds},
	types::{
		Balance, DescriptionOf, DeviceIndex, DeviceRecord, InitialAllocations, NextKey,
		OperatorRecord, OperatorRecordOf, Service, UnbondingChunk, WorkerId, WorkerRecord,
		WorkerRecordOf,
	},
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	traits::{fungible::MutateHold, tokens::Precision::Exact, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
	traits::{Saturating, Zero},
	ArithmeticError, DispatchError,
};

impl<T: Config> Pallet<T> {
	/// The current block.
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	/// The record of a worker that belongs to `operator`.
	fn own_worker(
		operator: &T::AccountId,
		worker: WorkerId,
	) -> Result<WorkerRecordOf<T>, DispatchError> {
		let record = Workers::<T>::get(worker).ok_or(Error::<T>::UnknownWorker)?;
		ensure!(record.operator == *operator, Error::<T>::NotTheOperator);
		Ok(record)
	}

	pub(crate) fn do_register(
		operator: T::AccountId,
		payout: T::AccountId,
		bond: Balance,
		allocations: InitialAllocations,
	) -> DispatchResult {
		ensure!(!Operators::<T>::contains_key(&operator), Error::<T>::AlreadyRegistered);
		ensure!(!Keys::<T>::contains_key(&operator), Error::<T>::AccountIsHotKey);
		ensure!(!Keys::<T>::contains_key(&payout), Error::<T>::PayoutIsHotKey);
		ensure!(bond >= T::MinimumBond::get(), Error::<T>::BondBelowMinimum);
		let mut record = OperatorRecord::new(payout.clone(), bond);
		Self::allocate_first(&mut record, &allocations)?;
		T::Currency::hold(&HoldReason::Bond.into(), &operator, bond)?;
		Operators::<T>::insert(&operator, record);
		Self::deposit_event(Event::OperatorRegistered { operator, payout, bond, allocations });
		Ok(())
	}

	pub(crate) fn do_set_payout(operator: T::AccountId, payout: T::AccountId) -> DispatchResult {
		let mut record = Self::operator(&operator)?;
		ensure!(!Keys::<T>::contains_key(&payout), Error::<T>::PayoutIsHotKey);
		record.payout = payout.clone();
		Operators::<T>::insert(&operator, record);
		Self::deposit_event(Event::PayoutSet { operator, payout });
		Ok(())
	}

	pub(crate) fn do_bond_more(operator: T::AccountId, amount: Balance) -> DispatchResult {
		let mut record = Self::operator(&operator)?;
		ensure!(record.retiring_since.is_none(), Error::<T>::OperatorRetiring);
		ensure!(!amount.is_zero(), Error::<T>::AmountIsZero);
		let stake = record.stake();
		record.bonded = record.bonded.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
		record.ledger.grow(stake, amount);
		T::Currency::hold(&HoldReason::Bond.into(), &operator, amount)?;
		let bonded = record.bonded;
		Operators::<T>::insert(&operator, record);
		Self::deposit_event(Event::BondRaised { operator, amount, bonded });
		Ok(())
	}

	pub(crate) fn do_unbond(operator: T::AccountId, amount: Balance) -> DispatchResult {
		let mut record = Self::operator(&operator)?;
		ensure!(!amount.is_zero(), Error::<T>::AmountIsZero);
		let bonded = record.bonded.checked_sub(amount).ok_or(Error::<T>::BondBelowMinimum)?;
		// Whoever retires elects nobody any more.
		let backing = if record.retiring_since.is_some() { bonded } else { record.backing(amount) };
		ensure!(backing >= record.ledger.total_reserved(), Error::<T>::StakeIsReserved);
		ensure!(
			record.retiring_since.is_some() || bonded >= T::MinimumBond::get(),
			Error::<T>::BondBelowMinimum
		);
		let due = Self::send_out(&mut record, amount)?;
		Operators::<T>::insert(&operator, record);
		Self::deposit_event(Event::Unbonded { operator, amount, due, bonded });
		Ok(())
	}

	/// Moves `amount` of what is bonded to what is unbonding. Returns when it is
	/// due.
	fn send_out(
		record: &mut OperatorRecordOf<T>,
		amount: Balance,
	) -> Result<BlockNumberFor<T>, DispatchError> {
		let due = Self::now().saturating_add(T::UnbondingDelay::get());
		let bonded = record.bonded.checked_sub(amount).ok_or(ArithmeticError::Underflow)?;
		match record.unbonding.last_mut() {
			Some(last) if last.due == due => {
				last.amount = last.amount.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
			}
			_ => record
				.unbonding
				.try_push(UnbondingChunk { amount, due })
				.map_err(|_| Error::<T>::TooManyUnbondingChunks)?,
		}
		record.bonded = bonded;
		Ok(due)
	}

	pub(crate) fn do_withdraw(operator: T::AccountId) -> DispatchResult {
		let mut record = Self::operator(&operator)?;
		let now = Self::now();
		let mut amount: Balance = 0;
		for chunk in record.unbonding.iter().filter(|chunk| chunk.due <= now) {
			amount = amount.checked_add(chunk.amount).ok_or(ArithmeticError::Overflow)?;
		}
		let stake = record.stake();
		record.unbonding.retain(|chunk| chunk.due > now);
		record.ledger.shrink(stake, amount).map_err(Self::ledger_error)?;
		let leaves = record.retiring_since.is_some()
			&& record.bonded.is_zero()
			&& record.unbonding.is_empty()
			&& record.rewards.is_zero()
			&& record.delegators == 0
			&& record.convictions == 0
			&& record.workers == 0;
		ensure!(leaves || !amount.is_zero(), Error::<T>::NothingToWithdraw);
		if !amount.is_zero() {
			T::Currency::release(&HoldReason::Bond.into(), &operator, amount, Exact)?;
			Self::deposit_event(Event::Withdrawn { operator: operator.clone(), amount });
		}
		if leaves {
			Operators::<T>::remove(&operator);
			for service in Service::ALL {
				VoidedAt::<T>::remove(&operator, service);
			}
			Self::deposit_event(Event::Retired { operator });
		} else {
			Operators::<T>::insert(&operator, record);
		}
		Ok(())
	}

	pub(crate) fn do_retire(operator: T::AccountId) -> DispatchResult {
		let mut record = Self::operator(&operator)?;
		let begins = record.retiring_since.is_none();
		let free = record.unreserved();
		ensure!(begins || !free.is_zero(), Error::<T>::NothingToUnbond);
		let due = if free.is_zero() { None } else { Some(Self::send_out(&mut record, free)?) };
		let bonded = record.bonded;
		if begins {
			record.retiring_since = Some(Self::now());
		}
		Operators::<T>::insert(&operator, record);
		if begins {
			Self::deposit_event(Event::RetirementBegun { operator: operator.clone() });
		}
		if let Some(due) = due {
			Self::deposit_event(Event::Unbonded { operator, amount: free, due, bonded });
		}
		Ok(())
	}

	/// Refuses a hot key that could move funds or already signs for something.
	fn ensure_fresh_key(
		operator: &T::AccountId,
		record: &OperatorRecordOf<T>,
		key: &T::AccountId,
	) -> DispatchResult {
		ensure!(key != operator && !Operators::<T>::contains_key(key), Error::<T>::KeyIsOperator);
		ensure!(*key != record.payout, Error::<T>::KeyIsPayout);
		ensure!(!Keys::<T>::contains_key(key), Error::<T>::KeyInUse);
		Ok(())
	}

	pub(crate) fn do_add_worker(
		operator: T::AccountId,
		key: T::AccountId,
	) -> Result<WorkerId, DispatchError> {
		let mut record = Self::operator(&operator)?;
		ensure!(record.retiring_since.is_none(), Error::<T>::OperatorRetiring);
		ensure!(record.workers < T::MaxWorkers::get(), Error::<T>::TooManyWorkers);
		Self::ensure_fresh_key(&operator, &record, &key)?;
		let worker = NextWorkerId::<T>::get();
		let next = worker.checked_add(1).ok_or(ArithmeticError::Overflow)?;
		let deposit = T::WorkerDeposit::get();
		T::Currency::hold(&HoldReason::Deposit.into(), &operator, deposit)?;
		NextWorkerId::<T>::put(next);
		record.workers = record.workers.saturating_add(1);
		Operators::<T>::insert(&operator, record);
		Keys::<T>::insert(&key, worker);
		WorkersOf::<T>::insert(&operator, worker, ());
		Workers::<T>::insert(
			worker,
			WorkerRecord {
				operator: operator.clone(),
				key: key.clone(),
				next_key: None,
				devices: 0,
				next_device: 0,
				reservations: 0,
				deposit,
			},
		);
		Self::deposit_event(Event::WorkerAdded { operator, worker, key, deposit });
		Ok(worker)
	}

	pub(crate) fn do_rotate_key(
		operator: T::AccountId,
		worker: WorkerId,
		new_key: T::AccountId,
	) -> DispatchResult {
		let mut record = Self::own_worker(&operator, worker)?;
		Self::ensure_fresh_key(&operator, &Self::operator(&operator)?, &new_key)?;
		let round = T::Rounds::current_round();
		let from_round = round.checked_add(1).ok_or(ArithmeticError::Overflow)?;
		match record.next_key.take() {
			Some(next) if next.from_round <= round => {
				Keys::<T>::remove(&record.key);
				record.key = next.key;
			}
			Some(next) => Keys::<T>::remove(&next.key),
			None => {}
		}
		Keys::<T>::insert(&new_key, worker);
		record.next_key = Some(NextKey { key: new_key.clone(), from_round });
		Workers::<T>::insert(worker, record);
		Self::deposit_event(Event::KeyRotated { worker, key: new_key, from_round });
		Ok(())
	}

	pub(crate) fn do_remove_worker(operator: T::AccountId, worker: WorkerId) -> DispatchResult {
		let record = Self::own_worker(&operator, worker)?;
		ensure!(record.devices == 0, Error::<T>::WorkerHasDevices);
		ensure!(
			record.reservations == 0 && !T::OpenObligations::has_open_obligations(worker),
			Error::<T>::WorkerHasObligations
		);
		let mut owner = Self::operator(&operator)?;
		let deposit = record.deposit;
		T::Currency::release(&HoldReason::Deposit.into(), &operator, deposit, Exact)?;
		owner.workers = owner.workers.saturating_sub(1);
		Operators::<T>::insert(&operator, owner);
		Keys::<T>::remove(&record.key);
		if let Some(next) = record.next_key {
			Keys::<T>::remove(&next.key);
		}
		WorkersOf::<T>::remove(&operator, worker);
		Workers::<T>::remove(worker);
		Self::deposit_event(Event::WorkerRemoved { operator, worker, deposit });
		Ok(())
	}

	pub(crate) fn do_add_device(
		operator: T::AccountId,
		worker: WorkerId,
		description: DescriptionOf<T>,
	) -> Result<DeviceIndex, DispatchError> {
		let mut record = Self::own_worker(&operator, worker)?;
		let owner = Self::operator(&operator)?;
		ensure!(owner.retiring_since.is_none(), Error::<T>::OperatorRetiring);
		ensure!(record.devices < T::MaxDevices::get(), Error::<T>::TooManyDevices);
		let device = record.next_device;
		record.next_device = device.checked_add(1).ok_or(Error::<T>::TooManyDevices)?;
		record.devices = record.devices.saturating_add(1);
		let deposit = T::DeviceDeposit::get();
		T::Currency::hold(&HoldReason::Deposit.into(), &operator, deposit)?;
		Workers::<T>::insert(worker, record);
		Devices::<T>::insert(
			worker,
			device,
			DeviceRecord {
				description: description.clone(),
				occupied: 0,
				reservations: 0,
				deposit,
			},
		);
		Self::deposit_event(Event::DeviceAdded { worker, device, description, deposit });
		Ok(device)
	}

	pub(crate) fn do_describe_device(
		operator: T::AccountId,
		worker: WorkerId,
		device: DeviceIndex,
		description: DescriptionOf<T>,
	) -> DispatchResult {
		Self::own_worker(&operator, worker)?;
		let mut record = Devices::<T>::get(worker, device).ok_or(Error::<T>::UnknownDevice)?;
		record.description = description.clone();
		Devices::<T>::insert(worker, device, record);
		Self::deposit_event(Event::DeviceDescribed { worker, device, description });
		Ok(())
	}

	pub(crate) fn do_remove_device(
		operator: T::AccountId,
		worker: WorkerId,
		device: DeviceIndex,
	) -> DispatchResult {
		let mut owner = Self::own_worker(&operator, worker)?;
		let record = Devices::<T>::get(worker, device).ok_or(Error::<T>::UnknownDevice)?;
		ensure!(record.occupied == 0, Error::<T>::DeviceIsOccupied);
		ensure!(record.reservations == 0, Error::<T>::DeviceHasObligations);
		let deposit = record.deposit;
		T::Currency::release(&HoldReason::Deposit.into(), &operator, deposit, Exact)?;
		owner.devices = owner.devices.saturating_sub(1);
		Workers::<T>::insert(worker, owner);
		Devices::<T>::remove(worker, device);
		Self::deposit_event(Event::DeviceRemoved { worker, device, deposit });
		Ok(())
	}
}
