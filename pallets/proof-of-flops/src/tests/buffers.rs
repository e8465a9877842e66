//! What is granted, what stays in the buffer, and what is paid.

use crate::{mock::*, *};
use assay_flops::{coverage, reward, Ratio};
use frame_support::{assert_noop, assert_ok};
use sp_core::H256;

/// Credits of a newcomer's claim of so many tiles, which what tests claim is worth or a little more.
fn r(tiles: u32) -> u128 {
	reward::credits(tiles, Default::default())
}

/// What the latest event tells: granted, level, paid.
fn credited() -> (u128, u128, u128) {
	match last_event() {
		Event::Credited { granted, required, paid, .. } => (granted, required, paid),
		event => panic!("not credited: {event:?}"),
	}
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
		let (granted, required, paid) = credited();
		let half = Ratio { num: 1, den: 2 };
		assert_eq!(granted, coverage::payable(half, &PARAMETERS, r(2), view.credits));
		assert_eq!(granted, view.granted);
		assert_eq!(granted, r(2) / 5);
		assert_eq!(required, coverage::buffer_level(half, &PARAMETERS, view.credits));
		assert_eq!(paid, 0);
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
fn buffer_should_stay_when_a_smaller_claim_is_paid() {
	build_and_execute(|| {
		for _ in 0..4 {
			honest_round(0, 0, 8);
		}
		let (before, earned) = (standing(0, 0).buffer, credits_of(payout(0)));
		honest_round(0, 0, 2);
		let (granted, required, paid) = credited();
		assert_eq!(required, 2 * (granted + granted.div_ceil(8)));
		assert!(required < before, "a smaller claim asks for less");
		assert_eq!((standing(0, 0).buffer, paid), (before, granted));
		assert_eq!(credits_of(payout(0)), earned + paid);
		assert_eq!(standing(0, 0).outcome.unwrap().1, Outcome::Paid);
		assert_eq!(ProofOfFlops::buffer(worker(0), 0), (before, status(0, 0).required));
	});
}

#[test]
fn f04_buffer_should_burn_whole_when_a_drawn_liar_settles_a_smaller_claim_first() {
	build_and_execute(|| {
		for _ in 0..4 {
			honest_round(0, 0, 8);
		}
		let round = open_window();
		let (root, openings) = work(0, 0, 1);
		assert_ok!(commit(0, 0, 1, root));
		// It has been drawn and is invented: what it relies on has to stay.
		let invented = open_window().index;
		assert_ok!(commit(0, 0, 8, H256::zero()));
		run_to_sample();
		let before = standing(0, 0).buffer;
		assert_ok!(reveal(0, round.index, 0, openings));
		let (granted, required, paid) = credited();
		assert!(required < before);
		assert_eq!((standing(0, 0).buffer, paid), (before, granted));
		run_to(ProofOfFlops::round_at(invented).unwrap().reveal_until);
		assert_ok!(settle(0, 0, invented));
		assert!(matches!(last_event(), Event::Convicted { burnt, .. } if burnt == before));
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
		assert!(after > status(0, 0).required, "it is above the level");

		// Nothing of it is lost: it is released with the buffer.
		let release =
			|| ProofOfFlops::release_buffer(RuntimeOrigin::signed(operator(0)), worker(0), 0);
		assert_noop!(release(), Error::<Test>::CannotPay);
		assert_ok!(Assets::thaw(RuntimeOrigin::signed(ADMIN), FLOPS, payout(0)));
		assert_ok!(release());
		assert_eq!(credits_of(payout(0)), paid + after);
	});
}
