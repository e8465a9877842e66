//! A device's way from its first commitment to its credits.

use crate::{mock::*, *};
use assay_flops::{reward, Multiplier, Opening};
use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo, Pays},
	traits::Get,
};
use pallet_operators::{Obligation, Security, Service};
use sp_core::H256;

fn reserved(i: u64, device: u16) -> Balance {
	let obligation = Obligation { worker: worker(i), device, nonce: 0 };
	Operators::reserved(&operator(i), Service::Flops, obligation)
}

#[test]
fn device_should_fill_its_buffer_and_then_be_paid_when_it_opens_what_it_committed() {
	build_and_execute(|| {
		let r = reward::credits(3, Multiplier::NEWCOMER);
		let mut paid = 0;
		for n in 1..=5u128 {
			let index = honest_round(0, 0, 3);
			let Event::Credited {
				round,
				worker: of,
				operator: by,
				claim,
				multiplier,
				opened,
				credits,
				granted,
				required,
				..
			} = last_event()
			else {
				panic!("not credited: {:?}", last_event())
			};
			assert_eq!((round, of, by, claim, opened), (index, worker(0), operator(0), 3, true));
			assert_eq!(credits, reward::credits(3, multiplier));
			// All are drawn: q = 1, so that 2 claims of 9/8 of the size are withheld.
			assert_eq!(required, 2 * (credits + credits.div_ceil(8)));
			assert_eq!(granted, credits);
			let buffer = standing(0, 0).buffer;
			paid = credits_of(payout(0));
			assert!(paid + buffer >= n * r);
			let outcome = if n < 3 { Outcome::Buffered } else { Outcome::Paid };
			assert_eq!(standing(0, 0).outcome, Some((index, outcome)));
			assert!(standing(0, 0).pending.is_empty());
		}
		assert!(paid > 2 * r && paid < 3 * r);
	});
}

#[test]
fn first_commitment_should_reserve_stake_when_the_bond_is_large_enough() {
	build_and_execute(|| {
		open_window();
		assert_eq!(reserved(0, 0), 0);
		assert_ok!(commit(0, 0, 1, H256::zero()));
		assert_eq!(reserved(0, 0), DEVICE_STAKE);
		open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		assert_eq!(reserved(0, 0), DEVICE_STAKE, "one reservation lasts");
	});
}

#[test]
fn first_commitment_should_fail_when_the_free_bond_is_too_small() {
	build_and_execute(|| {
		open_window();
		let other = Obligation { worker: worker(0), device: 2, nonce: 7 };
		let free = Operators::free_stake(&operator(0), Service::Flops);
		assert_ok!(Operators::reserve(
			&operator(0),
			Service::Flops,
			other,
			free - DEVICE_STAKE + 1
		));
		assert_noop!(
			commit(0, 0, 1, H256::zero()),
			pallet_operators::Error::<Test>::InsufficientStake
		);
		assert_eq!(status(0, 0).next, NextStep::BondMore);
	});
}

#[test]
fn calls_should_return_their_fee_when_they_succeed() {
	build_and_execute(|| {
		let round = open_window();
		let (root, openings) = work(0, 0, 2);
		assert_eq!(commit(0, 0, 2, root).unwrap().pays_fee, Pays::No);
		let refused = commit(0, 0, 2, root).unwrap_err();
		assert_eq!(refused.post_info.pays_fee, Pays::Yes);
		run_to_sample();
		assert_eq!(reveal(0, round.index, 0, openings).unwrap().pays_fee, Pays::No);
	});
}

#[test]
fn commit_and_reveal_should_be_operational_and_weigh_by_openings() {
	let commit = Call::<Test>::commit { device: 0, tiles: 1, root: H256::zero() };
	assert_eq!(commit.get_dispatch_info().class, DispatchClass::Operational);
	let reveal = |n: usize| {
		let opening = Opening { entries: [0; 64], path: vec![] };
		let openings = vec![opening; n].try_into().unwrap();
		Call::<Test>::reveal { round: 1, device: 0, openings }.get_dispatch_info()
	};
	assert_eq!(reveal(0).class, DispatchClass::Operational);
	assert!(reveal(16).call_weight.all_gte(reveal(1).call_weight));
	assert!(reveal(16).call_weight.ref_time() > reveal(4).call_weight.ref_time());
	let settle = Call::<Test>::settle { worker: 0, device: 0, round: 1 };
	assert_eq!(settle.get_dispatch_info().class, DispatchClass::Normal);
}

#[test]
fn claim_should_be_a_rate_when_the_commitment_is_late() {
	build_and_execute(|| {
		open_window();
		// Two slots of seven had no block: what counts is time, not blocks.
		EmptySlots::set(2);
		assert_ok!(commit(0, 0, 70, H256::zero()));
		assert_eq!(standing(0, 0).pending[0].size, 70 * 5 / 7);
		next_block();
		assert_ok!(commit(1, 0, 80, H256::zero()));
		assert_eq!(standing(1, 0).pending[0].size, 80 * 5 / 8);
	});
}

#[test]
fn multiplier_should_grow_when_no_round_is_missed_and_halve_when_one_is() {
	build_and_execute(|| {
		honest_round(0, 0, 1);
		// A long time without a round: presence is unbroken all the same.
		EmptySlots::set(200 * 43_200_000 / SLOT_MS);
		honest_round(0, 0, 1);
		let multiplier = |event| match event {
			Event::<Test>::Credited { multiplier, .. } => multiplier,
			_ => panic!("not credited"),
		};
		let grown = multiplier(last_event());
		assert!(grown.0 > 2_060_000, "{grown:?}");
		assert_eq!(grown, assay_flops::multiplier::multiplier(standing(0, 0).unbroken_ms));

		open_round();
		honest_round(0, 0, 1);
		let halved = multiplier(last_event());
		assert!(halved.0.abs_diff(grown.0 / 2) < 10, "{halved:?} of {grown:?}");
		assert!(events()
			.iter()
			.any(|event| matches!(event, Event::RoundsMissed { missed: 1, device: 0, .. })));

		for _ in 0..3 {
			open_round();
		}
		honest_round(0, 0, 1);
		assert_eq!(multiplier(last_event()), Multiplier::NEWCOMER);
	});
}

