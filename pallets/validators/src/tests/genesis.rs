//! The first sessions, and what the chain specification may say.

use crate::{
	mock::*,
	pallet::{KeysInUse, Limits as StoredLimits, MinimumSelfBond},
	types::{CandidateState, Limits},
};

const ANY: Limits = Limits { minimum: 1, maximum: 4 };

#[test]
fn genesis_should_let_the_named_keys_serve_when_the_session_comes_before_the_operators() {
	build_and_execute(|| {
		assert_eq!(serving(), [1, 2, 3, 4]);
		assert_eq!(queued(), [1, 2, 3, 4]);
		assert_eq!(StoredLimits::<Test>::get(), Limits { minimum: 2, maximum: 4 });
		assert_eq!(MinimumSelfBond::<Test>::get(), SELF_BOND);
		for (who, bond) in GENESIS {
			assert_eq!(state(who), Some(CandidateState::Ready));
			for session in [0, 1] {
				let exposure = exposure(session, who).unwrap();
				assert_eq!((exposure.weight, exposure.own), (bond, bond));
			}
			assert_eq!(exposure(2, who), None);
		}
	});
}

#[test]
fn genesis_should_know_whose_keys_are_in_use_when_equivocations_of_the_first_sessions_come_later() {
	build_and_execute(|| {
		for session in 0..3 {
			let keys_in_use = KeysInUse::<Test>::get(session).unwrap();
			assert_eq!(keys_in_use.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [1, 2, 3, 4]);
			next_session();
		}
	});
}

#[test]
fn genesis_should_go_on_with_the_named_keys_when_there_are_no_candidates() {
	genesis(&GENESIS[..2], vec![], ANY).execute_with(|| {
		for session in 1..4 {
			next_session();
			assert_eq!(serving(), [1, 2]);
			assert_eq!(exposure(session + 1, 1).unwrap().weight, GENESIS[0].1);
			check_state();
		}
	});
}

#[test]
fn genesis_should_build_when_nothing_is_named() {
	genesis(&[], vec![], ANY).execute_with(|| {
		check_state();
	});
}

#[test]
#[should_panic = "validators.limits must be"]
fn genesis_should_panic_when_the_limits_are_zero() {
	genesis(&GENESIS, vec![1], Limits { minimum: 0, maximum: 4 });
}

#[test]
#[should_panic = "validators.limits must be"]
fn genesis_should_panic_when_more_validators_are_allowed_than_are_possible() {
	genesis(&GENESIS, vec![1], Limits { minimum: 1, maximum: 11 });
}

#[test]
#[should_panic = "session.keys must name at most"]
fn genesis_should_panic_when_more_validators_are_named_than_are_possible() {
	MaxValidators::set(3);
	genesis(&GENESIS, vec![], Limits { minimum: 1, maximum: 3 });
}

#[test]
#[should_panic = "NoSessionKeys"]
fn genesis_should_panic_when_a_candidate_has_no_keys() {
	genesis(&GENESIS, vec![9], ANY);
}

#[test]
#[should_panic = "SelfBondBelowMinimum"]
fn genesis_should_panic_when_a_candidate_is_bonded_too_little() {
	genesis(&[(1, SELF_BOND - 1)], vec![1], ANY);
}

#[test]
#[should_panic = "contradict each other"]
fn genesis_should_panic_when_there_is_no_room_for_the_validators() {
	MaxCandidates::set(3);
	genesis(&[], vec![], ANY);
}

#[test]
#[should_panic = "contradict each other"]
fn genesis_should_panic_when_equivocations_cost_nothing() {
	MinimumFraction::set(sp_runtime::Permill::zero());
	genesis(&[], vec![], ANY);
}
