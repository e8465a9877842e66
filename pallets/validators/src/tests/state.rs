//! `try_state` sees what is wrong.

use crate::{
	mock::*,
	pallet::{
		Candidates, Charges, Exposures, LastReports, Limits as StoredLimits, OffenceQueue,
		OffenceQueueEnds, Offenders, Tallies,
	},
	types::{CandidateState, Charge, Limits, QueueEnds, Tally},
};
use frame_support::{assert_err, assert_ok};
use sp_runtime::Permill;

fn change_charge(change: impl FnOnce(&mut Charge<AccountId>)) {
	Charges::<Test>::mutate(0, 4, |charge| change(charge.as_mut().unwrap()));
}

#[test]
fn try_state_should_fail_when_the_state_is_corrupt() {
	type Corruption = (fn(), &'static str);
	let corruptions: Vec<Corruption> = vec![
		(
			|| {
				let key = Candidates::<Test>::hashed_key_for(1);
				frame_support::storage::unhashed::kill(&key);
			},
			"candidates are counted wrongly",
		),
		(
			|| (100..120).for_each(|who| Candidates::<Test>::insert(who, CandidateState::Ready)),
			"there are too many candidates",
		),
		(
			|| StoredLimits::<Test>::put(Limits { minimum: 0, maximum: 0 }),
			"the limits contradict each other",
		),
		(
			|| (100..120).for_each(|who| LastReports::<Test>::insert(who, 1)),
			"reports are counted wrongly or too many",
		),
		(
			|| {
				let key = LastReports::<Test>::hashed_key_for(4);
				frame_support::storage::unhashed::kill(&key);
			},
			"reports are counted wrongly or too many",
		),
		(|| LastReports::<Test>::insert(4, 2), "a report is kept for too long or comes too early"),
		(|| Exposures::<Test>::remove(1, 3), "a validator serves without an exposure"),
		(|| Exposures::<Test>::remove(2, 3), "a validator will serve without an exposure"),
		(
			|| Exposures::<Test>::insert(3, 3, stake(3)),
			"an exposure is kept for too long or comes too early",
		),
		(
			|| Tallies::<Test>::insert(1, Tally { blocks: 1, earned: FUNDS }),
			"the rewards account does not cover the income of the session",
		),
		(
			|| Offenders::<Test>::insert(NOBODY, Permill::one()),
			"an offender neither serves nor will serve",
		),
		(
			|| OffenceQueueEnds::<Test>::put(QueueEnds { head: 2, tail: 1 }),
			"the queue ends before it begins",
		),
		(|| OffenceQueue::<Test>::insert(9, (0, 3)), "an entry is outside of the queue"),
		(
			|| {
				OffenceQueue::<Test>::insert(1, (0, 4));
				OffenceQueueEnds::<Test>::put(QueueEnds { head: 0, tail: 2 });
			},
			"a charge is in the queue twice",
		),
		(|| OffenceQueue::<Test>::remove(0), "the queue has a gap"),
		(
			|| {
				let charge = Charges::<Test>::get(0, 4).unwrap();
				Charges::<Test>::insert(0, NOBODY, charge);
			},
			"a charge for a session without an exposure",
		),
		(
			|| change_charge(|charge| charge.charged = 10_001),
			"a validator is charged more than its fraction",
		),
		(
			|| change_charge(|charge| charge.fraction = Permill::zero()),
			"an equivocation costs less than the minimum",
		),
		(
			|| change_charge(|charge| charge.queued = false),
			"a charge that waits is not in the queue, or one that does not wait is",
		),
		(|| Charges::<Test>::remove(0, 4), "an entry of the queue charges nothing"),
	];
	for (corrupt, message) in corruptions {
		new_test_ext().execute_with(|| {
			next_session();
			assert_ok!(report(&[4], 0, 1, 50));
			assert_ok!(Validators::do_try_state());
			corrupt();
			assert_err!(Validators::do_try_state(), message);
		});
	}
}
