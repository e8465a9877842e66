//! The occupancy ledger of devices.

use crate::{
	pallet::{Config, Devices, Error, Event, Pallet, Workers},
	traits::{self, Occupancy},
	types::{DeviceIndex, Share, WorkerId, WHOLE_DEVICE},
};
use frame_support::{dispatch::DispatchResult, ensure};

fn is_valid(share: Share) -> bool {
	(1..=WHOLE_DEVICE).contains(&share)
}

impl<T: Config> Occupancy for Pallet<T> {
	fn occupy(worker: WorkerId, device: DeviceIndex, share: Share) -> DispatchResult {
		ensure!(is_valid(share), Error::<T>::InvalidShare);
		ensure!(Workers::<T>::contains_key(worker), Error::<T>::UnknownWorker);
		let mut record = Devices::<T>::get(worker, device).ok_or(Error::<T>::UnknownDevice)?;
		ensure!(
			<Self as traits::Workers<T::AccountId>>::is_active(worker),
			Error::<T>::WorkerInactive
		);
		let occupied = record
			.occupied
			.checked_add(share)
			.filter(|occupied| *occupied <= WHOLE_DEVICE)
			.ok_or(Error::<T>::DeviceFull)?;
		record.occupied = occupied;
		Devices::<T>::insert(worker, device, record);
		Self::deposit_event(Event::DeviceOccupied { worker, device, share, occupied });
		Ok(())
	}

	fn release(worker: WorkerId, device: DeviceIndex, share: Share) -> DispatchResult {
		ensure!(is_valid(share), Error::<T>::InvalidShare);
		let mut record = Devices::<T>::get(worker, device).ok_or(Error::<T>::UnknownDevice)?;
		let occupied = record.occupied.checked_sub(share).ok_or(Error::<T>::ShareNotOccupied)?;
		record.occupied = occupied;
		Devices::<T>::insert(worker, device, record);
		Self::deposit_event(Event::DeviceFreed { worker, device, share, occupied });
		Ok(())
	}

	fn occupied(worker: WorkerId, device: DeviceIndex) -> Share {
		Devices::<T>::get(worker, device).map_or(0, |record| record.occupied)
	}
}
