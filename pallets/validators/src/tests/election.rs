//! Who is elected, and when that takes effect.

use crate::{mock::*, types::Limits, Event};
use frame_support::{assert_ok, traits::KeyOwnerProofSystem};
use sp_runtime::{key_types::DUMMY, testing::UintAuthorityId, RuntimeAppPublic};

fn set_limits(minimum: u32, maximum: u32) {
	assert_ok!(Validators::set_limits(RuntimeOrigin::root(), Limits { minimum, maximum }));
}

fn everybody_stops() {
	for (who, _) in GENESIS {
		assert_ok!(Validators::stop_validating(signed(who)));
	}
}

#[test]
fn newcomer_should_validate_from_the_next_session_but_one_when_it_overtakes() {
	build_and_execute(|| {
		candidate(5, 15_000);
		next_session();
		// Elected now, for the session after the one that begins.
		assert_eq!((serving(), queued()), (vec![1, 2, 3, 4], vec![1, 2, 3, 5]));
		assert!(happened(Event::ValidatorsElected { session: 2, validators: 4, least: 15_000 }));
		assert_eq!(exposure(2, 5).unwrap().weight, 15_000);
		assert_eq!(exposure(2, 4), None);
		next_session();
		assert_eq!(Session::current_index(), 2);
		assert_eq!(serving(), [1, 2, 3, 5]);
	});
}

#[test]
fn candidate_should_be_elected_when_delegations_make_it_overtake() {
	build_and_execute(|| {
		candidate(5, 5_000);
		next_session();
		assert_eq!(queued(), [1, 2, 3, 4]);
		assert_ok!(Operators::delegate(signed(DELEGATOR), 5, 10_000));
		assert_eq!(stake(5).weight, 15_000);
		next_session();
		assert_eq!(queued(), [1, 2, 3, 5]);
		let exposure = exposure(3, 5).unwrap();
		assert_eq!((exposure.own, exposure.delegated), (5_000, 10_000));
	});
}

#[test]
fn delegations_should_not_elect_when_the_own_bond_is_below_the_minimum() {
	build_and_execute(|| {
		candidate(5, SELF_BOND);
		assert_ok!(Operators::delegate(signed(DELEGATOR), 5, 50_000));
		assert_ok!(Operators::unbond(signed(5), 1));
		next_session();
		assert_eq!(queued(), [1, 2, 3, 4]);
		assert_ok!(Operators::bond_more(signed(5), 1));
		next_session();
		assert_eq!(queued(), [1, 2, 3, 5]);
	});
}

#[test]
fn leaver_should_serve_what_it_was_elected_for_when_it_stops() {
	build_and_execute(|| {
		assert_ok!(Validators::stop_validating(signed(1)));
		next_session();
		assert_eq!((serving(), queued()), (vec![1, 2, 3, 4], vec![2, 3, 4]));
		next_session();
		assert_eq!(serving(), [2, 3, 4]);
		assert_ok!(Validators::validate(signed(1)));
		next_session();
		next_session();
		assert_eq!(serving(), [1, 2, 3, 4]);
	});
}

#[test]
fn retiring_operator_should_not_be_elected_when_it_is_still_a_candidate() {
	build_and_execute(|| {
		assert_ok!(Operators::retire(signed(1)));
		next_session();
		assert_eq!(queued(), [2, 3, 4]);
	});
}

#[test]
fn candidate_without_keys_should_not_be_elected_when_it_has_the_largest_stake() {
	build_and_execute(|| {
		candidate(5, 90_000);
		// The session's own call, which a runtime closes.
		assert_ok!(Session::purge_keys(signed(5)));
		next_session();
		assert_eq!(queued(), [1, 2, 3, 4]);
	});
}

#[test]
fn smaller_account_should_be_elected_when_stakes_are_equal() {
	build_and_execute(|| {
		[8, 6, 7, 5].into_iter().for_each(|who| candidate(who, 20_000));
		next_session();
		// 3 has 20,000 too.
		assert_eq!(queued(), [1, 2, 3, 5]);
	});
}

#[test]
fn set_should_stay_when_fewer_than_the_minimum_are_eligible() {
	build_and_execute(|| {
		set_limits(3, 4);
		assert_ok!(Validators::stop_validating(signed(1)));
		assert_ok!(Operators::retire(signed(2)));
		next_session();
		assert!(happened(Event::ValidatorsKept { session: 2, eligible: 2 }));
		assert_eq!(queued(), [1, 2, 3, 4]);
		// One that stopped is exposed as it is now, one that retires as it was before.
		assert_eq!(exposure(2, 1).unwrap().weight, 40_000);
		assert_eq!(stake(2).weight, 0);
		assert_eq!(exposure(2, 2).unwrap().weight, 30_000);
		for _ in 0..4 {
			next_session();
			assert_eq!(serving(), [1, 2, 3, 4]);
			check_state();
		}
		candidate(5, 15_000);
		next_session();
		assert_eq!(queued(), [3, 4, 5]);
	});
}

#[test]
fn set_should_never_be_empty_when_everybody_leaves() {
	build_and_execute(|| {
		set_limits(1, 4);
		everybody_stops();
		for _ in 0..5 {
			next_session();
			assert_eq!((serving(), queued()), (vec![1, 2, 3, 4], vec![1, 2, 3, 4]));
		}
	});
}

#[test]
fn kept_set_should_be_provable_by_its_new_keys_when_they_were_rotated() {
	build_and_execute(|| {
		everybody_stops();
		next_session();
		assert_ok!(Session::set_keys(signed(1), keys(77), proof_of(1, 77)));
		next_session();
		let owner = |key| {
			let key = (DUMMY, UintAuthorityId(key).to_raw_vec());
			let proof = Validators::prove(key.clone())?;
			Validators::check_proof(key, proof)
		};
		assert_eq!((owner(1), owner(77)), (Some(1), None));
		next_session();
		assert_eq!((owner(1), owner(77)), (None, Some(1)));
	});
}

#[test]
fn set_should_shrink_and_grow_when_the_limits_change() {
	build_and_execute(|| {
		set_limits(1, 1);
		next_session();
		assert_eq!(queued(), [1]);
		set_limits(1, 3);
		next_session();
		assert_eq!((serving(), queued()), (vec![1], vec![1, 2, 3]));
	});
}
