//! What is granted, what stays in the buffer, and what is paid.

use crate::{mock::*, *};
use assay_flops::{coverage, reward, Opening, Ratio};
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;

/// Credits of a newcomer's claim of so many tiles, which what tests claim is worth or a little more.
fn r(tiles: u32) -> u128 {
	reward::credits(tiles, Default::default())
}

/// What the latest event tells: granted, level, from the buffer, paid.
fn credited() -> (u128, u128, u128, u128) {
	match last_event() {
		Event::Credited { granted, required, from_buffer, paid, .. } => {
			(granted, required, from_buffer, paid)
		}
		event => panic!("not credited: {event:?}"),
	}
}

/// Commits an honest claim in the next round. Returns its openings.
fn honest_commitment(tiles: u32) -> (RoundIndex, Vec<Opening>) {
	let round = open_window();
	let (root, openings) = work(0, 0, tiles);
	assert_ok!(commit(0, 0, tiles, root));
	(round.index, openings)
}

/// The level that an open claim of the device asks for.
fn level_of(index: RoundIndex) -> u128 {
	let claim = standing(0, 0).pending.into_iter().find(|claim| claim.round == index).unwrap();
	let Turnout { covered, uncovered } = Rounds::<Test>::get(index).unwrap().turnout;
	let aim = coverage::aim(PARAMETERS.audit_budget, covered, uncovered);
	coverage::buffer_level(aim, &PARAMETERS, reward::credits(claim.size, claim.multiplier))
}

#[test]
fn claim_should_be_granted_in_part_when_the_buffer_covers_a_part_of_it() {
	build_and_execute(|| {
		honest_round(0, 0, 2);
		// One of two is drawn: P + r ≥ 6·r, and the buffer holds r.
		let round = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		assert!(!status(0, 0).covered);
		assert_eq!(status(0, 0).expected_undrawn, r(2) / 2, "if few come, all are drawn");
		set_turnout(0, 128);
		find_fork_in_which_it_is(Drawn(false));
		let view = status(0, 0).pending.remove(0);
		assert_eq!(view.state, ClaimState::NotDrawn);
		assert_ok!(settle(0, 0, round.index));
		let (granted, required, from_buffer, paid) = credited();
		let half = Ratio { num: 1, den: 2 };
		assert_eq!(granted, coverage::payable(half, &PARAMETERS, r(2), view.credits));
		assert_eq!(granted, view.granted);
		assert_eq!(granted, r(2) / 5);
		assert_eq!(required, coverage::buffer_level(half, &PARAMETERS, view.credits));
		assert_eq!((from_buffer, paid), (0, 0));
		assert_eq!(standing(0, 0).outcome, Some((round.index, Outcome::Buffered)));
		assert_eq!(status(0, 0).expected_undrawn, (r(2) + granted) / 5);
	});
}

/// Whether a claim is drawn.
struct Drawn(bool);

/// Runs to the sample of the current round, on a fork in which the device's latest claim is drawn or
/// not, as told.
fn find_fork_in_which_it_is(Drawn(wanted): Drawn) {
	let round = round();
	run_to(round.commit_until);
	for fork in 0..64 {
		Fork::set(fork);
		let sample = foreseen_sample();
		let claim = standing(0, 0).pending.last().unwrap().clone();
		let turnout = Rounds::<Test>::get(round.index).unwrap().turnout;
		let ratio = rules::ratio(&PARAMETERS, &turnout, claim.covered);
		if assay_flops::sampling::drawn(&sample.0, worker(0), 0, ratio) == wanted {
			run_to_sample();
			return;
		}
	}
	panic!("no such fork");
}

#[test]
fn buffer_should_shrink_when_no_claim_relies_on_it_any_more() {
	build_and_execute(|| {
		for _ in 0..4 {
			honest_round(0, 0, 8);
		}
		let (before, paid) = (standing(0, 0).buffer, credits_of(payout(0)));
		assert!(before > 2 * r(8));
		honest_round(0, 0, 2);
		let (granted, required, from_buffer, out) = credited();
		let after = standing(0, 0).buffer;
		assert_eq!(after, required);
		assert_eq!(required, 2 * (granted + granted.div_ceil(8)));
		assert_eq!((from_buffer, out), (before - after, granted + before - after));
		assert_eq!(credits_of(payout(0)), paid + out);
		assert_eq!(standing(0, 0).outcome.unwrap().1, Outcome::Paid);
		assert_eq!(ProofOfFlops::buffer(worker(0), 0), (after, status(0, 0).required));
	});
}

