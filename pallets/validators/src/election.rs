//! Who serves a session, and with which stake.

use crate::{
	pallet::{Candidates, Config, Event, Exposures, Limits, MinimumSelfBond, Pallet},
	types::{CandidateState, Stake},
};
use alloc::vec::Vec;
use pallet_operators::traits::Staking;
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
	/// The stake of a candidate that could be elected now; nothing if it could not.
	pub(crate) fn eligible_stake(who: &T::AccountId, state: &CandidateState) -> Option<Stake> {
		if *state != CandidateState::Ready || !pallet_session::NextKeys::<T>::contains_key(who) {
			return None;
		}
		let stake = T::Staking::consensus_stake(who);
		let minimum = MinimumSelfBond::<T>::get();
		let least = stake.own.min(stake.weight);
		(stake.weight > 0 && least >= minimum).then_some(stake)
	}

	/// All candidates that could be elected now, strongest first. Among equals the smaller account
	/// comes first.
	pub(crate) fn eligible() -> Vec<(T::AccountId, Stake)> {
		let mut eligible: Vec<_> = Candidates::<T>::iter()
			.filter_map(|(account, state)| {
				Self::eligible_stake(&account, &state).map(|stake| (account, stake))
			})
			.collect();
		eligible.sort_unstable_by(|(one, stake), (other, than)| {
			than.weight.cmp(&stake.weight).then_with(|| one.cmp(other))
		});
		eligible
	}

	/// The candidates that would be elected now, strongest first; nothing if they are too few.
	pub(crate) fn elect() -> Result<Vec<(T::AccountId, Stake)>, usize> {
		let limits = Limits::<T>::get();
		let within = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
		let mut elected = Self::eligible();
		if elected.len() < within(limits.minimum.max(1)) {
			return Err(elected.len());
		}
		elected.truncate(within(limits.maximum));
		Ok(elected)
	}

	/// Elects the validators of `session` and records their exposures.
	///
	/// If too few are eligible the running set stays. Nothing is returned where there is no
	/// validator at all.
	pub(crate) fn plan_session(session: SessionIndex) -> Option<Vec<T::AccountId>> {
		match Self::elect() {
			Ok(elected) => {
				Self::deposit_event(Event::ValidatorsElected {
					session,
					validators: u32::try_from(elected.len()).unwrap_or(u32::MAX),
					least: elected.last().map_or(0, |(_, stake)| stake.weight),
				});
				let record = |(account, stake)| {
					Exposures::<T>::insert(session, &account, stake);
					account
				};
				Some(elected.into_iter().map(record).collect())
			}
			Err(eligible) => {
				Self::deposit_event(Event::ValidatorsKept {
					session,
					eligible: u32::try_from(eligible).unwrap_or(u32::MAX),
				});
				Self::keep_validators(session)
			}
		}
	}

	/// Lets the running validators serve `session` too.
	pub(crate) fn keep_validators(session: SessionIndex) -> Option<Vec<T::AccountId>> {
		let validators = pallet_session::Validators::<T>::get();
		for validator in &validators {
			Self::record_kept(session, validator);
		}
		(!validators.is_empty()).then_some(validators)
	}

	/// Records the exposure of a validator that was not elected for `session` but serves it. One
	/// that is not eligible any more answers with the stake it had in the session before: only what
	/// is left of that can be taken.
	fn record_kept(session: SessionIndex, validator: &T::AccountId) {
		let now = T::Staking::consensus_stake(validator);
		let stake = if now.weight > 0 {
			now
		} else {
			let before = session.checked_sub(1);
			before.and_then(|before| Exposures::<T>::get(before, validator)).unwrap_or_default()
		};
		Exposures::<T>::insert(session, validator, stake);
	}
}
