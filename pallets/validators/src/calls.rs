//! What the calls do.

use crate::{
	pallet::{Candidates, Config, Error, Event, Limits, MinimumSelfBond, Pallet},
	types::{self, CandidateState},
};
use core::cmp::Reverse;
use frame_support::{
	dispatch::{DispatchResult, RawOrigin},
	ensure,
	traits::Get,
};
use pallet_operators::traits::{Staking, Workers};
use sp_runtime::DispatchError;

impl<T: Config> Pallet<T> {
	/// Makes `who` a ready candidate. Returns with how many candidates it had to be compared.
	pub(crate) fn do_validate(who: T::AccountId) -> Result<u32, DispatchError> {
		ensure!(pallet_session::NextKeys::<T>::contains_key(&who), Error::<T>::NoSessionKeys);
		ensure!(T::Staking::payout_of(&who).is_some(), Error::<T>::NotAnOperator);
		let stake = T::Staking::consensus_stake(&who);
		ensure!(stake.weight > 0, Error::<T>::NoConsensusStake);
		let minimum = MinimumSelfBond::<T>::get();
		ensure!(stake.own >= minimum, Error::<T>::SelfBondBelowMinimum);
		ensure!(stake.weight >= minimum, Error::<T>::ConsensusStakeBelowMinimum);
		let state = Candidates::<T>::get(&who);
		if state == Some(CandidateState::Ready) {
			return Ok(0);
		}
		Self::ensure_no_recent_equivocation(&who)?;
		let compared = match state {
			Some(_) => 0,
			None => Self::make_room(&who, stake.weight)?,
		};
		Candidates::<T>::insert(&who, CandidateState::Ready);
		Self::deposit_event(Event::CandidateReady { candidate: who });
		Ok(compared)
	}

	/// Ends the candidacy of `who`.
	pub(crate) fn do_stop_validating(who: T::AccountId) -> DispatchResult {
		ensure!(Candidates::<T>::contains_key(&who), Error::<T>::NotACandidate);
		Self::ensure_no_recent_equivocation(&who)?;
		Candidates::<T>::remove(&who);
		Self::deposit_event(Event::CandidateLeft { candidate: who });
		Ok(())
	}

	/// Sets how many validators there may be.
	pub(crate) fn do_set_limits(limits: types::Limits) -> DispatchResult {
		ensure!(limits.are_valid(T::MaxValidators::get()), Error::<T>::InvalidLimits);
		Limits::<T>::put(limits);
		Self::deposit_event(Event::LimitsSet { limits });
		Ok(())
	}

	/// Gives `who` its session keys and their deposit back.
	pub(crate) fn do_remove_keys(who: T::AccountId) -> DispatchResult {
		ensure!(
			!Candidates::<T>::contains_key(&who) && !Self::is_serving_or_next(&who),
			Error::<T>::StillValidating
		);
		pallet_session::Pallet::<T>::purge_keys(RawOrigin::Signed(who.clone()).into())?;
		Self::deposit_event(Event::KeysRemoved { validator: who });
		Ok(())
	}

	/// Whether `who` validates in the running or in the next session.
	pub(crate) fn is_serving_or_next(who: &T::AccountId) -> bool {
		pallet_session::Validators::<T>::get().contains(who)
			|| pallet_session::QueuedKeys::<T>::get().iter().any(|(next, _)| next == who)
	}

	/// An equivocator stays out, and a candidate keeps its place, until the sessions are over for
	/// which it was elected when it was reported and the one in which it may be missed first.
	fn ensure_no_recent_equivocation(who: &T::AccountId) -> DispatchResult {
		ensure!(!Self::equivocated_recently(who), Error::<T>::EquivocatedRecently);
		Ok(())
	}

	/// Lets the weakest candidate go if all places are taken and `newcomer` is stronger. Those that
	/// cannot be elected are the weakest of all. Returns how many were compared.
	fn make_room(newcomer: &T::AccountId, weight: types::Balance) -> Result<u32, DispatchError> {
		let count = Candidates::<T>::count();
		if count < T::MaxCandidates::get() {
			return Ok(0);
		}
		let (least, account) = Self::weakest_candidate().ok_or(Error::<T>::TooManyCandidates)?;
		ensure!(weight > least, Error::<T>::TooManyCandidates);
		Candidates::<T>::remove(&account);
		Self::deposit_event(Event::CandidateDisplaced { candidate: account, by: newcomer.clone() });
		Ok(count)
	}

	/// The candidate with the least weight and the weight; among equals the largest account.
	fn weakest_candidate() -> Option<(types::Balance, T::AccountId)> {
		Candidates::<T>::iter()
			.map(|(account, state)| {
				let weight = Self::eligible_stake(&account, &state).map_or(0, |stake| stake.weight);
				(weight, Reverse(account))
			})
			.min()
			.map(|(weight, Reverse(account))| (weight, account))
	}
}
