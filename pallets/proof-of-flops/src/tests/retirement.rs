//! Leaving: stake and buffer stay as long as anything can be proven.

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok, dispatch::Pays};
use pallet_operators::{Obligation, Security, Service};
use sp_core::H256;

fn reserved(i: u64, device: u16) -> Balance {
	let obligation = Obligation { worker: worker(i), device, nonce: 0 };
	Operators::reserved(&operator(i), Service::Flops, obligation)
}

fn release(who: u64, i: u64, device: u16) -> frame_support::dispatch::DispatchResultWithPostInfo {
	ProofOfFlops::release_buffer(RuntimeOrigin::signed(who), worker(i), device)
}

#[test]
fn f18_stake_and_buffer_should_stay_when_the_operator_retires_before_its_claim_is_final() {
	build_and_execute(|| {
		honest_round(0, 0, 2);
		let round = open_window();
		assert_ok!(commit(0, 0, 2, H256::zero()));
		assert_ok!(Operators::retire(RuntimeOrigin::signed(operator(0))));
		assert_noop!(release(operator(0), 0, 0), Error::<Test>::ClaimsPending);
		run_to_sample();
		assert_noop!(release(operator(0), 0, 0), Error::<Test>::ClaimsPending);
		assert_eq!(reserved(0, 0), DEVICE_STAKE);
		run_to(round.reveal_until - 1);
		assert_noop!(release(operator(0), 0, 0), Error::<Test>::ClaimsPending);
		next_block();
		// Leaving settles: it was drawn and never opened, so nothing is left to be released.
		let result = release(operator(0), 0, 0).unwrap();
		assert_eq!(result.pays_fee, Pays::Yes);
		assert!(events().iter().any(|event| matches!(
			event,
			Event::Convicted { misdeed: Misdeed::Silence, stake: DEVICE_STAKE, burnt, .. }
				if *burnt > 0
		)));
		assert_eq!(credits_of(payout(0)), 0);
		assert_eq!(reserved(0, 0), 0);
		assert_eq!(Standings::<Test>::iter().count(), 0);
	});
}

#[test]
fn f18_retired_worker_should_still_reveal_and_be_paid() {
	build_and_execute(|| {
		honest_round(0, 0, 2);
		let round = open_window();
		let (root, openings) = work(0, 0, 2);
		assert_ok!(commit(0, 0, 2, root));
		assert_ok!(Operators::retire(RuntimeOrigin::signed(operator(0))));
		run_to_sample();
		assert_ok!(reveal(0, round.index, 0, openings));
		let buffer = standing(0, 0).buffer;
		assert_ok!(release(operator(0), 0, 0));
		assert_eq!(
			last_event(),
			Event::BufferReleased {
				worker: worker(0),
				device: 0,
				operator: operator(0),
				paid: buffer
			}
		);
		assert_eq!(credits_of(payout(0)), buffer);
		assert_eq!(reserved(0, 0), 0);
	});
}

#[test]
fn f18_device_should_not_be_removed_while_its_stake_is_reserved() {
	build_and_execute(|| {
		honest_round(0, 0, 1);
		let remove = || Operators::remove_device(RuntimeOrigin::signed(operator(0)), worker(0), 0);
		assert_noop!(remove(), pallet_operators::Error::<Test>::DeviceHasObligations);
		assert_ok!(release(operator(0), 0, 0));
		assert_ok!(remove());
	});
}

#[test]
fn buffer_should_be_released_by_its_operator_only_while_the_device_is_registered() {
	build_and_execute(|| {
		honest_round(0, 0, 1);
		assert_noop!(release(ADMIN, 0, 0), Error::<Test>::NotRetired);
		assert_noop!(release(hot_key(0), 0, 0), Error::<Test>::NotRetired);
		assert_noop!(release(operator(1), 0, 0), Error::<Test>::NotRetired);
		assert_noop!(release(operator(0), 0, 1), Error::<Test>::NothingToRelease);
		let result = release(operator(0), 0, 0).unwrap();
		assert_eq!(result.pays_fee, Pays::No);
		assert_noop!(release(operator(0), 0, 0), Error::<Test>::NothingToRelease);
	});
}

#[test]
fn standing_should_be_cleared_by_anybody_when_a_convicted_device_was_removed() {
	build_and_execute(|| {
		let round = open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		run_to(round.reveal_until);
		assert_ok!(settle(0, 0, round.index));
		assert_ok!(Operators::remove_device(RuntimeOrigin::signed(operator(0)), worker(0), 0));
		assert_ok!(release(ADMIN, 0, 0));
		assert!(matches!(last_event(), Event::BufferReleased { paid: 0, .. }));
		assert_eq!(Standings::<Test>::iter().count(), 0);
	});
}

#[test]
fn device_should_begin_as_a_newcomer_when_it_comes_back_after_its_release() {
	build_and_execute(|| {
		honest_round(0, 0, 4);
		let round = open_window();
		let (root, openings) = work(0, 0, 4);
		assert_ok!(commit(0, 0, 4, root));
		run_to_sample();
		assert_ok!(reveal(0, round.index, 0, openings));
		assert_ok!(release(operator(0), 0, 0));
		assert_eq!(status(0, 0).capacity, 0);
		honest_round(0, 0, 1);
		assert!(matches!(
			last_event(),
			Event::Credited { multiplier: assay_flops::Multiplier::NEWCOMER, paid: 0, .. }
		));
	});
}
