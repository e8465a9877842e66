//! The view functions.

use crate::{
	pallet::{Candidates, Config, Exposures, Offenders, Pallet, Tallies},
	types::{CandidateStatus, ValidatorStatus},
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::traits::DisabledValidators;
use pallet_operators::traits::Staking;

impl<T: Config> Pallet<T> {
	pub(crate) fn view_candidates() -> Vec<CandidateStatus<T::AccountId>> {
		let elected = Self::would_be_elected();
		let mut candidates: Vec<_> = Candidates::<T>::iter()
			.map(|(account, state)| CandidateStatus {
				stake: T::Staking::consensus_stake(&account),
				elected: elected.contains(&account),
				account,
				state,
			})
			.collect();
		candidates.sort_unstable_by(|one, other| {
			let strength = |status: &CandidateStatus<_>| (status.elected, status.stake.weight);
			strength(other).cmp(&strength(one)).then_with(|| one.account.cmp(&other.account))
		});
		candidates
	}

	pub(crate) fn view_validator(account: &T::AccountId) -> ValidatorStatus {
		let session = pallet_session::CurrentIndex::<T>::get();
		let tally = Tallies::<T>::get(account);
		let position = pallet_session::Pallet::<T>::validator_id_to_index(account);
		let queued = pallet_session::QueuedKeys::<T>::get();
		ValidatorStatus {
			candidate: Candidates::<T>::get(account),
			has_keys: pallet_session::NextKeys::<T>::contains_key(account),
			stake: T::Staking::consensus_stake(account),
			elected: Self::would_be_elected().contains(account),
			serving: position.map(|_| Exposures::<T>::get(session, account).unwrap_or_default()),
			next: queued.iter().any(|(next, _)| next == account).then(|| {
				Exposures::<T>::get(session.saturating_add(1), account).unwrap_or_default()
			}),
			disabled: position.is_some_and(pallet_session::Pallet::<T>::is_disabled),
			blocks: tally.blocks,
			earned: tally.earned,
			void: Offenders::<T>::contains_key(account),
		}
	}

	/// Who would be elected now.
	fn would_be_elected() -> BTreeSet<T::AccountId> {
		Self::elect().unwrap_or_default().into_iter().map(|(account, _)| account).collect()
	}
}
