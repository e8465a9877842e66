//! The invariants of the README as code.

use crate::{
	hooks::LARGEST_BOUNTY,
	pallet::{
		Config, Convictions, Devices, HoldReason, Keys, NextConvictionId, NextWorkerId, Operators,
		Pallet, Reservations, Workers, WorkersOf,
	},
	types::{BalanceOf, WHOLE_DEVICE},
};
use alloc::collections::BTreeMap;
use frame_support::{
	ensure,
	traits::{fungible::InspectHold, Get},
};
use sp_runtime::{
	traits::{Saturating, Zero},
	TryRuntimeError,
};

/// What the maps add up to for one operator.
struct Sums<Balance> {
	reserved: Balance,
	escrowed: Balance,
	deposits: Balance,
	convictions: u32,
	workers: u32,
}

impl<Balance: Zero> Default for Sums<Balance> {
	fn default() -> Self {
		Self {
			reserved: Zero::zero(),
			escrowed: Zero::zero(),
			deposits: Zero::zero(),
			convictions: 0,
			workers: 0,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Checks every invariant.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut sums = BTreeMap::<T::AccountId, Sums<BalanceOf<T>>>::new();
		Self::try_reservations(&mut sums)?;
		Self::try_convictions(&mut sums)?;
		Self::try_workers(&mut sums)?;
		Self::try_keys()?;
		Self::try_operators(sums)
	}

	/// Reservations add up, and every one is counted where it binds.
	fn try_reservations(
		sums: &mut BTreeMap<T::AccountId, Sums<BalanceOf<T>>>,
	) -> Result<(), TryRuntimeError> {
		let mut of_worker = BTreeMap::new();
		let mut of_device = BTreeMap::new();
		for ((operator, service, obligation), amount) in Reservations::<T>::iter() {
			ensure!(!amount.is_zero(), "a reservation of nothing");
			if service.binds_worker() {
				let count: &mut u32 = of_worker.entry(obligation.worker).or_default();
				*count = count.saturating_add(1);
			}
			if service.binds_device() {
				let count: &mut u32 =
					of_device.entry((obligation.worker, obligation.device)).or_default();
				*count = count.saturating_add(1);
			}
			let sum = sums.entry(operator).or_default();
			sum.reserved = sum.reserved.saturating_add(amount);
		}
		for (worker, record) in Workers::<T>::iter() {
			ensure!(
				record.reservations == of_worker.remove(&worker).unwrap_or_default(),
				"a worker counts its reservations wrongly"
			);
		}
		ensure!(of_worker.is_empty(), "a reservation of a worker that does not exist");
		for (worker, device, record) in Devices::<T>::iter() {
			ensure!(
				record.reservations == of_device.remove(&(worker, device)).unwrap_or_default(),
				"a device counts its reservations wrongly"
			);
		}
		ensure!(of_device.is_empty(), "a reservation of a device that does not exist");
		Ok(())
	}

	/// Convictions add up and none promises too much.
	fn try_convictions(
		sums: &mut BTreeMap<T::AccountId, Sums<BalanceOf<T>>>,
	) -> Result<(), TryRuntimeError> {
		for (id, conviction) in Convictions::<T>::iter() {
			ensure!(id < NextConvictionId::<T>::get(), "a conviction's number is not given yet");
			ensure!(
				conviction.bounty <= LARGEST_BOUNTY.mul_floor(conviction.amount),
				"a bounty is above 49 % of the stake"
			);
			ensure!(
				conviction.bounty.is_zero() == conviction.prover.is_none(),
				"a bounty without a prover, or a prover without a bounty"
			);
			let sum = sums.entry(conviction.operator).or_default();
			sum.escrowed = sum.escrowed.saturating_add(conviction.amount);
			sum.convictions = sum.convictions.saturating_add(1);
		}
		Ok(())
	}

	/// Workers and devices belong to somebody and are counted.
	fn try_workers(
		sums: &mut BTreeMap<T::AccountId, Sums<BalanceOf<T>>>,
	) -> Result<(), TryRuntimeError> {
		let mut devices = BTreeMap::new();
		for (worker, device, record) in Devices::<T>::iter() {
			let owner = Workers::<T>::get(worker).ok_or("a device of a worker that is none")?;
			ensure!(device < owner.next_device, "a device's index is not given yet");
			ensure!(record.occupied <= WHOLE_DEVICE, "a device is sold twice");
			let count: &mut u16 = devices.entry(worker).or_default();
			*count = count.saturating_add(1);
			let sum = sums.entry(owner.operator).or_default();
			sum.deposits = sum.deposits.saturating_add(record.deposit);
		}
		for (worker, record) in Workers::<T>::iter() {
			ensure!(worker < NextWorkerId::<T>::get(), "a worker's number is not given yet");
			ensure!(
				record.devices == devices.remove(&worker).unwrap_or_default()
					&& record.devices <= T::MaxDevices::get(),
				"a worker counts its devices wrongly or has too many"
			);
			ensure!(
				WorkersOf::<T>::contains_key(&record.operator, worker),
				"a worker is missing in its operator's list"
			);
			let sum = sums.entry(record.operator).or_default();
			sum.deposits = sum.deposits.saturating_add(record.deposit);
			sum.workers = sum.workers.saturating_add(1);
		}
		ensure!(
			WorkersOf::<T>::iter_keys().count() == Workers::<T>::iter_keys().count(),
			"an operator's list names a worker that is not its own"
		);
		Ok(())
	}

	/// Every hot key signs for exactly one worker and for no operator.
	fn try_keys() -> Result<(), TryRuntimeError> {
		for (key, worker) in Keys::<T>::iter() {
			let record = Workers::<T>::get(worker).ok_or("a key of a worker that is none")?;
			ensure!(
				record.key == key || record.next_key.is_some_and(|next| next.key == key),
				"a key that its worker does not know"
			);
			ensure!(!Operators::<T>::contains_key(&key), "an operator's account is a hot key");
		}
		for (worker, record) in Workers::<T>::iter() {
			ensure!(
				Keys::<T>::get(&record.key) == Some(worker)
					&& record.next_key.is_none_or(|next| Keys::<T>::get(&next.key) == Some(worker)),
				"a worker's key leads to another worker"
			);
		}
		Ok(())
	}

	/// Every operator's record agrees with the maps and with the holds on its account.
	fn try_operators(
		mut sums: BTreeMap<T::AccountId, Sums<BalanceOf<T>>>,
	) -> Result<(), TryRuntimeError> {
		let held = |reason: HoldReason, who: &T::AccountId| {
			T::Currency::balance_on_hold(&reason.into(), who)
		};
		for (operator, record) in Operators::<T>::iter() {
			let sum = sums.remove(&operator).unwrap_or_default();
			let unbonding = record
				.unbonding
				.iter()
				.fold(BalanceOf::<T>::zero(), |all, chunk| all.saturating_add(chunk.amount));
			ensure!(record.reserved <= record.bonded, "more is reserved than is bonded");
			ensure!(record.reserved == sum.reserved, "reservations do not add up");
			ensure!(
				record.escrowed == sum.escrowed && record.convictions == sum.convictions,
				"convictions do not add up"
			);
			ensure!(
				record.workers == sum.workers && record.workers <= T::MaxWorkers::get(),
				"an operator counts its workers wrongly or has too many"
			);
			ensure!(
				held(HoldReason::Bond, &operator) == record.bonded.saturating_add(unbonding),
				"the bond on hold is not what is bonded and unbonding"
			);
			ensure!(
				held(HoldReason::Escrow, &operator) == record.escrowed,
				"the escrow on hold is not that of the convictions"
			);
			ensure!(
				held(HoldReason::Deposit, &operator) == sum.deposits,
				"the deposits on hold are not those of workers and devices"
			);
		}
		ensure!(sums.is_empty(), "something belongs to an operator that is none");
		Ok(())
	}
}
