//! What others may know: the trait `Workers` and the view functions.

use crate::{
	pallet::{Config, Devices, Error, Keys, Operators, Pallet, Workers, WorkersOf},
	traits::{self, Rounds, Security},
	types::{
		Activity, BalanceOf, DeviceIndex, DeviceStatus, OperatorRecordOf, OperatorStatus, Service,
		WorkerId, WorkerStatus,
	},
};
use alloc::vec::Vec;
use frame_support::{dispatch::RawOrigin, traits::Get};
use frame_system::{ensure_signed, pallet_prelude::BlockNumberFor};
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchError,
};

impl<T: Config> traits::Workers<T::AccountId> for Pallet<T> {
	fn ensure_worker<Origin>(origin: Origin) -> Result<WorkerId, DispatchError>
	where
		Origin: Into<Result<RawOrigin<T::AccountId>, Origin>>,
	{
		let key = ensure_signed(origin)?;
		Self::worker_of(&key).ok_or_else(|| Error::<T>::NotAHotKey.into())
	}

	fn worker_of(key: &T::AccountId) -> Option<WorkerId> {
		let worker = Keys::<T>::get(key)?;
		let record = Workers::<T>::get(worker)?;
		(record.key_in(T::Rounds::current_round()) == key).then_some(worker)
	}

	fn key_of(worker: WorkerId) -> Option<T::AccountId> {
		Workers::<T>::get(worker).map(|record| record.key_in(T::Rounds::current_round()).clone())
	}

	fn operator_of(worker: WorkerId) -> Option<T::AccountId> {
		Workers::<T>::get(worker).map(|record| record.operator)
	}

	fn payout_of(operator: &T::AccountId) -> Option<T::AccountId> {
		Operators::<T>::get(operator).map(|record| record.payout)
	}

	fn device_exists(worker: WorkerId, device: DeviceIndex) -> bool {
		Devices::<T>::contains_key(worker, device)
	}

	fn is_active(worker: WorkerId) -> bool {
		Workers::<T>::get(worker)
			.and_then(|record| Operators::<T>::get(record.operator))
			.is_some_and(|record| Self::activity(&record) == Activity::Active)
	}
}

impl<T: Config> Pallet<T> {
	/// Whether an operator's workers may begin new work.
	pub(crate) fn activity(record: &OperatorRecordOf<T>) -> Activity {
		if record.retiring_since.is_some() {
			Activity::Retiring
		} else if record.bonded < T::MinimumBond::get() {
			Activity::BondBelowMinimum
		} else {
			Activity::Active
		}
	}

	pub(crate) fn view_operator(
		operator: &T::AccountId,
	) -> Option<OperatorStatus<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
		let record = Operators::<T>::get(operator)?;
		let now = Self::now();
		let sum = |due_only: bool| {
			record
				.unbonding
				.iter()
				.filter(|chunk| !due_only || chunk.due <= now)
				.fold(BalanceOf::<T>::zero(), |sum, chunk| sum.saturating_add(chunk.amount))
		};
		Some(OperatorStatus {
			activity: Self::activity(&record),
			bonded: record.bonded,
			reserved: record.reserved,
			free: <Self as Security<_, _, _>>::free_stake(operator, Service::Flops),
			unbonding: sum(false),
			withdrawable: sum(true),
			next_due: record.unbonding.iter().map(|chunk| chunk.due).filter(|due| *due > now).min(),
			escrowed: record.escrowed,
			workers: record.workers,
			convictions: record.convictions,
			payout: record.payout,
		})
	}

	pub(crate) fn view_workers(operator: &T::AccountId) -> Vec<WorkerId> {
		let mut workers: Vec<_> = WorkersOf::<T>::iter_key_prefix(operator).collect();
		workers.sort_unstable();
		workers
	}

	pub(crate) fn view_worker(worker: WorkerId) -> Option<WorkerStatus<T::AccountId>> {
		let record = Workers::<T>::get(worker)?;
		let round = T::Rounds::current_round();
		let mut devices: Vec<_> = Devices::<T>::iter_prefix(worker)
			.map(|(device, record)| DeviceStatus {
				device,
				description: record.description.into_inner(),
				occupied: record.occupied,
				reservations: record.reservations,
			})
			.collect();
		devices.sort_unstable_by_key(|status| status.device);
		Some(WorkerStatus {
			activity: Self::activity(&Operators::<T>::get(&record.operator)?),
			key: record.key_in(round).clone(),
			next_key: record.next_key.filter(|next| next.from_round > round),
			operator: record.operator,
			reservations: record.reservations,
			devices,
		})
	}
}
