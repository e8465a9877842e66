//! Equivocations: N1, and that nobody evades or suffers more than their price.

use crate::{
	mock::*,
	offences::CHARGES_PER_BLOCK,
	pallet::{Charges, OffenceQueue, OffenceQueueEnds, Offenders},
	types::{CandidateState, Limits, PutOutReason},
	Event,
};
use frame_support::{assert_noop, assert_ok, traits::KeyOwnerProofSystem};
use pallet_operators::Service;
use sp_runtime::{
	key_types::DUMMY, testing::UintAuthorityId, KeyTypeId, Permill, RuntimeAppPublic,
};
use sp_staking::offence::OffenceError;

/// The stake of an operator that can be slashed, own and delegated.
fn slashable(who: AccountId) -> Balance {
	pallet_operators::Operators::<Test>::get(who).unwrap().stake()
}

fn escrowed(who: AccountId) -> Balance {
	let record = pallet_operators::Operators::<Test>::get(who).unwrap();
	record.escrowed + record.escrowed_delegated
}

fn queue_length() -> u64 {
	let ends = OffenceQueueEnds::<Test>::get();
	ends.tail - ends.head
}

fn put_out(session: u32) -> Option<CandidateState> {
	Some(CandidateState::PutOut { reason: PutOutReason::Equivocation, session })
}

#[test]
fn n01_equivocator_should_be_disabled_at_once_and_slashed_when_it_is_reported() {
	build_and_execute(|| {
		// A change of the set, here and later, enables everybody.
		next_session();
		assert_ok!(report(&[4], 1, 1, 10));
		let fraction = Permill::from_percent(10);
		assert!(happened(Event::EquivocationReported { validator: 4, session: 1, fraction }));
		assert_eq!((disabled(), state(4)), (vec![4], put_out(1)));
		next_block();
		let event =
			Event::ValidatorConvicted { validator: 4, session: 1, charged: 1_000, taken: 1_000 };
		assert!(happened(event));
		assert_eq!((slashable(4), escrowed(4)), (9_000, 1_000));
		// The set of the next session is planned already: it stays disabled there, too.
		next_session();
		assert_eq!((serving(), disabled()), (vec![1, 2, 3, 4], vec![4]));
		assert_eq!(queued(), [1, 2, 3]);
		next_session();
		assert_eq!((serving(), disabled()), (vec![1, 2, 3], vec![]));
	});
}

#[test]
fn concurrent_offences_should_cost_the_largest_when_they_fall_into_one_session() {
	build_and_execute(|| {
		assert_ok!(report(&[3], 0, 1, 10));
		next_block();
		assert_eq!(escrowed(3), 2_000);
		// A second offender at the same time: 20 % of each, and the first is reported again.
		assert_ok!(report(&[4], 0, 1, 10));
		next_block();
		assert_eq!((escrowed(3), escrowed(4)), (4_000, 2_000));
		// A smaller one, at another time, adds nothing; a larger one the difference.
		assert_ok!(report(&[3], 0, 2, 15));
		next_block();
		assert_eq!((queue_length(), escrowed(3)), (0, 4_000));
		assert_ok!(report(&[3], 0, 3, 50));
		next_block();
		assert_eq!(escrowed(3), 10_000);
		// And everything costs no more than the exposure.
		assert_ok!(report(&[3], 0, 4, 100));
		assert_ok!(report(&[3, 4], 0, 5, 100));
		next_block();
		assert_eq!((escrowed(3), slashable(3)), (20_000, 0));
	});
}

#[test]
fn double_slash_should_fail_when_the_same_offence_is_reported_again() {
	build_and_execute(|| {
		assert_ok!(report(&[4], 0, 1, 10));
		next_block();
		assert_eq!(report(&[4], 0, 1, 10), Err(OffenceError::DuplicateReport));
		next_block();
		assert_eq!(escrowed(4), 1_000);
	});
}

#[test]
fn offences_of_two_sessions_should_both_be_charged_when_the_stake_allows() {
	build_and_execute(|| {
		next_session();
		assert_ok!(report(&[4], 0, 1, 60));
		assert_ok!(report(&[4], 1, 2, 60));
		next_block();
		// The second finds only what the first has left.
		assert_eq!((escrowed(4), slashable(4)), (10_000, 0));
		assert_eq!(Charges::<Test>::get(1, 4).unwrap().charged, 6_000);
	});
}

#[test]
fn equivocation_should_cost_the_minimum_when_its_fraction_is_smaller() {
	build_and_execute(|| {
		assert_ok!(report(&[1], 0, 1, 0));
		assert_ok!(report(&[2], 0, 2, 1));
		next_block();
		assert_eq!((escrowed(1), escrowed(2)), (2_000, 1_500));
	});
}

#[test]
fn returned_validator_should_stay_when_it_is_reported_again_for_the_same_session() {
	build_and_execute(|| {
		assert_ok!(report(&[3], 0, 1, 10));
		next_session();
		next_session();
		assert_ok!(Validators::validate(signed(3)));
		next_session();
		next_session();
		assert_eq!(serving(), [1, 2, 3, 4]);
		assert_ok!(report(&[4], 0, 1, 10));
		assert_eq!(state(3), Some(CandidateState::Ready));
		assert_eq!(disabled(), [4]);
		next_block();
		assert_eq!(escrowed(3), 4_000);
	});
}

