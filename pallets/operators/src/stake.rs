//! Reservations: the trait `Security`.

use crate::{
	pallet::{Config, Devices, Error, Event, Operators, Pallet, Reservations, VoidedAt, Workers},
	traits::Security,
	types::{Balance, Fault, Obligation, Service},
};
use assay_economics::allocation::LedgerError;
use frame_support::{dispatch::DispatchResult, ensure, storage::with_storage_layer, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError};

impl<T: Config> Pallet<T> {
	/// Counts an obligation at its worker and device, which keeps their records alive.
	fn bind(operator: &T::AccountId, service: Service, obligation: Obligation) -> DispatchResult {
		if service.binds_worker() {
			Workers::<T>::try_mutate(obligation.worker, |worker| -> DispatchResult {
				let worker = worker.as_mut().ok_or(Error::<T>::UnknownWorker)?;
				ensure!(worker.operator == *operator, Error::<T>::NotTheOperator);
				worker.reservations =
					worker.reservations.checked_add(1).ok_or(ArithmeticError::Overflow)?;
				Ok(())
			})?;
		}
		if service.binds_device() {
			Devices::<T>::try_mutate(
				obligation.worker,
				obligation.device,
				|device| -> DispatchResult {
					let device = device.as_mut().ok_or(Error::<T>::UnknownDevice)?;
					device.reservations =
						device.reservations.checked_add(1).ok_or(ArithmeticError::Overflow)?;
					Ok(())
				},
			)?;
		}
		Ok(())
	}

	/// Undoes [`Self::bind`]. The records exist, since they cannot be removed while they count.
	fn unbind(service: Service, obligation: Obligation) {
		if service.binds_worker() {
			Workers::<T>::mutate_extant(obligation.worker, |worker| {
				worker.reservations = worker.reservations.saturating_sub(1);
			});
		}
		if service.binds_device() {
			Devices::<T>::mutate(obligation.worker, obligation.device, |device| {
				if let Some(device) = device {
					device.reservations = device.reservations.saturating_sub(1);
				}
			});
		}
	}

	/// Deletes a reservation and returns its amount, which the operator's ledger still has as
	/// reserved: the caller takes it out there.
	pub(crate) fn take_reservation(
		operator: &T::AccountId,
		service: Service,
		obligation: Obligation,
	) -> Result<Balance, DispatchError> {
		let amount = Reservations::<T>::take((operator, service, obligation))
			.ok_or(Error::<T>::UnknownReservation)?;
		Self::unbind(service, obligation);
		Ok(amount)
	}
}

impl<T: Config> Security<T::AccountId, Balance, BlockNumberFor<T>> for Pallet<T> {
	fn reserve(
		operator: &T::AccountId,
		service: Service,
		obligation: Obligation,
		amount: Balance,
	) -> DispatchResult {
		with_storage_layer(|| {
			let mut record = Self::operator(operator)?;
			ensure!(!amount.is_zero(), Error::<T>::AmountIsZero);
			ensure!(record.retiring_since.is_none(), Error::<T>::OperatorRetiring);
			ensure!(record.bonded >= T::MinimumBond::get(), Error::<T>::BondBelowMinimum);
			let key = (operator, service, obligation);
			ensure!(!Reservations::<T>::contains_key(key), Error::<T>::AlreadyReserved);
			let ceiling = Self::ceiling(&record, service);
			// The operator's own stake alone backs what it promises: cheating at the cost of
			// delegators would pay, and they could not leave while anything is open.
			let backing = record.backing(0);
			record.ledger.reserve(service.index(), ceiling, backing, amount).map_err(|error| {
				match error {
					LedgerError::ReservedStake => Error::<T>::InsufficientStake.into(),
					error => Self::ledger_error(error),
				}
			})?;
			Self::bind(operator, service, obligation)?;
			Operators::<T>::insert(operator, record);
			Reservations::<T>::insert(key, amount);
			Self::deposit_event(Event::StakeReserved {
				operator: operator.clone(),
				service,
				obligation,
				amount,
			});
			Ok(())
		})
	}

	fn release(
		operator: &T::AccountId,
		service: Service,
		obligation: Obligation,
	) -> DispatchResult {
		with_storage_layer(|| {
			let mut record = Self::operator(operator)?;
			let amount = Self::take_reservation(operator, service, obligation)?;
			record.ledger.release(service.index(), amount).map_err(Self::ledger_error)?;
			Operators::<T>::insert(operator, record);
			Self::deposit_event(Event::StakeReleased {
				operator: operator.clone(),
				service,
				obligation,
				amount,
			});
			Ok(())
		})
	}

	fn reserved(operator: &T::AccountId, service: Service, obligation: Obligation) -> Balance {
		Reservations::<T>::get((operator, service, obligation)).unwrap_or_default()
	}

	fn free_stake(operator: &T::AccountId, service: Service) -> Balance {
		Self::operator(operator).map_or(0, |record| Self::free_in(&record, service))
	}

	fn convict(
		operator: &T::AccountId,
		service: Service,
		obligation: Obligation,
		fault: Fault,
		prover: Option<&T::AccountId>,
	) -> Result<Balance, DispatchError> {
		with_storage_layer(|| Self::do_convict(operator, service, obligation, fault, prover))
	}

	fn voided_at(operator: &T::AccountId, service: Service) -> Option<BlockNumberFor<T>> {
		VoidedAt::<T>::get(operator, service)
	}
}
