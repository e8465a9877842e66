//! Workers: heartbeats, maintenance, where they are, and how long their records live.

use crate::{Config, Endpoint, Endpoints, Error, Event, Pallet, Parameters, Presence, Presences};
use assay_market::{attendance::BadMaintenance, endpoint, Attendance, Blocks, Window};
use frame_support::{dispatch::DispatchResult, ensure};
use frame_system::{ensure_signed, pallet_prelude::OriginFor};
use pallet_operators::{OpenObligations, WorkerId, Workers};
use sp_runtime::{traits::SaturatedConversion, DispatchError};

impl<T: Config> From<BadMaintenance> for Error<T> {
	fn from(refusal: BadMaintenance) -> Self {
		match refusal {
			BadMaintenance::ShortNotice => Self::ShortNotice,
			BadMaintenance::BadLength => Self::BadLength,
			BadMaintenance::AlreadyAnnounced => Self::AlreadyAnnounced,
			BadMaintenance::TooSoonAfterPrevious => Self::TooSoonAfterPrevious,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// The current block. A chain of more than 2³² blocks is not foreseen.
	pub(crate) fn now() -> Blocks {
		frame_system::Pallet::<T>::block_number().saturated_into()
	}

	/// The worker whose hot key signed.
	pub(crate) fn ensure_worker(origin: OriginFor<T>) -> Result<WorkerId, DispatchError> {
		let key = ensure_signed(origin)?;
		T::Workers::worker_of(&key).ok_or_else(|| Error::<T>::NotAWorker.into())
	}

	/// The worker's record, or that of a worker that appears now.
	pub(crate) fn presence_or_new(worker: WorkerId) -> Presence {
		Presences::<T>::get(worker).unwrap_or_else(|| Presence {
			attendance: Attendance::new(Self::now()),
			offers: 0,
			waiting: 0,
			leases: 0,
		})
	}

	/// Keeps the worker's record as long as an offer or a lease of it counts on it.
	pub(crate) fn store_presence(worker: WorkerId, presence: Presence) {
		if presence.offers == 0 && presence.waiting == 0 && presence.leases == 0 {
			Presences::<T>::remove(worker);
			Endpoints::<T>::remove(worker);
		} else {
			Presences::<T>::insert(worker, presence);
		}
	}

	/// Changes the worker's record.
	pub(crate) fn mutate_presence(worker: WorkerId, change: impl FnOnce(&mut Presence)) {
		let mut presence = Self::presence_or_new(worker);
		change(&mut presence);
		Self::store_presence(worker, presence);
	}

	/// Attests the worker's presence in `presence`.
	///
	/// A worker that has lost leases must not wipe that out; one without leases begins anew.
	pub(crate) fn attend(worker: WorkerId, presence: &mut Presence) -> DispatchResult {
		let now = Self::now();
		let rules = Parameters::<T>::get();
		ensure!(
			presence.leases == 0 || !presence.attendance.is_lost(now, &rules),
			Error::<T>::LeasesLost
		);
		let before = presence.attendance.missed;
		presence.attendance = presence.attendance.beat(now, &rules);
		let missed = presence.attendance.missed.saturating_sub(before);
		Self::deposit_event(Event::Attended { worker, missed });
		Ok(())
	}

	pub(crate) fn do_heartbeat(worker: WorkerId) -> DispatchResult {
		let mut presence = Presences::<T>::get(worker).ok_or(Error::<T>::NothingToAttend)?;
		let early = presence.attendance.is_early(Self::now(), &Parameters::<T>::get());
		ensure!(!early, Error::<T>::TooSoon);
		Self::attend(worker, &mut presence)?;
		Presences::<T>::insert(worker, presence);
		Ok(())
	}

	pub(crate) fn do_announce(worker: WorkerId, endpoint: Option<Endpoint>) -> DispatchResult {
		ensure!(Presences::<T>::contains_key(worker), Error::<T>::NothingToAttend);
		if let Some(Endpoint { url, certificate }) = &endpoint {
			let checked = endpoint::check(url, certificate.as_ref());
			ensure!(checked.is_ok(), Error::<T>::BadEndpoint);
		}
		Endpoints::<T>::set(worker, endpoint.clone());
		Self::deposit_event(Event::EndpointAnnounced { worker, endpoint });
		Ok(())
	}

	/// The record of a worker that is the operator's.
	fn own_presence(operator: &T::AccountId, worker: WorkerId) -> Result<Presence, Error<T>> {
		ensure!(
			T::Workers::operator_of(worker).as_ref() == Some(operator),
			Error::<T>::NotTheOperator
		);
		Presences::<T>::get(worker).ok_or(Error::<T>::NothingToAttend)
	}

	pub(crate) fn do_announce_maintenance(
		operator: T::AccountId,
		worker: WorkerId,
		from: Blocks,
		until: Blocks,
	) -> DispatchResult {
		let mut presence = Self::own_presence(&operator, worker)?;
		let rules = Parameters::<T>::get().maintenance;
		presence.attendance = presence
			.attendance
			.announce(Window { from, until }, Self::now(), &rules)
			.map_err(Error::<T>::from)?;
		Presences::<T>::insert(worker, presence);
		Self::deposit_event(Event::MaintenanceAnnounced { worker, from, until });
		Ok(())
	}

	pub(crate) fn do_cancel_maintenance(
		operator: T::AccountId,
		worker: WorkerId,
	) -> DispatchResult {
		let mut presence = Self::own_presence(&operator, worker)?;
		presence.attendance =
			presence.attendance.cancel(Self::now()).ok_or(Error::<T>::NoMaintenance)?;
		Presences::<T>::insert(worker, presence);
		Self::deposit_event(Event::MaintenanceCancelled { worker });
		Ok(())
	}
}

impl<T: Config> OpenObligations for Pallet<T> {
	fn has_open_obligations(worker: WorkerId) -> bool {
		Presences::<T>::contains_key(worker)
	}
}
