//! The edges of every window.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;

#[test]
fn f17_commitment_should_be_taken_in_its_half_open_window_only() {
	let (from, until) = (PARAMETERS.window, PARAMETERS.window + PARAMETERS.grace);
	for (offset, expected) in [
		(0, Err(Error::<Test>::TooEarly)),
		(from - 1, Err(Error::TooEarly)),
		(from, Ok(())),
		(from + 1, Ok(())),
		(until - 1, Ok(())),
		(until, Err(Error::TooLate)),
		(until + 1, Err(Error::TooLate)),
		(PARAMETERS.minimum_gap - 1, Err(Error::TooLate)),
	] {
		build_and_execute(|| {
			let round = open_round();
			run_to(round.opened_at + offset);
			assert_eq!(CurrentRound::<Test>::get(), round.index);
			match expected {
				Ok(()) => {
					assert_ok!(commit(0, 0, 1, H256::zero()));
				}
				Err(error) => {
					assert_noop!(commit(0, 0, 1, H256::zero()), error);
				}
			}
		});
	}
}

#[test]
fn f17_reveal_should_be_taken_in_its_half_open_window_only() {
	let sampled = PARAMETERS.window + PARAMETERS.grace - 1 + PARAMETERS.delay;
	let until = sampled + PARAMETERS.reveal_window;
	for (offset, expected) in [
		(PARAMETERS.window, Err(Error::<Test>::TooEarly)),
		(sampled - 1, Err(Error::TooEarly)),
		(sampled, Ok(())),
		(sampled + 1, Ok(())),
		(until - 1, Ok(())),
		(until, Err(Error::TooLate)),
		(until + 1, Err(Error::TooLate)),
	] {
		build_and_execute(|| {
			let round = open_window();
			let (root, openings) = work(0, 0, 1);
			assert_ok!(commit(0, 0, 1, root));
			assert_eq!(round.sampled_at, round.opened_at + sampled);
			assert_eq!(round.reveal_until, round.opened_at + until);
			run_to(round.opened_at + offset);
			match expected {
				Ok(()) => {
					assert_ok!(reveal(0, round.index, 0, openings));
				}
				Err(error) => {
					assert_noop!(reveal(0, round.index, 0, openings), error);
				}
			}
		});
	}
}

#[test]
fn f17_silence_should_convict_when_the_reveal_window_is_over_and_not_a_block_before() {
	build_and_execute(|| {
		let round = open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		assert_noop!(settle(0, 0, round.index), Error::<Test>::TooEarly);
		run_to(round.sampled_at);
		assert_noop!(settle(0, 0, round.index), Error::<Test>::TooEarly);
		run_to(round.reveal_until - 1);
		assert_noop!(settle(0, 0, round.index), Error::<Test>::TooEarly);
		run_to(round.reveal_until);
		assert_ok!(settle(0, 0, round.index));
		assert!(matches!(last_event(), Event::Convicted { misdeed: Misdeed::Silence, .. }));
		assert_noop!(settle(0, 0, round.index), Error::<Test>::NothingToSettle);
		assert_noop!(settle(1, 0, round.index), Error::<Test>::NothingToSettle);
	});
}

#[test]
fn f17_undrawn_claim_should_be_settled_from_the_sample_on() {
	build_and_execute(|| {
		let round = open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		set_turnout(0, u32::MAX);
		run_to(round.sampled_at - 1);
		assert_noop!(settle(0, 0, round.index), Error::<Test>::TooEarly);
		next_block();
		assert_ok!(settle(0, 0, round.index));
		assert!(matches!(last_event(), Event::Lapsed { reason: Lapse::Uncovered, .. }));
	});
}

#[test]
fn reveal_should_be_refused_when_it_does_not_match_the_sample() {
	build_and_execute(|| {
		let round = open_window();
		assert_noop!(reveal(0, round.index, 0, vec![]), Error::<Test>::NoSuchClaim);
		let (root, openings) = work(0, 0, 5);
		assert_ok!(commit(0, 0, 5, root));
		run_to_sample();
		let reveal = |openings| reveal(0, round.index, 0, openings);
		assert_noop!(reveal(openings[..3].to_vec()), Error::<Test>::WrongNumberOfOpenings);
		let mut one_more = openings.clone();
		one_more.push(openings[0].clone());
		assert_noop!(reveal(one_more), Error::<Test>::WrongNumberOfOpenings);
		for change in [-1i32, 1] {
			let mut malformed = openings.clone();
			let length = (malformed[2].path.len() as i32 + change) as usize;
			malformed[2].path.resize(length, [0; 32]);
			assert_noop!(reveal(malformed), Error::<Test>::MalformedOpening);
		}
		assert_noop!(
			crate::mock::reveal(0, round.index + 1, 0, openings.clone()),
			Error::<Test>::NoSuchClaim
		);
		assert_ok!(reveal(openings));
	});
}

#[test]
fn reveal_should_be_refused_when_the_claim_was_not_drawn() {
	build_and_execute(|| {
		let round = open_window();
		let (root, openings) = work(0, 0, 1);
		assert_ok!(commit(0, 0, 1, root));
		set_turnout(0, u32::MAX);
		run_to_sample();
		assert_noop!(reveal(0, round.index, 0, openings), Error::<Test>::NotDrawn);
	});
}
