//! The invariants of the README as code.

use crate::{
	pallet::{
		Candidates, Charges, Config, Exposures, KeysInUse, LastReports, Limits, OffenceQueue,
		OffenceQueueEnds, Offenders, Pallet, Tallies,
	},
	types::Balance,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::{
	ensure,
	traits::{fungible::Inspect, Get},
};
use pallet_operators::traits::Staking;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks every invariant.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::try_candidates()?;
		Self::try_exposures()?;
		Self::try_income()?;
		Self::try_charges()
	}

	/// Candidates are bounded, and so is the set.
	fn try_candidates() -> Result<(), TryRuntimeError> {
		let count = Candidates::<T>::iter_keys().count();
		ensure!(
			usize::try_from(Candidates::<T>::count()) == Ok(count),
			"candidates are counted wrongly"
		);
		ensure!(
			Candidates::<T>::count() <= T::MaxCandidates::get(),
			"there are too many candidates"
		);
		ensure!(
			Limits::<T>::get().are_valid(T::MaxValidators::get()),
			"the limits contradict each other"
		);
		let session = pallet_session::CurrentIndex::<T>::get();
		let reports: Vec<_> = LastReports::<T>::iter_values().collect();
		ensure!(
			usize::try_from(LastReports::<T>::count()) == Ok(reports.len())
				&& LastReports::<T>::count() <= T::MaxValidators::get(),
			"reports are counted wrongly or too many"
		);
		ensure!(
			reports.iter().all(|of| *of <= session && session <= of.saturating_add(1)),
			"a report is kept for too long or comes too early"
		);
		Ok(())
	}

	/// Whoever serves the running or the next session has an exposure there; nothing is kept for
	/// longer than it is needed.
	fn try_exposures() -> Result<(), TryRuntimeError> {
		let session = pallet_session::CurrentIndex::<T>::get();
		let next = session.saturating_add(1);
		for validator in pallet_session::Validators::<T>::get() {
			ensure!(
				Exposures::<T>::contains_key(session, &validator),
				"a validator serves without an exposure"
			);
		}
		let in_use = KeysInUse::<T>::get(session).unwrap_or_default();
		ensure!(
			in_use
				.iter()
				.map(|(validator, _)| validator)
				.eq(&pallet_session::Validators::<T>::get()),
			"the keys in use are not those of the validators"
		);
		for (validator, _) in pallet_session::QueuedKeys::<T>::get() {
			ensure!(
				Exposures::<T>::contains_key(next, &validator),
				"a validator will serve without an exposure"
			);
		}
		let oldest = session.saturating_sub(T::KeptSessions::get()).saturating_sub(1);
		ensure!(
			Exposures::<T>::iter_keys().all(|(of, _)| (oldest..=next).contains(&of)),
			"an exposure is kept for too long or comes too early"
		);
		ensure!(
			KeysInUse::<T>::iter_keys().all(|of| (oldest..=session).contains(&of)),
			"keys are kept for too long or come too early"
		);
		Ok(())
	}

	/// The rewards account covers all income that is not paid yet.
	fn try_income() -> Result<(), TryRuntimeError> {
		let earned = Tallies::<T>::iter_values()
			.fold(0, |sum: Balance, tally| sum.saturating_add(tally.earned));
		ensure!(
			<T as Config>::Currency::balance(&T::Staking::rewards_account()) >= earned,
			"the rewards account does not cover the income of the session"
		);
		ensure!(
			Offenders::<T>::iter_keys().all(|offender| Self::is_serving_or_next(&offender)),
			"an offender neither serves nor will serve"
		);
		Ok(())
	}

	/// No charge exceeds its fraction of the exposure, and those that wait are in the queue exactly
	/// once.
	fn try_charges() -> Result<(), TryRuntimeError> {
		let ends = OffenceQueueEnds::<T>::get();
		ensure!(ends.head <= ends.tail, "the queue ends before it begins");
		let mut queued = BTreeSet::new();
		for (number, entry) in OffenceQueue::<T>::iter() {
			ensure!((ends.head..ends.tail).contains(&number), "an entry is outside of the queue");
			ensure!(queued.insert(entry), "a charge is in the queue twice");
		}
		let length = ends.tail.saturating_sub(ends.head);
		ensure!(u64::try_from(queued.len()) == Ok(length), "the queue has a gap");
		for (session, offender, charge) in Charges::<T>::iter() {
			let exposure = Exposures::<T>::get(session, &offender)
				.ok_or("a charge for a session without an exposure")?;
			ensure!(
				charge.charged <= charge.fraction.mul_ceil(exposure.weight),
				"a validator is charged more than its fraction"
			);
			ensure!(
				charge.fraction >= T::MinimumFraction::get(),
				"an equivocation costs less than the minimum"
			);
			ensure!(
				charge.queued == queued.remove(&(session, offender)),
				"a charge that waits is not in the queue, or one that does not wait is"
			);
		}
		let forgotten = |(session, offender)| !Exposures::<T>::contains_key(session, offender);
		ensure!(queued.into_iter().all(forgotten), "an entry of the queue charges nothing");
		Ok(())
	}
}