#[test]
fn capacity_should_fall_when_rounds_are_missed_and_end_when_all_recent_ones_are() {
	build_and_execute(|| {
		let full = assay_flops::capacity::flop_per_second(4, PARAMETERS.window, SLOT_MS);
		honest_round(0, 0, 4);
		assert_eq!(<ProofOfFlops as Capacity>::capacity(worker(0), 0), full);
		let round = open_round();
		assert_eq!(status(0, 0).capacity_tiles, 4, "its window is open");
		run_to(round.commit_until);
		assert_eq!(status(0, 0).capacity_tiles, 2, "one of two is missed");
		for _ in 0..6 {
			open_round();
		}
		run_to(round_end());
		assert_eq!(status(0, 0).capacity_tiles, 4 / 8);
		open_round();
		run_to(round_end());
		assert_eq!(<ProofOfFlops as Capacity>::capacity(worker(0), 0), 0);
		assert_eq!(<ProofOfFlops as Capacity>::capacity(worker(1), 0), 0);
	});
}

#[test]
fn f11_capacity_since_should_count_every_round_when_capacity_has_forgotten_them() {
	build_and_execute(|| {
		let tiles =
			|tiles| assay_flops::capacity::flop_per_second(tiles, PARAMETERS.window, SLOT_MS);
		let proven = || <ProofOfFlops as Capacity>::proven(worker(0), 0);
		let since = |then| <ProofOfFlops as Capacity>::capacity_since(worker(0), 0, then);
		honest_round(0, 0, 4);
		let then = proven();
		assert_eq!((then, since(then)), (Proven { tiles: 4, rounds: 1 }, tiles(4)));
		for _ in 0..8 {
			open_round();
		}
		run_to(round_end());
		assert_eq!(since(then), 0, "it was silent");
		for _ in 0..8 {
			honest_round(0, 0, 4);
		}
		assert_eq!(<ProofOfFlops as Capacity>::capacity(worker(0), 0), tiles(4));
		assert_eq!((proven(), since(then)), (Proven { tiles: 36, rounds: 17 }, tiles(2)));
		// Of fewer rounds than capacity looks back on.
		let later = proven();
		open_round();
		run_to(round_end());
		assert_eq!(since(later), <ProofOfFlops as Capacity>::capacity(worker(0), 0));
	});
}

fn round_end() -> u32 {
	round().commit_until
}

#[test]
fn commitment_should_be_refused_when_the_caller_or_the_device_is_unknown() {
	build_and_execute(|| {
		open_window();
		assert_noop!(
			ProofOfFlops::commit(RuntimeOrigin::signed(ADMIN), 0, 1, H256::zero()),
			Error::<Test>::NotAWorker
		);
		assert_noop!(
			ProofOfFlops::reveal(RuntimeOrigin::signed(ADMIN), 1, 0, Default::default()),
			Error::<Test>::NotAWorker
		);
		assert_noop!(commit(0, DEVICES, 1, H256::zero()), Error::<Test>::NoSuchDevice);
		assert_ok!(Operators::retire(RuntimeOrigin::signed(operator(0))));
		assert_noop!(commit(0, 0, 1, H256::zero()), Error::<Test>::NotActive);
		assert_noop!(commit(1, 0, 0, H256::zero()), Error::<Test>::NoTiles);
		let too_many = assay_flops::MAX_TILES + 1;
		assert_noop!(commit(1, 0, too_many, H256::zero()), Error::<Test>::TooManyTiles);
		assert_ok!(commit(1, 0, too_many - 1, H256::zero()));
	});
}

#[test]
fn commitment_should_be_refused_when_no_round_has_opened() {
	build_and_execute(|| {
		assert_noop!(commit(0, 0, 1, H256::zero()), Error::<Test>::NoRound);
		assert_eq!(ProofOfFlops::round(), None);
	});
}

#[test]
fn commitment_should_be_refused_when_too_many_claims_wait() {
	build_and_execute(|| {
		open_window();
		assert_ok!(commit(0, 0, 1, H256::zero()));
		open_window();
		// Under valid parameters no device can have so many: they are made up here.
		let before = standing(0, 0);
		let fake = |standing: &mut Standing<u64>| {
			while standing.pending.try_push(standing.pending[0].clone()).is_ok() {}
		};
		Standings::<Test>::mutate(worker(0), 0, |standing| fake(standing.as_mut().unwrap()));
		set_pending_void(1);
		assert_noop!(commit(0, 0, 1, H256::zero()), Error::<Test>::TooManyPending);
		Standings::<Test>::insert(worker(0), 0, before);
		restore_round(1);
	});
}

/// Makes the claims of a round wait: its reveal window is open for long.
fn set_pending_void(index: RoundIndex) {
	Rounds::<Test>::mutate(index, |round| round.as_mut().unwrap().opened_at += 20);
}

fn restore_round(index: RoundIndex) {
	Rounds::<Test>::mutate(index, |round| round.as_mut().unwrap().opened_at -= 20);
}

#[test]
fn constants_should_be_sound() {
	assert!(<<Test as Config>::DeviceStake as Get<Balance>>::get() > 0);
	<ProofOfFlops as frame_support::traits::Hooks<u64>>::integrity_test();
}