#[test]
fn queue_should_be_bounded_when_reports_come_faster_than_charges() {
	build_and_execute(|| {
		assert_ok!(report(&[1, 2, 3, 4], 0, 1, 2));
		for time in 2..50 {
			assert_ok!(report(&[1, 2, 3, 4], 0, time, time as u32));
			assert_eq!(queue_length(), 4);
		}
		assert_ok!(report(&[1], 1, 99, 5));
		assert_eq!(queue_length(), 5);
		assert_eq!(OffenceQueue::<Test>::iter().count(), 5);
		next_block();
		assert_eq!(queue_length(), 5 - u64::from(CHARGES_PER_BLOCK));
		next_block();
		assert_eq!(queue_length(), 0);
		assert_eq!(escrowed(4), 10_000);
		next_block();
	});
}

#[test]
fn report_should_take_nothing_when_the_session_is_unknown_or_forgotten() {
	build_and_execute(|| {
		assert_ok!(report(&[4], 99, 1, 50));
		assert_eq!((disabled(), state(4)), (vec![4], put_out(0)));
		for _ in 0..9 {
			next_session();
		}
		assert_eq!(exposure(0, 3), None);
		assert_ok!(report(&[3], 0, 2, 50));
		next_block();
		assert_eq!((escrowed(3), escrowed(4), queue_length()), (0, 0, 0));
		assert_eq!(Charges::<Test>::iter().count(), 0);
	});
}

#[test]
fn charge_should_be_dropped_when_its_session_is_forgotten_before_it() {
	build_and_execute(|| {
		let kept = u64::from(KeptSessions::get());
		skip((kept + 2) * SESSION - 2);
		assert_eq!(Session::current_index(), 7);
		assert_ok!(report(&[4], 0, 1, 50));
		assert_eq!(queue_length(), 1);
		next_block();
		assert_eq!((Session::current_index(), queue_length(), escrowed(4)), (8, 0, 0));
	});
}

#[test]
fn report_should_change_nothing_when_the_account_never_validated() {
	build_and_execute(|| {
		candidate(5, 5_000);
		assert_ok!(report(&[NOBODY], 0, 1, 50));
		assert_eq!((disabled(), queue_length(), Offenders::<Test>::iter().count()), (vec![], 0, 0));
		// A candidate that offended under an exposure that nobody has any more is put out.
		assert_ok!(report(&[5], 0, 2, 50));
		next_block();
		assert_eq!((state(5), escrowed(5)), (put_out(0), 0));
	});
}

#[test]
fn slash_evasion_should_fail_when_the_stake_is_leaving() {
	build_and_execute(|| {
		assert_ok!(Operators::delegate(signed(DELEGATOR), 4, 10_000));
		next_session();
		next_session();
		assert_eq!(exposure(2, 4).unwrap().weight, 20_000);
		// Everything that could be used to get away.
		assert_ok!(Validators::stop_validating(signed(4)));
		assert_ok!(Operators::allocate(signed(4), Service::Consensus, 0));
		assert_ok!(Operators::undelegate(signed(DELEGATOR), 4, 10_000));
		assert_ok!(Operators::retire(signed(4)));
		assert_eq!(stake(4).weight, 0);
		next_session();
		assert_ok!(report(&[4], 2, 1, 75));
		next_block();
		// The own stake goes first.
		assert_eq!((escrowed(4), slashable(4)), (15_000, 5_000));
		let record = pallet_operators::Operators::<Test>::get(4).unwrap();
		assert_eq!((record.own(), record.escrowed_delegated), (0, 5_000));
	});
}

#[test]
fn income_of_the_running_session_should_be_void_when_a_validator_is_reported() {
	build_and_execute(|| {
		skip(12);
		let earned = crate::Tallies::<Test>::get(4).earned;
		assert!(earned > 0);
		assert_ok!(report(&[4], 0, 1, 10));
		assert!(Validators::validator_status(4).void);
		let pot_before = pot();
		skip(SESSION - 13 - 1);
		assert_eq!(crate::Tallies::<Test>::get(4).earned, earned);
		let minted: Balance = pot() - pot_before;
		next_session();
		assert!(happened(Event::IncomeVoided { validator: 4, session: 0, amount: earned }));
		assert!(minted > 0);
		let rewards = |who| pallet_operators::Operators::<Test>::get(who).unwrap().rewards;
		assert_eq!(rewards(4), 0);
		assert!(rewards(1) > 0);
	});
}

