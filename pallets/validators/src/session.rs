//! The life of a session: planned, begun, ended.

use crate::{
	pallet::{
		Candidates, Charges, Config, Event, Exposures, KeysInUse, Limits, Offenders, Pallet,
		Tallies,
	},
	types::{Balance, CandidateState, PutOutReason, Tally},
};
use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::traits::Get;
use sp_staking::SessionIndex;

/// A validator is silent if it authored none of the blocks of a session in which, on average, at
/// least this many fell to each validator: chance alone is silent in one of 2,980 sessions.
pub(crate) const EXPECTED_BLOCKS: u32 = 8;

impl<T: Config> pallet_session::SessionManager<T::AccountId> for Pallet<T> {
	fn new_session(index: SessionIndex) -> Option<Vec<T::AccountId>> {
		Self::plan_session(index)
	}

	/// The validators of a session of genesis are those that the chain specification's session keys
	/// name. When the session pallet asks it does not know them itself yet.
	fn new_session_genesis(index: SessionIndex) -> Option<Vec<T::AccountId>> {
		Self::keep_validators(index)
	}

	fn start_session(index: SessionIndex) {
		Self::begin_session(index);
	}

	fn end_session(index: SessionIndex) {
		Self::close_session(index);
	}
}

impl<T: Config> Pallet<T> {
	/// Records the exposures of the sessions 0 and 1: when the session pallet planned them, balances
	/// and operators had no genesis yet.
	pub(crate) fn build_first_sessions() {
		for session in [0, 1] {
			Self::keep_validators(session);
		}
	}

	/// Keeps the keys that are in use from now on, and disables offenders that serve on, because a
	/// change of the set enables everybody: those that were reported in the session before, and those
	/// that are in the set only because too few others are eligible.
	pub(crate) fn begin_session(session: SessionIndex) {
		Self::record_keys(session);
		for (offender, fraction) in Offenders::<T>::drain() {
			Self::disable(offender, fraction);
		}
		for validator in pallet_session::Validators::<T>::get() {
			if let Some(CandidateState::PutOut { reason: PutOutReason::Equivocation, .. }) =
				Candidates::<T>::get(&validator)
			{
				Self::disable(validator, T::MinimumFraction::get());
			}
		}
	}

	/// Pays the session's income, puts out who was silent, and forgets what is too old.
	pub(crate) fn close_session(session: SessionIndex) {
		let tallies: BTreeMap<_, _> = Tallies::<T>::drain().collect();
		for (validator, tally) in &tallies {
			Self::pay_income(session, validator, tally.earned);
		}
		Self::put_out_silent(session, &tallies);
		Self::forget_reports(session);
		Self::prune(session);
	}

	/// Puts out validators that authored nothing although blocks were expected of them: at most a
	/// third of the set, so that an outage of the network does not dissolve it, weakest first, and
	/// not so many that too few candidates are left.
	fn put_out_silent(session: SessionIndex, tallies: &BTreeMap<T::AccountId, Tally>) {
		let validators = pallet_session::Validators::<T>::get();
		let count = u32::try_from(validators.len()).unwrap_or(u32::MAX);
		let blocks = tallies.values().fold(0u32, |sum, tally| sum.saturating_add(tally.blocks));
		if blocks.checked_div(count).is_none_or(|average| average < EXPECTED_BLOCKS) {
			return;
		}
		let mut silent: Vec<(Balance, T::AccountId)> = validators
			.into_iter()
			.filter(|validator| {
				tallies.get(validator).is_none_or(|tally| tally.blocks == 0)
					&& Candidates::<T>::get(validator) == Some(CandidateState::Ready)
			})
			.map(|validator| {
				let exposure = Exposures::<T>::get(session, &validator).unwrap_or_default();
				(exposure.weight, validator)
			})
			.collect();
		if silent.is_empty() {
			return;
		}
		silent.sort_unstable();
		let third = count.saturating_sub(1).checked_div(3).unwrap_or(0);
		let eligible = u32::try_from(Self::eligible().len()).unwrap_or(u32::MAX);
		let spare = eligible.saturating_sub(Limits::<T>::get().minimum);
		let most = usize::try_from(third.min(spare)).unwrap_or(usize::MAX);
		for (_, validator) in silent.into_iter().take(most) {
			Self::put_out(validator, PutOutReason::MissedBlocks, session);
		}
	}

	/// Lets a candidate wait until it says that it is back.
	pub(crate) fn put_out(candidate: T::AccountId, reason: PutOutReason, session: SessionIndex) {
		Candidates::<T>::insert(&candidate, CandidateState::PutOut { reason, session });
		Self::deposit_event(Event::CandidatePutOut { candidate, reason, session });
	}

	/// Forgets the oldest session: who served in it with which keys, and the exposures that this
	/// leads to.
	fn prune(ended: SessionIndex) {
		let kept = T::KeptSessions::get().saturating_add(1);
		if let Some(forgotten) = ended.checked_sub(kept) {
			KeysInUse::<T>::remove(forgotten);
			let most = T::MaxValidators::get();
			let _ = Exposures::<T>::clear_prefix(forgotten, most, None);
			let _ = Charges::<T>::clear_prefix(forgotten, most, None);
		}
	}
}
