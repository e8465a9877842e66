//! Validators that miss their blocks.

use crate::{
	mock::*,
	types::{CandidateState, Limits, PutOutReason},
	Event,
};
use frame_support::assert_ok;

const READY: Option<CandidateState> = Some(CandidateState::Ready);

fn put_out(session: u32) -> Option<CandidateState> {
	Some(CandidateState::PutOut { reason: PutOutReason::MissedBlocks, session })
}

#[test]
fn validator_should_be_put_out_when_it_misses_all_blocks_of_a_session() {
	build_and_execute(|| {
		Silent::set(vec![4]);
		next_session();
		let reason = PutOutReason::MissedBlocks;
		assert!(happened(Event::CandidatePutOut { candidate: 4, reason, session: 0 }));
		assert_eq!((state(1), state(4)), (READY, put_out(0)));
		assert_eq!((serving(), queued()), (vec![1, 2, 3, 4], vec![1, 2, 3]));
		next_session();
		// Being silent again in its last session says nothing new.
		assert_eq!((serving(), state(4)), (vec![1, 2, 3], put_out(0)));
		next_session();
		assert_eq!(queued(), [1, 2, 3]);
		Silent::set(vec![]);
		assert_ok!(Validators::validate(signed(4)));
		next_session();
		assert_eq!(queued(), [1, 2, 3, 4]);
	});
}

#[test]
fn validator_should_stay_when_it_authored_a_single_block() {
	build_and_execute(|| {
		Silent::set(vec![4]);
		skip(35);
		Silent::set(vec![]);
		next_session();
		assert_eq!(state(4), READY);
	});
}

#[test]
fn weakest_should_be_put_out_first_when_more_than_a_third_is_silent() {
	build_and_execute(|| {
		Silent::set(vec![2, 3]);
		next_session();
		assert_eq!([state(2), state(3)], [READY, put_out(0)]);
		next_session();
		assert_eq!([state(2), state(3)], [put_out(1), put_out(0)]);
		assert_eq!(queued(), [1, 4]);
	});
}

#[test]
fn silent_validators_should_stay_when_the_set_would_fall_below_the_minimum() {
	build_and_execute(|| {
		let limits = Limits { minimum: 3, maximum: 4 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
		Silent::set(vec![3, 4]);
		next_session();
		assert_eq!([state(3), state(4)], [READY, put_out(0)]);
		for _ in 0..4 {
			next_session();
			assert_eq!((state(3), serving().len() >= 3), (READY, true));
		}
		assert_eq!(serving(), [1, 2, 3]);
		// As soon as there is somebody else it goes.
		candidate(5, 15_000);
		next_session();
		next_session();
		next_session();
		assert!(state(3).is_some_and(|state| state != CandidateState::Ready));
	});
}

#[test]
fn silent_validators_should_stay_when_no_blocks_were_expected_of_them() {
	build_and_execute(|| {
		// An outage of the whole network: 24 blocks for four validators.
		Authored::set(false);
		skip(14);
		Authored::set(true);
		Silent::set(vec![4]);
		skip(24);
		Authored::set(false);
		next_session();
		assert_eq!(state(4), READY);
		// With 32 blocks it is expected to have authored one.
		Authored::set(true);
		skip(32);
		Authored::set(false);
		next_session();
		assert_eq!(state(4), put_out(1));
	});
}

#[test]
fn silent_validator_should_be_left_alone_when_it_stopped_itself() {
	build_and_execute(|| {
		assert_ok!(Validators::stop_validating(signed(4)));
		Silent::set(vec![4]);
		next_session();
		assert_eq!(state(4), None);
	});
}

#[test]
fn nobody_should_be_put_out_when_a_set_is_too_small_to_do_without() {
	build_and_execute(|| {
		let limits = Limits { minimum: 1, maximum: 3 };
		assert_ok!(Validators::set_limits(RuntimeOrigin::root(), limits));
		next_session();
		next_session();
		assert_eq!(serving(), [1, 2, 3]);
		Silent::set(vec![1, 2]);
		next_session();
		assert_eq!([state(1), state(2)], [READY, READY]);
	});
}