#[test]
fn worst_offender_should_be_disabled_when_not_all_can_be() {
	build_and_execute(|| {
		// One of four can be disabled without harm to finality.
		assert_ok!(report(&[3], 0, 1, 10));
		assert_ok!(report(&[4], 0, 2, 50));
		assert_eq!(disabled(), [4]);
		// The other goes on authoring, for nothing.
		let before = crate::Tallies::<Test>::get(3);
		skip(8);
		let after = crate::Tallies::<Test>::get(3);
		assert!(after.blocks > before.blocks && after.earned == before.earned);
		next_session();
		assert_eq!((disabled(), queued()), (vec![4], vec![1, 2]));
	});
}

#[test]
fn n01_larger_fraction_should_disable_and_void_when_a_session_has_several_offences() {
	build_and_execute(|| {
		assert_ok!(report(&[3], 0, 1, 10));
		assert_ok!(report(&[4], 0, 2, 30));
		// One of four is disabled: the worst.
		assert_eq!(disabled(), [4]);
		assert_ok!(report(&[3], 0, 3, 90));
		assert_eq!(disabled(), [3]);
		assert_eq!(Offenders::<Test>::get(3), Some(Permill::from_percent(90)));
		// And it is the worst in the next session, too.
		next_session();
		assert_eq!(disabled(), [3]);
	});
}

#[test]
fn offender_should_stay_disabled_when_the_set_cannot_do_without_it() {
	build_and_execute(|| {
		let limits = Limits { minimum: 4, maximum: 4 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
		assert_ok!(report(&[4], 0, 1, 10));
		for _ in 0..4 {
			next_session();
			assert_eq!((serving(), disabled()), (vec![1, 2, 3, 4], vec![4]));
		}
		assert_ok!(Validators::validate(signed(4)));
		next_session();
		assert_eq!((serving(), disabled()), (vec![1, 2, 3, 4], vec![]));
	});
}

#[test]
fn offender_should_be_disabled_in_the_next_session_when_it_stopped_before_the_report() {
	build_and_execute(|| {
		next_session();
		assert_ok!(Validators::stop_validating(signed(4)));
		assert_ok!(report(&[4], 1, 1, 10));
		assert_eq!((disabled(), state(4)), (vec![4], None));
		next_session();
		assert_eq!(disabled(), [4]);
		assert_noop!(Validators::remove_keys(signed(4)), crate::Error::<Test>::StillValidating);
	});
}

#[test]
fn membership_should_stay_provable_when_the_stake_is_gone_and_the_session_is_over() {
	build_and_execute(|| {
		let key: (KeyTypeId, Vec<u8>) = (DUMMY, UintAuthorityId(4).to_raw_vec());
		let proof = Validators::prove(key.clone()).unwrap();
		assert_eq!(proof.session, 0);
		assert_ok!(report(&[4], 0, 1, 100));
		next_session();
		next_session();
		assert_eq!((slashable(4), serving()), (0, vec![1, 2, 3]));
		assert_eq!(Validators::check_proof(key.clone(), proof.clone()), Some(4));
		// Until the session is forgotten.
		for _ in 0..KeptSessions::get() {
			next_session();
		}
		assert_eq!(Validators::check_proof(key, proof), None);
	});
}

#[test]
fn slash_evasion_should_fail_when_the_offender_replaces_its_keys() {
	build_and_execute(|| {
		let key = || (DUMMY, UintAuthorityId(4).to_raw_vec());
		let proof = Validators::prove(key()).unwrap();
		assert_ok!(Session::set_keys(signed(4), keys(77), proof_of(4, 77)));
		assert_eq!(Validators::prove(key()), Some(proof.clone()));
		// Nor does an accomplice answer for it that takes the old key.
		assert_ok!(Session::set_keys(signed(1), keys(4), proof_of(1, 4)));
		assert_eq!(Validators::check_proof(key(), proof.clone()), Some(4));
		// The next session was planned with the old keys.
		next_session();
		let next = Validators::prove(key()).unwrap();
		assert_eq!((next.session, Validators::check_proof(key(), next)), (1, Some(4)));
		next_session();
		let last = Validators::prove(key()).unwrap();
		assert_eq!((last.session, Validators::check_proof(key(), last)), (2, Some(1)));
		assert_eq!(Validators::check_proof(key(), proof), Some(4));
	});
}

#[test]
fn proof_of_membership_should_be_refused_when_it_says_more_than_it_has_to() {
	build_and_execute(|| {
		let key = || (DUMMY, UintAuthorityId(4).to_raw_vec());
		let proof = Validators::prove(key()).unwrap();
		let with = |change: fn(&mut sp_session::MembershipProof)| {
			let mut changed = proof.clone();
			change(&mut changed);
			Validators::check_proof(key(), changed)
		};
		assert_eq!(with(|_| ()), Some(4));
		// Its weight depends on the count.
		assert_eq!(with(|proof| proof.validator_count -= 1), None);
		assert_eq!(with(|proof| proof.trie_nodes.push(vec![0])), None);
		assert_eq!(with(|proof| proof.session += 1), None);
		assert_eq!(Validators::prove((DUMMY, UintAuthorityId(5).to_raw_vec())), None);
		assert_eq!(Validators::prove((KeyTypeId(*b"none"), UintAuthorityId(4).to_raw_vec())), None);
	});
}
