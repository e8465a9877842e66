//! Who may become a candidate, and leave.

use crate::{
	mock::*,
	types::{CandidateState, Limits, PutOutReason},
	Error, Event,
};
use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use pallet_operators::Service;
use sp_runtime::DispatchError;

#[test]
fn validate_should_make_a_candidate_when_the_operator_has_keys_and_stake() {
	build_and_execute(|| {
		operator(5, SELF_BOND);
		assert_ok!(Validators::validate(signed(5)));
		assert_eq!(state(5), Some(CandidateState::Ready));
		assert!(happened(Event::CandidateReady { candidate: 5 }));
	});
}

#[test]
fn session_keys_should_be_refused_when_the_proof_is_for_somebody_else() {
	build_and_execute(|| {
		let set = |proof| Session::set_keys(signed(5), keys(5), proof);
		// Another's proof for the key, and a proof for another's key.
		for proof in [proof_of(6, 5), proof_of(5, 6), vec![]] {
			assert_noop!(set(proof), pallet_session::Error::<Test>::InvalidProof);
		}
		assert_ok!(set(proof_of(5, 5)));
	});
}

#[test]
fn validate_should_change_nothing_when_it_is_repeated() {
	build_and_execute(|| {
		let before = System::events().len();
		assert_ok!(Validators::validate(signed(1)));
		assert_eq!(state(1), Some(CandidateState::Ready));
		assert_eq!(System::events().len(), before);
	});
}

#[test]
fn validate_should_fail_when_the_account_is_not_ready_for_it() {
	build_and_execute(|| {
		let fails = |who, error: Error<Test>| {
			assert_noop!(Validators::validate(signed(who)), error);
		};
		fails(5, Error::NoSessionKeys);
		set_keys(5);
		fails(5, Error::NotAnOperator);
		assert_ok!(Operators::register(signed(5), 5, Default::default()));
		fails(5, Error::NoConsensusStake);
		operator(6, SELF_BOND - 1);
		fails(6, Error::SelfBondBelowMinimum);
		operator(7, SELF_BOND);
		assert_ok!(Operators::retire(signed(7)));
		fails(7, Error::NoConsensusStake);
	});
}

