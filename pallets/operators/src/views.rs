//! What others may know: the trait `Workers` and the view functions.

use crate::{
	pallet::{Config, Delegations, Devices, Error, Keys, Operators, Pallet, Workers, WorkersOf},
	traits::{self, Rounds},
	types::{
		Activity, AllocationStatus, Balance, DelegationStatus, DeviceIndex, DeviceStatus,
		OperatorStatus, Service, WorkerId, WorkerStatus,
	},
};
use alloc::vec::Vec;
use frame_support::{dispatch::RawOrigin, traits::Get};
use frame_system::{ensure_signed, pallet_prelude::BlockNumberFor};
use sp_runtime::DispatchError;

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
			.and_then(|record| Self::operator(&record.operator).ok())
			.is_some_and(|record| Self::activity(&record) == Activity::Active)
	}
}

impl<T: Config> Pallet<T> {
	pub(crate) fn view_operator(
		operator: &T::AccountId,
	) -> Option<OperatorStatus<T::AccountId, BlockNumberFor<T>>> {
		let record = Self::operator(operator).ok()?;
		let now = Self::now();
		let due = record.unbonding.iter().filter(|chunk| chunk.due <= now);
		let allocation = |service: Service| AllocationStatus {
			service,
			allocated: record.ledger.allocated(service.index()),
			reserved: record.ledger.reserved(service.index()),
			free: Self::free_in(&record, service),
			pending: record.changes.get(service.index()).copied().flatten(),
		};
		Some(OperatorStatus {
			activity: Self::activity(&record),
			bonded: record.bonded,
			unbonding: record.own().saturating_sub(record.bonded),
			withdrawable: due.fold(0, |sum: Balance, chunk| sum.saturating_add(chunk.amount)),
			next_due: record.unbonding.iter().map(|chunk| chunk.due).filter(|due| *due > now).min(),
			delegated: record.pool.stake,
			stake: record.stake(),
			active: record.active(),
			reserved: record.ledger.total_reserved(),
			escrowed: record.escrowed.saturating_add(record.escrowed_delegated),
			escrowed_delegated: record.escrowed_delegated,
			allocations: Service::ALL.map(allocation).to_vec(),
			commission_ppm: record.commission_ppm,
			pending_commission: record.commission_change,
			rewards: record.rewards,
			delegators: record.delegators,
			workers: record.workers,
			convictions: record.convictions,
			payout: record.payout,
		})
	}

	pub(crate) fn view_delegation(
		operator: &T::AccountId,
		delegator: &T::AccountId,
	) -> Option<DelegationStatus<BlockNumberFor<T>>> {
		let record = Self::operator(operator).ok()?;
		let mut delegation = Delegations::<T>::get(operator, delegator)?;
		Self::earn(operator, &record.pool, &mut delegation);
		let now = Self::now();
		let at_once = Self::lets_everybody_go(&record);
		let leaving = |due_only: bool| {
			delegation
				.leaving
				.iter()
				.filter(|chunk| !due_only || at_once || chunk.due <= now)
				.fold(0u128, |sum, chunk| sum.saturating_add(chunk.shares))
		};
		// A cohort whose session has come earns, even if nobody has touched the pool since.
		let session = T::Session::get();
		let joining = delegation
			.joining
			.iter()
			.filter(|(from, _)| *from > session)
			.fold(0u128, |sum, (_, shares)| sum.saturating_add(*shares));
		Some(DelegationStatus {
			active: record.pool.value(delegation.staying()),
			joining: record.pool.value(joining),
			leaving: record.pool.value(leaving(false)),
			withdrawable: record.pool.value(leaving(true)),
			next_due: delegation
				.leaving
				.iter()
				.map(|chunk| chunk.due)
				.filter(|due| !at_once && *due > now)
				.min(),
			rewards: delegation.rewards,
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
			activity: Self::activity(&Self::operator(&record.operator).ok()?),
			key: record.key_in(round).clone(),
			next_key: record.next_key.filter(|next| next.from_round > round),
			operator: record.operator,
			reservations: record.reservations,
			devices,
		})
	}
}