#[test]
fn f04_buffer_should_keep_the_level_of_a_larger_claim_that_is_open() {
	build_and_execute(|| {
		for _ in 0..4 {
			honest_round(0, 0, 8);
		}
		give_buffer(0, 0, 10 * r(8));
		let (small, openings) = honest_commitment(1);
		// It has been drawn, is invented, and will be convicted: what it relies on has to stay.
		let invented = open_window().index;
		assert_ok!(commit(0, 0, 8, H256::zero()));
		run_to_sample();
		let level = level_of(invented);
		assert_ok!(reveal(0, small, 0, openings));
		let (_, required, from_buffer, _) = credited();
		assert_eq!((required, standing(0, 0).buffer), (level, level));
		assert!(level > 2 * r(8) && from_buffer > 0, "what no claim relies on is paid");
		let until = ProofOfFlops::round_at(invented).unwrap().reveal_until;
		run_to(until);
		assert_ok!(settle(0, 0, invented));
		assert!(matches!(last_event(), Event::Convicted { burnt, .. } if burnt == level));
	});
}

#[test]
fn f04_buffer_should_keep_everything_while_the_round_of_an_open_claim_is_not_sampled() {
	build_and_execute(|| {
		for _ in 0..4 {
			honest_round(0, 0, 8);
		}
		give_buffer(0, 0, 10 * r(8));
		let (small, openings) = honest_commitment(1);
		let (next, next_openings) = honest_commitment(2);
		let before = standing(0, 0).buffer;
		assert_eq!(round().sample, None);
		assert_ok!(reveal(0, small, 0, openings));
		let (granted, required, from_buffer, paid) = credited();
		assert_eq!((required, from_buffer), (before, 0));
		assert_eq!(paid, granted, "what is granted is paid: the buffer is full");
		assert_eq!(standing(0, 0).buffer, before);
		// Then its level is known, and the buffer shrinks.
		run_to_sample();
		let level = level_of(next);
		assert_ok!(reveal(0, next, 0, next_openings));
		assert_eq!(standing(0, 0).buffer, level);
	});
}

#[test]
fn buffer_should_fill_to_a_larger_open_claims_level_while_another_round_is_not_sampled() {
	build_and_execute(|| {
		let (first, first_openings) = honest_commitment(4);
		let (second, second_openings) = honest_commitment(1);
		assert_ok!(reveal(0, first, 0, first_openings));
		// It holds less than any level: nothing is paid, whatever is known of the second claim.
		let (granted, required, ..) = credited();
		assert_eq!(required, 2 * (granted + granted.div_ceil(8)));
		assert_eq!(standing(0, 0).buffer, granted);
		run_to_sample();
		assert_ok!(reveal(0, second, 0, second_openings));
		assert!(credits_of(payout(0)) > 0);
	});
}

#[test]
fn buffer_should_pay_what_is_above_the_level_when_the_payout_account_receives_again() {
	build_and_execute(|| {
		for _ in 0..3 {
			honest_round(0, 0, 2);
		}
		assert_ok!(Assets::block(RuntimeOrigin::signed(ADMIN), FLOPS, payout(0)));
		honest_round(0, 0, 2);
		assert!(standing(0, 0).buffer > status(0, 0).required);
		assert_ok!(Assets::thaw(RuntimeOrigin::signed(ADMIN), FLOPS, payout(0)));
		honest_round(0, 0, 2);
		let (granted, required, from_buffer, paid) = credited();
		assert!(from_buffer > 0 && paid == granted + from_buffer);
		assert_eq!(standing(0, 0).buffer, required);
	});
}

#[test]
fn credits_should_stay_in_the_buffer_when_the_payout_account_cannot_receive() {
	build_and_execute(|| {
		for _ in 0..3 {
			honest_round(0, 0, 2);
		}
		let paid = credits_of(payout(0));
		assert!(paid > 0);
		assert_ok!(Assets::block(RuntimeOrigin::signed(ADMIN), FLOPS, payout(0)));
		let before = standing(0, 0).buffer;
		honest_round(0, 0, 2);
		let after = standing(0, 0).buffer;
		let Event::Credited { granted, to_buffer, paid: 0, .. } = last_event() else {
			panic!("paid or not credited: {:?}", last_event())
		};
		assert_eq!((granted, after - before), (to_buffer, to_buffer));
		assert_eq!(standing(0, 0).outcome.unwrap().1, Outcome::Buffered);

		// Nothing of it is lost: it is released with the buffer.
		let release =
			|| ProofOfFlops::release_buffer(RuntimeOrigin::signed(operator(0)), worker(0), 0);
		assert_noop!(release(), Error::<Test>::CannotPay);
		assert_ok!(Assets::thaw(RuntimeOrigin::signed(ADMIN), FLOPS, payout(0)));
		assert_ok!(release());
		assert_eq!(credits_of(payout(0)), paid + after);
	});
}
