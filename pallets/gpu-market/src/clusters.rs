//! What happens to all members of a cluster at once, or to a lease without one.

use crate::{
	CloseReason, Cluster, ClusterId, Clusters, Config, Event, Lease, LeaseId, LeaseState, Leases,
	Pallet, Parameters, Presences, Running,
};
use alloc::vec::Vec;
use assay_market::{Blocks, Checkpoint};
use frame_support::{dispatch::DispatchResult, storage::with_storage_layer};
use pallet_operators::{Occupancy, Security, Service, WHOLE_DEVICE};
use sp_runtime::SaturatedConversion;

/// A lease with its name.
pub(crate) type Named<T> = (LeaseId, Lease<<T as frame_system::Config>::AccountId>);

impl<T: Config> Pallet<T> {
	/// All members of a cluster, whose record is removed.
	fn dissolve(cluster: ClusterId) -> Vec<Named<T>> {
		Clusters::<T>::take(cluster)
			.map_or(Default::default(), |cluster| cluster.members)
			.into_iter()
			.filter_map(|member| Leases::<T>::get(member).map(|lease| (member, lease)))
			.collect()
	}

	/// Closes a lease that has not started, and its cluster with it. Returns how many those are.
	pub(crate) fn close_request(
		id: LeaseId,
		lease: Lease<T::AccountId>,
		reason: CloseReason,
	) -> u32 {
		let leases = match lease.cluster {
			Some(cluster) => Self::dissolve(cluster),
			None => alloc::vec![(id, lease)],
		};
		if reason == CloseReason::NeverStarted {
			for (_, lease) in &leases {
				if let LeaseState::Requested { at } = lease.state {
					Self::unlist_if_idle(lease, at, &leases);
				}
			}
		}
		Self::close_all(leases, reason)
	}

	/// Closes leases that have not started. Returns how many those are.
	fn close_all(leases: Vec<Named<T>>, reason: CloseReason) -> u32 {
		let closed = leases.len();
		for (id, lease) in leases {
			Self::close(id, lease, reason);
		}
		closed.saturated_into()
	}

	/// Whether the lease's worker was silent for too long.
	fn is_absent(lease: &Lease<T::AccountId>) -> bool {
		Presences::<T>::get(lease.worker).is_none_or(|presence| {
			presence.attendance.is_lost(Self::now(), &Parameters::<T>::get())
		})
	}

	/// Starts a cluster whose members are all ready. Returns how many it has.
	///
	/// A device or stake that was promised may be taken by now, and a worker may have vanished. Then
	/// all members are closed instead, and nobody is unlisted: a promise binds nobody, or a
	/// request could keep devices idle.
	pub(crate) fn start_cluster(cluster: ClusterId) -> u32 {
		let leases = Self::dissolve(cluster);
		let all_there = !leases.iter().any(|(_, lease)| Self::is_absent(lease));
		let started = all_there
			&& with_storage_layer(|| {
				leases.iter().try_for_each(|(id, lease)| Self::start(*id, lease.clone()))
			})
			.is_ok();
		if started {
			leases.len().saturated_into()
		} else {
			Self::close_all(leases, CloseReason::NeverStarted)
		}
	}

	/// Counts one more member as ready. Returns whether all are.
	pub(crate) fn count_ready(cluster: ClusterId) -> bool {
		Clusters::<T>::mutate(cluster, |record| {
			let Some(Cluster { members, ready }) = record else { return false };
			*ready = ready.saturating_add(1);
			usize::try_from(*ready).is_ok_and(|ready| ready >= members.len())
		})
	}

	/// Occupies the devices that the worker chose, reserves the stake that answers for them, and lets
	/// the lease run from now on.
	///
	/// # Errors
	/// A device or the stake is not free. What was done until then has to be undone.
	pub(crate) fn start(id: LeaseId, mut lease: Lease<T::AccountId>) -> DispatchResult {
		for device in &lease.devices {
			T::Occupancy::occupy(lease.worker, *device, WHOLE_DEVICE)?;
		}
		let stake = Parameters::<T>::get().lease_stake.saturating_mul(lease.count.into());
		let obligation = Self::obligation(id, &lease);
		T::Security::reserve(&lease.operator, Service::Market, obligation, stake)?;
		let now: Blocks = Self::now();
		let waited = matches!(lease.state, LeaseState::Waiting { .. });
		let mut missed = 0;
		Self::mutate_presence(lease.worker, |presence| {
			presence.waiting = presence.waiting.saturating_sub(waited.into());
			presence.leases = presence.leases.saturating_add(1);
			missed = presence.attendance.missed;
		});
		let until = now.saturating_add(lease.duration);
		lease.proven = Self::proven_by(&lease);
		lease.state = LeaseState::Active(Running {
			since: now,
			until,
			checkpoint: Checkpoint { block: now, missed },
			ending: None,
			served: false,
		});
		Leases::<T>::insert(id, lease);
		Self::deposit_event(Event::LeaseStarted { lease: id, until, stake });
		Ok(())
	}
}