#[test]
fn validate_should_fail_when_too_little_answers_for_the_validators() {
	build_and_execute(|| {
		// A full bond, but next to nothing of it for consensus: a seat would cost nothing.
		let shares = vec![(Service::Consensus, 199_000), (Service::Flops, 801_000)];
		assert_ok!(Operators::register(signed(5), 5, shares.try_into().unwrap()));
		assert_ok!(Operators::bond_more(signed(5), 9_000));
		set_keys(5);
		assert_eq!((stake(5).weight, stake(5).own), (SELF_BOND - 10, 10_000));
		assert_noop!(Validators::validate(signed(5)), Error::<Test>::ConsensusStakeBelowMinimum);
		assert_ok!(Operators::bond_more(signed(5), 1_000));
		assert_ok!(Validators::validate(signed(5)));
		// A candidate whose allocation falls below it is not elected.
		let limits = Limits { minimum: 1, maximum: 5 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
		next_session();
		assert!(queued().contains(&5));
		assert_ok!(Operators::allocate(signed(5), Service::Consensus, 1));
		next_session();
		assert!(!queued().contains(&5));
	});
}

#[test]
fn validate_should_fail_when_obligations_have_reserved_the_own_bond() {
	use pallet_operators::{Obligation, Security};
	build_and_execute(|| {
		let shares = vec![(Service::Consensus, 500_000), (Service::Jobs, 500_000)];
		assert_ok!(Operators::register(signed(5), 5, shares.try_into().unwrap()));
		assert_ok!(Operators::bond_more(signed(5), 2_000));
		assert_ok!(Operators::delegate(signed(DELEGATOR), 5, 7_000));
		assert_ok!(Operators::add_worker(signed(5), 39));
		set_keys(5);
		let duty = Obligation { worker: 0, device: 0, nonce: 0 };
		assert_ok!(<Operators as Security<_, _, _>>::reserve(&5, Service::Jobs, duty, 1_001));
		assert_noop!(Validators::validate(signed(5)), Error::<Test>::SelfBondBelowMinimum);
		assert_ok!(<Operators as Security<_, _, _>>::release(&5, Service::Jobs, duty));
		assert_ok!(Validators::validate(signed(5)));
	});
}

#[test]
fn validate_should_displace_the_weakest_when_all_places_are_taken() {
	MaxCandidates::set(10);
	build_and_execute(|| {
		(5..=10).for_each(|who| candidate(who, 5_000 + u128::from(who)));
		// Not stronger than the weakest.
		operator(11, 5_005);
		assert_noop!(Validators::validate(signed(11)), Error::<Test>::TooManyCandidates);
		// One that cannot be elected any more is weaker than any other.
		assert_ok!(Operators::retire(signed(1)));
		assert_ok!(Validators::validate(signed(11)));
		assert_eq!(state(1), None);
		assert!(happened(Event::CandidateDisplaced { candidate: 1, by: 11 }));
		// 5 and 11 are equally weak: the larger account goes first.
		candidate(12, 5_006);
		assert_eq!((state(5), state(11)), (Some(CandidateState::Ready), None));
	});
}

#[test]
fn stop_validating_should_end_the_candidacy_when_the_account_is_a_candidate() {
	build_and_execute(|| {
		assert_ok!(Validators::stop_validating(signed(1)));
		assert_eq!(state(1), None);
		assert!(happened(Event::CandidateLeft { candidate: 1 }));
		assert_noop!(Validators::stop_validating(signed(1)), Error::<Test>::NotACandidate);
	});
}

#[test]
fn validate_should_fail_when_the_validator_equivocated_recently() {
	build_and_execute(|| {
		assert_ok!(report(&[4], 0, 1, 10));
		let reason = PutOutReason::Equivocation;
		for _ in 0..2 {
			assert_eq!(state(4), Some(CandidateState::PutOut { reason, session: 0 }));
			let error = || Error::<Test>::EquivocatedRecently;
			assert_noop!(Validators::validate(signed(4)), error());
			assert_noop!(Validators::stop_validating(signed(4)), error());
			next_session();
		}
		assert_ok!(Validators::validate(signed(4)));
		assert_eq!(state(4), Some(CandidateState::Ready));
	});
}

#[test]
fn validate_should_fail_when_the_equivocator_had_stopped_before_the_report() {
	build_and_execute(|| {
		assert_ok!(Validators::stop_validating(signed(4)));
		assert_ok!(report(&[4], 0, 1, 10));
		for _ in 0..2 {
			assert_eq!(state(4), None);
			assert_noop!(Validators::validate(signed(4)), Error::<Test>::EquivocatedRecently);
			next_session();
		}
		assert_eq!(crate::LastReports::<Test>::count(), 0);
		assert_ok!(Validators::validate(signed(4)));
	});
}

#[test]
fn validate_should_fail_when_the_equivocator_was_displaced_after_the_report() {
	MaxCandidates::set(10);
	build_and_execute(|| {
		(5..=10).for_each(|who| candidate(who, 5_000 + u128::from(who)));
		assert_ok!(report(&[4], 0, 1, 10));
		// It is the weakest now and makes room.
		candidate(11, 15_000);
		assert_eq!(state(4), None);
		assert_ok!(Validators::stop_validating(signed(5)));
		assert_noop!(Validators::validate(signed(4)), Error::<Test>::EquivocatedRecently);
		next_session();
		assert_noop!(Validators::validate(signed(4)), Error::<Test>::EquivocatedRecently);
		next_session();
		assert_ok!(Validators::validate(signed(4)));
	});
}

#[test]
fn reports_should_be_bounded_when_more_are_reported_than_can_validate() {
	MaxValidators::set(4);
	build_and_execute(|| {
		for who in 10..20 {
			assert_ok!(report(&[who], 0, who, 10));
			assert!(crate::LastReports::<Test>::count() <= 4);
		}
		// A candidate's own state keeps it out all the same.
		assert_ok!(report(&[4], 0, 1, 10));
		assert_noop!(Validators::validate(signed(4)), Error::<Test>::EquivocatedRecently);
	});
}

#[test]
fn set_limits_should_be_accepted_when_root_names_possible_ones() {
	build_and_execute(|| {
		let limits = Limits { minimum: 3, maximum: 10 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
		assert!(happened(Event::LimitsSet { limits }));
		assert_noop!(Validators::set_limits(signed(1), limits), DispatchError::BadOrigin);
		for (minimum, maximum) in [(0, 1), (2, 1), (1, 11), (0, 0)] {
			assert_noop!(
				Validators::set_limits(RuntimeOrigin::root(), Limits { minimum, maximum }),
				Error::<Test>::InvalidLimits
			);
		}
	});
}

#[test]
fn remove_keys_should_wait_when_the_account_still_validates() {
	build_and_execute(|| {
		candidate(5, 15_000);
		let reason = pallet_session::HoldReason::Keys.into();
		assert_eq!(Balances::balance_on_hold(&reason, &5), KeyDeposit::get());
		let fails = |who| {
			assert_noop!(Validators::remove_keys(signed(who)), Error::<Test>::StillValidating);
		};
		fails(5);
		assert_ok!(Validators::stop_validating(signed(4)));
		// It serves the sessions 0 and 1 still.
		fails(4);
		next_session();
		fails(4);
		next_session();
		assert_ok!(Validators::remove_keys(signed(4)));
		assert!(happened(Event::KeysRemoved { validator: 4 }));
		assert_noop!(Validators::remove_keys(signed(4)), pallet_session::Error::<Test>::NoKeys);
		// Its deposit comes back.
		assert_ok!(Validators::stop_validating(signed(5)));
		next_session();
		next_session();
		assert_ok!(Validators::remove_keys(signed(5)));
		assert_eq!(Balances::balance_on_hold(&reason, &5), 0);
	});
}

#[test]
fn allocation_should_decide_when_only_a_part_of_the_stake_is_for_consensus() {
	build_and_execute(|| {
		let half = vec![(Service::Consensus, 500_000), (Service::Flops, 500_000)];
		assert_ok!(Operators::register(signed(5), 5, half.try_into().unwrap()));
		assert_ok!(Operators::bond_more(signed(5), 9_000));
		set_keys(5);
		assert_ok!(Validators::validate(signed(5)));
		assert_eq!((stake(5).weight, stake(5).own), (5_000, 10_000));
	});
}
