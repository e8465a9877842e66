//! What happens to all members of a cluster at once, or to a lease without one.

use crate::{
	CloseReason, Cluster, ClusterId, Clusters, Config, Event, Lease, LeaseId, LeaseState, Leases,
	Pallet, Parameters, Presences, Running,
};
use alloc::vec::Vec;
use assay_market::{Blocks, Checkpoint};
use sp_runtime::SaturatedConversion;

impl<T: Config> Pallet<T> {
	/// The lease, or all members of its cluster.
	fn with_members(
		id: LeaseId,
		lease: Lease<T::AccountId>,
	) -> Vec<(LeaseId, Lease<T::AccountId>)> {
		let Some(cluster) = lease.cluster else { return alloc::vec![(id, lease)] };
		Clusters::<T>::get(cluster)
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
		let cluster = lease.cluster;
		let leases = Self::with_members(id, lease);
		if let Some(cluster) = cluster {
			Clusters::<T>::remove(cluster);
		}
		if reason == CloseReason::NeverStarted {
			// Before anything is released: what the cluster itself occupies was not idle.
			for (_, lease) in &leases {
				match lease.state {
					LeaseState::Requested { at } => Self::unlist_if_idle(lease, at),
					_ if Self::is_absent(lease) => Self::unlist(lease.offer),
					_ => {}
				}
			}
		}
		let closed = leases.len();
		for (member, lease) in leases {
			Self::close(member, lease, reason);
		}
		closed.saturated_into()
	}

	/// Whether the lease's worker was silent for too long.
	fn is_absent(lease: &Lease<T::AccountId>) -> bool {
		Presences::<T>::get(lease.worker).is_none_or(|presence| {
			presence.attendance.is_lost(Self::now(), &Parameters::<T>::get())
		})
	}

	/// Starts a cluster whose members are all ready. If one of their workers has vanished while the
	/// others came, the whole cluster is closed instead. Returns how many members it has.
	pub(crate) fn start_cluster(id: LeaseId, lease: Lease<T::AccountId>) -> u32 {
		let cluster = lease.cluster;
		let leases = Self::with_members(id, lease.clone());
		if leases.iter().any(|(_, lease)| Self::is_absent(lease)) {
			return Self::close_request(id, lease, CloseReason::NeverStarted);
		}
		if let Some(cluster) = cluster {
			Clusters::<T>::remove(cluster);
		}
		let members = leases.len();
		for (member, lease) in leases {
			Self::start(member, lease);
		}
		members.saturated_into()
	}

	/// Counts one more member as ready. Returns whether all are.
	pub(crate) fn count_ready(cluster: ClusterId) -> bool {
		Clusters::<T>::mutate(cluster, |record| {
			let Some(Cluster { members, ready }) = record else { return false };
			*ready = ready.saturating_add(1);
			usize::try_from(*ready).is_ok_and(|ready| ready >= members.len())
		})
	}

	/// Lets a lease run from now on.
	pub(crate) fn start(id: LeaseId, mut lease: Lease<T::AccountId>) {
		let now: Blocks = Self::now();
		let waited = matches!(lease.state, LeaseState::Waiting { .. });
		let mut missed = 0;
		Self::mutate_presence(lease.worker, |presence| {
			presence.waiting = presence.waiting.saturating_sub(waited.into());
			presence.leases = presence.leases.saturating_add(1);
			missed = presence.attendance.missed;
		});
		let until = now.saturating_add(lease.duration);
		lease.state = LeaseState::Active(Running {
			since: now,
			until,
			checkpoint: Checkpoint { block: now, missed },
			ending: None,
		});
		Leases::<T>::insert(id, lease);
		Self::deposit_event(Event::LeaseStarted { lease: id, until });
	}
}
